"""Units, people, accounts and leaves as `org` tells of them: a row that anything but the engine wrote is found.

An entry says, of each column that it changed, what it says afterwards (ADR 0031). What was there before entries did so
is listed once and compared with that; names and mail addresses are in no list: they are compared once they change."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any
from unicodedata import normalize

from django.db import models, transaction
from django.utils.translation import gettext as _

from casework.domain import ledger
from casework.domain.ledger import FreeText
from casework.models import Account, CaseEvent, Leave, Person, StreamHead, Unit

LISTED = "rows_listed"
GONE = object()  # of a text that is there no more, or of a column that no entry has told of yet
MOST = 20  # rows of one table that are named, where somebody wrote over all of them

Row = dict[str, Any]


def shown_unit(unit: Unit) -> Row:
    return {"id": str(unit.pk), "name": unit.name, "parent": unit.parent.code if unit.parent else None}


def shown_person(person: Person) -> Row:
    return {
        "id": str(person.pk), "name": FreeText(person.name), "unit": person.unit.code,
        "superior": person.superior.no if person.superior else None, "email": FreeText(person.email),
        "erased": person.erased_at is not None,
    }  # fmt: skip


def shown_account(account: Account) -> Row:
    """What decides who acts by it. Not its password and last login, which each login may write anew; nor a language,
    nor names and a mail address, which nothing reads."""
    return {
        "id": str(account.pk), "person": account.person.no if account.person else None, "active": account.is_active,
        "superuser": account.is_superuser, "staff": account.is_staff, "machine": account.is_machine,
    }  # fmt: skip


def shown_leave(leave: Leave) -> Row:
    """Not its reason, which goes when the person is erased."""
    return {
        "person": leave.person.no, "first_day": leave.first_day.isoformat(), "last_day": leave.last_day.isoformat(),
        "cancelled": leave.cancelled_at is not None,
    }  # fmt: skip


@dataclass(frozen=True)
class Table:
    """`name` is what entries and checks call a row, `key` the column by which entries name it; `events` say in `after`
    what it says now, the first of them when it is added."""

    name: str
    model: type[models.Model]
    key: str
    beside: tuple[str, ...]
    shown: Callable[[Any], Row]
    events: tuple[str, ...]

    def rows(self) -> dict[str, Row]:
        every = self.model._default_manager.select_related(*self.beside).order_by("pk")
        return {_as_written(str(getattr(row, self.key))): self.shown(row) for row in every}


TABLES = (
    Table("account", Account, "username", ("person",), shown_account,
          ("account_added", "account_opened", "account_closed")),
    Table("person", Person, "no", ("unit", "superior"), shown_person,
          ("person_added", "person_changed", "person_erased")),
    Table("unit", Unit, "code", ("parent",), shown_unit, ("unit_added", "unit_changed")),
    Table("leave", Leave, "pk", ("person",), shown_leave, ("leave_recorded", "leave_changed", "leave_cancelled")),
)  # fmt: skip
TABLE_OF = {event: table.name for table in TABLES for event in table.events}
ADDING = {table.events[0] for table in TABLES}


def present_rows() -> dict[str, dict[str, Row]]:
    """What the tables say now, by table and key."""
    return {table.name: table.rows() for table in TABLES}


def changes_since(before: dict[str, dict[str, Row]]) -> Iterator[tuple[str, Row]]:
    """(event, data) for each row that was added or changed since the tables said that."""
    for name, rows in present_rows().items():
        for key, row in rows.items():
            known = before[name].get(key)
            if known is None:
                yield f"{name}_added", {name: key, "after": row}
            elif changed := [column for column in row if row[column] != known[column]]:
                differs = {"before": {n: known[n] for n in changed}, "after": {n: row[n] for n in changed}}
                yield f"{name}_changed", {name: key, **differs}


def list_rows() -> None:
    """`org` lists what stands in the tables, unless it has done so before. To be called wherever they are changed."""
    if _are_listed():
        return
    with transaction.atomic():
        StreamHead.objects.get_or_create(stream="org")
        StreamHead.objects.select_for_update().get(stream="org")
        if not _are_listed():
            ledger.note("org", LISTED, {n: _without_words(rows) for n, rows in present_rows().items()})


def _are_listed() -> bool:
    return CaseEvent.objects.filter(stream="org", action=LISTED).exists()


def _without_words(rows: dict[str, Row]) -> dict[str, Row]:
    return {key: {n: v for n, v in row.items() if not isinstance(v, FreeText)} for key, row in rows.items()}


@dataclass
class ToldRows:
    """What the entries of `org` say so far of each row, from the list on; None before it."""

    known: dict[str, dict[str, Row]] | None = None

    def hear(self, entry: Row, texts: list[dict[str, str]]) -> None:
        action, data = entry["action"], entry["data"]
        if action == LISTED and self.known is None:
            self.known = {table.name: dict(data.get(table.name, {})) for table in TABLES}
        elif self.known is not None and (name := TABLE_OF.get(action)):
            clear = {text["path"]: text["text"] for text in texts}
            if action in ADDING:
                self.known[name][data[name]] = {}
            if (row := self.known[name].get(data[name])) is None:
                return  # nobody added it, so what was changed of it is no excuse
            for column, value in data["after"].items():
                row[column] = clear.get(f"data.after.{column}", GONE) if isinstance(value, dict) else value


def other_rows(told: ToldRows) -> Iterator[tuple[str, str]]:
    """(check, what is wrong in words) of each row that was written, added or taken away past the engine."""
    if told.known is None:
        return
    for table in TABLES:
        yield from islice(_others(table.name, told.known[table.name], table.rows()), MOST)


def _others(name: str, told: dict[str, Row], rows: dict[str, Row]) -> Iterator[tuple[str, str]]:
    what = _what(name)
    for key in sorted(told.keys() | rows.keys()):
        if key not in rows:
            words = _("%(what)s %(key)s is gone, and the ledger deletes none; put it back from a backup")
            yield name, words % {"what": what, "key": key}
        elif key not in told:
            words = _("%(what)s %(key)s is there, and no entry tells who added it; find out who did, and delete it")
            yield name, words % {"what": what, "key": key}
        elif columns := _differing(told[key], rows[key]):
            said = ", ".join(_said(column, told[key], rows[key]) for column in columns)
            words = _("%(what)s %(key)s is not as entries tell it: %(said)s; find out who wrote it, and put it back")
            yield name, words % {"what": what, "key": key, "said": said}


def _differing(told: Row, row: Row) -> list[str]:
    """What the entries tell otherwise. Words whose clear text is gone are told of by the check of texts."""
    known = ((column, told.get(column, GONE), value) for column, value in row.items())
    return [column for column, was, now in known if was is not GONE and _as_written(was) != _as_written(now)]


def _as_written(value: Any) -> Any:
    """Text as entries write it."""
    return normalize("NFC", value) if isinstance(value, str) else value


def _said(column: str, told: Row, row: Row) -> str:
    if isinstance(row[column], FreeText):
        return column  # a name has no place in a log
    was, now = (json.dumps(value, ensure_ascii=False) for value in (told[column], row[column]))
    return _("%(column)s is %(now)s, was %(was)s") % {"column": column, "now": now, "was": was}


def _what(name: str) -> str:
    return {"account": _("account"), "person": _("person"), "unit": _("unit"), "leave": _("leave")}[name]
