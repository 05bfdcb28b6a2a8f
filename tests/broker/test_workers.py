"""Celery's workers on real brokers: woken when there is something to do, and at work all the same when nobody wakes
them."""

import os
import signal
import time as clock
from pathlib import Path

import pytest

from casework.domain.now import now
from casework.management.commands import doctor
from casework.models import CaseEvent, Clock, Delivery, Notice
from tests.broker.apps import LEASE
from tests.broker.processes import broker, five_beats, hands, until, waking_by, worker
from tests.factories import dispute, evaluation


def published(folder: Path) -> str:
    """qin publishes an evaluation, the agent is told once; whose hands told her."""
    before = len(hands(folder))
    number = evaluation(reader=None)
    until(lambda: not Delivery.objects.exists(), 10)
    assert Notice.objects.filter(case__number=number).count() == 1
    assert len(hands(folder)) == before + 1, "delivered twice"
    return hands(folder)[-1][1]


def a_row(kind: str, **values) -> None:
    pk = now().timestamp() * 1000
    Delivery.objects.create(id=pk, kind=kind, dedup=kind, created_at=now(), due_at=now(), **values)


@pytest.mark.parametrize("kind", ["rabbitmq", "redis"])
def test_perform_when_the_broker_dies_and_comes_back_is_delivered_all_along(kind, real_db, time, tmp_path):
    with broker(kind) as running, worker(tmp_path, running.url) as working, waking_by(running.url):
        assert "worker" in [published(tmp_path) for _ in range(3)]
        running.kill()
        assert published(tmp_path) == "poller"
        running.start()
        until(lambda: published(tmp_path) == "worker", 60, working.log)


def test_delivery_when_its_worker_is_killed_in_the_middle_is_done_once_after_the_lease(real_db, time, tmp_path):
    """And a worker that is told to stop finishes what it has begun, and leaves nothing running."""
    with broker("rabbitmq") as running, waking_by(running.url) as wake, worker(tmp_path, running.url) as working:
        a_row("slow")
        wake()
        until(lambda: hands(tmp_path), 10, working.log)
        os.kill(int(hands(tmp_path)[0][3]), signal.SIGKILL)
        until(lambda: len(hands(tmp_path)) == 2, LEASE + 15, working.log)
        working.told_to_stop()
        clock.sleep(0.5)
        assert Delivery.objects.exists() and working.leftovers()
        (tmp_path / "go").touch()
        assert working.status() == 0 and not working.leftovers(), working.log.read_text()
    began, again, done = hands(tmp_path)
    assert [began[0], again[0], done[0]] == ["began", "began", "did"] and began[3] != again[3] == done[3]
    assert float(again[2]) - float(began[2]) > LEASE - 0.5, "taken while the lease still held"
    assert not Delivery.objects.exists()


def test_work_when_five_beats_run_and_a_delivery_always_fails_is_done_once_each(real_db, time, tmp_path):
    """The disputes are of last month, so that what limits them is due at once."""
    with (
        broker("redis") as running,
        five_beats(tmp_path, running.url) as beats,
        worker(tmp_path, running.url) as working,
        waking_by(running.url),
    ):
        until(lambda: beats.said("fire_clocks (gongduan.fire_clocks)") >= 5, 120, beats.log)
        a_row("broken", attempts=2)
        numbers = [dispute() for _ in range(3)]
        before = working.said("Task gongduan.fire_clocks[")
        until(lambda: working.said("Task gongduan.fire_clocks[") >= before + 10, 60, working.log)
        until(lambda: Delivery.objects.count() == 1, 10, working.log)
    for number in numbers:
        events = list(CaseEvent.objects.filter(stream=f"case:{number}").values_list("action", flat=True))
        assert (events.count("bypass"), events.count("record_silence")) == (1, 1), events
    assert not Clock.objects.exclude(problem="").exists()
    left = Delivery.objects.get()
    assert left.kind == "broken" and left.attempts >= 3 and left.due_at > now()
    told = [finding.message for finding in doctor.work() if finding.topic == "outbox"]
    assert len(told) == 1 and "ValueError: cannot be done" in told[0]
