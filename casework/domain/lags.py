"""How late clocks fire and deliveries are done, counted for whoever watches. It is a measurement and no record: what a
worker did just before it was killed may be missing, and nothing fails because it could not be counted."""

import logging
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import DatabaseError, connection

from casework.models import Lag

log = logging.getLogger(__name__)
# Seconds. A clock fires from a minute after it is due, so what matters of clocks begins there.
BOUNDS = (1, 5, 10, 30, 60, 62, 65, 70, 90, 120, 300, 900, 3600, 21600, 86400)
BEYOND = 1_000_000_000
CLOCK, DELIVERY = "clock", "delivery"


@dataclass(frozen=True)
class Lags:
    """`upto[i]`: how many were at most BOUNDS[i] seconds late; of all, how many and how many seconds together."""

    upto: Sequence[int]
    times: int
    seconds: float


def note_lags(kind: str, late: Iterable[timedelta]) -> None:
    """Counted with what every other worker counted, in one statement of its own after the work was committed."""
    found: dict[int, list[float]] = {}
    for lag in late:
        seconds = max(0.0, lag.total_seconds())
        place = bisect_left(BOUNDS, seconds)
        found.setdefault(BOUNDS[place] if place < len(BOUNDS) else BEYOND, []).append(seconds)
    if not found:
        return
    # In one order, so that two who count at once wait for each other and not in a circle.
    rows = [value for upto in sorted(found) for value in (kind, upto, len(found[upto]), sum(found[upto]))]
    try:
        with connection.cursor() as cursor:
            cursor.execute(_counting(len(found)), rows)
    except DatabaseError:
        log.warning("how late the work was could not be counted", exc_info=True)


def lags(kind: str) -> Lags:
    """What was counted since the installation began."""
    rows = list(Lag.objects.filter(kind=kind).values_list("upto", "times", "seconds"))
    upto = [sum(times for bound, times, _ in rows if bound <= most) for most in BOUNDS]
    return Lags(upto, sum(times for _, times, _ in rows), sum(seconds for *_, seconds in rows))


def _counting(count: int) -> str:
    table = Lag._meta.db_table
    return (
        f"INSERT INTO {table} (kind, upto, times, seconds) VALUES {', '.join(['(%s, %s, %s, %s)'] * count)} "
        f"ON CONFLICT (kind, upto) DO UPDATE SET times = {table}.times + excluded.times, "
        f"seconds = {table}.seconds + excluded.seconds"
    )
