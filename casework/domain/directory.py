"""Units, persons, grants, leaves and who can log in no more, held in memory under the stamp's version.

Every step reads the stamp in its own statement, so a grant revoked before the step is gone in the step."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Exists, OuterRef

from casework.domain.now import now
from casework.models import Account, Grant, Leave, Party, Person, Stamp, Unit


@dataclass(frozen=True)
class UnitView:
    id: int
    code: str
    name: str
    parent_id: int | None


@dataclass(frozen=True)
class PersonView:
    id: int
    no: str
    name: str
    unit_id: int
    superior_id: int | None
    erased: bool = False


@dataclass(frozen=True)
class GrantView:
    """A grant with the interval in which it holds, half-open; a revocation ends it like an end date."""

    id: int
    person_id: int
    unit_id: int
    role: str
    starts_at: datetime | None
    ends_at: datetime | None
    principal_id: int | None

    def holds_at(self, moment: datetime) -> bool:
        return (self.starts_at is None or self.starts_at <= moment) and (self.ends_at is None or moment < self.ends_at)

    def overlaps(self, start: datetime, end: datetime) -> bool:
        """Whether it held at any moment from start to end, both included."""
        return (self.starts_at is None or self.starts_at <= end) and (self.ends_at is None or self.ends_at > start)


@dataclass(frozen=True)
class Directory:
    version: int
    units: dict[int, UnitView]
    persons: dict[int, PersonView]
    grants: tuple[GrantView, ...]
    leaves: dict[int, list[tuple[date, date]]] = field(default_factory=dict)
    closed: frozenset[int] = frozenset()  # persons all of whose accounts are closed

    @cached_property
    def by_person(self) -> dict[int, list[GrantView]]:
        found: dict[int, list[GrantView]] = defaultdict(list)
        for grant in self.grants:
            found[grant.person_id].append(grant)
        return found

    @cached_property
    def by_role(self) -> dict[str, list[GrantView]]:
        found: dict[str, list[GrantView]] = defaultdict(list)
        for grant in self.grants:
            found[grant.role].append(grant)
        return found

    @cached_property
    def by_principal(self) -> dict[int, list[GrantView]]:
        """Deputies' grants, by whom they stand in for."""
        found: dict[int, list[GrantView]] = defaultdict(list)
        for grant in self.grants:
            if grant.principal_id is not None:
                found[grant.principal_id].append(grant)
        return found

    @cached_property
    def ancestors(self) -> dict[int, tuple[int, ...]]:
        """Each unit with itself and everything above it, nearest first."""
        found = {}
        for unit_id in self.units:
            chain: list[int] = []
            current: int | None = unit_id
            while current is not None and current not in chain:
                chain.append(current)
                current = self.units[current].parent_id
            found[unit_id] = tuple(chain)
        return found

    @cached_property
    def below(self) -> dict[int, frozenset[int]]:
        """Each unit with itself and everything below it."""
        found: dict[int, set[int]] = defaultdict(set)
        for unit_id, chain in self.ancestors.items():
            for ancestor in chain:
                found[ancestor].add(unit_id)
        return {unit_id: frozenset(units) for unit_id, units in found.items()}

    def grants_of(self, person_id: int | None, at: datetime) -> list[GrantView]:
        return [g for g in self.by_person.get(person_id or 0, ()) if g.holds_at(at)]

    def grant(self, person_id: int | None, role: str, unit_id: int, at: datetime) -> GrantView | None:
        """The grant by which a person holds the role over the unit at that moment, an own one before a deputy's."""
        chain = self.ancestors[unit_id]
        held = [g for g in self.grants_of(person_id, at) if g.role == role and g.unit_id in chain]
        return min(held, key=lambda g: (g.principal_id is not None, chain.index(g.unit_id), g.id), default=None)

    def holders(self, role: str, unit_id: int, at: datetime) -> set[int]:
        """Persons holding the role over the unit at that moment, deputies included."""
        chain = self.ancestors[unit_id]
        return {g.person_id for g in self.by_role.get(role, ()) if g.unit_id in chain and g.holds_at(at)}

    def is_on_leave(self, person_id: int, day: date) -> bool:
        return any(first <= day <= last for first, last in self.leaves.get(person_id, ()))

    def back_from_leave(self, person_id: int, day: date) -> date | None:
        """The last day of the leave that covers `day`, or None."""
        return max((last for first, last in self.leaves.get(person_id, ()) if first <= day <= last), default=None)

    def is_forgotten(self, case: Any) -> bool:
        """Whether the case is about somebody who was erased."""
        person = self.persons.get(case.concerned_id)
        return person is not None and person.erased

    def person_no(self, no: str) -> PersonView | None:
        return self._by_no.get(no)

    @cached_property
    def _by_no(self) -> dict[str, PersonView]:
        return {person.no: person for person in self.persons.values()}


_held: dict[str, Directory] = {}


def directory(version: int | None = None) -> Directory:
    """The directory at that stamp; without a version it is read now."""
    if version is None:
        version = Stamp.objects.values_list("version", flat=True).get(pk=1)
    if (held := _held.get("directory")) is None or held.version != version:
        held = _held["directory"] = _load(version)
    return held


def forget() -> None:
    """Nothing is held any more: after a transaction that was undone, whose version the next one may bear again."""
    _held.clear()


def stamp_for(person_id: int | None) -> tuple[int, bool]:
    """(the stamp's version, whether the person now sits blind anywhere), in one statement."""
    sitting = Party.objects.filter(person_id=person_id or 0, blind=True, until=None)
    return Stamp.objects.annotate(blind=Exists(sitting)).values_list("version", "blind").get(pk=1)


def local_day(moment: datetime) -> date:
    return moment.astimezone(ZoneInfo(settings.TIME_ZONE)).date()


def _load(version: int) -> Directory:
    leaves: dict[int, list[tuple[date, date]]] = defaultdict(list)
    for person_id, first, last in Leave.objects.filter(cancelled_at=None).values_list(
        "person_id", "first_day", "last_day"
    ):
        leaves[person_id].append((first, last))
    grants = []
    for g in Grant.objects.order_by("id"):
        ends = min((m for m in (g.ends_at, g.revoked_at) if m is not None), default=None)
        grants.append(GrantView(g.id, g.person_id, g.unit_id, g.role, g.starts_at, ends, g.principal_id))
    return Directory(
        version=version,
        units={u.id: UnitView(u.id, u.code, u.name, u.parent_id) for u in Unit.objects.all()},
        persons={
            p.id: PersonView(p.id, p.no, p.name, p.unit_id, p.superior_id, bool(p.erased_at))
            for p in Person.objects.all()
        },
        grants=tuple(grants),
        leaves=dict(leaves),
        closed=_closed(),
    )


def _closed() -> frozenset[int]:
    """A machine's account is nobody's way in, and who never had an account was not shut out."""
    own = Account.objects.filter(is_machine=False).exclude(person=None)
    others = own.filter(person_id=OuterRef("person_id"), is_active=True)
    return frozenset(own.filter(~Exists(others), is_active=False).values_list("person_id", flat=True))


def today() -> date:
    return local_day(now())
