"""renew_seal: the organisation's seal gets another key, and what it sealed before stays genuine."""

import json
import shutil
from pathlib import Path

import pytest

from casework import store
from casework.documents.pki import load_pki
from casework.documents.sealing import LocalSeal, Sealed
from casework.domain.document_check import check_document
from casework.domain.sealing import seal_ledger
from casework.models import CaseEvent, Document
from tests import soft_token
from tests.commands.conftest import refused, run
from tests.factories import dispute

REASON = ("--reason", "the old key was seen")


@pytest.fixture
def folder(settings, tmp_path: Path) -> Path:
    settings.PKI_FOLDER = shutil.copytree(settings.PKI_FOLDER, tmp_path / "pki")
    return settings.PKI_FOLDER


def genuine(settings, number: str) -> bool:
    document = Document.objects.get(case__number=number, state="issued")
    checks = check_document(store.documents().get(document.file_sha256))
    return all(check.ok for check in checks)


def seal_of(number: str) -> str:
    fields = Document.objects.get(case__number=number, state="issued").fields
    return next(field["serial"] for field in fields if field["name"] == "organisation")


def test_renew_seal_moves_it_to_a_token_and_says_so(real_db, time, token_of, folder, settings):
    before = dispute(upto="issued")
    token_of("root")
    done = run("renew_seal", "--as", "root", *REASON, "--key", soft_token.made("seal of the command"))
    assert (done.status, done.json["kept_in"]) == (0, "token"), done
    after = dispute(upto="issued")
    seal_ledger()
    assert genuine(settings, before) and genuine(settings, after)
    assert (seal_of(before), seal_of(after)) == (done.json["before"], done.json["after"])
    entry = json.loads(CaseEvent.objects.get(stream="org", action="seal_renewed").entry)
    assert {name: entry["data"][name] for name in done.json} == done.json and set(entry["data"]["reason"]) == {"sha256"}
    assert "its key is in a token" in run("doctor").out


def test_renew_seal_without_a_token_makes_a_key_in_the_folder(db, time, token_of, folder):
    token_of("root")
    key = (folder / "seal.key.pem").read_text()
    done = run("renew_seal", "--as", "root", *REASON)
    assert (done.status, done.json["kept_in"]) == (0, "file")
    assert (folder / "seal.key.pem").read_text() != key and load_pki(folder).seal_uri == ""


def test_renew_seal_with_a_key_that_is_not_there_changes_nothing(db, time, token_of, folder):
    token_of("root")
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    refused(run("renew_seal", "--as", "root", *REASON, "--key", soft_token.uri("nobody's")), 1, "NoSuchKey")
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    assert not CaseEvent.objects.filter(action="seal_renewed").exists()


@pytest.mark.parametrize("login", ["fang", "hua", "qin"])
def test_renew_seal_by_anybody_else_is_refused(db, time, token_of, folder, login):
    token_of(login)
    refused(run("renew_seal", "--as", login, *REASON), 3, "the administrator")


class Elsewhere(LocalSeal):
    """A provider that somebody put behind the port."""

    asked: list[str] = []

    def seal(self, pdf: bytes, field: str, **words: object) -> Sealed:
        self.asked.append(field)
        return super().seal(pdf, field, **words)  # type: ignore[arg-type]


def test_seal_is_put_by_the_provider_that_is_set(db, time, settings):
    settings.SEAL_PROVIDER = f"{__name__}.Elsewhere"
    dispute(upto="issued")
    assert Elsewhere.asked == ["organisation"]
