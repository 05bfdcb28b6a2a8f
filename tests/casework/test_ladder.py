"""Rungs before and after a deadline: each acts once a generation, moves with its clock, and has its arithmetic."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from casework.domain.clocks import Clockwork
from casework.domain.now import now
from casework.domain.perform import perform
from casework.domain.policy import current_policy
from casework.domain.reading import read_family
from casework.domain.recorder import Recorder
from casework.models import ClockWarning
from tests.conftest import acting
from tests.factories import deliver_all, dispute
from tests.laws.invariants import check, check_clocks
from tests.seen import clock, due, events, local, running, sweep, told


@pytest.fixture
def with_rung(in_force, tmp_path: Path) -> Callable[..., None]:
    """Puts a policy in force whose rung on the whole dispute is another one."""

    def put(**rung: str) -> None:
        folder = tmp_path / "other"
        folder.mkdir()
        for file in settings.POLICY_FOLDER.glob("*.yaml"):
            (folder / file.name).write_bytes(file.read_bytes())
        rules = yaml.safe_load((folder / "disputes.yaml").read_text(encoding="utf-8"))
        rules["clocks"]["whole"]["rungs"]["again"] |= rung
        (folder / "disputes.yaml").write_text(yaml.safe_dump(rules, allow_unicode=True), encoding="utf-8")
        in_force(folder)

    return put


def reports(number: str) -> int:
    return events(number).count("report_delay")


def test_rung_after_the_deadline_acts_once_and_never_again(db, time):
    """Filed on 3 November: twenty working days end on 1 December, five more on 8 December."""
    number = dispute()
    assert due(number, "whole") == "2026-12-01 18:00" and due(number, "whole.again") == "2026-12-08 18:00"
    time.to(clock(number, "whole").due_at, seconds=60)
    sweep()
    assert reports(number) == 1 and "whole.again" in running(number)
    check(number)
    time.to(clock(number, "whole.again").due_at, seconds=59)
    sweep()
    assert reports(number) == 1
    time.on(seconds=1)
    sweep()
    assert reports(number) == 2
    time.on(days=60)
    sweep()
    assert reports(number) == 2 and "whole.again" not in running(number)
    check(number)


def test_rung_when_its_case_is_over_ends_with_it(db, time):
    number = dispute()
    perform(number, "withdraw", acting("ann"))
    assert clock(number, "whole.again").state == "stopped"
    time.on(days=60)
    sweep()
    assert reports(number) == 0


@pytest.mark.parametrize(("late", "reported"), [("fire-once-late", 2), ("skip-if-obsolete", 1)])
def test_rung_when_the_sweep_comes_after_the_deadline_is_fired_late_or_skipped_as_policy_says(
    late, reported, db, time, with_rung
):
    with_rung(at="50%", late=late)
    number = dispute()
    assert local(clock(number, "whole.again").due_at) == "2026-11-17 14:30"
    time.on(days=40)
    sweep()
    assert reports(number) == reported
    assert clock(number, "whole.again").state == ("stopped" if reported == 1 else "breached")
    check(number)


def test_rung_when_swept_in_time_acts_also_where_it_would_be_skipped_late(db, time, with_rung):
    with_rung(at="1 workday before", late="skip-if-obsolete")
    number = dispute()
    time.to(clock(number, "whole.again").due_at, seconds=60)
    sweep()
    assert reports(number) == 1 and clock(number, "whole").state == "running"
    check(number)


@pytest.mark.parametrize("at", ["90%", "2 workdays before", "1 workday after", "3 hours after", "2 days after"])
def test_rung_when_its_clock_stands_still_waits_and_moves_by_as_much(at, db, time, with_rung):
    with_rung(at=at)
    number = dispute()
    was = clock(number, "whole.again").due_at
    family, rules = read_family(number), current_policy().case_type("disputes")
    case = family.case(number)

    def work(act: Callable[[Clockwork], Any]) -> None:
        recorder = Recorder()
        assert act(Clockwork(family, recorder))
        recorder.send()

    work(lambda clocks: clocks.pause(case, "whole", now(), "asked"))
    assert clock(number, "whole.again").state == clock(number, "whole").state == "paused"
    time.on(days=7)  # five working days
    work(lambda clocks: clocks.resume(case, "whole", rules, now(), "answered"))
    assert due(number, "whole") == "2026-12-08 18:00"
    moved = clock(number, "whole.again")
    assert moved.state == "running" and (moved.due_at - was).days >= 6
    check_clocks(read_family(number))  # no entry tells of it, since nobody acted


def test_next_in_line_when_policy_names_them_is_told_beside_whoever_owes(db, time):
    number = dispute()
    mark = ClockWarning.objects.get(clock__name="whole", mark="90%")
    ClockWarning.objects.exclude(pk=mark.pk).update(done_at=now())
    time.to(mark.due_at)
    sweep()
    deliver_all()
    assert told("F801", number)[-1] == "clock_told"
    assert "clock_told" not in told("A1001", number)


def test_reminder_when_nobody_is_at_work_waits_for_the_morning(db, time):
    """A working day before the end of an appeal window is the close of business: told at nine the next morning."""
    number = dispute(upto="issued")
    perform(number, "read", acting("ann"))
    deliver_all()
    before = told("A1001", number)
    mark = ClockWarning.objects.get(clock__name="appeal_window", mark="1 workday before")
    assert local(mark.due_at).endswith("18:00")
    time.to(mark.due_at, seconds=1)
    sweep()
    deliver_all()
    assert told("A1001", number) == before
    time.to(mark.due_at, seconds=15 * 3600)
    deliver_all()
    deliver_all()
    assert told("A1001", number) == [*before, "clock_warning"]


def test_reminder_when_its_deadline_is_settled_before_work_begins_is_not_told(db, time):
    number = dispute(upto="issued")
    perform(number, "read", acting("ann"))
    deliver_all()
    before = told("A1001", number)
    time.to(ClockWarning.objects.get(clock__name="appeal_window", mark="1 workday before").due_at, seconds=1)
    sweep()
    deliver_all()
    perform(number, "accept", acting("ann"))
    time.on(hours=15)
    deliver_all()
    assert "clock_warning" not in told("A1001", number)[len(before) :]


def test_reminders_when_several_of_one_clock_are_due_are_told_as_one(db, time):
    number = dispute(upto="forwarded")
    deliver_all()
    time.to(ClockWarning.objects.get(clock__name="review", mark="90%").due_at, seconds=1)
    sweep()
    deliver_all()
    assert told("M401", number).count("clock_warning") == 1


def test_reminder_reaches_whoever_works_elsewhere_in_their_own_hours(db, time, in_force, tmp_path):
    """Qin's unit keeps London's hours: what is due at two in the afternoon in Shanghai waits for nine in London."""
    folder = tmp_path / "london"
    folder.mkdir()
    for file in settings.POLICY_FOLDER.glob("*.yaml"):
        (folder / file.name).write_bytes(file.read_bytes())
    organisation = yaml.safe_load((folder / "organisation.yaml").read_text(encoding="utf-8"))
    organisation |= {"sites": {"OC": "uk"}}
    (folder / "organisation.yaml").write_text(yaml.safe_dump(organisation, allow_unicode=True), encoding="utf-8")
    in_force(folder)
    number = dispute(upto="forwarded")
    deliver_all()
    mark = ClockWarning.objects.get(clock__name="review", mark="50%")
    assert local(mark.due_at) == "2026-11-04 14:30"
    time.to(mark.due_at, seconds=1)
    sweep()
    deliver_all()
    assert "clock_warning" not in told("M401", number)
    time.set("2026-11-04 17:00")
    deliver_all()
    assert told("M401", number)[-1] == "clock_warning"
