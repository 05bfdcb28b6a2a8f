"""Every deadline adds up: its steps lead to its due time, and a step that lies is found."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from casework.domain.calendar import Calendar
from casework.domain.deadline_sum import SumError, added_up
from casework.domain.deadline_words import explanation
from casework.domain.hours import calendar_specs
from casework.domain.limits import USUAL, Counting, Limit
from tests.casework.test_calendar_laws import CALENDARS, OFFICE

START = datetime(2026, 9, 28, 6, 30, 15, 250_000, tzinfo=UTC)
WINDOWS = [[("09:00", "12:00"), ("13:00", "18:00")], [("20:00", "04:30")], [("00:00", "24:00")]]


def compiled(known: str, windows=None, zone="", days=None, published=None) -> Calendar:
    if known:
        return CALENDARS[known]
    first, last = date(2025, 12, 1), date(2026, 12, 31)
    return Calendar.compile("made", zone, windows, days, first, last, published, guess_years=1)


calendars = st.tuples(st.sampled_from(sorted(CALENDARS))) | st.tuples(
    st.just(""),
    st.sampled_from(WINDOWS),
    st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York"]),
    st.dictionaries(st.dates(date(2026, 1, 10), date(2026, 12, 10)), st.booleans(), max_size=40),
    st.sampled_from([None, date(2026, 6, 30)]),
)
moments = st.integers(0, 330 * 24 * 3600 * 4).map(
    lambda n: datetime(2026, 1, 5, tzinfo=UTC) + n * timedelta(seconds=0.25)
)
limits = st.builds(Limit, st.integers(1, 40), st.sampled_from(["workdays", "days", "hours", "minutes"]))
minima = st.sampled_from([None, Limit(1, "workdays"), Limit(3, "days"), Limit(5, "hours")])
countings = st.builds(
    Counting, st.sampled_from(["excluded", "counts"]), st.sampled_from([None, "close", "midnight"]),
    st.sampled_from(["forward", "never"]),
)  # fmt: skip
gaps = st.lists(st.tuples(*[st.integers(0, 12 * 24 * 3600)] * 2), max_size=3)


def reckoned(calendar, start, limit, least, gaps, is_open, counting=USUAL):
    """The deadline of a limit that stood still after so many seconds for so many, several times."""
    pauses, at = [], start
    for before, stood in gaps:
        begin = at + timedelta(seconds=before)
        at = begin + timedelta(seconds=stood, milliseconds=250)
        pauses.append((begin, at))
    if is_open and pauses:
        pauses[-1] = (pauses[-1][0], None)
    return calendar.due_after_pauses(start, limit, pauses, start + timedelta(days=60), least, counting=counting)


@given(calendars, moments, limits, minima, gaps, st.booleans(), countings)
@settings(max_examples=200, deadline=None)
def test_sum_of_any_deadline_is_its_due_time(calendar, start, limit, least, gaps, is_open, counting):
    calendar = compiled(*calendar)
    deadline = reckoned(calendar, start, limit, least, gaps, is_open, counting)
    assert deadline.due_at >= start
    assert added_up(deadline.steps, limit, calendar.zone)[-1].due_at == deadline.due_at


@given(calendars, moments, limits, minima, gaps, st.integers(0, 10**6), countings)
@settings(max_examples=100, deadline=None)
def test_sum_when_a_step_is_left_out_is_refused(calendar, start, limit, least, gaps, lot, counting):
    """Only what says nothing of the sum may be gone: that the end is provisional, that a day is a make-up day, that the
    first day is one off, that no time passed in a pause, to where a day rolled before a pause made it roll again."""
    calendar = compiled(*calendar)
    steps = list(reckoned(calendar, start, limit, least, gaps, False, counting).steps)
    at = lot % len(steps)
    gone, before = steps.pop(at), steps[at - 1]["step"]
    assume(gone["step"] not in ("provisional", "makeup_day") and gone.get("business_seconds", 1))
    assume(gone.get("seconds", 1) and not (gone["step"] == "rolled" and steps[at]["step"] == "pause"))
    assume(gone["step"] != "skipped_day" or before not in ("start", "pause", "minimum_left"))
    with pytest.raises(SumError):
        added_up(steps, limit, calendar.zone)


def test_sum_of_hours_names_what_ran_each_day_and_what_each_pause_added():
    """Over the national holiday, with lunch, a pause and fractions of a second: the figures shown add up."""
    end = START + timedelta(days=12, milliseconds=700)
    pause = (START + timedelta(hours=2), end)
    deadline = OFFICE.due_after_pauses(START, Limit(20, "hours"), [pause], end)
    limit, stood = added_up(deadline.steps, Limit(20, "hours"), OFFICE.zone)
    assert sum(limit.ran) == 20 * 3600
    assert sum(stood.ran) == stood.step["business_seconds"]
    assert limit.due_at < stood.due_at == deadline.due_at


@pytest.mark.parametrize("limit", ["2 workdays", "9 days", "20 hours"])
def test_sum_when_the_due_time_was_tampered_with_is_refused(limit):
    steps = list(OFFICE.due(START, Limit.parse(limit)).steps)
    later = {"step": "due", "at": (datetime.fromisoformat(steps[-1]["at"]) + timedelta(seconds=1)).isoformat()}
    with pytest.raises(SumError, match="due"):
        added_up([*steps[:-1], later], Limit.parse(limit), OFFICE.zone)
    with pytest.raises(SumError):
        added_up(steps, Limit(3, "workdays"), OFFICE.zone)


@pytest.mark.parametrize("steps", [[], [{"step": "start"}], [{"step": "leave", "until": "2026-11-03T10:00:00+00:00"}]])
def test_sum_of_steps_that_are_none_is_refused(steps):
    with pytest.raises(SumError, match="Expected step"):
        added_up(steps, Limit(1, "workdays"), ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("limit", "counting", "said"),
    [
        ("2 workdays", Counting("counts"), ["; that day counts", "Mon: working day 1", "close of business 2026-09-29"]),
        (
            "2 workdays",
            Counting(ends="midnight"),
            ["not count", "Wed: working day 2", "end of that day 2026-09-30 24:00"],
        ),
        (
            "2 days",
            Counting(ends="close"),
            ["2 calendar days to 2026-09-30 Wed, 24:00", "close of business 2026-09-30"],
        ),
    ],
)
def test_counting_is_told_in_words_and_its_sum_needs_what_it_says(db, limit, counting, said):
    deadline = OFFICE.due(START, Limit.parse(limit), counting=counting)
    clock = {
        "state": "running", "steps": deadline.steps, "limit": limit, "limit_label": limit, "source": "designed",
        "minimum_left": None, "entries": [],
    }  # fmt: skip
    told = "\n".join(explanation(clock, calendar_specs()["office"]))
    assert [words for words in said if words not in told] == []
    assert "sum: " in told
    usual = [{k: v for k, v in step.items() if k != "counts"} for step in deadline.steps if step["step"] != "midnight"]
    usual = [step for step in usual if limit != "2 days" or step["step"] != "close"]
    with pytest.raises(SumError):
        added_up(usual, Limit.parse(limit), OFFICE.zone)
