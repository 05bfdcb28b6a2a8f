"""The one source of time."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

from django.conf import settings

_shift: ContextVar[timedelta] = ContextVar("shift", default=timedelta(0))
_fixed: ContextVar[datetime | None] = ContextVar("fixed", default=None)


def now() -> datetime:
    """The present moment, aware, in UTC, to the microsecond."""
    if (moment := _fixed.get()) is not None:
        return moment
    return datetime.now(UTC) + _shift.get()


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Inside, it is `moment`. Refused outside tests and demo databases."""
    _refuse_in_production()
    token = _fixed.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _fixed.reset(token)


def _refuse_in_production() -> None:
    if getattr(settings, "TESTING", False):
        return
    from casework.models import Installation

    if not Installation.objects.filter(demo=True).exists():
        raise RuntimeError("Expected a test or a demo database to replace the time, but this is neither")
