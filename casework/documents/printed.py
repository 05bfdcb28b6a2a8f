"""What stands on the pages, read back and compared with the snapshot.

A document whose pages lack a text of its own snapshot is never handed out, and the same comparison tells a
verifier whether the printed decision and the attached one are the same.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any
from unicodedata import category

import pikepdf
from fontTools.ttLib import TTFont

from casework.documents.snapshot import Snapshot
from casework.documents.workshop import FONTS

# Organisations keep office hours in this zone; China has had no summer time since 1991.
SHOWN_ZONE = timezone(timedelta(hours=8))
# Marks for programs, printed as labels, ticks or places and not letter by letter.
NOT_PRINTED = {"kind", "field", "state", "channel"}
# What tells text on a page: marked content, fonts and strings. The rest, lines and colours, is two thirds of a page.
_TELLING = "BDC BMC EMC Tf Tj TJ"
_UNREADABLE = "\ufffd"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)")


def shown_time(iso: str) -> str:
    """`2026-11-23T10:00:00Z` as `2026-11-23 18:00 +08:00`; what is no time comes back unchanged."""
    if not isinstance(iso, str) or not _TIME.fullmatch(iso):
        return iso
    try:
        return datetime.fromisoformat(iso).astimezone(SHOWN_ZONE).strftime("%Y-%m-%d %H:%M +08:00")
    except (ValueError, OverflowError):
        return iso


@cache
def glyphs() -> dict[int, str]:
    """Code point → glyph name, for what both faces can print."""
    regular, bold = (_known_to(FONTS / f"NotoSansSC-{face}.ttf") for face in ("Regular", "Bold"))
    return {code: name for code, name in regular.items() if code in bold}


def _known_to(face: Path) -> dict[int, str]:
    with TTFont(face, lazy=True) as font:
        return dict(font.getBestCmap())


def printable(text: str) -> str:
    """`text` as printed: a character that the font lacks or that shows nothing stands as [U+1F600]."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(character if _prints(character) else f"[U+{ord(character):04X}]" for character in text)


def printable_snapshot(value: Any) -> Any:
    """A copy of the snapshot with every text as it is printed."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {key: printable_snapshot(item) for key, item in value.items()}
    if isinstance(value, list):
        return [printable_snapshot(item) for item in value]
    return value


def missing(snapshot: Snapshot, pdf: bytes) -> list[str]:
    """The places in the snapshot (`criteria.0.reasons`) whose text does not stand on the pages of `pdf`."""
    pages = _folded(page_text(pdf))
    return [place for place, text in expected_texts(snapshot) if _folded(text) not in pages]


def expected_texts(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Every text of the snapshot that must be printed, as (place, text as printed)."""
    if isinstance(value, str) and value.strip():
        yield place, shown_time(printable(value))
    elif isinstance(value, dict):
        for key, item in value.items():
            if key not in NOT_PRINTED:
                yield from expected_texts(item, f"{place}.{key}".lstrip("."))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from expected_texts(item, f"{place}.{number}")


def page_text(pdf: bytes) -> str:
    """The text of the pages in reading order, as the structure tree has it: without page heads and feet."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        maps: dict[Any, dict[bytes, str]] = {}
        marked = {page.objgen: _marked_text(page, maps) for page in opened.pages}
        return "".join(marked.get(page, {}).get(mark, "") for page, mark in _reading_order(opened))


def fonts(pdf: bytes) -> set[str]:
    """Names of the fonts the pages use."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return {
            str(font.BaseFont)
            for page in opened.pages
            for font in page.Resources.get("/Font", pikepdf.Dictionary()).values()
        }


def _marked_text(page: Any, maps: dict[Any, dict[bytes, str]]) -> dict[int, str]:
    """Number of the marked content → its text, for one page."""
    texts: dict[int, str] = {}
    marks: list[int | None] = []
    letters: dict[bytes, str] = {}
    for operands, operator in pikepdf.parse_content_stream(page, _TELLING):
        name = str(operator)
        if name in ("BDC", "BMC"):
            tagged = len(operands) > 1 and isinstance(operands[1], pikepdf.Dictionary)
            marks.append(int(operands[1]["/MCID"]) if tagged and "/MCID" in operands[1] else None)
        elif name == "EMC" and marks:
            marks.pop()
        elif name == "Tf":
            letters = _letters(page.Resources.Font[str(operands[0])], maps)
        elif name in ("Tj", "TJ") and marks and marks[-1] is not None:
            pieces = operands[0] if name == "TJ" else operands
            drawn = [bytes(piece) for piece in pieces if isinstance(piece, pikepdf.String)]
            texts[marks[-1]] = texts.get(marks[-1], "") + _read(drawn, letters)
    return texts


def _read(drawn: list[bytes], letters: dict[bytes, str]) -> str:
    return "".join(
        [letters.get(codes[start : start + 2], _UNREADABLE) for codes in drawn for start in range(0, len(codes), 2)]
    )


def _reading_order(opened: pikepdf.Pdf) -> Iterator[tuple[Any, int]]:
    """(page, number of the marked content) in the order of the structure tree."""
    if "/StructTreeRoot" not in opened.Root:
        return
    waiting: list[tuple[Any, Any]] = [(opened.Root.StructTreeRoot.get("/K"), None)]
    seen = set()
    while waiting:
        node, page = waiting.pop()
        if isinstance(node, int):
            yield page, node
        elif isinstance(node, pikepdf.Array):
            waiting.extend((child, page) for child in reversed(list(node)))
        elif isinstance(node, pikepdf.Dictionary):
            if node.is_indirect and node.objgen in seen:
                continue  # a tree that bites its tail
            seen.add(node.objgen)
            page = node.Pg.objgen if "/Pg" in node else page
            if node.get("/Type") == "/MCR":
                yield page, int(node.MCID)
            else:
                waiting.append((node.get("/K"), page))


def _letters(font: Any, maps: dict[Any, dict[bytes, str]]) -> dict[bytes, str]:
    """Two bytes of a string → what they stand for."""
    key = font.objgen
    if key not in maps:
        table = font["/ToUnicode"].read_bytes() if "/ToUnicode" in font else b""
        maps[key] = {
            bytes.fromhex(code.decode()): bytes.fromhex(text.decode()).decode("utf-16-be", "replace")
            for code, text in re.findall(rb"<([0-9A-Fa-f]{4})>\s+<((?:[0-9A-Fa-f]{4})+)>", table)
        }
    return maps[key]


def _prints(character: str) -> bool:
    if character in "\n\t":
        return True
    # Controls and invisible format characters, above all bidirectional overrides, make a text read otherwise.
    return ord(character) in glyphs() and category(character) not in ("Cc", "Cf", "Zl", "Zp")


def _folded(text: str) -> str:
    """Without spaces and line ends; characters that share a glyph are the same character on paper."""
    return "".join(text.split()).translate(_same_on_paper())


@cache
def _same_on_paper() -> dict[int, int]:
    """Code point → the first one with the same glyph, where that is another one."""
    first = {name: code for code, name in sorted(glyphs().items(), reverse=True)}
    return {code: first[name] for code, name in glyphs().items() if first[name] != code}
