"""Calendars in memory: those of the days that the database has, and no work where these are as they were."""

from datetime import date

from casework.domain.hours import calendar_named
from casework.models import CalendarDay

MONDAY = date(2026, 11, 9)


def test_calendar_under_a_stamp_of_something_else_is_the_same_one(db):
    """Every grant and every leave moves the stamp."""
    assert calendar_named("office", 1) is calendar_named("office", 2)


def test_calendar_whose_days_changed_is_another(db):
    before = calendar_named("office", 1)
    CalendarDay.objects.create(calendar="office", date=MONDAY, working=False, holiday="立冬")
    after = calendar_named("office", 2)
    assert (before.days.get(MONDAY), after.days.get(MONDAY)) == (None, False)
    assert calendar_named("office", 1) is before
