"""What a deadline would be, had its clock started, paused or been limited otherwise; nothing is changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from casework.domain import deadline_steps
from casework.domain.calendar import Calendar, Deadline, Pause
from casework.domain.errors import InvalidInput
from casework.domain.limits import Counting, Limit
from casework.domain.open_hours import CalendarError
from casework.domain.reckoning import GRANTED, prolonged

Wall = tuple[datetime, datetime]


@dataclass(frozen=True)
class Otherwise:
    """What is to be different: None and nothing are as the clock has them. Moments without an offset are the
    calendar's."""

    calendar: Calendar
    start: datetime | None = None
    within: Limit | None = None
    pauses: Sequence[Wall] = ()


def deadline_otherwise(clock: dict[str, Any], other: Otherwise, now: datetime) -> Deadline:
    """The deadline reckoned anew, with the pauses that the clock had (one that is open ends now) and those that are
    asked about. Time that was granted is on top; what it was extended to holds, unless it now ends later anyway.
    InvalidInput where it cannot be."""
    if any(step["step"] == "rung" for step in clock["steps"]):
        words = _("Expected a deadline, but '%(name)s' is reached before one and moves with it; ask about '%(clock)s'")
        raise InvalidInput(words % {"name": clock["name"], "clock": clock["rung_of"]}, code="moves_with_another")
    zone = other.calendar.zone
    start = _there(other.start, zone) if other.start else datetime.fromisoformat(clock["started_at"])
    had = [(datetime.fromisoformat(a), datetime.fromisoformat(b) if b else now) for a, b in clock["pauses"]]
    asked = [_pause(pause, zone) for pause in other.pauses]
    pauses: list[Pause] = [*had, *asked]
    last = max((end for _begin, end in (*had, *asked)), default=now)
    limit = other.within or Limit.parse(clock["limit"])
    counting = Counting(**clock["counting"])
    least = Limit.parse(clock["minimum_left"]) if clock["minimum_left"] else None
    try:
        deadline = other.calendar.due_after_pauses(start, limit, pauses, max(last, now), least, counting=counting)
    except CalendarError as error:
        raise InvalidInput(str(error), code="outside_calendar") from None
    except OverflowError:
        words = _("Expected moments inside the calendar, but one lies beyond the years that can be written; change it")
        raise InvalidInput(words, code="outside_calendar") from None
    for by, granted, reason in clock["extensions"]:
        deadline = prolonged(other.calendar, deadline, by, granted, reason)
    return _with_extensions(deadline, clock["steps"], other.calendar)


def _with_extensions(deadline: Deadline, steps: Sequence[deadline_steps.Step], calendar: Calendar) -> Deadline:
    for step in steps:
        promised = step["step"] == "extended" and step["reason"] != GRANTED
        until = datetime.fromisoformat(step["to"]) if promised else deadline.due_at
        if until > deadline.due_at:
            guessed, at = calendar.guessed(until), datetime.fromisoformat(step["at"])
            told = deadline_steps.extended(deadline.steps, deadline.due_at, until, at, step["reason"], guessed)
            deadline = Deadline(until, bool(guessed), tuple(told))
    return deadline


def _pause(pause: Wall, zone: Any) -> tuple[datetime, datetime]:
    begin, end = (_there(moment, zone) for moment in pause)
    if begin >= end:
        words = _("Expected a pause that ends after it begins, but %(from)s is not before %(to)s; change one of them")
        raise InvalidInput(words % {"from": pause[0], "to": pause[1]}, code="not_a_pause")
    return begin, end


def _there(moment: datetime, zone: Any) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
