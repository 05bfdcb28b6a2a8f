"""Whatever somebody did to an issued decision: command and page refuse it too, each in another language."""

import itertools
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings as configured
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from django.utils import translation
from django.utils.html import escape

from casework import store
from casework.documents import pki, signer
from casework.documents.verify import verify
from casework.domain.sealing import seal_ledger
from casework.models import CaseEvent, Document, SigningKey
from casework.queries.log import proof_of_document
from casework.web.verification import TITLES
from tests.casework import test_hostile_proofs as proofs
from tests.commands.conftest import run
from tests.conftest import Time, acting, own_database
from tests.documents.conftest import issued, keys, reviewer, reviewer_signer, ruling_pdf
from tests.exports_case import attacks_on_pdfs as attacks
from tests.exports_case.conftest import CHINESE, ENGLISH
from tests.exports_case.hostile_pdfs import Paper, paper, signed
from tests.exports_case.test_pdf_signers import drawn_for
from tests.factories import dispute

assert all((issued, keys, reviewer, reviewer_signer, ruling_pdf, paper)), "they are fixtures"

HOLES = {"covers_whole_file", "modifications", "parse"}  # where something was appended; more than one may see it


def flipped(place: Callable[[bytes], int]) -> Callable[[Paper], bytes]:
    def change(paper: Paper) -> bytes:
        file = bytearray(paper.issued.file)
        file[place(file)] ^= 1
        return bytes(file)

    return change


def last_space(file: bytes) -> int:
    return file.rindex(b"/Contents <") + len(b"/Contents <")


FLIPPED = {
    "header": lambda _file: 6, "content": lambda file: file.index(b"stream\n") + 200,
    "seal": lambda file: next(at for at in range(last_space(file) + 600, len(file)) if chr(file[at]).isdigit()),
    "padding": lambda file: last_space(file) + 6000, "last byte": lambda file: len(file) - 1,
}  # fmt: skip

# How it is made, and checks of which one has to fail by name.
BAD: dict[str, tuple[Callable[[Paper], bytes], set[str]]] = {
    **{name: (change, checks | {"parse"}) for name, (change, checks) in attacks.CHANGES.items()},
    "cut_back_to_the_draft": (attacks.cut_back_to_the_draft, {"signatures"}),
    **{
        f"{change.__name__} appended": (lambda paper, change=change: attacks.update(paper.issued.file, change), HOLES)
        for change in attacks.UPDATES
    },
    **{f"bit in the {name}": (flipped(place), HOLES | {"signatures"}) for name, place in FLIPPED.items()},
}  # fmt: skip


@dataclass(frozen=True)
class OnRecord:
    """A decision that was issued here, at each of its stages."""

    draft: bytes
    first_signed: bytes
    file: bytes
    log: Path
    proof: str
    serial: str  # of the reviewer's certificate


@pytest.fixture(scope="module")
def recorded(django_db_setup, django_db_blocker, tmp_path_factory):
    """Made once; it is there as long as the module's tests run."""
    log = tmp_path_factory.mktemp("on_record") / "log"
    with django_db_blocker.unblock(), override_settings(LOG_FOLDER=log), own_database():
        Time()
        number = dispute(upto="issued")
        seal_ledger()
        document = Document.objects.get(case__number=number)
        signing = json.loads(CaseEvent.objects.get(case__number=number, action="sign").entry)
        stages = (document.draft_sha256, signing["documents"][0]["file_sha256"], document.file_sha256)
        proof = proof_of_document(str(document.pk), acting("aud"))[1]
        serial = next(field["serial"] for field in document.fields if field["name"] == "reviewer")
        yield OnRecord(*(store.documents().get(digest) for digest in stages), log, proof, serial)


@pytest.fixture
def on_record(recorded: OnRecord, settings) -> OnRecord:
    settings.LOG_FOLDER = recorded.log
    return recorded


@dataclass(frozen=True)
class Heard:
    """What a door said: the verdict, and which checks failed: the command tells their codes, the page their titles."""

    verdict: str
    failed: set[str]


VERDICTS = {ENGLISH: "not genuine", CHINESE: "不真实"}
visitors = itertools.count(1)


def by_command(data: bytes, language: str, tmp_path: Path, *words: object) -> Heard:
    (tmp_path / "decision.pdf").write_bytes(data)
    with pytest.MonkeyPatch.context() as shell:
        shell.setenv("LANG", language)
        told = run("verify_document", tmp_path / "decision.pdf", *words)
    assert told.err == "" and told.status == (1 if told.out.splitlines()[-1] == VERDICTS[language] else 0), told
    lines = [line.split() for line in told.out.splitlines() if line.startswith("FAILED")]
    assert all(re.search("[\u4e00-\u9fff]", line[2]) for line in lines) or language == ENGLISH, lines
    return Heard(told.out.splitlines()[-1], {line[1] for line in lines})


def by_page(data: bytes, language: str, **more: bytes) -> Heard:
    number = next(visitors)  # each from elsewhere, else they would have to wait
    sent = {"file": SimpleUploadedFile("decision.pdf", data, "application/pdf")}
    sent |= {name: SimpleUploadedFile(name, content) for name, content in more.items()}
    client = Client(headers={"accept-language": {ENGLISH: "en", CHINESE: "zh"}[language]})
    page = client.post("/v", sent, REMOTE_ADDR=f"10.0.{number // 200}.{number % 200 + 1}").content.decode()
    assert f'<html lang="{SPOKEN[language]}"' in page, page[:3000]
    failed = set(re.findall(r'chip over">.*?<strong>(.*?)</strong>', page, re.DOTALL))
    return Heard(re.search(r'class="verdict (\w+)"', page)[1], failed)


SPOKEN = {ENGLISH: "en", CHINESE: "zh-hans"}


def titles(checks: set[str], language: str) -> set[str]:
    with translation.override(SPOKEN[language]):
        return {escape(str(TITLES[check])) for check in checks}


def must_refuse(data: bytes, checks: set[str], languages: Sequence[str], tmp_path: Path) -> None:
    """Command and page do, each in its language, and both name such a check."""
    checks = checks - {"file_hash"}  # also without the digest something fails
    command = by_command(data, languages[0], tmp_path)
    assert command.verdict == VERDICTS[languages[0]] and command.failed & checks, command
    if data:  # the page takes no empty file
        page = by_page(data, languages[1])
        assert page.verdict == "bad" and page.failed & titles(checks, languages[1]), page


TURNS = [(ENGLISH, CHINESE), (CHINESE, ENGLISH)]


@pytest.mark.parametrize("name", BAD)
def test_bad_document_is_refused_by_name_by_command_and_page(on_record: OnRecord, tmp_path: Path, name: str):
    make, checks = BAD[name]
    turn = TURNS[list(BAD).index(name) % 2]
    must_refuse(make(SimpleNamespace(issued=on_record)), checks, turn, tmp_path)  # type: ignore[arg-type]


# Signed by others


@dataclass(frozen=True)
class Hands:
    """Who may sign here, and who would like to."""

    reviewer: signer.LocalSigner
    another: signer.LocalSigner
    stranger: signer.LocalSigner
    expired: signer.LocalSigner
    seal: signer.LocalSigner


@pytest.fixture(scope="module")
def hands(django_db_setup, tmp_path_factory) -> Hands:
    other = pki.make_pki(tmp_path_factory.mktemp("other") / "pki", {"zh": "甲", "en": "A"}, False, since=SIGNED)

    def hand(folder: Path, name: str, no: str, since: datetime = SIGNED) -> signer.LocalSigner:
        made = pki.issue_person_certificate(folder, name, no, "secret", False, since)
        return signer.LocalSigner.from_encrypted(made.certificate_pem, made.key_pem, "secret", made.chain_pem)

    own = configured.PKI_FOLDER
    return Hands(
        hand(own, "秦明", "M401"), hand(own, "白航", "Q202"), hand(other.folder, "秦明", "M401"),
        hand(own, "秦明", "M401", datetime(2019, 1, 1, tzinfo=UTC)), signer.seal_signer(own, SIGNED),
    )  # fmt: skip


SIGNED = datetime(2026, 11, 3, 2, tzinfo=UTC)  # before the decision on record was issued
# By whom it is signed, by whom sealed, and the check that sees it.
SIGNERS = {
    "who has another role": ("another", "seal", "expected_signers"),
    "a stranger's authority": ("stranger", "seal", "signatures"),
    "whose certificate had ended": ("expired", "seal", "signatures"),
    "the reviewer for the organisation": ("reviewer", "reviewer", "expected_signers"),
}


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("by", SIGNERS)
def test_document_signed_by_the_wrong_one_is_refused(on_record: OnRecord, hands: Hands, tmp_path: Path, by: str, turn):
    who, sealing, check = SIGNERS[by]
    file = signed(on_record.draft, "reviewer", getattr(hands, who), SIGNED)
    must_refuse(signed(file, "organisation", getattr(hands, sealing), SIGNED), {check}, turn, tmp_path)


@pytest.mark.parametrize("turn", TURNS)
def test_document_that_one_person_signed_in_two_roles_is_refused(
    recorded, settings, hands: Hands, tmp_path: Path, turn
):
    settings.LOG_FOLDER = recorded.log
    _data, file = drawn_for(("reviewer", "秦明", "M401"), ("second", "秦明", "M401"))
    for field in ("reviewer", "second"):
        file = signed(file, field, hands.reviewer, SIGNED)
    must_refuse(signed(file, "organisation", hands.seal, SIGNED), {"expected_signers"}, turn, tmp_path)


@pytest.mark.parametrize("turn", TURNS)
def test_document_signed_with_a_revoked_certificate_is_refused(on_record: OnRecord, tmp_path: Path, turn):
    keys = SigningKey.objects.filter(serial=on_record.serial)
    keys.update(revoked_at=SIGNED - timedelta(days=1))
    try:
        must_refuse(on_record.file, {"signatures"}, turn, tmp_path)
    finally:
        keys.update(revoked_at=None)


# Proofs, of which more stands in tests/casework/test_hostile_proofs.py


@pytest.mark.parametrize("hostile, turn", [(proofs.beyond_the_size, TURNS[0]), (proofs.swapped, TURNS[1])])
def test_document_with_a_hostile_proof_is_refused(on_record: OnRecord, tmp_path: Path, hostile, turn):
    text = hostile(on_record.proof)
    (tmp_path / "proof").write_text(text)
    assert by_command(on_record.file, turn[0], tmp_path, "--proof", tmp_path / "proof").failed == {"proof"}
    assert by_page(on_record.file, turn[1], proof=text.encode()).failed == titles({"proof"}, turn[1])


# Genuine, or too much


def test_document_that_nobody_touched_is_genuine_to_both(on_record: OnRecord, tmp_path: Path):
    (tmp_path / "proof").write_text(on_record.proof)
    told = by_command(on_record.file, CHINESE, tmp_path, "--proof", tmp_path / "proof")
    assert told == Heard("真实", set())
    assert by_page(on_record.file, ENGLISH, proof=on_record.proof.encode()) == Heard("good", set())


@pytest.mark.parametrize("language", VERDICTS)
def test_document_larger_than_any_of_ours_is_refused_by_command_and_page(recorded, tmp_path: Path, language: str):
    """The command reads no more of it than shows that; the page nothing."""
    with (tmp_path / "large.pdf").open("wb") as file:
        file.write(b"%PDF-1.7\n")
        file.truncate(200 << 20)
    with pytest.MonkeyPatch.context() as shell:
        shell.setenv("LANG", language)
        told = run("verify_document", tmp_path / "large.pdf")
    assert (told.status, told.out.splitlines()[-1]) == (1, VERDICTS[language]), told
    assert told.out.startswith("FAILED   parse ") and "25 MiB" in told.out and told.out.count("FAILED") == 1, told.out
    client = Client(headers={"accept-language": SPOKEN[language]})
    response = client.post("/v", b"", "multipart/form-data; boundary=x", CONTENT_LENGTH=str(200 << 20))
    words = {ENGLISH: "Expected a PDF of at most 10 MiB", CHINESE: "10 MiB"}[language]
    assert response.status_code == 413 and words in response.content.decode()


SEEN = [change for change in attacks.UPDATES if change is not attacks.stranger]  # which no reader ever shows


@pytest.mark.parametrize("change", SEEN)
def test_update_between_the_first_signature_and_the_seal_is_found_without_a_record(paper: Paper, change):
    """Whoever holds the seal changes what the decider has signed."""
    file = paper.sealed(attacks.update(paper.issued.first_signed, change))
    checks = {check.code: check.ok for check in verify(file, roots=[paper.issued.root_pem])}
    assert checks["modifications"] is False and checks["covers_whole_file"] is True


def test_100_000_pages_are_not_read(paper: Paper):
    draft = attacks.update(paper.issued.draft, attacks.page_count)
    checks = {check.code: check for check in verify(paper.sealed(draft), roots=[paper.issued.root_pem])}
    assert checks["parse"].ok is False and "100000 pages" in checks["parse"].message
