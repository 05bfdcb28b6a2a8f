"""What waits for a worker, and how long: for readiness, metrics and whoever is on call. Each answer is one statement
that reads the ends of an index, whatever history has gathered."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q, QuerySet

from casework.domain.clocks import GRACE
from casework.domain.deliveries import APART
from casework.domain.log_tree import size_of_log
from casework.domain.now import now
from casework.domain.witnesses import ALARMS
from casework.models import CaseEvent, Checkpoint, Clock, ClockWarning, Delivery, Unsequenced, Witness
from casework.models.delivery import STAMP, STUCK_AFTER

MOST = 10_000  # counted no further


@dataclass(frozen=True)
class Waiting:
    """How many wait, counted to MOST, and how long the first of them has."""

    count: int
    longest: timedelta


def overdue_clocks() -> Waiting:
    """Clocks that should have fired by now; longest since they were due."""
    return _waiting(_running().filter(due_at__lt=now() - GRACE), "due_at")


def failing_clocks() -> Waiting:
    """Those of them that could not act when they were tried."""
    return _waiting(_running().filter(attempts__gt=0, due_at__lt=now() - GRACE), "due_at")


def late_reminders() -> Waiting:
    """Reminders that nobody has looked at yet; longest since they were due."""
    return _waiting(ClockWarning.objects.filter(done_at=None, due_at__lt=now() - GRACE), "due_at")


def waiting_deliveries() -> Waiting:
    """Deliveries that somebody should take now; longest since then. One that backs off waits for its next try."""
    return _waiting(_own_deliveries().filter(due_at__lte=now()), "due_at")


def failing_deliveries() -> Waiting:
    """Deliveries that were tried three times or more; longest since they were made."""
    return _waiting(_own_deliveries().filter(attempts__gte=STUCK_AFTER), "created_at")


def unstamped_documents() -> Waiting:
    """Issued documents that wait for a time authority, longest since they were issued: nothing else waits for it."""
    return _waiting(Delivery.objects.filter(kind=STAMP), "created_at")


def _own_deliveries() -> QuerySet[Delivery]:
    return Delivery.objects.exclude(kind__in=APART)


def unsealed_events() -> Waiting:
    """Events over which no checkpoint stands yet; longest since the first was written."""
    signed = Checkpoint.objects.order_by("-size").values_list("size", flat=True).first() or 0
    in_line = Unsequenced.objects.order_by("xid", "event_id").values("event_id")[:MOST]
    placed = size_of_log() - signed
    count = placed + in_line.count()
    first = Q(leaf__index=signed) if placed else Q(pk__in=in_line[:1])
    at = CaseEvent.objects.filter(first).values_list("at", flat=True).first() if count else None
    return Waiting(min(count, MOST), max(timedelta(0), now() - at) if at else timedelta(0))


def alarmed_witnesses() -> int:
    """Witnesses that have seen what the log no longer holds."""
    return Witness.objects.filter(problem__in=ALARMS).count()


def running_clocks() -> int:
    return _counted(_running())


def provisional_clocks() -> int:
    """Running clocks whose deadline reaches days that no notice has settled."""
    return _counted(_running().filter(provisional=True))


def _running() -> QuerySet[Clock]:
    return Clock.objects.filter(state=Clock.State.RUNNING)


def _waiting(rows: QuerySet, since: str) -> Waiting:
    first_of_all = rows.order_by(since).values(since)[:MOST]
    found = first_of_all.aggregate(count=Count(since), first=Min(since))
    first: datetime | None = found["first"]
    return Waiting(found["count"], max(now() - first, timedelta(0)) if first else timedelta(0))


def _counted(rows: QuerySet) -> int:
    """By the index that the condition has, whose order is that of the due moments."""
    return rows.order_by("due_at").values("due_at")[:MOST].count()
