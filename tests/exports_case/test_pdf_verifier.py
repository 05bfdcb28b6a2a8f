"""The offline verifier of one signed decision: the genuine one, and everything that somebody may have done to it."""

import io
from pathlib import Path
from typing import Any
from unicodedata import is_normalized

import pikepdf
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from casework.documents import fields, printed, render, signing, snapshot
from tests.documents.conftest import issued, keys, reviewer, reviewer_signer, ruling_pdf
from tests.documents.sample import large_ruling, ruling
from tests.exports_case import attacks_on_pdfs as attacks
from tests.exports_case.conftest import CHINESE, OFFLINE, Exported
from tests.exports_case.hostile_pdfs import (
    CHECKS,
    VERDICTS,
    Paper,
    Verify,
    entry_of,
    paper,
    proof_of,
    run,
    signed,
    verify,
)

assert all((issued, keys, reviewer, reviewer_signer, ruling_pdf, paper, verify)), "they are fixtures"


# The genuine one


@pytest.mark.parametrize("language", VERDICTS)
def test_decision_as_it_was_issued_is_genuine(paper: Paper, verify: Verify, language: str):
    told = verify(paper.issued.file, language=language)
    assert (told.code, told.verdict) == (0, VERDICTS[language][0]), told.said
    assert told.marks == dict.fromkeys(CHECKS, "ok") and list(told.marks) == CHECKS


def test_decision_without_a_proof_is_checked_against_itself_and_cannot_be_told(paper: Paper, verify: Verify):
    told = verify(paper.issued.file, proof=False)
    unproven = dict.fromkeys(("log", "witnesses", "on_record", "file_hash"), "unknown")
    assert (told.code, told.marks) == (2, dict.fromkeys(CHECKS, "ok") | unproven), told.said


def test_decision_without_keys_cannot_be_told(paper: Paper, tmp_path: Path):
    (tmp_path / "decision.pdf").write_bytes(paper.issued.file)
    told = run(tmp_path / "decision.pdf")
    unknown = {name for name, mark in told.marks.items() if mark == "unknown"}
    assert (told.code, unknown) == (2, {"log", "witnesses", "key", "on_record", "file_hash", "signatures"}), told.said


def test_decision_that_is_not_there_cannot_be_told(tmp_path: Path):
    told = run(tmp_path / "nowhere.pdf")
    assert told.code == 2 and set(told.marks.values()) == {"unknown"}


def test_pages_are_not_compared_where_their_reader_is_missing(paper: Paper, verify: Verify, tmp_path: Path):
    for file in {*OFFLINE.glob("*.py")} - {OFFLINE / "printed_text.py"}:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    told = verify(paper.issued.file, program=tmp_path / "verify_pdf.py")
    assert (told.code, told.marks) == (2, dict.fromkeys(CHECKS, "ok") | {"snapshot": "unknown"}), told.said


def test_verifier_without_its_parts_says_that_it_cannot_tell(tmp_path: Path):
    (tmp_path / "verify_pdf.py").write_bytes((OFFLINE / "verify_pdf.py").read_bytes())
    assert run(tmp_path / "decision.pdf", program=tmp_path / "verify_pdf.py").code == 2


@pytest.mark.parametrize("name, most", [
    ("verify_pdf.py", 200), ("pdf_file.py", 200), ("pdf_signature.py", 200), ("pdf_checks.py", 200),
    ("pdf_stamp.py", 200), ("printed_text.py", 120),
])  # fmt: skip
def test_verifier_is_short_enough_to_be_read(name: str, most: int):
    assert len((OFFLINE / name).read_text().splitlines()) < most


# In an export


@pytest.mark.parametrize("language", VERDICTS)
def test_decision_in_an_export_whose_keys_are_trusted_is_genuine(exported: Exported, language: str):
    [file] = exported.folder.glob("documents/*.pdf")
    told = run(file, "--trust-enclosed-keys", language=language)
    assert (told.code, told.verdict) == (0, VERDICTS[language][0]), told.said


def test_decision_in_an_export_whose_keys_are_known_from_it_only_cannot_be_told(exported: Exported):
    [file] = exported.folder.glob("documents/*.pdf")
    told = run(file)
    root = x509.load_pem_x509_certificate((exported.folder / "keys/root.crt.pem").read_bytes())
    assert (told.code, told.marks) == (2, dict.fromkeys(CHECKS, "ok") | {"key": "unknown"}), told.said
    for known in (root.fingerprint(hashes.SHA256()).hex(), exported.log_key.read_text().strip()):
        assert known in told.said, "it is there to be compared"


def test_decision_of_another_case_in_an_export_is_not_genuine(exported: Exported, tmp_path: Path):
    [file], [other] = exported.folder.glob("documents/*.pdf"), exported.other.glob("documents/*.pdf")
    for name in ("documents", "keys", "proofs"):
        (tmp_path / name).symlink_to(exported.folder / name)
    (tmp_path / "documents").unlink()
    (tmp_path / "documents").mkdir()
    (tmp_path / "entries.jsonl").write_bytes((exported.folder / "entries.jsonl").read_bytes())
    (tmp_path / "documents" / file.name).write_bytes(other.read_bytes())
    (tmp_path / "documents" / other.name).write_bytes(other.read_bytes())
    told = run(tmp_path / "documents" / file.name, "--trust-enclosed-keys")
    assert (told.code, told.failed) == (1, ["on_record", "file_hash", "snapshot"]), told.said
    assert run(tmp_path / "documents" / other.name, "--trust-enclosed-keys").failed == ["log"]


# The file


@pytest.mark.parametrize("name", attacks.CHANGES)
def test_decision_that_was_changed_is_not_genuine(paper: Paper, verify: Verify, name: str):
    change, checks = attacks.CHANGES[name]
    told = verify(change(paper), paper.issued.file, language=CHINESE)
    assert (told.code, told.verdict) == (1, "不真实") and list(told.marks) == CHECKS
    assert set(told.failed) >= checks and ("parse" in checks) == ("parse" in told.failed), told.said
    if "parse" in told.failed:
        assert {told.marks[name] for name in CHECKS[6:]} == {"unknown"}


REGIONS = {
    "header": "parse", "object stream": "parse", "page content": "signatures", "attachment": "snapshot",
    "end of the draft": "parse", "first signature": "signatures", "padding of the first": "signatures",
    "stamp of the second": "signatures", "second signature": "signatures", "padding of the second": "signatures",
    "byte range": "covers_whole_file", "last byte": "parse",
}  # fmt: skip


def digit_from(file: bytes, place: int) -> int:
    """The next of 0 to 9, which one bit turns into another of them; of a to f, it turns two into no digit at all."""
    return next(at for at in range(place, len(file)) if chr(file[at]) in "0123456789")


def place_of(paper: Paper, region: str) -> int:
    file, first = paper.issued.file, len(paper.issued.first_signed)
    spaces = [file.index(b"/Contents <"), file.index(b"/Contents <", first)]
    return {
        "header": 6, "object stream": file.index(b"stream\n") + 200,
        "page content": file.index(b"endobj", file.index(b"/N 3 /Length")) + 1500,
        "attachment": file.index(b"/EmbeddedFile") + 500, "end of the draft": len(paper.issued.draft) - 8,
        "first signature": digit_from(file, spaces[0] + 600), "padding of the first": spaces[0] + 6000,
        "stamp of the second": file.index(b"stream\n", file.index(b"/Length1", first)) + 100,
        "second signature": digit_from(file, spaces[1] + 600), "padding of the second": spaces[1] + 6000,
        "byte range": file.rindex(b"/ByteRange") + 14, "last byte": len(file) - 1,
    }[region]  # fmt: skip


@pytest.mark.parametrize("region", REGIONS)
def test_decision_with_one_bit_changed_is_found_by_more_than_its_digest(paper: Paper, verify: Verify, region: str):
    place, file = place_of(paper, region), paper.issued.file
    told = verify(file[:place] + bytes([file[place] ^ 1]) + file[place + 1 :], file)
    assert told.code == 1 and {"file_hash", REGIONS[region]} <= set(told.failed), told.said


@pytest.mark.parametrize("change", attacks.UPDATES)
def test_update_appended_to_the_decision_is_found(paper: Paper, verify: Verify, change: Any):
    told = verify(attacks.update(paper.issued.file, change), paper.issued.file)
    assert {"file_hash", "covers_whole_file", "modifications"} <= set(told.failed), told.said


@pytest.mark.parametrize("change", attacks.UPDATES)
def test_update_between_the_first_signature_and_the_seal_is_found(paper: Paper, verify: Verify, change: Any):
    """The seal covers it, and the ledger says that it was issued so."""
    told = verify(paper.sealed(attacks.update(paper.issued.first_signed, change)))
    assert "modifications" in told.failed and not {"file_hash", "signatures"} & set(told.failed), told.said


@pytest.mark.parametrize("change", attacks.TAKEN)
def test_seal_whose_cross_reference_takes_the_place_of_something_is_found(
    paper: Paper, verify: Verify, monkeypatch: pytest.MonkeyPatch, change: Any
):
    """The revision is that of a signature, and everything else in it belongs there."""

    def changing(*told: Any) -> Any:
        writer = IncrementalPdfFileWriter(*told)
        change(writer)
        return writer

    monkeypatch.setattr(signing, "IncrementalPdfFileWriter", changing)
    assert "modifications" in verify(paper.sealed(paper.issued.first_signed)).failed


def test_update_before_the_first_signature_was_signed_by_all(paper: Paper, verify: Verify):
    """Else the tests above would prove less than they seem to."""
    first = signed(attacks.update(paper.issued.draft, attacks.title), "reviewer", paper.reviewer)
    assert verify(paper.sealed(first)).code == 0


@pytest.mark.parametrize("megabytes", [26, 200])
def test_file_that_is_too_large_is_not_read(verify: Verify, tmp_path: Path, megabytes: int):
    verify(b"")
    with open(tmp_path / "decision.pdf", "wb") as file:
        file.write(b"%PDF-1.7\n")
        file.truncate(megabytes << 20)
    told = run(tmp_path / "decision.pdf", tmp_path / "proof", "--keys", tmp_path / "keys")
    assert (told.code, told.failed) == (1, ["parse"]), told.said


# Its pages


def finished(paper: Paper, drawn: bytes, data: dict[str, Any]) -> bytes:
    """What was drawn, with the fields of that decision, signed and sealed."""
    draft = fields.add_signature_fields(drawn, fields.fields_for(data))
    return paper.sealed(signed(draft, "reviewer", paper.reviewer))


def redrawn(drawn: bytes, change: Any) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(drawn)) as opened:
        change(opened)
        opened.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
    return out.getvalue()


def test_file_of_121_pages_is_not_read(paper: Paper, verify: Verify, ruling_pdf: bytes):
    def add_pages(opened: pikepdf.Pdf) -> None:
        while len(opened.pages) < 121:
            opened.add_blank_page()

    told = verify(finished(paper, redrawn(ruling_pdf, add_pages), paper.issued.snapshot))
    assert told.failed == ["parse"] and "121" in told.said, told.said


def test_file_that_says_that_it_has_100_000_pages_is_not_read(paper: Paper, verify: Verify):
    draft = attacks.update(paper.issued.draft, attacks.page_count)
    told = verify(paper.sealed(signed(draft, "reviewer", paper.reviewer)))
    assert told.failed == ["parse"], told.said


def test_decision_of_many_pages_is_genuine(paper: Paper, verify: Verify):
    """Texts run on from page to page, past heads and feet."""
    data = large_ruling(12, 6000)
    file = finished(paper, render.render("disputes/documents/ruling.html", data), data)
    entry = entry_of(paper.issued, file)
    entry["documents"][0] |= {"snapshot_sha256": snapshot.digest(data), "document": data["id"]}
    told = verify(file, proof=proof_of({**entry, "stream": f"case:{data['number']}"}))
    assert told.code == 0, told.said


def test_pages_that_print_another_decision_are_found(paper: Paper, verify: Verify, ruling_pdf: bytes):
    """All have signed it, and the ledger says that it was issued."""
    data = ruling()
    data["criteria"][0]["reasons"] = "另一份理由"
    with pikepdf.open(io.BytesIO(ruling_pdf)) as first:
        attached = first.attachments["decision.json"].get_file().read_bytes()

    def attach(opened: pikepdf.Pdf) -> None:
        opened.Root.AF[0].EF.F.write(attached)

    drawn = redrawn(render.render("disputes/documents/ruling.html", data), attach)
    told = verify(finished(paper, drawn, paper.issued.snapshot))
    assert told.failed == ["snapshot"] and "criteria.0.reasons" in told.said, told.said


def test_decision_whose_address_is_that_of_another_is_found(paper: Paper, verify: Verify):
    data = ruling()
    data["criteria"][0]["reasons"] = "另一份理由"
    file = finished(paper, render.render("disputes/documents/ruling.html", data), data)
    entry = entry_of(paper.issued, file)
    entry["documents"][0]["snapshot_sha256"] = snapshot.digest(data)
    told = verify(file, proof=proof_of(entry))
    assert told.failed == ["snapshot"] and "QR" in told.said, told.said


def test_characters_with_one_glyph_are_one_character_on_paper(monkeypatch):
    monkeypatch.syspath_prepend(OFFLINE)
    from printed_text import folded

    with_glyph: dict[str, set[str]] = {}
    for code, glyph in printed.glyphs().items():
        if is_normalized("NFC", chr(code)):  # as all that is printed
            with_glyph.setdefault(glyph, set()).add(folded(chr(code)))
    assert [same for same in with_glyph.values() if len(same) > 1] == []
    assert folded("[U+1F600] 一") == folded("\U0001f600一")
