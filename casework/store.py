"""Files by their SHA-256: written once, read back only if they still have that digest."""

import hashlib
import os
import shutil
import tempfile
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from django.utils.translation import gettext as _


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
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent)
    with os.fdopen(handle, "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    os.replace(name, target)
    return digest


def adopt(folder: Path, file: Path, digest: str) -> None:
    """A copy of `file` is on disk under `digest`; FileProblem where the file has another digest, or is gone."""
    target = path_of(folder, digest)
    with suppress(FileProblem):
        return opened(folder, digest).close()
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as out, file.open("rb") as given:
            shutil.copyfileobj(given, out)
            out.flush()
            os.fsync(out.fileno())
        with open(name, "rb") as copied:
            if hashlib.file_digest(copied, "sha256").hexdigest() != digest:
                raise _altered(digest)
        os.replace(name, target)
    except BaseException as problem:
        Path(name).unlink(missing_ok=True)
        if isinstance(problem, FileNotFoundError):
            raise _missing(digest) from None
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


def path_of(folder: Path, digest: str) -> Path:
    return folder / digest[:2] / digest
