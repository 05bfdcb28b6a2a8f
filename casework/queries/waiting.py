"""What waits for a worker, and how long: for readiness, metrics and whoever is on call. Each answer is one statement
that reads the ends of an index, whatever history has gathered."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, QuerySet

from casework.domain.clocks import GRACE
from casework.domain.now import now
from casework.models import Clock, ClockWarning, Delivery
from casework.models.delivery import STUCK_AFTER

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
    return _waiting(Delivery.objects.filter(due_at__lte=now()), "due_at")


def failing_deliveries() -> Waiting:
    """Deliveries that were tried three times or more; longest since they were made."""
    return _waiting(Delivery.objects.filter(attempts__gte=STUCK_AFTER), "created_at")


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
