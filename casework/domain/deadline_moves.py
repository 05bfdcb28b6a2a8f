"""What a changed calendar does to running deadlines: which move, and the recorded event by which a case follows."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from casework.domain.actor import system
from casework.domain.calendar import Calendar
from casework.domain.case_rules import rules_of
from casework.domain.clocks import COUNTING
from casework.domain.deliveries import handles
from casework.domain.directory import directory
from casework.domain.errors import NotAllowedNow
from casework.domain.hours import calendar_named
from casework.domain.ladder import is_cut_short
from casework.domain.now import now
from casework.domain.perform import perform
from casework.domain.reckoning import reckoned_again
from casework.domain.waking import wake
from casework.keys import new_key
from casework.models import CaseEvent, Clock, Delivery

log = logging.getLogger(__name__)
PAGE = 500
UNREAD = ("steps", "problem")


@dataclass(frozen=True)
class Move:
    """A deadline before and after: when it is due, and whether that is provisional."""

    number: str
    clock: str
    generation: int
    is_paused: bool
    before: tuple[datetime, bool]
    after: tuple[datetime, bool]


def moves(calendar: Calendar) -> list[Move]:
    """Every deadline that counts by the calendar of that name and is another by this one."""
    return [move for page in _pages(calendar.name) for move in _moved(page, calendar)]


def follow(calendar: str, event: CaseEvent) -> None:
    """Running deadlines are reckoned again after this commit, by the worker; `event` is what moved them."""
    _deliver(calendar, str(event.pk), after=0)
    wake()


def reckon_all(calendar: str, done: Callable[[str], None] = lambda _number: None) -> list[str]:
    """Each case with a moved deadline has its event; what is left over by whoever was interrupted included. The cases
    that could not follow."""
    cause, lost = _cause(calendar), []
    for page in _pages(calendar):
        lost += _reckon(page, calendar, cause, done)
    return lost


@handles("reckon")
def reckon(delivery: Any) -> None:
    """A page of clocks; the next page is a delivery of its own, so that nothing else waits long."""
    calendar, cause, after = (delivery.payload[name] for name in ("calendar", "cause", "after"))
    page = next(_pages(calendar, after), [])
    if len(page) == PAGE:
        _deliver(calendar, cause, after=page[-1].pk)
    if lost := _reckon(page, calendar, cause):
        raise RuntimeError(f"the deadlines of {', '.join(lost[:20])} could not be reckoned again")


def _deliver(calendar: str, cause: str, after: int) -> None:
    moment = now()
    payload = {"calendar": calendar, "cause": cause, "after": after}
    Delivery.objects.get_or_create(
        dedup=f"reckon:{calendar}:{cause}:{after}",
        defaults={"id": new_key(), "kind": "reckon", "payload": payload, "created_at": moment, "due_at": moment},
    )


def _pages(calendar: str, after: int = 0) -> Iterator[list[Clock]]:
    """The clocks that count by that calendar, in the order of their keys."""
    counting = Clock.objects.filter(calendar=calendar, state__in=COUNTING).order_by("id")
    rows = counting.select_related("case").only(
        *(field.attname for field in Clock._meta.concrete_fields if field.name not in UNREAD),
        "case__number", "case__type", "case__policy_id", "case__unit_id", "case__urgency",
    )  # fmt: skip
    while page := list(rows.filter(id__gt=after)[:PAGE]):
        yield page
        after = page[-1].pk


def _moved(page: Iterable[Clock], calendar: Calendar) -> Iterator[Move]:
    moment, book = now(), directory()
    for clock in page:
        case = clock.case
        rules = rules_of(case, book)
        if is_cut_short(rules, clock.name):  # it moves with its clock
            continue
        if again := reckoned_again(calendar, clock, rules.clock(clock.name), moment):
            yield Move(
                case.number, clock.name, clock.generation, clock.state == Clock.State.PAUSED,
                (clock.due_at, clock.provisional), (again.due_at, again.provisional),
            )  # fmt: skip


def _reckon(
    page: list[Clock], calendar: str, cause: str, done: Callable[[str], None] = lambda _number: None
) -> list[str]:
    """One act a case, each with all its clocks; the cases that could not."""
    lost = []
    for number in dict.fromkeys(move.number for move in _moved(page, calendar_named(calendar))):
        try:
            perform(number, "reckon_clocks", system(cause=cause))
        except NotAllowedNow as refusal:
            if refusal.reason != "nothing_moved":  # somebody else did it
                lost.append(number)
        except Exception:  # one broken case must not keep the others; it is named and tried again
            log.exception("the deadlines of %s could not be reckoned again", number)
            lost.append(number)
        done(number)
    return lost


def _cause(calendar: str) -> str:
    """The last change of that calendar's days."""
    changes = CaseEvent.objects.filter(stream="org", action__in=("calendar_imported", "calendar_day_set"))
    last = changes.filter(entry__contains=f'"calendar":"{calendar}"').order_by("-seq").first()
    return str(last.pk) if last else ""
