"""A notice moves running deadlines: by a recorded event a case, never twice, never so that somebody's time is over."""

import json
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from casework.domain.actor import system
from casework.domain.calendar_days import Change, change_by, import_days, set_day
from casework.domain.deadline_moves import Move, moves, reckon_all
from casework.domain.deadline_sum import added_up
from casework.domain.errors import InvalidInput, NotAllowedNow, NotPermitted
from casework.domain.hours import calendar_named
from casework.domain.limits import Limit
from casework.domain.office import Office, office_of
from casework.domain.perform import perform
from casework.domain.staff import record_leave
from casework.domain.sweep import fire_due
from casework.models import Account, Case, CaseEvent, Clock, ClockWarning, Delivery, Person, Task
from tests.conftest import SHANGHAI, acting
from tests.factories import deliver_all, dispute, evaluation

OFF, WORKED = (False, "元旦"), (True, "元旦")
NEW_YEAR = {date(2027, 1, day): OFF for day in (1, 2, 3)}
YEAR_END = date(2027, 12, 31)


def hua() -> Office:
    return office_of(acting("hua"), Account.objects.get(username="hua"))


def imported(days: dict[date, tuple[bool, str]], through: date | None = YEAR_END) -> Change:
    return import_days(hua(), "office", days, through, source="国办发明电〔2026〕7号", sha256="0" * 64)


def carried_out(days: dict[date, tuple[bool, str]]) -> None:
    """Imported, followed by every case; and every deadline's steps add up to it."""
    imported(days)
    assert reckon_all("office") == []
    for clock in Clock.objects.all():
        assert added_up(clock.steps, Limit.parse(clock.limit), SHANGHAI)[-1].due_at == clock.due_at


def due(name: str, number: str = "") -> str:
    clock = Clock.objects.filter(name=name, **({"case__number": number} if number else {})).latest("generation")
    return f"{clock.due_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}{'?' if clock.provisional else ''}"


def told(number: str) -> list[dict[str, Any]]:
    """The entries by which the case's deadlines were reckoned again."""
    events = CaseEvent.objects.filter(stream=f"case:{number}", action="reckon_clocks").order_by("seq")
    return [json.loads(event.entry) for event in events]


def last_change() -> CaseEvent:
    return CaseEvent.objects.filter(stream="org").latest("seq")


def test_deadline_when_the_notice_comes_is_settled_and_moves_with_reminders_and_task(db, time):
    """Opened on Wednesday, two working days: Thursday and, as it seemed, New Year's Day."""
    time.set("2026-12-30 10:00")
    number = evaluation()
    assert due("objection") == "2027-01-01 18:00?"
    clock, before = Clock.objects.get(name="objection"), ClockWarning.objects.filter(clock__name="objection")
    old = list(before.values_list("pk", flat=True))
    carried_out(NEW_YEAR)
    assert due("objection") == "2027-01-04 18:00"
    clock.refresh_from_db()
    owed = Task.objects.filter(number=number, finished=None, node="respond")
    assert [(task.due_at, task.provisional) for task in owed] == [(clock.due_at, False)]
    assert not ClockWarning.objects.filter(pk__in=old, done_at=None).exists()
    fresh = [w.due_at.astimezone(SHANGHAI) for w in before.filter(done_at=None).order_by("due_at")]
    assert [f"{moment:%m-%d %H:%M}" for moment in fresh] == ["12-31 18:00", "01-04 16:00"]
    entry, (shown,) = told(number)[0], told(number)[0]["clocks"]
    assert (entry["actor"], entry["cause"]) == ("SYSTEM", str(last_change().pk))
    assert (shown["change"], shown["due_before"]) == ("reckon", "2027-01-01T10:00:00.000000Z")
    assert clock.entries.get(kind="reckon").event_seq == entry["seq"] == Case.objects.get(number=number).seq
    assert "holiday" in [step.get("why") for step in clock.steps] and clock.steps[-1]["step"] == "due"


def test_deadline_when_only_the_notice_was_missing_is_settled_where_it_is(db, time):
    time.set("2026-12-31 10:00")
    number = evaluation()
    reminders = set(ClockWarning.objects.values_list("pk", "done_at"))
    carried_out({date(2027, 5, 1): (False, "劳动节")})
    assert due("objection") == "2027-01-04 18:00" and len(told(number)) == 1
    assert set(ClockWarning.objects.values_list("pk", "done_at")) == reminders


def test_deadline_when_a_saturday_is_worked_comes_earlier(db, time):
    time.set("2026-12-31 10:00")
    evaluation()
    carried_out({date(2027, 1, 2): WORKED})
    assert due("objection") == "2027-01-02 18:00"


def test_deadline_when_it_would_be_over_already_stays(db, time):
    """On the evening of that Saturday: nobody could act by 18:00 any more."""
    time.set("2026-12-31 10:00")
    number = evaluation()
    time.set("2027-01-02 19:00")
    carried_out({date(2027, 1, 2): WORKED})
    assert due("objection") == "2027-01-04 18:00" and len(told(number)) == 1
    kept = Clock.objects.get(name="objection").steps[-2]
    assert (kept["reason"], kept["from"]) == ("kept", "2027-01-02T10:00:00+00:00")
    assert moves(calendar_named("office")) == []


def test_deadline_when_paused_is_reckoned_and_resumes_by_the_notice(db, time):
    time.set("2026-12-30 10:00")
    number = evaluation()
    perform(number, "question", acting("ann"), {"text": "为什么？"})
    time.on(hours=1)
    carried_out(NEW_YEAR)
    clock = Clock.objects.get(name="objection")
    assert (clock.state, due("objection"), clock.entries.latest("id").due_at) == ("paused", "2027-01-04 18:00", None)
    time.set("2026-12-31 10:00")
    perform(number, "answer", acting("ian"), {"text": "因为。"})
    assert due("objection") == "2027-01-05 18:00"  # eight hours stood still; the calendar's next working day


def test_deadline_when_postponed_for_leave_is_never_earlier_than_promised(db, time):
    """Ann is away to the end of the year. The first day back is New Year's Day, until the notice says otherwise."""
    time.set("2026-12-30 10:00")
    record_leave(Person.objects.get(no="A1001"), date(2026, 12, 30), date(2026, 12, 31), system())
    number = evaluation(reader=None)
    time.to(Clock.objects.get(name="deemed_service").due_at, seconds=61)
    fire_due()
    assert due("deemed_service") == "2027-01-01 18:00?"
    carried_out({date(2027, 5, 1): (False, "劳动节")})
    assert due("deemed_service") == "2027-01-01 18:00"
    carried_out(NEW_YEAR)
    assert due("deemed_service") == "2027-01-04 18:00"
    steps = Clock.objects.get(name="deemed_service").steps
    assert [step["reason"] for step in steps if step["step"] == "extended"] == ["leave"]
    assert [step["step"] for step in steps[-2:]] == ["rolled", "due"] and len(told(number)) == 2


def test_notice_when_imported_again_changes_nothing(db, time):
    time.set("2026-12-30 10:00")
    number = dispute()
    carried_out(NEW_YEAR)
    entries, seq = last_change().seq, Case.objects.get(number=number).seq
    assert imported(NEW_YEAR).is_empty and reckon_all("office") == []
    deliver_all()
    assert (last_change().seq, Case.objects.get(number=number).seq) == (entries, seq)
    with pytest.raises(NotAllowedNow, match="nothing to do"):
        perform(number, "reckon_clocks", system())


def test_notice_when_the_import_died_in_the_middle_is_carried_out_by_the_next(db, time):
    """The days are in, one case has followed; whoever comes next, by hand or as the worker, finishes the rest."""
    time.set("2026-12-30 10:00")
    first, second, third = evaluation(), evaluation(), evaluation()
    imported(NEW_YEAR)
    perform(first, "reckon_clocks", system())
    assert [move.number for move in moves(calendar_named("office"))] == [second, third]
    assert reckon_all("office") == []
    deliver_all()
    assert [len(told(number)) for number in (first, second, third)] == [1, 1, 1]
    assert told(third)[0]["cause"] == str(last_change().pk)


def test_day_when_changed_in_the_office_moves_deadlines_by_the_worker(db, time):
    number = evaluation()
    assert due("objection") == "2026-11-05 18:00"
    set_day(hua(), calendar="office", day=date(2026, 11, 5), working=False, holiday="停电")
    assert due("objection") == "2026-11-05 18:00" and Delivery.objects.filter(kind="reckon").count() == 1
    deliver_all()
    assert due("objection") == "2026-11-06 18:00" and told(number)[0]["cause"] == str(last_change().pk)


def test_worker_when_there_are_many_clocks_takes_them_page_by_page(db, time, monkeypatch):
    monkeypatch.setattr("casework.domain.deadline_moves.PAGE", 2)
    numbers = [evaluation() for _ in range(3)]
    set_day(hua(), calendar="office", day=date(2026, 11, 5), working=False)
    deliver_all()
    assert [len(told(number)) for number in numbers] == [1, 1, 1]


def test_case_when_it_cannot_follow_is_named_and_keeps_nobody(real_db, time):
    broken, whole = evaluation(), evaluation()
    Case.objects.filter(number=broken).update(head="f" * 64)  # its chain is broken: every step fails
    imported({date(2026, 11, 5): OFF}, through=None)
    assert reckon_all("office") == [broken]
    assert len(told(whole)) == 1 and due("objection", broken) == "2026-11-05 18:00"


def test_moves_when_asked_for_change_nothing_and_cost_no_more_for_more_cases(db, time):
    evaluation()
    days = {date(2026, 11, 5): OFF}
    with CaptureQueriesContext(
        connection,
    ) as few:
        assert len(moves(change_by(hua(), "office", days).becomes)) == 1
    evaluation()
    with CaptureQueriesContext(connection) as many:
        found = moves(change_by(hua(), "office", days).becomes)
    assert len(found) == 2 and len(many) == len(few) and isinstance(found[0], Move)
    assert due("objection") == "2026-11-05 18:00"


@pytest.mark.parametrize(
    "calendar, days, through, words",
    [
        ("always", NEW_YEAR, None, "Expected a calendar with days of its own"),
        ("nowhere", NEW_YEAR, None, "Expected a calendar with days of its own"),
        ("office", {date(2026, 10, 1): (True, "国庆节")}, None, "days that have passed stay"),
        ("office", {date(2031, 1, 1): OFF}, None, "to the end of 2029"),
        ("office", NEW_YEAR, date(2025, 12, 31), "settled through 2026-12-31 or later"),
        ("office", NEW_YEAR, date(2028, 12, 31), "Expected days of 2028"),
    ],
)
def test_notice_when_it_is_no_such_notice_is_refused_whole(db, time, calendar, days, through, words):
    with pytest.raises(InvalidInput) as refusal:
        import_days(hua(), calendar, days, through, source="x", sha256="0" * 64)
    assert words in str(refusal.value)
    assert not CaseEvent.objects.filter(action="calendar_imported").exists() and not Delivery.objects.exists()


def test_notice_when_brought_by_others_is_refused(db, time):
    """Liu leads a project's people and no more; ann nobody's."""
    office = Office(acting("hua"), None, frozenset({1}), frozenset(), whole=False, administrator=False)
    with pytest.raises(NotPermitted, match="whole organisation"):
        import_days(office, "office", NEW_YEAR, None, source="x", sha256="0" * 64)
