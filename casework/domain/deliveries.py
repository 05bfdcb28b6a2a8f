"""What is done after the commit: notices, drafts, seals. A row is taken for a while, done, deleted; whoever dies in
between leaves it to the next. Handlers may run twice and change cases only by perform()."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db.models import F

from casework.domain.directory import directory
from casework.domain.ledger import as_data
from casework.domain.now import now
from casework.models import Delivery, Notice, Party

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=180)
BATCH = 100
Handler = Callable[[Delivery], None]
_handlers: dict[str, Handler] = {}


def handles(kind: str) -> Callable[[Handler], Handler]:
    """Registers the handler of deliveries of that kind."""

    def register(handler: Handler) -> Handler:
        _handlers[kind] = handler
        return handler

    return register


def deliver_due(limit: int = BATCH) -> int:
    """Everything due was tried once, in order; how many were done."""
    done = 0
    due = Delivery.objects.filter(due_at__lte=now()).order_by("due_at", "id")[:limit]
    for delivery in list(due):
        done += _attempt(delivery)
    return done


def _attempt(delivery: Delivery) -> bool:
    taken = Delivery.objects.filter(pk=delivery.pk, due_at=delivery.due_at)
    if not taken.update(due_at=now() + LEASE, attempts=F("attempts") + 1):
        return False
    try:
        _handlers[delivery.kind](delivery)
    except Exception as error:  # one poisoned delivery must not stop the others; it is kept and reported
        log.exception("delivery %s of kind %s failed", delivery.pk, delivery.kind)
        wait = timedelta(seconds=min(3600, 5 * 2**delivery.attempts))
        Delivery.objects.filter(pk=delivery.pk).update(due_at=now() + wait, problem=f"{type(error).__name__}: {error}"[:2000])
        return False
    Delivery.objects.filter(pk=delivery.pk).delete()
    return True


@handles("notify")
def notify(delivery: Delivery) -> None:
    """A notice stands in the inbox of everyone concerned, once each."""
    case, payload = delivery.case, delivery.payload
    book, moment = directory(), now()
    people = set()
    if payload["parties"]:
        parties = Party.objects.filter(case=case, role__in=payload["parties"], until=None)
        people |= set(parties.values_list("person_id", flat=True))
    for role in payload["roles"]:
        people |= book.holders(role, case.unit_id, moment)
    Notice.objects.bulk_create(
        [
            Notice(
                person_id=person, case=case, kind=payload["kind"], dedup=f"{delivery.pk}:{person}", created_at=moment,
                values=as_data({"number": case.number, **payload["values"]}),
            )
            for person in sorted(people)
        ],
        ignore_conflicts=True,
    )  # fmt: skip


def stuck() -> list[dict[str, Any]]:
    """Deliveries that failed at least three times."""
    return list(Delivery.objects.filter(attempts__gte=3).values("id", "kind", "case_id", "attempts", "problem")[:50])
