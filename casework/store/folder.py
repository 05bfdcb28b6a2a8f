"""A store in a folder of this machine, or of one that it shares with others."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from casework.store.port import PART, FileProblem, altered, missing

HALF = "tmp"  # begins the names of what is being written


class FolderStore:
    """FOLDER/AB/ABCD…, by digest. Keeps what the port promises."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        target = self.path_of(digest)
        if target.exists() and hashlib.sha256(target.read_bytes()).hexdigest() == digest:
            return digest
        with written(target) as out:
            out.write(data)
        return digest

    def adopt(self, file: Path, digest: str) -> None:
        with suppress(FileProblem):
            return self.check(digest)
        with opened_as_it_is(file, digest) as given, written(self.path_of(digest)) as out:
            copy(given, out, digest)

    def get(self, digest: str) -> bytes:
        try:
            data = self.path_of(digest).read_bytes()
        except FileNotFoundError:
            raise missing(digest) from None
        if hashlib.sha256(data).hexdigest() != digest:
            raise altered(digest)
        return data

    def opened(self, digest: str) -> BinaryIO:
        return opened_whole(self.path_of(digest), digest)

    def check(self, digest: str) -> None:
        self.opened(digest).close()

    def holds(self, digest: str) -> bool:
        return self.path_of(digest).exists()

    def lock_on(self, digest: str) -> str:
        return ""

    def remove(self, digest: str) -> None:
        self.path_of(digest).unlink(missing_ok=True)

    def kept_for(self) -> str:
        return ""

    def path_of(self, digest: str) -> Path:
        return self.folder / digest[:2] / digest


@contextmanager
def written(target: Path) -> Iterator[BinaryIO]:
    """What is written stands there, on disk and whole, once this is over; if anything fails, nothing of it is left."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=HALF, dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def copy(given: BinaryIO, out: BinaryIO, digest: str) -> None:
    """All of it was written in parts; FileProblem where it has another digest."""
    found = hashlib.sha256()
    while part := given.read(PART):
        found.update(part)
        out.write(part)
    if found.hexdigest() != digest:
        raise altered(digest)


def opened_as_it_is(path: Path, digest: str) -> BinaryIO:
    """The file at that path, not looked at yet; FileProblem where it is not there."""
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise missing(digest) from None


def opened_whole(path: Path, digest: str) -> BinaryIO:
    """The file at that path, looked through; FileProblem where it is not there, or has another digest."""
    file = opened_as_it_is(path, digest)
    try:
        known = os.fstat(file.fileno())
        if _digest_of(str(path), known.st_ino, known.st_size, known.st_mtime_ns, known.st_ctime_ns) != digest:
            raise altered(digest)
    except BaseException:
        file.close()
        raise
    return file


@lru_cache(maxsize=1024)
def _digest_of(path: str, *_as_the_disk_says: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
