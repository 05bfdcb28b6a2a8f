"""What cannot be done as it is: clocks that could not act, deliveries that keep failing. Each waits longer from try to
try and stops nobody else; once the cause is mended somebody lets them go at once, which stands in `org`."""

from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from casework.domain.errors import OutOfScope
from casework.domain.now import now
from casework.domain.office import Office, changing, noted
from casework.domain.waking import wake
from casework.models import Clock, Delivery, Party
from casework.models.delivery import STUCK_AFTER

PAGE = 500  # let go in one transaction, with one entry


def every_stuck_clock() -> QuerySet[Clock]:
    """Running clocks that could not act when they were tried, `problem` says why; those due longest first."""
    rows = Clock.objects.filter(state=Clock.State.RUNNING, attempts__gt=0)
    return rows.select_related("case").order_by("due_at", "id")


def every_stuck_delivery() -> QuerySet[Delivery]:
    """Deliveries that were tried three times or more, the oldest first."""
    rows = Delivery.objects.filter(attempts__gte=STUCK_AFTER)
    return rows.select_related("case").order_by("created_at", "id")


def stuck_clocks(office: Office) -> QuerySet[Clock]:
    """Those of the office's units; nothing of a matter in which the office's person has a part."""
    return _within(office, every_stuck_clock())


def stuck_deliveries(office: Office) -> QuerySet[Delivery]:
    """Likewise; what belongs to no case is for whoever manages the whole organisation."""
    return _within(office, every_stuck_delivery())


def _within(office: Office, rows: Any) -> Any:
    if office.administrator:
        return rows
    theirs = Q(case__unit__in=office.units, case__restricted=False)
    if office.whole:
        theirs = Q(case=None) | Q(case__unit__in=office.units)
    own = Party.objects.filter(person__in=office.own).values("case__family")
    return rows.filter(theirs).exclude(case__family__in=own)


def retry(office: Office, *, clocks: Iterable[int] = (), deliveries: Iterable[int] = ()) -> dict[str, int]:
    """They are tried by the next sweep; how many of each. OutOfScope where none of them is stuck."""
    with changing():
        due = list(stuck_clocks(office).filter(pk__in=list(clocks)))
        owed = list(stuck_deliveries(office).filter(pk__in=list(deliveries)))
        if not due and not owed:
            words = _("Expected a clock or a delivery that is stuck, but there is none; look at the list again")
            raise OutOfScope(words, code="not_stuck")
        Clock.objects.filter(pk__in=[clock.pk for clock in due], state=Clock.State.RUNNING).update(retry_at=None)
        Delivery.objects.filter(pk__in=[one.pk for one in owed]).update(due_at=now())
        told = {"clocks": [_shown_clock(clock) for clock in due], "deliveries": [_shown_delivery(one) for one in owed]}
        noted(office, "stuck_retried", told)
        wake()
    return {"clocks": len(due), "deliveries": len(owed)}


def _shown_clock(clock: Clock) -> dict[str, Any]:
    return {
        "case": clock.case.number, "clock": clock.name, "generation": clock.generation, "attempts": clock.attempts,
    }  # fmt: skip


def _shown_delivery(delivery: Delivery) -> dict[str, Any]:
    shown = {"delivery": str(delivery.pk), "kind": delivery.kind, "attempts": delivery.attempts}
    return shown | ({"case": delivery.case.number} if delivery.case else {})


def retry_all(office: Office) -> dict[str, int]:
    """Whatever of the office is stuck is tried by the next sweep; how many of each."""
    done = {"clocks": 0, "deliveries": 0}
    _page_by_page(stuck_clocks(office), lambda pks: _add(done, retry(office, clocks=pks)))
    _page_by_page(stuck_deliveries(office), lambda pks: _add(done, retry(office, deliveries=pks)))
    return done


def _page_by_page(rows: QuerySet, do: Callable[[list[int]], None]) -> None:
    after, keys = 0, rows.order_by("pk").values_list("pk", flat=True)
    while page := list(keys.filter(pk__gt=after)[:PAGE]):
        do(page)
        after = page[-1]


def _add(done: dict[str, int], more: dict[str, int]) -> None:
    for kind, count in more.items():
        done[kind] += count
