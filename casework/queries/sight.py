"""What one person sees of one family of cases: which cases, whose names, and whether drafts.

Deciders do not see the parties' names: from when a person holds a seat until its decision is issued, everybody in
another part of the family stands there as that part (the agent, the inspector), in every list, event and text."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from types import SimpleNamespace
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from casework.domain.actor import Actor
from casework.domain.directory import Directory, directory
from casework.domain.errors import OutOfScope
from casework.domain.law import NUMBER, law_of, laws, seats
from casework.domain.now import now
from casework.domain.reading import FamilyView, read_family
from casework.domain.reads import record_read
from casework.domain.scope import blind_seat, sees
from casework.domain.wording import party_label
from casework.flow.projection import nodes
from casework.models import Party

ANY_NUMBER = re.compile(r"[A-Z]{3}" + NUMBER)


@dataclass(frozen=True)
class Sight:
    """A family as one person sees it at one moment."""

    person_id: int | None
    family: FamilyView
    book: Directory
    at: datetime

    def sees(self, case: Any) -> bool:
        return sees(self.person_id, case, self.family.parties, self.at, self.book)

    @cached_property
    def blind(self) -> Any:
        """The seat in which the person scores blind, or None; see `casework.queries.blind`."""
        return blind_seat(self.person_id, self.family.parties)

    @cached_property
    def decides(self) -> bool:
        """Whether the person holds a seat somewhere in the family whose decision is due or not yet issued."""
        return any(
            str(case.state) in seat_states().get((case.type, party.role), ())
            for party in self.family.parties
            if party.person_id == self.person_id and party.until is None
            for case in [self.family.by_id[party.case_id]]
        )

    @cached_property
    def hidden(self) -> dict[int, str]:
        """Whom this person may not know by name, each with the words that stand there instead."""
        return parts_instead(self.family.parties, self.family.by_id, self.person_id) if self.decides else {}

    def parts(self, case: Any = None) -> set[str]:
        """The person's present parts in the case, or in the whole family."""
        rows = self.family.parties if case is None else self.family.parties_of(case)
        return {p.role for p in rows if p.person_id == self.person_id and p.until is None}

    def reads_drafts(self, case: Any) -> bool:
        """Whether an unissued decision is open to the person: the one who decides, and who looks over closed cases."""
        return self.decides or self.looks_over(case)

    def looks_over(self, case: Any) -> bool:
        """Whether the person's role shows them closed cases of that unit, and they are no party."""
        if self.parts() - seats():
            return False
        closed = SimpleNamespace(pk=None, unit_id=case.unit_id, restricted=True)
        return sees(self.person_id, closed, (), self.at, self.book)

    def is_sealed(self, case: Any, action: str) -> bool:
        """Whether nobody reads an act of that kind but whoever did it."""
        return str(case.state) in type(case).sealed.get(action, ())

    def hides_decision(self, case: Any) -> bool:
        """Whether the case rests on a decision that is drafted but not issued, and this person is not to know it."""
        return str(case.state) in unissued(case.type)[0] and not self.reads_drafts(case)

    def person(self, person_id: int | None) -> dict[str, Any] | None:
        return named(person_id, self.book, self.hidden)

    def masked(self, value: Any) -> Any:
        """`value` without the names and numbers of those who are hidden, also where they stand in a text."""
        if not self.hidden:
            return value
        return _replaced(value, *self._replacements)

    @cached_property
    def _replacements(self) -> tuple[re.Pattern[str], dict[str, str]]:
        words = {}
        for person_id, label in self.hidden.items():
            person = self.book.persons[person_id]
            words |= {person.no: label, person.name: label}
        # Case numbers, digests and keys may contain a staff number; a name may stand between Chinese characters.
        every = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
        return re.compile(rf"(?<![A-Za-z0-9_-])(?:{every})(?![A-Za-z0-9_-])"), words


def opened(number: str, actor: Actor) -> tuple[Sight, Any]:
    """The same as look_at(), by an actor who thereby reads the case: that they did is recorded. Every door to what
    a case contains goes through here; its list of actions and what lists say of it are no reading."""
    sight, case = look_at(number, actor.person_id, actor.received_at)
    record_read(actor, case, sight.family)
    return sight, case


def look_at(number: str, person_id: int | None, at: datetime | None = None) -> tuple[Sight, Any]:
    """The family of a case as the person sees it, and the case. OutOfScope for strangers and for unknown numbers."""
    if not ANY_NUMBER.fullmatch(number):
        raise nothing_there()
    try:
        family = read_family(number)
    except OutOfScope:
        raise nothing_there() from None
    sight = Sight(person_id, family, directory(family.stamp), at or now())
    case = family.case(number)
    if not sight.sees(case):
        raise nothing_there()
    return sight, case


def nothing_there() -> OutOfScope:
    """The same words whether there is nothing or nothing for this person."""
    return OutOfScope(_("Expected something in your scope, but there is nothing under this address; check the number"))


def named(person_id: int | None, book: Directory, hidden: dict[int, str]) -> dict[str, Any] | None:
    """{"no", "name"}; for a hidden person the part they play and no number, for an erased one the number alone says who
    it was."""
    if person_id is None:
        return None
    if person_id in hidden:
        return {"no": None, "name": hidden[person_id]}
    person = book.persons[person_id]
    return {"no": person.no, "name": _("Erased person") if person.erased else person.name}


def parts_instead(parties: Iterable[Party], cases: Mapping[int, Any], person_id: int | None) -> dict[int, str]:
    """Everybody who ever had a part that is no seat, with the words for that part; never the reader."""
    present = sorted(parties, key=lambda p: (p.until is None, p.pk))
    return {
        p.person_id: party_label(p.role, law_of(cases[p.case_id]).app)
        for p in present
        if p.role not in seats() and p.person_id != person_id
    }


def decided_families(person_id: int | None) -> set[int]:
    """Families in which the person decides (see `Sight.decides`); one statement, from their own parts."""
    if person_id is None:
        return set()
    mine = Party.objects.filter(deciding(), person_id=person_id, until=None)
    return set(mine.order_by().values_list("case__family_id", flat=True))


def deciding() -> Q:
    """Seats whose holder decides (see `Sight.decides`)."""
    found = Q(pk__in=())
    for (type_label, seat), states in seat_states().items():
        found |= Q(role=seat, case__type=type_label, case__state__in=sorted(states))
    return found


@cache
def seat_states() -> Mapping[tuple[str, str], frozenset[str]]:
    """{(case type, seat): states in which its holder owes a decision, or made one that is not issued yet}."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for label, law in laws().items():
        for node in nodes(law.model):
            if node.seat:
                found[label, node.seat] |= set(node.states)
    drafted = {label: unissued(label)[0] for label in laws()}
    return {
        (label, seat): frozenset(states | drafted[label] if states & drafted[label] else states)
        for (label, seat), states in found.items()
    }


@cache
def unissued(type_label: str) -> tuple[frozenset[str], frozenset[str]]:
    """(states in which a decision is drafted but not issued, deciding actions that lead there), from the law: the
    action that follows the signatures, what leads to it, and what leads there."""
    specs = laws()[type_label].actions.values()
    sealing = {state for spec in specs if spec.after == "signed" for state in spec.sources}
    signing = {state for spec in specs if spec.decides and sealing & set(spec.targets) for state in spec.sources}
    states = sealing | signing
    return frozenset(states), frozenset(spec.name for spec in specs if spec.decides and states & set(spec.targets))


def _replaced(value: Any, pattern: re.Pattern[str], words: dict[str, str]) -> Any:
    if isinstance(value, str):
        return pattern.sub(lambda found: words[found.group()], value)
    if isinstance(value, dict):
        return {_replaced(key, pattern, words): _replaced(item, pattern, words) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(item, pattern, words) for item in value]
    return value
