"""A proof that comes with a document is checked with our keys alone: whatever was done to it, it proves nothing."""

import json
import re
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import override_settings
from django.utils import translation

from casework import store
from casework.domain.document_check import proof_check
from casework.domain.sealing import seal_ledger
from casework.models import Document
from casework.queries.log import proof_of_document
from casework.transparency import notes, tree
from tests.conftest import Time, acting, own_database
from tests.factories import dispute


@dataclass(frozen=True)
class Issued:
    """A document, the proof that goes with it, and the folder of the log that signed."""

    file: bytes
    proof: str
    log: Path


@pytest.fixture(scope="module")
def issued(django_db_setup, django_db_blocker, tmp_path_factory) -> Issued:
    log = tmp_path_factory.mktemp("issued") / "log"
    with django_db_blocker.unblock(), override_settings(LOG_FOLDER=log), own_database():
        Time()
        document = Document.objects.get(case__number=dispute(upto="issued"))
        seal_ledger()
        proof = proof_of_document(str(document.pk), acting("aud"))[1]
        return Issued(store.documents().get(document.file_sha256), proof, log)


def parts(text: str) -> tuple[list[str], str]:
    head, _empty, note = text.partition("\n\n")
    return head.split("\n"), note


def joined(lines: list[str], note: str) -> str:
    return "\n".join(lines) + "\n\n" + note


def beyond_the_size(text: str) -> str:
    (title, extra, _index, *path), note = parts(text)
    return joined([title, extra, f"index {note.splitlines()[1]}", *path], note)


def truncated(text: str) -> str:
    lines, note = parts(text)
    return joined(lines[:-1], note)


def extended(text: str) -> str:
    lines, note = parts(text)
    return joined([*lines, lines[-1]], note)


def swapped(text: str) -> str:
    lines, note = parts(text)
    return joined([*lines[:3], lines[4], lines[3], *lines[5:]], note)


def of_size_zero(text: str) -> str:
    lines, note = parts(text)
    origin, _size, root, *rest = note.split("\n")
    return joined(lines, "\n".join([origin, "0", root, *rest]))


def of_another_tree(text: str) -> str:
    lines, note = parts(text)
    origin, size, _root, *rest = note.split("\n")
    return joined(lines, "\n".join([origin, size, b64encode(bytes(32)).decode(), *rest]))


def signed_by_a_stranger(text: str) -> str:
    lines, note = parts(text)
    body, key = note.rpartition("\n\n")[0] + "\n", Ed25519PrivateKey.generate()
    who = notes.verifier_of(body.split("\n")[0], notes.SIGNED, key)
    return joined(lines, notes.signed(body, [notes.signature(who, key, body)]))


def of_a_tree_of_their_own(text: str) -> str:
    """All of it right, but for whose log it is."""
    (_title, extra, *_rest), note = parts(text)
    key, origin = Ed25519PrivateKey.generate(), note.split("\n")[0]
    leaf = tree.leaf_hash(notes.read(text).extra)
    head = notes.Checkpoint(origin, 1, leaf)
    who = notes.verifier_of(origin, notes.SIGNED, key)
    return joined([_title, extra, "index 0"], notes.signed(head.body, [notes.signature(who, key, head.body)]))


def with_another_entry(text: str) -> str:
    (title, _extra, *rest), note = parts(text)
    entry = json.loads(notes.read(text).extra) | {"actor": "M402"}
    coded = b64encode(json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).decode()
    return joined([title, f"extra {coded}", *rest], note)


def without_its_entry(text: str) -> str:
    (title, _extra, *rest), note = parts(text)
    return joined([title, *rest], note)


def that_is_none(text: str) -> str:
    return "%PDF-1.7\n\n"


def too_long(text: str) -> str:
    (title, extra, *rest), note = parts(text)
    return joined([title, extra + "A" * notes.LONGEST, *rest], note)


@pytest.mark.parametrize(
    "hostile",
    [
        beyond_the_size, truncated, extended, swapped, of_size_zero, of_another_tree, signed_by_a_stranger,
        of_a_tree_of_their_own, with_another_entry, without_its_entry, that_is_none, too_long,
    ],
)  # fmt: skip
def test_hostile_proof_is_refused_in_both_languages(issued: Issued, settings, hostile):
    settings.LOG_FOLDER = issued.log
    proof = hostile(issued.proof)
    english = proof_check(issued.file, proof)
    with translation.override("zh-hans"):
        chinese = proof_check(issued.file, proof)
    assert english.ok is chinese.ok is False
    assert english.message.startswith("The proof given proves nothing: ")
    assert chinese.message.startswith("所附证明不能证明任何事项：") and not re.search("[a-z]+ [a-z]+", chinese.message)


def test_proof_that_nobody_touched_is_taken(issued: Issued, settings):
    settings.LOG_FOLDER = issued.log
    assert proof_check(issued.file, issued.proof).ok is True
