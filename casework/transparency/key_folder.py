"""The folder of whoever signs checkpoints, a log or a witness: its key, its vkey for others, and what it signed last.

What was signed last stands here too, beside the key and outside of any database: a signer that forgot it could be made
to sign another history."""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from django.utils.translation import gettext as _

from casework.store.folder import written
from casework.transparency.notes import NoteError, Verifier, verifier, verifier_of

KEY, VKEY, SIGNED, EARLIER = "key.pem", "vkey", "signed", "earlier"


class KeyProblem(Exception):
    """The folder does not hold what a signer needs."""


def made(folder: Path, name: str, kind: int) -> Verifier:
    """The folder has a key of that name, made now if there was no folder; the key can be read by its owner only."""
    if not folder.exists():
        key = Ed25519PrivateKey.generate()
        folder.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            _write(making / VKEY, f"{verifier_of(name, kind, key)}\n".encode(), 0o644)
            pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            _write(making / KEY, pem, 0o600)
            with suppress(OSError):  # somebody else made it in the meantime, and theirs is used
                os.rename(making, folder)
        finally:
            shutil.rmtree(making, ignore_errors=True)
    return public(folder)


def public(folder: Path) -> Verifier:
    """Whose signatures are those of this folder; KeyProblem where it has no key."""
    try:
        return verifier((folder / VKEY).read_text())
    except (OSError, NoteError) as error:
        raise KeyProblem(f"{folder / VKEY}: {_reason(error)}") from None


def earlier(folder: Path) -> list[str]:
    """The vkeys of the keys that signed before this one."""
    return (remembered(folder, EARLIER) or "").split()


def private(folder: Path) -> Ed25519PrivateKey:
    """The key; KeyProblem where there is none, or one that is not that of the vkey."""
    try:
        key = load_pem_private_key((folder / KEY).read_bytes(), None)
    except (OSError, ValueError) as error:
        raise KeyProblem(f"{folder / KEY}: {_reason(error)}") from None
    who = public(folder)
    if not isinstance(key, Ed25519PrivateKey) or verifier_of(who.name, who.kind, key) != who:
        raise KeyProblem(_("%(file)s: the key is not the one of %(vkey)s") % {"file": folder / KEY, "vkey": VKEY})
    return key


def remember(folder: Path, note: str, name: str = SIGNED) -> None:
    """The note is on disk as what was signed last, or what stood there before still is."""
    with written(folder / name) as out:
        out.write(note.encode())


def remembered(folder: Path, name: str = SIGNED) -> str | None:
    """What was signed last; None where nothing was."""
    try:
        return (folder / name).read_text()
    except FileNotFoundError:
        return None


def _write(path: Path, data: bytes, mode: int) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", "") or str(error)
