"""Adds the steps of a deadline up again, by the steps alone: no calendar is asked, so what made them is not believed.

Every day from the start to the end has to be told once, in order; what ran has to fill the limit, and after a pause
what stood still; and each part begins where the one before it ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from casework.domain.deadline_steps import DAY, SECOND, Step
from casework.domain.limits import Limit
from casework.domain.open_hours import TICK

DAYS = ("skipped_day", "makeup_day")
NEVER = datetime.min.replace(tzinfo=UTC)


class SumError(ValueError):
    """The steps do not lead to their due time; `number` and `step` say at which it shows."""

    def __init__(self, number: int, step: str, why: str) -> None:
        super().__init__(f"Expected step {number} ({step}) to follow from those before it, but {why}.")
        self.number, self.step = number, step


@dataclass
class Term:
    """One part of the sum: what `kind` of step it is (start, pause, minimum_left, extended, rung), that step, the
    seconds that ran in it day by day, and the deadline that the sum has reached by then."""

    kind: str
    step: Step
    ran: list[int] = field(default_factory=list)
    due_at: datetime = NEVER


def added_up(steps: Sequence[Step], limit: Limit, zone: ZoneInfo) -> list[Term]:
    """The sum of the limit, the pauses and the rest: the last term's `due_at` is the deadline. Else SumError."""
    return _Walk(list(steps), zone).terms(limit)


class _Walk:
    """Along the steps. `end` is where the limit ends, `due` where it then falls due."""

    def __init__(self, steps: list[Step], zone: ZoneInfo) -> None:
        self._steps, self._zone, self._next = steps, zone, 0
        self._end = self._due = self._resumed = NEVER
        self._terms: list[Term] = []

    def terms(self, limit: Limit) -> list[Term]:
        try:
            start = self._take("start")
            self._term(start, self._moment(start), limit)
            while step := self._take_any("pause", "minimum_left", "extended"):
                if step["step"] == "pause":
                    self._pause(step, limit)
                elif step["step"] == "minimum_left":
                    self._minimum(step)
                else:
                    self._extension(step)
            if step := self._take_any("rung"):
                self._rung(step)
            self._ending()
        except (KeyError, TypeError) as error:
            self._fail(f"it is incomplete: {error}")
        return self._terms

    # The limit

    def _term(self, step: Step, start: datetime, limit: Limit) -> None:
        self._terms.append(Term(step["step"], step))
        before = self._day(start) - DAY * bool(step.get("counts"))
        if limit.unit == "workdays":
            self._end = self._workdays(before, int(limit.amount))
        elif limit.unit == "days":
            self._end = self._days(before, int(limit.amount))
        else:
            self._end, ran = self._ran(start)
            self._check(ran == limit.length, f"{ran} ran instead of {limit.length}")
        self._settle(self._end)

    def _workdays(self, before: date, amount: int) -> datetime:
        day, n = before, 0
        while step := self._take_any("counted_day", *DAYS):
            new = date.fromisoformat(step["date"])
            worked_instead = self._steps[self._next - 2]["step"] == "makeup_day"
            self._check(new == (day if worked_instead else day + DAY), f"{new} does not follow {day}")
            day = new
            if step["step"] == "counted_day":
                n += 1
                self._check(step["n"] == n, f"it is day {n}")
        self._check(n == amount, f"{n} days were counted instead of {amount}")
        if step := self._take_any("midnight"):
            self._check(self._moment(step) == self._midnight(day), f"{day} ends at 24:00")
            return self._moment(step)
        close = self._moment(self._take("close"))
        self._check(self._day(close - TICK) in (day, day + DAY), f"{day} does not close then")
        return close

    def _days(self, before: date, amount: int) -> datetime:
        step = self._take("counted_days")
        last = before + amount * DAY
        self._check(step["n"] == amount and step["date"] == last.isoformat(), f"{amount} days end on {last}")
        end = self._moment(step)
        self._check(end == self._midnight(last), f"{last} ends at 24:00")
        return end

    def _ran(self, begin: datetime) -> tuple[datetime, timedelta]:
        """Where the business time that ran from `begin` ends, and how long it is."""
        end, ran, seconds, told = begin, timedelta(0), 0, self._day(begin)
        while step := self._take_any("ran", *DAYS):
            day = date.fromisoformat(step["date"])
            self._check(told <= day <= told + DAY, f"{day} does not follow {told}")
            told = day
            for opens, closes in step.get("open", ()):
                opened, closed = datetime.fromisoformat(opens), datetime.fromisoformat(closes)
                self._check(end <= opened < closed, "it runs backwards")
                self._check(self._day(opened) == self._day(closed - TICK) == day, f"it does not run on {day}")
                end, ran = closed, ran + (closed - opened)
            seconds += step.get("business_seconds", 0)
            self._check(seconds == ran // SECOND, f"{ran} ran, not {seconds} s")
            if "business_seconds" in step:
                self._terms[-1].ran.append(step["business_seconds"])
        return end, ran

    # What moves it

    def _pause(self, step: Step, limit: Limit) -> None:
        begin, resumed = datetime.fromisoformat(step["from"]), datetime.fromisoformat(step["to"])
        self._check(self._resumed <= begin, "it begins in another pause")
        self._check(begin < resumed and begin < self._due, "it does not lie before the deadline")
        self._terms.append(Term("pause", step))
        self._resumed, stood = resumed, resumed - begin
        if limit.unit == "days":
            self._check(step["seconds"] == stood // SECOND, f"it lasted {stood}")
            self._end += stood
        else:
            self._end, ran = self._ran(self._due)
            self._check(step["business_seconds"] == ran // SECOND and ran <= stood, f"{ran} ran in its stead")
        self._settle(self._end)

    def _minimum(self, step: Step) -> None:
        before = self._due
        self._check(datetime.fromisoformat(step["from"]) == self._resumed, "no pause ended then")
        self._term(step, self._resumed, Limit.parse(step["limit"]))
        self._check(self._due > before, "it shortens")
        self._end = self._due

    def _extension(self, step: Step) -> None:
        self._check(datetime.fromisoformat(step["from"]) == self._due, f"the deadline was {self._due}")
        self._terms.append(Term("extended", step))
        self._end = datetime.fromisoformat(step["to"])
        self._settle(self._end)

    def _rung(self, step: Step) -> None:
        """Cut short of the deadline; how long that is before it only a calendar could tell."""
        self._check(datetime.fromisoformat(step["from"]) == self._due, f"the deadline was {self._due}")
        self._end = datetime.fromisoformat(step["to"])
        self._check(self._end <= self._due, "it lies after the deadline")
        self._terms.append(Term("rung", step))
        self._due = self._terms[-1].due_at = self._end

    def _settle(self, end: datetime) -> None:
        """A day off at the end is moved to the next that is worked; nothing ever moves back."""
        before, off = self._due, self._day(end - TICK)
        while step := self._take_any(*DAYS):
            self._check(step["date"] == off.isoformat(), f"{off} is not told")
            off += DAY if step["step"] == "skipped_day" else timedelta(0)
        if step := self._take_any("rolled"):
            end = self._moment(step)
            self._check(step["date"] == off.isoformat() == self._day(end - TICK).isoformat(), f"{off} is not off")
        elif step := self._take_any("close"):
            self._check(self._day(self._moment(step) - TICK) == off, f"{off} does not close then")
            self._check(self._moment(step) < end, f"{off} is over by then")
            end = self._moment(step)
        elif step := self._take_any("kept"):
            end = self._moment(step)
            self._check(end == before, f"the deadline was {before}")
        self._check(end >= before, "it moves back")
        self._due = self._terms[-1].due_at = end

    def _ending(self) -> None:
        if step := self._take_any("provisional"):
            self._check(date.fromisoformat(step["after"]) < self._day(self._due - TICK), "that day is settled")
        self._check(self._moment(self._take("due")) == self._due, f"the sum is {self._due}")
        self._check(self._next == len(self._steps), "more follows")

    # Reading

    def _take(self, kind: str) -> Step:
        step = self._take_any(kind)
        if step is None:
            self._next += 1
            self._fail(f"{kind} was to come")
        return step

    def _take_any(self, *kinds: str) -> Step | None:
        if self._next >= len(self._steps) or self._steps[self._next]["step"] not in kinds:
            return None
        self._next += 1
        return self._steps[self._next - 1]

    def _moment(self, step: Step) -> datetime:
        return datetime.fromisoformat(step["at"])

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day + DAY, time(), self._zone).astimezone(UTC)

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self._zone).date()

    def _check(self, holds: bool, why: str) -> None:
        if not holds:
            self._fail(why)

    def _fail(self, why: Any) -> NoReturn:
        step: Step = self._steps[self._next - 1] if 0 < self._next <= len(self._steps) else {}
        raise SumError(self._next, step.get("step", "none"), str(why))
