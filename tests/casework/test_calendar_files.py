"""Limits, calendars and day files: what they say, and how a wrong one is refused."""

from datetime import date
from fractions import Fraction
from pathlib import Path

import holidays
import pytest

from casework.domain.calendar import Calendar, CalendarError, Limit
from casework.domain.calendar_files import parse_calendars, parse_days
from casework.domain.country_days import country_days

FOLDER = Path(__file__).parents[2] / "policies" / "calendars"
DAYS_CSV = (FOLDER / "cn-days.csv").read_text(encoding="utf-8")
CN_YAML = (FOLDER / "cn.yaml").read_text(encoding="utf-8")
DAYS = parse_days(DAYS_CSV)
SPECS = parse_calendars(CN_YAML)
Y2024, Y2026 = date(2024, 1, 1), date(2026, 12, 31)

# Limits


@pytest.mark.parametrize(
    ("text", "amount", "unit", "shown"),
    [
        ("2 workdays", 2, "workdays", "2 workdays"),
        ("1 workday", 1, "workdays", "1 workday"),
        ("15 days", 15, "days", "15 days"),
        (" 4  hours ", 4, "hours", "4 hours"),
        ("1.5 hours", Fraction(3, 2), "hours", "3/2 hours"),
        ("10 minutes", 10, "minutes", "10 minutes"),
    ],
)
def test_limit_reads_and_writes_the_same(text, amount, unit, shown):
    limit = Limit.parse(text)
    assert (limit.amount, limit.unit, str(limit)) == (amount, unit, shown)
    assert Limit.parse(shown) == limit


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "2",
            "workdays",
            "two workdays",
            "2 weeks",
            "２ workdays",
            "2 workdays x",
            "nan hours",
            "1e3 hours",
        ),
        *("-1 days", "0 hours", "1.5 workdays", "1/2 days", "1/0 hours", "1/7 minutes", "1/7 hours"),
        *("9999 workdays", "999999999999 hours"),
    ],
)
def test_limit_that_cannot_be_meant_is_refused_in_words(text):
    with pytest.raises(ValueError, match="^Expected "):
        Limit.parse(text)


def test_limit_in_an_unknown_unit_is_refused():
    with pytest.raises(ValueError, match="weeks"):
        Limit(1, "weeks")  # type: ignore[arg-type]


# Calendars that cannot be


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"windows": []}, "open hours"),
        ({"weekly": ()}, "open hours"),
        ({"windows": [("09:00", "09:00")]}, "00:00-24:00"),
        ({"windows": [("13:00", "18:00"), ("09:00", "12:00")]}, "in order"),
        ({"windows": [("09:00", "12:00"), ("11:00", "18:00")]}, "in order"),
        ({"windows": [("06:00", "12:00"), ("22:00", "07:00")]}, "24 hours"),
        ({"windows": [("09:00", "25:00")]}, "25:00"),
        ({"windows": [("09:00:30", "12:00")]}, "hours and minutes"),
        ({"tz": "Asia/Peking"}, "Asia/Peking"),
        ({"tz": "../etc/passwd"}, "time zone"),
        ({"days": {date(2062, 10, 1): False}}, "2062-10-01"),
        ({"last": date(2023, 1, 1)}, "2023-01-01"),
        ({"published_through": date(2027, 12, 31)}, "2027-12-31"),
    ],
)
def test_calendar_that_cannot_be_is_refused_in_words(change, words):
    good = {
        "name": "office", "tz": "Asia/Shanghai", "windows": [("09:00", "18:00")], "days": {}, "first": Y2024,
        "last": Y2026, "published_through": Y2026, "guess_years": 0,
    }  # fmt: skip
    Calendar.compile(**good)
    with pytest.raises(CalendarError, match=words):
        Calendar.compile(**good | change)


# Files


def test_policy_file_says_what_the_decisions_say():
    office, always = SPECS["office"], SPECS["always"]
    assert (office.tz, office.published_through) == ("Asia/Shanghai", date(2026, 12, 31))
    assert office.windows == (("09:00", "12:00"), ("13:00", "18:00"))
    assert (office.source, office.days_file) == ("designed", "cn-days.csv")
    assert (always.windows, always.days_file, len(always.weekly)) == ((("00:00", "24:00"),), None, 7)


def test_days_file_may_have_a_bom_and_crlf():
    assert parse_days("\ufeff" + DAYS_CSV.replace("\n", "\r\n")) == DAYS


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Line 1"),
        ("day,kind,holiday\n", "Line 1"),
        ("date,kind,holiday\n2026-02-30,off,x\n", "Line 2.*2026-02-30"),
        ("date,kind,holiday\n2026-10-01,holiday,x\n", "Line 2.*off or work"),
        ("date,kind,holiday\n2026-10-01,off,x\n2026-10-01,work,x\n", "Line 3.*once"),
        ("date,kind,holiday\n2026-10-01,off\n", "Line 2.*three columns"),
        ("date,kind,holiday\n2026-10-01,off,x,y\n", "Line 2.*three columns"),
        ("date,kind,holiday\n2026-10-01,off,\0\n", "NUL"),
    ],
)
def test_days_file_with_a_fault_is_refused_with_its_line(text, words):
    with pytest.raises(CalendarError, match=words):
        parse_days(text)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("office:", "office: [", "cannot be read"),
        ("windows:", "window:", "office: missing or unknown keys: window, windows"),
        ('["09:00-12:00", "13:00-18:00"]', "09:00-12:00", "list of windows"),
        ('"09:00-12:00"', "nine", "09:00-12:00"),
        ("[mon, tue", "[monday, tue", "monday"),
        ("first: 2024-01-01", "first: soon", "first.*soon"),
        ("2026-12-31  ", "2026-12-31 08:00:00", "published_through"),
        ("{zh: 办公时间, en: Office hours}", "Office hours", "zh and en"),
    ],
)
def test_policy_file_with_a_fault_is_refused_by_calendar_and_key(old, new, words):
    assert old in CN_YAML
    with pytest.raises(CalendarError, match=words):
        parse_calendars(CN_YAML.replace(old, new, 1))


@pytest.mark.parametrize("text", ["", "[]", "office: 9-18"])
def test_policy_file_without_calendars_is_refused(text):
    with pytest.raises(CalendarError):
        parse_calendars(text)


def test_published_year_without_days_is_refused():
    spec = parse_calendars(CN_YAML.replace("2026-12-31", "2027-12-31"))["office"]
    with pytest.raises(CalendarError, match="days of 2027 in cn-days.csv"):
        spec.compile(DAYS)


# Calendars of other places


@pytest.mark.parametrize(("name", "country", "part"), [("uk", "GB", "ENG"), ("us", "US", None), ("eu", "BE", None)])
def test_days_of_a_country_are_its_public_holidays(name, country, part):
    days = parse_days((FOLDER / f"{name}-days.csv").read_text(encoding="utf-8"))
    assert days and not any(working for working, _holiday in days.values())
    assert set(days) == set(holidays.country_holidays(country, subdiv=part, years=range(2024, 2028)))
    spec = parse_calendars((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))[name]
    assert {day.year for day in days} == set(range(spec.first.year, spec.published_through.year + 1))


def test_days_of_china_as_the_library_has_them_are_those_of_the_notices():
    """A second source for what import_calendar --country would bring: days off, and make-up workdays."""
    days = parse_days((FOLDER / "cn-days.csv").read_text(encoding="utf-8"))
    for year in (2024, 2025, 2026):
        brought = country_days("CN", year)
        worked = {day for day, (working, _holiday) in days.items() if working and day.year == year}
        assert {day for day, (working, _holiday) in brought.items() if working} == worked
        off = {day for day, (working, _holiday) in days.items() if not working and day.year == year}
        assert {day for day, (working, _holiday) in brought.items() if not working} <= off


def test_names_of_a_country_are_as_long_as_a_calendar_takes_them():
    names = [name for year in (2027, 2028) for _working, name in country_days("US", year).values()]
    assert max(map(len, names)) <= 40 and "Juneteenth National Independence Day" in names
