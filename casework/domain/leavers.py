"""Who left while they held a seat: the seat is given up by a recorded act of SYSTEM, and filled anew as its law says.

Whatever makes somebody leave asks for it in its own transaction, by a delivery; a grant that ends by its date is
noticed by the worker, which looks every minute."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from casework.domain.actor import system
from casework.domain.deliveries import handles
from casework.domain.directory import Directory, directory
from casework.domain.errors import NotAllowedNow
from casework.domain.law import laws
from casework.domain.now import now
from casework.domain.perform import perform
from casework.domain.vacating import why_left
from casework.domain.waking import wake
from casework.keys import new_key
from casework.models import Delivery, Party

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Held:
    """A seat whose holder left, and the action by which it is given up."""

    number: str
    action: str
    seat: str
    person: str
    why: str


def have_left() -> None:
    """Somebody may have: after this commit their seats are given up."""
    pk, moment = new_key(), now()
    Delivery.objects.create(id=pk, kind="leavers", dedup=f"leavers:{pk}", created_at=moment, due_at=moment)
    wake()


@handles("leavers")
def replace(delivery: Any) -> None:
    _given_up, stuck = give_up_seats()
    if stuck:
        raise RuntimeError(f"the seats of whoever left could not be given up in {', '.join(stuck[:20])}")


def give_up_seats() -> tuple[int, list[str]]:
    """Every seat whose holder left was given up, each by an act of its own; how many, and the cases where it failed.
    Where the law lets a seat be for now (an award that the others can sign), it stays."""
    given_up, stuck = 0, []
    for held in seats_of_leavers():
        data = {"seat": held.seat, "person": held.person, "why": held.why}
        try:
            perform(held.number, held.action, system(), data)
            given_up += 1
        except NotAllowedNow:
            continue
        except Exception:  # one broken case must not keep the others; it is named and tried again
            log.exception("the seat %s of %s could not be given up", held.seat, held.number)
            stuck.append(held.number)
    return given_up, stuck


def seats_of_leavers() -> list[Held]:
    """Seats that are at work, held by somebody who can no longer act from them."""
    book, moment = directory(), now()
    once = {grant.person_id for grant in book.grants if grant.ends_at is not None and grant.ends_at <= moment}
    return list(_held_by(once | book.closed, book, moment))


def _held_by(people: set[int], book: Directory, moment: datetime) -> Iterator[Held]:
    """Among the seats of these people."""
    if not people:
        return
    for law in laws().values():
        for spec in law.actions.values():
            if not spec.vacated:
                continue
            sitting = Party.objects.filter(person_id__in=people, role__in=spec.vacated, until=None)
            at_work = sitting.filter(case__type=law.label, case__state__in=spec.sources).select_related("case")
            for party in at_work.order_by("id"):
                if why := why_left(party, law, book, moment):
                    no = book.persons[party.person_id].no
                    yield Held(party.case.number, spec.name, party.role, no, why)
