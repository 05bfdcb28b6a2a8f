"""Everything a step writes, sent at once: the guard first, the rest only if the guard held.

PostgreSQL gets one statement (a writable CTE whose parts take their rows as JSON, so the text of a shape never
changes and stays prepared); SQLite gets one statement a table inside BEGIN IMMEDIATE; `orm` is the slow form that
the tests compare both with."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC
from functools import cache
from typing import Any

from django.db import IntegrityError, connection, models, transaction
from pydantic_core import to_json

from casework.domain.errors import Conflict

Guard = tuple[models.Model, str]


@dataclass
class _Write:
    """Rows for one table: an insert of `columns`, or an update of `columns` where `match` is equal."""

    model: type[models.Model]
    columns: tuple[str, ...]
    match: str = ""
    rows: list[dict[str, Any]] = field(default_factory=list)


class Recorder:
    def __init__(self, guard: Guard | None = None) -> None:
        """`guard` = (row, field): the write happens only if the field still has the value that was read, and
        raises it by one."""
        self._guards = [guard] if guard else []
        self._inserts: list[models.Model] = []
        self._updates: dict[int, tuple[models.Model, set[str]]] = {}
        self._sets: dict[tuple[Any, ...], _Write] = {}

    def insert(self, *objs: models.Model) -> None:
        """New rows, as they are when sent; a multi-table child as one row a table."""
        self._inserts += objs

    def update(self, obj: models.Model, fields: Iterable[str]) -> None:
        """The named fields of a row, as they are when sent; asked twice, the fields add up."""
        if any(obj is new for new in self._inserts):
            return
        _, known = self._updates.setdefault(id(obj), (obj, set()))
        known.update(getattr(obj._meta.get_field(name), "attname", name) for name in fields)

    def set(self, model: type[models.Model], match: str, keys: Sequence[Any], values: dict[str, Any]) -> None:
        """`values` on every row whose column `match` is one of `keys`; needs no read. Rows inserted by this
        recorder change in memory, since the statement that inserts them does not see them."""
        for obj in self._inserts:
            if isinstance(obj, model) and getattr(obj, match) in keys:
                obj.__dict__.update(values)
        write = self._sets.setdefault(
            (model, match, tuple(sorted(values))), _Write(model, tuple(sorted(values)), match)
        )
        write.rows.extend({match: key, **values} for key in keys)

    def absorb(self, other: "Recorder") -> None:
        """What the other would write is written with this one, under its guards too."""
        self._guards += other._guards
        self._inserts += other._inserts
        self._updates |= other._updates
        for shape, theirs in other._sets.items():
            write = self._sets.setdefault(shape, _Write(theirs.model, theirs.columns, theirs.match))
            write.rows.extend(theirs.rows)

    def send(self, form: str | None = None) -> None:
        """Everything is written, or Conflict is raised and nothing is."""
        writes = self._writes()
        form = form or ("cte" if connection.vendor == "postgresql" else "statements")
        try:
            {"cte": self._cte, "statements": self._statements, "orm": self._orm}[form](writes)
        except IntegrityError as error:
            raise Conflict(str(error)) from error

    def _writes(self) -> list[_Write]:
        inserts: dict[type[models.Model], _Write] = {}
        for obj in self._inserts:
            for model in _tables(type(obj)):
                write = inserts.setdefault(model, _Write(model, _columns(model)))
                write.rows.append({name: _value(obj, name) for name in write.columns})
        updates: dict[tuple[Any, ...], _Write] = {}
        for obj, fields in self._updates.values():
            for model in _tables(type(obj)):
                columns = tuple(name for name in _columns(model) if name in fields)
                if not columns:
                    continue
                pk = model._meta.pk.attname
                write = updates.setdefault((model, columns), _Write(model, columns, pk))
                write.rows.append({pk: obj.pk, **{name: _value(obj, name) for name in columns}})
        # Inserts come last: no form's changes see them (`set` has changed them in memory).
        return [*updates.values(), *self._sets.values(), *inserts.values()]

    def _cte(self, writes: list[_Write]) -> None:
        shape = tuple((w.model, w.columns, w.match, _bound(len(w.rows)) if w.match else "") for w in writes)
        guarded = {(type(row), name, _bound(len(self._guards))) for row, name in self._guards}
        parameters: list[Any] = [_held(self._guards), len(self._guards)] if guarded else []
        parameters += [_as_json(write) for write in writes]
        # Of several guards some may hold; then theirs is undone.
        several = transaction.atomic() if len(self._guards) > 1 else nullcontext()
        with several, connection.cursor() as cursor:
            cursor.execute(_cte_sql(next(iter(guarded), None), shape), parameters)
            if cursor.fetchone()[0] == 0:
                raise _moved_on()

    def _statements(self, writes: list[_Write]) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            for table, name, pk in {(row._meta.db_table, name, row._meta.pk.column) for row, name in self._guards}:
                guard = f"UPDATE {table} SET {name} = {name} + 1 WHERE {pk} = %s AND {name} = %s"
                cursor.executemany(guard, [(row.pk, getattr(row, name)) for row, name in self._guards])
                if cursor.rowcount != len(self._guards):
                    raise _moved_on()
            for write in writes:
                cursor.executemany(_statement_sql(write.model, write.columns, write.match), _as_rows(write))

    def _orm(self, writes: list[_Write]) -> None:
        with transaction.atomic():
            for row, name in self._guards:
                matching = type(row)._default_manager.filter(pk=row.pk, **{name: getattr(row, name)})
                if not matching.update(**{name: models.F(name) + 1}):
                    raise _moved_on()
            for write in writes:
                for values in write.rows:
                    if not write.match and _once(write.model):
                        write.model._default_manager.bulk_create([write.model(**values)], ignore_conflicts=True)
                    elif not write.match:
                        write.model(**values).save_base(raw=True, force_insert=True)
                    else:
                        changes = {name: values[name] for name in write.columns}
                        write.model._default_manager.filter(**{write.match: values[write.match]}).update(**changes)


def _moved_on() -> Conflict:
    return Conflict("the guard's version has moved on")


def _held(guards: list[Guard]) -> str:
    """The rows that are guarded, with the value that each had when it was read."""
    return to_json([{row._meta.pk.column: row.pk, name: getattr(row, name)} for row, name in guards]).decode()


@cache
def _tables(model: type[models.Model]) -> tuple[type[models.Model], ...]:
    """The model's own table and its parents', parents first."""
    return (*model._meta.get_parent_list()[::-1], model)


@cache
def _columns(model: type[models.Model]) -> tuple[str, ...]:
    names = [f.attname for f in model._meta.local_concrete_fields]
    if model._meta.auto_field is not None:
        names.remove(model._meta.auto_field.attname)
    return tuple(names)


def _value(obj: models.Model, name: str) -> Any:
    if name.endswith("_ptr_id"):
        return obj.pk
    value = obj.__dict__.get(name)
    return str(value) if isinstance(value, models.Choices) else value


@cache
def _field(model: type[models.Model], name: str) -> models.Field:
    return next(f for f in model._meta.concrete_fields if f.attname == name)


def _as_json(write: _Write) -> str:
    """Moments, amounts and keys as JSON's text, which PostgreSQL reads as its own; what only the field knows how to
    write, as the field writes it."""
    names = (*write.columns, write.match) if write.match else write.columns
    own = _own_forms(write.model, names)
    rows = [row | {name: field.get_prep_value(row[name]) for name, field in own} for row in write.rows]
    return to_json(rows).decode()


@cache
def _own_forms(model: type[models.Model], names: tuple[str, ...]) -> tuple[tuple[str, models.Field], ...]:
    """The fields that are none of Django's. No column has another name than its field, so a row is a JSON object."""
    fields = _fields(model, names)
    renamed = [name for name, field in fields if field.column != name]
    if renamed:
        raise TypeError(f"Expected columns named as their fields, but {model.__name__} has {renamed}.")
    return tuple((n, f) for n, f in fields if not type(f).get_prep_value.__module__.startswith("django.db.models."))


@cache
def _fields(model: type[models.Model], names: tuple[str, ...]) -> tuple[tuple[str, models.Field], ...]:
    return tuple((name, _field(model, name)) for name in names)


PLAIN = frozenset((str, int, bool, type(None)))  # what is the same everywhere, so that no field need be asked


def _as_rows(write: _Write) -> list[list[Any]]:
    names = (*write.columns, write.match) if write.match else write.columns
    encoders = _encoders(write.model, names)
    return [[encode(row[name]) for name, encode in encoders] for row in write.rows]


@cache
def _encoders(model: type[models.Model], names: tuple[str, ...]) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    return tuple((name, _encoder(field)) for name, field in _fields(model, names))


def _encoder(field: models.Field) -> Callable[[Any], Any]:
    """How SQLite keeps the field: text and numbers as Python does, moments in UTC, else as Django writes it."""

    def as_the_field_says(value: Any) -> Any:
        return field.get_db_prep_save(value, connection)

    kept = field.target_field if isinstance(field, models.ForeignKey) else field
    if isinstance(kept, models.DateTimeField):
        return lambda value: value and str(value.astimezone(UTC).replace(tzinfo=None))
    if isinstance(kept, models.CharField | models.TextField | models.IntegerField | models.BooleanField):
        return lambda value: value if type(value) in PLAIN else as_the_field_says(value)
    return as_the_field_says


def _bound(rows: int) -> str:
    """At least the number of rows of an update, in few steps. Told nothing, PostgreSQL plans for a hundred rows, and
    reads a table of some thousand whole to find one."""
    most = next((most for most in (1, 10) if rows <= most), None)
    return f" LIMIT {most}" if most else ""


def _given(table: str, bound: str) -> str:
    """The rows that a parameter holds. One alone is taken out of its list, which costs PostgreSQL less than a limit."""
    if bound == _bound(1):
        return f"jsonb_populate_record(NULL::{table}, %s::jsonb -> 0)"
    return f"(SELECT * FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb){bound})"


@cache
def _cte_sql(guard: tuple[Any, str, str] | None, shape: tuple[tuple[Any, ...], ...]) -> str:
    parts = ["guard AS (SELECT 1)"]
    if guard:
        model, name, bound = guard
        table, pk = model._meta.db_table, model._meta.pk.column
        parts = [
            f"held AS (UPDATE {table} AS t SET {name} = t.{name} + 1 "
            f"FROM {_given(table, bound)} AS r "
            f"WHERE t.{pk} = r.{pk} AND t.{name} = r.{name} RETURNING 1)",
            "guard AS (SELECT 1 FROM held HAVING count(*) = %s)",
        ]
    for number, (model, columns, match, bound) in enumerate(shape):
        table = model._meta.db_table
        names = [f'"{_field(model, name).column}"' for name in columns]
        rows = f"{_given(table, bound)} AS r, guard"
        if match:
            changes = ", ".join(f"{name} = r.{name}" for name in names)
            body = f'UPDATE {table} AS t SET {changes} FROM {rows} WHERE t."{match}" = r."{match}"'
        else:
            body = f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join('r.' + n for n in names)} FROM {rows}"
            body += _once(model)
        parts.append(f"w{number} AS ({body})")
    return f"WITH {', '.join(parts)} SELECT count(*) FROM guard"


@cache
def _statement_sql(model: type[models.Model], columns: tuple[str, ...], match: str) -> str:
    table = model._meta.db_table
    names = [f'"{_field(model, name).column}"' for name in columns]
    if match:
        return f'UPDATE {table} SET {", ".join(f"{n} = %s" for n in names)} WHERE "{match}" = %s'
    values = ", ".join(["%s"] * len(names))
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values}){_once(model)}"


def _once(model: type[models.Model]) -> str:
    """A row whose model says so may be there already, and then stays as it is."""
    return " ON CONFLICT DO NOTHING" if getattr(model, "repeatable", False) else ""
