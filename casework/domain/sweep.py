"""Due clocks act as SYSTEM through perform(): each exactly once a generation, however many sweepers run."""

import logging
from datetime import datetime, timedelta

from django.db import transaction

from casework.domain.actor import system
from casework.domain.clocks import GRACE
from casework.domain.errors import NotAllowedNow
from casework.domain.law import laws
from casework.domain.now import now
from casework.domain.perform import perform
from casework.domain.waking import wake
from casework.keys import new_key
from casework.models import Clock, ClockWarning, Delivery

log = logging.getLogger(__name__)
BATCH = 100


def fire_due(limit: int = BATCH) -> int:
    """One sweep: due clocks breached, due warnings told; how many acted. Fired a minute after due, so that a paper
    handed in at the last second counts."""
    moment = now()
    due = (
        Clock.objects.filter(state=Clock.State.RUNNING, due_at__lte=moment - GRACE)
        .exclude(retry_at__gt=moment)
        .order_by("due_at", "id")
        .values_list("id", "name", "generation", "case__number", "case__type", "attempts", "due_at")[:limit]
    )
    fired = sum(_fire(*row) for row in list(due))
    return fired + _warn(limit)


def _fire(pk: int, name: str, generation: int, number: str, type_label: str, attempts: int, due: datetime) -> bool:
    spec = laws()[type_label].clocks[name]
    hand = system(clock=(name, generation))
    try:
        return not perform(number, spec.breach, hand, key=f"clock:{pk}:{due.isoformat()}").repeated
    except NotAllowedNow as refusal:
        if refusal.reason == "clock_void":
            return False
        return _set_aside(pk, attempts, refusal)
    except Exception as error:  # a poison clock backs off and is reported; it never blocks the others
        log.exception("clock %s of %s failed", name, number)
        return _set_aside(pk, attempts, error)


def _set_aside(pk: int, attempts: int, error: Exception) -> bool:
    wait = timedelta(seconds=min(3600, 30 * 2**attempts))
    Clock.objects.filter(pk=pk).update(attempts=attempts + 1, retry_at=now() + wait, problem=str(error)[:2000])
    return False


def _warn(limit: int) -> int:
    """Reminders that are due, once each; one whose clock no longer runs has lost its point."""
    moment, told = now(), 0
    due = ClockWarning.objects.filter(done_at=None, due_at__lte=moment).select_related("clock", "clock__case")
    for warning in due.order_by("due_at", "id")[:limit]:
        told += _tell(warning, moment)
    return told


def _tell(warning: ClockWarning, moment: datetime) -> bool:
    """Whoever marks it done tells it, so that it is told once also when the notice went out before another looked."""
    clock = warning.clock
    timely = clock.state == Clock.State.RUNNING and clock.due_at > moment
    with transaction.atomic():
        if not ClockWarning.objects.filter(pk=warning.pk, done_at=None).update(done_at=moment):
            return False
        if timely:
            roles, parties = _owing(clock)
            payload = {"kind": "clock_warning", "roles": roles, "parties": parties, "clock": clock.name}
            Delivery.objects.create(
                id=new_key(), case_id=clock.case_id, kind="notify", payload=payload, dedup=f"warning:{warning.pk}",
                created_at=moment, due_at=moment,
            )  # fmt: skip
            wake()
    return timely


def _owing(clock: Clock) -> tuple[list[str], list[str]]:
    """Whom a clock's warning concerns: whoever owes the tasks that it limits."""
    flow = laws()[clock.case.type].flow
    nodes = [node for node in flow.instance.nodes() if getattr(node, "clock", "") == clock.name]
    parties = [node.relation or node.seat for node in nodes if node.relation or node.seat]
    roles = [node.role for node in nodes if node.role and not node.seat]
    return roles, parties


def oldest_overdue() -> timedelta:
    """How long the longest-due running clock has been waiting; zero when none is."""
    moment = now()
    due = Clock.objects.filter(state=Clock.State.RUNNING, due_at__lt=moment - GRACE).order_by("due_at")
    first = due.values_list("due_at", flat=True).first()
    return moment - first if first else timedelta(0)
