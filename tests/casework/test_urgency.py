"""How urgent a case is: said by a director who is free, for reasons; the deadlines follow from where they began."""

import json

import pytest

from casework.domain.deadline_sum import added_up
from casework.domain.errors import InvalidInput, NotAllowedNow, NotPermitted
from casework.domain.limits import Limit
from casework.domain.now import now
from casework.domain.perform import perform
from casework.domain.staff import grant
from casework.models import ClockWarning, Unit
from tests.conftest import SHANGHAI, acting
from tests.factories import advance, arbitration, deliver_all, dispute, evaluation
from tests.laws.invariants import check
from tests.seen import case, clock, due, entry, parties, person, refused, sweep, told

URGENT = {"urgency": "urgent", "reasons": "坐席月底离职，须在此前裁定。"}
NORMAL = {"urgency": "normal", "reasons": "离职日期已推迟。"}


@pytest.fixture
def reviewing(db, time) -> str:
    """ann's dispute, before qin since Tuesday 10:00; the usual two days end on Thursday, an urgent one on Wednesday."""
    number = dispute(upto="forwarded")
    assert due(number, "review") == "2026-11-05 18:00"
    return number


def test_prioritise_brings_the_deadline_forward_from_its_start_and_tells_everyone(reviewing, time):
    deliver_all()
    whole = due(reviewing, "whole")
    time.on(hours=2)
    perform(reviewing, "prioritise", acting("fang"), URGENT)
    deliver_all()
    assert (due(reviewing, "review"), case(reviewing).urgency) == ("2026-11-04 18:00", "urgent")
    assert clock(reviewing, "review").limit == "1 workday"
    assert [told(no, reviewing)[-1] for no in ("A1001", "Q202", "M401")] == ["prioritised"] * 3
    shown = [c for c in entry(reviewing, "prioritise")["clocks"] if c["clock"] == "review"]
    assert [(c["change"], c["limit_before"], c["limit"]) for c in shown] == [("limit", "2 workdays", "1 workday")]
    assert "离职" not in json.dumps(entry(reviewing, "prioritise"), ensure_ascii=False)
    assert not {p for p in parties(reviewing) if p[0] == "timekeeper"}, "whoever said so keeps no seat"
    waiting = ClockWarning.objects.filter(clock=clock(reviewing, "review"), done_at=None)
    assert waiting and all(now() < w.due_at <= clock(reviewing, "review").due_at for w in waiting)
    assert due(reviewing, "whole") == whole, "of which policy says nothing else"
    check(reviewing)


def test_prioritise_back_to_normal_gives_the_usual_deadline_again(reviewing, time):
    perform(reviewing, "prioritise", acting("fang"), URGENT)
    time.on(hours=1)
    perform(reviewing, "prioritise", acting("fang"), NORMAL)
    assert (due(reviewing, "review"), case(reviewing).urgency) == ("2026-11-05 18:00", "normal")
    check(reviewing)


def test_prioritise_again_after_a_return_to_normal_leaves_its_own_time_and_says_why(reviewing, time):
    from casework.queries.case_page import clocks_of

    time.set("2026-11-05 09:00")
    perform(reviewing, "prioritise", acting("fang"), URGENT)
    perform(reviewing, "prioritise", acting("fang"), NORMAL)
    assert clock(reviewing, "review").postponed_to is None, (
        "what was left for the urgent limit is not promised any more"
    )
    time.set("2026-11-05 09:30")
    perform(reviewing, "prioritise", acting("fang"), URGENT)
    assert due(reviewing, "review") == "2026-11-05 14:30"
    said = next(c for c in clocks_of(reviewing, acting("qin")) if c["name"] == "review")["explanation"]
    assert not [line for line in said if "leave" in line] and any(
        "not before 2026-11-05 14:30" in line for line in said
    )
    check(reviewing)


@pytest.mark.parametrize(("at", "expected"), [
    ("2026-11-04 16:00", "2026-11-05 11:00"),  # four hours of work: two today, two tomorrow
    ("2026-11-05 09:00", "2026-11-05 14:00"),  # the day by which it would have been due is over
    ("2026-11-05 17:00", "2026-11-05 18:00"),  # it is due before four hours have passed, and stays so
])  # fmt: skip
def test_prioritise_late_leaves_the_time_that_policy_says(at, expected, reviewing, time):
    time.set(at)
    perform(reviewing, "prioritise", acting("fang"), URGENT)
    assert due(reviewing, "review") == expected
    found = clock(reviewing, "review")
    assert added_up(found.steps, Limit.parse(found.limit), SHANGHAI)[-1].due_at == found.due_at
    check(reviewing)


def test_prioritise_keeps_the_time_that_was_granted(reviewing, time):
    perform(reviewing, "extend_clock", acting("fang"), {"clock": "review", "reasons": "录音需要翻译。"})
    perform(reviewing, "prioritise", acting("fang"), URGENT)
    assert due(reviewing, "review") == "2026-11-06 18:00", "one day, and the two that were granted"
    check(reviewing)


def test_review_that_starts_in_an_urgent_case_has_the_urgent_limit(db, time):
    number = dispute()
    perform(number, "prioritise", acting("fang"), URGENT)
    time.on(hours=1)
    advance(number, "forwarded")
    assert clock(number, "review").limit == "1 workday"
    assert due(number, "review") == "2026-11-04 18:00"
    check(number)


def test_urgent_deadline_when_it_passes_hands_the_case_on_with_the_urgent_limit(reviewing, time):
    perform(reviewing, "prioritise", acting("fang"), URGENT)
    time.to(clock(reviewing, "review").due_at, seconds=60)
    sweep()
    assert (clock(reviewing, "review").generation, clock(reviewing, "review").limit) == (2, "1 workday")
    check(reviewing)


def test_prioritise_when_a_panel_scores_hastens_each_seat(db, time):
    number = arbitration()
    before = clock(number, "score_1").due_at
    perform(number, "prioritise", acting("fang"), URGENT)
    assert clock(number, "score_1").limit == "2 workdays" and clock(number, "score_1").due_at < before
    check(number)


def test_prioritise_to_the_same_or_an_unknown_urgency_names_the_others(reviewing):
    for code in ("normal", "critical", ""):
        with refused(InvalidInput, problems={"no_such_urgency"}) as refusal:
            perform(reviewing, "prioritise", acting("fang"), {**URGENT, "urgency": code})
        assert "urgent" in str(refusal.error)


def test_prioritise_where_no_limit_depends_on_it_is_refused(db, time):
    number = evaluation()
    with refused(NotAllowedNow, "no_other_urgency"):
        perform(number, "prioritise", acting("fang"), URGENT)


def test_prioritise_of_a_closed_case_is_refused(db, time):
    number = dispute()
    perform(number, "withdraw", acting("ann"), {})
    with refused(NotAllowedNow, "no_other_urgency"):
        perform(number, "prioritise", acting("fang"), URGENT)


@pytest.mark.parametrize("login", ["ann", "lee", "ian", "qin"])
def test_prioritise_by_anybody_but_a_director_is_refused(login, reviewing):
    """Also by whoever would have to hurry, or would like the other to."""
    with refused(NotPermitted):
        perform(reviewing, "prioritise", acting(login), URGENT)


def test_prioritise_by_a_director_who_is_barred_is_refused(reviewing):
    """Ian scored the call, and is made a director."""
    from casework.domain.actor import system

    grant(person("Q202"), "director", Unit.objects.get(code="OC"), system())
    with refused(NotPermitted, "barred"):
        perform(reviewing, "prioritise", acting("ian"), URGENT)


def test_urgent_deadline_explains_itself(reviewing, time):
    from django.utils.translation import override

    from casework.queries.case_page import clocks_of

    time.set("2026-11-05 09:00")
    perform(reviewing, "prioritise", acting("fang"), URGENT)
    with override("en"):
        clocks = clocks_of(reviewing, acting("qin"))
    said = next(c for c in clocks if c["name"] == "review")["explanation"]
    assert "since the case is “Urgent”, instead of 2 working days" in said
    assert "not before 2026-11-05 14:00: so much time was left when the limit changed 2026-11-05 09:00" in said
    assert said[-2].endswith("due 2026-11-05 14:00") and said[-1].startswith("the limit changed 2026-11-05 09:00 (")
