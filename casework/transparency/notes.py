"""Signed notes, and what stands on them: checkpoints of the log, cosignatures of witnesses, and proofs to take away
(C2SP signed-note, tlog-checkpoint, tlog-cosignature, tlog-proof)."""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.utils.translation import gettext as _

SIGNED, COSIGNED = 1, 4  # the kinds of signature: a log's, a witness's
HEADER = "c2sp.org/tlog-proof@v1"
LONGEST, MOST_LINES = 100_000, 64
_DASH = "\N{EM DASH} "
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")


class NoteError(ValueError):
    """The text is no note of that kind, or nobody trusted has signed it."""


@dataclass(frozen=True)
class Verifier:
    """Whose signatures count: a name, the kind of signature, and the public key."""

    name: str
    kind: int
    key: bytes

    @property
    def id(self) -> bytes:
        return sha256(f"{self.name}\n".encode() + bytes([self.kind]) + self.key).digest()[:4]

    def __str__(self) -> str:
        """The vkey, as it is given to others."""
        return f"{self.name}+{self.id.hex()}+{b64encode(bytes([self.kind]) + self.key).decode()}"


@dataclass(frozen=True)
class Checkpoint:
    """What a log says of itself: that its first `size` entries have this root."""

    origin: str
    size: int
    root: bytes

    @property
    def body(self) -> str:
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


@dataclass(frozen=True)
class Proof:
    """That an entry is in the log: its index, the path from its leaf, and the checkpoint it leads to, as signed;
    `extra` is what travels with it, for us the entry itself."""

    index: int
    path: Sequence[bytes]
    checkpoint: str
    extra: bytes = b""


def verifier(vkey: str) -> Verifier:
    """The verifier that a vkey describes, or NoteError."""
    name, number, key = [*vkey.strip().split("+", 2), "", ""][:3]
    if not number or not key or not _is_name(name):
        raise NoteError(_("the key is none of the form NAME+ID+KEY"))
    found = Verifier(name, *_kind_and_key(_bytes(key, 33)))
    if str(found) != vkey.strip():
        raise NoteError(_("the key is not the one of its number"))
    return found


def verifier_of(name: str, kind: int, key: Ed25519PrivateKey) -> Verifier:
    if not _is_name(name):
        raise NoteError(_("the name %(name)s may hold neither spaces nor a plus sign") % {"name": repr(name)})
    return Verifier(name, kind, key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))


def signature(who: Verifier, key: Ed25519PrivateKey, body: str) -> str:
    """The line that signs the body."""
    return _line(who, key.sign(body.encode()))


def cosignature(who: Verifier, key: Ed25519PrivateKey, body: str, at: int) -> str:
    """The line by which a witness says that at that time (POSIX seconds) this was the largest tree it had seen."""
    return _line(who, at.to_bytes(8, "big") + key.sign(_cosigned(body, at)))


def signed(body: str, lines: Iterable[str]) -> str:
    return f"{body}\n{''.join(lines)}"


def opened(note: str, *trusted: Verifier) -> tuple[str, dict[Verifier, int]]:
    """The body and who of the trusted signed it, each with the time that they say (a log says none: 0). NoteError where
    none did, or where a signature of one of them is broken."""
    body, lines = _parted(note)
    found: dict[Verifier, int] = {}
    for name, number, proof in lines:
        for who in trusted:
            if (who.name, who.id) == (name, number):
                found[who] = _check(who, body, proof)
    if not found:
        raise NoteError(_("nobody trusted has signed it"))
    return body, found


def checkpoint_of(body: str) -> Checkpoint:
    """What the body of a note says, or NoteError where it is no checkpoint's. Lines after the third are not read."""
    lines = body.split("\n")
    if len(lines) < 4 or "" in lines[:-1] or not _NUMBER.fullmatch(lines[1]):
        raise NoteError(_("it is no checkpoint"))
    return Checkpoint(lines[0], int(lines[1]), _bytes(lines[2], 32))


def written(proof: Proof) -> str:
    """The proof as a .tlog-proof file."""
    extra = f"extra {b64encode(proof.extra).decode()}\n" if proof.extra else ""
    return f"{HEADER}\n{extra}index {proof.index}\n{hash_lines(proof.path)}\n{proof.checkpoint}"


def read(text: str) -> Proof:
    """The proof of a .tlog-proof file, nothing of it trusted yet; or NoteError."""
    head, _empty, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if len(text) > LONGEST or lines.pop(0) != HEADER:
        raise NoteError(_("it is no proof of the form tlog-proof@v1"))
    extra = _bytes(lines.pop(0)[6:]) if lines and lines[0].startswith("extra ") else b""
    key, _space, index = lines.pop(0).partition(" ") if lines else ("", "", "")
    if key != "index" or not _NUMBER.fullmatch(index):
        raise NoteError(_("it names no index"))
    return Proof(int(index), hashes_in(lines), checkpoint, extra)


def hash_lines(hashes: Iterable[bytes]) -> str:
    return "".join(f"{b64encode(one).decode()}\n" for one in hashes)


def hashes_in(lines: Sequence[str]) -> list[bytes]:
    if len(lines) > MOST_LINES:
        raise NoteError(_("it has more hashes than any tree is high"))
    return [_bytes(line, 32) for line in lines]


def _parted(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """The body and the signature lines as (name, key id, signature)."""
    text, empty, rest = note.rpartition("\n\n")
    lines = rest.split("\n")
    if not empty or len(note) > LONGEST or lines.pop() or not lines or any(ord(c) < 32 and c != "\n" for c in note):
        raise NoteError(_("it is no signed note"))
    return f"{text}\n", [_signature(line) for line in lines]


def _signature(line: str) -> tuple[str, bytes, bytes]:
    name, _space, coded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not _is_name(name):
        raise NoteError(_("a line below it is no signature"))
    proof = _bytes(coded)
    if len(proof) < 5:
        raise NoteError(_("a line below it is no signature"))
    return name, proof[:4], proof[4:]


def _check(who: Verifier, body: str, proof: bytes) -> int:
    at, message = 0, body.encode()
    if who.kind == COSIGNED:
        at = int.from_bytes(proof[:8], "big")
        proof, message = proof[8:], _cosigned(body, at)
    try:
        Ed25519PublicKey.from_public_bytes(who.key).verify(proof, message)
    except InvalidSignature:
        raise NoteError(_("the signature of %(name)s is broken") % {"name": who.name}) from None
    return at


def _cosigned(body: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{body}".encode()


def _line(who: Verifier, proof: bytes) -> str:
    return f"{_DASH}{who.name} {b64encode(who.id + proof).decode()}\n"


def _kind_and_key(coded: bytes) -> tuple[int, bytes]:
    if coded[0] not in (SIGNED, COSIGNED):
        raise NoteError(_("the key is of a kind that is not known here"))
    return coded[0], coded[1:]


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(c.isspace() or ord(c) < 32 for c in name)


def _bytes(text: str, length: int | None = None) -> bytes:
    """Base64 that is the only way to write these bytes."""
    try:
        found = b64decode(text, validate=True)
    except ValueError:
        raise NoteError(_("it holds something else than base64")) from None
    if b64encode(found).decode() != text or (length is not None and len(found) != length):
        raise NoteError(_("it holds base64 of another length"))
    return found
