"""The leader forwards or returns; the agent insists, amends or withdraws; nobody can hold a dispute up."""

import pytest

from casework.domain.errors import InvalidInput, NotAllowedNow, NotPermitted, OutOfScope
from casework.domain.perform import perform
from tests.factories import CLAIMS, deliver_all, dispute, evaluation
from tests.seen import case, due, entry, parties, refused, reviewer, revoke_all, running, sweep, tasks, told

REASONS = {"reasons": "请补充具体时间点"}


@pytest.fixture
def filed(db, time) -> str:
    """ann's dispute, filed on Tuesday 3 November at 10:00."""
    return dispute(evaluation())


def test_forward_seats_a_reviewer_who_is_free(filed, time, as_):
    perform(filed, "forward", as_("lee"))
    assert (case(filed).state, case(filed).screening, reviewer(filed)) == ("reviewing", "forwarded", "M401")
    assert due(filed, "review") == "2026-11-05 18:00"
    assert ("review", "M401") in tasks(filed)
    (choice,) = entry(filed, "forward")["choices"]
    assert (choice["chosen"], choice["pool"]) == ("M401", ["M401"])
    assert choice["barred"] == {"M402": ["leads_unit", "led_unit_at_filing", "deputy_of_barred"], "Q202": ["scored"]}
    deliver_all()
    assert "to_review" in told("M401", filed)
    assert told("A1001", filed)[-2:] == ["forwarded", "reviewer_seated"]


def test_forward_by_the_leaders_deputy_names_in_whose_stead(filed, as_):
    perform(filed, "forward", as_("qiu"))
    assert entry(filed, "forward")["grant"]["in_stead_of"] == "L301"


@pytest.mark.parametrize(
    ("login", "kind"), [("luo", OutOfScope), ("ann", NotPermitted), ("qin", NotPermitted), ("ian", NotPermitted)]
)
def test_forward_by_another_is_refused(filed, as_, login, kind):
    with refused(kind):
        perform(filed, "forward", as_(login))


def test_forward_by_the_leader_who_scored_is_refused(db, time, as_):
    number = dispute(evaluation(inspector="L301"))
    assert case(number).state == "screening", "the deputy may screen"
    with refused(NotPermitted):
        perform(number, "forward", as_("lee"))
    perform(number, "forward", as_("qiu"))


def test_return_needs_reasons_and_gives_the_agent_two_days(filed, time, as_):
    with refused(InvalidInput, problems=["empty"]):
        perform(filed, "return_to_agent", as_("lee"), {"reasons": " "})
    perform(filed, "return_to_agent", as_("lee"), REASONS)
    assert (case(filed).state, due(filed, "returned")) == ("returned", "2026-11-05 18:00")
    assert tasks(filed) == {("reply", "A1001"), ("statement", "Q202")}
    deliver_all()
    assert told("A1001", filed) == ["returned"]
    with refused(NotAllowedNow):
        perform(filed, "forward", as_("lee"))


def test_return_and_insist_goes_to_review(filed, as_):
    perform(filed, "return_to_agent", as_("lee"), REASONS)
    with refused(NotPermitted):
        perform(filed, "insist", as_("lee"))
    perform(filed, "insist", as_("ann"))
    assert (case(filed).state, case(filed).screening, reviewer(filed)) == ("reviewing", "insisted", "M401")


def test_return_and_amend_goes_back_to_the_leader(filed, time, as_):
    perform(filed, "return_to_agent", as_("lee"), REASONS)
    time.set("2026-11-04 10:00")
    new = {"criteria": [{**CLAIMS["criteria"][0], "claimed": "8", "reasons": "见第35秒与第50秒"}]}
    perform(filed, "amend", as_("ann"), new)
    amended = case(filed)
    assert (amended.state, amended.claims["QC4"]["claimed"]["score"], sorted(amended.claims)) == (
        "screening",
        "8",
        ["QA5", "QC4"],
    )
    assert due(filed, "screen") == "2026-11-05 18:00"


def test_amend_after_the_window_adds_no_criterion(filed, time, as_):
    """Criteria may be added inside the window only; after it the agent may still mend what was disputed."""
    time.set("2026-11-04 17:00")
    perform(filed, "return_to_agent", as_("lee"), REASONS)
    time.set("2026-11-06 10:00")
    sweep()
    added = {"criteria": [{"criterion": "QA6", "claimed": "10", "ground": "fact_wrong", "reasons": "补充"}]}
    with refused(NotAllowedNow, "late"):
        perform(filed, "amend", as_("ann"), added)
    perform(filed, "amend", as_("ann"), {"criteria": [{**CLAIMS["criteria"][0], "reasons": "见第35秒"}]})
    assert case(filed).state == "screening"


def test_return_and_withdraw_restores_the_score(filed, as_):
    perform(filed, "return_to_agent", as_("lee"), REASONS)
    perform(filed, "withdraw", as_("ann"))
    assert (case(filed).state, running(filed)) == ("withdrawn", set())


def test_return_left_unanswered_lapses_and_the_agent_was_told_twice_before(filed, time, as_):
    perform(filed, "return_to_agent", as_("lee"), REASONS)
    subject = case(filed).subject.number
    for moment, warned in [
        ("2026-11-04 17:59", 0),
        ("2026-11-04 18:00", 0),  # nobody is at work any more
        ("2026-11-05 09:00", 1),
        ("2026-11-05 15:59", 1),
        ("2026-11-05 16:00", 2),
    ]:
        time.set(moment)
        sweep()
        deliver_all()
        assert told("A1001", filed).count("clock_warning") == warned, moment
    time.set("2026-11-05 18:01")
    sweep()
    deliver_all()
    assert (case(filed).state, case(filed).outcome, running(filed)) == ("lapsed", "lapsed", set())
    assert told("A1001", filed)[-1] == "lapsed"
    assert (case(subject).state, str(case(subject).score)) == ("final", "84.00")


def test_bypass_when_the_leader_lets_the_limit_pass(filed, time, as_):
    time.set("2026-11-04 18:01")
    sweep()
    assert (case(filed).state, case(filed).screening, reviewer(filed)) == ("reviewing", "bypassed", "M401")
    assert entry(filed, "bypass")["actor"] == "SYSTEM"
    deliver_all()
    assert "bypassed" in told("A1001", filed) and "bypassed" in told("L301", filed)
    with refused(NotAllowedNow):
        perform(filed, "forward", as_("lee"))


def test_bypass_by_hand_is_refused(filed, as_):
    for login in ("lee", "qin", "ann"):
        with refused(NotPermitted):
            perform(filed, "bypass", as_(login))


def test_bypass_with_nobody_free_leaves_the_seat_empty_in_plain_sight(filed, time, as_):
    revoke_all("M401", "qa_lead")
    time.set("2026-11-04 18:01")
    sweep()
    assert (case(filed).state, reviewer(filed)) == ("reviewing", None)
    assert ("review", "qa_lead") in tasks(filed)
    deliver_all()
    assert "no_reviewer" in told("F801", filed) and "no_reviewer" in told("U999", filed)
    assert {role for role, _no in parties(filed)} == {"agent", "inspector", "leader"}
