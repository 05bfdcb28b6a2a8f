"""The log over HTTP: for anybody checkpoints and tiles, for whoever may read an entry its proof."""

import pytest
from django.test import Client

from casework.canonical import canonical
from casework.domain import ledger
from casework.domain.log_keys import log_key
from casework.domain.log_proofs import proven
from casework.domain.log_tree import size_of_log
from casework.domain.sealing import seal_ledger
from casework.models import CaseEvent, Party
from casework.transparency import notes, tiles, tree
from tests.api.conftest import BASE, Caller
from tests.factories import dispute
from tests.witness import watched_by


@pytest.fixture
def number(real_db, time) -> str:
    return dispute(upto="forwarded")


def anybody(path: str, status: int = 200):
    response = Client().get(f"{BASE}/ledger/{path}", headers={"Accept-Language": "en"})
    assert response.status_code == status, response.content
    return response


def opened(note: str) -> notes.Checkpoint:
    return notes.checkpoint_of(notes.opened(note, log_key())[0])


def test_checkpoint_is_read_by_anybody(number: str):
    seal_ledger()
    response = anybody("checkpoint")
    assert response["Content-Type"] == "text/plain; charset=utf-8" and response["Cache-Control"] == "no-store"
    assert opened(response.content.decode()).size == CaseEvent.objects.count()


def test_checkpoint_before_anything_was_sealed_says_so(number: str):
    problem = anybody("checkpoint", 409).json()
    assert problem["code"] == "not_allowed_now" and "nothing was sealed yet" in problem["detail"]


def test_key_is_read_by_anybody(number: str):
    anybody("key", 409)
    seal_ledger()
    assert anybody("key").content.decode() == f"{log_key()}\n"


def test_tiles_read_by_anybody_make_the_root_that_was_signed(number: str):
    """A stranger who has nothing but the addresses builds the tree."""
    for _ in range(300):
        ledger.note("org", "test", {"about": "nothing"})
    seal_ledger()
    head = opened(anybody("checkpoint").content.decode())

    def tile(place: tiles.Place) -> bytes:
        level, place_number = place
        width = min(tiles.WIDTH, (head.size >> level * tiles.HEIGHT) - place_number * tiles.WIDTH)
        response = anybody(f"tile/{tiles.path(level, place_number, width)}")
        assert response["Content-Type"] == "application/octet-stream" and "immutable" in response["Cache-Control"]
        assert len(response.content) == width * tiles.SIZE
        return response.content

    assert head.size > tiles.WIDTH and tree.root(tiles.nodes(tile), head.size) == head.root


@pytest.mark.parametrize("path", [
    "0/001", "1/000.p/1", "8/000", "99/000", "0/000.p/255", "0/000.p/0", "0/000.p/01", "0/0", "0/x000/000/000",
    "0/x000", "0/000.p/", "0/000.p/256", "0/..", "0/x999/x999/x999/x999/x999/999",
])  # fmt: skip
def test_tile_that_is_none_is_not_there(number: str, path: str):
    seal_ledger()
    anybody(f"tile/{path}", 404)


def test_tile_of_entries_that_nothing_was_signed_over_is_not_there(number: str):
    seal_ledger()
    signed = size_of_log()
    ledger.note("org", "test", {"about": "nothing"})
    from casework.domain.sequencing import sequence

    assert sequence() == 1 and size_of_log() == signed + 1
    anybody(f"tile/{tiles.path(0, 0, signed)}")
    anybody(f"tile/{tiles.path(0, 0, signed + 1)}", 404)


def test_proof_for_the_auditor_proves_the_entry(number: str, tmp_path, settings):
    with watched_by(tmp_path / "witness", settings) as witness:
        seal_ledger()
        aud = Caller("aud")
        for shown in aud.get(f"/cases/{number}/events"):
            entry = shown["entry"]
            text = aud.get(f"/ledger/events/{entry['id']}/proof").decode()
            assert aud.response["Content-Type"] == "text/plain; charset=utf-8"
            proof = notes.read(text)
            body, who = notes.opened(proof.checkpoint, log_key(), witness.who)
            assert set(who) == {log_key(), witness.who}
            head = notes.checkpoint_of(body)
            leaf = tree.leaf_hash(canonical(entry))
            tree.check_inclusion(leaf, proof.index, head.size, proof.path, head.root)


def test_proof_up_to_a_cosigned_checkpoint_is_given_before_one_that_is_not(number: str, tmp_path, settings):
    with watched_by(tmp_path / "witness", settings) as witness:
        seal_ledger()
        cosigned = size_of_log()
        settings.WITNESSES = []
        ledger.note("org", "test", {"about": "nothing"})
        seal_ledger()
        settings.WITNESSES = [witness.setting]
        event = CaseEvent.objects.filter(stream=f"case:{number}").first()
        proof = notes.read(Caller("aud").get(f"/ledger/events/{event.pk}/proof").decode())
        assert opened(proof.checkpoint).size == cosigned < size_of_log()


def test_proof_when_the_settings_name_no_witness_that_can_be_read_is_given_all_the_same(number: str, settings):
    seal_ledger()
    settings.WITNESSES = ["nonsense"]
    event = CaseEvent.objects.filter(stream=f"case:{number}").first()
    assert notes.read(Caller("aud").get(f"/ledger/events/{event.pk}/proof").decode())


def test_proof_before_the_entry_is_sealed_says_that_it_waits(number: str):
    event = CaseEvent.objects.filter(stream=f"case:{number}").first()
    problem = Caller("aud").get(f"/ledger/events/{event.pk}/proof", 409)
    assert "waits" in problem["detail"]


@pytest.mark.parametrize("login", ["bo", "tang"])
def test_proof_for_whoever_does_not_see_the_case_is_not_there(number: str, login: str):
    seal_ledger()
    event = CaseEvent.objects.filter(stream=f"case:{number}").first()
    known = Caller(login).get(f"/ledger/events/{event.pk}/proof", 404)
    assert known["code"] == "out_of_scope"
    unknown = Caller(login).get("/ledger/events/12345/proof", 404)
    assert known["detail"].replace(str(event.pk), "") == unknown["detail"].replace("12345", "")


def test_proof_of_entries_that_belong_to_no_case_is_not_there(number: str):
    event = ledger.note("org", "test", {"about": "nothing"})
    seal_ledger()
    Caller("aud").get(f"/ledger/events/{event.pk}/proof", 404)


def test_proof_of_an_entry_that_is_shown_masked_is_not_there(number: str):
    """Whoever reads it without names does not read what was hashed."""
    seal_ledger()
    event = CaseEvent.objects.filter(stream=f"case:{number}").first()
    reviewer = Party.objects.get(case__number=number, role="reviewer", until=None).person.accounts.get()
    caller = Caller(reviewer.username)
    assert all(shown["masked"] for shown in caller.get(f"/cases/{number}/events"))
    caller.get(f"/ledger/events/{event.pk}/proof", 404)
    caller.get(f"/ledger/events/{10**30}/proof", 404)


def test_proof_without_a_login_is_refused(number: str):
    seal_ledger()
    event = CaseEvent.objects.filter(stream=f"case:{number}").first()
    anybody(f"events/{event.pk}/proof", 401)


def test_proof_of_a_document_is_fetched_by_whoever_reads_it(real_db, time):
    number = dispute(upto="issued")
    seal_ledger()
    ann = Caller("ann")
    paper = ann.get(f"/cases/{number}/documents")[0]
    proof = ann.get(f"/documents/{paper['id']}/proof")
    assert ann.response["Content-Disposition"] == f'attachment; filename="{number}-ruling.tlog-proof"'
    assert proven(proof.decode()).issued(paper["id"])["file_sha256"] == paper["file_sha256"]
    Caller("bo").get(f"/documents/{paper['id']}/proof", 404)
    ann.get("/documents/nonsense/proof", 404)
