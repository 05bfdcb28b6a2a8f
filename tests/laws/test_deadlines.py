"""Every deadline explains itself: who and why in words, and a sum that leads to its due time."""

import re
from datetime import date

import pytest
from django.utils import translation

from casework import queries
from casework.domain.actor import system
from casework.domain.perform import perform
from casework.domain.reading import read_family
from casework.domain.staff import record_leave
from casework.models import Account, Clock, Party
from tests.conftest import acting
from tests.factories import dispute, evaluation, recording
from tests.laws.invariants import check_clocks
from tests.seen import local, person, sweep


@pytest.fixture
def story(db, time) -> tuple[str, str]:
    """Ann is on leave when her score is published, asks about it when she is back, and disputes it at the year's end:
    (evaluation, dispute)."""
    time.set("2026-12-16 10:00")
    record_leave(person("A1001"), date(2026, 12, 16), date(2026, 12, 24), system())
    number = evaluation(reader=None)
    recording(number)
    time.set("2026-12-17 18:01")
    sweep()
    time.set("2026-12-25 09:00")
    perform(number, "read", acting("ann"))
    time.set("2026-12-29 17:30:20")
    perform(number, "question", acting("ann"), {"text": "为什么？"})
    time.set("2026-12-30 10:00:50")
    perform(number, "answer", acting("ian"), {"text": "因为。"})
    time.set("2026-12-31 11:00")
    return number, dispute(number, upto="forwarded")


def explained(number: str, name: str, login: str) -> list[str]:
    return next(c["explanation"] for c in queries.clocks_of(number, acting(login)) if c["name"] == name)


def test_deadline_of_any_kind_adds_up_and_says_when_it_is_due(story):
    check_clocks(read_family(story[0]))
    clocks = Clock.objects.select_related("case")
    kinds = {step["step"] for clock in clocks for step in clock.steps}
    assert kinds >= {"counted_day", "skipped_day", "pause", "ran", "minimum_left", "extended", "provisional"}
    for clock in clocks:
        said, due = explained(clock.case.number, clock.name, "ann"), f"due {local(clock.due_at)}"
        assert due in said and [line for line in said if line.startswith("sum: ") and line.endswith(due)], said


def test_deadline_that_was_moved_says_by_whom_why_and_from_when_to_when(story):
    said = explained(story[0], "deemed_service", "ann")
    assert "extended from 2026-12-17 18:00 to 2026-12-25 18:00 (System), because of: leave" in said
    assert said[-2:] == [
        "sum: 1 working day → 2026-12-17 18:00; extended → 2026-12-25 18:00; due 2026-12-25 18:00",
        "ended 2026-12-25 09:00 (Opened by the agent and thereby served: 王喆堃)",
    ]


def test_deadline_as_whoever_decides_reads_it_names_nobody_whom_they_may_not_know(story):
    """The reviewer sees the agent by the part, and the leader, who is no party, by name."""
    number = story[1]
    reviewer = Party.objects.get(case__number=number, role="reviewer", until=None)
    login = Account.objects.get(person=reviewer.person_id).username
    said = "\n".join(explained(number, "screen", login))
    assert "王喆堃" not in said and "(Filed by the agent: " in said


def test_deadline_in_chinese_says_the_same_figures(story):
    figures = re.compile(r"[0-9]+[-:0-9]*")
    english = explained(story[0], "objection", "ann")
    with translation.override("zh-hans"):
        chinese = explained(story[0], "objection", "ann")
    assert [figures.findall(line) for line in chinese[1:]] == [figures.findall(line) for line in english[1:]]
