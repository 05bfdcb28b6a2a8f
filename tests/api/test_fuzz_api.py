"""Whatever is posted, the API answers with a result or a problem, never with an error of its own."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casework.domain.law import laws
from tests.factories import CLAIMS, RULING, STATEMENT, dispute, evaluation

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from([
        "QC4", "QA5", "10", "6.5", "accept", "other", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00",
        "\0", "\ud800", "fact_wrong", 70_000, 2**63 - 1, 2**64, -1, "ten-item",
    ]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
FORMS = {
    "amend": CLAIMS, "add_criteria": CLAIMS, "give_statement": STATEMENT, "rule": RULING,
    "record_receipt": {"received_at": "2026-11-03T10:00:00+08:00", "proof": "x"}, "return_to_agent": {"reasons": "x"},
    "question": {"text": "x"}, "answer": {"text": "x"}, "recuse": {"category": "other"},
    "propose_correction": {"changes": [{"criterion": "QC4", "value": "10", "reasons": "x"}]},
    "add_evidence": {"sha256": "0" * 64, "shows": "x", "seconds": [5]},
    "sign": {"document_sha256": "0" * 64, "credential": "x"}, "ask_reinstatement": {"cause": "leave", "reasons": "x"},
}  # fmt: skip
ACTIONS = sorted(
    {name for law in laws().values() for name in law.actions} | {"no_such", "state", "__init__", "x" * 300}
)


@st.composite
def bodies(draw, action: str):
    """The form's usual data with one place replaced, or anything."""
    if action not in FORMS or draw(st.booleans()):
        return draw(st.dictionaries(st.text(max_size=5), VALUES, max_size=3))
    data = json.loads(json.dumps(FORMS[action]))
    place = data
    while True:
        key = draw(st.sampled_from(sorted(place))) if isinstance(place, dict) else draw(st.integers(0, len(place) - 1))
        inside = place[key]
        if isinstance(inside, dict | list) and inside and draw(st.booleans()):
            place = inside
            continue
        place[key] = draw(VALUES)
        return data


@pytest.fixture
def cases(api):
    deliverable = dispute(upto="forwarded")
    return [
        deliverable,
        dispute(evaluation(agent="A1004", reader="a1004"), agent="a1004"),
        evaluation(agent="A1007", reader=None),
    ]


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_post_action_with_anything_never_breaks(cases, api, data):
    login = data.draw(st.sampled_from(["ann", "ian", "lee", "qin", "hua", "a1004"]))
    action = data.draw(st.sampled_from(ACTIONS))
    number = data.draw(st.sampled_from(cases))
    body = {"data": data.draw(bodies(action)), "version": data.draw(st.none() | st.integers(0, 20))}
    answered(api(login), f"/cases/{number}/actions/{action}", body, data.draw(st.none() | st.text(max_size=5)))


SCORECARD = {
    "external_id": "EV-F", "rubric": "ten-item", "rubric_version": 1, "interaction_id": "CALL-F", "channel": "phone",
    "started_at": "2026-10-20T10:00:00+08:00", "duration_s": 300, "agent_no": "A1001", "inspector_no": "Q202",
    "scored_at": "2026-10-22T10:00:00+08:00", "scores": {"QC1": {"score": "10"}},
}  # fmt: skip


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_post_cases_with_anything_never_breaks(cases, api, data):
    field = data.draw(st.sampled_from(sorted(SCORECARD)))
    given = {**SCORECARD, field: data.draw(VALUES)}
    body = {"type": "evaluations.Evaluation", "data": given}
    answered(api("qin"), "/cases", body, None)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=VALUES)
def test_post_with_any_json_never_breaks(cases, api, body):
    answered(api("lee"), "/cases", body, None)
    answered(api("lee"), f"/cases/{cases[0]}/actions/forward", body, None)


def answered(caller, path: str, body, key: str | None) -> None:
    headers = dict(caller.headers)
    if key is not None and key.isascii() and key.isprintable():
        headers["Idempotency-Key"] = key
    response = caller.client.post(f"/api/v1{path}", json.dumps(body), content_type="application/json", headers=headers)
    assert response.status_code < 500, (path, body, response.content)
    if response.status_code >= 400:
        assert response["Content-Type"] == "application/problem+json" and response.json()["code"]
