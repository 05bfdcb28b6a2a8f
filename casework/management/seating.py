"""Units for whose people nobody would be free to decide, found before a case waits for it."""

from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace

from casework.domain.authority import bars_in
from casework.domain.directory import Directory, directory
from casework.domain.now import now
from casework.domain.wording import bracketed, role_label

# One reviewer; a panel of three, and another three should the case be reopened.
SEATS = {"qa_lead": 1, "arbitrator": 6}
PARTY_BARS = {"inspector": "scored"}


@dataclass(frozen=True)
class Lack:
    """`free` of the `needed` people who hold `role` over `unit` could decide in the worst case."""

    unit: str
    role: str
    needed: int
    free: int


def unseatable() -> list[Lack]:
    """What is lacking now, for a call of today in each unit that has agents, whichever inspector scored it."""
    book, at = directory(), now()
    units = sorted({g.unit_id for g in book.grants if g.role == "agent" and g.holds_at(at)})
    return [lack for unit_id in units for lack in _lacks(unit_id, book, at)]


def _lacks(unit_id: int, book: Directory, at: datetime) -> list[Lack]:
    scorers = sorted(book.holders("inspector", unit_id, at)) or [None]
    barred = [set(bars_in(_family(unit_id, scorer, at), book, at)) for scorer in scorers]
    unit, found = book.units[unit_id], []
    for role, needed in SEATS.items():
        holders = book.holders(role, unit_id, at)
        free = min(len(holders - bars - book.closed) for bars in barred)
        if free < needed:
            found.append(Lack(unit.name + bracketed(unit.code), role_label(role), needed, free))
    return found


def _family(unit_id: int, scorer: int | None, at: datetime) -> SimpleNamespace:
    """A family as bars are computed from, in which that inspector scored a call of the unit."""
    case = SimpleNamespace(pk=0, unit_id=unit_id, concerned_id=None, opened_at=at, fact_at=at, party_bars=PARTY_BARS)
    party = SimpleNamespace(case_id=0, person_id=scorer, role="inspector", until=None, ended_by="")
    return SimpleNamespace(parties=[party] if scorer else [], cases=[case], by_id={0: case})
