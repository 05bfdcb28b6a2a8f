"""The objection window: two working days from service, whose day does not count, to close of business (S-02)."""

from datetime import UTC, datetime

import pytest

from casework.domain.perform import open_case, perform
from casework.models import Task
from tests.factories import CLAIMS, dispute, evaluation, recording
from tests.seen import case, clock, due, events, parties, running, sweep

EARLY = {"started_at": datetime(2026, 9, 10, 2, 0, tzinfo=UTC), "scored_at": datetime(2026, 9, 11, 2, 0, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("served", "until"),
    [
        ("2026-11-03 10:00", "2026-11-05 18:00"),  # Tuesday: Wednesday, Thursday
        ("2026-11-03 00:00", "2026-11-05 18:00"),  # the day of service does not count, however early
        ("2026-11-03 23:59", "2026-11-05 18:00"),
        ("2026-11-06 17:00", "2026-11-10 18:00"),  # Friday: Monday, Tuesday
        ("2026-11-07 12:00", "2026-11-10 18:00"),  # Saturday: Monday, Tuesday
        ("2026-09-18 10:00", "2026-09-21 18:00"),  # Friday: Sunday the 20th is worked, Monday
        ("2026-09-24 10:00", "2026-09-29 18:00"),  # Thursday: Mid-Autumn to Sunday, Monday, Tuesday
        ("2026-09-30 10:00", "2026-10-09 18:00"),  # Wednesday: National Day, Thursday the 8th, Friday the 9th
        ("2026-10-08 10:00", "2026-10-10 18:00"),  # Thursday: Friday, Saturday the 10th is worked
        ("2026-10-09 10:00", "2026-10-12 18:00"),  # Friday: Saturday the 10th is worked, Monday
    ],
)
def test_read_opens_a_window_of_two_working_days(db, time, as_, served, until):
    time.set(served)
    number = evaluation(**EARLY)
    assert due(number, "objection") == until
    assert not clock(number, "objection").provisional


def test_deem_served_over_national_day_counts_the_makeup_saturday(db, time, as_):
    time.set("2026-09-30 10:00")
    number = evaluation(reader=None, **EARLY)
    assert due(number, "deemed_service") == "2026-10-08 18:00"
    time.set("2026-10-08 18:01")
    sweep()
    assert due(number, "objection") == "2026-10-10 18:00"


def test_read_opens_a_window_past_the_published_calendar_that_is_provisional(db, time, as_):
    time.set("2026-12-30 10:00")
    number = evaluation()
    found = clock(number, "objection")
    assert found.provisional, "the days of 2027 are a guess until the State Council's notice"
    assert Task.objects.get(number=number, node="respond", finished=None).provisional
    time.set("2026-12-29 10:00")
    assert not clock(evaluation(), "objection").provisional  # 30 and 31 December


def test_close_window_makes_the_score_final(db, time, as_):
    number = evaluation()
    time.set("2026-11-05 18:01")
    sweep()
    closed = case(number)
    assert (closed.state, closed.window_closed, closed.is_closed, str(closed.score)) == ("final", True, True, "84.00")
    assert running(number) == set()
    assert events(number)[-1] == "close_window"


def test_close_window_of_a_disputed_score_leaves_it_provisional(db, time, as_):
    number = evaluation()
    paper = dispute(number)
    time.set("2026-11-05 18:01")
    sweep()
    disputed = case(number)
    assert (disputed.state, disputed.window_closed, disputed.is_provisional) == ("provisional", True, True)
    perform(paper, "withdraw", as_("ann"))
    assert (case(number).state, case(number).is_provisional) == ("final", False)


def test_file_before_service_is_possible(db, time, as_):
    number = evaluation(reader=None)
    recording(number)
    paper = open_case("disputes.ScoreDispute", as_("ann"), CLAIMS, subject=number).number
    assert (case(paper).state, case(number).state) == ("screening", "provisional")
    assert parties(paper) >= {("agent", "A1001"), ("inspector", "Q202"), ("leader", "L301")}
