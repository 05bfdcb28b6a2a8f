"""What a store of files promises, wherever its files lie."""

from pathlib import Path
from typing import BinaryIO, Protocol

from django.utils.translation import gettext as _

PART = 1024 * 1024


class StoreProblem(Exception):
    """A file was not to be had, or not to be kept or removed; nothing was changed."""

    code = ""


class FileProblem(StoreProblem):
    """Of one file. `code` is `missing`, `altered` or, where it cannot be removed, `locked`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class StoreAway(StoreProblem):
    """The store does not answer, or not to us; of its files that says nothing."""

    code = "away"


class Store(Protocol):
    """Files by their SHA-256: written whole or not at all, read back only if they still have that digest. Every method
    raises StoreAway where the store does not answer."""

    def put(self, data: bytes) -> str:
        """The file is stored under its digest, which is returned; putting it again changes nothing, or mends it."""

    def adopt(self, file: Path, digest: str) -> None:
        """A copy of `file` is stored under `digest`; FileProblem where the file has another digest, or is gone. However
        large it is, it is never held in memory."""

    def get(self, digest: str) -> bytes:
        """The bytes with that digest, or FileProblem when they are missing or altered."""

    def opened(self, digest: str) -> BinaryIO:
        """The same as an open file of this machine, to be read in parts, by its `name` also by another process. However
        large it is, it is never held in memory, and what was looked through once is not looked through again until the
        storage says that it changed."""

    def check(self, digest: str) -> None:
        """FileProblem where the file is missing or altered; nothing of it is handed out."""

    def holds(self, digest: str) -> bool:
        """Whether anything is kept under that digest, be it an earlier version."""

    def lock_on(self, digest: str) -> str:
        """Why the storage will not let go of the file, in words; empty where it will."""

    def remove(self, digest: str) -> None:
        """Nothing is kept under that digest, no earlier version either; FileProblem (`locked`) where something is."""

    def kept_for(self) -> str:
        """How long the storage keeps whatever is put there, removed or not, as `COMPLIANCE 30 Days`; empty where it
        lets go of it."""


def missing(digest: str) -> FileProblem:
    return FileProblem("missing", _("Expected file %(digest)s, but it is missing") % {"digest": digest[:16]})


def altered(digest: str) -> FileProblem:
    words = _("Expected file %(digest)s as it was received, but it was altered")
    return FileProblem("altered", words % {"digest": digest[:16]})


def locked(digest: str, lock: str) -> FileProblem:
    words = _("Expected to remove file %(digest)s, but %(lock)s; have the lock ended, or wait until it ends")
    return FileProblem("locked", words % {"digest": digest[:16], "lock": lock})
