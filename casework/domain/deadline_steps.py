"""Why a deadline is what it is: the arithmetic as steps that a page can put into words.

Steps are JSON-able and free of floats, since ledger entries carry them. Moments are ISO in UTC, dates are the
calendar's own. A step is one of

    start (at), due (at), provisional (after)
    counted_day (date, n), counted_days (n, date), ran (date, business_seconds)
    skipped_day (date, why: holiday | weekend, name), makeup_day (date, name), rolled (date)
    pause (from, to, business_seconds; or seconds, where the limit is in calendar days)
    minimum_left (from, limit)
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from casework.domain.open_hours import MINUTES_A_DAY, dates, local, utc

if TYPE_CHECKING:
    from casework.domain.calendar import Calendar

Step = dict[str, Any]

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def workdays_counted(calendar: Calendar, first: date, last: date) -> Iterator[Step]:
    """The days after `first`, which does not count, through `last`."""
    n = 0
    for day in dates(first + DAY, last):
        if note := _unusual(calendar, day):
            yield note
        if calendar.is_working_day(day):
            n += 1
            yield {"step": "counted_day", "date": day.isoformat(), "n": n}


def days_counted(calendar: Calendar, n: int, end: datetime) -> Iterator[Step]:
    """Calendar days, none of which is skipped."""
    yield {"step": "counted_days", "n": n, "date": calendar.last_day(end).isoformat()}


def hours_run(calendar: Calendar, start: datetime, end: datetime) -> Iterator[Step]:
    """The business time that ran on each day, and the days on which none did."""
    for day in dates(calendar.day_of(start), calendar.last_day(end)):
        begin, midnight = local(calendar.zone, day, 0), local(calendar.zone, day, MINUTES_A_DAY)
        ran = calendar.elapsed(max(begin, start), min(midnight, end))
        # The hours after midnight of a night shift run on a day off too.
        if (note := _unusual(calendar, day)) and not (ran and note["step"] == "skipped_day"):
            yield note
        if ran:
            yield {"step": "ran", "date": day.isoformat(), "business_seconds": ran // SECOND}


def moved(calendar: Calendar, noted: date, end: datetime, due_at: datetime) -> Iterator[Step]:
    """The unusual days after `noted` that a deadline passed over; it is `due_at`, rolled on from `end`."""
    last = calendar.last_day(due_at)
    for day in dates(noted + DAY, last):
        if note := _unusual(calendar, day):
            yield note
    if due_at > end:
        yield {"step": "rolled", "date": last.isoformat()}


def paused(begin: datetime, resumed: datetime, unit: str, stood: timedelta) -> Step:
    return {"step": "pause", "from": iso(begin), "to": iso(resumed), unit: stood // SECOND}


def iso(moment: datetime) -> str:
    return utc(moment).isoformat()


def _unusual(calendar: Calendar, day: date) -> Step | None:
    """A day off, or one that is worked though its weekday is off; None for an ordinary working day."""
    named = {"name": calendar.names[day]} if calendar.names.get(day) else {}
    if not calendar.is_working_day(day):
        why = "holiday" if day in calendar.days else "weekend"
        return {"step": "skipped_day", "date": day.isoformat(), "why": why, **named}
    if day.weekday() not in calendar.weekly:
        return {"step": "makeup_day", "date": day.isoformat(), **named}
    return None
