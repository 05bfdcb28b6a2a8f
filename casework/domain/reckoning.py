"""A counting clock's deadline, reckoned from what the clock keeps: start, limit, pauses, and what was promised."""

from datetime import datetime
from typing import Any

from casework.domain import deadline_steps
from casework.domain.calendar import Calendar, Deadline
from casework.domain.deadline_steps import Step, iso
from casework.domain.limits import Limit
from casework.models import Clock

KEPT = "kept"  # the reason of an extension that keeps a deadline where it was
GRANTED = "granted"  # of one that somebody approved
HASTENED = "hastened"  # of one that leaves some time where the case has become urgent


def reckoned(calendar: Calendar, clock: Clock, rule: Any, now: datetime) -> Deadline:
    """The deadline by that calendar; of a clock that stands still, as if it had not been stopped this time.

    It is never earlier than what was promised by a postponement, nor than the close of the working day after that where
    the calendar has made its day off."""
    pauses = [(datetime.fromisoformat(begin), datetime.fromisoformat(end)) for begin, end in clock.pauses if end]
    least = Limit.parse(rule.minimum_left) if rule.minimum_left else None
    limit = Limit.parse(clock.limit)
    deadline = calendar.due_after_pauses(clock.started_at, limit, pauses, now, least, counting=rule.counting)
    for by, granted, reason in clock.extensions:
        deadline = prolonged(calendar, deadline, by, granted, reason)
    if clock.postponed_to is None or clock.postponed_to <= deadline.due_at:
        return deadline
    promises = _promises(clock)
    promise = promises[-1] if promises else {"at": iso(clock.started_at), "reason": "leave"}  # so it was once written
    made = datetime.fromisoformat(promise["at"])
    return _extended(calendar, deadline, clock.postponed_to, made, promise["reason"])


def reckoned_again(calendar: Calendar, clock: Clock, rule: Any, now: datetime) -> Deadline | None:
    """The deadline after the calendar changed; None where neither that nor whether it is provisional changes. One
    that would be over by now stays where it was: nobody's time runs out by a notice."""
    deadline = reckoned(calendar, clock, rule, now)
    if deadline.due_at < min(now, clock.due_at):
        deadline = _extended(calendar, deadline, clock.due_at, now, KEPT)
    return deadline if (deadline.due_at, deadline.provisional) != (clock.due_at, clock.provisional) else None


def relimited(calendar: Calendar, clock: Clock, rule: Any, now: datetime) -> Deadline:
    """The deadline by the limit that the clock now has. One that the limit of an urgent case brings forward comes no
    sooner than its rule allows, which then is promised; one that stands still has that when it runs on."""
    if rule.hastened is None and _was_promised(clock, HASTENED):
        clock.postponed_to = None  # that was for the shorter limit
    deadline, before = reckoned(calendar, clock, rule, now), clock.due_at
    if rule.hastened is None or clock.state != Clock.State.RUNNING:
        return deadline
    soonest = min(before, calendar.due(now, Limit.parse(rule.urgency[rule.hastened.urgency].at_least)).due_at)
    if soonest <= deadline.due_at:
        return deadline
    clock.postponed_to = soonest
    return _extended(calendar, deadline, soonest, now, HASTENED)


def prolonged(calendar: Calendar, deadline: Deadline, by: str, granted: str, reason: str) -> Deadline:
    """The deadline with that much more time, which runs from where it ended; that day does not count again."""
    until = calendar.due(calendar.inside(deadline.due_at), Limit.parse(by)).due_at
    guessed, at = calendar.guessed(until), datetime.fromisoformat(granted)
    steps = deadline_steps.extended(deadline.steps, deadline.due_at, until, at, reason, guessed)
    return Deadline(until, bool(guessed), tuple(steps))


def _promises(clock: Clock) -> list[Step]:
    return [step for step in clock.steps if step["step"] == "extended" and step["reason"] not in (KEPT, GRANTED)]


def _was_promised(clock: Clock, reason: str) -> bool:
    """Whether the last promise was made for that reason."""
    promises = _promises(clock)
    return bool(promises) and promises[-1]["reason"] == reason


def _extended(calendar: Calendar, deadline: Deadline, until: datetime, at: datetime, reason: str) -> Deadline:
    """The deadline moved on to `until`, or to the next close of business where the day of that is off."""
    day, due_at = calendar.last_day(until), until
    if reason != KEPT and not calendar.is_working_day(day):
        due_at = calendar.close_of(calendar.next_working_day(day))
    guessed = calendar.guessed(due_at)
    after = [*deadline_steps.settled(calendar, until, due_at, due_at), *guessed]
    steps = deadline_steps.extended(deadline.steps, deadline.due_at, until, at, reason, after)
    return Deadline(due_at, bool(guessed), (*steps[:-1], {"step": "due", "at": iso(due_at)}))
