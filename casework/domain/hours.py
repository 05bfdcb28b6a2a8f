"""The compiled calendars, their days from the database, held in memory under the stamp's version."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import cache, lru_cache

from django.conf import settings

from casework.domain.calendar import Calendar
from casework.domain.calendar_files import CalendarSpec, parse_calendars, parse_days
from casework.models import CalendarDay, CalendarHorizon, Stamp


@lru_cache(maxsize=1)
def calendar_specs() -> dict[str, CalendarSpec]:
    """Every calendar that policies/calendars describes."""
    found: dict[str, CalendarSpec] = {}
    for file in sorted(settings.CALENDAR_FOLDER.glob("*.yaml")):
        found |= parse_calendars(file.read_text(encoding="utf-8"))
    return found


def published_through(name: str) -> date | None:
    """The day through which notices settle the calendar; None where none can change it. Its file says how it began.

    A year whose days are gone settles nothing: its deadlines are provisional until the notice is imported again. One
    without those of its first year is no calendar."""
    spec = calendar_specs()[name]
    if spec.published_through is None:
        return None
    row = CalendarHorizon.objects.filter(pk=name).first()
    through = row.published_through if row else spec.published_through
    known = {day.year for day in days_of(name)}
    gone = [year for year in range(spec.first.year + 1, through.year + 1) if year not in known]
    return date(gone[0] - 1, 12, 31) if gone else through


def days_of(name: str) -> dict[date, tuple[bool, str]]:
    """The days that notices made off or working: date -> (working, holiday). Those of the calendar's file until the
    first notice comes; then the database has them all."""
    rows = CalendarDay.objects.filter(calendar=name).order_by("date")
    days = {day: (working, holiday) for day, working, holiday in rows.values_list("date", "working", "holiday")}
    return days or days_in_file(name)


@cache
def days_in_file(name: str) -> dict[date, tuple[bool, str]]:
    file = calendar_specs()[name].days_file
    return parse_days((settings.CALENDAR_FOLDER / file).read_text(encoding="utf-8")) if file else {}


def compiled(name: str, days: Mapping[date, tuple[bool, str]], through: date | None) -> Calendar:
    """The calendar as it would be with these days, settled through that day; CalendarError if it cannot be."""
    return _of(replace(calendar_specs()[name], published_through=through), tuple(days.items()))


@lru_cache(maxsize=16)
def _of(spec: CalendarSpec, days: tuple[tuple[date, tuple[bool, str]], ...]) -> Calendar:
    """The same days give the same calendar; most stamps stand for something else than days, and a tenth of a second is
    too much for each."""
    return spec.compile(dict(days))


@lru_cache(maxsize=16)
def _compiled(name: str, stamp: int) -> Calendar:
    return compiled(name, days_of(name), published_through(name))


def calendar_named(name: str, stamp: int | None = None) -> Calendar:
    """The calendar as it is at that stamp."""
    if stamp is None:
        stamp = Stamp.objects.values_list("version", flat=True).get(pk=1)
    return _compiled(name, stamp)
