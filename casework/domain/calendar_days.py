"""Days that a notice makes off or working, changed one at a time by whoever manages the whole organisation."""

from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from casework.domain.calendar import CalendarError
from casework.domain.directory import today
from casework.domain.errors import InvalidInput
from casework.domain.hours import calendar_specs
from casework.domain.office import Office, changing, is_whole, noted
from casework.models import CalendarDay

YEARS_AHEAD = 3  # notices name the next year; every process compiles what stands in the calendar


def calendars() -> list[str]:
    """The calendars whose days a notice makes off or working."""
    return [name for name, spec in calendar_specs().items() if spec.days_file]


def set_day(
    office: Office, *, calendar: str, day: date, working: bool, holiday: str = "", source: str = ""
) -> CalendarDay:
    """The day is off or working in that calendar. Deadlines that run already stay as they were reckoned."""
    is_whole(office)
    if calendar not in calendars():
        raise InvalidInput(_("Expected a calendar with days of its own, but '%(name)s' is none") % {"name": calendar})
    if not today() <= day <= date(today().year + YEARS_AHEAD, 12, 31):
        words = _("Expected a day from today to the end of %(year)d, but it is another; days that have passed stay")
        raise InvalidInput(words % {"year": today().year + YEARS_AHEAD})
    with changing():
        row = CalendarDay.objects.select_for_update().filter(calendar=calendar, date=day).first()
        before = _shown_day(row) if row else None
        row = row or CalendarDay(calendar=calendar, date=day)
        row.working, row.holiday, row.source = working, holiday, source
        if before == _shown_day(row):
            return row
        row.save()
        rows = CalendarDay.objects.filter(calendar=calendar)
        try:
            calendar_specs()[calendar].compile({each.date: (each.working, each.holiday) for each in rows})
        except CalendarError as error:
            raise InvalidInput(str(error)) from None
        told = {"calendar": calendar, "date": day, "before": before, "after": _shown_day(row)}
        noted(office, "calendar_day_set", told)
    return row


def _shown_day(row: CalendarDay) -> dict[str, Any]:
    return {"working": row.working, "holiday": row.holiday, "source": row.source}
