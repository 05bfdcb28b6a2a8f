"""The child's end: says what kind of file it is, or why it is none that can be taken. It trusts nothing in the file."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from casework.evidence import pictures, sounds

MARKUP = re.compile(rb"<(!doctype|html|script|svg|iframe|body|head|\?xml)", re.IGNORECASE)
ZIP_END, ZIP_END_SIZE, LONGEST_COMMENT = b"PK\x05\x06", 22, 65_535
SNIFFED = 1024  # readers look for a PDF's first line, and browsers for markup, in that many bytes
PDF = b"%PDF-"
PROGRAMS = ("/JavaScript", "/Launch", "/ImportData", "/SubmitForm")


class Refused(Exception):
    """Why the file is not taken: a code, and what it is about."""


def prepare() -> None:
    """What reads a PDF takes a second to load."""
    import pyhanko.pdf_utils.reader  # noqa: F401


def work(head: dict[str, Any], _blob: bytes, _limits: Any) -> tuple[dict[str, Any], bytes]:
    """{"kind"} of the file at `path`, or {"refused"}; a picture has at most `megapixels`."""
    data = Path(head["path"]).read_bytes()
    try:
        kind, looked_at = _kind(data)
        if kind not in head["kinds"]:
            _refuse("unknown_kind")
        looked_at(data, int(head["megapixels"]))
        _refuse_two_in_one(kind, data)
    except (Refused, pictures.Broken, sounds.Broken) as problem:
        return {"refused": str(problem)}, b""
    return {"kind": kind}, b""


def _kind(data: bytes) -> tuple[str, Callable[[bytes, int], None]]:
    if data.startswith(PDF):
        return "pdf", _check_pdf
    if data.startswith(pictures.PNG):
        return "png", pictures.check_png
    if data.startswith(pictures.JPEG):
        return "jpeg", pictures.check_jpeg
    if sounds.begins_as_wav(data):
        return "wav", lambda data, _most: sounds.check_wav(data)
    if sounds.begins_as_mp3(data):
        return "mp3", lambda data, _most: sounds.check_mp3(data)
    return "txt", _check_text


def _check_text(data: bytes, _most: int) -> None:
    """UTF-8 that a person reads: no markup, no control characters but line ends and tabs."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        _refuse("unknown_kind")
    if any(ord(char) < 32 and char not in "\t\n\r\f" for char in text) or MARKUP.search(data[:SNIFFED]):
        _refuse("unknown_kind")
    if not text.strip():
        _refuse("empty")


def _check_pdf(data: bytes, _most: int) -> None:
    """One that opens without a password, has pages, and starts no program when it is opened."""
    from io import BytesIO

    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.pdf_utils.reader import PdfFileReader

    try:
        reader = PdfFileReader(BytesIO(data), strict=False)
        if reader.encrypted:
            _refuse("locked")
        root = reader.root
        if int(root["/Pages"]["/Count"]) < 1:
            _refuse("broken")
        opens, names = root.get("/OpenAction"), root.get("/Names")
    except (PdfError, KeyError, TypeError, ValueError, AttributeError, IndexError):
        _refuse("broken")
    acts = isinstance(opens, dict) and str(opens.get("/S")) in PROGRAMS
    if acts or "/AA" in root or (isinstance(names, dict) and "/JavaScript" in names):
        _refuse("program")


def _refuse_two_in_one(kind: str, data: bytes) -> None:
    """A file that another reader would take for something else: an archive at its end, a PDF or a page at its start."""
    start = data[:SNIFFED]
    if kind != "txt" and MARKUP.search(start):
        _refuse("two_in_one")
    if kind != "pdf" and PDF in start:
        _refuse("two_in_one")
    tail = max(0, len(data) - ZIP_END_SIZE - LONGEST_COMMENT)
    place = data.find(ZIP_END, tail)
    while place >= 0:
        comment = int.from_bytes(data[place + 20 : place + 22], "little")
        if place + ZIP_END_SIZE + comment == len(data):
            _refuse("two_in_one")
        place = data.find(ZIP_END, place + 1)


def _refuse(code: str) -> NoReturn:
    raise Refused(code)
