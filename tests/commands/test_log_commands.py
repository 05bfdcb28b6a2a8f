"""The log at the command line: sealing, its key, and a witness as a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time as clock
import urllib.request
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.db import connection

from casework.domain import ledger
from casework.domain.log_keys import log_key
from casework.domain.log_tree import size_of_log
from casework.domain.verification import verify_ledger
from casework.models import CaseEvent, Checkpoint, Cosignature, Witness
from casework.transparency import key_folder
from tests.broker.processes import address
from tests.commands.conftest import refused, run, token_for
from tests.factories import dispute
from tests.time_authority import open_at, openssl_agrees
from tests.witness import watched_by

HERE = Path(configured.BASE_DIR)


def told(outcome) -> list[str]:
    return [line for line in outcome.out.splitlines() if line.split()[1:2] == ["ledger"]]


def test_seal_ledger_tells_what_it_did(real_db, time):
    dispute(upto="forwarded")
    written = CaseEvent.objects.count()
    assert run("seal_ledger").json == {"sequenced": written, "signed": True, "cosigned": 0}
    assert run("seal_ledger").json == {"sequenced": 0, "signed": False, "cosigned": 0}
    lines = run("verify_ledger").out.splitlines()
    assert lines[0] == f"log: {written} entries in place, 0 waiting for one; 1 checkpoints"


def test_seal_ledger_when_the_log_cannot_go_on_says_why_and_ends_with_1(real_db, time):
    run("seal_ledger")
    (configured.LOG_FOLDER / key_folder.KEY).unlink()
    ledger.note("org", "test", {"about": "nothing"})
    refused(run("seal_ledger"), 1, "the log's key cannot be used")


def test_show_log_key_prints_the_key_for_others(real_db, time):
    refused(run("show_log_key"), 4, "nothing was sealed yet")
    run("seal_ledger")
    assert run("show_log_key").out == (configured.LOG_FOLDER / key_folder.VKEY).read_text()


def test_doctor_tells_who_watches_and_what_they_say(real_db, time, tmp_path, settings):
    run("seal_ledger")
    assert "watched by: no witness" in told(run("doctor"))[0]
    with watched_by(tmp_path / "witness", settings) as witness:
        run("seal_ledger")
        assert f"watched by: {witness.who.name}" in told(run("doctor"))[0]
    ledger.note("org", "test", {"about": "nothing"})
    time.on(minutes=1)
    run("seal_ledger")
    found = run("doctor")
    assert found.status == 0 and "it does not answer" in told(found)[0] and told(found)[0].startswith("warning")
    Witness.objects.update(problem=Witness.Problem.REFUSED)
    found = run("doctor")
    assert found.status == 1 and "entries were changed" in told(found)[0] and told(found)[0].startswith("error")
    settings.WITNESSES = ["nonsense"]
    assert "GONGDUAN_WITNESSES: nonsense cannot be used" in told(run("doctor"))[0]


def test_doctor_when_a_backup_was_restored_says_so(real_db, time):
    run("seal_ledger")
    folder = configured.LOG_FOLDER
    note = key_folder.remembered(folder)
    from casework.transparency import notes

    body = notes.Checkpoint(log_key().name, size_of_log() + 5, b"x" * 32).body
    key_folder.remember(folder, notes.signed(body, [notes.signature(log_key(), key_folder.private(folder), body)]))
    assert note and "but only" in told(run("doctor"))[0]


def test_doctor_when_nobody_seals_says_so(real_db, time):
    run("seal_ledger")
    ledger.note("org", "test", {"about": "nothing"})
    time.on(minutes=20)
    assert "has waited 20 minutes to be sealed" in told(run("doctor"))[0]


@pytest.mark.parametrize("words, said", [
    (["--log", "x"], "NAME+ID+KEY"), ([], "the key of a log"), (["--name", "w"], "the key of a log"),
    (["--log", "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"], "--name witness.example/w1"),
    (["--log", "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "--name", "a b"], "spaces"),
    (["--log", "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "--name", "w", "--listen", "x"],
     "--listen HOST:PORT"),
])  # fmt: skip
def test_run_witness_with_what_is_none_says_what_is_missing(tmp_path, words, said):
    refused(run("run_witness", "--folder", tmp_path / "w", *words), 2, said)


class Process:
    """A command in a process of its own, on this test's database."""

    def __init__(self, folder: Path, *words: object, **environment: str) -> None:
        self.log = folder / f"{words[0]}.log"
        env = {
            **os.environ, "GONGDUAN_DATABASE_URL": address(), "DJANGO_SETTINGS_MODULE": "tests.settings",
            "LANG": "C.UTF-8", "GONGDUAN_LOG_FOLDER": str(configured.LOG_FOLDER), **environment,
        }  # fmt: skip
        with self.log.open("w") as out:
            command = [sys.executable, "manage.py", *map(str, words)]
            self.process = subprocess.Popen(command, cwd=HERE, stdout=out, stderr=subprocess.STDOUT, env=env)

    def waits_for(self, words: str) -> str:
        return until(lambda: next((line for line in self.log.read_text().splitlines() if words in line), ""))

    def ended(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


def until(found):
    end = clock.monotonic() + 60
    while not (what := found()):
        assert clock.monotonic() < end, "nothing found in a minute"
        clock.sleep(0.1)
    return what


def test_worker_and_witness_as_processes_seal_within_seconds_and_survive_being_killed(real_db, tmp_path):
    """As an operator sets it up: the log's key into the witness, the witness's line into the worker's settings."""
    run("seal_ledger")
    key = run("show_log_key").out.strip()
    connection.close()
    listen = ["--listen", "127.0.0.1:18761"]
    words = ["run_witness", "--folder", tmp_path / "w", "--name", "witness.example/w1", "--log", key, *listen]
    witness = Process(tmp_path, *words, GONGDUAN_DATABASE_URL="sqlite:////nowhere/at/all")
    worker = None
    try:
        setting = witness.waits_for("GONGDUAN_WITNESSES=").partition("GONGDUAN_WITNESSES=")[2]
        worker = Process(tmp_path, "work", GONGDUAN_WITNESSES=setting)
        worker.waits_for("Working")
        for round_ in range(3):
            event = ledger.note("org", "test", {"round": round_})
            sealed = until(lambda pk=event.pk: Cosignature.objects.filter(checkpoint__size__gt=index_of(pk)).first())
            assert sealed.witness == "witness.example/w1"
            if round_ == 0:
                assert worker.ended(signal.SIGKILL) == -9
                worker = Process(tmp_path, "work", GONGDUAN_WITNESSES=setting)
        with urllib.request.urlopen("http://127.0.0.1:18761/", timeout=10) as answer:
            assert answer.read().decode().split()[1] == str(Checkpoint.objects.latest("size").size)
        assert verify_ledger().ok
        assert worker.ended() == 0
        assert witness.ended() == 0
    finally:
        for process in filter(None, (worker, witness)):
            process.process.kill()
            process.process.wait()
    assert json.dumps(witness.log.read_text()).count("ALARM") == 0


def test_worker_copies_to_the_archive_and_has_it_stamped_beside_sealing(real_db, tmp_path):
    place = tmp_path / "archive"
    place.mkdir()
    run("seal_ledger")
    connection.close()
    with open_at(tmp_path / "tsa") as authority:
        settings = {"GONGDUAN_TSA": authority.url, "GONGDUAN_TSA_ROOTS": str(authority.roots)}
        worker = Process(tmp_path, "work", GONGDUAN_LOG_ARCHIVE=str(place), **settings)
        try:
            [stamp] = until(lambda: list(place.glob("*/*.tst")))
            assert openssl_agrees(stamp, stamp.with_suffix(".checkpoint"), authority.roots)
            event = ledger.note("org", "test", {"about": "nothing"})
            until(lambda: Checkpoint.objects.filter(size__gt=index_of(event.pk)).exists())
            assert worker.ended() == 0
        finally:
            worker.process.kill()
            worker.process.wait()


def index_of(event: int) -> int:
    found = CaseEvent.objects.filter(pk=event).values_list("leaf__index", flat=True).first()
    return 2**60 if found is None else found


REASON = ["--reason", "恢复了昨夜的备份"]


@pytest.fixture
def token_of_(real_db, monkeypatch):
    """The shell holds that person's token, in this test's own database."""

    def hold(login: str) -> None:
        monkeypatch.setenv("GONGDUAN_TOKEN", token_for(login))

    return hold


def test_begin_log_when_the_log_goes_on_refuses(real_db, time, token_of_):
    run("seal_ledger")
    token_of_("root")
    refused(run("begin_log", "--as", "root", *REASON), 4, "it goes on")


@pytest.mark.parametrize("login", ["fang", "aud", "ann"])
def test_begin_log_for_whoever_is_no_administrator_is_refused(real_db, time, token_of_, login):
    token_of_(login)
    refused(run("begin_log", "--as", login, *REASON), 3, "the administrator")


def test_begin_log_after_a_restore_goes_on_under_another_key_and_says_so(real_db, time, token_of_, tmp_path, settings):
    """The folder remembers more than the database has: a backup was restored."""
    token_of_("root")
    with watched_by(tmp_path / "witness", settings):
        run("seal_ledger")
        signed_ahead()
        ledger.note("org", "test", {"about": "nothing"})
        refused(run("seal_ledger"), 1, "backup was restored")
        before, old = run("show_log_key").out.strip(), Checkpoint.objects.latest("size")
        begun = run("begin_log", "--as", "root", *REASON)
        assert begun.status == 0 and begun.out.strip() == run("show_log_key").out.strip() != before
        settings.WITNESSES = []
        assert run("seal_ledger").json["signed"]
    new = Checkpoint.objects.latest("size")
    assert new.note.split("\n")[0] != old.note.split("\n")[0] and new.size > old.size
    assert verify_ledger().ok, "what the old key signed is still checked with it"
    assert (configured.LOG_FOLDER.with_name("log.1") / key_folder.SIGNED).exists()
    entry = json.loads(CaseEvent.objects.get(action="log_begun_again").entry)
    assert entry["data"]["key_before"] == before and "backup was restored" in entry["data"]["broken"]
    assert entry["actor"] == "root" or entry["account"] == "root"
    assert "REASON" not in entry["data"] and set(entry["data"]["reason"]) == {"sha256"}


def signed_ahead() -> None:
    from casework.transparency import notes

    folder = configured.LOG_FOLDER
    body = notes.Checkpoint(log_key().name, size_of_log() + 50, b"x" * 32).body
    key_folder.remember(folder, notes.signed(body, [notes.signature(log_key(), key_folder.private(folder), body)]))


def test_show_keys_prints_what_outsiders_check_with(real_db, time):
    run("seal_ledger")
    out = run("show_keys").out
    assert out.startswith("# ") and "BEGIN CERTIFICATE" in out and "BEGIN X509 CRL" in out
    assert out.splitlines()[-1] == run("show_log_key").out.strip()


def test_show_keys_before_there_is_a_pki_says_what_to_run(db, settings, tmp_path):
    settings.PKI_FOLDER = tmp_path / "none"
    refused(run("show_keys"), 1, "make_pki")
