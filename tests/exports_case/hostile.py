"""What somebody needs who tampers with an export; what they do with it stands in attacks_on_*.py."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from casework.canonical import canonical
from casework.transparency import notes, tree
from tests.exports_case.conftest import Exported

STRANGER = Ed25519PrivateKey.from_private_bytes(b"\7" * 32)


class Files:
    """A copy of an export, to be changed."""

    def __init__(self, folder: Path, export: Exported) -> None:
        shutil.copytree(export.folder, folder)
        self.folder, self.export = folder, export

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def write(self, name: str, content: bytes) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_bytes(content)

    def drop(self, name: str) -> None:
        (self.folder / name).unlink()

    def one(self, pattern: str) -> str:
        """The name of the first such file."""
        return sorted(path.relative_to(self.folder).as_posix() for path in self.folder.glob(pattern))[0]

    def swap(self, name: str, old: bytes, new: bytes) -> None:
        """The bytes are replaced, wherever they stand; they do stand there."""
        before = self.read(name)
        assert old in before
        self.write(name, before.replace(old, new))

    def flip(self, name: str, place: int) -> None:
        content = bytearray(self.read(name))
        content[place] ^= 1
        self.write(name, bytes(content))

    @property
    def entries(self) -> list[bytes]:
        return self.read("entries.jsonl").splitlines()

    @entries.setter
    def entries(self, lines: list[bytes]) -> None:
        self.write("entries.jsonl", b"".join(line + b"\n" for line in lines))

    def record(self, **data: Any) -> None:
        """The entry about the export says this."""
        entry = json.loads(self.read("export.json"))
        entry["data"] |= data
        self.write("export.json", canonical(entry))

    def list_again(self) -> None:
        """The manifest names the files as they now are, and the entry about the export names it."""
        manifest = json.loads(self.read("manifest.json"))
        beside = ("manifest.json", "export.json", "proofs/")
        names = (path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file())
        manifest["files"] = {n: sha256(self.read(n)).hexdigest() for n in sorted(names) if not n.startswith(beside)}
        self.write("manifest.json", json.dumps(manifest).encode())
        self.record(manifest=sha256(self.read("manifest.json")).hexdigest())

    def proof(self, number: int | str = 1) -> notes.Proof:
        return notes.read(self.read(f"proofs/{number}.tlog-proof").decode())

    def prove(self, number: int | str = 1, **changes: Any) -> None:
        """The proof has these members instead."""
        proof = notes.Proof(**{**vars(self.proof(number)), **changes})
        self.write(f"proofs/{number}.tlog-proof", notes.written(proof).encode())

    def note_again(self, change: Callable[[str], str]) -> None:
        """Every proof leads to a checkpoint that was changed so."""
        for path in self.folder.glob("proofs/*"):
            self.prove(path.name.removesuffix(".tlog-proof"), checkpoint=change(self.proof().checkpoint))


@dataclass(frozen=True)
class Attack:
    check: str
    act: Callable[[Files], None]
    code: int = 1


ATTACKS: dict[str, Attack] = {}


def noticed_by(check: str, code: int = 1) -> Callable[[Callable[[Files], None]], Callable[[Files], None]]:
    def keep(act: Callable[[Files], None]) -> Callable[[Files], None]:
        ATTACKS[act.__name__] = Attack(check, act, code)
        return act

    return keep


def chained(lines: list[bytes]) -> list[bytes]:
    """The same entries, numbered and joined anew."""
    found: list[bytes] = []
    for number, line in enumerate(lines, 1):
        previous = sha256(found[-1]).hexdigest() if found else "0" * 64
        found.append(canonical(json.loads(line) | {"seq": number, "previous": previous}))
    return found


def forge(files: Files, key: Ed25519PrivateKey, origin: str) -> None:
    """What stands in the folder now is sealed anew: a log of its own, whose checkpoint is signed by that key."""
    files.entries = chained(files.entries)
    files.list_again()
    files.record(entries=len(files.entries), head=sha256(files.entries[-1]).hexdigest())
    leaves = [tree.leaf_hash(entry) for entry in [*files.entries, files.read("export.json")]]

    def node(height: int, number: int) -> bytes:
        return tree.fold(leaves[number << height : (number + 1) << height])

    who, head = notes.verifier_of(origin, notes.SIGNED, key), notes.Checkpoint(origin, len(leaves), b"")
    body = notes.Checkpoint(origin, head.size, tree.root(node, head.size)).body
    note = notes.signed(body, [notes.signature(who, key, body)])
    for index, number in enumerate([*range(1, len(leaves)), "export"]):
        proof = notes.Proof(index, tree.inclusion_proof(node, index, head.size), note)
        files.write(f"proofs/{number}.tlog-proof", notes.written(proof).encode())


def origin_of(files: Files) -> str:
    return files.proof().checkpoint.partition("\n")[0]
