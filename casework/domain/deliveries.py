"""What is done after the commit: notices, drafts, seals. A row is taken for a while, done, deleted; whoever dies in
between leaves it to the next. Handlers may run twice and change cases only by perform()."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F

from casework.domain.absence import stand_ins
from casework.domain.case_rules import rules_of
from casework.domain.directory import directory
from casework.domain.errors import Stale
from casework.domain.lags import DELIVERY, note_lags
from casework.domain.now import now
from casework.domain.policy import pinned_policy, texts
from casework.domain.reading import read_family_of
from casework.domain.wording import due_text
from casework.models import Delivery, Notice
from casework.models.delivery import STAMP

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=settings.DELIVERY_LEASE)
BATCH = 100
Handler = Callable[[Delivery], None]
_handlers: dict[str, Handler] = {}
APART = (STAMP,)  # kinds that ask somebody outside, so that nothing else may stand behind them in a line


class NotYet(Exception):
    """What the delivery needs is not to be had now, which the message says; it is tried again."""


def handles(kind: str) -> Callable[[Handler], Handler]:
    """Registers the handler of deliveries of that kind."""

    def register(handler: Handler) -> Handler:
        _handlers[kind] = handler
        return handler

    return register


def deliver_due(limit: int = BATCH, *, apart: bool = False) -> int:
    """Everything due was tried once, in order; how many were done. Either what is to be done apart, or all the rest."""
    rows = Delivery.objects.filter(kind__in=APART) if apart else Delivery.objects.exclude(kind__in=APART)
    due = rows.filter(due_at__lte=now()).order_by("due_at", "id")[:limit]
    late = [now() - delivery.created_at for delivery in list(due) if _attempt(delivery)]
    if not apart:  # how quick others are is not how well we work
        note_lags(DELIVERY, late)
    return len(late)


def deliver_now(pk: int) -> bool:
    """The delivery was tried at once; whether it is done. If not, a worker tries again."""
    return all(_attempt(delivery) for delivery in Delivery.objects.filter(pk=pk))


def _attempt(delivery: Delivery) -> bool:
    taken = Delivery.objects.filter(pk=delivery.pk, due_at=delivery.due_at)
    if not taken.update(due_at=now() + LEASE, attempts=F("attempts") + 1):
        return False
    try:
        _handlers[delivery.kind](delivery)
    except Stale:  # the case moved on while the handler worked: again, at once
        Delivery.objects.filter(pk=delivery.pk).update(due_at=now())
        return False
    except NotYet as reason:
        log.warning("delivery %s of kind %s waits: %s", delivery.pk, delivery.kind, reason)
        _put_off(delivery, str(reason))
        return False
    except Exception as error:  # one poisoned delivery must not stop the others; it is kept and reported
        log.exception("delivery %s of kind %s failed", delivery.pk, delivery.kind)
        _put_off(delivery, f"{type(error).__name__}: {error}")
        return False
    Delivery.objects.filter(pk=delivery.pk).delete()
    return True


def _put_off(delivery: Delivery, problem: str) -> None:
    """Longer from try to try, up to an hour."""
    wait = timedelta(seconds=min(3600, 5 * 2**delivery.attempts))
    Delivery.objects.filter(pk=delivery.pk).update(due_at=now() + wait, problem=problem[:2000])


@handles("notify")
def notify(delivery: Any) -> None:
    """A notice stands in the inbox of everyone concerned, once each."""
    family, payload, moment = read_family_of(delivery.case_id), delivery.payload, now()
    case, book = family.by_id[delivery.case_id], directory(family.stamp)
    people = addressees(payload, case, family, book, moment)
    tell(people, case, family, book, payload, dedup=str(delivery.pk))


def addressees(payload: dict[str, Any], case: Any, family: Any, book: Any, at: datetime) -> set[int]:
    """The people, parties and roles that a payload names; while they are on leave, also whoever stands in for them."""
    people = set(payload.get("people", ()))
    people |= {p.person_id for role in payload.get("parties", ()) for p in family.parties_of(case, role)}
    for role in payload["roles"]:
        people |= book.holders(role, case.unit_id, at)
    return people | stand_ins(people, case, family, book, at)


def tell(people: Iterable[int], case: Any, family: Any, book: Any, payload: dict[str, Any], dedup: str) -> None:
    """Each has the notice of that kind; under the same `dedup` nobody has two."""
    kind = payload["kind"]
    values = _values(case, family, book, kind, payload["clock"])
    Notice.objects.bulk_create(
        [
            Notice(
                person_id=person, case_id=case.pk, kind=kind, values=values, created_at=now(),
                dedup=f"{dedup}:{person}",
            )
            for person in sorted(people)
        ],
        ignore_conflicts=True,
    )  # fmt: skip


def _values(case: Any, family: Any, book: Any, kind: str, clock: str) -> dict[str, Any]:
    """What the texts of this kind of notice speak of, as text or in both languages; nothing else is kept, since whoever
    is told is not to know everything."""
    policy = pinned_policy(case.policy_id)
    rules = rules_of(case, book)
    values = {"number": case.number, **case.notice_values(family, book, rules)}
    if clock:
        rule, running = rules.clock(clock), family.clock(case, clock)
        values |= {"clock": texts(rule.label), "limit": policy.limit_in_words(rule.within)}
        due = due_text(running.due_at, running.provisional) if running else None
        values["until"] = due or policy.limit_in_words(rule.within)
    notice = rules.notices[kind]
    wanted = set().union(*notice.title.placeholders().values(), *notice.body.placeholders().values())
    return {name: value for name, value in values.items() if name in wanted}
