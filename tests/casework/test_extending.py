"""More time for a deadline: by a director who is free, for reasons, as much and as often as policy gives."""

import json

import pytest

from casework.domain.errors import InvalidInput, NotAllowedNow, NotPermitted
from casework.domain.now import now
from casework.domain.perform import perform
from casework.domain.staff import grant
from casework.models import ClockWarning, Unit
from tests.conftest import acting
from tests.factories import arbitration, deliver_all, dispute
from tests.laws.invariants import check
from tests.seen import case, clock, due, entry, local, parties, person, refused, sweep, told

WHY = {"clock": "review", "reasons": "录音需要翻译。"}


@pytest.fixture
def reviewing(db, time) -> str:
    """ann's dispute, before qin since Tuesday; her two days end on Thursday."""
    number = dispute(upto="forwarded")
    assert due(number, "review") == "2026-11-05 18:00"
    return number


def test_extend_when_policy_gives_time_moves_the_deadline_and_tells_everyone(reviewing, time):
    deliver_all()
    time.on(hours=2)
    perform(reviewing, "extend_clock", acting("fang"), WHY)
    deliver_all()
    assert due(reviewing, "review") == "2026-11-09 18:00"  # Friday and Monday
    assert [told(no, reviewing)[-1] for no in ("A1001", "Q202", "M401")] == ["extended"] * 3
    shown = [c for c in entry(reviewing, "extend_clock")["clocks"] if c["clock"] == "review"]
    assert [(c["change"], c["reason"]) for c in shown] == [("extend", "granted")]
    assert "翻译" not in json.dumps(entry(reviewing, "extend_clock"), ensure_ascii=False)
    assert not {p for p in parties(reviewing) if p[0] == "timekeeper"}, "whoever gave the time keeps no seat"
    waiting = ClockWarning.objects.filter(clock=clock(reviewing, "review"), done_at=None).order_by("due_at")
    assert waiting and all(now() < w.due_at <= clock(reviewing, "review").due_at for w in waiting)
    check(reviewing)


def test_extend_when_the_time_is_used_up_is_refused(reviewing):
    perform(reviewing, "extend_clock", acting("fang"), WHY)
    with refused(NotAllowedNow, "no_extension_left"):
        perform(reviewing, "extend_clock", acting("fang"), WHY)


def test_extend_of_a_deadline_that_policy_gives_no_time_for_names_those_it_does(reviewing):
    with refused(InvalidInput, problems={"not_extensible"}) as refusal:
        perform(reviewing, "extend_clock", acting("fang"), {**WHY, "clock": "whole"})
    assert "review" in str(refusal.error)


def test_extend_before_there_is_such_a_deadline_is_refused(db, time):
    number = dispute()
    with refused(NotAllowedNow, "no_extension_left"):
        perform(number, "extend_clock", acting("fang"), WHY)


@pytest.mark.parametrize("login", ["ann", "lee", "ian", "qin"])
def test_extend_by_anybody_but_a_director_is_refused(login, reviewing):
    """Also by whose work it is."""
    with refused(NotPermitted):
        perform(reviewing, "extend_clock", acting(login), WHY)


def test_extend_by_a_director_who_is_barred_is_refused(reviewing):
    """Ian scored the call, and is made a director."""
    from casework.domain.actor import system

    grant(person("Q202"), "director", Unit.objects.get(code="OC"), system())
    with refused(NotPermitted, "barred"):
        perform(reviewing, "extend_clock", acting("ian"), WHY)


def test_extended_deadline_when_it_passes_too_hands_the_case_on(reviewing, time):
    perform(reviewing, "extend_clock", acting("fang"), WHY)
    time.to(clock(reviewing, "review").due_at, seconds=60)
    sweep()
    assert clock(reviewing, "review").generation == 2, "the next reviewer has their own time"
    assert clock(reviewing, "review").extensions == []
    check(reviewing)


def test_extended_deadline_when_the_calendar_changes_is_reckoned_with_what_was_given(reviewing, time):
    """Monday the 9th is made a day off: Friday and Tuesday."""
    from casework.domain.actor import system
    from casework.models import CalendarDay, Stamp

    perform(reviewing, "extend_clock", acting("fang"), WHY)
    CalendarDay.objects.create(calendar="office", date="2026-11-09", working=False, holiday="立冬")
    stamp = Stamp.objects.get(pk=1)
    stamp.version += 1
    stamp.save()
    perform(reviewing, "reckon_clocks", system(cause="test"))
    assert due(reviewing, "review") == "2026-11-10 18:00"
    check(reviewing)


def test_extend_when_a_panel_votes_gives_each_that_is_named_a_day(db, time):
    number = arbitration(upto="revealed")
    assert case(number).state == "voting"
    before = clock(number, "vote_1").due_at
    perform(number, "extend_clock", acting("fang"), {**WHY, "clock": "vote_1"})
    assert clock(number, "vote_1").due_at > before
    check(number)
    with refused(InvalidInput, problems={"not_extensible"}):
        perform(number, "extend_clock", acting("fang"), {**WHY, "clock": "vote_1"})


def test_extended_deadline_explains_itself(reviewing):
    from django.utils.translation import override

    from casework.queries.case_page import clocks_of

    perform(reviewing, "extend_clock", acting("fang"), WHY)
    with override("en"):
        clocks = clocks_of(reviewing, acting("qin"))
    review = next(c for c in clocks if c["name"] == "review" and c["state"] == "running")
    said = "\n".join(review["explanation"])
    assert "extended from 2026-11-05 18:00 to 2026-11-09 18:00" in said and "more time was granted" in said
    assert f"extended → {local(clock(reviewing, 'review').due_at)}" in said
