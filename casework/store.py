"""Files by their SHA-256: written once, read back only if they still have that digest."""

import hashlib
import os
import tempfile
from pathlib import Path

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


def get(folder: Path, digest: str) -> bytes:
    """The bytes with that digest, or FileProblem when they are missing or altered."""
    try:
        data = path_of(folder, digest).read_bytes()
    except FileNotFoundError:
        raise FileProblem(
            "missing", _("Expected file %(digest)s, but it is missing") % {"digest": digest[:16]}
        ) from None
    if hashlib.sha256(data).hexdigest() != digest:
        raise FileProblem(
            "altered",
            _("Expected file %(digest)s as it was received, but it was altered") % {"digest": digest[:16]},
        )
    return data


def path_of(folder: Path, digest: str) -> Path:
    return folder / digest[:2] / digest
