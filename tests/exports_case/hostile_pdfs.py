"""What somebody needs who tampers with a signed decision, and who checks it; see attacks_on_pdfs.py."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from casework.canonical import canonical
from casework.documents import pki, signer, signing, snapshot
from casework.transparency import notes, tree
from tests.documents.conftest import SIGNED_AT, Issued
from tests.exports_case.conftest import CHINESE, ENGLISH, OFFLINE, Told

CHECKS = ["parse", "log", "witnesses", "key", "on_record", "file_hash", "signatures", "expected_signers"]
CHECKS += ["covers_whole_file", "modifications", "snapshot"]
VERDICTS = {ENGLISH: ("genuine", "not genuine", "could not tell"), CHINESE: ("真实", "不真实", "无法判断")}
LOG, WITNESS = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2))
LOG_NAME, WITNESS_NAME = "gongduan.example/log", "witness.example/w1"
OTHERS = [canonical({"action": "sign", "seq": number, "stream": "case:DSP-2026-000009"}) for number in range(10)]
PLACE = 6


@dataclass(frozen=True)
class Paper:
    """An issued decision and whose keys an attacker may have."""

    issued: Issued
    folder: Any
    reviewer: signer.LocalSigner

    def sealed(self, first_signed: bytes, at: datetime = SIGNED_AT) -> bytes:
        return signed(first_signed, "organisation", signer.seal_signer(self.folder, SIGNED_AT), at)


def signed(pdf: bytes, field: str, hand: signer.LocalSigner, at: datetime = SIGNED_AT, reason: str = "裁定") -> bytes:
    """With one signature more; the first certifies the file."""
    certify = b"/ByteRange" not in pdf
    return signing.sign(pdf, field, hand, reason=reason, location="上海", certify=certify, at=at)


def entry_of(paper: Issued, file: bytes, **changes: Any) -> dict[str, Any]:
    """What the ledger says where this file was issued."""
    document = {
        "document": paper.snapshot["id"], "kind": "ruling", "state": "issued",
        "file_sha256": sha256(file).hexdigest(), "snapshot_sha256": snapshot.digest(paper.snapshot),
    }  # fmt: skip
    return {
        "action": "issue", "documents": [document], "stream": f"case:{paper.snapshot['number']}",
        "received_at": f"{SIGNED_AT:%Y-%m-%dT%H:%M:%S}.000000Z", **changes,
    }  # fmt: skip


def proof_of(
    entry: dict[str, Any], *, log: Ed25519PrivateKey = LOG, witness: Ed25519PrivateKey = WITNESS
) -> notes.Proof:
    """That the entry is the seventh of eleven."""
    leaves = [tree.leaf_hash(one) for one in [*OTHERS[:PLACE], canonical(entry), *OTHERS[PLACE:]]]

    def node(height: int, number: int) -> bytes:
        return tree.fold(leaves[number << height : (number + 1) << height])

    body = notes.Checkpoint(LOG_NAME, len(leaves), tree.root(node, len(leaves))).body
    by_log = notes.signature(notes.verifier_of(LOG_NAME, notes.SIGNED, log), log, body)
    by_witness = notes.cosignature(
        notes.verifier_of(WITNESS_NAME, notes.COSIGNED, witness), witness, body, 1_800_000_000
    )
    path = tree.inclusion_proof(node, PLACE, len(leaves))
    return notes.Proof(PLACE, path, notes.signed(body, [by_log, by_witness]), canonical(entry))


def keys_text(root_pem: str, *more: str) -> str:
    """What is published."""
    own = notes.verifier_of(LOG_NAME, notes.SIGNED, LOG), notes.verifier_of(WITNESS_NAME, notes.COSIGNED, WITNESS)
    return "\n".join(["# as published", root_pem, *more, *map(str, own), ""])


def hand_of(folder: Any, name: str, no: str) -> signer.LocalSigner:
    """A person's, by a certificate of that root."""
    made = pki.issue_person_certificate(folder, name, no, "a secret of theirs", demo=True, since=SIGNED_AT)
    return signer.LocalSigner.from_encrypted(made.certificate_pem, made.key_pem, "a secret of theirs", made.chain_pem)


Verify = Callable[..., Told]


def run(*words: Any, language: str = ENGLISH, program: Path = OFFLINE / "verify_pdf.py") -> Told:
    """What the program says of the file."""
    shell = {name: value for name, value in os.environ.items() if name not in ("LC_ALL", "LC_MESSAGES")}
    done = subprocess.run(
        [sys.executable, str(program), *map(str, words)],
        capture_output=True, env={**shell, "LANG": language}, timeout=60, check=False,
    )  # fmt: skip
    *lines, verdict = done.stdout.decode().splitlines() or [""]
    said = "\n".join(line[28:] for line in lines) + done.stderr.decode()
    assert "Traceback" not in said, said
    return Told(done.returncode, {line[9:26].strip(): line[:7].strip() for line in lines}, said, verdict)


@pytest.fixture(scope="session")
def paper(issued: Issued, keys: pki.Pki, reviewer_signer: signer.LocalSigner) -> Paper:
    return Paper(issued, keys.folder, reviewer_signer)


@pytest.fixture
def verify(tmp_path: Path, paper: Paper) -> Verify:
    """Of a file, with the proof that the ledger issued the `recorded` one (else itself; False: none), by these keys."""

    def told(
        file: bytes, recorded: bytes | None = None, proof: Any = None, published: str = "", words: Any = (), **how: Any
    ) -> Told:
        (tmp_path / "decision.pdf").write_bytes(file)
        (tmp_path / "keys").write_text(published or keys_text(paper.issued.root_pem))
        if proof is False:
            return run(tmp_path / "decision.pdf", "--keys", tmp_path / "keys", *words, **how)
        proof = proof or proof_of(entry_of(paper.issued, file if recorded is None else recorded))
        (tmp_path / "proof").write_text(proof if isinstance(proof, str) else notes.written(proof))
        return run(tmp_path / "decision.pdf", tmp_path / "proof", "--keys", tmp_path / "keys", *words, **how)

    return told
