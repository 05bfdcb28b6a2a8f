from typing import Any

from django.utils.translation import gettext_lazy as _

from casework.commands import INVALID, DoorCommand, actor_as, add_actor, add_sheet, progress, table_of, tell_problems
from casework.domain import staff
from casework.domain.policy import current_policy
from casework.imports.people import PeopleFile, UnitsFile, parse_people, parse_units
from casework.imports.problems import errors
from casework.imports.tables import Table
from casework.models import Account, Person, Unit


class Command(DoorCommand):
    help = _("Imports units and people (CSV or xlsx), all or nothing; prints how many rows were new.")

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("units", help="code,name,parent")
        parser.add_argument("people", help="no,name,login,role,unit,acts_on,from,until,principal,email")
        add_sheet(parser, "--units-sheet")
        add_sheet(parser, "--people-sheet")
        parser.add_argument("--dry-run", action="store_true", help="checks only")
        add_actor(parser)

    def do(
        self, *, units: str, people: str, units_sheet: str | None, people_sheet: str | None, dry_run: bool, login: str,
        **_: Any,
    ) -> None:  # fmt: skip
        actor, account = actor_as(login)
        staff.may_manage_people(actor, account)
        unit_rows, staff_rows, (unit_table, people_table) = read(units, people, units_sheet, people_sheet)
        tell_problems(self, unit_table.located(unit_rows.problems), units)
        tell_problems(self, people_table.located(staff_rows.problems), people)
        wrong = errors([*unit_rows.problems, *staff_rows.problems])
        made = {}
        if not wrong and not dry_run:
            with progress(len(staff_rows.persons), "people") as done:
                made = staff.store_people(unit_rows.units, staff_rows, actor, progress=done)
        self.show({
            "read": {
                "units": len(unit_rows.units), "persons": len(staff_rows.persons), "accounts": len(staff_rows.accounts),
                "grants": len(staff_rows.grants),
            },
            "new": made, "errors": len(wrong), "encodings": [unit_table.encoding, people_table.encoding],
            "dry_run": dry_run,
        })  # fmt: skip
        if wrong:
            raise SystemExit(INVALID)


def read(
    units: str, people: str, units_sheet: str | None = None, people_sheet: str | None = None
) -> tuple[UnitsFile, PeopleFile, tuple[Table, Table]]:
    """Both files, held against one another and against who is known already; and the tables they were."""
    unit_table, people_table = table_of(units, units_sheet), table_of(people, people_sheet)
    known_units = list(Unit.objects.values_list("code", flat=True))
    unit_rows = parse_units(unit_table, known_units)
    staff_rows = parse_people(
        people_table,
        [*known_units, *(unit.code for unit in unit_rows.units)],
        list(current_policy().roles),
        known=list(Person.objects.values_list("no", flat=True)),
        logins={login: no or "" for login, no in Account.objects.values_list("username", "person__no")},
        erased=list(Person.objects.exclude(erased_at=None).values_list("no", flat=True)),
    )
    return unit_rows, staff_rows, (unit_table, people_table)
