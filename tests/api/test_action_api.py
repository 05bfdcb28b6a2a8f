"""Opening and acting through the API: the happy way, every refusal, keys, versions, statements."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from casework.models import Account, CaseEvent
from tests.factories import CLAIMS, RULING, STATEMENT, credential, deliver_all, dispute, evaluation
from workflows.evaluations.models import Evaluation


def opening(subject: str) -> dict:
    return {"type": "disputes.ScoreDispute", "subject": subject, "data": CLAIMS}


def test_post_cases_opens_a_dispute_and_says_where_it_is(api):
    caller = api("ann")
    done = caller.post("/cases", opening(evaluation()), 201, key="k-1")
    assert done["event"]["event"] == "filed" and done["event"]["door"] == "api" and not done["repeated"]
    assert caller.response["Location"] == f"/api/v1/cases/{done['case']}"
    assert api("ann").get(f"/cases/{done['case']}")["state"]["code"] == "screening"


def test_post_cases_with_a_known_key_gives_the_first_case_again(api):
    body = opening(evaluation())
    first, again = (api("ann").post("/cases", body, 201, key="same") for _ in range(2))
    assert again["repeated"] and again["case"] == first["case"]
    other = {**body, "data": {"criteria": CLAIMS["criteria"][:1]}}
    assert api("ann").post("/cases", other, 422, key="same")["code"] == "key_reused"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"type": "no.Such", "data": {}}, "invalid_input"),
        ({"type": "disputes.ScoreDispute", "data": CLAIMS}, "invalid_input"),  # needs a subject
        ({"data": {}}, "invalid_input"),
        ({"type": "disputes.ScoreDispute", "subject": 7, "data": {}}, "invalid_input"),
        ({"type": "disputes.ScoreDispute", "data": []}, "invalid_input"),
        ({"type": "disputes.ScoreDispute", "data": {}, "as": "SYSTEM"}, "invalid_input"),
    ],
)
def test_post_cases_when_body_is_wrong_is_invalid(api, body, code):
    assert api("ann").post("/cases", body, 422)["code"] == code


def test_main_job_through_the_api_moves_the_score(api):
    from casework.models import Document
    from tests.factories import recording

    subject = evaluation()
    recording(subject)
    number = api("ann").post("/cases", opening(subject), 201)["case"]
    api("ian").act(number, "give_statement", STATEMENT)
    api("lee").act(number, "forward")
    deliver_all()
    qin = api("qin")
    qin.act(number, "rule", RULING, version=qin.version(number))
    deliver_all()
    draft = Document.objects.get()
    signature = {"document_sha256": draft.file_sha256, "credential": credential("qin")}
    event = qin.act(number, "sign", signature, version=qin.version(number))["event"]
    assert "credential" not in str(event)
    deliver_all()
    case = api("ann").get(f"/cases/{number}")
    assert case["details"]["outcome"]["code"] == "adjusted" and case["details"]["served_how"] == "opened"
    assert api("ann").get(f"/cases/{subject}")["details"]["score"]["value"] == "90.00"


def test_post_action_refusals_have_their_codes_and_statuses(api):
    number = dispute(upto="stated")
    qin = api("qin")
    assert api("ann").act(number, "no_such", status=404)["code"] == "unknown_action"
    assert api("ann").act(number, "file", status=404)["code"] == "unknown_action"
    assert api("ann").act(number, "forward", status=403)["code"] == "not_permitted"
    assert api("ann").act(number, "issue", status=403)["code"] == "not_permitted"
    assert api("ann").act(number, "insist", status=409)["code"] == "not_allowed_now"
    assert api("lee").act(number, "return_to_agent", {}, 422)["problems"][0]["field"] == "reasons"
    barred = api("lee").act(number, "claim", status=403, version=1)
    assert barred["code"] == "barred" and "leads_unit" in barred["bars"]
    api("lee").act(number, "forward")
    stale = qin.act(number, "rule", RULING, 409, version=1)
    assert stale["code"] == "stale" and stale["version"] == qin.version(number)
    deliver_all()
    assert qin.act(number, "rule", {"criteria": []}, 422, version=qin.version(number))["code"] == "invalid_input"
    assert api("ann").act(number, "withdraw", status=422, key="")["code"] == "invalid_input"


def test_post_action_when_deciding_without_version_is_invalid(api):
    number = dispute(upto="forwarded")
    problem = api("qin").act(number, "rule", RULING, 422)
    assert problem["code"] == "invalid_input" and problem["problems"][0]["field"] == "version"
    api("bo").act(number, "rule", RULING, 404)


def test_post_action_with_a_known_key_gives_the_first_event_again(api):
    number = dispute()
    first, again = (api("lee").act(number, "forward", key="once") for _ in range(2))
    assert not first["repeated"] and again["repeated"] and again["event"] == first["event"]
    assert CaseEvent.objects.filter(action="forward").count() == 1


def test_post_action_when_machine_may_not_decide(api):
    number = dispute(upto="forwarded")
    Account.objects.filter(username="qin").update(is_machine=True)
    qin = api("qin")
    assert qin.act(number, "rule", RULING, 403, version=qin.version(number))["code"] == "not_permitted"


def test_get_case_when_machine_opens_it_serves_nobody(api):
    number = evaluation(reader=None)
    Account.objects.filter(username="ann").update(is_machine=True)
    api("ann").get(f"/cases/{number}")
    assert Evaluation.objects.get().served_at is None


def test_post_action_when_superuser_without_a_person_is_refused(api):
    number = dispute()
    root = api("root")
    root.get(f"/cases/{number}", 404)
    assert root.act(number, "forward", status=403)["code"] == "not_permitted"
    assert root.get("/cases")["cases"] == [] and root.get("/inbox")["tasks"] == []


def test_post_action_records_door_and_time_of_receipt(api, time):
    number = dispute()
    event = api("lee").act(number, "forward")["event"]
    assert (event["door"], event["authenticated"], event["account"]) == ("api", "token", "lee")
    assert event["received_at"] == "2026-11-03T02:00:00.000000Z" and "impersonated" not in event


def test_post_action_takes_few_statements(api):
    number = dispute()
    dispute(evaluation(agent="A1004", reader="a1004"), agent="a1004", upto="forwarded")
    lee = api("lee")
    with CaptureQueriesContext(
        connection,
    ) as asked:
        lee.act(number, "forward")
    statements = [q["sql"] for q in asked if not q["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))]
    if connection.vendor == "postgresql":
        assert len(statements) <= 1 + 4, statements  # login; read, loads of the pool, record
    else:
        assert len(statements) <= 1 + 20, statements
