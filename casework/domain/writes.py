"""What a recorder writes: the rows of one table and which of their columns."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.db import models


@dataclass
class Write:
    """Rows for one table: an insert of `columns`, or an update of `columns` where `match` is equal."""

    model: type[models.Model]
    columns: tuple[str, ...]
    match: str = ""
    rows: list[dict[str, Any]] = field(default_factory=list)


@cache
def field_of(model: type[models.Model], name: str) -> models.Field:
    return next(f for f in model._meta.concrete_fields if f.attname == name)


@cache
def fields_of(model: type[models.Model], names: tuple[str, ...]) -> tuple[tuple[str, models.Field], ...]:
    return tuple((name, field_of(model, name)) for name in names)


def once(model: type[models.Model]) -> str:
    """A row whose model says so may be there already, and then stays as it is."""
    return " ON CONFLICT DO NOTHING" if getattr(model, "repeatable", False) else ""
