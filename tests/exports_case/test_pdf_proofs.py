"""The offline verifier of one signed decision: what the ledger's proof has to show, and by whose keys."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from casework.transparency import notes
from tests.documents.conftest import issued, keys, reviewer, reviewer_signer, ruling_pdf
from tests.exports_case.hostile import STRANGER
from tests.exports_case.hostile_pdfs import (
    CHECKS,
    LOG_NAME,
    OTHERS,
    Paper,
    Verify,
    entry_of,
    keys_text,
    paper,
    proof_of,
    verify,
)

assert all((issued, keys, reviewer, reviewer_signer, ruling_pdf, paper, verify)), "they are fixtures"
PROOFS: dict[str, tuple[Callable[[notes.Proof], Any], list[str], int]] = {}


def proof_is(*failed: str, code: int = 1) -> Callable[[Any], Any]:
    def keep(change: Any) -> Any:
        PROOFS[change.__name__] = change, list(failed), code
        return change

    return keep


def like(proof: notes.Proof, **changes: Any) -> notes.Proof:
    return notes.Proof(**{**vars(proof), **changes})


@proof_is("log")
def index_beyond_the_size(proof: notes.Proof) -> notes.Proof:
    return like(proof, index=11)


@proof_is("log")
def index_far_beyond_the_size(proof: notes.Proof) -> notes.Proof:
    return like(proof, index=10**18)


@proof_is("log")
def another_index(proof: notes.Proof) -> notes.Proof:
    return like(proof, index=7)


@proof_is("log")
def path_truncated(proof: notes.Proof) -> notes.Proof:
    return like(proof, path=proof.path[:-1])


@proof_is("log")
def path_extended(proof: notes.Proof) -> notes.Proof:
    return like(proof, path=[*proof.path, b"\0" * 32])


@proof_is("log")
def path_of_a_thousand(proof: notes.Proof) -> notes.Proof:
    return like(proof, path=[b"\0" * 32] * 1000)


@proof_is("log")
def siblings_swapped(proof: notes.Proof) -> notes.Proof:
    first, second, *rest = proof.path
    return like(proof, path=[second, first, *rest])


@proof_is("log", "witnesses")
def size_zero(proof: notes.Proof) -> notes.Proof:
    return like(proof, checkpoint=proof.checkpoint.replace("\n11\n", "\n0\n"))


@proof_is("log")
def root_of_another_tree(proof: notes.Proof) -> notes.Proof:
    return like(proof, checkpoint=proof_of({"action": "other"}).checkpoint)


@proof_is("log", "on_record", "file_hash", "signatures", "snapshot")
def another_entry_of_the_log(proof: notes.Proof) -> notes.Proof:
    return like(proof, extra=OTHERS[3])


@proof_is("on_record", "file_hash", "snapshot")
def entry_of_another_document(proof: notes.Proof) -> notes.Proof:
    one = {"document": "2", "state": "issued", "file_sha256": "0" * 64, "snapshot_sha256": "1" * 64}
    return proof_of({"action": "issue", "stream": "case:X", "received_at": "2026-11-21T02:00:00Z", "documents": [one]})


@proof_is("log", "file_hash")
def entry_altered(proof: notes.Proof) -> notes.Proof:
    return like(proof, extra=proof.extra.replace(b'"file_sha256":"', b'"file_sha256":"f'))


@proof_is("log")
def entry_with_a_space(proof: notes.Proof) -> notes.Proof:
    return like(proof, extra=proof.extra + b" ")


@proof_is(code=2)
def no_entry(proof: notes.Proof) -> notes.Proof:
    return like(proof, extra=b"")


@proof_is("log")
def entry_badly_coded(proof: notes.Proof) -> str:
    return notes.written(proof).replace("extra ", "extra =")


@proof_is("log", "on_record", "file_hash", "signatures", "snapshot")
def entry_that_is_a_list(proof: notes.Proof) -> notes.Proof:
    return like(proof, extra=b"[" * 9 + b"1" + b"]" * 9)


@proof_is("log")
def nothing_like_a_proof(proof: notes.Proof) -> str:
    return "nothing\x1b[2J"


@proof_is("log", "witnesses")
def checkpoint_of_another_size(proof: notes.Proof) -> notes.Proof:
    return like(proof, checkpoint=proof.checkpoint.replace("\n11\n", "\n12\n"))


@proof_is("log")
def log_of_a_stranger(proof: notes.Proof) -> notes.Proof:
    return proof_of(json.loads(proof.extra), log=STRANGER)


@proof_is(code=2)
def witness_who_is_a_stranger(proof: notes.Proof) -> notes.Proof:
    return proof_of(json.loads(proof.extra), witness=STRANGER)


@pytest.mark.parametrize("name", PROOFS)
def test_proof_that_shows_nothing_is_seen_to_show_nothing(paper: Paper, verify: Verify, name: str):
    change, failed, code = PROOFS[name]
    told = verify(paper.issued.file, proof=change(proof_of(entry_of(paper.issued, paper.issued.file))))
    assert (told.code, told.failed) == (code, failed), told.said
    assert list(told.marks) == CHECKS and "\x1b" not in told.said


def test_earlier_key_of_the_log_beside_the_present_one_does_not_matter(paper: Paper, verify: Verify):
    earlier = str(notes.verifier_of(LOG_NAME, notes.SIGNED, STRANGER))
    assert verify(paper.issued.file, published=keys_text(paper.issued.root_pem, earlier)).code == 0


@pytest.mark.parametrize("line", ["nonsense", "a+b+c", "x+00000000+AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"])
def test_keys_that_are_none_are_refused(paper: Paper, verify: Verify, line: str):
    told = verify(paper.issued.file, published=keys_text(paper.issued.root_pem, line))
    assert told.failed == ["key"], told.said
