"""What somebody may do to proofs and signatures, each with the check that has to notice it."""

import shutil
from base64 import b64decode, b64encode
from collections.abc import Callable

from casework.transparency import notes
from tests.exports_case.hostile import STRANGER, Files, chained, forge, noticed_by, origin_of

# Proofs


@noticed_by("proofs")
def proof_truncated(files: Files) -> None:
    files.prove(path=files.proof().path[:-1])


@noticed_by("proofs")
def proof_emptied(files: Files) -> None:
    files.prove(path=[])


@noticed_by("proofs")
def proof_extended(files: Files) -> None:
    files.prove(path=[*files.proof().path, b"\0" * 32])


@noticed_by("proofs")
def proof_extended_by_far(files: Files) -> None:
    files.prove(path=[b"\0" * 32] * 3000)


@noticed_by("proofs")
def sides_swapped(files: Files) -> None:
    first, second, *rest = files.proof().path
    files.prove(path=[second, first, *rest])


@noticed_by("proofs")
def proofs_swapped(files: Files) -> None:
    first, second = files.read("proofs/1.tlog-proof"), files.read("proofs/2.tlog-proof")
    files.write("proofs/1.tlog-proof", second)
    files.write("proofs/2.tlog-proof", first)


@noticed_by("proofs")
def proof_of_another_place(files: Files) -> None:
    files.prove(index=files.proof().index + 1)


@noticed_by("proofs")
def proof_of_a_place_beyond_the_end(files: Files) -> None:
    files.prove(index=10**9)


@noticed_by("proofs")
def proof_of_a_place_below_zero(files: Files) -> None:
    files.prove(index=-1)


@noticed_by("proofs")
def proof_of_a_place_written_otherwise(files: Files) -> None:
    files.swap("proofs/1.tlog-proof", b"\nindex ", b"\nindex 0")


@noticed_by("proofs")
def tree_of_size_zero(files: Files) -> None:
    size = files.proof().checkpoint.split("\n")[1]
    files.swap("proofs/1.tlog-proof", f"\n{size}\n".encode(), b"\n0\n")


@noticed_by("proofs")
def root_of_another_tree(files: Files) -> None:
    root = files.proof().checkpoint.split("\n")[2]
    files.note_again(lambda note: note.replace(root, b64encode(b"\1" * 32).decode()))


@noticed_by("proofs")
def root_of_another_tree_for_one_entry(files: Files) -> None:
    other = notes.read((files.export.other / "proofs" / "1.tlog-proof").read_text())
    files.prove(checkpoint=other.checkpoint)


@noticed_by("proofs")
def proof_in_another_form(files: Files) -> None:
    files.swap("proofs/1.tlog-proof", b"tlog-proof@v1", b"tlog-proof@v2")


@noticed_by("proofs")
def proof_in_sloppy_base64(files: Files) -> None:
    line = b64encode(files.proof().path[0])
    files.swap("proofs/1.tlog-proof", line, line.rstrip(b"="))


@noticed_by("proofs")
def proof_missing(files: Files) -> None:
    files.drop("proofs/2.tlog-proof")


@noticed_by("proofs")
def all_proofs_missing(files: Files) -> None:
    shutil.rmtree(files.folder / "proofs")


@noticed_by("proofs")
def proof_that_is_no_text(files: Files) -> None:
    files.write("proofs/1.tlog-proof", b"\xff\xfe\0")


# Signatures


def reduced(note: str, keep: Callable[[str], bool]) -> str:
    """The note with those signature lines only."""
    body, _empty, lines = note.rpartition("\n\n")
    return notes.signed(f"{body}\n", [line for line in lines.splitlines(keepends=True) if keep(line)])


def spoilt(note: str, place: int, name: str) -> str:
    """A bit of the signature of that name is another."""

    def changed(line: str) -> str:
        dash, signer, coded = line.rstrip("\n").split(" ")
        if signer != name:
            return line
        proof = bytearray(b64decode(coded))
        proof[place] ^= 1
        return f"{dash} {signer} {b64encode(proof).decode()}\n"

    body, _empty, lines = note.rpartition("\n\n")
    return notes.signed(f"{body}\n", map(changed, lines.splitlines(keepends=True)))


def witness_of(files: Files) -> str:
    return notes.verifier(files.export.witness_key.read_text()).name


@noticed_by("checkpoint")
def signature_flipped(files: Files) -> None:
    files.note_again(lambda note: spoilt(note, -1, origin_of(files)))


@noticed_by("checkpoint")
def signature_of_another_key(files: Files) -> None:
    files.note_again(lambda note: spoilt(note, 0, origin_of(files)))


@noticed_by("checkpoint")
def signature_missing(files: Files) -> None:
    files.note_again(lambda note: reduced(note, lambda line: witness_of(files) in line))


@noticed_by("checkpoint")
def all_signatures_missing(files: Files) -> None:
    files.note_again(lambda note: reduced(note, lambda _line: False))


@noticed_by("checkpoint")
def line_below_that_is_no_signature(files: Files) -> None:
    files.note_again(lambda note: f"{note}hello\n")


@noticed_by("checkpoint")
def forged_by_a_stranger(files: Files) -> None:
    """Everything is made anew, consistently, with a key of the stranger's own that is enclosed."""
    origin = origin_of(files)
    files.write("keys/log.vkey", f"{notes.verifier_of(origin, notes.SIGNED, STRANGER)}\n".encode())
    forge(files, STRANGER, origin)


@noticed_by("checkpoint")
def forged_by_a_log_of_another_name(files: Files) -> None:
    forge(files, files.export.key, "elsewhere.example/log")


@noticed_by("witnesses", 2)
def forged_by_the_log_itself(files: Files) -> None:
    """The organisation shows this reader another log than its witnesses."""
    files.entries = chained([line for number, line in enumerate(files.entries, 1) if number != 3])
    files.drop(f"proofs/{len(files.entries) + 1}.tlog-proof")
    files.write("texts.jsonl", b"")
    forge(files, files.export.key, origin_of(files))


@noticed_by("witnesses")
def forged_by_the_log_itself_with_a_cosignature_of_before(files: Files) -> None:
    lines = files.proof().checkpoint.rpartition("\n\n")[2].splitlines(keepends=True)
    forge(files, files.export.key, origin_of(files))
    files.note_again(lambda note: note + next(line for line in lines if witness_of(files) in line))


@noticed_by("witnesses")
def cosignature_flipped(files: Files) -> None:
    files.note_again(lambda note: spoilt(note, -1, witness_of(files)))


@noticed_by("witnesses")
def cosignature_of_another_time(files: Files) -> None:
    files.note_again(lambda note: spoilt(note, 11, witness_of(files)))


@noticed_by("witnesses", 2)
def cosignature_missing(files: Files) -> None:
    files.note_again(lambda note: reduced(note, lambda line: witness_of(files) not in line))
