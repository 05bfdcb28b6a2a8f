"""What one person sees of one family of cases: which cases, whose names, and whether drafts.

Deciders do not see the parties' names: while a person holds a seat and owes the decision, everybody in another part
of the family stands there as that part (the agent, the inspector), in every list, event and text."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from types import SimpleNamespace
from typing import Any

from django.utils.translation import gettext as _

from casework.domain.directory import Directory, directory
from casework.domain.errors import OutOfScope
from casework.domain.law import NUMBER, laws
from casework.domain.now import now
from casework.domain.reading import FamilyView, read_family
from casework.domain.scope import sees
from casework.domain.wording import party_label
from casework.flow.projection import nodes
from casework.models import Party, Task

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
    def decides(self) -> bool:
        """Whether the person holds a seat somewhere in the family and owes its decision now."""
        seats = seat_tasks()
        return any(
            task.person_id == self.person_id and (self.family.by_id[task.process_id].type, task.node) in seats
            for task in self.family.tasks
        )

    @cached_property
    def hidden(self) -> dict[int, str]:
        """Whom this person may not know by name, each with the words that stand there instead."""
        return parts_instead(self.family.parties, self.person_id) if self.decides else {}

    def reads_drafts(self, case: Any) -> bool:
        """Whether an unissued decision is open to the person: the one who decides, and who looks over closed cases
        without being a party."""
        mine = {p.role for p in self.family.parties if p.person_id == self.person_id and p.until is None}
        if self.decides:
            return True
        if mine - seats():
            return False
        closed = SimpleNamespace(pk=None, unit_id=case.unit_id, restricted=True)
        return sees(self.person_id, closed, (), self.at, self.book)

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


def look_at(number: str, person_id: int | None, at: datetime | None = None) -> tuple[Sight, Any]:
    """The family of a case as the person sees it, and the case. OutOfScope for strangers and for unknown numbers."""
    if not ANY_NUMBER.fullmatch(number):
        raise nothing_there()
    family = read_family(number)
    sight = Sight(person_id, family, directory(family.stamp), at or now())
    case = family.case(number)
    if not sight.sees(case):
        raise nothing_there()
    return sight, case


def nothing_there() -> OutOfScope:
    """The same words whether there is nothing or nothing for this person."""
    return OutOfScope(_("Expected something in your scope, but there is nothing under this address; check the number"))


def named(person_id: int | None, book: Directory, hidden: dict[int, str]) -> dict[str, Any] | None:
    """{"no", "name"}; for a hidden person the part they play and no number."""
    if person_id is None:
        return None
    if person_id in hidden:
        return {"no": None, "name": hidden[person_id]}
    person = book.persons[person_id]
    return {"no": person.no, "name": person.name}


def parts_instead(parties: Iterable[Party], person_id: int | None) -> dict[int, str]:
    """Everybody who ever had a part that is no seat, with the words for that part; never the reader."""
    present = sorted(parties, key=lambda p: (p.until is None, p.pk))
    return {p.person_id: party_label(p.role) for p in present if p.role not in seats() and p.person_id != person_id}


def decided_families(person_id: int | None) -> set[int]:
    """Families in which the person owes a decision now; one statement, from the index of open tasks by person."""
    if person_id is None:
        return set()
    mine = Task.objects.filter(person_id=person_id, finished=None).order_by()
    rows = mine.values_list("process__type", "node", "process__family_id")
    return {family for type_label, node, family in rows if (type_label, node) in seat_tasks()}


@cache
def seats() -> frozenset[str]:
    """Parts of a case that decide, by the law of any type."""
    return frozenset(spec.seat for law in laws().values() for spec in law.actions.values() if spec.seat)


@cache
def seat_tasks() -> frozenset[tuple[str, str]]:
    """(case type, node) of the tasks that a seat's holder owes."""
    return frozenset((label, node.name) for label, law in laws().items() for node in nodes(law.model) if node.seat)


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
