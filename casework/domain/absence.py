"""Who is told in the stead of somebody on leave: whoever holds a grant in their stead at that moment."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from casework.domain.authority import bars_in
from casework.domain.directory import Directory, local_day
from casework.domain.law import seats
from casework.domain.scope import sees
from casework.models import Case


def stand_ins(people: Iterable[int], case: Case, family: Any, book: Directory, at: datetime) -> set[int]:
    """Deputies of those of the people who are on leave. Nobody who may not see the case; of whoever sits, nobody who
    would be barred from the seat; of whoever sits blind, nobody at all."""
    found: set[int] = set()
    for principal in people:
        if book.is_on_leave(principal, local_day(at)):
            deputies = {g.person_id for g in book.by_principal.get(principal, ()) if g.holds_at(at)}
            found |= deputies - _kept_from(principal, case, family, book, at)
    return {deputy for deputy in found if sees(deputy, case, family.parties, at, book)}


def _kept_from(principal: int, case: Case, family: Any, book: Directory, at: datetime) -> set[int]:
    """Who is not to hear what the principal hears as a decider."""
    seat = next((p for p in family.parties_of(case) if p.person_id == principal and p.role in seats()), None)
    if seat is None:
        return set()
    return set(book.persons) if seat.blind else set(bars_in(family, book, at, seat=(case.pk, seat.role)))
