"""Due clocks act as SYSTEM: each exactly once a generation, however many sweepers run and wherever one dies.

A sweep reads what is due without a lock, takes the families (never the clocks first), decides every clock as perform()
would, and writes all of them in one transaction. What cannot be decided or written so is done alone by perform()."""

import logging
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.db import connection, transaction

from casework.domain.actor import system
from casework.domain.authority import may
from casework.domain.clocks import GRACE
from casework.domain.decide import action_of, decided
from casework.domain.errors import NotAllowedNow
from casework.domain.lags import CLOCK, note_lags
from casework.domain.law import law_of, laws
from casework.domain.now import now
from casework.domain.perform import body_of, perform, token_of
from casework.domain.reading import FamilyView, read_families
from casework.domain.recorder import Recorder
from casework.domain.recording import complete, step_on
from casework.domain.reminders import remind_due
from casework.domain.step import Step
from casework.models import Clock, ClockWarning, Family

log = logging.getLogger(__name__)
BATCH = 100
# On PostgreSQL a sweeper that stands still with families in its hands loses them.
HELD_AT_MOST = "10s"
A_STATEMENT_AT_MOST = "30s"
# The first of each by its index: asked whether any is due, PostgreSQL may go through a million that are not.
IS_DUE = (
    f"SELECT (SELECT due_at FROM {Clock._meta.db_table} WHERE state = 'running' ORDER BY due_at LIMIT 1) <= %s, "
    f"(SELECT due_at FROM {ClockWarning._meta.db_table} WHERE done_at IS NULL ORDER BY due_at LIMIT 1) <= %s"
)


@dataclass(frozen=True)
class Due:
    """A clock that was due when it was read."""

    family: int
    case: str
    type: str
    pk: int
    name: str
    generation: int
    due_at: datetime
    attempts: int

    @property
    def breach(self) -> str:
        return laws()[self.type].clocks[self.name].breach

    @property
    def key(self) -> str:
        return f"clock:{self.pk}:{self.due_at.isoformat()}"

    @property
    def hand(self) -> Any:
        return system(clock=(self.name, self.generation))


def fire_due(limit: int = BATCH) -> int:
    """One sweep: due clocks breached, due reminders told; how many acted. Fired a minute after due, so that a paper
    handed in at the last second counts."""
    clocks, reminders = _are_due(now())
    return (_fire(limit) if clocks else 0) + (remind_due(limit) if reminders else 0)


def _are_due(moment: datetime) -> tuple[bool, bool]:
    """Whether a clock is due, and whether a reminder: all that a sweep asks while nothing is, most of the time. By
    hand, since the ORM takes several times as long to compose it as the database to answer."""
    adapted = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.execute(IS_DUE, [adapted(moment - GRACE), adapted(moment)])
        clocks, reminders = cursor.fetchone()
    return bool(clocks), bool(reminders)


def _fire(limit: int) -> int:
    due = _due(limit)
    fired, alone = _together(due) if len({clock.family for clock in due}) > 1 else ([], due)
    fired += [clock for clock in alone if _alone(clock)]
    moment = now()
    note_lags(CLOCK, [moment - clock.due_at for clock in fired])
    return len(fired)


def _due(limit: int) -> list[Due]:
    moment = now()
    rows = (
        Clock.objects.filter(state=Clock.State.RUNNING, due_at__lte=moment - GRACE)
        .exclude(retry_at__gt=moment)
        .order_by("due_at", "id")
        .values_list("case__family", "case__number", "case__type", "id", "name", "generation", "due_at", "attempts")
    )
    return [Due(*row) for row in rows[:limit]]


def _together(due: list[Due]) -> tuple[list[Due], list[Due]]:
    """The clocks that acted in one transaction, and those that are to be done alone. A family that somebody else has in
    hand is left to them, or to the next sweep."""
    by_family = {pk: list(clocks) for pk, clocks in groupby(sorted(due, key=_family), key=_family)}
    fired, alone, steps = [], [], []
    loads: dict[int, int] = {}
    try:
        with transaction.atomic():
            for view in read_families(_taken(by_family)):
                clocks = by_family[view.row.pk]
                step = step_on(view, loads)
                acted = _decided(step, clocks)
                if acted is None:
                    alone += clocks
                elif acted:
                    steps.append(step)
                    fired += acted
            _write(steps)
    except Exception:  # whichever of them it was, the others are not to wait for it
        log.warning("a sweep of %d clocks could not be written; they are done one by one", len(due), exc_info=True)
        return [], due
    return fired, alone


def _write(steps: list[Step]) -> None:
    whole = Recorder()
    for step in steps:
        whole.absorb(step.recorder)
        step.recorded()
    if steps:
        whole.send()


def _family(clock: Due) -> int:
    return clock.family


def _taken(families: Any) -> list[int]:
    """Those of the families that nobody else has in hand; until the transaction ends nobody else will."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('idle_in_transaction_session_timeout', %s, true), "
                "set_config('statement_timeout', %s, true)",
                [HELD_AT_MOST, A_STATEMENT_AT_MOST],
            )
    locked = Family.objects.filter(pk__in=families).order_by("pk").select_for_update(skip_locked=True)
    return list(locked.values_list("pk", flat=True))


def _decided(step: Step, clocks: list[Due]) -> list[Due] | None:
    """Which of the family's clocks act, earliest first, all in this step; None where one of them cannot, which
    spoils what is in memory for the others."""
    before = _load(step.family)
    try:
        acted = [clock for clock in clocks if _acts(step, clock)]
        complete(step)
    except Exception:  # what does not fail when it is done alone, where the reason is kept, shows here only
        log.warning("the clocks of %s are done one by one", clocks[0].case, exc_info=True)
        return None
    # The next choice of a person knows what this one brought them, as if it had been written.
    after = _load(step.family)
    for person in step.known_loads:
        step.known_loads[person] += after[person] - before[person]
    return acted


def _acts(step: Step, clock: Due) -> bool:
    """The clock's act stands in the step; False where it is due no more."""
    case = step.family.case(clock.case)
    spec = action_of(law_of(case), clock.breach, opening=False)
    hand = clock.hand
    grant, relation = may(spec, hand, case, step.family.parties_of(case), step.family, step.book)
    key, body = token_of(hand, clock.case, clock.key), body_of(spec.name, None)
    try:
        decided(step, case, spec, hand, None, grant=grant, relation=relation, key=key, body=body)
    except NotAllowedNow as refusal:
        if refusal.reason != "clock_void":
            raise
        return False
    return True


def _load(family: FamilyView) -> Counter[int | None]:
    return Counter(task.person_id for task in family.tasks)


def _alone(clock: Due) -> bool:
    """The clock acted now, by a step of its own. One that cannot backs off and is reported; it never blocks others."""
    try:
        return not perform(clock.case, clock.breach, clock.hand, key=clock.key).repeated
    except NotAllowedNow as refusal:
        if refusal.reason == "clock_void":
            return False
        return _set_aside(clock, refusal)
    except Exception as error:
        log.exception("clock %s of %s failed", clock.name, clock.case)
        return _set_aside(clock, error)


def _set_aside(clock: Due, error: Exception) -> bool:
    wait = timedelta(seconds=min(3600, 30 * 2**clock.attempts))
    kept = {"attempts": clock.attempts + 1, "retry_at": now() + wait, "problem": str(error)[:2000]}
    Clock.objects.filter(pk=clock.pk).update(**kept)
    return False
