"""explain_clock: the ledger of a deadline in words and figures, and what it would be otherwise."""

import pytest

from casework.domain.perform import perform
from casework.models import Clock
from tests.commands.conftest import refused, run
from tests.conftest import acting
from tests.factories import evaluation

ASKED = "(Questioned by the agent; the objection window is paused: 王喆堃)"


@pytest.fixture
def asked(db, time, token_of) -> str:
    """An evaluation whose objection window stands still: ann asked in its last hour, with a token to look at it."""
    number = evaluation()
    time.set("2026-11-05 17:30")
    perform(number, "question", acting("ann"), {"text": "为什么？"})
    token_of("ann")
    return number


def test_explain_clock_of_a_paused_one_says_that_it_has_no_due_time(asked):
    told = run("explain_clock", asked, "objection", "--as", "ann")
    assert told.status == 0 and told.out.splitlines() == [
        f"{asked} Objection window (objection 1)",
        "limit: 2 working days (handbook S-02), on the calendar Office hours, Asia/Shanghai",
        "started 2026-11-03 10:00 (Opened by the agent and thereby served: 王喆堃); that day does not count",
        "2026-11-04 Wed: working day 1",
        "2026-11-05 Thu: working day 2",
        "close of business 2026-11-05 18:00",
        f"stands still since 2026-11-05 17:30 {ASKED}: there is no due time until it runs on (it was 2026-11-05 18:00)",
        "it runs on at the latest when “Answer to a question” runs out, 2026-11-06 18:00",
        "after the pause at least 1 working day remain",
    ]


def test_explain_clock_of_one_that_ran_on_says_who_paused_it_and_the_sum(asked, time):
    time.set("2026-11-06 10:00")
    perform(asked, "answer", acting("ian"), {"text": "因为。"})
    told = run("explain_clock", asked, "objection", "--as", "ann").out.splitlines()
    assert told[6] == (
        f"stood still from 2026-11-05 17:30 {ASKED} to 2026-11-06 10:00 (Question answered by the inspector; "
        "the objection window runs again: 白航): of 16:30 h, 1:30 h of working time are added"
    )
    assert told[-2:] == [
        "due 2026-11-09 18:00",
        "sum: 2 working days → 2026-11-05 18:00; + 1:30 h stood still → 2026-11-06 10:30; "
        "at least 1 working day → 2026-11-09 18:00; due 2026-11-09 18:00",
    ]


def test_explain_clock_in_the_terminals_language(asked, monkeypatch):
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert "2026-11-04 星期三：第1个工作日" in run("explain_clock", asked, "objection", "--as", "ann").out


def test_explain_clock_what_if_tells_both_sums_and_changes_nothing(asked, time):
    time.set("2026-11-06 10:00")
    perform(asked, "answer", acting("ian"), {"text": "因为。"})
    before = Clock.objects.values_list("due_at", "steps", "pauses").get(name="objection")
    words = ("--pause", "2026-11-09 09:00/2026-11-09 12:00", "--within", "3 workdays")
    told = run("explain_clock", asked, "objection", "--as", "ann", *words).out.splitlines()
    assert told[1] == "As it is:" and told[2].endswith("due 2026-11-09 18:00")
    assert "limit: 3 working days (supposed), on the calendar Office hours, Asia/Shanghai" in told
    assert told[-2] == (
        "sum: 3 working days → 2026-11-06 18:00; + 1:30 h stood still → 2026-11-09 10:30; at least 1 working day → "
        "2026-11-09 18:00; + 3:00 h stood still → 2026-11-10 12:00; at least 1 working day → 2026-11-10 18:00; "
        "due 2026-11-10 18:00"
    )
    assert told[-1] == "Difference: 24:00 h later"
    assert Clock.objects.values_list("due_at", "steps", "pauses").get(name="objection") == before


def test_explain_clock_what_if_over_a_holiday_on_another_calendar(asked, time):
    """The answer to ann's question: from the eve of the national holiday, round the clock or in office hours."""
    start = ("--start", "2026-09-30 17:00", "--within", "4 hours")
    office = run("explain_clock", asked, "answer", "--as", "ann", *start).out.splitlines()
    assert "2026-10-01 Thu: off, 国庆节" in office and office[-2] == (
        "sum: 1:00 + 3:00 = 4 business hours → 2026-10-08 12:00; due 2026-10-08 12:00"
    )
    always = run("explain_clock", asked, "answer", "--as", "ann", *start, "--calendar", "always").out.splitlines()
    assert always[-2].endswith("due 2026-09-30 21:00") and always[-1].endswith("h earlier")


@pytest.mark.parametrize(
    ("words", "status", "why"),
    [
        (("review",), 5, "(deemed_service, objection, answer), but there is no 'review'; name one of these"),
        (("objection", "--generation", "2"), 5, "got number 2"),
        (("objection", "--calendar", "moon"), 2, "Expected a calendar (always, eu, office, uk, us)"),
        (("objection", "--within", "3 moons"), 2, "expected a limit such as '3 workdays'"),
        (("objection", "--start", "noon"), 2, "expected a moment such as"),
        (("objection", "--start", "1999-01-01 09:00"), 2, "import the days"),
        (("objection", "--start", "9999-12-31 23:59-14:00"), 2, "Expected moments inside"),
        (("objection", "--pause", "2026-11-23 09:00"), 2, "expected a pause such as"),
        (("objection", "--pause", "2026-11-23 09:00/2026-11-22 09:00"), 2, "ends after it begins"),
    ],
)  # fmt: skip
def test_explain_clock_refuses_what_cannot_be_asked(asked, words, status, why):
    refused(run("explain_clock", asked, *words, "--as", "ann"), status, why)


def test_explain_clock_of_a_foreign_case_says_that_there_is_none(asked, token_of):
    token_of("bo")
    refused(run("explain_clock", asked, "objection", "--as", "bo"), 5, "Expected something in your scope")
