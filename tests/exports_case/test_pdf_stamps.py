"""The offline verifier and the stamped edition of a decision: the issued file, a time stamp behind it, nothing else."""

from types import SimpleNamespace
from typing import Any

import pytest

from casework.documents import edition
from casework.transparency.stamps import asked_over
from tests.documents import stamped as how
from tests.documents.conftest import issued, keys, reviewer, reviewer_signer, ruling_pdf
from tests.documents.stamped import authority, stamped, stamped_with
from tests.exports_case import attacks_on_pdfs as attacks
from tests.exports_case.conftest import CHINESE
from tests.exports_case.hostile_pdfs import CHECKS, VERDICTS, Paper, Verify, entry_of, paper, proof_of, verify
from tests.time_authority import TimeAuthority, open_at

assert all((issued, keys, reviewer, reviewer_signer, ruling_pdf, paper, verify, authority, stamped)), "are fixtures"


@pytest.fixture
def told(paper: Paper, verify: Verify, authority: TimeAuthority) -> Verify:
    """Of an edition, with the proof that the issued file was issued, and with the authority's root."""

    def told(file: bytes, **more: Any):
        return verify(file, paper.issued.file, words=("--tsa-roots", authority.roots), **more)

    return told


@pytest.mark.parametrize("language", VERDICTS)
def test_edition_is_genuine(stamped: bytes, told: Verify, language: str):
    found = told(stamped, language=language)
    assert (found.code, found.verdict) == (0, VERDICTS[language][0]), found.said
    assert found.marks == dict.fromkeys([*CHECKS, "time_stamp"], "ok")


def test_edition_without_a_root_of_an_authority_cannot_be_told(stamped: bytes, paper: Paper, verify: Verify):
    found = verify(stamped, paper.issued.file)
    assert (found.code, found.failed, found.marks["time_stamp"]) == (2, [], "unknown"), found.said


def test_edition_by_an_authority_of_another_root_is_not_genuine(stamped: bytes, paper: Paper, verify: Verify, tmp_path):
    with open_at(tmp_path / "other") as other:
        found = verify(stamped, paper.issued.file, words=("--tsa-roots", other.roots))
    assert found.failed == ["time_stamp"], found.said


def test_root_of_an_authority_is_none_for_signatures(stamped: bytes, paper: Paper, verify: Verify, authority):
    own = paper.folder / "root.crt.pem"
    assert verify(stamped, paper.issued.file, words=("--tsa-roots", own)).failed == ["time_stamp"]
    published = authority.roots.read_text()
    found = verify(stamped, paper.issued.file, published=published, words=("--tsa-roots", authority.roots))
    assert "signatures" in found.failed, found.said


def test_issued_file_has_no_check_of_a_time_stamp(paper: Paper, told: Verify):
    assert list(told(paper.issued.file).marks) == CHECKS


def test_stamp_over_something_else_is_not_genuine(stamped: bytes, told: Verify, authority: TimeAuthority):
    token = asked_over(authority.url, b"1" * 32).hex().encode()
    place = stamped.rindex(b"/Contents <") + len(b"/Contents <")
    file = stamped[:place] + token.ljust(edition.RESERVED, b"0") + stamped[place + edition.RESERVED :]
    assert told(file).failed == ["time_stamp"]


def test_stamp_from_before_the_issue_is_not_genuine(stamped: bytes, paper: Paper, verify: Verify, authority):
    entry = entry_of(paper.issued, paper.issued.file, received_at="2030-01-01T00:00:00.000000Z")
    found = verify(stamped, proof=proof_of(entry), words=("--tsa-roots", authority.roots))
    assert found.failed == ["time_stamp"] and "older than the issue" in found.said, found.said


@pytest.mark.parametrize("change", attacks.UPDATES)
def test_update_behind_the_stamp_is_found(stamped: bytes, told: Verify, change: Any):
    assert "modifications" in told(attacks.update(stamped, change)).failed


@pytest.mark.parametrize("change", [*attacks.UPDATES, *how.BESIDE], ids=lambda change: change.__name__)
def test_update_beside_the_stamp_is_found(paper: Paper, told: Verify, authority: TimeAuthority, change: Any):
    found = told(stamped_with(paper.issued.file, authority, change))
    assert set(found.failed) & {"modifications", "parse"}, found.said


@pytest.mark.parametrize("change", attacks.UPDATES)
def test_update_before_the_stamp_is_found(paper: Paper, told: Verify, authority: TimeAuthority, change: Any):
    found = told(stamped_with(attacks.update(paper.issued.file, change), authority))
    assert "modifications" in found.failed, found.said


def test_stamp_of_their_own_by_others_is_accepted(paper: Paper, told: Verify, authority: TimeAuthority):
    """Else the tests above would prove less than they seem to."""
    assert told(stamped_with(paper.issued.file, authority)).code == 0


def test_second_stamp_is_found(stamped: bytes, told: Verify, authority: TimeAuthority):
    assert "modifications" in told(stamped_with(stamped, authority, field="another")).failed


CHANGES = [name for name in attacks.CHANGES if not name.startswith("cut_back")]


@pytest.mark.parametrize("name", CHANGES)
def test_edition_that_was_changed_is_not_genuine(stamped: bytes, told: Verify, name: str):
    file = attacks.CHANGES[name][0](SimpleNamespace(issued=SimpleNamespace(file=stamped)))
    found = told(file, language=CHINESE)
    assert (found.code, found.verdict) == (1, "不真实"), found.said


@pytest.mark.parametrize("place", ["issued", "store", "token", "space", "range", "end"])
def test_edition_with_one_bit_changed_is_not_genuine(stamped: bytes, paper: Paper, told: Verify, place: str):
    contents = stamped.rindex(b"/Contents <")
    at = {
        "issued": len(paper.issued.file) // 2, "store": stamped.index(b"stream\n", len(paper.issued.file)) + 100,
        "token": contents + 600, "space": contents + 30_000, "range": stamped.rindex(b"/ByteRange") + 14,
        "end": len(stamped) - 3,
    }[place]  # fmt: skip
    file = stamped[:at] + bytes([stamped[at] ^ 1]) + stamped[at + 1 :]
    assert told(file).code == 1
