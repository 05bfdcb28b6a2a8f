"""What the row of a case says, as a digest: each entry names that of the row it leaves behind, so a row that anything
but perform() has changed is found, whoever changed it and by whatever means (ADR 0031).

The salt stands in the row and is another after each step: digests of rows that are no more tell nothing of what stood
in them."""

import hashlib
import json
import secrets
from collections.abc import Callable
from datetime import UTC
from decimal import Decimal
from functools import cache
from typing import Any

from django.db import models

_writer = json.JSONEncoder(sort_keys=True, separators=(",", ":"), check_circular=False)
# What the entry says itself, or what hangs on the digest.
LEFT_OUT = frozenset(("seq", "head", "salt", "case_ptr_id"))


def sealed_row(case: Any) -> str:
    """The digest of the row as it is in memory, under a new salt that the row now has."""
    case.salt = secrets.token_hex(16)
    return row_digest(case)


def row_digest(case: Any) -> str:
    """SHA-256, 64 hexadecimal digits, alike whether the row was just changed or read from either database. What has its
    field's default is left out, so a column that is added later changes no digest."""
    values = case.__dict__
    model: Any = type(case)
    row = {
        name: plain(value) if value is not None else None
        for name, default, plain in _columns(model) if (value := values[name]) != default
    }  # fmt: skip
    return hashlib.sha256(f"{case.salt}\n{_writer.encode(row)}".encode()).hexdigest()


@cache
def _columns(model: type[models.Model]) -> tuple[tuple[str, Any, Callable[[Any], Any]], ...]:
    """(name, default, how its values are written) of each column."""
    fields = [f for f in model._meta.concrete_fields if f.attname not in LEFT_OUT]
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
