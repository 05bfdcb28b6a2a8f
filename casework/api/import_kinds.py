"""The kinds of imports there are: people, and whatever the case types bring in their import_kinds.py."""

from functools import cache
from importlib import import_module
from importlib.util import find_spec

from django.conf import settings

from casework.domain import staff
from casework.domain.actor import Actor
from casework.domain.policy import current_policy
from casework.imports.people import PeopleFile, UnitsFile, parse_people, parse_units
from casework.imports.problems import errors
from casework.imports.runs import ImportKind, Options, Outcome, Upload
from casework.imports.tables import Table, read_table
from casework.models import Account, Person, Unit


@cache
def import_kinds() -> dict[str, ImportKind]:
    kinds = {"people": ImportKind(staff.may_manage_people, import_people, frozenset({"dry_run"}), files=(1, 2))}
    for app in settings.CASE_TYPES:
        if find_spec(f"{app}.import_kinds"):
            kinds |= import_module(f"{app}.import_kinds").KINDS
    return dict(sorted(kinds.items()))


def import_people(uploads: list[Upload], actor: Actor, options: Options) -> Outcome:
    """Units and people, all or nothing. Which file is which shows in its header."""
    tables = {upload.name: read_table(upload.read()) for upload in uploads}
    units_name = next((name for name, table in tables.items() if "parent" in table.header), None)
    people_name = next((name for name in tables if name != units_name), None)
    known_units = list(Unit.objects.values_list("code", flat=True))
    units = parse_units(tables[units_name], known_units) if units_name else UnitsFile([], [])
    codes = [*known_units, *(unit.code for unit in units.units)]
    people = _people(tables[people_name], codes) if people_name else PeopleFile([], [], [], [])
    problems = [
        {"file": name, **problem.content()}
        for name, found in ((units_name, units.problems), (people_name, people.problems))
        if name
        for problem in tables[name].located(found)
    ]
    wrong = errors([*units.problems, *people.problems])
    made = {} if wrong or options.dry_run else staff.store_people(units.units, people, actor)
    counts = {"units": len(units.units), "persons": len(people.persons), "new": made, "errors": len(wrong)}
    return Outcome(counts, problems, refused=bool(wrong))


def _people(table: Table, units: list[str]) -> PeopleFile:
    return parse_people(
        table, units, list(current_policy().roles), known=list(Person.objects.values_list("no", flat=True)),
        logins={login: no or "" for login, no in Account.objects.values_list("username", "person__no")},
        erased=list(Person.objects.exclude(erased_at=None).values_list("no", flat=True)),
    )  # fmt: skip
