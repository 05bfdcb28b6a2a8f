"""Sweepers die, stand still, meet poison, readers, parties and a host's clock that jumps: each due clock acts once."""

import os
import random
import signal
import time as real_time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction

from casework.domain import sweep
from casework.domain.clocks import GRACE
from casework.domain.errors import NotAllowedNow
from casework.domain.perform import perform
from casework.domain.sweep import fire_due
from casework.domain.verification import verify_ledger
from casework.models import Case, CaseEvent, Clock, Delivery
from tests.conftest import Time, acting
from tests.factories import STATEMENT, deliver_all, dispute, evaluation
from tests.faults.aftermath import everything
from tests.laws.hands import together
from tests.laws.invariants import check_all

DISPUTES = 500  # of two clocks each that are due at once: screening and statement


@pytest.fixture
def due(real_db: None, time: Time) -> Callable[[int], list[str]]:
    """Makes that many disputes whose screening and statement are due; their numbers."""

    def make(count: int) -> list[str]:
        scores = [evaluation(agent="A1003", inspector="Q201", reader="chen") for _ in range(count)]
        numbers = [dispute(score, agent="chen") for score in scores]
        Delivery.objects.all().delete()  # notices are not what is looked at here
        latest = Clock.objects.filter(name="screen").latest("due_at").due_at
        time.to(latest + GRACE + timedelta(seconds=1))
        return numbers

    return make


def acted(action: str) -> Counter[str]:
    return Counter(CaseEvent.objects.filter(action=action).values_list("case__number", flat=True))


def forked(work: Callable[[], Any]) -> int:
    """The process that does that; it has a connection of its own."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return child


def drain() -> None:
    while fire_due():
        pass


def test_sweepers_that_are_killed_at_random_drain_a_thousand_clocks_once_each(due):
    dice, kills, longest = random.Random(2), 0, 0.1
    numbers = due(DISPUTES)
    left = Clock.objects.filter(name__in=("screen", "statement"), state="running")
    while before := left.count():
        sweepers = [forked(drain) for _ in range(2)]
        real_time.sleep(dice.uniform(0.02, longest))
        for sweeper in sweepers:
            os.kill(sweeper, signal.SIGKILL)
            _pid, status = os.waitpid(sweeper, 0)
            kills += os.WIFSIGNALED(status)
        if left.count() == before:
            longest *= 1.5  # on a busy machine a batch takes longer
    assert kills > 5, "hardly anybody was killed"
    assert acted("bypass") == acted("record_silence") == dict.fromkeys(numbers, 1)
    assert not Clock.objects.exclude(problem="").exists()
    everything()


def test_sweeper_that_stands_still_with_families_in_hand_is_got_around(due):
    """Stopped just before it writes. On PostgreSQL the others go on, and its families are free after ten seconds; on
    SQLite everybody waits for the one write lock, reads, and goes on once it is dead."""
    numbers = due(6)
    mine = set(numbers[:3])

    def sweep_and_stand_still() -> None:
        sweep._write = lambda steps: os.kill(os.getpid(), signal.SIGSTOP)
        sweep._together([clock for clock in sweep._due(100) if clock.case in mine])

    sweeper = forked(sweep_and_stand_still)
    os.waitpid(sweeper, os.WUNTRACED)
    try:
        if connection.vendor == "postgresql":
            fire_due()
            assert set(acted("bypass")) == set(numbers) - mine
            began = real_time.monotonic()
            perform(min(mine), "forward", acting("liang"))
            assert real_time.monotonic() - began < 15
        else:
            assert Case.objects.filter(number__in=numbers).count() == 6
            with pytest.raises(OperationalError, match="locked"):
                fire_due()
    finally:
        os.kill(sweeper, signal.SIGKILL)
        os.waitpid(sweeper, 0)
    while fire_due():
        pass
    expected = set(numbers) - ({min(mine)} if connection.vendor == "postgresql" else set())
    assert acted("bypass") == dict.fromkeys(expected, 1)
    check_all()


def test_poison_at_the_head_of_a_full_batch_is_set_aside_and_the_rest_goes_on(due):
    numbers = due(6)
    bad = numbers[:3]
    Case.objects.filter(number__in=bad).update(head="f" * 64)  # their chains are broken: every step fails
    poisoned = Clock.objects.filter(case__number__in=bad, name__in=("screen", "statement"))
    poisoned.update(due_at=Clock.objects.earliest("due_at").due_at)
    for _ in range(3):  # two of each case, four at a time
        fire_due(limit=4)
    assert acted("bypass") == dict.fromkeys(numbers[3:], 1)
    assert all(clock.problem and clock.attempts == 1 for clock in poisoned)


def test_sweep_beside_a_reader_who_reads_for_long_does_not_wait(due):
    numbers = due(3)
    reader = connection.copy()
    try:
        with reader.cursor() as cursor:
            cursor.execute(
                "BEGIN ISOLATION LEVEL REPEATABLE READ" if connection.vendor == "postgresql" else "BEGIN DEFERRED"
            )
            seen = "SELECT count(*) FROM casework_clock WHERE state = 'breached'"
            cursor.execute(seen)
            assert cursor.fetchone()[0] == 0
            fire_due()
            cursor.execute(seen)
            assert cursor.fetchone()[0] == 0, "the reader sees what was when they began"
            cursor.execute("ROLLBACK")
    finally:
        reader.close()
    assert acted("bypass") == dict.fromkeys(numbers, 1)


def test_pause_in_the_last_second_as_its_clock_is_fired_is_paused_or_over(real_db, time):
    """A question received in time pauses the objection window, unless the sweep came first; never both."""
    numbers = [evaluation() for _ in range(6)]
    ends = Clock.objects.filter(name="objection").latest("due_at").due_at
    for number in numbers:
        time.to(ends, seconds=-1)
        ann = acting("ann")
        time.to(ends, seconds=60)

        def ask(number: str = number, ann: Any = ann) -> Any:
            return perform(number, "question", ann, {"text": "为何扣分"})

        asked, *fired = together(ask, fire_due, fire_due)
        assert not any(isinstance(result, BaseException) for result in fired), fired
        clock = Clock.objects.get(case__number=number, name="objection")
        if isinstance(asked, NotAllowedNow):
            assert clock.state == "breached"
        else:
            assert not isinstance(asked, BaseException), asked
            assert (clock.state, acted("finalise")[number]) == ("paused", 0)
    check_all()


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(days=365), timedelta(days=3 * 365)])
def test_clock_of_the_host_that_jumps_ahead_and_back_fires_nothing_twice(jump, due, time):
    """An hour, a year, and to where no notice has settled the days: deadlines there are provisional, nothing breaks."""
    numbers = due(4)
    begun = time.on(seconds=-120)
    time.to(begun + jump)
    while fire_due():
        pass
    assert acted("bypass") == dict.fromkeys(numbers, 1)
    assert not Clock.objects.exclude(problem="").exists()
    if jump.days:
        assert Clock.objects.filter(started_at__gt=begun + timedelta(days=60), provisional=True).exists()
    time.to(begun)
    while fire_due():
        pass
    assert acted("bypass") == dict.fromkeys(numbers, 1)
    number = dispute()
    perform(number, "give_statement", acting("ian"), STATEMENT)
    deliver_all()
    assert verify_ledger().ok
    check_all()


def test_sweep_that_cannot_be_written_together_is_done_one_by_one(due, monkeypatch):
    """Whatever made the one write fail, every clock still acts, each by a step of its own."""
    numbers = due(3)

    def breaks(steps: Any) -> None:
        with transaction.atomic():
            raise OperationalError("the write was given up")

    monkeypatch.setattr(sweep, "_write", breaks)
    fire_due()
    assert acted("bypass") == dict.fromkeys(numbers, 1)
    check_all()
