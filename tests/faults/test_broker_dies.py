"""The broker dies with everything queued and comes back empty: rows are the truth, and workers look by themselves."""

import os
import signal
import time as clock
from collections import Counter

import pytest
from django.db import transaction

from casework.domain.deliveries import deliver_due
from casework.models import CaseEvent, Clock, Delivery
from tests.broker.processes import Program, broker, hands, until, waking_by, worker
from tests.factories import dispute
from tests.laws.invariants import check_all

DISPUTES = 4
POLLED_WITHIN, WORK = 10.0, 60.0  # docs/operating.md says the first; what they then have to do takes its time


@pytest.mark.parametrize("kind", ["rabbitmq", "redis"])
def test_broker_that_dies_with_everything_queued_loses_nothing_and_doubles_nothing(kind, real_db, time, tmp_path):
    """The worker stands still while clocks of last month and deliveries are queued, so no message is taken before the
    broker and all it held are gone; then nobody wakes anybody any more."""
    with broker(kind) as running, worker(tmp_path, running.url) as working:
        stands_still(working)
        with waking_by(running.url) as wake:
            numbers = [dispute() for _ in range(DISPUTES)]
            for _ in range(20):
                wake()
            until(wake._told.is_set, 10)
        queued = Delivery.objects.count()
        assert queued > DISPUTES and Clock.objects.filter(name="screen", state="running").count() == DISPUTES
        running.kill()
        running.start()
        assert not hands(tmp_path), "somebody was not asleep"
        os.killpg(working._process.pid, signal.SIGCONT)
        until(lambda: hands(tmp_path), POLLED_WITHIN, working.log)
        until(lambda: all_fired(numbers) and not Delivery.objects.exists(), WORK, working.log)
        clock.sleep(2)  # whatever else somebody thinks there is to do
    assert acted("bypass") == acted("record_silence") == dict.fromkeys(numbers, 1)
    assert not Clock.objects.exclude(problem="").exists()
    did = Counter(delivery for *_, delivery in hands(tmp_path))
    assert len(did) >= queued and set(did.values()) == {1}, "a delivery was done twice, or not"
    assert not deliver_due()
    check_all()


def stands_still(working: Program) -> None:
    """The worker, its pool and its poller; in our transaction, lest one is stopped in its own on SQLite."""
    with transaction.atomic():
        os.killpg(working._process.pid, signal.SIGSTOP)


def acted(action: str) -> Counter[str]:
    return Counter(CaseEvent.objects.filter(action=action).values_list("case__number", flat=True))


def all_fired(numbers: list[str]) -> bool:
    return acted("bypass") == acted("record_silence") == dict.fromkeys(numbers, 1)
