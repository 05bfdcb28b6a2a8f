"""Verification: the issued file passes, and whatever was done to it, a check fails by name."""

from __future__ import annotations

import hashlib
import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.generic import NameObject, TextStringObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from casework.documents import fields, pki, render, signer, signing
from casework.documents.check import Check, Expected, verdict
from casework.documents.errors import PkiError
from casework.documents.limits import Limits
from casework.documents.verify import CODES, verify

from .conftest import SECRET, SIGNED_AT, Issued
from .sample import ruling


def failing(checks: list[Check]) -> set[str]:
    assert [check.code for check in checks] == list(CODES)
    return {check.code for check in checks if check.ok is False}


def failing_with_and_without_record(file: bytes, issued: Issued) -> tuple[set[str], set[str]]:
    roots = [issued.root_pem]
    return failing(verify(file, roots=roots, expected=issued.expected)), failing(verify(file, roots=roots))


def flipped(file: bytes, position: int) -> bytes:
    return file[:position] + bytes([file[position] ^ 1]) + file[position + 1 :]


def test_verify_issued_file_passes_every_check(issued: Issued) -> None:
    checks = verify(issued.file, roots=[issued.root_pem], expected=issued.expected)
    assert [(check.code, check.ok) for check in checks] == [(code, True) for code in CODES]
    assert verdict(checks) is True


def test_verify_without_a_record_cannot_tell_but_fails_nothing(issued: Issued) -> None:
    checks = verify(issued.file, roots=[issued.root_pem])
    assert failing(checks) == set() and verdict(checks) is None
    assert {check.code for check in checks if check.ok is None} == {
        "file_hash",
        "expected_signers",
        "snapshot",
    }


def region(issued: Issued, name: str) -> int:
    """A position inside a part of the file."""
    file = issued.file
    contents = [match.start() for match in re.finditer(rb"/Contents <", file)]
    return {
        "header": 6,
        "page content": file.index(b"stream\n") + 200,
        "attachment": len(issued.draft) // 2,
        "end of the draft": len(issued.draft) - 8,
        "first signature": contents[0] + 600,
        "padding of the first": contents[0] + 6000,
        "stamp of the second": len(issued.first_signed) + 5000,
        "second signature": contents[1] + 600,
        "padding of the second": contents[1] + 6000,
        "byte range": file.rindex(b"/ByteRange") + 14,
        "last byte": len(file) - 1,
    }[name]


@pytest.mark.parametrize(
    "name",
    [
        "header",
        "page content",
        "attachment",
        "end of the draft",
        "first signature",
        "padding of the first",
        "stamp of the second",
        "second signature",
        "padding of the second",
        "byte range",
        "last byte",
    ],
)
def test_verify_one_changed_bit_is_found_by_more_than_the_digest(name: str, issued: Issued) -> None:
    file = flipped(issued.file, region(issued, name))
    found = failing(verify(file, roots=[issued.root_pem], expected=issued.expected))
    assert "file_hash" in found
    assert len(found) > 1, "also without the file's digest something must fail"


@given(st.data())
@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_verify_any_changed_byte_is_found_without_record(issued: Issued, data: Any) -> None:
    position = data.draw(st.integers(0, len(issued.file) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda byte: byte != issued.file[position]))
    file = issued.file[:position] + bytes([value]) + issued.file[position + 1 :]
    assert failing(verify(file, roots=[issued.root_pem]))


@pytest.mark.parametrize("tail", [b"\n", b"%%EOF\n"])
def test_verify_appended_bytes_are_found(tail: bytes, issued: Issued) -> None:
    found = failing(verify(issued.file + tail, roots=[issued.root_pem], expected=issued.expected))
    assert "file_hash" in found and found & {"covers_whole_file", "parse"}


def test_verify_cut_back_to_the_first_signature_is_found(issued: Issued) -> None:
    with_record, without = failing_with_and_without_record(issued.first_signed, issued)
    assert {"file_hash", "expected_signers"} <= with_record and "expected_signers" in without


def test_verify_signed_file_that_never_had_the_seals_field_is_found(
    issued: Issued, ruling_pdf: bytes, reviewer_signer: signer.LocalSigner
) -> None:
    draft = fields.add_signature_fields(ruling_pdf, fields.fields_for(issued.snapshot)[:1])
    file = signing.sign(draft, "reviewer", reviewer_signer, reason="裁定", location="上海", certify=True, at=SIGNED_AT)
    with_record, without = failing_with_and_without_record(file, issued)
    assert with_record == {"file_hash", "expected_signers"} and without == {"expected_signers"}


def test_verify_unfinished_file_fails_even_against_a_record_of_itself(issued: Issued) -> None:
    record: Expected = {
        "sha256": hashlib.sha256(issued.first_signed).hexdigest(),
        "issued_at": SIGNED_AT,
        "fields": issued.expected["fields"][:1],
        "snapshot_sha256": issued.expected["snapshot_sha256"],
    }
    checks = verify(issued.first_signed, roots=[issued.root_pem], expected=record)
    assert failing(checks) == {"expected_signers"}


def test_verify_unsigned_draft_is_found(issued: Issued) -> None:
    with_record, without = failing_with_and_without_record(issued.draft, issued)
    assert {"signatures", "expected_signers", "covers_whole_file"} <= with_record & without


@pytest.mark.parametrize("share", [0, 50, 99])
def test_verify_file_cut_anywhere_is_found(share: int, issued: Issued) -> None:
    file = issued.file[: len(issued.file) * share // 100]
    found = failing(verify(file, roots=[issued.root_pem], expected=issued.expected))
    assert "file_hash" in found and len(found) > 1


def appended_title(file: bytes) -> bytes:
    """An incremental update of the document information, which pyHanko alone accepts."""
    output = io.BytesIO(file)
    writer = IncrementalPdfFileWriter(output)
    info = writer.trailer["/Info"]
    info[NameObject("/Title")] = TextStringObject("another title")
    writer.update_container(info)
    writer.write_in_place()
    return output.getvalue()


def with_other_attachment(file: bytes) -> bytes:
    output = io.BytesIO()
    with pikepdf.open(io.BytesIO(file)) as opened:
        opened.attachments["decision.json"] = pikepdf.AttachedFileSpec(opened, b'{"kind":"ruling"}')
        opened.save(output)
    return output.getvalue()


@pytest.mark.parametrize("alter", [appended_title, with_other_attachment])
def test_verify_file_altered_with_tools_is_found(alter: Any, issued: Issued) -> None:
    found = failing(verify(alter(issued.file), roots=[issued.root_pem], expected=issued.expected))
    assert "file_hash" in found and len(found) > 1


def test_verify_against_another_root_is_not_trusted(issued: Issued, tmp_path: Path) -> None:
    other = pki.make_pki(tmp_path / "other", ruling()["organisation"], demo=True)
    assert failing(verify(issued.file, roots=[other.root_pem], expected=issued.expected)) == {"signatures"}


def test_verify_signed_by_another_person_is_found(issued: Issued, keys: pki.Pki) -> None:
    ian = pki.issue_person_certificate(keys.folder, "白航", "Q202", SECRET, demo=True, since=SIGNED_AT)
    hand = signer.LocalSigner.from_encrypted(ian.certificate_pem, ian.key_pem, SECRET, ian.chain_pem)
    words = {"reason": "裁定", "location": "上海", "at": SIGNED_AT}
    first = signing.sign(issued.draft, "reviewer", hand, certify=True, **words)
    file = signing.sign(first, "organisation", signer.seal_signer(keys.folder, SIGNED_AT), certify=False, **words)
    assert failing(verify(file, roots=[issued.root_pem], expected=issued.expected)) == {
        "file_hash",
        "expected_signers",
    }


def test_verify_genuine_signatures_on_another_decision_are_found(
    issued: Issued, keys: pki.Pki, reviewer_signer: signer.LocalSigner
) -> None:
    other = ruling()
    other["criteria"][0]["ruled"] = {"shown": "10"}
    draft = fields.add_signature_fields(
        render.render("disputes/documents/ruling.html", other), fields.fields_for(other)
    )
    words = {"reason": "裁定", "location": "上海", "at": SIGNED_AT}
    first = signing.sign(draft, "reviewer", reviewer_signer, certify=True, **words)
    file = signing.sign(first, "organisation", signer.seal_signer(keys.folder, SIGNED_AT), certify=False, **words)
    with_record, without = failing_with_and_without_record(file, issued)
    assert with_record == {"file_hash", "snapshot"}
    assert without == {"snapshot"}, "the address in its QR code is still that of the first decision"


def test_verify_page_that_prints_something_else_is_found(issued: Issued, ruling_pdf: bytes) -> None:
    # The attachment of one decision in the pages of another: the comparison with the print must see it.
    other = ruling()
    other["criteria"][0]["reasons"] = "另一份理由"
    pages = io.BytesIO()
    with (
        pikepdf.open(io.BytesIO(render.render("disputes/documents/ruling.html", other))) as opened,
        pikepdf.open(io.BytesIO(ruling_pdf)) as first,
    ):
        data = first.attachments["decision.json"].get_file().read_bytes()
        del opened.attachments["decision.json"]
        opened.attachments["decision.json"] = pikepdf.AttachedFileSpec(opened, data)
        opened.save(pages)
    checks = verify(pages.getvalue(), roots=[issued.root_pem])
    assert "criteria.0.reasons" in next(check.message for check in checks if check.code == "snapshot")


@pytest.fixture(scope="module")
def old_keys(tmp_path_factory: pytest.TempPathFactory) -> pki.Pki:
    """Made in 2019; the certificates of people ran out in 2024."""
    folder = tmp_path_factory.mktemp("old") / "keys"
    return pki.make_pki(folder, ruling()["organisation"], demo=True, since=datetime(2019, 1, 1, tzinfo=UTC))


def signed_then(issued: Issued, keys: pki.Pki, at: datetime, no: str = "M401") -> bytes:
    since = datetime(2019, 1, 1, tzinfo=UTC)
    owner = pki.issue_person_certificate(keys.folder, "秦明", no, SECRET, demo=True, since=since)
    hand = signer.LocalSigner.from_encrypted(owner.certificate_pem, owner.key_pem, SECRET, owner.chain_pem)
    words = {"reason": "裁定", "location": "上海", "at": at}
    first = signing.sign(issued.draft, "reviewer", hand, certify=True, **words)
    seal = signer.seal_signer(keys.folder, datetime(2020, 1, 1, tzinfo=UTC))
    return signing.sign(first, "organisation", seal, certify=False, **words)


def test_verify_signature_by_an_expired_certificate_is_refused(issued: Issued, old_keys: pki.Pki) -> None:
    checks = verify(signed_then(issued, old_keys, SIGNED_AT), roots=[old_keys.root_pem])
    assert "signatures" in failing(checks) and "not in force when it was signed" in checks[2].message


def test_verify_signature_made_while_the_certificate_held_needs_a_record_of_that(
    issued: Issued, old_keys: pki.Pki
) -> None:
    at = datetime(2023, 1, 1, tzinfo=UTC)
    file = signed_then(issued, old_keys, at)
    record: Expected = {**issued.expected, "issued_at": at, "sha256": hashlib.sha256(file).hexdigest()}
    with_record = {check.code: check.ok for check in verify(file, roots=[old_keys.root_pem], expected=record)}
    without = {check.code: check.ok for check in verify(file, roots=[old_keys.root_pem])}
    assert (with_record["signatures"], without["signatures"]) == (True, None)


def test_verify_signature_that_is_younger_than_the_issue_is_refused(issued: Issued) -> None:
    early: Expected = {**issued.expected, "issued_at": SIGNED_AT - timedelta(seconds=5)}
    assert failing(verify(issued.file, roots=[issued.root_pem], expected=early)) == {"signatures"}


def test_verify_signature_with_the_certificate_of_somebody_else_than_the_decision_names_is_refused(
    issued: Issued, old_keys: pki.Pki
) -> None:
    file = signed_then(issued, old_keys, datetime(2023, 1, 1, tzinfo=UTC), no="Q202")
    checks = verify(file, roots=[old_keys.root_pem])
    assert failing(checks) == {"expected_signers"} and "Q202, but the decision names M401" in checks[3].message


def test_verify_title_changed_between_the_signatures_is_found_without_record(issued: Issued, keys: pki.Pki) -> None:
    """Whoever holds the seal changes the title before sealing."""
    words = {"reason": "出具", "location": "上海", "at": SIGNED_AT}
    seal = signer.seal_signer(keys.folder, SIGNED_AT)
    file = signing.sign(appended_title(issued.first_signed), "organisation", seal, certify=False, **words)
    assert failing(verify(file, roots=[issued.root_pem])) == {"modifications"}


def test_seal_that_has_run_out_seals_nothing_more(old_keys: pki.Pki) -> None:
    with pytest.raises(PkiError, match="has run out"):
        signer.seal_signer(old_keys.folder, datetime(2030, 1, 1, tzinfo=UTC))


BOMB = b"%PDF-1.7\n1 0 obj\n" + b"[" * 200_000 + b"\nendobj\ntrailer\n<</Root 1 0 R/Size 2>>\nstartxref\n9\n%%EOF\n"


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"%PDF-1.7\n",
        b"\x00" * 1000,
        b"hello",
        BOMB,
        b"%PDF-1.7\nxref\n0 99999999999\ntrailer\n<<>>\nstartxref\n9\n%%EOF",
    ],
)
def test_verify_hostile_bytes_are_a_failed_parse(file: bytes, issued: Issued) -> None:
    checks = verify(file, roots=[issued.root_pem], expected=issued.expected)
    assert failing(checks) == {"parse", "file_hash"} and verdict(checks) is False


@given(st.binary(max_size=400))
@settings(max_examples=15, deadline=None)
def test_verify_random_bytes_never_pass(file: bytes) -> None:
    assert "parse" in failing(verify(b"%PDF-1.7\n" + file, roots=[]))


def test_verify_beyond_a_limit_is_a_failed_parse_and_the_next_one_succeeds(issued: Issued) -> None:
    for limits in (Limits(file_mib=0), Limits(pages=1)):
        assert "parse" in failing(verify(issued.file, roots=[issued.root_pem], limits=limits))
    too_large = verify(issued.file, roots=[issued.root_pem], expected=issued.expected, limits=Limits(file_mib=0))
    assert [check.ok for check in too_large] == [False] + [None] * 6, "what may be a part of it has no digest"
    # Where memory ends depends on what the library asks for first; that it is not genuine does not.
    starved = verify(issued.file, roots=[issued.root_pem], expected=issued.expected, limits=Limits(memory_mib=60))
    assert verdict(starved) is not True
    assert verdict(verify(issued.file, roots=[issued.root_pem], expected=issued.expected)) is True


def test_verify_issued_file_where_there_is_no_room_to_read_it_cannot_be_told(issued: Issued) -> None:
    """A busy machine calls nobody's document false."""
    starved = Limits(memory_mib=1)
    checks = verify(issued.file, roots=[issued.root_pem], expected=issued.expected, limits=starved)
    assert verdict(checks) is None and [check.code for check in checks if check.ok] == ["file_hash"]
    altered = verify(issued.file + b"\n", roots=[issued.root_pem], expected=issued.expected, limits=starved)
    assert failing(altered) == {"parse", "file_hash"}


def test_verify_upper_case_record_is_the_same_record(issued: Issued) -> None:
    shouted: Expected = {
        **issued.expected,
        "sha256": issued.expected["sha256"].upper(),
        "snapshot_sha256": issued.expected["snapshot_sha256"].upper(),
        "fields": [{**field, "serial": field["serial"].upper()} for field in issued.expected["fields"]],
    }
    assert verdict(verify(issued.file, roots=[issued.root_pem], expected=shouted)) is True
