"""PostgreSQL's form of what a step writes: one writable CTE. A row alone goes as its values, several as JSON, so the
text of a shape never changes and stays prepared."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from django.db import connection, models
from pydantic_core import to_json

from casework.domain.writes import Write, field_of, fields_of, once

Guard = tuple[models.Model, str]


def one_statement(guards: Sequence[Guard], writes: list[Write]) -> tuple[str, list[Any], bool]:
    """(SQL, parameters, whether the number of rows that it changed tells if the guard held); else it answers with a row
    that does."""
    writes = sorted(writes, key=lambda write: _is_certain(write.model, write.match))
    shape = tuple((w.model, w.columns, w.match, _many(w)) for w in writes)
    guarded = {(type(row), name, ALONE if len(guards) == 1 else _bound(len(guards))) for row, name in guards}
    parameters = _held(guards)
    for write in writes:
        parameters += _as_texts(write) if _many(write) == ALONE else [_as_json(write)]
    sql, is_told = _cte_sql(next(iter(guarded), None), shape)
    return sql, parameters, is_told


def _is_certain(model: type[models.Model], match: str) -> bool:
    """Whether such a part changes rows wherever the guard holds."""
    return not match and not once(model)


def _held(guards: Sequence[Guard]) -> list[Any]:
    """The rows that are guarded, with the value that each had when it was read, and how many they are."""
    if len(guards) < 2:
        return [str(value) for row, name in guards for value in (row.pk, getattr(row, name))]
    rows = [{row._meta.pk.column: row.pk, name: getattr(row, name)} for row, name in guards]
    return [to_json(rows).decode(), len(guards)]


ALONE = "alone"
NARROW = 12  # columns. A statement of more than fifty parameters is read anew by the driver each time


def _many(write: Write) -> str:
    """How many rows a part takes, as far as its text depends on it."""
    if len(write.rows) == 1 and len(write.columns) <= NARROW:
        return ALONE
    return _bound(len(write.rows)) if write.match else ""


def _bound(rows: int) -> str:
    """At least the number of rows of an update, in few steps. Told nothing, PostgreSQL plans for a hundred rows, and
    reads a table of some thousand whole to find one."""
    most = next((most for most in (1, 10) if rows <= most), None)
    return f" LIMIT {most}" if most else ""


def _as_texts(write: Write) -> list[str | None]:
    """The row's values as text, which PostgreSQL reads as the columns' types: one statement for all."""
    names = (*write.columns, write.match) if write.match else write.columns
    (row,) = write.rows
    return [encode(row[name]) for name, encode in _texts(write.model, names)]


@cache
def _texts(model: type[models.Model], names: tuple[str, ...]) -> tuple[tuple[str, Callable[[Any], str | None]], ...]:
    own = dict(_own_forms(model, names))
    return tuple((name, _text(field, name in own)) for name, field in fields_of(model, names))


def _text(field: models.Field, is_own: bool) -> Callable[[Any], str | None]:
    if isinstance(field, models.JSONField):
        return lambda value: None if value is None else to_json(value).decode()
    if is_own:
        return lambda value: None if value is None else str(field.get_prep_value(value))
    return lambda value: None if value is None else str(value)


def _as_json(write: Write) -> str:
    """Moments, amounts and keys as JSON's text, which PostgreSQL reads as its own; what only the field knows how to
    write, as the field writes it."""
    names = (*write.columns, write.match) if write.match else write.columns
    own = _own_forms(write.model, names)
    rows = [row | {name: field.get_prep_value(row[name]) for name, field in own} for row in write.rows]
    return to_json(rows).decode()


@cache
def _own_forms(model: type[models.Model], names: tuple[str, ...]) -> tuple[tuple[str, models.Field], ...]:
    """The fields that are none of Django's. No column has another name than its field, so a row is a JSON object."""
    fields = fields_of(model, names)
    renamed = [name for name, field in fields if field.column != name]
    if renamed:
        raise TypeError(f"Expected columns named as their fields, but {model.__name__} has {renamed}.")
    return tuple((n, f) for n, f in fields if not type(f).get_prep_value.__module__.startswith("django.db.models."))


@cache
def _cte_sql(guard: tuple[Any, str, str] | None, shape: tuple[tuple[Any, ...], ...]) -> tuple[str, bool]:
    parts = ["guard AS (SELECT 1)"]
    if guard:
        model, name, many = guard
        table, pk = model._meta.db_table, model._meta.pk.attname
        raised = f"UPDATE {table} AS t SET {name} = t.{name} + 1"
        same = f"WHERE t.{pk} = {_value_of(model, pk)} AND t.{name} = {_value_of(model, name)} RETURNING 1"
        parts = [f"guard AS ({raised} {same})"]
        if many != ALONE:
            same = f"FROM {_rows_of(table, many)} AS r WHERE t.{pk} = r.{pk} AND t.{name} = r.{name} RETURNING 1"
            parts = [f"held AS ({raised} {same})", "guard AS (SELECT 1 FROM held HAVING count(*) = %s)"]
    written = [_part_sql(*part) for part in shape]
    is_told = bool(shape) and _is_certain(shape[-1][0], shape[-1][2])
    last = written.pop() if is_told else "SELECT count(*) FROM guard"
    parts += [f"w{number} AS ({part})" for number, part in enumerate(written)]
    return f"WITH {', '.join(parts)} {last}", is_told


def _part_sql(model: type[models.Model], columns: tuple[str, ...], match: str, many: str) -> str:
    table = model._meta.db_table
    names = [f'"{name}"' for name in columns]
    values, source = [_value_of(model, name) for name in columns], "guard"
    found = _value_of(model, match) if match else ""
    if many != ALONE:
        values, source, found = [f"r.{name}" for name in names], f"{_rows_of(table, many)} AS r, guard", f'r."{match}"'
    if match:
        changes = ", ".join(f"{name} = {value}" for name, value in zip(names, values, strict=True))
        return f'UPDATE {table} AS t SET {changes} FROM {source} WHERE t."{match}" = {found}'
    return f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} FROM {source}{once(model)}"


def _rows_of(table: str, many: str) -> str:
    if many == _bound(1):  # taken out of its list, which costs PostgreSQL less than a limit
        return f"jsonb_populate_record(NULL::{table}, %s::jsonb -> 0)"
    return f"(SELECT * FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb){many})"


def _value_of(model: type[models.Model], name: str) -> str:
    """A parameter as the column's type; without its length, so that what is too long is refused and not cut off."""
    return f"%s::{str(field_of(model, name).db_type(connection)).split('(')[0]}"
