"""Calendars as policy files write them: one YAML file of calendars, one CSV file of days."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import yaml
from django.utils.translation import gettext as _

from casework.domain.calendar import Calendar, CalendarError
from casework.imports.problems import quote

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
REQUIRED = {"label", "time_zone", "windows", "weekly", "first", "published_through", "source"}
OPTIONAL = {"days"}


@dataclass(frozen=True)
class CalendarSpec:
    """One calendar of the file, not compiled yet; `days_file` names its CSV file, None if it needs none."""

    name: str
    tz: str
    windows: tuple[tuple[str, str], ...]
    weekly: frozenset[int]
    first: date
    published_through: date | None
    days_file: str | None
    source: str
    label: Mapping[str, str] = field(hash=False)

    def compile(self, days: Mapping[date, tuple[bool, str]] | None = None) -> Calendar:
        """The calendar with these days (of `parse_days`), which must cover every published year."""
        days = (days or {}) if self.days_file else {}
        last = max([self.first, *days, *([self.published_through] if self.published_through else [])])
        if self.days_file and self.published_through:
            years = set(range(self.first.year, self.published_through.year + 1))
            if missing := years - {day.year for day in days}:
                raise CalendarError(
                    f"Expected days of {min(missing)} in {self.days_file}, since calendar {self.name} is "
                    f"published through {self.published_through}, but there are none: import that notice."
                )
        return Calendar.compile(
            self.name,
            self.tz,
            self.windows,
            {day: working for day, (working, _) in days.items()},
            self.first,
            last,
            self.published_through,
            weekly=self.weekly,
            names={day: holiday for day, (_, holiday) in days.items()},
        )


def parse_days(csv_text: str) -> dict[date, tuple[bool, str]]:
    """Date -> (working, holiday) from the columns date, kind (off | work), holiday.

    CalendarError names the line that is wrong.
    """
    if "\0" in csv_text:
        raise CalendarError(_("Expected a CSV file of days, but it holds NUL characters: save it as text."))
    reader = csv.DictReader(csv_text.removeprefix("\ufeff").splitlines())
    days: dict[date, tuple[bool, str]] = {}
    try:
        if reader.fieldnames != ["date", "kind", "holiday"]:
            raise _wrong(1, _("expected date,kind,holiday, but it is %(found)s"), reader.fieldnames)
        for row in reader:
            day, working, holiday = _day(row, reader.line_num)
            if day in days:
                raise _wrong(reader.line_num, _("expected each date once, but %(found)s was given before"), day)
            days[day] = (working, holiday)
    except csv.Error as error:
        raise _wrong(reader.line_num, _("expected a CSV file of days, but %(found)s"), error) from None
    return days


def _day(row: dict[Any, Any], line: int) -> tuple[date, bool, str]:
    try:
        day = date.fromisoformat(row["date"] or "")
    except ValueError:
        raise _wrong(line, _("expected a date, YYYY-MM-DD, but it is %(found)s"), repr(row["date"])) from None
    if None in row or row["holiday"] is None:
        raise _wrong(line, _("expected three columns, date,kind,holiday, but it has others"))
    if row["kind"] not in ("off", "work"):
        raise _wrong(line, _("expected the kind off or work, but it is %(found)s"), repr(row["kind"]))
    return day, row["kind"] == "work", row["holiday"]


def _wrong(line: int, words: str, found: Any = "") -> CalendarError:
    return CalendarError(_("Line %(line)d: %(wrong)s.") % {"line": line, "wrong": words % {"found": quote(str(found))}})


def parse_calendars(yaml_text: str) -> dict[str, CalendarSpec]:
    """The calendars of the file by name; else CalendarError that says which calendar and key is wrong."""
    try:
        content = yaml.safe_load(yaml_text)
    except yaml.YAMLError as error:
        raise CalendarError(f"Expected a YAML file of calendars, but it cannot be read: {error}") from None
    if not isinstance(content, dict) or not content:
        raise CalendarError("Expected calendars by name, but the file has none.")
    return {str(name): _spec(str(name), entry) for name, entry in content.items()}


def _spec(name: str, entry: Any) -> CalendarSpec:
    if not isinstance(entry, dict):
        raise CalendarError(f"Calendar {name}: expected keys such as time_zone, but it is {entry!r}.")
    if wrong := REQUIRED ^ (set(entry) - OPTIONAL):
        keys = ", ".join(sorted(map(str, wrong)))
        raise CalendarError(f"Calendar {name}: missing or unknown keys: {keys}.")
    published, label = entry["published_through"], entry["label"]
    if not isinstance(label, dict) or not label.keys() >= {"zh", "en"}:
        raise CalendarError(f"Calendar {name}: expected a label in zh and en, but it is {label!r}.")
    return CalendarSpec(
        name=name,
        tz=str(entry["time_zone"]),
        windows=tuple(_window(name, window) for window in _listed(name, entry, "windows")),
        weekly=frozenset(_weekday(name, day) for day in _listed(name, entry, "weekly")),
        first=_date(name, "first", entry["first"]),
        published_through=None if published is None else _date(name, "published_through", published),
        days_file=str(entry["days"]) if "days" in entry else None,
        source=str(entry["source"]),
        label={str(language): str(text) for language, text in label.items()},
    )


def _listed(name: str, entry: dict[str, Any], key: str) -> list[Any]:
    listed = entry[key]
    if not isinstance(listed, list):
        raise CalendarError(f"Calendar {name}: expected a list of {key}, but it is {listed!r}.")
    return listed


def _window(name: str, window: Any) -> tuple[str, str]:
    opens, dash, closes = str(window).partition("-")
    if not dash:
        raise CalendarError(f"Calendar {name}: expected windows such as 09:00-12:00, but one is {window!r}.")
    return opens.strip(), closes.strip()


def _weekday(name: str, day: Any) -> int:
    if day not in WEEKDAYS:
        raise CalendarError(f"Calendar {name}: expected weekdays, {', '.join(WEEKDAYS)}, but one is {day!r}.")
    return WEEKDAYS.index(day)


def _date(name: str, key: str, value: Any) -> date:
    # A timestamp is a date to isinstance, but would carry a time nobody asked for.
    if type(value) is not date:
        raise CalendarError(f"Calendar {name}: expected a date, YYYY-MM-DD, for {key}, but it is {value!r}.")
    return value
