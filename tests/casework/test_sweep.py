"""Due clocks and due warnings: on time, once, and never blocked by a bad one."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from casework.domain.actor import system
from casework.domain.errors import Conflict, NotAllowedNow
from casework.domain.now import now
from casework.domain.perform import perform
from casework.domain.reading import read_families
from casework.domain.recorder import Recorder
from casework.domain.recording import step_on
from casework.domain.sweep import fire_due
from casework.domain.verification import verify_ledger
from casework.models import Case, CaseEvent, Clock, ClockWarning, Delivery, Family, Notice, Party
from casework.queries.waiting import overdue_clocks
from tests.conftest import acting
from tests.factories import STATEMENT, deliver_all, dispute, evaluation

HERE = Path(settings.BASE_DIR)


def events(number: str, action: str) -> int:
    return CaseEvent.objects.filter(stream=f"case:{number}", action=action).count()


@pytest.mark.parametrize("seconds, fired", [(-1, 0), (0, 0), (59, 0), (60, 1), (61, 1)])
def test_sweep_when_around_the_due_moment_fires_a_minute_after(seconds, fired, db, time):
    number = dispute()
    perform(number, "give_statement", acting("ian"), STATEMENT)
    time.to(Clock.objects.get(name="screen").due_at, seconds=seconds)
    fire_due()
    assert events(number, "bypass") == fired


def test_sweep_when_the_paper_came_at_the_last_second_leaves_it(db, time):
    """Received before the due moment and handed in before the sweep: the leader's act stands, the clock is stopped."""
    number = dispute()
    time.to(Clock.objects.get(name="screen").due_at, seconds=30)
    perform(number, "forward", acting("lee"))
    time.on(seconds=31)
    fire_due()
    assert events(number, "bypass") == 0


def test_sweep_when_run_again_finds_nothing(db, time):
    dispute()
    time.to(Clock.objects.get(name="screen").due_at, seconds=60)
    assert fire_due() and not fire_due()


def test_sweep_when_nothing_is_due_asks_one_question(db, time, django_assert_num_queries):
    number = dispute()
    perform(number, "give_statement", acting("ian"), STATEMENT)
    time.to(Clock.objects.get(name="screen").due_at, seconds=59)
    fire_due()
    with django_assert_num_queries(1):
        assert fire_due() == 0


def test_sweep_when_a_generation_is_old_does_not_fire(db, time):
    number = dispute(upto="forwarded")
    old = Clock.objects.get(name="review")
    time.to(old.due_at, seconds=60)
    fire_due()
    assert [c.generation for c in Clock.objects.filter(name="review").order_by("generation")] == [1, 2]
    with pytest.raises(NotAllowedNow) as refusal:
        perform(number, "reassign_reviewer", system(clock=("review", 1)))
    assert refusal.value.reason == "clock_void"


def test_sweep_when_downtime_was_long_fires_each_once_and_late(db, time):
    """After days the screening, the statement and then what followed are caught up with; reminders lost their point."""
    number = dispute()
    time.on(days=4)
    while fire_due():
        pass
    assert (events(number, "bypass"), events(number, "record_silence")) == (1, 1)
    late = ClockWarning.objects.filter(clock__name="screen")
    assert all(w.done_at for w in late)
    assert not Delivery.objects.filter(dedup__in=[f"warning:{w.pk}" for w in late]).exists()


def test_sweep_when_a_clock_is_poisoned_fires_the_others_and_backs_off(real_db, time):
    """A clock whose breach cannot be done waits longer each time and says why."""
    first, second = dispute(), dispute()
    poisoned = Clock.objects.get(name="screen", case__number=first)
    Case.objects.filter(number=first).update(head="f" * 64)  # its chain is broken: every step fails
    time.to(poisoned.due_at, seconds=60)
    fire_due()
    assert events(second, "bypass") == 1
    poisoned.refresh_from_db()
    assert poisoned.problem and poisoned.attempts == 1 and poisoned.retry_at > now()
    waits = []
    for _ in range(3):
        time.to(poisoned.retry_at)
        fire_due()
        poisoned.refresh_from_db()
        waits.append(poisoned.retry_at - now())
    assert waits == sorted(waits) and waits[0] < waits[-1]
    assert overdue_clocks().longest.total_seconds() > 0


def disputes_of_chen(count: int) -> list[str]:
    """Three leads may review them; the inspector's silence is recorded beside the leader's."""
    numbers = [evaluation(agent="A1003", inspector="Q201", reader="chen") for _ in range(count)]
    return [dispute(number, agent="chen") for number in numbers]


@pytest.mark.parametrize("count", [2, 6])
def test_sweep_when_many_families_are_due_asks_the_database_no_more_often_for_more(count, db, time):
    """Two clocks a family, screening and statement, act in the order they were due, all in one transaction."""
    numbers = disputes_of_chen(count)
    time.to(Clock.objects.filter(name="screen").latest("due_at").due_at, seconds=60)
    ClockWarning.objects.update(done_at=now())
    with CaptureQueriesContext(connection) as queries:
        assert fire_due() == 2 * count
    assert len(queries) == (12 if connection.vendor == "postgresql" else 23)
    for number in numbers:
        assert [events(number, act) for act in ("bypass", "record_silence")] == [1, 1]
    assert verify_ledger().ok


def test_sweep_when_it_seats_many_reviewers_at_once_shares_the_work_as_one_by_one(db, time):
    numbers = disputes_of_chen(6)
    time.to(Clock.objects.filter(name="screen").latest("due_at").due_at, seconds=60)
    fire_due()
    seated = Counter(Party.objects.filter(role="reviewer", until=None).values_list("person__no", flat=True))
    assert seated == {"M401": 2, "M402": 2, "Q202": 2} and len(numbers) == 6


def test_sweep_when_one_of_many_cannot_act_fires_the_others_together(db, time, caplog):
    """Its law refuses it, so it waits with its reason; nobody else waits for it, nor its family's other clock."""
    bad, *others = disputes_of_chen(3)
    time.to(Clock.objects.filter(name="screen").latest("due_at").due_at, seconds=60)
    Clock.objects.filter(name="screen", case__number=bad).update(name="appeal_window")  # nothing to appeal from yet
    fire_due()
    assert caplog.messages == [f"the clocks of {bad} are done one by one"]
    assert [events(number, "bypass") for number in others] == [1, 1]
    assert (events(bad, "finalise"), events(bad, "record_silence")) == (0, 1)
    refused = Clock.objects.get(name="appeal_window", case__number=bad)
    assert "look at the case again" in refused.problem and refused.retry_at > now()


def test_steps_written_together_when_one_family_moved_on_leave_the_others_as_they_were(real_db, time):
    numbers = disputes_of_chen(2)
    time.to(Clock.objects.filter(name="screen").latest("due_at").due_at, seconds=60)
    views = read_families(list(Family.objects.filter(cases__number__in=numbers).values_list("pk", flat=True)))
    Family.objects.filter(pk=views[0].row.pk).update(version=99)
    whole = Recorder()
    for view in views:
        whole.absorb(step_on(view).recorder)
    with pytest.raises(Conflict):
        whole.send()
    versions = dict(Family.objects.values_list("pk", "version"))
    assert versions[views[1].row.pk] == views[1].version, "a guard that held was not undone"


def test_warning_when_due_is_told_once_to_whoever_owes_the_work(db, time):
    dispute()
    warning = ClockWarning.objects.filter(clock__name="statement").order_by("due_at").first()
    time.to(warning.due_at)
    assert fire_due() and not fire_due()
    deliver_all()
    notices = Notice.objects.filter(kind="clock_warning")
    assert {n.person.no for n in notices} == {"L301", "M402", "Q202"}  # leader, the leader's deputy, inspector
    assert all(n.values["until"] and n.values["clock"]["zh"] for n in notices)


SWEEPER = """
import sys, django
django.setup()
from datetime import datetime
from casework.domain.now import at
from casework.domain.sweep import fire_due
print("ready", flush=True)
sys.stdin.readline()
with at(datetime.fromisoformat(sys.argv[1])):
    print(fire_due())
"""


def address() -> str:
    """The database that this test uses, for another process."""
    at = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{at['NAME']}"
    return f"postgres://{quote(at['USER'])}:{quote(at['PASSWORD'])}@{at['HOST']}:{at['PORT']}/{at['NAME']}"


def process(code: str, *arguments: str) -> subprocess.Popen[str]:
    """Another Python with the product's settings on this test's database; it said that it is ready."""
    environment = {**os.environ, "GONGDUAN_DATABASE_URL": address(), "DJANGO_SETTINGS_MODULE": "tests.settings"}
    child = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HERE,
        env=environment,
    )  # fmt: skip
    assert child.stdout is not None and child.stdout.readline() == "ready\n"
    return child


def test_sweep_when_two_processes_run_at_once_fires_each_clock_once(real_db, time):
    numbers = [dispute() for _ in range(3)]
    moment = time.to(Clock.objects.filter(name="screen").latest("due_at").due_at, seconds=60)
    sweepers = [process(SWEEPER, moment.isoformat()) for _ in range(2)]
    connection.close()
    for sweeper in sweepers:
        sweeper.stdin.write("go\n")
        sweeper.stdin.flush()
    fired = [int(sweeper.communicate(timeout=60)[0]) for sweeper in sweepers]
    for number in numbers:
        assert (events(number, "bypass"), events(number, "record_silence")) == (1, 1)
    told = Delivery.objects.filter(dedup__startswith="warning:").count()
    assert sum(fired) == 2 * len(numbers) + told
    assert not Clock.objects.exclude(problem="").exists() and fire_due() == 0


DYING = """
import sys, time, django
django.setup()
from datetime import datetime
from pathlib import Path
from django.conf import settings
from casework.domain import deliveries
from casework.domain.now import at
settings.DOCUMENT_FOLDER = Path(sys.argv[2])
done = deliveries._handlers[sys.argv[3]]
def and_hangs(delivery):
    done(delivery)
    print("done", flush=True)
    time.sleep(600)
deliveries._handlers[sys.argv[3]] = and_hangs
print("ready", flush=True)
with at(datetime.fromisoformat(sys.argv[1])):
    deliveries.deliver_due()
"""


@pytest.mark.parametrize("kind", ["notify", "draft"])
def test_delivery_when_the_worker_is_killed_after_doing_it_is_repeated_without_a_trace(kind, real_db, time):
    """One notice, one document: the second worker finds it done."""
    number = dispute(upto="ruled" if kind == "draft" else "filed")
    Delivery.objects.exclude(kind=kind).delete()
    connection.close()
    worker = process(DYING, now().isoformat(), str(settings.DOCUMENT_FOLDER), kind)
    assert worker.stdout is not None and worker.stdout.readline() == "done\n"
    worker.send_signal(signal.SIGKILL)
    worker.communicate()
    case = Case.objects.get(number=number)
    left, before = Delivery.objects.filter(kind=kind).order_by("id").first(), case.seq
    assert left is not None
    notices, documents = Notice.objects.count(), case.documents.count()
    assert (documents == 1) if kind == "draft" else notices
    deliver_all_later(time, left)
    case = Case.objects.get(number=number)
    assert (case.documents.count(), case.seq) == (documents, before)
    if kind == "notify":
        assert Notice.objects.filter(dedup__startswith=f"{left.pk}:").count() == notices
    assert not Delivery.objects.filter(pk=left.pk).exists()


def deliver_all_later(time, left: Delivery) -> None:
    """The lease of whoever died has run out."""
    deliver_all()
    assert Delivery.objects.filter(pk=left.pk).exists(), "taken while the lease still held"
    time.on(seconds=181)
    deliver_all()
