"""Days that a notice makes off or working: one by one, or a whole notice, by whoever manages the whole organisation.

Every change stands in `org`, and running deadlines follow it: at once where somebody waits for that, else by the worker
(`deadline_moves`)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _

from casework.domain import ledger
from casework.domain.calendar import Calendar, CalendarError
from casework.domain.deadline_moves import follow
from casework.domain.directory import today
from casework.domain.errors import InvalidInput
from casework.domain.hours import calendar_specs, compiled, days_in_file, days_of, published_through
from casework.domain.office import Office, changing, is_whole
from casework.models import CalendarDay, CalendarHorizon

YEARS_AHEAD = 3  # notices name the next year; every process compiles what stands in the calendar

FILE = "policies/calendars"  # the source of a day that no notice brought

Day = tuple[bool, str]  # working, holiday


@dataclass(frozen=True)
class Change:
    """What a notice changes in a calendar: days as (before, after), how far it reaches, and the calendar it becomes."""

    calendar: str
    days: dict[date, tuple[Day | None, Day]]
    through: tuple[date, date]
    becomes: Calendar

    @property
    def is_empty(self) -> bool:
        return not self.days and self.through[0] == self.through[1]


def calendars() -> list[str]:
    """The calendars whose days a notice makes off or working."""
    return [name for name, spec in calendar_specs().items() if spec.days_file]


def change_by(office: Office, calendar: str, days: Mapping[date, Day], through: date | None = None) -> Change:
    """What these days change in the calendar, which they settle through that day (None: as far as before). Days that
    they do not name stay; InvalidInput for what is over, too far off, or makes no calendar."""
    is_whole(office)
    settled = published_through(calendar) if calendar in calendars() else None
    if settled is None:
        raise InvalidInput(_("Expected a calendar with days of its own, but '%(name)s' is none") % {"name": calendar})
    known, through = days_of(calendar), through or settled
    changed = {day: (known.get(day), days[day]) for day in sorted(days) if known.get(day) != days[day]}
    # What has passed and was settled stays; what no notice had settled may still be said, however late it comes.
    first, last = min(today(), settled + timedelta(days=1)), date(today().year + YEARS_AHEAD, 12, 31)
    for day in changed:
        if not first <= day <= last:
            words = _(
                "Expected days from %(first)s to the end of %(year)d, but %(day)s is another; days that have passed "
                "stay"
            )
            raise InvalidInput(words % {"first": first, "year": last.year, "day": day})
    if not settled <= through <= last:
        words = _(
            "Expected it to be settled through %(first)s or later, to the end of %(year)d at most, but %(day)s is not"
        )
        raise InvalidInput(words % {"first": settled, "year": last.year, "day": through})
    try:
        becomes = compiled(calendar, known | dict(days), through)
    except CalendarError as error:
        raise InvalidInput(str(error)) from None
    return Change(calendar, changed, (settled, through), becomes)


def set_day(
    office: Office, *, calendar: str, day: date, working: bool, holiday: str = "", source: str = ""
) -> CalendarDay:
    """The day is off or working in that calendar."""
    with _alone(calendar):
        row = CalendarDay.objects.filter(calendar=calendar, date=day).first()
        change = change_by(office, calendar, {day: (working, holiday)})
        before = _shown_day(row) if row else None
        row = row or CalendarDay(calendar=calendar, date=day)
        row.working, row.holiday, row.source = working, holiday, source
        if before == _shown_day(row):
            return row
        row.save()
        told = {"calendar": calendar, "date": day, "before": before, "after": _shown_day(row)}
        event = ledger.note("org", "calendar_day_set", told, actor=office.actor)
        if change.days:
            follow(calendar, event)
    return row


def import_days(
    office: Office, calendar: str, days: Mapping[date, Day], through: date | None, *, source: str, sha256: str
) -> Change:
    """The notice is part of the calendar, all of it or nothing; without a change there is no entry."""
    with _alone(calendar):
        change = change_by(office, calendar, days, through)
        if change.is_empty:
            return change
        rows = [
            CalendarDay(calendar=calendar, date=day, working=working, holiday=holiday, source=source)
            for day, (_before, (working, holiday)) in change.days.items()
        ]
        CalendarDay.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["calendar", "date"],
            update_fields=["working", "holiday", "source"],
        )  # fmt: skip
        CalendarHorizon.objects.filter(pk=calendar).update(published_through=change.through[1])
        told = {
            "calendar": calendar, "source": source, "sha256": sha256,
            "published_through": {"before": change.through[0], "after": change.through[1]},
            "days": [
                {"date": day, "before": _shown(before), "after": _shown(after)}
                for day, (before, after) in change.days.items()
            ],
        }  # fmt: skip
        follow(calendar, ledger.note("org", "calendar_imported", told, actor=office.actor))
    return change


@contextmanager
def _alone(calendar: str) -> Iterator[None]:
    """One transaction, in which nobody else changes that calendar."""
    with changing():
        if calendar in calendars() and (settled := published_through(calendar)):
            CalendarHorizon.objects.get_or_create(calendar=calendar, defaults={"published_through": settled})
            CalendarHorizon.objects.select_for_update().get(pk=calendar)
            _take_over_file(calendar)
        yield


def _take_over_file(calendar: str) -> None:
    """The days of the calendar's file stand in the database, so that the first notice adds to them."""
    if CalendarDay.objects.filter(calendar=calendar).exists():
        return
    CalendarDay.objects.bulk_create(
        CalendarDay(calendar=calendar, date=day, working=working, holiday=holiday, source=FILE)
        for day, (working, holiday) in days_in_file(calendar).items()
    )


def _shown(day: Day | None) -> dict[str, Any] | None:
    return None if day is None else {"working": day[0], "holiday": day[1]}


def _shown_day(row: CalendarDay) -> dict[str, Any]:
    return {"working": row.working, "holiday": row.holiday, "source": row.source}
