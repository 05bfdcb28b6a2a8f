"""A counting clock's deadline, reckoned from what the clock keeps: start, limit, pauses, and what was promised."""

from datetime import datetime
from typing import Any

from casework.domain.calendar import Calendar, Deadline
from casework.domain.deadline_steps import Step, iso
from casework.domain.limits import Limit
from casework.models import Clock

ENDING = ("provisional", "due")  # steps that belong to one due moment, not to the way there


def reckoned(calendar: Calendar, clock: Clock, rule: Any, now: datetime) -> Deadline:
    """The deadline by that calendar; of a clock that stands still, as if it had not been stopped this time.

    It is never earlier than what was promised by a postponement, rolled to the close of the next working day where the
    calendar has made that day off."""
    pauses = [(datetime.fromisoformat(begin), datetime.fromisoformat(end)) for begin, end in clock.pauses if end]
    least = Limit.parse(rule.minimum_left) if rule.minimum_left else None
    deadline = calendar.due_after_pauses(clock.started_at, Limit.parse(clock.limit), pauses, now, least)
    if clock.postponed_to is None:
        return deadline
    day = calendar.last_day(clock.postponed_to)
    if calendar.is_working_day(day):
        promised = _staying(calendar, clock, clock.postponed_to)
    else:
        back = calendar.next_working_day(day)
        promised = _staying(calendar, clock, calendar.close_of(back), {"step": "rolled", "date": back.isoformat()})
    return max(promised, deadline, key=lambda each: each.due_at)


def reckoned_again(calendar: Calendar, clock: Clock, rule: Any, now: datetime) -> tuple[Deadline, str] | None:
    """The deadline after the calendar changed, and "kept" where it stays because it would be over by now: nobody's time
    runs out by a notice. None where neither the moment moves nor whether it is provisional."""
    deadline, why = reckoned(calendar, clock, rule, now), ""
    if deadline.due_at < min(now, clock.due_at):
        kept = {"step": "kept", "instead_of": iso(deadline.due_at)}
        deadline, why = _staying(calendar, clock, clock.due_at, kept), "kept"
    if (deadline.due_at, deadline.provisional) == (clock.due_at, clock.provisional):
        return None
    return deadline, why


def _staying(calendar: Calendar, clock: Clock, due_at: datetime, *why: Step) -> Deadline:
    """The deadline that the clock's own steps led to, and what was added to them."""
    way = [step for step in clock.steps if step["step"] not in (*ENDING, *(step["step"] for step in why))]
    guessed = calendar.guessed(due_at)
    return Deadline(due_at, bool(guessed), (*way, *why, *guessed, {"step": "due", "at": iso(due_at)}))
