"""The compiled calendars, their days from the database, held in memory under the stamp's version."""

from functools import lru_cache

from django.conf import settings

from casework.domain.calendar import Calendar
from casework.domain.calendar_files import CalendarSpec, parse_calendars
from casework.models import CalendarDay, Stamp


@lru_cache(maxsize=1)
def calendar_specs() -> dict[str, CalendarSpec]:
    """Every calendar that policies/calendars describes."""
    found: dict[str, CalendarSpec] = {}
    for file in sorted(settings.CALENDAR_FOLDER.glob("*.yaml")):
        found |= parse_calendars(file.read_text(encoding="utf-8"))
    return found


@lru_cache(maxsize=16)
def _compiled(name: str, stamp: int) -> Calendar:
    days = {day.date: (day.working, day.holiday) for day in CalendarDay.objects.filter(calendar=name).order_by("date")}
    return calendar_specs()[name].compile(days or None)


def calendar_named(name: str, stamp: int | None = None) -> Calendar:
    """The calendar as it is at that stamp."""
    if stamp is None:
        stamp = Stamp.objects.values_list("version", flat=True).get(pk=1)
    return _compiled(name, stamp)
