"""Whoever seals the ledger dies at any moment while others write: no gap, no loss, and never two histories signed."""

import os
import random
import signal
import threading
import time as real_time
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.db import connection, connections, transaction

from casework.domain import ledger, sequencing
from casework.domain.log_keys import log_key
from casework.domain.log_tree import size_of_log, stored_nodes
from casework.domain.sealing import seal_ledger
from casework.domain.verification import verify_ledger
from casework.models import CaseEvent, Checkpoint, Cosignature, LogLeaf, Unsequenced
from casework.transparency import key_folder, notes, tree
from tests.faults.killing import survives
from tests.faults.site import PATIENCE, until
from tests.faults.test_sweepers import forked
from tests.witness import watched_by

SECONDS = 30
HELD = 10
WRITERS = 8


@pytest.fixture
def begun(real_db: None) -> None:
    """The log has its first checkpoint."""
    seal_ledger()


def noted(stream: str = "org") -> None:
    ledger.note(stream, "test", {"about": "nothing"})


def seal_without_end() -> None:
    while True:
        seal_ledger()


def whole(signed: list[str]) -> None:
    """Every event has one place, there is no gap, and everything that was ever signed is the beginning of what is
    there."""
    seal_ledger()
    assert not Unsequenced.objects.exists()
    places = list(LogLeaf.objects.order_by("index").values_list("index", flat=True))
    assert places == list(range(CaseEvent.objects.count()))
    verdict = verify_ledger()
    assert verdict.ok, verdict.problems
    node, who = stored_nodes(), log_key()
    for note in {*signed, *Checkpoint.objects.values_list("note", flat=True)}:
        head = notes.checkpoint_of(notes.opened(note, who)[0])
        assert tree.root(node, head.size) == head.root


@pytest.mark.parametrize("held", [False, True], ids=["", "a transaction held open"])
def test_sequencer_killed_again_and_again_while_eight_write_leaves_no_gap(held, begun, tmp_path, settings):
    if held and connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer, for whom all others wait")
    signed: list[str] = []
    stop, written = threading.Event(), []
    with watched_by(tmp_path / "witness", settings) as witness:
        people = [threading.Thread(target=write, args=[stop, written, n]) for n in range(WRITERS)]
        people += [threading.Thread(target=hold)] if held else []
        for one in people:
            one.start()
        dice, began, kills, longest = random.Random(3), real_time.monotonic(), 0, 1.0
        try:
            while (spent := real_time.monotonic() - began) < SECONDS or (len(set(signed)) <= 5 and spent < PATIENCE):
                sealers = [forked(seal_without_end) for _ in range(2)]
                real_time.sleep(dice.uniform(0.05, longest))
                for sealer in sealers:
                    os.kill(sealer, signal.SIGKILL)
                    _pid, status = os.waitpid(sealer, 0)
                    kills += os.WIFSIGNALED(status)
                signed.append(key_folder.remembered(Path(configured.LOG_FOLDER)) or "")
                # On a busy machine nobody lives long enough to finish a pass, unless they are let live.
                longest = longest * 1.2 if signed[-1] in signed[:-1] else 1.0
        finally:
            stop.set()
            for one in people:
                one.join()
        whole(signed)
        assert witness.alarms == [] and kills > 20 and len(written) > 100 and len(set(signed)) > 5
        until(last_is_cosigned)  # once the lease of the one who died asking is over


def last_is_cosigned() -> bool:
    seal_ledger()
    return Cosignature.objects.filter(checkpoint=Checkpoint.objects.latest("size")).exists()


def write(stop: threading.Event, written: list[int], number: int) -> None:
    """Writes in a stream of its own."""
    try:
        while not stop.is_set():
            noted(f"test:{number}")
            written.append(number)
            stop.wait(0.01)
    finally:
        connections.close_all()


def hold() -> None:
    """A transaction that wrote an entry first and commits it last of all."""
    try:
        with transaction.atomic():
            noted("access")
            real_time.sleep(HELD)
    finally:
        connections.close_all()


def test_sealing_killed_at_each_statement_is_done_by_whoever_comes_next(begun):
    """At every statement, commit and follow-up of a pass in which there is something to seal."""
    signed = []
    for nth in range(1, 60):
        noted()
        lived = survives(nth, seal_ledger)
        signed.append(key_folder.remembered(Path(configured.LOG_FOLDER)) or "")
        seal_ledger()
        assert size_of_log() == CaseEvent.objects.count() == Checkpoint.objects.latest("size").size
        if lived:
            break
    assert lived and nth > 10
    whole(signed)


def test_sequencer_that_stands_still_with_the_lock_is_waited_for_and_nothing_else(begun):
    """While it stands still, others write; they do not seal beside it."""
    if connection.vendor != "postgresql":
        pytest.skip("on SQLite whoever stands still in a transaction keeps all writers out")
    taken, may_go = threading.Event(), threading.Event()

    def stand_still() -> None:
        with transaction.atomic():
            assert sequencing.alone()
            taken.set()
            may_go.wait(30)
        connections.close_all()

    sleeper = threading.Thread(target=stand_still)
    sleeper.start()
    assert taken.wait(10)
    try:
        noted()
        assert seal_ledger()["sequenced"] == 0
    finally:
        may_go.set()
        sleeper.join()
    assert seal_ledger()["sequenced"] == 1
    whole([])
