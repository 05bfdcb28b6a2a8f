"""What was appended to an issued file as a stamped edition, and whether it is that and nothing else. Runs only where
`inspection` does: in a child process, over bytes of unknown origin."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from asn1crypto import crl, parser, pem, x509
from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, IndirectObject, StreamObject
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DiffResult, ModificationLevel
from pyhanko.sign.validation import EmbeddedPdfSignature
from pyhanko.sign.validation.pdf_embedded import async_validate_pdf_timestamp
from pyhanko_certvalidator import ValidationContext

STAMP = "/DocTimeStamp"
FIELD = {"/FT", "/T", "/Type", "/Subtype", "/F", "/Rect", "/P", "/TU", "/V"}
VALUE = {"/Type", "/Filter", "/SubFilter", "/Contents", "/ByteRange"}
SAVED = {"/Producer", "/ModDate", "/Length"}  # by whoever saves a file
SAVED_IN_METADATA = re.compile(rb'pyHanko [\d.]+|xmp:ModifyDate="[\dT:.+Z-]+"')


def issued_length(signatures: list[EmbeddedPdfSignature]) -> int:
    """Up to where the file is the issued one, which its last signature says; 0 where no stamp is its last."""
    kinds = [str(signature.sig_object_type) for signature in signatures]
    if len(kinds) < 2 or kinds[-1] != STAMP:
        return 0
    ends = [int(one.byte_range[2]) + int(one.byte_range[3]) for one in signatures if str(one.sig_object_type) != STAMP]
    return max(ends, default=0)


def stamp_facts(signature: EmbeddedPdfSignature, issued: PdfFileReader, roots: list[str]) -> dict[str, Any]:
    """`intact`: over these bytes; `trusted`: under these roots, by a certificate that was in force at `at`. `alone`:
    but for the store of certificates nothing else was appended to the issued file."""
    facts: dict[str, Any] = {"at": "", "by": "", "intact": False, "trusted": False, "alone": False, "problem": ""}
    try:
        at = signature.signed_data["encap_content_info"]["content"].parsed["gen_time"].native
        names = signature.signer_cert.subject.native
        facts |= {"at": at.isoformat(), "by": str(names.get("common_name", ""))}
        anchors = [x509.Certificate.load(pem.unarmor(root.encode())[2]) for root in roots]
        context = ValidationContext(trust_roots=anchors, allow_fetching=False, moment=at)
        status = asyncio.run(async_validate_pdf_timestamp(signature, context, skip_diff=True))
        facts["intact"] = bool(status.intact and status.valid)
        facts["trusted"] = bool(status.trusted)
    except MemoryError:
        raise
    except Exception as problem:  # of what strangers send anything at all may be wrong; it is told, and trusts nobody
        facts["problem"] = f"{type(problem).__name__}: {problem}"[:300]
    try:
        facts["alone"] = _is_alone(signature, issued)
    except MemoryError:
        raise
    except Exception:  # what cannot be followed is not what we append
        facts["alone"] = False
    return facts


def _is_alone(signature: EmbeddedPdfSignature, issued: PdfFileReader) -> bool:
    """pyHanko has to find it harmless, and we to know every object of it: it allows more than we write."""
    reader = signature.reader
    last = reader.xrefs.total_revisions - 1
    if last != issued.xrefs.total_revisions or reader.xrefs.refs_freed_in_revision(last):
        return False
    return _pyhanko_allows(reader) and _is_known(signature, issued, last)


def _pyhanko_allows(reader: PdfFileReader) -> bool:
    sealed = reader.embedded_regular_signatures[-1]
    sealed.compute_integrity_info()
    found = sealed.diff_result
    return isinstance(found, DiffResult) and found.modification_level <= ModificationLevel.LTA_UPDATES


def _is_known(signature: EmbeddedPdfSignature, issued: PdfFileReader, last: int) -> bool:
    reader = signature.reader
    new = {ref.idnum: reader.get_object(ref) for ref in reader.xrefs.explicit_refs_in_revision(last)}
    old = {ref.idnum: issued.get_object(ref) for ref in _refs(issued) if ref.idnum in new}
    [field] = [ref.idnum for ref in _raw_fields(reader) if ref.get_object().get("/T") == signature.field_name]
    root, store = reader.root, reader.root.raw_get("/DSS")
    value = reader.get_object(_ref(new[field].raw_get("/V")))
    parts = {field, new[field].raw_get("/V").idnum, store.idnum, *_store(store.get_object())}
    container = reader.xrefs.get_xref_container_info(last).stream_ref
    expected = {
        reader.trailer.raw_get("/Root").idnum: {"/DSS": plain(store)},
        reader.root.raw_get("/AcroForm").idnum: {"/Fields": plain(root["/AcroForm"]["/Fields"])},
    }
    return (
        set(new) - set(old) == parts | ({container.idnum} if container else set())
        and set(new[field]) <= FIELD and not any(new[field]["/Rect"])
        and set(value) <= VALUE and value["/SubFilter"] == "/ETSI.RFC3161"
        and plain(root["/AcroForm"]["/Fields"]) == [*plain(issued.root["/AcroForm"]["/Fields"]), ("R", field)]
        and all(_is_same(plain(old[one]), plain(new[one]), expected.get(one, {}), field) for one in old)
        and [plain(reader.trailer.raw_get(key)) for key in ("/Root", "/Info")]
        == [plain(issued.trailer.raw_get(key)) for key in ("/Root", "/Info")]
    )  # fmt: skip


def _is_same(before: Any, after: Any, added: dict[str, Any], field: int) -> bool:
    """As it was, but for what belongs to the stamp, for the field among a page's, and for what saving leaves."""
    if isinstance(before, tuple) and isinstance(after, tuple) and len(before) == len(after) == 3:
        return _unsaved(before[1]) == _unsaved(after[1]) and _same_data(before[2], after[2])
    if isinstance(before, list):
        return after == [*before, ("R", field)]
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return False
    page = {"/Annots": [*before.get("/Annots", []), ("R", field)]} if before.get("/Type") == "/Page" else {}
    if page and after.get("/Annots") == before.get("/Annots"):
        page = {}
    return _unsaved(after) == {**_unsaved(before), **added, **page}


def _same_data(before: bytes, after: bytes) -> bool:
    return SAVED_IN_METADATA.sub(b"", before) == SAVED_IN_METADATA.sub(b"", after)


def _unsaved(value: dict[str, Any]) -> dict[str, Any]:
    return {key: one for key, one in value.items() if key not in SAVED}


def _store(store: DictionaryObject) -> set[int]:
    """The numbers of what the store holds: certificates and lists of revoked ones, each alone in its stream."""
    if not set(store) <= {"/Type", "/Certs", "/CRLs"}:
        raise ValueError("the store holds something else than certificates and lists of revoked ones")
    found = set()
    for key, kind in (("/Certs", x509.Certificate), ("/CRLs", crl.CertificateList)):
        for ref in _raw(store.get(key, ArrayObject())):
            held = _ref(ref).get_object()
            kind.load(held.data, strict=True).native  # noqa: B018 -- all of it is read, or it raises
            if set(held) != {"/Length"} or parser.peek(held.data) != len(held.data):
                raise ValueError("the store holds something else than certificates and lists of revoked ones")
            found.add(_ref(ref).idnum)
    return found


def _raw(array: ArrayObject) -> list[Any]:
    return [array.raw_get(place) for place in range(len(array))]


def _raw_fields(reader: PdfFileReader) -> list[IndirectObject]:
    return _raw(reader.root["/AcroForm"]["/Fields"])


def _ref(value: Any) -> Any:
    if not isinstance(value, IndirectObject):
        raise ValueError("expected a reference")
    return value.reference


def _refs(reader: PdfFileReader) -> set[Any]:
    return set().union(*(reader.xrefs.explicit_refs_in_revision(n) for n in range(reader.xrefs.total_revisions)))


def plain(value: Any) -> Any:
    """As lists, dicts and values that can be compared across readers; a reference as ("R", number)."""
    if isinstance(value, IndirectObject):
        return "R", value.idnum
    if isinstance(value, StreamObject):
        return "stream", {str(key): plain(value.raw_get(key)) for key in value}, value.encoded_data
    if isinstance(value, DictionaryObject):
        return {str(key): plain(value.raw_get(key)) for key in value}
    if isinstance(value, ArrayObject):
        return [plain(one) for one in _raw(value)]
    return value
