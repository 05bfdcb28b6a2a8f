"""Reads a PDF of unknown origin and reports facts, in a child process of `workshop`. `verify` judges them."""

from __future__ import annotations

import hashlib
import io
import logging
from datetime import UTC, datetime
from typing import Any

import pikepdf
from asn1crypto import parser, pem, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation import EmbeddedPdfSignature, validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from casework.canonical import parse_canonical
from casework.documents import printed
from casework.documents.edition_inspection import issued_length, stamp_facts
from casework.documents.limits import Limits
from casework.documents.snapshot import address_digest, signature_fields

ATTACHMENT = "decision.json"
STAMPED = ("/Producer", "/ModDate")  # by whoever saves it


def prepare() -> None:
    """Once, before any job."""
    logging.disable(logging.CRITICAL)  # the libraries log what they find; here it is reported as facts
    printed.glyphs()


def work(head: dict[str, Any], blob: bytes, limits: Limits) -> tuple[dict[str, Any], bytes]:
    """`head` = {roots: [PEM], at: when it was issued, or null, stamp_roots: [PEM]}. Certificates are held against the
    time of signing, which cannot be later. Answers the facts, or {unreadable: why}. Of a stamped edition they are those
    of the issued file with which it begins, and `stamp` says what follows: {length: of the issued file, …}."""
    try:
        reader = PdfFileReader(io.BytesIO(blob), strict=True)
        signatures = list(reader.embedded_signatures)
        if length := issued_length(signatures):
            return _edition(signatures[-1], blob, length, head, limits)
        fields = {name: value is not None for name, value, _ref in enumerate_sig_fields(reader)}
        page_count = int(reader.root["/Pages"]["/Count"])
    except MemoryError:
        raise
    except Exception as problem:  # hostile bytes raise anything at all
        return {"unreadable": f"{type(problem).__name__}: {problem}"[:300]}, b""
    if page_count > limits.pages:
        return {"unreadable": f"{page_count} pages"}, b""
    return {
        "signatures": [_signature(signature, blob, head) for signature in signatures],
        "unsigned": [name for name, signed in fields.items() if not signed],
        "attachment": _attachment(blob),
        "retitled": _is_retitled(blob, signatures),
    }, b""


def _edition(
    stamp: EmbeddedPdfSignature, blob: bytes, length: int, head: dict[str, Any], limits: Limits
) -> tuple[dict[str, Any], bytes]:
    facts, _blob = work(head, blob[:length], limits)
    issued = PdfFileReader(io.BytesIO(blob[:length]), strict=True)
    found = {"length": length, **_extent(stamp, blob), **stamp_facts(stamp, issued, head["stamp_roots"])}
    return {**facts, "stamp": found}, b""


def _signature(signature: EmbeddedPdfSignature, blob: bytes, head: dict[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "field": str(signature.field_name),
        "intact": False,
        "trusted": False,
        "changes": "unknown",
        "problem": "",
        "serial": "",
        "person": "",
        "at": "",
        "in_force": False,
        "lasts": False,
        "to_the_end": False,
        "plain": False,
    }
    try:
        facts |= _extent(signature, blob)
        facts |= _signer(signature)
        now = datetime.now(UTC)
        latest = datetime.fromisoformat(head["at"]) if head["at"] else now
        moment = min(signature.self_reported_timestamp or latest, latest)
        held = signature.signer_cert.not_valid_before, signature.signer_cert.not_valid_after
        facts["in_force"], facts["lasts"] = held[0] <= moment <= held[1], held[0] <= now <= held[1]
        roots = [x509.Certificate.load(pem.unarmor(root.encode())[2]) for root in head["roots"]]
        context = ValidationContext(trust_roots=roots, allow_fetching=False, moment=moment)
        status = validate_pdf_signature(signature, context)
        facts["intact"] = bool(status.intact and status.valid)
        facts["trusted"] = bool(status.trusted)
        facts["changes"] = _changes(status.modification_level, bool(status.docmdp_ok))
    except MemoryError:
        raise
    except Exception as problem:
        facts["problem"] = f"{type(problem).__name__}: {problem}"[:300]
    return facts


def _signer(signature: EmbeddedPdfSignature) -> dict[str, str]:
    """The certificate, whose it is (empty: nobody's, but the organisation's), and when they say that they signed."""
    subject = signature.signer_cert.subject.native
    at = signature.self_reported_timestamp
    return {
        "serial": f"{signature.signer_cert.serial_number:x}",
        "person": str(subject.get("serial_number") or subject.get("user_id", "")),
        "at": at.isoformat() if at and at.tzinfo else "",
    }


def _changes(level: ModificationLevel | None, allowed: bool) -> str:
    if level is None:
        return "unknown"
    if not allowed:
        return "forbidden"
    return (
        "none" if level == ModificationLevel.NONE else "signing" if level <= ModificationLevel.FORM_FILLING else "other"
    )


def _extent(signature: EmbeddedPdfSignature, blob: bytes) -> dict[str, bool]:
    """Does it cover all but its own digits to the last byte, and are those just the signature and zeros?"""
    start, first, gap_end, last = (int(number) for number in signature.byte_range)
    digits = blob[first + 1 : gap_end - 1]
    # A CMS object says its own length; what follows it in the space kept free must be zeros.
    contents = bytes(signature.pkcs7_content)
    contents = contents[: parser.peek(contents)]
    return {
        "to_the_end": start == 0 and gap_end + last == len(blob),
        "plain": blob[first : first + 1] == b"<"
        and blob[gap_end - 1 : gap_end] == b">"
        and digits == contents.hex().upper().encode().ljust(len(digits), b"0"),
    }


def _is_retitled(blob: bytes, signatures: list[EmbeddedPdfSignature]) -> bool:
    """Whether title or author were changed after the first signature, which pyHanko allows as an update of metadata."""
    if not signatures:
        return False
    try:
        _start, _first, end, last = (int(number) for number in signatures[0].byte_range)
        return _titles(blob[: end + last]) != _titles(blob)
    except pikepdf.PdfError:
        return True  # what cannot be read is not what was signed


def _titles(blob: bytes) -> dict[str, str]:
    with pikepdf.open(io.BytesIO(blob)) as opened:
        return {str(key): str(value) for key, value in opened.docinfo.items() if key not in STAMPED}


def _attachment(blob: bytes) -> dict[str, Any]:
    """{sha256, id, fields, people, address_ok, unprinted}, or {problem}; `people`: staff number by field."""
    try:
        with pikepdf.open(io.BytesIO(blob)) as opened:
            if ATTACHMENT not in opened.attachments or len(opened.attachments) != 1:
                return {"problem": "it does not hold exactly one attachment named decision.json"}
            data = opened.attachments[ATTACHMENT].get_file().read_bytes()
        snapshot = parse_canonical(data)
        fragment = str(snapshot.get("verify_url", "")).partition("#")[2]
        return {
            "sha256": hashlib.sha256(data).hexdigest(),
            "id": str(snapshot.get("id", "")),
            "fields": signature_fields(snapshot),
            "people": {str(decider["field"]): str(decider["no"]) for decider in snapshot.get("deciders", [])},
            "address_ok": fragment == address_digest(snapshot),
            "unprinted": printed.missing(snapshot, blob)[:5],
        }
    except MemoryError:
        raise
    except Exception as problem:
        return {"problem": f"{type(problem).__name__}: {problem}"[:300]}
