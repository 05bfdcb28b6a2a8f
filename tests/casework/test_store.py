"""Files by their digest, in a folder and in a bucket: the same promises."""

import hashlib
import os
import subprocess
import sys
import threading
import time
import tracemalloc
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from casework import s3, store
from casework.store import FileProblem, cache
from casework.store.folder import written
from casework.store.port import Store
from tests.bucket import bucket, keys_in, new_bucket

MIB = 1 << 20
assert bucket, "is a fixture"
WORDS = "录音".encode()
DIGEST = hashlib.sha256(WORDS).hexdigest()


@pytest.fixture(params=["folder", "bucket"])
def files(request, settings, tmp_path: Path) -> Store:
    settings.EVIDENCE_FOLDER = tmp_path / "evidence"
    if request.param == "bucket":
        request.getfixturevalue("bucket")
    return store.evidence()


def alter(bucket: str | None, data: bytes = b"something else") -> None:
    """Somebody writes over it behind our back."""
    if bucket:
        s3.client().put_object(Bucket=bucket, Key=f"gongduan/evidence/{DIGEST[:2]}/{DIGEST}", Body=data)
    else:
        store.evidence().path_of(DIGEST).write_bytes(data)


def where(files: Store, settings: Any) -> str | None:
    return settings.STORE.split("/")[2] if settings.STORE else None


def whole(files: Store) -> bytes:
    with files.opened(DIGEST) as file:
        return file.read()


def refused(code: str, *call: Any) -> None:
    with pytest.raises(FileProblem) as refusal:
        call[0](*call[1:])
    assert refusal.value.code == code


def test_file_when_put_is_read_back_and_put_again_changes_nothing(files: Store, settings):
    assert files.put(WORDS) == files.put(WORDS) == DIGEST
    assert files.get(DIGEST) == WORDS and whole(files) == WORDS
    files.check(DIGEST)
    assert files.holds(DIGEST) and files.lock_on(DIGEST) == ""
    if bucket := where(files, settings):
        assert keys_in(bucket) == [f"gongduan/evidence/{DIGEST[:2]}/{DIGEST}"], "no second version"


def test_file_when_missing_is_refused_in_words(files: Store):
    for read in (files.get, files.opened, files.check):
        refused("missing", read, DIGEST)
    assert not files.holds(DIGEST)
    files.remove(DIGEST)


def test_file_when_altered_is_refused_and_mended_by_the_right_one(files: Store, settings, tmp_path: Path):
    files.put(WORDS)
    files.opened(DIGEST).close()
    alter(where(files, settings))
    for read in (files.get, files.opened, files.check):
        refused("altered", read, DIGEST)
    files.put(WORDS)
    assert whole(files) == WORDS
    alter(where(files, settings))
    given = tmp_path / "given"
    given.write_bytes(WORDS)
    files.adopt(given, DIGEST)
    assert files.get(DIGEST) == WORDS


def test_file_when_not_what_was_announced_is_never_stored(files: Store, tmp_path: Path):
    given = tmp_path / "given"
    refused("missing", files.adopt, given, DIGEST)
    given.write_bytes(b"another")
    refused("altered", files.adopt, given, DIGEST)
    assert not files.holds(DIGEST)


def test_file_when_removed_leaves_no_earlier_version_and_no_copy(files: Store, settings):
    files.put(WORDS)
    files.opened(DIGEST).close()
    if bucket := where(files, settings):
        alter(bucket)
        s3.client().delete_object(Bucket=bucket, Key=f"gongduan/evidence/{DIGEST[:2]}/{DIGEST}")
        refused("missing", files.get, DIGEST)
        assert len(keys_in(bucket)) == 3 and files.holds(DIGEST), "a marker is no erasure"
    files.remove(DIGEST)
    assert not files.holds(DIGEST) and (not bucket or keys_in(bucket) == [])
    assert not list(settings.CACHE_FOLDER.glob("*/*"))


def test_file_when_put_by_two_at_once_is_whole(files: Store):
    threads = [threading.Thread(target=files.put, args=[WORDS]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert files.get(DIGEST) == WORDS


def test_file_when_large_is_never_held_in_memory(files: Store, tmp_path: Path):
    given = tmp_path / "large"
    with given.open("wb") as out:
        for part in range(48):
            out.write(bytes([part]) * MIB)
    with given.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    files.put(WORDS)  # what is made once is made
    tracemalloc.start()
    files.adopt(given, digest)
    with files.opened(digest) as file:
        assert file.seek(47 * MIB) and file.read(3) == bytes([47]) * 3
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 8 * MIB


# Reads on until it is killed: the file, of which it has more than the half written or sent, never ends.
ENDLESS = """
import sys, django
django.setup()
from pathlib import Path
from django.conf import settings
from casework import store
settings.STORE, settings.EVIDENCE_FOLDER = sys.argv[1], Path(sys.argv[2])
class Endless:
    def __init__(self, file): self.file = file
    def __getattr__(self, name): return getattr(self.file, name)
    def __enter__(self): return self
    def __exit__(self, *_): self.file.close()
    def read(self, size=-1):
        if self.file.tell() > 20 << 20 and Endless.sent:
            print("half", flush=True)
            sys.stdin.read()
        return self.file.read(size)
Endless.sent = not settings.STORE
if settings.STORE:
    from casework import s3
    from casework.store.bucket import BucketStore
    def begun(**_): Endless.sent = True
    s3.client().meta.events.register("before-send.s3.PutObject", begun)
    send = BucketStore._send
    BucketStore._send = lambda self, digest, data: send(self, digest, Endless(data))
else:
    opened = Path.open
    Path.open = lambda self, *mode: Endless(opened(self, *mode)) if self == Path(sys.argv[3]) else opened(self, *mode)
store.evidence().adopt(Path(sys.argv[3]), sys.argv[4])
"""


def test_file_when_its_writer_is_killed_is_not_there_and_is_written_again(files: Store, settings, tmp_path: Path):
    given = tmp_path / "large"
    with given.open("wb") as out:
        for _ in range(32):
            out.write(os.urandom(MIB))
    with given.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    command = [sys.executable, "-c", ENDLESS, settings.STORE, str(settings.EVIDENCE_FOLDER), str(given), digest]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:  # fmt: skip
        assert process.stdout and process.stdout.readline() == "half\n"
        process.kill()
    time.sleep(0.5)  # for the server to see that nothing more comes
    refused("missing", files.check, digest)
    files.adopt(given, digest)
    with files.opened(digest) as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == digest


# In a bucket


def test_file_under_a_lock_is_not_removed_and_the_refusal_says_until_when(storage_server: str, bucket: str, settings):
    name = new_bucket(lock=True)
    settings.STORE = f"s3://{name}"
    files = store.evidence()
    key = f"evidence/{DIGEST[:2]}/{DIGEST}"
    until = datetime.now(UTC) + timedelta(days=400)
    files.put(WORDS)
    lock = {"Mode": "COMPLIANCE", "RetainUntilDate": until}
    s3.client().put_object_retention(Bucket=name, Key=key, Retention=lock)
    assert str(until.year) in files.lock_on(DIGEST)
    with pytest.raises(FileProblem, match=f"object lock keeps it until {until.year}"):
        files.remove(DIGEST)
    assert files.get(DIGEST) == WORDS


def test_file_that_came_with_another_digest_is_altered(bucket: str):
    files = store.evidence()
    files.put(WORDS)
    key = f"gongduan/evidence/{DIGEST[:2]}/{DIGEST}"
    other = b64encode(hashlib.sha256(b"another").digest()).decode()
    s3.client().put_object(
        Bucket=bucket, Key=key, Body=b"another", ChecksumAlgorithm="SHA256", ChecksumSHA256=other
    )  # fmt: skip
    for read in (files.check, files.opened, files.get):
        refused("altered", read, DIGEST)


def test_copy_is_fetched_once_and_whoever_alters_it_changes_nothing(bucket: str, settings, monkeypatch):
    files = store.evidence()
    files.put(WORDS)
    fetched: list[str] = []
    s3.client().meta.events.register("before-call.s3.GetObject", lambda **_: fetched.append("once"))
    for _ in range(5):
        files.opened(DIGEST).close()
    assert len(fetched) == 1
    [copy] = settings.CACHE_FOLDER.glob("*/*")
    copy.write_bytes(b"altered here")
    assert whole(files) == WORDS and len(fetched) == 2
    copy.unlink()
    assert whole(files) == WORDS and len(fetched) == 3


def test_copies_hold_no_more_than_they_may_and_none_that_nobody_reads(bucket: str, settings):
    files = store.evidence()
    settings.CACHE_AT_MOST = 2 * MIB + 10
    digests = [files.put(bytes([n]) * MIB) for n in range(3)]
    for age, digest in zip((300, 200, 100), digests, strict=True):
        files.opened(digest).close()
        [copy] = settings.CACHE_FOLDER.glob(f"*/{digest}-*")
        os.utime(copy, (time.time() - age,) * 2)
    kept = sorted(copy.name[:64] for copy in settings.CACHE_FOLDER.glob("*/*"))
    assert kept == sorted(digests[1:])
    for copy in settings.CACHE_FOLDER.glob("*/*"):
        os.utime(copy, (0, 0))
    files.opened(digests[0]).close()
    assert [copy.name[:64] for copy in settings.CACHE_FOLDER.glob("*/*")] == digests[:1]


def test_copy_that_another_process_is_writing_stays_for_a_day(bucket: str, settings):
    settings.CACHE_AT_MOST = 0
    digest = store.evidence().put(WORDS)
    folder = settings.CACHE_FOLDER / digest[:2]
    with pytest.raises(ZeroDivisionError), written(folder / "copy") as out:
        cache.tidy(MIB)
        assert len(list(folder.iterdir())) == 1, "it is being written"
        os.utime(out.fileno(), (0, 0))
        cache.tidy(MIB)
        assert not list(folder.iterdir()), "whoever wrote it was killed"
        raise ZeroDivisionError


def test_copy_that_cannot_be_removed_or_opened_stands_in_nobodys_way(bucket: str, settings):
    settings.CACHE_AT_MOST = 0
    files = store.evidence()
    files.put(WORDS)
    files.opened(DIGEST).close()
    [copy] = settings.CACHE_FOLDER.glob("*/*")
    copy.unlink()
    copy.mkdir()  # which no unlink removes, and nobody opens
    old = copy.with_name("old")
    old.mkdir()
    os.utime(old, (0, 0))
    cache.tidy(MIB)
    with pytest.raises(store.StoreAway, match="Expected room for a copy"):
        files.opened(DIGEST)
