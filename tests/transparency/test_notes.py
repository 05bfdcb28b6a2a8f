"""Notes, checkpoints, cosignatures and proofs, in the formats of C2SP."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from casework.transparency import notes
from casework.transparency.notes import COSIGNED, SIGNED, Checkpoint, NoteError, Proof

LOG_KEY, WITNESS_KEY = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2))
LOG = notes.verifier_of("example.com/log", SIGNED, LOG_KEY)
WITNESS = notes.verifier_of("witness.example/w1", COSIGNED, WITNESS_KEY)
HEAD = Checkpoint("example.com/log", 20852163, bytes(range(32)))
AT = 1_679_315_147


@pytest.fixture
def note() -> str:
    return notes.signed(HEAD.body, [
        notes.signature(LOG, LOG_KEY, HEAD.body), notes.cosignature(WITNESS, WITNESS_KEY, HEAD.body, AT),
    ])  # fmt: skip


# The signed note of Go's golang.org/x/mod/sumdb/note documentation.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETERS = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def test_note_of_another_implementation_is_opened():
    body, who = notes.opened(PETERS, notes.verifier(PETER))
    assert body.startswith("If you think") and body.endswith("problem is.\n") and list(who.values()) == [0]


def test_checkpoint_signed_and_cosigned_says_who_and_when(note: str):
    body, who = notes.opened(note, LOG, WITNESS)
    assert notes.checkpoint_of(body) == HEAD
    assert who == {LOG: 0, WITNESS: AT}


def test_verifier_from_its_vkey_is_the_same():
    for who in (LOG, WITNESS):
        assert notes.verifier(str(who)) == who


@pytest.mark.parametrize("vkey", [
    "", "example.com/log", "example.com/log+00000000+AQ==", str(LOG)[:-4], str(LOG).replace("example", "another"),
    "a b" + str(LOG), f"{LOG.name}+{LOG.id.hex()}+Ag{str(LOG)[-42:]}", PETER.replace("c74f", "c74e"),
])  # fmt: skip
def test_verifier_from_no_vkey_is_refused(vkey: str):
    with pytest.raises(NoteError):
        notes.verifier(vkey)


def test_note_when_a_key_is_not_known_counts_without_it(note: str):
    assert notes.opened(note, LOG)[1] == {LOG: 0}


def test_note_when_nobody_trusted_signed_it_is_refused(note: str):
    stranger = notes.verifier_of("example.com/log", SIGNED, Ed25519PrivateKey.generate())
    for trusted in ((), (stranger,)):
        with pytest.raises(NoteError, match="nobody trusted"):
            notes.opened(note, *trusted)


@pytest.mark.parametrize("change", [
    lambda note: note.replace("20852163", "20852164"),
    lambda note: note.replace("example.com/log\n", "example.com/lag\n", 1),
    lambda note: note.replace("\n\n", "\nextension\n\n"),
    lambda note: note.replace("\n\n", "\n\n\n"),
    lambda note: note[:-1],
    lambda note: note.replace("— example", "- example"),
    lambda note: note.replace("log A", "log B") if "log A" in note else note.replace("log ", "log A", 1),
    lambda note: note + "\n",
    lambda note: note + "— x AAAA\n",
    lambda note: note + "no signature\n",
    lambda note: note.replace("\n", "\r\n"),
    lambda note: "",
    lambda note: "\n\n",
    lambda note: note + "— " + "x" * 100_000 + " AAAAAAAA\n",
])  # fmt: skip
def test_note_when_tampered_with_is_refused(note: str, change):
    with pytest.raises(NoteError):
        notes.opened(change(note), LOG, WITNESS)


def test_cosignature_when_its_time_is_changed_is_refused(note: str):
    from base64 import b64decode, b64encode

    line = note.splitlines()[-1]
    coded = b64decode(line.rpartition(" ")[2])
    later = coded[:4] + (AT + 1).to_bytes(8, "big") + coded[12:]
    forged = note.replace(line, f"— {WITNESS.name} {b64encode(later).decode()}")
    with pytest.raises(NoteError, match="witness.example/w1 is broken"):
        notes.opened(forged, LOG, WITNESS)


def test_cosignature_by_a_key_as_if_it_were_a_log_is_another_key():
    """The kind of signature is part of the key's id, so that nobody's signature is taken for the other kind."""
    assert notes.verifier_of(WITNESS.name, SIGNED, WITNESS_KEY).id != WITNESS.id


@pytest.mark.parametrize("body", [
    "", "a\n", "a\n1\n", "a\n01\nAAAA\n", "a\n-1\n" + HEAD.body.split("\n")[2] + "\n", "a\n1\nAAAA\n",
    "\n1\n" + HEAD.body.split("\n")[2] + "\n", HEAD.body + "\n", HEAD.body.replace("20852163", "9" * 30),
    HEAD.body.replace("=", ""),
])  # fmt: skip
def test_checkpoint_of_anything_else_is_refused(body: str):
    with pytest.raises(NoteError):
        notes.checkpoint_of(body)


@pytest.mark.parametrize("path", [[], [b"\1" * 32], [bytes([n]) * 32 for n in range(20)]])
def test_proof_written_is_read_again(note: str, path: list[bytes]):
    proof = Proof(73894, path, note)
    text = notes.written(proof)
    assert text.startswith("c2sp.org/tlog-proof@v1\nindex 73894\n") and notes.read(text) == proof
    carrying = Proof(73894, path, note, "评分 in an entry".encode())
    assert notes.read(notes.written(carrying)) == carrying
    assert notes.read(text.replace("\nindex", "\nextra QUJD\nindex")) == Proof(73894, path, note, b"ABC")
    for wrong in ("extra", "extra QUJ", "extra QUJD="):
        with pytest.raises(NoteError):
            assert notes.read(text.replace("\nindex", f"\n{wrong}\nindex")).extra


@pytest.mark.parametrize("change", [
    lambda text: text.replace("@v1", "@v2"), lambda text: text.replace("index 7", "index 07"),
    lambda text: text.replace("index ", ""), lambda text: text.replace("index 7", "index -7"),
    lambda text: text.replace("AQEB", "AQE", 1), lambda text: text.replace("AQEB", "????", 1),
    lambda text: text.replace("\nAQ", "\n" + "AQ" * 60_000), lambda text: "", lambda text: "c2sp.org/tlog-proof@v1",
    lambda text: text.replace("\nAQ", "\nAQ".join([""] + [("EB" * 20 + "AQE=\n")[:44] for _ in range(70)])),
])  # fmt: skip
def test_proof_of_another_form_is_refused(note: str, change):
    with pytest.raises(NoteError):
        notes.read(change(notes.written(Proof(7, [b"\1" * 32], note))))


@pytest.mark.parametrize(
    "vkey, why", [("x", "NAME"), (str(LOG).replace("log+", "log+0"), "number"), ("a+b+c", "base64")]
)
def test_verifier_from_no_vkey_says_what_is_wrong(vkey: str, why: str):
    with pytest.raises(NoteError, match=why):
        notes.verifier(vkey)
