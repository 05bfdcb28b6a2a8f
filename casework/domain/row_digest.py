"""What the row of a case says, and those of its clocks, as digests: each entry names those of the rows that it leaves
behind, so a row that anything but perform() has changed is found, whoever changed it and by whatever means (ADR 0031).

The salt stands in the row of the case and is another after each step: digests of rows that are no more tell nothing of
what stood in them. A clock says nothing of anybody, and has none."""

import hashlib
import json
import secrets
from collections.abc import Callable
from datetime import UTC
from decimal import Decimal
from functools import cache
from typing import Any

from django.db import models

from casework.models import Clock

_writer = json.JSONEncoder(sort_keys=True, separators=(",", ":"), check_circular=False)
# What the entry says itself, or what hangs on the digest.
LEFT_OUT = frozenset(("seq", "head", "salt", "case_ptr_id"))
# How often the worker tried to let a clock act, and why it could not; and how its deadline came about in words, which
# steps do not read, since nothing rests on it.
CLOCK_LEFT_OUT = frozenset(("attempts", "retry_at", "problem", "steps"))


def sealed_row(case: Any) -> str:
    """The digest of the row as it is in memory, under a new salt that the row now has."""
    case.salt = secrets.token_hex(16)
    return row_digest(case)


def row_digest(case: Any) -> str:
    """SHA-256, 64 hexadecimal digits, alike whether the row was just changed or read from either database. What has its
    field's default is left out, so a column that is added later changes no digest."""
    return _digest(case, LEFT_OUT, f"{case.salt}\n")


def clock_digest(clock: Clock) -> str:
    """The same of a clock: of all that decides when it acts."""
    return _digest(clock, CLOCK_LEFT_OUT)


def _digest(obj: models.Model, left_out: frozenset[str], salt: str = "") -> str:
    values = obj.__dict__
    row = {
        name: plain(value) if value is not None else None
        for name, default, plain in _columns(type(obj), left_out) if (value := values[name]) != default
    }  # fmt: skip
    return hashlib.sha256(f"{salt}{_writer.encode(row)}".encode()).hexdigest()


@cache
def _columns(
    model: type[models.Model], left_out: frozenset[str]
) -> tuple[tuple[str, Any, Callable[[Any], Any]], ...]:  # fmt: skip
    """(name, default, how its values are written) of each column."""
    fields = [f for f in model._meta.concrete_fields if f.attname not in left_out]
    return tuple((f.attname, f.get_default(), _plain(f)) for f in fields)


def _plain(field: models.Field) -> Callable[[Any], Any]:
    if isinstance(field, models.DecimalField):
        step = Decimal(1).scaleb(-field.decimal_places)
        return lambda value: str(Decimal(value).quantize(step))
    if isinstance(field, models.DateTimeField):
        return lambda value: value.astimezone(UTC).isoformat()
    if isinstance(field, models.BooleanField):
        return bool
    if isinstance(field, models.JSONField):
        return lambda value: value
    if isinstance(field, models.IntegerField) or (isinstance(field, models.ForeignKey) and not _is_text(field)):
        return int
    return str


def _is_text(field: models.ForeignKey) -> bool:
    return isinstance(field.target_field, models.CharField)
