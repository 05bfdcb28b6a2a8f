"""Files by their SHA-256: written once, read back only if they still have that digest."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from django.utils.translation import gettext as _

PART = 1024 * 1024


class FileProblem(Exception):
    """`code` is `missing` or `altered`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def put(folder: Path, data: bytes) -> str:
    """The file is on disk under its digest, which is returned; putting it again changes nothing, or mends it."""
    digest = hashlib.sha256(data).hexdigest()
    target = path_of(folder, digest)
    if target.exists() and hashlib.sha256(target.read_bytes()).hexdigest() == digest:
        return digest
    with written(target) as out:
        out.write(data)
    return digest


def adopt(folder: Path, file: Path, digest: str) -> None:
    """A copy of `file` is on disk under `digest`; FileProblem where the file has another digest, or is gone."""
    with suppress(FileProblem):
        return opened(folder, digest).close()
    try:
        given = file.open("rb")
    except FileNotFoundError:
        raise _missing(digest) from None
    with given, written(path_of(folder, digest)) as out:
        found = hashlib.sha256()
        while part := given.read(PART):
            found.update(part)
            out.write(part)
        if found.hexdigest() != digest:
            raise _altered(digest)


@contextmanager
def written(target: Path) -> Iterator[BinaryIO]:
    """What is written stands there, on disk and whole, once this is over; if anything fails, nothing of it is left."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def get(folder: Path, digest: str) -> bytes:
    """The bytes with that digest, or FileProblem when they are missing or altered."""
    try:
        data = path_of(folder, digest).read_bytes()
    except FileNotFoundError:
        raise _missing(digest) from None
    if hashlib.sha256(data).hexdigest() != digest:
        raise _altered(digest)
    return data


def opened(folder: Path, digest: str) -> BinaryIO:
    """The file with that digest, to be read in parts, or FileProblem. However large it is, it is never held in memory,
    and what was looked through once is not looked through again until the disk says that it changed."""
    try:
        file = path_of(folder, digest).open("rb")
    except FileNotFoundError:
        raise _missing(digest) from None
    try:
        known = os.fstat(file.fileno())
        if _digest_of(str(file.name), known.st_ino, known.st_size, known.st_mtime_ns, known.st_ctime_ns) != digest:
            raise _altered(digest)
    except BaseException:
        file.close()
        raise
    return file


@lru_cache(maxsize=1024)
def _digest_of(path: str, *_as_the_disk_says: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _missing(digest: str) -> FileProblem:
    return FileProblem("missing", _("Expected file %(digest)s, but it is missing") % {"digest": digest[:16]})


def _altered(digest: str) -> FileProblem:
    words = _("Expected file %(digest)s as it was received, but it was altered")
    return FileProblem("altered", words % {"digest": digest[:16]})


def remove(folder: Path, digest: str) -> None:
    """No file stands under that digest."""
    path_of(folder, digest).unlink(missing_ok=True)


def path_of(folder: Path, digest: str) -> Path:
    return folder / digest[:2] / digest
