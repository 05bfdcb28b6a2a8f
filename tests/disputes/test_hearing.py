"""The inspector states or concedes; silence is recorded; nothing is ruled on before."""

import pytest

from casework.domain.errors import InvalidInput, NotAllowedNow, NotPermitted
from casework.domain.perform import perform
from tests.factories import RULING, STATEMENT, deliver_all, dispute, evaluation, recording
from tests.seen import case, refused, sweep, tasks, told

CONCEDED = {"criteria": [{"criterion": "QC4", "concede": True}, STATEMENT["criteria"][1]]}
ACCEPTED = {"criterion": "QC4", "decision": "accept", "reasons": "质检员认可"}


@pytest.fixture
def filed(db, time) -> str:
    number = evaluation()
    recording(number)
    return dispute(number)


def test_state_beside_screening_is_kept_by_criterion(filed, as_):
    perform(filed, "give_statement", as_("ian"), STATEMENT)
    assert (case(filed).heard, case(filed).claims["QC4"]["statement"]) == (
        "stated",
        {"text": "听到语速过快", "conceded": False},
    )
    assert tasks(filed) == {("screen", "team_leader")}
    with refused(NotAllowedNow, "already_heard"):
        perform(filed, "give_statement", as_("ian"), STATEMENT)


@pytest.mark.parametrize("login", ["ivy", "qin", "lee", "ann"])
def test_state_by_another_is_refused(filed, as_, login):
    from casework.domain.errors import OutOfScope

    with refused(OutOfScope if login == "ivy" else NotPermitted):
        perform(filed, "give_statement", as_(login), STATEMENT)


def test_state_by_the_inspectors_second_account_is_the_same_person(filed, as_):
    perform(filed, "give_statement", as_("ian2"), STATEMENT)
    assert case(filed).heard == "stated"


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ([{"criterion": "QA6", "text": "x"}], "not_disputed"),
        ([{"criterion": "QC4", "text": " "}], "empty"),
        ([{"criterion": "QC4", "text": "x"}, {"criterion": "QC4", "concede": True}], "twice"),
        ([{"criterion": "QC4", "text": "a\x00"}], "nul_character"),
        ([{"criterion": "QC4", "text": "字" * 20_001}], "too_long"),
        ([{"criterion": "QC4", "concede": "perhaps"}], "bool_parsing"),
    ],
)
def test_state_badly_is_refused(filed, as_, items, code):
    with refused(InvalidInput, problems=[code]):
        perform(filed, "give_statement", as_("ian"), {"criteria": items})


def test_concede_leaves_the_reviewer_only_to_accept(filed, as_):
    perform(filed, "give_statement", as_("ian"), CONCEDED)
    perform(filed, "forward", as_("lee"))
    deliver_all()
    maintained = RULING["criteria"][1]
    for decision in (
        {"decision": "maintain"},
        {"decision": "other", "value": "6"},
        {"decision": "inadmissible", "ground": "no_reasons"},
    ):
        with refused(InvalidInput, problems=["conceded"]):
            perform(
                filed, "rule", as_("qin"), {"criteria": [{"criterion": "QC4", "reasons": "x", **decision}, maintained]}
            )
    perform(filed, "rule", as_("qin"), {"criteria": [ACCEPTED, maintained]})
    ruled = case(filed)
    assert (ruled.state, ruled.outcome, ruled.claims["QC4"]["decision"]["value"]["score"]) == (
        "signing",
        "adjusted",
        "10",
    )


def test_silence_is_recorded_and_late_statements_are_refused(filed, time, as_):
    time.set("2026-11-04 18:00")
    with refused(NotAllowedNow, "late"):
        perform(filed, "give_statement", as_("ian"), STATEMENT)
    time.set("2026-11-04 18:01")
    sweep()
    assert (case(filed).heard, case(filed).claims["QC4"]["statement"]) == ("silent", None)
    deliver_all()
    assert "silence_recorded" in told("Q202", filed) and "silence_recorded" in told("M401", filed)
    with refused(NotAllowedNow):
        perform(filed, "give_statement", as_("ian"), STATEMENT)


def test_state_one_second_before_the_limit_counts(filed, time, as_):
    time.set("2026-11-04 17:59:59")
    perform(filed, "give_statement", as_("ian"), STATEMENT)
    assert case(filed).heard == "stated"


def test_rule_before_the_inspector_was_heard_is_refused(filed, time, as_):
    perform(filed, "forward", as_("lee"))
    deliver_all()
    with refused(NotAllowedNow, "not_heard"):
        perform(filed, "rule", as_("qin"), RULING)
    time.set("2026-11-04 18:01")
    sweep()
    perform(filed, "rule", as_("qin"), RULING)
    assert case(filed).state == "signing"


def test_give_statement_when_a_criterion_is_left_out_is_refused(db, time, as_):
    number = dispute(upto="filed")
    with refused(InvalidInput, problems=["not_stated"]):
        perform(number, "give_statement", as_("ian"), {"criteria": [{"criterion": "QC4", "text": "听到语速过快"}]})
