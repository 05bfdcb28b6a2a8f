"""Checks units.csv and people.csv: who there is, by which accounts, in which roles."""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from casework.imports.cells import read_day, read_identifier, read_text
from casework.imports.problems import Problem, errors
from casework.imports.tables import Row, Table, column_problems

UNIT_COLUMNS = ("code", "name", "parent")
PEOPLE_COLUMNS = (
    "no", "name", "login", "role", "unit", "acts_on", "from", "until", "principal", "email"
)  # fmt: skip
PEOPLE_OPTIONAL = ("superior",)

# As strict as the columns of the database, which SQLite would not enforce.
LOGIN = re.compile(r"[\w.@+-]{1,150}", re.ASCII)
NAME_AT_MOST = 150


@dataclass(frozen=True)
class UnitRow:
    code: str
    name: str
    parent: str | None
    line: int


@dataclass(frozen=True)
class UnitsFile:
    """Units with every parent before its children. Import nothing while `problems` holds an error."""

    units: list[UnitRow]
    problems: list[Problem]


@dataclass(frozen=True)
class PersonRow:
    """Identity is `no`; `unit` is where they work, `superior` a staff number; `email` may be empty."""

    no: str
    name: str
    unit: str
    email: str
    superior: str | None
    line: int


@dataclass(frozen=True)
class AccountRow:
    """A login of a person. One person may have several; each has its own mail address (may be empty)."""

    no: str
    login: str
    email: str
    line: int


@dataclass(frozen=True)
class GrantRow:
    """A role held on `unit` and below, from its first to its last day (None: open).

    `principal` is the staff number of the person whom a deputy stands in for.
    """

    no: str
    role: str
    unit: str
    from_day: date | None
    until_day: date | None
    principal: str | None
    line: int


@dataclass(frozen=True)
class PeopleFile:
    """Persons, accounts, grants: each once, in file order. Import nothing while `problems` holds an error."""

    persons: list[PersonRow]
    accounts: list[AccountRow]
    grants: list[GrantRow]
    problems: list[Problem]


def parse_units(table: Table, known: Collection[str] = ()) -> UnitsFile:
    """The units of the file, parents first; `known` are codes that exist already and may be parents too."""
    problems = [*table.problems, *column_problems(table, UNIT_COLUMNS)]
    if errors(problems):
        return UnitsFile([], problems)
    units: dict[str, UnitRow] = {}
    for row in table.rows:
        unit = UnitRow(row.value("code"), row.value("name"), row.value("parent") or None, row.line)
        problems += (problem.about(unit.code) for problem in _unit_problems(row, unit, units))
        units.setdefault(unit.code, unit)
    ordered = _parents_first(units)
    placed = {unit.code for unit in ordered}
    for unit in units.values():
        if unit.parent and unit.parent not in units and unit.parent not in known:
            message = _("Expected a unit as parent, but “{parent}” is none. Add it or correct the parent.")
            unknown = Problem.at(unit.line, "parent", "unknown_parent", message, parent=unit.parent)
            problems.append(unknown.about(unit.code))
        elif unit.code not in placed:
            message = _("Expected a tree, but the parents of “{code}” never reach the top. Correct the parent.")
            problems.append(Problem.at(unit.line, "parent", "unit_cycle", message, code=unit.code).about(unit.code))
    return UnitsFile(ordered, problems)


def parse_people(
    table: Table,
    units: Collection[str],
    roles: Collection[str],
    known: Collection[str] = (),
    logins: Mapping[str, str] | None = None,
    erased: Collection[str] = (),
) -> PeopleFile:
    """The persons, accounts and grants of the file.

    `units` and `roles` are the codes that exist, `known` the staff numbers that exist already (a principal or
    superior may be one of them), `logins` the existing logins with the number each belongs to, `erased` the numbers
    of persons who were erased, which nobody bears again. A number with
    two names, units or superiors, a login of two numbers, and numbers that differ only in the look of their
    letters are errors: identity is the number, and every bar on deciding one's own case hangs on it. A line
    that repeats another is a warning.
    """
    problems = [*table.problems, *column_problems(table, PEOPLE_COLUMNS, PEOPLE_OPTIONAL)]
    if errors(problems):
        return PeopleFile([], [], [], problems)
    numbers = dict.fromkeys([*known, *(row.value("no") for row in table.rows)])
    reader = _PeopleReader(units, roles, numbers, logins or {}, frozenset(erased))
    for row in table.rows:
        found = [*row.problems, *reader.person(row), *reader.account(row), *reader.grant(row)]
        problems += (problem.about(row.value("no")) for problem in found)
    return PeopleFile(
        list(reader.persons.values()), list(reader.accounts.values()), list(reader.grants.values()), problems
    )


class _PeopleReader:
    """Takes the rows one by one and compares each with those before it."""

    def __init__(
        self,
        units: Collection[str],
        roles: Collection[str],
        numbers: Collection[str],
        logins: Mapping[str, str],
        erased: frozenset[str],
    ) -> None:
        self.erased = erased
        self.units, self.roles, self.numbers = units, roles, numbers
        self.owners = {login.casefold(): number for login, number in logins.items()}
        self.by_look: dict[str, str] = {}
        for number in numbers:
            self.by_look.setdefault(look(number), number)
        self.persons: dict[str, PersonRow] = {}
        self.accounts: dict[str, AccountRow] = {}
        self.grants: dict[tuple[object, ...], GrantRow] = {}
        self.lines: dict[tuple[object, ...], int] = {}

    def person(self, row: Row) -> list[Problem]:
        problems: list[Problem] = []
        number = read_identifier(row, "no", problems) or row.value("no")
        if number.upper() == "SYSTEM":
            message = _("Expected a staff number, but SYSTEM stands for the engine itself. Give another one.")
            problems.append(Problem.at(row.line, "no", "number_reserved", message))
        if number in self.erased:
            message = _("Expected somebody who is known, but “{no}” was erased. Give whoever comes back a new number.")
            problems.append(Problem.at(row.line, "no", "person_erased", message, no=number))
        name = read_text(row, "name", problems, at_most=NAME_AT_MOST) or ""
        unit, superior = row.value("unit"), row.value("superior") or None
        problems += self._unit(row, "unit")
        if (other := self.by_look[look(number)]) != number:
            message = _("Expected numbers that differ plainly, but it looks like “{other}”. Write one way only.")
            problems.append(Problem.at(row.line, "no", "number_looks_alike", message, other=other))
        if superior and (superior == number or superior not in self.numbers):
            problems.append(_unknown_person(row, "superior"))
        person = PersonRow(number, name, unit, row.value("email"), superior, row.line)
        first = self.persons.setdefault(number, person)
        if first.superior is None and superior:
            self.persons[number] = replace(first, superior=superior)
        elif superior and superior != first.superior:
            problems.append(_contradicts(row, "superior", first.line))
        if name and name != first.name:
            problems.append(_contradicts(row, "name", first.line))
        if unit != first.unit:
            problems.append(_contradicts(row, "unit", first.line))
        return problems

    def account(self, row: Row) -> list[Problem]:
        problems: list[Problem] = []
        account = AccountRow(row.value("no"), row.value("login"), row.value("email"), row.line)
        if account.email and not _is_email(account.email):
            message = _("Expected a mail address such as name@example.org, but it is “{text}”. Correct it.")
            problems.append(Problem.at(row.line, "email", "bad_email", message, text=account.email))
        if not LOGIN.fullmatch(account.login):
            message = _("Expected a login of letters, digits and . @ + - _, but it is “{text}”. Correct it.")
            problems.append(Problem.at(row.line, "login", "bad_login", message, text=account.login))
            return problems
        key = account.login.casefold()  # two logins that differ in capitals only would be taken for one
        first = self.accounts.setdefault(key, account)
        owner = self.owners.setdefault(key, account.no)
        if owner != account.no or first.login != account.login:
            message = _("Expected one person per login, but “{login}” belongs to {no}. Give another login.")
            problems.append(Problem.at(row.line, "login", "login_of_two_people", message, login=first.login, no=owner))
        elif first.email != account.email:
            problems.append(_contradicts(row, "email", first.line))
        return problems

    def grant(self, row: Row) -> list[Problem]:
        problems: list[Problem] = []
        role, principal = row.value("role"), row.value("principal") or None
        unit = row.value("acts_on") or row.value("unit")
        if role not in self.roles:
            message = _("Expected a role of the policy, but “{role}” is none. Correct it.")
            problems.append(Problem.at(row.line, "role", "unknown_role", message, role=role))
        if row.value("acts_on"):
            problems += self._unit(row, "acts_on")
        from_day, until_day = read_day(row, "from", problems), read_day(row, "until", problems)
        if from_day and until_day and from_day > until_day:
            message = _("Expected the last day on or after the first, but it is before. Correct one of them.")
            problems.append(Problem.at(row.line, "until", "ends_before_it_starts", message))
        if principal and (principal == row.value("no") or principal not in self.numbers):
            problems.append(_unknown_person(row, "principal"))
        grant = GrantRow(row.value("no"), role, unit, from_day, until_day, principal, row.line)
        key = (grant.no, role, unit, from_day, until_day, principal)
        before = self.lines.setdefault((key, row.value("login")), row.line)
        if before != row.line:
            message = _("This line repeats line {line} and adds nothing. Remove it.")
            repeated = Problem.at(row.line, None, "duplicate_row", message, line=before)
            problems.append(replace(repeated, level="warning"))
        self.grants.setdefault(key, grant)
        return problems

    def _unit(self, row: Row, column: str) -> list[Problem]:
        if row.value(column) in self.units:
            return []
        message = _("Expected the code of a unit, but “{code}” is none. Import the units first.")
        return [Problem.at(row.line, column, "unknown_unit", message, code=row.value(column))]


def _unit_problems(row: Row, unit: UnitRow, before: Mapping[str, UnitRow]) -> list[Problem]:
    problems = list(row.problems)
    read_identifier(row, "code", problems)
    read_text(row, "name", problems, at_most=NAME_AT_MOST)
    if unit.code in before:
        message = _("Expected each unit once, but line {line} has it too. Remove one.")
        problems.append(Problem.at(row.line, "code", "duplicate_unit", message, line=before[unit.code].line))
    return problems


def _parents_first(units: Mapping[str, UnitRow]) -> list[UnitRow]:
    """Every unit that hangs on a top unit or on one outside the file; a unit in or under a cycle does not."""
    children: dict[str | None, list[UnitRow]] = {}
    for unit in units.values():
        children.setdefault(unit.parent if unit.parent in units else None, []).append(unit)
    ordered: list[UnitRow] = []
    level = children.get(None, [])
    while level:
        ordered += level
        level = [child for unit in level for child in children.get(unit.code, [])]
    return ordered


def _unknown_person(row: Row, column: str) -> Problem:
    message = _("Expected the staff number of another person, but “{no}” is none. Correct it or add the person.")
    return Problem.at(row.line, column, "unknown_person", message, no=row.value(column))


def _contradicts(row: Row, column: str, line: int) -> Problem:
    message = _("Expected the same “{column}” as on line {line}, but it is another. Make them agree.")
    return Problem.at(row.line, column, "contradicts_earlier_line", message, column=column, line=line)


def look(number: str) -> str:
    """The number as the eye takes it: full width as half width, capitals as small letters."""
    return unicodedata.normalize("NFKC", number).casefold()


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True
