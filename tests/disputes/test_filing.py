"""Filing, adding criteria, withdrawing, and filing once more."""

import pytest

from casework.domain.errors import InvalidInput, NotAllowedNow, NotPermitted, OutOfScope
from casework.domain.perform import open_case, perform
from tests.conftest import acting
from tests.factories import CLAIMS, STATEMENT, deliver_all, dispute, evaluation, recording
from tests.seen import case, due, entry, events, parties, refused, running, sweep, tasks, told

TYPE = "disputes.ScoreDispute"
QC4, QA5 = ({"criteria": [item]} for item in CLAIMS["criteria"])
QA6 = {
    "criteria": [
        {"criterion": "QA6", "claimed": "10", "ground": "evidence_overlooked", "reasons": "见第12秒", "seconds": [12]}
    ]
}


@pytest.fixture
def scored(db, time) -> str:
    """ann's evaluation, opened on Tuesday 3 November at 10:00; its window ends on Thursday at 18:00."""
    number = evaluation()
    recording(number)
    return number


def test_file_makes_the_score_provisional_and_starts_the_clocks(scored, time, as_):
    time.set("2026-11-03 14:00")
    number = open_case(TYPE, as_("ann"), CLAIMS, subject=scored).number
    filed = case(number)
    assert (filed.state, filed.late, filed.publication, sorted(filed.claims)) == ("screening", False, 1, ["QA5", "QC4"])
    assert filed.claims["QC4"]["original"] == {"score": "0", "na": False, "failed": None}
    assert parties(number) == {
        ("agent", "A1001"), ("inspector", "Q202"), ("leader", "L301"), ("leader", "M402"),
    }  # fmt: skip
    assert tasks(number) == {("screen", "team_leader"), ("statement", "Q202")}
    assert {name: due(number, name) for name in running(number)} == {
        "screen": "2026-11-04 18:00", "statement": "2026-11-04 18:00", "whole": "2026-12-01 18:00",
        "whole.again": "2026-12-08 18:00",
    }  # fmt: skip
    assert (case(scored).state, case(scored).is_provisional, str(case(scored).score)) == ("provisional", True, "84.00")
    moved = entry(scored, "mark_provisional")
    assert (moved["actor"], moved["on_behalf_of"], moved["data"]) == ("SYSTEM", "A1001", {"case": number})
    deliver_all()
    assert (told("Q202", number), told("L301", number)) == (["dispute_filed"], ["to_screen"])
    assert case(scored).recording_state == "intact"


@pytest.mark.parametrize("login", ["lee", "ian", "qin", "qiu", "fang", "hua"])
def test_file_by_another_is_refused(scored, as_, login):
    with refused(NotPermitted):
        open_case(TYPE, as_(login), CLAIMS, subject=scored)


@pytest.mark.parametrize("login", ["bo", "luo", "ivy"])
def test_file_by_a_stranger_is_refused_as_if_there_were_no_case(scored, as_, login):
    with refused(OutOfScope):
        open_case(TYPE, as_(login), CLAIMS, subject=scored)


def test_file_on_a_draft_is_refused(db, time, as_):
    number = evaluation(publisher=None)
    with refused(OutOfScope):
        open_case(TYPE, as_("ann"), CLAIMS, subject=number)
    with refused(NotPermitted):
        open_case(TYPE, as_("ian"), CLAIMS, subject=number)


def test_file_twice_is_refused(scored, as_):
    dispute(scored)
    with refused(NotAllowedNow, "dispute_open"):
        open_case(TYPE, as_("ann"), CLAIMS, subject=scored)


def test_file_one_second_before_the_end_is_in_time(scored, time, as_):
    time.set("2026-11-05 17:59:59")
    number = open_case(TYPE, as_("ann"), CLAIMS, subject=scored).number
    assert (case(number).state, case(scored).state) == ("screening", "provisional")


def test_file_received_in_time_but_read_after_the_window_closed_is_in_time(scored, time):
    """The time that counts is receipt at the door."""
    received = time.set("2026-11-05 17:59:59")
    time.set("2026-11-05 18:02")
    sweep()
    assert case(scored).state == "final"
    number = open_case(TYPE, acting("ann", received_at=received), CLAIMS, subject=scored).number
    assert (case(number).state, case(scored).state) == ("screening", "provisional")


def test_add_criteria_inside_the_window_until_screening_ends(scored, time, as_):
    number = dispute(scored, **QC4)
    perform(number, "add_criteria", as_("ann"), QA5)
    assert sorted(case(number).claims) == ["QA5", "QC4"]
    for login in ("lee", "ian"):
        with refused(NotPermitted):
            perform(number, "add_criteria", as_(login), QA6)
    perform(number, "forward", as_("lee"))
    with refused(NotAllowedNow):
        perform(number, "add_criteria", as_("ann"), QA6)


def test_add_criteria_after_the_window_is_refused(db, time, as_):
    time.set("2026-11-03 10:00")
    scored = evaluation()
    time.set("2026-11-05 17:00")  # screening lasts until Friday, the window only until 18:00
    number = dispute(scored, **QC4)
    time.set("2026-11-05 18:00")
    with refused(NotAllowedNow, "late"):
        perform(number, "add_criteria", as_("ann"), QA5)


def test_add_criteria_after_the_statement_lets_the_inspector_speak_again(scored, time, as_):
    """Nobody is ruled on unheard: a new criterion asks for a new statement, and what was said stays."""
    number = dispute(scored, **QC4)
    perform(number, "give_statement", as_("ian"), {"criteria": STATEMENT["criteria"][:1]})
    time.set("2026-11-03 15:00")
    perform(number, "add_criteria", as_("ann"), QA5)
    assert ("statement", "Q202") in tasks(number)
    assert due(number, "statement") == "2026-11-04 18:00"
    perform(number, "give_statement", as_("ian"), {"criteria": STATEMENT["criteria"][1:]})
    claims = case(number).claims
    assert [claims[code]["statement"]["text"] for code in ("QC4", "QA5")] == ["听到语速过快", "缺少互动"]


def test_withdraw_restores_the_score_and_may_be_filed_once_more(scored, time, as_):
    number = dispute(scored)
    perform(number, "withdraw", as_("ann"))
    assert (case(number).state, case(number).outcome, case(number).is_closed) == ("withdrawn", "withdrawn", True)
    assert (running(number), tasks(number), case(scored).state) == (set(), set(), "standing")
    time.set("2026-11-04 10:00")
    again = dispute(scored)
    assert case(again).state == "screening"
    perform(again, "withdraw", as_("ann"))
    with refused(NotAllowedNow, "already_disputed"):
        open_case(TYPE, as_("ann"), CLAIMS, subject=scored)
    deliver_all()
    assert told("Q202", number) == ["dispute_filed", "withdrawn"]


def test_withdraw_after_the_ruling_is_drafted_is_refused(scored, as_):
    number = dispute(scored, upto="ruled")
    with refused(NotAllowedNow):
        perform(number, "withdraw", as_("ann"))


def test_file_again_after_the_window_is_late(scored, time, as_):
    perform(dispute(scored), "withdraw", as_("ann"))
    time.set("2026-11-05 18:00")
    number = open_case(TYPE, as_("ann"), CLAIMS, subject=scored).number
    assert (case(number).state, case(number).outcome) == ("dismissing", "inadmissible")


def test_file_without_a_leader_skips_screening_and_says_why(scored, as_):
    from tests.seen import revoke_all

    revoke_all("L301", "team_leader")
    revoke_all("M402", "team_leader")
    number = dispute(scored)
    assert (case(number).state, case(number).screening) == ("reviewing", "no_leader")
    assert "bypass" not in events(number)
    assert entry(number, "file")["data"]["screening"] == "no_leader", "the ledger says why nobody screened"
    assert ("reviewer", "M401") in parties(number)


def test_file_where_the_only_leader_scored_skips_screening_and_says_so(db, time, as_):
    from tests.seen import revoke_all

    revoke_all("M402", "team_leader")
    number = dispute(evaluation(inspector="L301"))
    assert (case(number).state, case(number).screening) == ("reviewing", "leader_scored")
    assert ("leader", "L301") not in parties(number)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"criterion": "QX9"}, "unknown_criterion"),
        ({"claimed": "11"}, "score_above_maximum"),
        ({"claimed": "9.7"}, "off_step"),
        ({"claimed": "-1"}, "below_zero"),
        ({"claimed": "NaN"}, "not_a_number"),
        ({"claimed": "1e1"}, "not_a_number"),
        ({"claimed": "１０"}, "not_a_number"),
        ({"claimed": float("nan")}, "not_a_number"),
        ({"claimed": True}, "not_a_number"),
        ({"claimed": None}, "score_missing"),
        ({"claimed": {"failed": False}}, "failed_on_normal"),
        ({"claimed": {"na": True}}, "not_applicable_not_allowed"),
        ({"criterion": "QA5", "claimed": "4"}, "not_better"),  # it has 5
        ({"criterion": "QA5", "claimed": "5.0"}, "not_better"),
        ({"ground": "because"}, "literal_error"),
        ({"reasons": ""}, "empty"),
        ({"reasons": " \u3000\n"}, "empty"),
        ({"reasons": "a\x00b"}, "nul_character"),
        ({"reasons": "a\ud800b"}, "lone_surrogate"),
        ({"reasons": "字" * 3_500_000}, "too_long"),
        ({"reasons": 5}, "string_type"),
        ({"seconds": [301]}, "beyond_recording"),  # the call has 300
        ({"seconds": [-1]}, "greater_than_equal"),
        ({"seconds": ["three"]}, "int_parsing"),
        ({"surprise": 1}, "extra_forbidden"),
    ],
)
def test_file_with_a_bad_criterion_is_refused(scored, as_, change, code):
    item = {**CLAIMS["criteria"][0], **change}
    with refused(InvalidInput, problems=[code]):
        open_case(TYPE, as_("ann"), {"criteria": [item]}, subject=scored)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (None, "missing"),
        ({}, "missing"),
        ({"criteria": []}, "too_short"),
        ({"criteria": "QC4"}, "list_type"),
        ({"criteria": [CLAIMS["criteria"][0]] * 2}, "twice"),
        ({"criteria": [{"criterion": "QC4"}]}, "missing"),
        ({**CLAIMS, "late": False}, "extra_forbidden"),
    ],
)
def test_file_with_a_bad_form_is_refused(scored, as_, data, code):
    with refused(InvalidInput, problems=[code]):
        open_case(TYPE, as_("ann"), data, subject=scored)


def test_file_on_something_else_than_an_evaluation_is_refused(scored, as_):
    number = dispute(scored)
    with refused(InvalidInput):
        open_case(TYPE, as_("ann"), CLAIMS, subject=number)
    with refused(InvalidInput):
        open_case(TYPE, as_("ann"), CLAIMS)


TEXT = "<script>alert('x')</script>\n=1+1 {{ x }} O'Brien 阿依古丽·买买提 😀"


def test_file_keeps_any_readable_text_as_it_is(scored, as_):
    item = {**CLAIMS["criteria"][0], "reasons": TEXT}
    number = open_case(TYPE, as_("ann"), {"criteria": [item]}, subject=scored).number
    assert case(number).claims["QC4"]["reasons"] == TEXT
