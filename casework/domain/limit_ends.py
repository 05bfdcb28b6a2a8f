"""Where a limit ends by its counting: which day is the first, which the last, and when that one is over."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from casework.domain.deadline_steps import DAY
from casework.domain.limits import Counting, Limit
from casework.domain.open_hours import MINUTES_A_DAY, local

if TYPE_CHECKING:
    from casework.domain.calendar import Calendar


def start_counts(calendar: Calendar, start: datetime, limit: Limit, counting: Counting) -> bool:
    """Whether the day of the start is the first one of the limit."""
    if counting.day_0 == "excluded" or limit.unit in ("hours", "minutes"):
        return False
    day = calendar.day_of(start)
    if not calendar.is_working_day(day):
        return limit.unit == "days"
    ends = counting.ends or ("close" if limit.unit == "workdays" else "midnight")
    return ends == "midnight" or start < calendar.close_of(day)


def days_of(calendar: Calendar, start: datetime, limit: Limit, counting: Counting) -> tuple[date, date]:
    """The day before the first one of a limit in days, and its last one, not yet rolled forward."""
    before = calendar.day_of(start) - DAY * start_counts(calendar, start, limit, counting)
    if limit.unit == "days":
        return before, before + int(limit.amount) * DAY
    return before, calendar.next_working_day(before, int(limit.amount))


def end(calendar: Calendar, start: datetime, limit: Limit, counting: Counting) -> datetime:
    """The end of an unbroken limit, not yet settled: of calendar days always 24:00."""
    if limit.unit in ("hours", "minutes"):
        return calendar.add(start, limit.length)
    _before, last = days_of(calendar, start, limit, counting)
    if limit.unit == "workdays" and counting.ends != "midnight":
        return calendar.close_of(last)
    return _midnight(calendar, last)


def settled(calendar: Calendar, end: datetime, limit: Limit, counting: Counting) -> datetime:
    """The end itself; of calendar days rolled forward where the last one is off, and cut at close where that is where
    days end."""
    if limit.unit != "days":
        return end
    last = calendar.last_day(end)
    if calendar.is_working_day(last):
        return min(end, calendar.close_of(last)) if counting.ends == "close" else end
    if counting.rolls == "never":
        return end
    rolled = calendar.next_working_day(last)
    if counting.ends == "midnight":
        return _midnight(calendar, rolled)
    # A shift may close after midnight, but a day that was not rolled to ends then too.
    return min(calendar.close_of(rolled), _midnight(calendar, rolled))


def _midnight(calendar: Calendar, day: date) -> datetime:
    """24:00 of the day."""
    return local(calendar.zone, day, MINUTES_A_DAY)
