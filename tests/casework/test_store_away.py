"""A bucket that is not there, does not answer, does not let us in, or is something else: in words, and nothing is
missing for it."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from casework import store
from casework.store import StoreAway
from tests.answering import answering
from tests.bucket import asked_at, bucket

WORDS = "录音".encode()
DIGEST = hashlib.sha256(WORDS).hexdigest()
assert bucket, "is a fixture"


def test_store_whose_bucket_does_not_exist_is_away_and_misses_nothing(bucket: str, settings):
    settings.STORE = "s3://no-such-bucket"
    files = store.evidence()
    for ask in (files.get, files.opened, files.check, files.holds, files.lock_on, files.remove):
        with pytest.raises(StoreAway, match="bucket no-such-bucket cannot be used: it does not exist"):
            ask(DIGEST)
    with pytest.raises(StoreAway, match="does not exist"):
        files.put(WORDS)


@pytest.mark.parametrize("setting", ["s3://", "s3:///x", "s3://UPPER/x", "http://files/x", "s3://files/a b", "files"])
def test_store_when_the_setting_is_no_bucket_is_refused_in_words(bucket: str, settings, setting: str):
    settings.STORE = setting
    with pytest.raises(StoreAway, match="Expected s3://BUCKET/PREFIX"):
        store.documents().get(DIGEST)


def test_store_that_does_not_answer_is_away(bucket: str, settings, monkeypatch):
    with asked_at("http://127.0.0.1:9", monkeypatch), pytest.raises(StoreAway, match="Could not connect"):
        store.evidence().check(DIGEST)


def test_store_without_credentials_is_away(bucket: str, settings, monkeypatch, storage_server: str):
    with asked_at(storage_server, monkeypatch):
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        with pytest.raises(StoreAway, match="credentials"):
            store.evidence().put(WORDS)


HOSTILE = {
    "wrong credentials": (403, b"<Error><Code>SignatureDoesNotMatch</Code><Message>no</Message></Error>", "let us in"),
    "no S3": (200, b"<html>welcome</html>", None),
    "error": (500, b"oops", "cannot be used"),
    "redirect": (301, b"<Error><Code>PermanentRedirect</Code><Message>there</Message></Error>", "cannot be used"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_store_that_answers_otherwise_than_s3_is_never_believed(bucket: str, settings, monkeypatch, kind: str):
    status, body, words = HOSTILE[kind]

    class Answer(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body if self.command != "HEAD" else b"")

        do_GET = do_HEAD = do_PUT = do_DELETE = _answer

        def log_message(self, *_: object) -> None:
            pass

    with server(Answer) as url, asked_at(url, monkeypatch):
        for ask in (store.evidence().get, store.evidence().check, store.evidence().opened):
            with pytest.raises(store.StoreProblem, match=words or "altered|cannot be used"):
                ask(DIGEST)


ODD = {
    "no digest": {"ETag": '"a"', "x-amz-checksum-sha256": "%%%%%"},
    "no name for the version": {"x-amz-checksum-sha256": ""},
}


@pytest.mark.parametrize("kind", ODD)
def test_store_that_says_odd_things_of_a_file_is_away(bucket: str, monkeypatch, kind: str):
    class Answer(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(200)
            for name, value in ODD[kind].items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with server(Answer) as url, asked_at(url, monkeypatch), pytest.raises(StoreAway, match="answer as S3 does"):
        store.evidence().check(DIGEST)


LOCK = b"<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Days>3</Days>"
LOCK += b"</DefaultRetention></Rule></ObjectLockConfiguration>"


def test_store_that_says_odd_things_of_its_lock_is_away(bucket: str, monkeypatch):
    class Answer(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(LOCK)))
            self.end_headers()
            self.wfile.write(LOCK if self.command != "HEAD" else b"")

        do_GET = do_HEAD = _answer

        def log_message(self, *_: object) -> None:
            pass

    with server(Answer) as url, asked_at(url, monkeypatch), pytest.raises(StoreAway, match="answer as S3 does"):
        store.evidence().kept_for()


@contextmanager
def server(answers: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Its address."""
    at = ThreadingHTTPServer(("127.0.0.1", 0), answers)
    with answering(at):
        yield f"http://127.0.0.1:{at.server_address[1]}"
