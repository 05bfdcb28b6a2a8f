"""What happens along the way of a clock: when a share of its time has passed, or so long before or after it is due."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from casework.domain.calendar import Calendar, Deadline
from casework.domain.deadline_steps import iso
from casework.domain.limits import Limit
from casework.models import Clock


@dataclass(frozen=True)
class Reach:
    """A rung as a clock of its own: from when, within what, and by when it acts."""

    started_at: datetime
    limit: str
    deadline: Deadline


def reach(calendar: Calendar, clock: Clock, at: str) -> Reach:
    """A rung after the deadline is a limit that starts there; one before it is the clock's own, cut short."""
    after = at.removesuffix(" after")
    if after != at:
        end = calendar.inside(clock.due_at)
        return Reach(end, after, calendar.due(end, Limit.parse(after)))
    due_at = moment(calendar, clock, at)
    cut = {"step": "rung", "at": at, "from": iso(clock.due_at), "to": iso(due_at)}
    before = [step for step in clock.steps if step["step"] not in ("provisional", "due")]
    guessed = calendar.guessed(due_at)
    steps = (*before, cut, *guessed, {"step": "due", "at": iso(due_at)})
    return Reach(clock.started_at, clock.limit, Deadline(due_at, bool(guessed), steps))


def moment(calendar: Calendar, clock: Clock, mark: str) -> datetime:
    """When `90%` of the clock's business time has passed, or when it is `1 workday before` its deadline."""
    if mark.endswith("%"):
        whole = calendar.elapsed(clock.started_at, clock.due_at)
        return calendar.add(clock.started_at, whole * int(mark[:-1]) / 100)
    return calendar.before(clock.due_at, Limit.parse(mark.removesuffix(" before")))


def clock_of(name: str) -> str:
    """The clock whose rung it is; its own name where it is none."""
    return name.partition(".")[0]


def is_rung(name: str) -> bool:
    return clock_of(name) != name


def is_cut_short(rules: Any, name: str) -> bool:
    """Whether it is a rung before the deadline, which moves with its clock only."""
    clock, _, rung = name.partition(".")
    return bool(rung) and not rules.clocks[clock].rungs[rung].at.endswith(" after")
