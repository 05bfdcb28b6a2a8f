"""A whole family in one statement: its version, its cases with their typed rows, parties, clocks, open tasks,
documents, who read it, its files, the stamp, and the event a repeated key left. No lock is held; the version guards
the write."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, cached_property
from typing import Any
from uuid import UUID

from django.db import connection, models
from django.db.models.base import ModelState
from django.utils.translation import gettext as _
from pydantic_core import from_json, to_json

from casework.domain.errors import OutOfScope
from casework.domain.law import laws
from casework.models import Case, CaseRead, Clock, Document, Evidence, Family, Party, Task

Decoders = tuple[tuple[str, Callable[[Any], Any] | None], ...]


@dataclass
class FamilyView:
    """What a step knows. Changing it changes nothing but memory."""

    row: Family
    stamp: int
    cases: list[Any]
    parties: list[Party]
    clocks: list[Clock]
    tasks: list[Task]
    documents: list[Document]
    repeat: dict[str, str] | None = None
    reads: list[CaseRead] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)

    @cached_property
    def by_id(self) -> dict[int, Any]:
        return {case.pk: case for case in self.cases}

    @property
    def version(self) -> int:
        return self.row.version

    def case(self, number: str) -> Any:
        return next(case for case in self.cases if case.number == number)

    def of_type(self, label: str) -> list[Any]:
        return [case for case in self.cases if case.type == label]

    def as_of(self, at: datetime) -> "FamilyView":
        """The cases and parties that were there by then; how a part has ended since is as it is known now."""
        cases = [case for case in self.cases if case.opened_at <= at]
        known = {case.pk for case in cases}
        parties = [p for p in self.parties if p.since <= at and p.case_id in known]
        return replace(self, cases=cases, parties=parties)

    def add(self, case: Any) -> None:
        self.cases.append(case)
        self.by_id[case.pk] = case

    def parties_of(self, case: Any, role: str | None = None, *, ended: bool = False) -> list[Party]:
        """Present parties of a case (also past ones with `ended`), by role if asked."""
        pk = case.pk
        return [
            p for p in self.parties
            if p.case_id == pk and (role is None or p.role == role) and (ended or p.until is None)
        ]  # fmt: skip

    def holder(self, case: Any, role: str) -> int | None:
        """The person now in that part of the case."""
        return next((p.person_id for p in self.parties_of(case, role)), None)

    def clock(self, case: Any, name: str) -> Clock | None:
        """The latest generation of a clock, running or not."""
        pk = case.pk
        found = [c for c in self.clocks if c.name == name and c.case_id == pk]
        return max(found, key=lambda c: c.generation, default=None)

    def is_running(self, case: Any, name: str) -> bool:
        clock = self.clock(case, name)
        return clock is not None and clock.state in (Clock.State.RUNNING, Clock.State.PAUSED)


OF_A_CASE = "casework_case c JOIN casework_family f ON f.id = c.family_id WHERE "


def read_family(number: str, *, key: UUID | None = None) -> FamilyView:
    """The family of the case with that number. OutOfScope when there is no such case."""
    return _read_one("c.number = %s", number, key)


def read_family_of(case_id: int, *, key: UUID | None = None) -> FamilyView:
    return _read_one("c.id = %s", case_id, key)


def read_families(ids: Sequence[int]) -> list[FamilyView]:
    """The families with those ids."""
    if connection.vendor == "postgresql":
        return _read("casework_family f WHERE f.id = ANY(%s)", [None, list(ids)])
    return _read("casework_family f WHERE f.id IN (SELECT value FROM json_each(%s))", [None, to_json(ids).decode()])


def _read_one(where: str, value: Any, key: UUID | None) -> FamilyView:
    found = _read(OF_A_CASE + where, [_key_parameter(key), value])
    if not found:
        raise OutOfScope(_("Expected a case, but there is no case %(case)s in your scope") % {"case": str(value)[:40]})
    return found[0]


def _read(source: str, parameters: list[Any]) -> list[FamilyView]:
    with connection.cursor() as cursor:
        cursor.execute(_sql(connection.vendor, source), parameters)
        return [_view(*row) for row in cursor.fetchall()]


def _view(family_id: int, version: int, stamp: int, repeat: Any, cases: Any, *rest: Any) -> FamilyView:
    typed = rest[: len(laws())]
    parties, clocks, tasks, documents, reads, evidence = rest[len(laws()) :]
    bases = {r[0]: r for r in _parsed(cases)}
    found = []
    for law, rows in zip(laws().values(), typed, strict=True):
        for values in _parsed(rows):
            found.append(_typed(law.model, bases[values[0]], values))
    found.sort(key=lambda case: case.pk)
    return FamilyView(
        row=Family(id=family_id, version=version), stamp=stamp, cases=found,
        parties=_rows(Party, parties), clocks=_rows(Clock, clocks), tasks=_rows(Task, tasks),
        documents=_rows(Document, documents), repeat=_parsed(repeat) or None, reads=_rows(CaseRead, reads),
        evidence=_rows(Evidence, evidence),
    )  # fmt: skip


# What no step looks at: it is read when it is asked for.
UNREAD = {
    Clock: ("steps", "problem"),
    Document: ("snapshot",),
    Task: (
        "flow_task", "flow_task_type", "status", "created", "assigned", "started", "finished", "token",
        "owner_id", "owner_permission_content_type_id", "owner_permission_obj_pk", "number",
    ),
}  # fmt: skip


@cache
def _read_fields(model: type[models.Model]) -> tuple[models.Field, ...]:
    return tuple(f for f in model._meta.local_concrete_fields if f.attname not in UNREAD.get(model, ()))


@cache
def _sql(vendor: str, source: str) -> str:
    def rows(model: type[models.Model], alias: str, place: str) -> str:
        columns = [_column(vendor, f, alias) for f in _read_fields(model)]
        build = (
            f"json_build_array({', '.join(columns)})" if vendor == "postgresql" else f"json_array({', '.join(columns)})"
        )
        rows = f"json_agg({build})::text" if vendor == "postgresql" else f"json_group_array({build})"
        return f"(SELECT {rows} FROM {place})"

    case, members = Case._meta.db_table, "m.family_id = f.id"
    selects = [rows(Case, "m", f"{case} m WHERE {members}")]
    for law in laws().values():
        table = law.model._meta.db_table
        selects.append(rows(law.model, "t", f"{case} m JOIN {table} t ON t.case_ptr_id = m.id WHERE {members}"))
    for model, link, extra in (
        (Party, "case_id", ""),
        (Clock, "case_id", ""),
        (Task, "process_id", " AND t.finished IS NULL"),
        (Document, "case_id", ""),
        (CaseRead, "case_id", ""),
        (Evidence, "case_id", ""),
    ):
        selects.append(
            rows(
                model,
                "t",
                f"{case} m JOIN {model._meta.db_table} t ON t.{link} = m.id{extra} WHERE {members}",
            )
        )
    entry = "'entry', e.entry, 'body', e.body"
    repeated = f"json_build_object({entry})::text" if vendor == "postgresql" else f"json_object({entry})"
    return (
        f"SELECT f.id, f.version, (SELECT version FROM casework_stamp WHERE id = 1), "
        f"(SELECT {repeated} FROM casework_caseevent e WHERE e.key = "
        f"{'%s::uuid' if vendor == 'postgresql' else '%s'}), "
        f"{', '.join(selects)} FROM {source}"
    )


def _column(vendor: str, field: models.Field, alias: str) -> str:
    name = f'{alias}."{field.column}"'
    if isinstance(field, models.JSONField) and vendor != "postgresql":
        return f"json({name})"
    if isinstance(field, models.DecimalField):
        return f"CAST({name} AS text)"
    return name


def _key_parameter(key: UUID | None) -> Any:
    if key is None:
        return None
    return key if connection.vendor == "postgresql" else key.hex


def _parsed(value: Any) -> Any:
    return from_json(value) if value else []


def _rows(model: type[models.Model], rows: Any) -> list[Any]:
    fields = _decoders(model)
    return [_made(model, _decoded(fields, values)) for values in _parsed(rows)]


def _typed(model: type[Case], base: list[Any], own: list[Any]) -> Any:
    case = _made(model, _decoded(_decoders(Case), base) | _decoded(_decoders(model), own))
    case.as_read = dict(case.__dict__)
    return case


def _made(model: type[models.Model], values: dict[str, Any]) -> Any:
    """As Model.from_db() makes it; that asks every field about every row again, which is most of what a read costs."""
    row = model.__new__(model)
    row._state = ModelState()
    row._state.adding, row._state.db = False, "default"
    row.__dict__.update(values)
    return row


def _decoded(fields: Decoders, values: list[Any]) -> dict[str, Any]:
    return {
        name: value if decode is None or value is None else decode(value)
        for (name, decode), value in zip(fields, values, strict=True)
    }


@cache
def _decoders(model: type[models.Model]) -> Decoders:
    """The columns that are read, in order, each with what makes JSON's value the field's own, if anything must."""
    return tuple((f.attname, _decoder(f)) for f in _read_fields(model))


def _decoder(field: models.Field) -> Callable[[Any], Any] | None:
    if isinstance(field, models.DateTimeField):
        return _moment
    if isinstance(field, models.DateField):
        return date.fromisoformat
    if isinstance(field, models.DecimalField):
        step = Decimal(1).scaleb(-field.decimal_places)
        return lambda value: Decimal(str(value)).quantize(step)
    if isinstance(field, models.BooleanField):
        return bool
    if isinstance(getattr(field, "target_field", field), models.UUIDField):
        return UUID
    if hasattr(field, "from_db_value") and not isinstance(field, models.JSONField):
        return lambda value: field.from_db_value(value, None, connection)
    return None


def _moment(text: str) -> datetime:
    """SQLite writes UTC and does not say so."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
