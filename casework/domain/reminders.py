"""Reminders before a clock is due: told once to whoever owes the work; late, they have lost their point."""

from django.db import transaction

from casework.domain.law import laws
from casework.domain.now import now
from casework.domain.waking import wake
from casework.keys import new_key
from casework.models import Clock, ClockWarning, Delivery


def remind_due(limit: int) -> int:
    """Every reminder that is due is done with; how many were told, for the others' clock no longer runs."""
    moment = now()
    due = ClockWarning.objects.filter(done_at=None, due_at__lte=moment).order_by("due_at", "id")[:limit]
    if not due.exists():  # which is so most of the time, and then nothing is locked
        return 0
    with transaction.atomic():
        # Whoever locks it tells it, so that it is told once.
        mine = list(due.select_related("clock", "clock__case").select_for_update(of=("self",), skip_locked=True))
        ClockWarning.objects.filter(pk__in=[warning.pk for warning in mine]).update(done_at=moment)
        timely = [w for w in mine if w.clock.state == Clock.State.RUNNING and w.clock.due_at > moment]
        Delivery.objects.bulk_create([_told(warning) for warning in timely])
    if timely:
        wake()
    return len(timely)


def _told(warning: ClockWarning) -> Delivery:
    roles, parties = _owing(warning.clock)
    payload = {"kind": "clock_warning", "roles": roles, "parties": parties, "clock": warning.clock.name}
    return Delivery(
        id=new_key(), case_id=warning.case_id, kind="notify", payload=payload, dedup=f"warning:{warning.pk}",
        created_at=now(), due_at=now(),
    )  # fmt: skip


def _owing(clock: Clock) -> tuple[list[str], list[str]]:
    """Whom a clock's warning concerns: whoever owes the tasks that it limits."""
    flow = laws()[clock.case.type].flow
    nodes = [node for node in flow.instance.nodes() if getattr(node, "clock", "") == clock.name]
    parties = [node.relation or node.seat for node in nodes if node.relation or node.seat]
    roles = [node.role for node in nodes if node.role and not node.seat]
    return roles, parties
