"""Deadlines as rows: started, paused, resumed and stopped with the state, decided by the same arithmetic everywhere."""

from datetime import datetime, timedelta
from typing import Any

from casework.domain import deadline_steps
from casework.domain.action import ClockSpec
from casework.domain.calendar import Calendar, Deadline
from casework.domain.hours import calendar_named
from casework.domain.ladder import Reach, clock_of, is_cut_short, moment, reach
from casework.domain.limits import Limit
from casework.domain.reckoning import reckoned, reckoned_again, relimited
from casework.domain.recorder import Recorder
from casework.domain.row_digest import clock_digest
from casework.keys import new_key
from casework.models import Clock, ClockEntry, ClockWarning

State = Clock.State
COUNTING = (State.RUNNING, State.PAUSED)


class Clockwork:
    """Every change of the clocks of one step; each is shown in the event that caused it."""

    def __init__(self, family: Any, recorder: Recorder) -> None:
        self._family, self._recorder = family, recorder

    def follow(self, case: Any, specs: dict[str, ClockSpec], source: str, rules: Any, at: datetime) -> list[dict]:
        """Clocks of states that were left stop, clocks of states that were entered start."""
        shown, pk = [], case.pk
        counting = {c.name for c in self._family.clocks if c.case_id == pk and c.state in COUNTING}
        for name, spec in specs.items():
            if case.state in spec.states:
                if spec.starts == "entering" and source not in spec.states:
                    shown += self.start(case, name, rules, at)
            elif name in counting and not spec.keeps:
                shown += self._end(case, name, State.STOPPED, "stop", at, "left")
        return shown

    def start(self, case: Any, name: str, rules: Any, at: datetime) -> list[dict]:
        """The next generation runs from `at`; nothing when policy has switched the clock off."""
        rule = rules.clocks[name]
        if not rule.enabled:
            return []
        shown = self.stop(case, name, at, "restarted")
        calendar = calendar_named(rule.calendar, self._family.stamp)
        deadline = calendar.due(at, Limit.parse(rule.within), counting=rule.counting)
        clock, entered = self._begin(case, name, Reach(at, rule.within, deadline), rule.calendar, at)
        self._warn(clock, rule, calendar, at)
        return [*shown, entered, *self._start_rungs(case, clock, rule, calendar, at)]

    def stop(self, case: Any, name: str, at: datetime, reason: str) -> list[dict]:
        """Neither it nor its rungs count any more."""
        names = [name, *(rung.name for rung in self._rungs(case, name))]
        return [shown for each in names for shown in self._end(case, each, State.STOPPED, "stop", at, reason)]

    def breach(self, case: Any, name: str, rules: Any, at: datetime) -> list[dict]:
        """The clock, or the rung, has acted; what it has overtaken is over."""
        rungs = self._rungs(case, clock_of(name))
        overtaken = [rung for rung in rungs if self.is_overtaken(case, rung.name, rules, at)]
        shown = self._end(case, name, State.BREACHED, "breach", at, "")
        return shown + [s for c in overtaken for s in self._end(case, c.name, State.STOPPED, "stop", at, "obsolete")]

    def is_overtaken(self, case: Any, name: str, rules: Any, at: datetime) -> bool:
        """Whether it is a rung to be skipped when a later one, or the deadline, is due as well."""
        clock, _, rung = name.partition(".")
        if not rung or rules.clocks[clock].rungs[rung].late == "fire-once-late":
            return False
        own, deadline = self._family.clock(case, name), self._family.clock(case, clock)
        later = [c for c in (deadline, *self._rungs(case, clock)) if c.state == State.RUNNING and c.due_at <= at]
        return any(c.due_at > own.due_at for c in later)

    def pause(self, case: Any, name: str, at: datetime, reason: str) -> list[dict]:
        """The clock stands still; pausing twice changes nothing."""
        clock = self._family.clock(case, name)
        if clock is None or clock.state != State.RUNNING:
            return []
        clock.state = State.PAUSED
        clock.pauses = [*clock.pauses, [at.isoformat(), None]]
        self._recorder.update(clock, ("state", "pauses"))
        shown = [self._enter(case, clock, "pause", at, reason)]
        for rung in self._rungs(case, name):
            rung.state, rung.pauses = State.PAUSED, clock.pauses
            self._recorder.update(rung, ("state", "pauses"))
            shown.append(self._enter(case, rung, "pause", at, reason))
        return shown

    def resume(self, case: Any, name: str, rules: Any, at: datetime, reason: str) -> list[dict]:
        """The clock runs on; the pause's business time is added, and at least the policy's minimum is left."""
        clock = self._family.clock(case, name)
        if clock is None or clock.state != State.PAUSED:
            return []
        rule = rules.clocks[name]
        calendar = calendar_named(clock.calendar, self._family.stamp)
        clock.pauses = [*clock.pauses[:-1], [clock.pauses[-1][0], at.isoformat()]]
        clock.state = State.RUNNING
        self._set_due(clock, reckoned(calendar, clock, rule, at), "state", "pauses")
        self._warn_again(case, clock, rule, calendar, at)
        shown = self._enter(case, clock, "resume", at, reason)
        return [shown, *self._move_rungs(case, clock, rule, calendar, "resume", at, reason)]

    def reckon(self, case: Any, name: str, rules: Any, at: datetime) -> list[dict]:
        """The deadline is as the calendar has it now; start, pauses and what was promised stay as they are."""
        clock = self._family.clock(case, name)
        if clock is None or clock.state not in COUNTING or is_cut_short(rules, name):
            return []
        rule, calendar = rules.clock(name), calendar_named(clock.calendar, self._family.stamp)
        deadline, before = reckoned_again(calendar, clock, rule, at), clock.due_at
        if deadline is None:
            return []
        self._set_due(clock, deadline)
        if clock.state == State.RUNNING and clock.due_at != before:
            self._warn_again(case, clock, rule, calendar, at)
        shown = self._enter(case, clock, "reckon", at) | {"due_before": before}
        return [shown, *self._move_rungs(case, clock, rule, calendar, "reckon", at, "")]

    def postpone(self, case: Any, name: str, rules: Any, until: datetime, at: datetime, reason: str) -> list[dict]:
        """The clock runs on to `until`, for a stated reason such as leave."""
        clock = self._family.clock(case, name)
        calendar = calendar_named(clock.calendar, self._family.stamp)
        guessed = calendar.guessed(until)
        steps = deadline_steps.extended(clock.steps, clock.due_at, until, at, reason, guessed)
        clock.postponed_to, clock.state = until, State.RUNNING
        self._set_due(clock, Deadline(until, bool(guessed), tuple(steps)), "postponed_to", "state")
        shown = self._enter(case, clock, "extend", at, reason)
        return [shown, *self._move_rungs(case, clock, rules.clock(name), calendar, "extend", at, reason)]

    def extend(self, case: Any, name: str, rules: Any, at: datetime, reason: str) -> list[dict]:
        """The clock has as much more time as its policy gives; pauses that follow come on top of it."""
        clock, rule = self._family.clock(case, name), rules.clock(name)
        calendar = calendar_named(clock.calendar, self._family.stamp)
        clock.extensions = [*clock.extensions, [rule.extension.by, at.isoformat(), reason]]
        self._set_due(clock, reckoned(calendar, clock, rule, at), "extensions")
        self._warn_again(case, clock, rule, calendar, at)
        shown = self._enter(case, clock, "extend", at, reason)
        return [shown, *self._move_rungs(case, clock, rule, calendar, "extend", at, reason)]

    def limit(self, case: Any, name: str, rules: Any, at: datetime) -> list[dict]:
        """The clock has the limit of its rule from its start on, with its pauses and what was granted; a deadline that
        is thereby brought forward leaves as much time as the rule says."""
        clock, rule = self._family.clock(case, name), rules.clock(name)
        if clock is None or clock.state not in COUNTING:
            return []
        before = {"limit_before": clock.limit, "due_before": clock.due_at}
        calendar = calendar_named(clock.calendar, self._family.stamp)
        clock.limit = rule.within
        self._set_due(clock, relimited(calendar, clock, rule, at), "limit", "postponed_to")
        if clock.state == State.RUNNING:
            self._warn_again(case, clock, rule, calendar, at)
        shown = self._enter(case, clock, "limit", at) | {"limit": clock.limit, **before}
        return [shown, *self._move_rungs(case, clock, rule, calendar, "limit", at, "")]

    # Rungs

    def _rungs(self, case: Any, name: str) -> list[Clock]:
        """The clock's rungs that still count."""
        names = {c.name for c in self._family.clocks if c.case_id == case.pk and c.name.startswith(f"{name}.")}
        rungs = (self._family.clock(case, rung) for rung in sorted(names))
        return [rung for rung in rungs if rung.state in COUNTING]

    def _start_rungs(self, case: Any, clock: Clock, rule: Any, calendar: Calendar, at: datetime) -> list[dict]:
        """Each runs from now on, whatever its own time begins with."""
        reached = ((f"{clock.name}.{name}", reach(calendar, clock, rung.at)) for name, rung in rule.rungs.items())
        return [self._begin(case, name, found, clock.calendar, at)[1] for name, found in reached]

    def _move_rungs(
        self, case: Any, clock: Clock, rule: Any, calendar: Calendar, kind: str, at: datetime, reason: str
    ) -> list[dict]:
        """The rungs of a deadline that moved move with it, and stand still or run as it does."""
        shown = []
        for rung in self._rungs(case, clock.name):
            found = reach(calendar, clock, rule.rungs[rung.name.partition(".")[2]].at)
            rung.started_at, rung.pauses, rung.state = found.started_at, clock.pauses, clock.state
            self._set_due(rung, found.deadline, "started_at", "pauses", "state")
            shown.append(self._enter(case, rung, kind, at, reason))
        return shown

    def _begin(self, case: Any, name: str, reached: Reach, calendar: str, at: datetime) -> tuple[Clock, dict]:
        latest, deadline = self._family.clock(case, name), reached.deadline
        clock = Clock(
            id=new_key(), case_id=case.pk, name=name, generation=latest.generation + 1 if latest else 1,
            state=State.RUNNING, started_at=reached.started_at, due_at=deadline.due_at,
            provisional=deadline.provisional, limit=reached.limit, calendar=calendar, steps=list(deadline.steps),
        )  # fmt: skip
        self._family.clocks.append(clock)
        self._recorder.insert(clock)
        return clock, self._enter(case, clock, "start", at)

    def _end(self, case: Any, name: str, state: str, kind: str, at: datetime, reason: str) -> list[dict]:
        clock = self._family.clock(case, name)
        if clock is None or clock.state not in COUNTING:
            return []
        clock.state = state
        self._recorder.update(clock, ("state",))
        self._recorder.set(ClockWarning, "clock_id", [clock.pk], {"done_at": at})
        return [self._enter(case, clock, kind, at, reason)]

    def _set_due(self, clock: Clock, deadline: Deadline, *others: str) -> None:
        clock.due_at, clock.provisional, clock.steps = deadline.due_at, deadline.provisional, list(deadline.steps)
        self._recorder.update(clock, ("due_at", "provisional", "steps", *others))

    def _warn_again(self, case: Any, clock: Clock, rule: Any, calendar: Calendar, at: datetime) -> None:
        """The reminders of a deadline that moved: those of the old one are over, those after `at` are set anew."""
        self._recorder.set(ClockWarning, "clock_id", [clock.pk], {"done_at": at})
        self._warn(clock, rule, calendar, at, f" #{case.seq + 1}")

    def _warn(self, clock: Clock, rule: Any, calendar: Calendar, after: datetime, suffix: str = "") -> None:
        for mark in dict.fromkeys((*rule.warn_at, *rule.tell_at)):
            due = moment(calendar, clock, mark)
            if due > after:
                pk, name = new_key(), mark + suffix  # a mark is set once an event
                self._recorder.insert(
                    ClockWarning(id=pk, clock_id=clock.pk, case_id=clock.case_id, mark=name, due_at=due)
                )

    def _enter(self, case: Any, clock: Clock, kind: str, at: datetime, reason: str = "") -> dict[str, Any]:
        running = clock.state == State.RUNNING
        self._recorder.insert(
            ClockEntry(
                id=new_key(), clock_id=clock.pk, kind=kind, at=at, due_at=clock.due_at if running else None,
                reason=reason, event_seq=case.seq + 1,
            )
        )  # fmt: skip
        shown = {"clock": clock.name, "generation": clock.generation, "change": kind, "at": at}
        if running:
            shown |= {"due_at": clock.due_at, "provisional": clock.provisional}
        return shown | ({"reason": reason} if reason else {}) | {"row": clock_digest(clock)}


def is_late(clock: Clock | None, moment: datetime) -> bool:
    """Whether a paper received at `moment` is too late; the window is half-open, so the due moment itself is."""
    return clock is not None and clock.state != State.PAUSED and moment >= clock.due_at


GRACE = timedelta(seconds=60)
