"""Business time: laws that hold for every calendar, and an oracle that walks along the wall clock."""

import json
import random
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import chinese_calendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casework.domain.calendar import Calendar, Limit
from casework.domain.calendar_files import parse_calendars, parse_days

FOLDER = Path(__file__).parents[2] / "policies" / "calendars"
DAYS = parse_days((FOLDER / "cn-days.csv").read_text(encoding="utf-8"))
SPECS = parse_calendars((FOLDER / "cn.yaml").read_text(encoding="utf-8"))

FIRST, LAST = date(2024, 1, 1), date(2026, 12, 31)
INVENTORY = date(2026, 3, 6)  # a Friday off, before the clocks change in New York
OFFICE = SPECS["office"].compile(DAYS)
ALWAYS = SPECS["always"].compile()
BERLIN_NIGHTS = Calendar.compile(
    "berlin", "Europe/Berlin", [("22:00", "06:00")], {}, FIRST, LAST, None, weekly=range(7), guess_years=2
)
NEW_YORK = Calendar.compile(
    "new york",
    "America/New_York",
    [("08:00", "12:00"), ("18:00", "04:00")],
    {INVENTORY: False},
    FIRST,
    LAST,
    None,
    guess_years=2,
)
CALENDARS = {calendar.name: calendar for calendar in (OFFICE, ALWAYS, BERLIN_NIGHTS, NEW_YORK)}

SECONDS = 360 * 24 * 3600
moments = st.integers(0, SECONDS).map(lambda s: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=s))
lengths = st.integers(1, 30 * 24 * 3600).map(lambda s: timedelta(seconds=s))
names = st.sampled_from(sorted(CALENDARS))
pause_lists = st.lists(st.tuples(moments, moments).map(lambda pair: (min(pair), max(pair))), max_size=4)
LATER = datetime(2027, 6, 1, tzinfo=UTC)


@given(names, moments, lengths)
@settings(deadline=None)
def test_elapsed_and_before_undo_add(name, start, length):
    calendar = CALENDARS[name]
    end = calendar.add(start, length)
    assert calendar.elapsed(start, end) == length
    assert calendar.elapsed(start, end - timedelta(microseconds=1)) < length
    seconds = Limit(Fraction(length // timedelta(seconds=1), 60), "minutes")
    earlier = calendar.before(end, seconds)
    assert start <= earlier == calendar.next_opening(start)


@given(names, moments, moments)
@settings(deadline=None)
def test_add_undoes_elapsed_where_open(name, one, two):
    calendar = CALENDARS[name]
    begin, end = sorted((one, calendar.next_opening(two)))
    assert calendar.add(begin, calendar.elapsed(begin, end)) <= end
    assert calendar.elapsed(begin, end) == -calendar.elapsed(end, begin)
    assert timedelta(0) <= calendar.elapsed(begin, end) <= end - begin


@given(names, moments, lengths, lengths)
@settings(deadline=None)
def test_add_is_additive(name, start, one, two):
    calendar = CALENDARS[name]
    assert calendar.add(calendar.add(start, one), two) == calendar.add(start, one + two)


@given(names, st.lists(moments, min_size=2, max_size=4), lengths, st.integers(1, 60))
@settings(deadline=None)
def test_later_starts_never_end_earlier(name, starts, length, amount):
    calendar = CALENDARS[name]
    limits = [Limit(amount, unit) for unit in ("workdays", "days", "hours", "minutes")]
    for earlier, later in pairwise(sorted(starts)):
        assert calendar.add(earlier, length) <= calendar.add(later, length)
        for limit in limits:
            assert earlier < calendar.due(earlier, limit).due_at <= calendar.due(later, limit).due_at


@given(names, moments, st.integers(1, 60), st.sampled_from(["workdays", "days", "hours"]), pause_lists)
@settings(max_examples=60, deadline=None)
def test_pauses_never_shorten_and_their_order_is_nothing(name, start, amount, unit, pauses):
    calendar = CALENDARS[name]
    limit = Limit(amount, unit)
    moved = calendar.due_after_pauses(start, limit, pauses, LATER)
    assert moved.due_at >= calendar.due(start, limit).due_at
    assert moved == calendar.due_after_pauses(start, limit, [*reversed(pauses), *pauses], LATER)
    left = calendar.due_after_pauses(start, limit, pauses, LATER, Limit(1, "workdays"))
    assert left.due_at >= moved.due_at
    json.dumps(left.steps)
    assert not any(isinstance(value, float) for step in left.steps for value in step.values())


# An oracle that knows no table: it asks the wall clock, minute by minute

ORACLES = [
    (OFFICE, [(540, 720), (780, 1080)], lambda day: chinese_calendar.is_workday(day)),
    (ALWAYS, [(0, 1440)], lambda day: True),
    (BERLIN_NIGHTS, [(1320, 1800)], lambda day: True),
    (NEW_YORK, [(480, 720), (1080, 1680)], lambda day: day.weekday() < 5 and day != INVENTORY),
]


def is_open_by_the_wall_clock(moment, zone, spans, works):
    wall = moment.astimezone(zone)
    minute, today = wall.hour * 60 + wall.minute, wall.date()
    yesterday = today - timedelta(days=1)
    return any(
        (works(today) and begin <= minute < end) or (works(yesterday) and begin <= minute + 1440 < end)
        for begin, end in spans
    )


@pytest.mark.parametrize(("calendar", "spans", "works"), ORACLES, ids=["office", "always", "berlin", "new york"])
@pytest.mark.parametrize("around", ["2026-02-13", "2026-03-07", "2026-03-28", "2026-09-29", "2026-10-24", "2026-10-31"])
def test_table_agrees_with_a_walk_along_the_wall_clock(calendar, spans, works, around):
    lot = random.Random(f"{calendar.name} {around}")
    start = datetime.fromisoformat(around).replace(tzinfo=UTC) + timedelta(minutes=lot.randrange(1440))
    minutes = [start + timedelta(minutes=n) for n in range(lot.randrange(3, 6) * 1440)]
    opened = [at for at in minutes if is_open_by_the_wall_clock(at, calendar.zone, spans, works)]
    assert calendar.elapsed(start, minutes[-1] + timedelta(minutes=1)) == timedelta(minutes=len(opened))
    for n in sorted(lot.sample(range(len(opened)), min(5, len(opened)))):
        assert calendar.add(start, timedelta(minutes=n + 1)) == opened[n] + timedelta(minutes=1)
        assert calendar.next_opening(opened[n]) == opened[n]
