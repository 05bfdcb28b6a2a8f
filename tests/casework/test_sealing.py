"""Events get their places, the log signs them, and goes on from nothing but what it signed."""

import shutil
import threading
from datetime import timedelta

import pytest
from django.conf import settings as configured
from django.db import connection, connections, transaction

from casework.domain import checkpoints, ledger, sequencing
from casework.domain.checkpoints import LogBroken, publish
from casework.domain.log_keys import log_key
from casework.domain.log_tree import size_of_log, stored_nodes
from casework.domain.sealing import seal_ledger
from casework.domain.sequencing import sequence
from casework.domain.verification import verify_ledger
from casework.models import CaseEvent, Checkpoint, LogLeaf, Tile, Unsequenced
from casework.transparency import key_folder, notes, tree
from tests.conftest import at_once
from tests.factories import dispute

postgresql_only = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")


@pytest.fixture
def ledger_(real_db, time) -> None:
    dispute(upto="forwarded")


def noted(count: int = 1) -> None:
    for _ in range(count):
        ledger.note("org", "test", {"about": "nothing"})


def test_seal_gives_every_event_its_place_and_signs_them_all(ledger_):
    written = CaseEvent.objects.count()
    assert Unsequenced.objects.count() == written
    assert seal_ledger() == {"sequenced": written, "signed": True, "cosigned": 0}
    assert list(LogLeaf.objects.order_by("index").values_list("index", flat=True)) == list(range(written))
    assert not Unsequenced.objects.exists()
    signed = notes.checkpoint_of(notes.opened(Checkpoint.objects.get().note, log_key())[0])
    frontier = tree.Frontier()
    for event in CaseEvent.objects.order_by("leaf__index"):
        frontier.add(tree.leaf_hash(event.entry.encode()))
    assert (signed.size, signed.root) == (written, frontier.root())
    assert verify_ledger().ok


def test_seal_when_nothing_was_written_since_does_nothing(ledger_):
    seal_ledger()
    assert seal_ledger() == {"sequenced": 0, "signed": False, "cosigned": 0}
    assert Checkpoint.objects.count() == 1


def test_seal_when_nothing_was_ever_written_signs_nothing(real_db):
    assert not CaseEvent.objects.exclude(stream="org").exists()
    while sequencing._one_batch():
        pass
    before = size_of_log()
    assert (publish() is not None) == bool(before)


def test_sequence_of_more_than_a_batch_leaves_no_gap(ledger_, monkeypatch):
    monkeypatch.setattr(sequencing, "BATCH", 7)
    noted(300)
    done = sequence()
    assert done == CaseEvent.objects.count() == size_of_log() > 300
    node = stored_nodes()
    assert [node(0, leaf.index) for leaf in LogLeaf.objects.order_by("index")] == [
        tree.leaf_hash(event.entry.encode()) for event in CaseEvent.objects.order_by("leaf__index")
    ]
    assert sorted(Tile.objects.values_list("level", "number")) == [*((0, n) for n in range(-(-done // 256))), (1, 0)]
    publish()
    assert verify_ledger().ok


def test_every_checkpoint_goes_on_from_the_one_before(ledger_):
    for _ in range(4):
        noted(90)
        seal_ledger()
    node, heads = stored_nodes(), [checkpoints.stated(one) for one in Checkpoint.objects.order_by("size")]
    assert len(heads) == 4
    for one, next_one in zip(heads, heads[1:], strict=False):
        proof = tree.consistency_proof(node, one.size, next_one.size)
        tree.check_consistency(one.size, next_one.size, one.root, next_one.root, proof)


@postgresql_only
def test_sequence_while_a_transaction_is_open_waits_for_it_and_loses_nothing(ledger_):
    """What was written before, but is committed later, is not overtaken."""
    seal_ledger()
    written, may_end = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            ledger.note("access", "test", {"about": "slow"})
            written.set()
            may_end.wait(20)
        connections.close_all()

    thread = threading.Thread(target=slow)
    thread.start()
    assert written.wait(10)
    try:
        noted()
        assert sequence() == 0, "it was written after what is still open"
    finally:
        may_end.set()
        thread.join()
    assert sequence() == 2
    first, second = CaseEvent.objects.order_by("-leaf__index")[:2][::-1]
    assert (first.stream, second.stream) == ("access", "org")


@postgresql_only
def test_sequence_while_another_database_of_the_server_is_written_does_not_wait_for_it(ledger_):
    import psycopg

    own = connection.get_connection_params()
    where = {name: own[name] for name in ("host", "port", "user", "password") if name in own}
    with psycopg.connect(dbname="postgres", **where) as other:
        other.execute("SELECT pg_current_xact_id()")  # open until the end of this block
        noted()
        assert sequence() == CaseEvent.objects.count()


@postgresql_only
def test_sequence_of_rows_from_another_server_does_not_wait_for_its_numbers(ledger_):
    """After a restore the rows in line name transactions that this server has not reached."""
    Unsequenced.objects.update(xid=2**40)
    assert sequence() == CaseEvent.objects.count()


def test_seal_by_four_at_once_gives_each_place_once(ledger_):
    noted(50)
    results = at_once(*[seal_ledger] * 4)
    assert not [result for result in results if isinstance(result, Exception)]
    seal_ledger()
    assert size_of_log() == CaseEvent.objects.count() == LogLeaf.objects.values("event").distinct().count()
    assert verify_ledger().ok


def test_publish_by_four_at_once_signs_once(ledger_):
    """Whoever finds that there is something to sign may find it signed once it is their turn."""
    for _ in range(12):
        noted()
        sequence()
        results = at_once(*[publish] * 4)
        assert not [result for result in results if isinstance(result, Exception)], results
        assert len([result for result in results if result is not None]) == 1
    assert verify_ledger().ok


def test_publish_when_the_key_was_kept_by_its_owner_only(ledger_):
    seal_ledger()
    folder = configured.LOG_FOLDER
    assert (folder / "key.pem").stat().st_mode & 0o777 == 0o600
    assert notes.verifier((folder / "vkey").read_text()) == log_key()
    assert key_folder.remembered(folder) == Checkpoint.objects.get().note


def test_publish_when_the_key_is_lost_refuses_and_makes_no_other(ledger_):
    seal_ledger()
    (configured.LOG_FOLDER / "key.pem").unlink()
    noted()
    with pytest.raises(LogBroken, match="key cannot be used"):
        seal_ledger()
    assert Checkpoint.objects.count() == 1 and not Unsequenced.objects.exists(), "places are given all the same"


def test_publish_when_the_whole_folder_is_lost_refuses(ledger_):
    seal_ledger()
    shutil.rmtree(configured.LOG_FOLDER)
    noted()
    with pytest.raises(LogBroken, match="key cannot be used"):
        seal_ledger()
    assert not configured.LOG_FOLDER.exists()


def test_publish_after_a_crash_between_signing_and_writing_goes_on(ledger_):
    """What was signed stands on disk before the database knows it."""
    seal_ledger()
    noted()
    sequence()
    with pytest.raises(RuntimeError, match="killed"), transaction.atomic():
        assert publish() is not None
        raise RuntimeError("killed")
    assert Checkpoint.objects.count() == 1
    signed = checkpoints.remembered_checkpoint()
    assert publish().size == signed.size
    noted()
    assert seal_ledger()["signed"] and verify_ledger().ok


def test_publish_when_the_folder_remembers_more_than_there_is_refuses(ledger_):
    """A backup of yesterday was put back, or the tail was dropped with every trace in the database."""
    noted(5)
    seal_ledger()
    who, key = log_key(), key_folder.private(configured.LOG_FOLDER)
    body = notes.Checkpoint(who.name, size_of_log() + 30, b"x" * 32).body
    key_folder.remember(configured.LOG_FOLDER, notes.signed(body, [notes.signature(who, key, body)]))
    for _ in range(2):
        with pytest.raises(LogBroken, match="only"):
            seal_ledger()
        noted(5)
    assert Checkpoint.objects.count() == 1


def test_publish_when_what_was_signed_last_is_no_longer_the_beginning_refuses(ledger_):
    seal_ledger()
    who, key = log_key(), key_folder.private(configured.LOG_FOLDER)
    body = notes.Checkpoint(who.name, size_of_log(), b"x" * 32).body
    key_folder.remember(configured.LOG_FOLDER, notes.signed(body, [notes.signature(who, key, body)]))
    noted()
    with pytest.raises(LogBroken, match="not the ones that were signed"):
        seal_ledger()


@pytest.mark.parametrize("text", ["", "garbage", "a\n1\nAAAA\n\n— a AAAA\n"])
def test_publish_when_what_was_signed_last_cannot_be_read_refuses(ledger_, text: str):
    seal_ledger()
    noted()
    (configured.LOG_FOLDER / "signed").write_text(text)
    with pytest.raises(LogBroken, match="cannot be read"):
        seal_ledger()


def test_key_made_by_many_at_once_is_one(tmp_path):
    made = at_once(*[lambda: key_folder.made(tmp_path / "log", "example.com/log", notes.SIGNED)] * 8)
    assert len({str(who) for who in made}) == 1
    assert notes.verifier_of("example.com/log", notes.SIGNED, key_folder.private(tmp_path / "log")) == made[0]
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_unsealed_events_are_counted_with_how_long_the_first_has_waited(ledger_, time):
    from casework.queries.waiting import unsealed_events

    noted(3)
    found = unsealed_events()
    assert found.count == CaseEvent.objects.count() and found.longest >= timedelta(0)
    seal_ledger()
    assert unsealed_events().count == 0
    noted(2)
    time.on(minutes=7)
    assert (unsealed_events().count, unsealed_events().longest) == (2, timedelta(minutes=7))
    sequence()
    assert (unsealed_events().count, unsealed_events().longest) == (2, timedelta(minutes=7))
