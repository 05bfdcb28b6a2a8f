"""Somebody on leave: whoever stands in for them hears what they hear, and no more than they may."""

from datetime import date
from typing import Any

import pytest

from casework.domain.actor import system
from casework.domain.staff import grant, record_leave
from casework.models import ClockWarning, Unit
from tests.factories import deliver_all, dispute
from tests.seen import person, second_lead, sweep, told


def stands_in(deputy: str, role: str, principal: str) -> None:
    grant(person(deputy), role, Unit.objects.get(code="OC"), system(), principal=person(principal))


def on_leave(no: str) -> None:
    record_leave(person(no), date(2026, 11, 3), date(2026, 11, 20), system())


def remind(number: str, clock: str, mark: str, time: Any) -> None:
    warning = ClockWarning.objects.get(case__number=number, clock__name=clock, mark=mark)
    time.to(warning.due_at, 1)
    sweep()
    deliver_all()


@pytest.fixture
def reviewing(db, time) -> str:
    """ann's dispute, before qin."""
    number = dispute(upto="forwarded")
    deliver_all()
    return number


def test_reminder_of_whoever_is_on_leave_reaches_the_deputy_once(reviewing, time):
    second_lead()
    stands_in("M405", "qa_lead", "M401")
    stands_in("M405", "supervisor", "M401")
    remind(reviewing, "review", "50%", time)
    assert told("M405", reviewing) == [], "qin is here"
    on_leave("M401")
    remind(reviewing, "review", "90%", time)
    assert told("M405", reviewing) == ["clock_warning"] and told("M401", reviewing)[-1] == "clock_warning"


def test_reminder_of_a_decider_reaches_no_deputy_who_is_barred_or_sees_nothing_of_the_case(reviewing, time):
    """Ian scored the call and is a party; Tang may not see the case."""
    stands_in("Q202", "qa_lead", "M401")
    stands_in("T951", "trainer", "M401")
    on_leave("M401")
    before = told("Q202", reviewing)
    remind(reviewing, "review", "50%", time)
    assert told("M401", reviewing)[-1] == "clock_warning"
    assert (told("Q202", reviewing), told("T951", reviewing)) == (before, [])


def test_reminder_of_a_role_reaches_its_deputy_too(db, time):
    """Qiu leads in Lee's stead from November to January."""
    number = dispute()
    deliver_all()
    on_leave("L301")
    remind(number, "screen", "50%", time)
    assert told("M402", number).count("clock_warning") == told("L301", number).count("clock_warning") == 1
