"""The stamped edition: accepted as the issued file with a stamp behind it, and with nothing else."""

import asyncio
import io
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from asn1crypto import pem
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.pdf_embedded import async_validate_pdf_timestamp

from casework.documents import edition, pki
from casework.documents.check import Check, verdict
from casework.documents.verify import CODES, verify
from casework.transparency.stamps import StampError, asked_over
from tests.exports_case import attacks_on_pdfs as attacks
from tests.time_authority import TimeAuthority, open_at

from . import stamped as how
from .conftest import Issued
from .stamped import authority, stamped, stamped_with

assert all((authority, stamped)), "they are fixtures"


def checked(file: bytes, issued: Issued, authority: TimeAuthority | None = None, record: bool = True) -> list[Check]:
    roots = [authority.roots.read_text()] if authority else []
    expected = issued.expected if record else None
    return verify(file, roots=[issued.root_pem], expected=expected, stamp_roots=roots)


def failed(checks: list[Check]) -> set[str]:
    return {check.code for check in checks if check.ok is False}


def test_edition_passes_every_check_of_the_issued_file_and_one_more(
    issued: Issued, stamped: bytes, authority: TimeAuthority
) -> None:
    checks = checked(stamped, issued, authority)
    assert [(check.code, check.ok) for check in checks] == [(code, True) for code in (*CODES, "time_stamp")]
    assert stamped.startswith(issued.file) and verdict(checks) is True


def test_edition_without_roots_of_an_authority_cannot_be_told(issued: Issued, stamped: bytes) -> None:
    checks = checked(stamped, issued)
    assert [check.code for check in checks if not check.ok] == ["time_stamp"] and verdict(checks) is None


def test_edition_without_a_record_fails_nothing(issued: Issued, stamped: bytes, authority: TimeAuthority) -> None:
    plain = {check.code: check.ok for check in checked(issued.file, issued, record=False)}
    found = {check.code: check.ok for check in checked(stamped, issued, authority, record=False)}
    assert found == {**plain, "time_stamp": True}


def test_issued_file_has_no_check_of_a_time_stamp(issued: Issued, authority: TimeAuthority) -> None:
    assert [check.code for check in checked(issued.file, issued, authority)] == list(CODES)


def test_edition_by_the_authority_of_another_root_fails(issued: Issued, stamped: bytes, tmp_path) -> None:
    with open_at(tmp_path / "other") as other:
        assert failed(checked(stamped, issued, other)) == {"time_stamp"}


def test_root_of_an_authority_is_none_for_signatures(issued: Issued, stamped: bytes, authority: TimeAuthority) -> None:
    roots = [authority.roots.read_text()]
    assert "signatures" in failed(verify(stamped, roots=roots, expected=issued.expected, stamp_roots=roots))
    other = verify(stamped, roots=[issued.root_pem], expected=issued.expected, stamp_roots=[issued.root_pem])
    assert failed(other) == {"time_stamp"}


def test_edition_with_a_stamp_over_something_else_fails(
    issued: Issued, keys: pki.Pki, authority: TimeAuthority, stamped: bytes
) -> None:
    token = asked_over(authority.url, b"1" * 32).hex().encode()
    place = stamped.rindex(b"/Contents <") + len(b"/Contents <")
    file = stamped[:place] + token.ljust(edition.RESERVED, b"0") + stamped[place + edition.RESERVED :]
    assert "time_stamp" in failed(checked(file, issued, authority))


def test_stamp_over_something_else_makes_no_edition(issued: Issued, authority: TimeAuthority) -> None:
    with pytest.raises(StampError, match="over something else"):
        edition.stamped_edition(
            issued.file, lambda _digest: asked_over(authority.url, b"1" * 32), authority.trusted,
            certificates=[], lists=[],
        )  # fmt: skip


def test_stamp_that_is_too_large_makes_no_edition(issued: Issued, authority: TimeAuthority) -> None:
    with pytest.raises(StampError, match="larger than"):
        edition.stamped_edition(issued.file, lambda _: b"x" * 20_000, authority.trusted, certificates=[], lists=[])


# What somebody may append, before the stamp, beside it, behind it


@pytest.mark.parametrize("change", attacks.UPDATES)
def test_update_behind_the_stamp_is_found(issued: Issued, stamped: bytes, authority: TimeAuthority, change) -> None:
    found = failed(checked(attacks.update(stamped, change), issued, authority))
    assert {"covers_whole_file", "modifications"} <= found, found


@pytest.mark.parametrize("change", [*attacks.UPDATES, *how.BESIDE], ids=lambda change: change.__name__)
def test_update_beside_the_stamp_is_found(issued: Issued, authority: TimeAuthority, change) -> None:
    checks = checked(stamped_with(issued.file, authority, change), issued, authority)
    assert failed(checks) == {"modifications"}, checks


@pytest.mark.parametrize("change", attacks.UPDATES)
def test_update_before_the_stamp_is_found(issued: Issued, authority: TimeAuthority, change) -> None:
    file = stamped_with(attacks.update(issued.file, change), authority)
    assert "modifications" in failed(checked(file, issued, authority))


def test_stamp_of_their_own_by_others_is_accepted(issued: Issued, authority: TimeAuthority) -> None:
    """Else the tests above would prove less than they seem to."""
    assert failed(checked(stamped_with(issued.file, authority), issued, authority)) == set()


def test_second_stamp_is_found(issued: Issued, stamped: bytes, authority: TimeAuthority) -> None:
    file = stamped_with(stamped, authority, field="another")
    assert "modifications" in failed(checked(file, issued, authority))


CHANGES = {
    name: change for name, (change, _checks) in attacks.CHANGES.items()
    if name not in ("cut_back_to_the_first_signature", "cut_back_to_the_draft")
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_edition_that_was_changed_is_found(issued: Issued, stamped: bytes, authority: TimeAuthority, name: str) -> None:
    change: Callable = CHANGES[name]
    file = change(SimpleNamespace(issued=SimpleNamespace(file=stamped)))
    assert failed(checked(file, issued, authority))


@pytest.mark.parametrize("place", ["issued", "store", "token", "space", "range", "end"])
def test_edition_with_one_bit_changed_is_found(
    issued: Issued, stamped: bytes, authority: TimeAuthority, place: str
) -> None:
    contents = stamped.rindex(b"/Contents <")
    at = {
        "issued": len(issued.file) // 2, "store": stamped.index(b"stream\n", len(issued.file)) + 100,
        "token": contents + 600, "space": contents + 30_000, "range": stamped.rindex(b"/ByteRange") + 14,
        "end": len(stamped) - 3,
    }[place]  # fmt: skip
    file = stamped[:at] + bytes([stamped[at] ^ 1]) + stamped[at + 1 :]
    assert failed(checked(file, issued, authority))


def test_edition_cut_back_to_the_issued_file_is_the_issued_file(issued: Issued, stamped: bytes) -> None:
    assert verdict(checked(stamped[: len(issued.file)], issued)) is True


# What pyHanko itself says, with nothing but what the file holds


def test_signatures_and_stamp_hold_by_what_the_store_holds(
    issued: Issued, keys: pki.Pki, authority: TimeAuthority, stamped: bytes
) -> None:
    reader = PdfFileReader(io.BytesIO(stamped))
    roots = [pem.unarmor(issued.root_pem.encode())[2], authority.trusted[0].public_bytes(Encoding.DER)]
    trusted = [asn1_x509.Certificate.load(root) for root in roots]
    told = {"trust_roots": trusted, "allow_fetching": False, "retroactive_revinfo": True}

    def context(mode: str):
        return DocumentSecurityStore.read_dss(reader).as_validation_context({**told, "revocation_mode": mode})

    for signature in reader.embedded_regular_signatures:
        status = asyncio.run(async_validate_pdf_signature(signature, context("require")))
        assert status.bottom_line, status.pretty_print_details()
    [stamp] = reader.embedded_timestamp_signatures
    status = asyncio.run(async_validate_pdf_timestamp(stamp, context("soft-fail")))
    assert status.intact and status.valid and status.trusted, status.summary()


def test_level_is_lasting_only_where_every_certificate_has_its_list(
    issued: Issued, keys: pki.Pki, authority: TimeAuthority
) -> None:
    root = x509.load_pem_x509_certificate(keys.root_pem.encode())
    made = edition.stamped_edition(
        issued.file, lambda digest: asked_over(authority.url, digest), authority.trusted, certificates=[root], lists=[]
    )
    assert made.level == "B-T"
