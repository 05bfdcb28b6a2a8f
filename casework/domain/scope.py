"""The one place that says who sees what. `visible()` is the predicate of lists, `sees()` the same for one case
that was read; a law test holds them together.

A part in a case shows it for ever; a seat shows the whole family, since it is decided on, while it is held. Whoever
sits blind sees of the family that one case, whatever else their grants would show."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q

from casework.domain.directory import Directory, directory
from casework.domain.law import seats
from casework.domain.now import now
from casework.domain.policy import current_policy
from casework.models import Case, Party


def visible(person_id: int | None, *, at: datetime | None = None, book: Directory | None = None) -> Q:
    """Cases the person may know of: own ones, those of the units a role looks over, or all."""
    if person_id is None:
        return Q(pk__in=())
    book = book or directory()
    everything, open_units, closed_units = _reach(person_id, at or now(), book)
    sitting = Party.objects.filter(person_id=person_id, blind=True, until=None)
    beside = Case.objects.filter(family_id__in=sitting.values("case__family_id"))
    unseen = ~Q(pk__in=beside.exclude(pk__in=sitting.values("case_id")).values("pk"))
    if everything:
        return unseen
    parts = Party.objects.filter(person_id=person_id)
    decided = parts.filter(role__in=sorted(seats()), until=None)
    found = Q(pk__in=parts.exclude(role__in=sorted(seats())).values("case_id"))
    found |= Q(family_id__in=decided.values("case__family_id"))
    if open_units:
        found |= Q(unit_id__in=sorted(open_units), restricted=False)
    if closed_units:
        found |= Q(unit_id__in=sorted(closed_units))
    return found & unseen


def sees(person_id: int | None, case: Case, parties: Iterable[Any], at: datetime, book: Directory) -> bool:
    """Whether the person may know of this case; `parties` are those of its whole family."""
    if person_id is None:
        return False
    mine = [p for p in parties if p.person_id == person_id]
    if blind := blind_seat(person_id, mine):
        return case.pk == blind.case_id
    if any(p.until is None if p.role in seats() else p.case_id == case.pk for p in mine):
        return True
    everything, open_units, closed_units = _reach(person_id, at, book)
    if everything or case.unit_id in closed_units:
        return True
    return case.unit_id in open_units and not case.restricted


def blind_seat(person_id: int | None, parties: Iterable[Any]) -> Any:
    """The seat in which the person sits blind, or None."""
    return next((p for p in parties if p.person_id == person_id and p.blind and p.until is None), None)


def _reach(person_id: int, at: datetime, book: Directory) -> tuple[bool, set[int], set[int]]:
    """(all cases, units seen but for restricted cases, units seen whole) by the person's grants at that moment."""
    roles = current_policy().roles
    everything = False
    open_units: set[int] = set()
    closed_units: set[int] = set()
    for grant in book.grants_of(person_id, at):
        role = roles[grant.role]
        if role.sees == "all":
            everything = everything or role.sees_restricted
            open_units |= set(book.units)
        elif role.sees == "unit":
            units = book.below[grant.unit_id]
            open_units |= units
            if role.sees_restricted:
                closed_units |= units
    return everything, open_units - closed_units, closed_units
