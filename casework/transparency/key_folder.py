"""The folder of whoever signs checkpoints, a log or a witness: its key, its vkey for others, and what it signed last.

What was signed last stands here too, beside the key and outside of any database: a signer that forgot it could be made
to sign another history."""

import os
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
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
LEAKED = "leaked"


class KeyProblem(Exception):
    """The folder does not hold what a signer needs."""


@dataclass(frozen=True)
class Earlier:
    """A key that signed before: `last` is the size of the largest tree that it signed, None where nobody said. While
    the folder has it, it signs beside the one that follows it. `leaked`: somebody else may have it."""

    who: Verifier
    last: int | None = None
    leaked: bool = False
    still_signs: bool = False

    def __str__(self) -> str:
        size = "" if self.last is None else f" {self.last}"
        return f"{self.who}{size}{f' {LEAKED}' if self.leaked else ''}"


def made(folder: Path, name: str, kind: int) -> Verifier:
    """The folder has a key of that name, made now if there was no folder; the key can be read by its owner only."""
    if not folder.exists():
        key = Ed25519PrivateKey.generate()
        folder.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            _write(making / VKEY, f"{verifier_of(name, kind, key)}\n".encode(), 0o644)
            _write(making / KEY, _pem(key), 0o600)
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


def earlier(folder: Path) -> list[Earlier]:
    """The keys that signed before this one, the oldest first; KeyProblem where the list cannot be read."""
    current = (remembered(folder, VKEY) or "").strip()
    try:
        # The current one stands among them, too, if somebody was killed before it was to be another.
        lines = [line.split() for line in (remembered(folder, EARLIER) or "").splitlines()]
        keys = [(verifier(words[0]), words[1:]) for words in lines if words[0] != current]
        found = [Earlier(who, int(words[0]) if words else None, LEAKED in words) for who, words in keys]
    except (OSError, ValueError, IndexError) as error:
        raise KeyProblem(f"{folder / EARLIER}: {_reason(error)}") from None
    name = current.partition("+")[0]
    return [replace(one, still_signs=_signs(folder, one, name)) for one in found]


def owned(folder: Path) -> None:
    """Returns where the folder is this account's; else KeyProblem: what it wrote there, the owner could not read."""
    try:
        owner = folder.stat().st_uid
    except OSError as error:
        raise KeyProblem(f"{folder}: {_reason(error)}") from None
    if owner != os.geteuid():
        raise KeyProblem(_("%(folder)s belongs to another account") % {"folder": folder})


def prepared(folder: Path) -> Verifier:
    """A new key of the same name lies in the folder; nothing is signed with it until `take` says so. One that was
    prepared before and never taken is gone, and so are those that were given up."""
    current = public(folder)
    signing = {_key_file(folder, current), *(_key_file(folder, one.who) for one in earlier(folder) if one.still_signs)}
    for left in {folder / KEY, *folder.glob("key-*.pem")} - signing:
        left.unlink(missing_ok=True)
    key = Ed25519PrivateKey.generate()
    who = verifier_of(current.name, current.kind, key)
    _write(folder / f"key-{who.id.hex()}.pem", _pem(key), 0o600)
    return who


def take(folder: Path, who: Verifier) -> None:
    """The key that was prepared signs from now on, and beside it the one that did until now. KeyProblem where it is not
    there any more."""
    private_of(folder, who)
    _publish(folder, EARLIER, _lines([*earlier(folder), Earlier(public(folder))]))
    _publish(folder, VKEY, f"{who}\n")


def give_up(folder: Path, key: Earlier) -> None:
    """An earlier key counts for no more than `key` says, and is gone."""
    file = _key_file(folder, key.who)
    _publish(folder, EARLIER, _lines(key if one.who == key.who else one for one in earlier(folder)))
    file.unlink(missing_ok=True)


def carry_over(folder: Path, keys: Iterable[Earlier]) -> None:
    """These signed before the folder's own."""
    _publish(folder, EARLIER, _lines(keys))


def _lines(keys: Iterable[Earlier]) -> str:
    return "".join(f"{key}\n" for key in keys)


def _signs(folder: Path, key: Earlier, name: str) -> bool:
    return key.last is None and key.who.name == name and _key_file(folder, key.who).exists()


def private(folder: Path) -> Ed25519PrivateKey:
    """The key; KeyProblem where there is none, or one that is not that of the vkey."""
    return private_of(folder, public(folder))


def private_of(folder: Path, who: Verifier) -> Ed25519PrivateKey:
    """The key of just that signer; KeyProblem where it is not there, or another lies in its place."""
    file = _key_file(folder, who)
    try:
        key = load_pem_private_key(file.read_bytes(), None)
    except (OSError, ValueError) as error:
        raise KeyProblem(f"{file}: {_reason(error)}") from None
    if not isinstance(key, Ed25519PrivateKey) or verifier_of(who.name, who.kind, key) != who:
        raise KeyProblem(_("%(file)s: the key is not the one of %(vkey)s") % {"file": file, "vkey": VKEY})
    return key


def _key_file(folder: Path, who: Verifier) -> Path:
    """The first key of a name has no number in the name of its file."""
    vkeys = [line.split(" ")[0] for line in (remembered(folder, EARLIER) or "").splitlines()]
    first = next((vkey for vkey in vkeys if vkey.startswith(f"{who.name}+")), (remembered(folder, VKEY) or "").strip())
    return folder / (KEY if str(who) == first else f"key-{who.id.hex()}.pem")


def remember(folder: Path, note: str, name: str = SIGNED) -> None:
    """The note is on disk as what was signed last, or what stood there before still is."""
    with written(folder / name) as out:
        out.write(note.encode())


def _publish(folder: Path, name: str, text: str) -> None:
    """As `remember`, for everybody to read: who checks what was signed may have another account."""
    with written(folder / name) as out:
        out.write(text.encode())
        os.fchmod(out.fileno(), 0o644)


def remembered(folder: Path, name: str = SIGNED) -> str | None:
    """What was signed last; None where nothing was."""
    try:
        return (folder / name).read_text()
    except FileNotFoundError:
        return None


def _pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(path: Path, data: bytes, mode: int) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", "") or str(error)
