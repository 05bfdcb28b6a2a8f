"""Deadlines that were worked out by hand, from the rules alone, by somebody who had not seen the code."""

import csv
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from casework.domain.calendar import Calendar, Counting, Limit
from casework.domain.calendar_files import parse_calendars, parse_days
from casework.domain.deadline_sum import added_up

HERE = Path(__file__).parent
FOLDER = HERE.parents[1] / "policies" / "calendars"
DAYS = parse_days((FOLDER / "cn-days.csv").read_text(encoding="utf-8"))
SPECS = parse_calendars((FOLDER / "cn.yaml").read_text(encoding="utf-8"))
FIRST, LAST = date(2024, 1, 1), date(2026, 12, 31)


def other(tz, windows, weekly=range(7)):
    return Calendar.compile(tz, tz, windows, {}, FIRST, LAST, None, weekly=weekly, guess_years=2)


CALENDARS = {
    "office": SPECS["office"].compile(DAYS),
    "always": SPECS["always"].compile(),
    "nights-cn": Calendar.compile(
        "nights-cn", "Asia/Shanghai", [("22:00", "06:00")], {day: working for day, (working, _) in DAYS.items()},
        FIRST, LAST, LAST,
    ),
    "london": other("Europe/London", [("09:00", "17:30")], range(5)),
    "london-nights": other("Europe/London", [("22:00", "06:00")]),
    "new-york": other("America/New_York", [("08:00", "12:00"), ("13:00", "20:00")]),
}  # fmt: skip
GOLDEN = list(csv.DictReader((HERE / "golden-deadlines.csv").read_text(encoding="utf-8").splitlines()))


def moment(text, calendar):
    """Wall time of the calendar; with an offset where that wall time occurs twice."""
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=calendar.zone)).astimezone(UTC)


@pytest.mark.parametrize("row", GOLDEN, ids=[row["id"] for row in GOLDEN])
def test_deadline_is_the_one_worked_out_by_hand(row):
    calendar = CALENDARS[row["calendar"]]
    pauses = [tuple(moment(end, calendar) for end in pause.split("/")) for pause in row["pauses"].split(";") if pause]
    least = Limit.parse(row["minimum_left"]) if row["minimum_left"] else None
    later = datetime(2028, 1, 1, tzinfo=UTC)
    start, limit = moment(row["start"], calendar), Limit.parse(row["limit"])
    counting = Counting(**dict(option.split("=") for option in row["counting"].split()))
    found = calendar.due_after_pauses(start, limit, pauses, later, least, counting=counting)
    assert found.due_at == moment(row["due"], calendar), row["derivation"]
    assert found.provisional is (row["provisional"] == "yes"), row["derivation"]
    assert added_up(found.steps, limit, calendar.zone)[-1].due_at == found.due_at


def test_golden_deadlines_cover_every_calendar_and_unit():
    units = {(row["calendar"], row["limit"].split()[1]) for row in GOLDEN}
    assert len(GOLDEN) >= 250 and {name for name, _ in units} == set(CALENDARS)
    assert {unit for name, unit in units if name == "office"} == {"workdays", "days", "hours", "minutes"}
    counted = {(row["limit"].split()[1], option) for row in GOLDEN for option in row["counting"].split()}
    either = {(unit, option) for unit in ("workdays", "days") for option in ("day_0=counts", "ends=midnight")}
    assert counted == {*either, ("days", "ends=close"), ("days", "rolls=never")}
