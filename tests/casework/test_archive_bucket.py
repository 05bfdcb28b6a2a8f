"""Copies of what was signed, in a bucket with object lock."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import sleep
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from casework import s3
from casework.checks import buckets_can_be_asked
from casework.config import environment
from casework.domain import ledger
from casework.domain.archiving import archive_log, log_archive
from casework.domain.sealing import seal_ledger
from casework.domain.verification import verify_ledger
from casework.models import Checkpoint
from casework.transparency.archive import ArchiveProblem
from tests.answering import answering
from tests.bucket import asked_at, new_bucket
from tests.commands.conftest import refused, run
from tests.factories import dispute
from tests.time_authority import open_at

DONE = {"copied": True, "stamped": 0, "waiting": 0, "problem": ""}


@pytest.fixture
def bucket(storage_server: str, real_db, time, monkeypatch, settings) -> Iterator[str]:
    """An empty archive with object lock, and a ledger that is sealed."""
    with asked_at(storage_server, monkeypatch):
        name = new_bucket(lock=True)
        settings.LOG_ARCHIVE, settings.ARCHIVE_LOCK = f"s3://{name}/log", ("COMPLIANCE", 30)
        dispute(upto="forwarded")
        seal_ledger()
        yield name


def versions(bucket: str, ends: str = ".checkpoint") -> list[dict]:
    return [found for found in s3.versions_of(s3.Place(bucket, "log/"), "") if found["Key"].endswith(ends)]


def found() -> list[str]:
    return [problem.check for problem in verify_ledger().problems]


def test_copy_is_written_once_stamped_and_kept_by_the_bucket(bucket: str, tmp_path: Path, settings):
    with open_at(tmp_path / "tsa") as authority:
        settings.TSA, settings.TSA_ROOTS = authority.url, authority.roots
        assert run("archive_log").json == {**DONE, "stamped": 1} and found() == []
    archive = log_archive()
    [size] = archive.sizes()
    archive.add(size, "something else")
    assert archive.checkpoint(size).decode() == Checkpoint.objects.get().note
    [copy] = versions(bucket)
    assert copy["Key"].startswith("log/") and len(versions(bucket, ".tst")) == len(versions(bucket, "vkey")) == 1
    which = {"Bucket": bucket, "Key": copy["Key"], "VersionId": copy["VersionId"]}
    about = s3.client().head_object(**which)
    assert about["ObjectLockMode"] == "COMPLIANCE"
    assert timedelta(days=29) < about["ObjectLockRetainUntilDate"] - datetime.now(UTC) < timedelta(days=31)
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.client().delete_object(**which)
    told = run("doctor").out
    assert f"copied to s3://{bucket}/log up to entry {size}" in told and "object lock" not in told


def test_copy_that_somebody_writes_over_or_hides_still_counts_and_is_told(bucket: str):
    archive_log()
    [copy] = versions(bucket)
    sleep(1.1)  # times of versions are in seconds
    s3.client().put_object(Bucket=bucket, Key=copy["Key"], Body=b"another history")
    assert log_archive().checkpoint(log_archive().sizes()[0]).decode() == Checkpoint.objects.get().note
    assert found() == ["archive"]
    assert "was written over or deleted; what was there first still counts" in run("doctor").out
    s3.client().delete_object(Bucket=bucket, Key=copy["Key"])
    assert len(versions(bucket)) == 3
    assert log_archive().checkpoint(log_archive().sizes()[0]).decode() == Checkpoint.objects.get().note
    assert found() == ["archive"]


def test_archive_that_is_away_in_one_moment_is_told_and_not_asked_again(bucket: str):
    archive_log()
    asked: list[str] = []

    def is_away(**_: object) -> None:
        asked.append("once")
        if len(asked) <= 2:  # the SDK tries twice
            raise EndpointConnectionError(endpoint_url="https://s3.example")

    s3.client().meta.events.register("before-send.s3", is_away)
    done = run("verify_ledger")
    assert done.status == 1 and "log: away: " in done.out and "the rest is whole" in done.out
    assert len(asked) == 2, "what could not be asked is not half asked for later"
    assert found() == [] and len(asked) > 3


def test_copy_in_another_logs_place_is_found(bucket: str):
    archive_log()
    s3.client().put_object(Bucket=bucket, Key="log/0123abcd/vkey", Body=b"other+0123abcd+AAAA")
    assert found() == ["archive"]


def test_doctor_says_that_a_bucket_without_lock_can_be_overwritten(bucket: str, settings):
    settings.LOG_ARCHIVE, settings.ARCHIVE_LOCK = f"s3://{new_bucket()}/log", None
    assert archive_log() == DONE and found() == []
    assert "no object lock: whoever may write to it can overwrite and delete the copies" in run("doctor").out
    settings.LOG_ARCHIVE = f"s3://{bucket}/log"
    archive_log()
    assert "nothing says how long the bucket keeps the copies" in run("doctor").out
    rule = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 3}}}
    s3.client().put_object_lock_configuration(Bucket=(kept := new_bucket(lock=True)), ObjectLockConfiguration=rule)
    settings.LOG_ARCHIVE = f"s3://{kept}"
    archive_log()
    assert "how long the bucket keeps" not in run("doctor").out


@pytest.mark.parametrize("conflict", [False, True])
def test_copy_in_a_bucket_that_does_not_know_the_condition_is_written_once(
    bucket: str, storage_server: str, monkeypatch, time, conflict: bool
):
    archive_log()
    ledger.note("org", "test", {"about": "nothing"})
    seal_ledger()
    time.on(minutes=61)
    with before(storage_server, conflict) as url, asked_at(url, monkeypatch):
        assert archive_log()["copied"]
    with asked_at(storage_server, monkeypatch):
        assert len(versions(bucket)) == (1 if conflict else 2)
        assert len(versions(bucket, "vkey")) == 1 and found() == []


@contextmanager
def before(url: str, conflict: bool) -> Iterator[str]:
    """The address of another maker's storage, which passes over `If-None-Match`, or has somebody else write the same
    name at each moment."""
    there = urlsplit(url).netloc

    class Another(BaseHTTPRequestHandler):
        def _passed_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if conflict and self.command == "PUT":
                words = b"<Error><Code>ConditionalRequestConflict</Code><Message>at once</Message></Error>"
                return self._answer(409, [], words)
            asked = HTTPConnection(there)
            headers = {name: value for name, value in self.headers.items() if name.lower() != "if-none-match"}
            asked.request(self.command, self.path, body, headers)
            answer = asked.getresponse()
            self._answer(answer.status, answer.getheaders(), answer.read())
            asked.close()

        def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers:
                if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_HEAD = do_PUT = _passed_on

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Another)
    with answering(server):
        yield f"http://127.0.0.1:{server.server_address[1]}"


def test_copy_that_cannot_be_locked_is_not_made(bucket: str, settings):
    settings.LOG_ARCHIVE = f"s3://{(name := new_bucket())}/log"
    with pytest.raises(ArchiveProblem, match=f"bucket {name} cannot be used"):
        archive_log()
    assert versions(name) == []


def test_archive_in_a_bucket_that_does_not_exist_is_refused_in_words(bucket: str, settings):
    settings.LOG_ARCHIVE = "s3://no-such-bucket/log"
    refused(run("archive_log"), 1, "bucket no-such-bucket cannot be used: it does not exist")
    assert "it does not exist" in run("doctor").out and found() == ["away"]


def test_archive_that_does_not_answer_is_refused_in_words(bucket: str, monkeypatch):
    with asked_at("http://127.0.0.1:9", monkeypatch):
        refused(run("archive_log"), 1, "Could not connect")
        assert found() == ["away"]


# Settings


def test_check_when_a_setting_names_no_bucket_or_boto3_is_missing_says_what_to_do(settings, monkeypatch):
    settings.STORE, settings.LOG_ARCHIVE = "", None
    assert buckets_can_be_asked() == []
    settings.STORE, settings.LOG_ARCHIVE = "s3://good/place", "s3://BAD"
    [error] = buckets_can_be_asked()
    assert error.id == "casework.E004" and "GONGDUAN_LOG_ARCHIVE: Expected s3://BUCKET/PREFIX" in error.msg
    monkeypatch.setattr("casework.checks.find_spec", lambda _name: None)
    [error] = buckets_can_be_asked()
    assert error.id == "casework.E003" and "pip install gongduan[s3]" in error.hint
    assert "GONGDUAN_STORE and GONGDUAN_LOG_ARCHIVE" in error.msg


WITHOUT = """
import sys
sys.modules["boto3"] = None
import django
django.setup()
from django.core.management import call_command
from casework import store
from casework.transparency.archive import archive_keys
for ask in (store.documents, lambda: archive_keys("s3://files")):
    try:
        ask()
        print("done")
    except Exception as problem:
        print(type(problem).__name__, problem)
call_command("check")
"""


def test_installation_without_boto3_works_and_refuses_a_bucket_in_words(tmp_path: Path):
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "GONGDUAN_STORE": ""}
    command = [sys.executable, "-c", WITHOUT]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("done\nArchiveProblem Expected boto3"), done.stderr
    environment["GONGDUAN_STORE"] = "s3://files"
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 1 and "casework.E003" in done.stderr and "pip install gongduan[s3]" in done.stderr
    assert done.stdout.startswith("StoreAway Expected boto3 for GONGDUAN_STORE")


@pytest.mark.parametrize("text", ["4G", "-1", "4.5", "4 096"])
def test_size_of_the_cache_when_it_is_none_is_refused_in_words(text: str):
    with pytest.raises(ValueError, match="GONGDUAN_CACHE_MIB: expected a number of MiB such as 4096, but it is "):
        environment.cache_at_most(text)
    assert environment.cache_at_most("") == 4096 << 20 and environment.cache_at_most("7") == 7 << 20


@pytest.mark.parametrize("text", ["COMPLIANCE", "NEVER:3", "GOVERNANCE:0", "COMPLIANCE:-1", "COMPLIANCE:x"])
def test_lock_when_it_is_none_is_refused_in_words(text: str):
    with pytest.raises(ValueError, match="GONGDUAN_ARCHIVE_LOCK: expected COMPLIANCE:DAYS"):
        environment.archive_lock(text)
    assert environment.archive_lock("compliance:3650") == ("COMPLIANCE", 3650) and environment.archive_lock("") is None
