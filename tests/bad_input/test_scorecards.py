"""Evaluations that cannot be right are refused whole, naming the field; readable text of any kind is kept."""

from datetime import UTC, datetime

import pytest

from casework.domain.errors import InvalidInput, NotPermitted
from casework.domain.perform import open_case, perform
from tests.conftest import acting
from tests.factories import evaluation, scorecard
from tests.seen import case, refused

FULL = {"score": "10", "na": False, "failed": None, "at": None, "comment": ""}


def card(**changes) -> dict:
    return {**scorecard({}), **changes}


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"agent": "A9999"}, "unknown_person"),
        ({"agent": ""}, "unknown_person"),
        ({"inspector": "X\x00"}, "nul_character"),
        ({"inspector": "Q202 "}, "unknown_person"),
        ({"rubric": "no-such"}, ""),
        ({"rubric_version": 99}, ""),
        ({"rubric_version": 10**30}, ""),
        ({"rubric_version": "one"}, "int_parsing"),
        ({"started_at": datetime(2026, 8, 31, 15, 59, tzinfo=UTC)}, "rubric_not_in_force"),
        ({"started_at": "2026-10-20 10:00"}, "timezone_aware"),
        ({"started_at": "yesterday"}, "datetime_from_date_parsing"),
        ({"started_at": "9999-12-31T23:59:59Z"}, ""),
        ({"started_at": "0001-01-01T00:00:00+08:00"}, ""),
        ({"duration_s": -1}, "greater_than_equal"),
        ({"duration_s": 86_401}, "less_than_equal"),
        ({"purpose": "practice"}, "literal_error"),
        ({"external_id": "E" * 61}, "string_too_long"),
        ({"external_id": ""}, "string_too_short"),
        ({"interaction_id": "C" * 61}, "string_too_long"),
        ({"channel": "c" * 21}, "string_too_long"),
        ({"customer_ref": "1" * 61}, "string_too_long"),
        ({"team": "t" * 61}, "string_too_long"),
        ({"team": "\ud800"}, "lone_surrogate"),
        ({"content_digest": "xyz"}, "string_pattern_mismatch"),
        ({"surprise": 1}, "extra_forbidden"),
        ({"scores": {}}, "too_short"),
        ({"scores": []}, "dict_type"),
        ({"scores": card(XX1=FULL)}, "unknown_criterion"),
        ({"scores": {k: v for k, v in card().items() if k != "QC1"}}, "criterion_missing"),
        ({"scores": card(QC1={**FULL, "score": None})}, "score_missing"),
        ({"scores": card(QC1={**FULL, "score": "10.5"})}, "score_above_maximum"),
        ({"scores": card(QC1={**FULL, "score": "9.9"})}, "off_step"),
        ({"scores": card(QC1={**FULL, "score": "-0.5"})}, "below_zero"),
        ({"scores": card(QC1={**FULL, "score": "NaN"})}, "not_a_number"),
        ({"scores": card(QC1={**FULL, "score": "Infinity"})}, "not_a_number"),
        ({"scores": card(QC1={**FULL, "score": float("inf")})}, "not_a_number"),
        ({"scores": card(QC1={**FULL, "score": "1e3"})}, "not_a_number"),
        ({"scores": card(QC1={**FULL, "score": "９"})}, "not_a_number"),
        ({"scores": card(QC1={**FULL, "score": "٩"})}, "not_a_number"),
        ({"scores": card(QC1={**FULL, "score": "0x9"})}, "not_a_number"),
        ({"scores": card(QC1={**FULL, "score": 10**5000})}, ""),
        ({"scores": card(QC1={**FULL, "score": [9]})}, "not_a_number"),
        ({"scores": card(QC1={**FULL, "na": True})}, "not_applicable_not_allowed"),
        ({"scores": card(QC1={**FULL, "failed": True})}, "failed_on_normal"),
        ({"scores": card(QC1={**FULL, "at": 301})}, "beyond_recording"),
        ({"scores": card(QC1={**FULL, "comment": "字" * 20_001})}, "too_long"),
        ({"scores": card(QC1={**FULL, "comment": "a\x00"})}, "nul_character"),
        ({"scores": card(QC1="10")}, ""),
    ],
)
def test_score_badly_is_refused(db, time, values, code):
    with refused(InvalidInput, problems=[code] if code else []):
        evaluation(publisher=None, **values)


@pytest.mark.parametrize("data", [[], [1], "text", 5, {1: 2}, {"criteria": None}])
def test_data_of_another_shape_is_refused(db, time, data):
    number = evaluation()
    with refused(InvalidInput):
        open_case("disputes.ScoreDispute", acting("ann"), data, subject=number)
    with refused(InvalidInput):
        perform(number, "question", acting("ann"), data)
    with refused(InvalidInput):
        open_case("evaluations.Evaluation", acting("qin"), data)


def test_data_nested_deeper_than_anyone_needs_is_refused(db, time):
    nested: list = []
    for _level in range(50_000):
        nested = [nested]
    number = evaluation()
    with refused(InvalidInput):
        perform(number, "question", acting("ann"), {"text": nested})


@pytest.mark.parametrize("login", ["ann", "lee", "hua", "aud", "root"])
def test_score_without_the_role_is_refused(db, time, login):
    with refused(NotPermitted):
        evaluation(importer=login, publisher=None)


def test_score_the_same_twice_is_refused(db, time):
    number = evaluation(publisher=None)
    first = case(number)
    with refused(InvalidInput, problems=["changed_without_correction"]):
        evaluation(publisher=None, external_id=first.external_id)
    with refused(InvalidInput, problems=["already_scored"]):
        evaluation(publisher=None, interaction_id=first.interaction_id)
    recheck = evaluation(publisher=None, interaction_id=first.interaction_id, purpose="recheck")
    assert case(recheck).purpose == "recheck"


TEXT = "<b>加粗</b> =1+1 {{ x }} O'Brien 阿依古丽·买买提 喆堃璟彧龑犇镕昇玥頔 😀 \u202e %s \\n"


def test_score_keeps_any_readable_text_as_it_is(db, time):
    number = evaluation(publisher=None, scores=card(QC1={**FULL, "comment": TEXT, "score": "9.50"}), team="=1+1")
    kept = case(number)
    assert (kept.original["QC1"]["comment"], kept.original["QC1"]["score"], kept.team) == (TEXT, "9.5", "=1+1")
