"""Everything a step writes, sent at once: the guard first, the rest only if the guard held.

PostgreSQL gets one statement (`recorder_cte`); SQLite gets one statement a table inside BEGIN IMMEDIATE; `orm` is the
slow form that the tests compare both with."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from datetime import UTC
from functools import cache
from typing import Any

from django.db import IntegrityError, connection, models, transaction

from casework.domain.errors import Conflict
from casework.domain.recorder_cte import Guard, one_statement
from casework.domain.writes import Write, field_of, fields_of, once


class Recorder:
    def __init__(self, guard: Guard | None = None) -> None:
        """`guard` = (row, field): the write happens only if the field still has the value that was read, and
        raises it by one."""
        self._guards = [guard] if guard else []
        self._inserts: list[models.Model] = []
        self._updates: dict[int, tuple[models.Model, set[str]]] = {}
        self._sets: dict[tuple[Any, ...], Write] = {}

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
        write = self._sets.setdefault((model, match, tuple(sorted(values))), Write(model, tuple(sorted(values)), match))
        write.rows.extend({match: key, **values} for key in keys)

    def absorb(self, other: "Recorder") -> None:
        """What the other would write is written with this one, under its guards too."""
        self._guards += other._guards
        self._inserts += other._inserts
        self._updates |= other._updates
        for shape, theirs in other._sets.items():
            write = self._sets.setdefault(shape, Write(theirs.model, theirs.columns, theirs.match))
            write.rows.extend(theirs.rows)

    def send(self, form: str | None = None) -> None:
        """Everything is written, or Conflict is raised and nothing is."""
        writes = self._writes()
        form = form or ("cte" if connection.vendor == "postgresql" else "statements")
        try:
            {"cte": self._cte, "statements": self._statements, "orm": self._orm}[form](writes)
        except IntegrityError as error:
            raise Conflict(str(error)) from error

    def _writes(self) -> list[Write]:
        inserts: dict[type[models.Model], Write] = {}
        for obj in self._inserts:
            for model in _tables(type(obj)):
                write = inserts.setdefault(model, Write(model, _columns(model)))
                write.rows.append({name: _value(obj, name) for name in write.columns})
        updates: dict[tuple[Any, ...], Write] = {}
        for obj, fields in self._updates.values():
            for model in _tables(type(obj)):
                columns = tuple(name for name in _columns(model) if name in fields)
                if not columns:
                    continue
                pk = model._meta.pk.attname
                write = updates.setdefault((model, columns), Write(model, columns, pk))
                write.rows.append({pk: obj.pk, **{name: _value(obj, name) for name in columns}})
        # Inserts come last: no form's changes see them (`set` has changed them in memory).
        return [*updates.values(), *self._sets.values(), *inserts.values()]

    def _cte(self, writes: list[Write]) -> None:
        sql, parameters, is_told = one_statement(self._guards, writes)
        # Of several guards some may hold; then theirs is undone.
        several = transaction.atomic() if len(self._guards) > 1 else nullcontext()
        with several, connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            if not (cursor.rowcount if is_told else cursor.fetchone()[0]):
                raise _moved_on()

    def _statements(self, writes: list[Write]) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            for table, name, pk in {(row._meta.db_table, name, row._meta.pk.column) for row, name in self._guards}:
                guard = f"UPDATE {table} SET {name} = {name} + 1 WHERE {pk} = %s AND {name} = %s"
                cursor.executemany(guard, [(row.pk, getattr(row, name)) for row, name in self._guards])
                if cursor.rowcount != len(self._guards):
                    raise _moved_on()
            for write in writes:
                cursor.executemany(_statement_sql(write.model, write.columns, write.match), _as_rows(write))

    def _orm(self, writes: list[Write]) -> None:
        with transaction.atomic():
            for row, name in self._guards:
                matching = type(row)._default_manager.filter(pk=row.pk, **{name: getattr(row, name)})
                if not matching.update(**{name: models.F(name) + 1}):
                    raise _moved_on()
            for write in writes:
                for values in write.rows:
                    if not write.match and once(write.model):
                        write.model._default_manager.bulk_create([write.model(**values)], ignore_conflicts=True)
                    elif not write.match:
                        write.model(**values).save_base(raw=True, force_insert=True)
                    else:
                        changes = {name: values[name] for name in write.columns}
                        write.model._default_manager.filter(**{write.match: values[write.match]}).update(**changes)


def _moved_on() -> Conflict:
    return Conflict("the guard's version has moved on")


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


PLAIN = frozenset((str, int, bool, type(None)))  # what is the same everywhere, so that no field need be asked


def _as_rows(write: Write) -> list[list[Any]]:
    names = (*write.columns, write.match) if write.match else write.columns
    encoders = _encoders(write.model, names)
    return [[encode(row[name]) for name, encode in encoders] for row in write.rows]


@cache
def _encoders(model: type[models.Model], names: tuple[str, ...]) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    return tuple((name, _encoder(field)) for name, field in fields_of(model, names))


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


@cache
def _statement_sql(model: type[models.Model], columns: tuple[str, ...], match: str) -> str:
    table = model._meta.db_table
    names = [f'"{field_of(model, name).column}"' for name in columns]
    if match:
        return f'UPDATE {table} SET {", ".join(f"{n} = %s" for n in names)} WHERE "{match}" = %s'
    values = ", ".join(["%s"] * len(names))
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values}){once(model)}"
