"""Whatever somebody did to an issued decision: command and page refuse it too, each in another language."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings

from casework import store
from casework.documents.verify import verify
from casework.domain.sealing import seal_ledger
from casework.models import CaseEvent, Document
from tests.commands.conftest import run
from tests.conftest import Time, own_database
from tests.documents.conftest import issued, keys, reviewer, reviewer_signer, ruling_pdf
from tests.exports_case import attacks_on_pdfs as attacks
from tests.exports_case.hostile_pdfs import Paper, paper
from tests.factories import dispute

assert all((issued, keys, reviewer, reviewer_signer, ruling_pdf, paper)), "they are fixtures"

BAD: dict[str, Callable[[Paper], bytes]] = {name: change for name, (change, _checks) in attacks.CHANGES.items()} | {
    f"{change.__name__} appended": lambda paper, change=change: attacks.update(paper.issued.file, change)
    for change in attacks.UPDATES
}


@dataclass(frozen=True)
class OnRecord:
    """A decision that was issued here, at each of its stages."""

    draft: bytes
    first_signed: bytes
    file: bytes
    log: Path


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
        yield OnRecord(*(store.documents().get(digest) for digest in stages), log)


@pytest.fixture
def on_record(recorded: OnRecord, settings) -> OnRecord:
    settings.LOG_FOLDER = recorded.log
    return recorded


def by_page(data: bytes, visitor: int) -> str:
    """What the page says, in Chinese."""
    sent = {"file": SimpleUploadedFile("decision.pdf", data, "application/pdf")}
    address = {"REMOTE_ADDR": f"10.0.0.{visitor}"}  # each from elsewhere, else they would have to wait
    return Client(headers={"accept-language": "zh"}).post("/v", sent, **address).content.decode()


@pytest.mark.parametrize("name", BAD)
def test_bad_document_is_refused_by_command_and_page(on_record: OnRecord, tmp_path: Path, name: str):
    data = BAD[name](SimpleNamespace(issued=on_record))  # type: ignore[arg-type]
    (tmp_path / "decision.pdf").write_bytes(data)
    command = run("verify_document", tmp_path / "decision.pdf")
    failed = {line.split()[1] for line in command.out.splitlines() if line.startswith("FAILED")}
    assert command.status == 1 and command.out.splitlines()[-1] == "not genuine", command.out
    assert len(failed) > ("file_hash" in failed), "also without the digest something fails"
    page = by_page(data, list(BAD).index(name) + 1)
    if data:  # the page takes no empty file
        assert '<html lang="zh-hans"' in page and 'class="verdict bad"' in page, page[:3000]


def test_document_that_nobody_touched_is_genuine_to_both(on_record: OnRecord, tmp_path: Path):
    (tmp_path / "decision.pdf").write_bytes(on_record.file)
    assert run("verify_document", tmp_path / "decision.pdf").out.splitlines()[-1] == "genuine"
    assert 'class="verdict good"' in by_page(on_record.file, 250)


def test_document_larger_than_any_of_ours_is_refused_by_command_and_page(on_record: OnRecord, tmp_path: Path):
    with (tmp_path / "decision.pdf").open("wb") as file:
        file.write(b"%PDF-1.7\n")
        file.truncate(200 << 20)
    assert run("verify_document", tmp_path / "decision.pdf").status in (1, 2)
    response = Client().post("/v", b"", "multipart/form-data; boundary=x", CONTENT_LENGTH=str(200 << 20))
    assert response.status_code == 413


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
