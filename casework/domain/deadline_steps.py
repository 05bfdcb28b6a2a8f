"""Why a deadline is what it is: the arithmetic as steps that every door can put into words and add up again.

Steps are JSON-able and free of floats. Moments are ISO in UTC, dates are the calendar's own. First comes
start (at, and counts where its day is the first one), then the limit:

    in workdays        counted_day (date, n), and at the end close (at) or midnight (at)
    in calendar days   counted_days (n, date, at)
    in business time   ran (date, business_seconds, open: [[from, to], …])

with the days in between as skipped_day (date, why: holiday | weekend, name) and makeup_day (date, name). Whatever moved
the deadline follows in order:

    rolled (date, at)                            a day off was its last one; kept (at): it had been rolled there before
    close (at)                                   its last one ends with business, not at 24:00
    pause (from, to, business_seconds), ran …    seconds instead, without ran, where the limit is in calendar days
    minimum_left (from, limit)                   with the steps of that limit
    extended (at, from, to, reason)
    rung (at: 90% | 1 workday before, from, to)  cut short: what happens before the deadline

and at the end provisional (after) where it is, and due (at). `business_seconds` of several days add up to the length.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from casework.domain.open_hours import MINUTES_A_DAY, dates, local, utc

if TYPE_CHECKING:
    from casework.domain.calendar import Calendar

Step = dict[str, Any]

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def started(at: datetime, counts: bool) -> Step:
    """The start; `counts`: its day is the first one."""
    return {"step": "start", "at": iso(at)} | ({"counts": True} if counts else {})


def workdays_counted(calendar: Calendar, before: date, last: date, end: datetime) -> Iterator[Step]:
    """The days after `before`, which does not count, through `last`, and its end: close of business or 24:00."""
    n = 0
    for day in dates(before + DAY, last):
        if note := _unusual(calendar, day):
            yield note
        if calendar.is_working_day(day):
            n += 1
            yield {"step": "counted_day", "date": day.isoformat(), "n": n}
    yield {"step": "close" if end == calendar.close_of(last) else "midnight", "at": iso(end)}


def days_counted(n: int, last: date, end: datetime) -> Iterator[Step]:
    """Calendar days, none of which is skipped, to 24:00 of the last."""
    yield {"step": "counted_days", "n": n, "date": last.isoformat(), "at": iso(end)}


def hours_run(calendar: Calendar, begin: datetime, end: datetime, told: date | None = None) -> Iterator[Step]:
    """The business time that ran on each day, and the days after `told` on which none did."""
    passed = timedelta(0)
    for day in dates(calendar.day_of(begin), calendar.last_day(end)):
        midnight, next_midnight = local(calendar.zone, day, 0), local(calendar.zone, day, MINUTES_A_DAY)
        spans = calendar.hours.within(max(midnight, begin), min(next_midnight, end))
        # The hours after midnight of a night shift run on a day off too.
        note = _unusual(calendar, day) if told is None or day > told else None
        if note and not (spans and note["step"] == "skipped_day"):
            yield note
        if spans:
            before, passed = passed, passed + sum((closes - opens for opens, closes in spans), timedelta(0))
            # Cut once for all days, so that what is shown of each adds up.
            seconds = passed // SECOND - before // SECOND
            opened = [[iso(opens), iso(closes)] for opens, closes in spans]
            yield {"step": "ran", "date": day.isoformat(), "business_seconds": seconds, "open": opened}


def settled(calendar: Calendar, end: datetime, settles: datetime, due_at: datetime) -> Iterator[Step]:
    """How an end that settles at `settles` (a day off, a day that closes before) came to be due at `due_at`; nothing
    where it is that end."""
    if due_at > settles:
        yield {"step": "kept", "at": iso(due_at)}
    elif due_at < end:
        yield {"step": "close", "at": iso(due_at)}
    elif due_at > end:
        last = calendar.last_day(due_at)
        for day in dates(calendar.last_day(end), last):
            if note := _unusual(calendar, day):
                yield note
        yield {"step": "rolled", "date": last.isoformat(), "at": iso(due_at)}


def paused(begin: datetime, resumed: datetime, unit: str, stood: timedelta) -> Step:
    return {"step": "pause", "from": iso(begin), "to": iso(resumed), unit: stood // SECOND}


def without_ends(steps: Sequence[Step]) -> list[Step]:
    """What lies between start and due, so that a deadline's arithmetic may stand inside another's."""
    return [step for step in steps if step["step"] not in ("start", "provisional", "due")]


def extended(
    steps: Sequence[Step], due_at: datetime, until: datetime, at: datetime, reason: str, guessed: Sequence[Step]
) -> list[Step]:
    """The arithmetic of a deadline that at the moment `at` was moved from `due_at` to `until`."""
    moved = {"step": "extended", "at": iso(at), "from": iso(due_at), "to": iso(until), "reason": reason}
    before = [step for step in steps if step["step"] not in ("provisional", "due")]
    return [*before, moved, *guessed, {"step": "due", "at": iso(until)}]


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
