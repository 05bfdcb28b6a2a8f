"""Business time: the days of the State Council's notices, and moments computed by hand."""

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import chinese_calendar
import holidays
import pytest

from casework.domain.calendar import Calendar, CalendarError, Counting, Limit
from casework.domain.calendar_files import parse_calendars, parse_days

FOLDER = Path(__file__).parents[2] / "policies" / "calendars"
DAYS = parse_days((FOLDER / "cn-days.csv").read_text(encoding="utf-8"))
SPECS = parse_calendars((FOLDER / "cn.yaml").read_text(encoding="utf-8"))
OFFICE = SPECS["office"].compile(DAYS)
ALWAYS = SPECS["always"].compile()

Y2024, Y2026 = date(2024, 1, 1), date(2026, 12, 31)
ALL_1096 = [Y2024 + timedelta(days=n) for n in range(1096)]
SHANGHAI = ZoneInfo("Asia/Shanghai")


def other(tz, windows, weekly=range(5)):
    return Calendar.compile(tz, tz, windows, {}, Y2024, Y2026, None, weekly=weekly, guess_years=2)


NIGHT_BERLIN = other("Europe/Berlin", [("22:00", "06:00")], range(7))


def cn(text):
    """A moment of Shanghai's wall clock; 24:00 is the end of the day."""
    if text.endswith("24:00"):
        return cn(text.replace("24:00", "00:00")) + timedelta(days=1)
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def due(start, limit, **options):
    return OFFICE.due(cn(start), Limit.parse(limit), **options)


def paused(start, limit, *pauses, now="2026-12-01 09:00", minimum_left=None):
    moments = [(cn(begin), cn(end) if end else None) for begin, end in pauses]
    least = Limit.parse(minimum_left) if minimum_left else None
    return OFFICE.due_after_pauses(cn(start), Limit.parse(limit), moments, cn(now), least)


# The days


def test_days_match_the_control_sums_of_the_notices():
    make_up = Counter(day.year for day, (working, _) in DAYS.items() if working)
    working = Counter(day.year for day in ALL_1096 if OFFICE.is_working_day(day))
    assert make_up == {2024: 8, 2025: 5, 2026: 6}
    assert working == {2024: 251, 2025: 248, 2026: 248}


def test_days_agree_with_both_libraries_on_all_1096_days():
    china = holidays.China(years=[2024, 2025, 2026])
    ours = [OFFICE.is_working_day(day) for day in ALL_1096]
    assert ours == [chinese_calendar.is_workday(day) for day in ALL_1096]
    assert ours == [china.is_working_day(day) for day in ALL_1096]


def test_close_of_a_working_day_is_the_end_of_the_afternoon():
    assert OFFICE.close_of(date(2026, 10, 10)) == cn("2026-10-10 18:00")


def test_close_of_a_day_off_is_refused():
    with pytest.raises(CalendarError, match="2026-10-01 is off"):
        OFFICE.close_of(date(2026, 10, 1))


def test_next_working_day_takes_make_up_days_and_passes_holidays():
    assert OFFICE.next_working_day(date(2026, 2, 13)) == date(2026, 2, 14)
    assert OFFICE.next_working_day(date(2026, 2, 14)) == date(2026, 2, 24)


# Hours: (start, length, end), computed by hand


@pytest.mark.parametrize(
    ("start", "limit", "end"),
    [
        ("2026-11-02 09:00", "4 hours", "2026-11-02 14:00"),  # over lunch
        ("2026-11-02 10:00", "2 hours", "2026-11-02 12:00"),  # ends exactly at lunch
        ("2026-11-02 12:30", "1 hour", "2026-11-02 14:00"),  # starts in lunch
        ("2026-11-02 17:00", "1 hour", "2026-11-02 18:00"),  # ends exactly at close: the same day
        ("2026-11-02 17:00", "61 minutes", "2026-11-03 09:01"),
        ("2026-11-02 18:00", "10 minutes", "2026-11-03 09:10"),  # 18:00 sharp is closed
        ("2026-11-02 03:00", "8 hours", "2026-11-02 18:00"),
        ("2026-11-06 17:00", "2 hours", "2026-11-09 10:00"),  # over an ordinary weekend
        ("2026-02-13 17:00", "2 hours", "2026-02-14 10:00"),  # into a make-up Saturday
        ("2026-02-14 17:00", "2 hours", "2026-02-24 10:00"),  # from it over the Spring Festival
        ("2026-09-30 17:00", "2 hours", "2026-10-08 10:00"),  # over the National Day week
        ("2026-10-09 17:00", "2 hours", "2026-10-10 10:00"),
        ("2026-01-03 12:00", "1 hour", "2026-01-04 10:00"),  # from a holiday into a make-up Sunday
        ("2025-12-31 17:30", "1 hour", "2026-01-04 09:30"),  # over the turn of the year
        ("2024-02-29 17:00", "2.5 hours", "2024-03-01 10:30"),  # leap day
    ],
)
def test_due_in_business_hours_ends_where_computed_by_hand(start, limit, end):
    assert due(start, limit).due_at == cn(end)


@pytest.mark.parametrize(
    ("begin", "end", "hours"),
    [
        ("2026-11-02 11:00", "2026-11-02 14:00", 2),
        ("2026-11-02 18:00", "2026-11-03 09:00", 0),
        ("2026-11-06 17:00", "2026-11-09 10:00", 2),
        ("2026-02-13 09:00", "2026-02-25 09:00", 24),  # Friday, make-up Saturday, Tuesday after the festival
        ("2026-09-30 09:00", "2026-10-12 09:00", 32),  # 30th, 8th, 9th and make-up 10th
        ("2026-11-09 10:00", "2026-11-06 17:00", -2),
    ],
)
def test_elapsed_counts_open_hours_only(begin, end, hours):
    assert OFFICE.elapsed(cn(begin), cn(end)) == timedelta(hours=hours)


def test_add_nothing_stays_at_the_start_open_or_closed():
    for start in ("2026-11-02 10:00", "2026-11-02 12:30", "2026-10-01 10:00"):
        assert OFFICE.add(cn(start), timedelta(0)) == cn(start)


def test_add_less_than_nothing_is_refused():
    with pytest.raises(ValueError, match="negative"):
        OFFICE.add(cn("2026-11-02 10:00"), timedelta(seconds=-1))


def test_next_opening_is_the_moment_itself_where_open():
    assert OFFICE.next_opening(cn("2026-11-02 09:00")) == cn("2026-11-02 09:00")
    assert OFFICE.next_opening(cn("2026-11-02 12:00")) == cn("2026-11-02 13:00")
    assert OFFICE.next_opening(cn("2026-09-30 18:00")) == cn("2026-10-08 09:00")


def test_microseconds_are_kept():
    start = cn("2026-11-02 17:59") + timedelta(seconds=59, microseconds=999_999)
    assert OFFICE.add(start, timedelta(microseconds=2)) == cn("2026-11-03 09:00") + timedelta(microseconds=1)


# Working days


@pytest.mark.parametrize(
    ("start", "limit", "end"),
    [
        ("2026-11-02 10:00", "2 workdays", "2026-11-04 18:00"),  # the day of the start does not count
        ("2026-11-02 00:00", "1 workday", "2026-11-03 18:00"),
        ("2026-11-02 23:59", "1 workday", "2026-11-03 18:00"),
        ("2026-11-02 24:00", "1 workday", "2026-11-04 18:00"),
        ("2026-11-07 10:00", "1 workday", "2026-11-09 18:00"),  # started on a Saturday
        ("2026-10-09 10:00", "2 workdays", "2026-10-12 18:00"),  # a make-up Saturday counts
        ("2026-10-10 10:00", "1 workday", "2026-10-12 18:00"),  # started on it, it does not
        ("2026-09-30 16:00", "2 workdays", "2026-10-09 18:00"),
        ("2026-02-13 16:00", "3 workdays", "2026-02-25 18:00"),
        ("2026-10-29 09:00", "20 workdays", "2026-11-26 18:00"),
    ],
)
def test_due_in_workdays_ends_at_close_of_the_nth(start, limit, end):
    assert due(start, limit).due_at == cn(end)
    assert not due(start, limit).provisional


# Calendar days


@pytest.mark.parametrize(
    ("start", "limit", "end"),
    [
        ("2026-11-02 10:00", "3 days", "2026-11-05 24:00"),
        ("2026-11-02 10:00", "5 days", "2026-11-09 18:00"),  # ends on a Saturday: rolled to Monday's close
        ("2026-09-30 10:00", "1 day", "2026-10-08 18:00"),  # ends on a holiday
        ("2026-10-07 10:00", "3 days", "2026-10-10 24:00"),  # ends on a make-up Saturday: not rolled
        ("2026-10-01 10:00", "15 days", "2026-10-16 24:00"),  # holidays inside count
    ],
)
def test_due_in_calendar_days_rolls_forward_from_a_day_off(start, limit, end):
    assert due(start, limit).due_at == cn(end)


def test_due_in_calendar_days_that_rolled_ends_by_midnight_of_a_night_shift():
    night = other("Asia/Shanghai", [("18:00", "04:00")])
    for start in ("2026-11-03 10:00", "2026-11-04 10:00"):  # ends on Sunday, on Monday itself
        assert night.due(cn(start), Limit(5, "days")).due_at == cn("2026-11-09 24:00")


def test_due_in_calendar_days_without_rolling_ends_on_the_day_off():
    assert due("2026-11-02 10:00", "5 days", counting=Counting(rolls="never")).due_at == cn("2026-11-07 24:00")


# Around the clock, nights, clock changes


def test_around_the_clock_loses_no_minute_at_midnight():
    assert ALWAYS.elapsed(cn("2026-11-02 23:59"), cn("2026-11-03 00:01")) == timedelta(minutes=2)
    assert ALWAYS.add(cn("2026-11-02 23:30"), timedelta(hours=48)) == cn("2026-11-04 23:30")
    assert ALWAYS.elapsed(cn("2024-01-01 00:00"), cn("2027-01-01 00:00")) == timedelta(days=1096)
    assert ALWAYS.due(cn("2026-10-01 10:00"), Limit(1, "workdays")).due_at == cn("2026-10-02 24:00")


def test_around_the_clock_is_never_provisional():
    assert not ALWAYS.due(cn("2026-12-31 10:00"), Limit(40, "days")).provisional


def test_night_shift_belongs_to_the_day_it_opens_on():
    night = other("Asia/Shanghai", [("22:00", "06:00")])
    assert night.close_of(date(2026, 11, 6)) == cn("2026-11-07 06:00")
    assert night.elapsed(cn("2026-11-06 12:00"), cn("2026-11-09 12:00")) == timedelta(hours=8)  # Friday's alone
    assert night.add(cn("2026-11-07 05:00"), timedelta(hours=2)) == cn("2026-11-09 23:00")
    assert night.due(cn("2026-11-05 23:00"), Limit(1, "workdays")).due_at == cn("2026-11-07 06:00")
    assert night.before(cn("2026-11-07 06:00"), Limit(1, "workdays")) == cn("2026-11-06 06:00")


@pytest.mark.parametrize(("evening", "hours"), [((2026, 3, 28), 7), ((2026, 10, 24), 9), ((2026, 6, 6), 8)])
def test_night_shift_has_its_real_hours_when_the_clocks_change(evening, hours):
    opens = datetime(*evening, 22, tzinfo=ZoneInfo("Europe/Berlin"))
    closes = NIGHT_BERLIN.close_of(opens.date())
    assert closes.astimezone(opens.tzinfo).hour == 6
    assert NIGHT_BERLIN.elapsed(opens, closes) == timedelta(hours=hours)
    assert NIGHT_BERLIN.add(opens, timedelta(hours=hours)) == closes


def test_calendar_days_keep_the_wall_clock_when_the_clocks_change():
    berlin = ZoneInfo("Europe/Berlin")
    moment = datetime(2026, 3, 30, 0, 0, tzinfo=berlin)
    start = datetime(2026, 3, 27, 12, 0, tzinfo=berlin)
    assert NIGHT_BERLIN.due(start, Limit(2, "days")).due_at == moment
    assert NIGHT_BERLIN.before(moment, Limit(2, "days")) == datetime(2026, 3, 28, 0, 0, tzinfo=berlin)


# Pauses


def test_pause_moves_the_deadline_by_its_business_time():
    # Monday 10:00-20:00 holds seven open hours.
    moved = paused("2026-11-02 09:30", "2 workdays", ("2026-11-02 10:00", "2026-11-02 20:00"))
    assert moved.due_at == cn("2026-11-05 17:00")


def test_pause_outside_business_hours_changes_nothing():
    for pause in [("2026-11-02 18:00", "2026-11-03 09:00"), ("2026-11-03 12:00", "2026-11-03 13:00")]:
        assert paused("2026-11-02 09:30", "2 workdays", pause).due_at == cn("2026-11-04 18:00")
        assert paused("2026-11-02 09:30", "20 hours", pause).due_at == cn("2026-11-04 14:30")


def test_pauses_that_overlap_count_once_in_any_order():
    one = paused("2026-11-02 09:30", "6 hours", ("2026-11-02 10:00", "2026-11-02 15:00"))
    two = paused(
        "2026-11-02 09:30",
        "6 hours",
        ("2026-11-02 11:00", "2026-11-02 15:00"),
        ("2026-11-02 10:00", "2026-11-02 14:00"),
        ("2026-11-02 10:00", "2026-11-02 14:00"),
    )
    assert one.due_at == two.due_at == cn("2026-11-03 11:30")


def test_pauses_that_touch_are_one_answer():
    whole = paused("2026-11-02 10:00", "2 workdays", ("2026-11-04 17:00", "2026-11-05 17:00"), minimum_left="1 workday")
    halves = paused(
        "2026-11-02 10:00",
        "2 workdays",
        ("2026-11-04 17:00", "2026-11-05 10:00"),
        ("2026-11-05 10:00", "2026-11-05 17:00"),
        minimum_left="1 workday",
    )
    assert whole == halves


def test_pause_counts_no_further_than_now():
    planned = ("2026-11-04 16:00", "2026-11-06 16:00")
    moved = paused("2026-11-02 10:00", "2 workdays", planned, now="2026-11-05 10:00")
    assert moved.due_at == cn("2026-11-05 12:00")


def test_pause_before_the_start_or_after_the_deadline_does_not_count():
    early = ("2026-11-02 09:00", "2026-11-02 10:00")
    late = ("2026-11-04 18:00", "2026-11-05 18:00")
    assert paused("2026-11-02 10:00", "2 workdays", early, late).due_at == cn("2026-11-04 18:00")


def test_pause_that_is_still_open_counts_up_to_now():
    moved = paused("2026-11-02 10:00", "2 workdays", ("2026-11-04 16:00", None), now="2026-11-05 10:00")
    assert moved.due_at == cn("2026-11-05 12:00")


def test_pause_leaves_the_minimum_after_the_answer():
    question = ("2026-11-04 17:00", "2026-11-05 17:00")
    assert paused("2026-11-02 10:00", "2 workdays", question).due_at == cn("2026-11-05 18:00")
    left = paused("2026-11-02 10:00", "2 workdays", question, minimum_left="1 workday")
    assert left.due_at == cn("2026-11-06 18:00")
    assert {"step": "minimum_left", "from": "2026-11-05T09:00:00+00:00", "limit": "1 workday"} in left.steps


def test_minimum_left_never_shortens_a_deadline():
    early = ("2026-11-02 10:00", "2026-11-02 11:00")
    left = paused("2026-11-02 09:00", "2 workdays", early, minimum_left="1 workday")
    assert left.due_at == cn("2026-11-05 10:00")


def test_second_pause_moves_the_minimum_that_the_first_left():
    first = ("2026-11-04 17:59", "2026-11-05 09:00")
    second = ("2026-11-05 09:30", "2026-11-05 17:30")
    left = paused("2026-11-02 10:00", "2 workdays", first, second, minimum_left="1 workday")
    assert left.due_at == cn("2026-11-09 17:00")  # Friday's close and the seven hours of the second question


def test_pause_of_a_limit_in_calendar_days_counts_nights_too():
    night = ("2026-11-03 20:00", "2026-11-04 08:00")
    assert paused("2026-11-02 10:00", "3 days", night).due_at == cn("2026-11-06 12:00")
    rolled = paused("2026-11-02 10:00", "4 days", night)
    assert rolled.due_at == cn("2026-11-09 18:00")  # Saturday noon


# Warnings


@pytest.mark.parametrize(
    ("moment", "limit", "earlier"),
    [
        ("2026-11-05 18:00", "1 workday", "2026-11-04 18:00"),
        ("2026-10-08 18:00", "1 workday", "2026-09-30 18:00"),
        ("2026-11-05 24:00", "1 workday", "2026-11-04 18:00"),
        ("2026-11-05 18:00", "2 hours", "2026-11-05 16:00"),
        ("2026-11-05 14:00", "1 hour", "2026-11-05 13:00"),
        ("2026-11-05 10:00", "2 hours", "2026-11-04 17:00"),
        ("2026-11-05 24:00", "3 days", "2026-11-02 24:00"),
    ],
)
def test_before_reckons_backwards(moment, limit, earlier):
    assert OFFICE.before(cn(moment), Limit.parse(limit)) == cn(earlier)


# Beyond the notices


@pytest.mark.parametrize(
    ("start", "limit", "provisional"),
    [
        ("2026-12-30 10:00", "1 workday", False),
        ("2026-12-31 10:00", "1 workday", True),
        ("2026-12-30 10:00", "1 day", False),  # ends at 24:00 of the last published day
        ("2026-12-31 17:00", "1 hour", False),
        ("2026-12-31 17:00", "61 minutes", True),
        ("2027-03-01 10:00", "1 hour", True),
    ],
)
def test_deadline_beyond_the_published_days_is_provisional(start, limit, provisional):
    deadline = due(start, limit)
    assert deadline.provisional is provisional
    assert ({"step": "provisional", "after": "2026-12-31"} in deadline.steps) is provisional


def test_pause_that_pushes_beyond_the_published_days_makes_it_provisional():
    deadline = paused(
        "2026-12-29 10:00", "2 workdays", ("2026-12-30 10:00", "2026-12-31 10:00"), now="2027-01-01 09:00"
    )
    assert deadline.provisional


def test_importing_the_next_notice_settles_a_provisional_deadline():
    days = {day: working for day, (working, _) in DAYS.items()} | {date(2027, 1, 1): False}
    newer = Calendar.compile(
        "office", "Asia/Shanghai", [("09:00", "18:00")], days, Y2024, date(2027, 12, 31), date(2027, 12, 31)
    )
    assert due("2026-12-31 10:00", "1 workday").due_at == cn("2027-01-01 18:00")
    settled = newer.due(cn("2026-12-31 10:00"), Limit(1, "workdays"))
    assert (settled.due_at, settled.provisional) == (cn("2027-01-04 18:00"), False)


def test_ten_years_ahead_is_guessed_by_weekday_and_never_raises():
    for unit, amount in [("workdays", 2500), ("days", 3650), ("hours", 20_000), ("minutes", 1_200_000)]:
        assert OFFICE.due(cn("2036-12-31 10:00"), Limit(amount, unit)).provisional
    assert OFFICE.is_working_day(date(2036, 10, 1)) and not OFFICE.is_working_day(date(2036, 10, 4))


@pytest.mark.parametrize("moment", ["2023-12-31 10:00", "2047-01-02 10:00"])
def test_moment_outside_the_table_is_refused_in_words(moment):
    for ask in (OFFICE.next_opening, lambda at: OFFICE.add(at, timedelta(hours=1))):
        with pytest.raises(CalendarError, match="Expected a moment from .* import the days"):
            ask(cn(moment))
    for unit in ("workdays", "hours"):
        with pytest.raises(CalendarError, match="import the days"):
            OFFICE.due(cn(moment), Limit(1, unit))


def test_length_that_leaves_the_table_is_refused_in_words():
    short = other("Asia/Shanghai", [("09:00", "10:00")])
    end = cn("2028-12-29 09:30")
    with pytest.raises(CalendarError, match="import newer days"):
        short.add(end, timedelta(hours=1))
    with pytest.raises(CalendarError, match="import newer days"):
        short.next_opening(cn("2028-12-31 10:00"))
    with pytest.raises(CalendarError, match="import the days"):
        short.next_working_day(short.day_of(end))
    with pytest.raises(CalendarError, match="import older days"):
        short.before(cn("2024-01-01 09:30"), Limit(1, "hours"))
    with pytest.raises(CalendarError, match="begins on 2024-01-01"):
        short.before(cn("2024-01-01 09:30"), Limit(1, "workdays"))


def test_moment_without_a_zone_is_refused():
    with pytest.raises(CalendarError, match="time zone"):
        OFFICE.add(datetime(2026, 11, 2, 10), timedelta(hours=1))


# Steps


def test_steps_explain_skipped_made_up_and_counted_days():
    assert due("2026-09-30 16:00", "3 workdays").steps == (
        {"step": "start", "at": "2026-09-30T08:00:00+00:00"},
        *({"step": "skipped_day", "date": f"2026-10-0{n}", "why": "holiday", "name": "国庆节"} for n in range(1, 8)),
        {"step": "counted_day", "date": "2026-10-08", "n": 1},
        {"step": "counted_day", "date": "2026-10-09", "n": 2},
        {"step": "makeup_day", "date": "2026-10-10", "name": "国庆节"},
        {"step": "counted_day", "date": "2026-10-10", "n": 3},
        {"step": "close", "at": "2026-10-10T10:00:00+00:00"},
        {"step": "due", "at": "2026-10-10T10:00:00+00:00"},
    )


def test_steps_of_hours_say_how_long_ran_on_which_day():
    assert due("2026-11-06 11:00", "7.5 hours").steps[1:-1] == (
        ran("2026-11-06", 6 * 3600, ("03:00", "04:00"), ("05:00", "10:00")),
        {"step": "skipped_day", "date": "2026-11-07", "why": "weekend"},
        {"step": "skipped_day", "date": "2026-11-08", "why": "weekend"},
        ran("2026-11-09", 5400, ("01:00", "02:30")),
    )


def ran(day, seconds, *opened):
    """The step of a day on which so many seconds ran, within these hours of UTC."""
    spans = [[f"{day}T{opens}:00+00:00", f"{day}T{closes}:00+00:00"] for opens, closes in opened]
    return {"step": "ran", "date": day, "business_seconds": seconds, "open": spans}


def test_steps_of_calendar_days_say_where_they_rolled():
    assert due("2026-11-02 10:00", "5 days").steps[1:-1] == (
        {"step": "counted_days", "n": 5, "date": "2026-11-07", "at": "2026-11-07T16:00:00+00:00"},
        {"step": "skipped_day", "date": "2026-11-07", "why": "weekend"},
        {"step": "skipped_day", "date": "2026-11-08", "why": "weekend"},
        {"step": "rolled", "date": "2026-11-09", "at": "2026-11-09T10:00:00+00:00"},
    )


def test_steps_of_a_pause_name_its_business_time_and_when_it_ran_instead():
    steps = paused("2026-11-04 10:00", "2 workdays", ("2026-11-05 10:00", "2026-11-05 14:00")).steps
    assert steps[-6:-1] == (
        {"step": "close", "at": "2026-11-06T10:00:00+00:00"},
        {
            "step": "pause",
            "from": "2026-11-05T02:00:00+00:00",
            "to": "2026-11-05T06:00:00+00:00",
            "business_seconds": 3 * 3600,
        },
        {"step": "skipped_day", "date": "2026-11-07", "why": "weekend"},
        {"step": "skipped_day", "date": "2026-11-08", "why": "weekend"},
        ran("2026-11-09", 3 * 3600, ("01:00", "04:00")),
    )
    assert json.loads(json.dumps(steps)) == list(steps)


def test_due_after_a_pause_when_the_day_was_rolled_forward_is_not_earlier():
    """25 days end on a Sunday and roll to Monday's close; a second of pause moves their end into Monday morning."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    round_the_clock = Calendar.compile(
        "ny", "America/New_York", [("00:00", "24:00")], {}, date(2025, 1, 1), date(2026, 12, 31), None
    )
    limit = Limit.parse("25 days")
    paused = [(start, start + timedelta(seconds=1))]
    plain = round_the_clock.due(start, limit).due_at
    assert round_the_clock.due_after_pauses(start, limit, paused, start + timedelta(days=40)).due_at >= plain
