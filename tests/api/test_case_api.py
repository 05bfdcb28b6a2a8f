"""Reading cases: scope, masking, drafts, service."""

import json

import pytest

from casework.domain.perform import perform
from casework.models import CaseEvent, Document, Party
from tests.conftest import acting
from tests.factories import CLAIMS, RULING, STATEMENT, advance, deliver_all, dispute, evaluation
from workflows.evaluations.models import Evaluation

PARTS = ("", "/events", "/clocks", "/documents", "/evidence", "/actions")
HIDDEN = ("A1001", "王喆堃", "Q202", "白航", "L301", "李组长", '"ann"', '"ian"', '"lee"')


def text_of(answer) -> str:
    return json.dumps(answer, ensure_ascii=False)


def test_get_case_when_party_tells_all_of_it(api):
    number = dispute()
    case = api("ann").get(f"/cases/{number}")
    assert case["number"] == number
    assert case["state"] == {"code": "screening", "label": "leader screening"}
    assert {"role": "agent", "label": "Agent", "person": {"no": "A1001", "name": "王喆堃"}}.items() <= case["parties"][
        0
    ].items()
    assert [c["criterion"] for c in case["details"]["criteria"]] == ["QC4", "QA5"]
    assert case["family"][0]["number"].startswith("EVL-")
    assert [e["entry"]["event"] for e in case["events"]] == ["filed"]
    screen = next(c for c in case["clocks"] if c["name"] == "screen")
    assert screen["time_left_s"] == 115_200 and screen["entries"][0]["kind"] == "start"
    assert screen["steps"][-1]["step"] == "due"


def test_get_evaluation_when_disputed_says_provisional_beside_every_score(api):
    number = dispute()
    evaluated = api("ann").get(f"/cases/{number}")["details"]["evaluation"]
    details = api("ann").get(f"/cases/{evaluated}")["details"]
    assert details["score"] == {"value": "84.00", "provisional": True, "band": "[80,85)", "passed": False}
    assert details["original_score"]["provisional"] is True
    assert all(line["provisional"] for line in details["scorecard"])
    assert api("ann").get(f"/cases/{number}")["details"]["score"]["provisional"] is True


def test_request_when_stranger_is_answered_as_if_there_were_nothing(api):
    number = dispute(upto="issued")
    for stranger in ("bo", "ivy", "abe", "tang"):
        _hears_nothing(api(stranger), number, Document.objects.get().pk)


def _hears_nothing(caller, number, document):
    for part in PARTS:
        there, not_there = caller.get(f"/cases/{number}{part}", 404), caller.get(f"/cases/DSP-2026-999999{part}", 404)
        assert there == not_there and there["code"] == "out_of_scope"
    for part in ("", "/pdf"):
        there = caller.get(f"/documents/{document}{part}", 404)
        assert there == caller.get(f"/documents/00000000-0000-0000-0000-000000000000{part}", 404)
    for action in ("withdraw", "rule", "no_such_action"):
        there = caller.act(number, action, status=404, key="known")
        assert there == caller.act("DSP-2026-999999", action, status=404, key="known")
    opening = {"type": "disputes.ScoreDispute", "data": CLAIMS}
    there = caller.post("/cases", {**opening, "subject": number.replace("DSP", "EVL")}, 404)
    assert there == caller.post("/cases", {**opening, "subject": "EVL-2026-999999"}, 404)
    assert caller.get("/cases") == {"cases": [], "next": None}


@pytest.mark.parametrize(
    "number", ["x", "DSP-2026-%00", "DSP-2026-１２３４５６", "DSP-2026-0000000000000", "ZZZ-2026-000001"]
)
def test_get_case_when_number_is_none_is_not_found(api, number):
    assert api("aud").get(f"/cases/{number}", 404)["code"] == "out_of_scope"


def test_refused_read_is_remembered_in_access_stream(api):
    number = dispute()
    before = CaseEvent.objects.filter(stream="access").count()
    api("bo").get(f"/cases/{number}", 404)
    entry = json.loads(CaseEvent.objects.filter(stream="access").order_by("-seq")[0].entry)
    assert CaseEvent.objects.filter(stream="access").count() == before + 1
    assert number in entry["data"]["case"] and entry["actor"] == "A1002"


def test_case_when_reader_decides_hides_the_parties(api):
    number = dispute(upto="forwarded")
    evaluated = Evaluation.objects.get().number
    qin = api("qin")
    assert qin.get(f"/cases/{number}")["masked"] is True
    assert qin.get(f"/cases/{number}")["concerned"] == {"no": None, "name": "Agent"}
    for path in (*(f"/cases/{number}{part}" for part in PARTS), f"/cases/{evaluated}", f"/cases/{evaluated}/events"):
        shown = text_of(qin.get(path))
        assert not [name for name in HIDDEN if name in shown], path
    rows = qin.get("/cases")["cases"]
    assert {row["concerned"]["name"] for row in rows} == {"Agent"}
    for view in ("mine", "claimable", "team", "overdue"):
        shown = text_of(qin.get("/inbox", view=view))
        assert not [name for name in HIDDEN if name in shown], view


def test_case_when_texts_name_a_party_hides_the_name_from_the_decider(api):
    claims = json.loads(json.dumps(CLAIMS))
    claims["criteria"][0]["reasons"] = "我是王喆堃(A1001)，语速正常"
    number = dispute(upto="filed", **claims)
    for step, actor, data in (
        ("give_statement", "ian", STATEMENT),
        ("forward", "lee", {}),
    ):
        perform(number, step, acting(actor), data)
    shown = api("qin").get(f"/cases/{number}")
    assert "我是Agent(Agent)" in text_of(shown)
    assert "王喆堃" not in text_of(shown)
    assert "王喆堃" in text_of(api("ann").get(f"/cases/{number}"))


def test_case_when_the_decision_is_issued_names_the_parties_again(api):
    number = dispute(upto="signed")
    qin = api("qin")
    shown = qin.get(f"/cases/{number}")
    assert (shown["state"]["code"], shown["masked"]) == ("sealing", True)
    assert shown["documents"], "who signed still reads what they signed"
    advance(number, "issued")
    assert qin.get(f"/cases/{number}")["masked"] is False
    assert qin.get(f"/cases/{number}")["concerned"]["no"] == "A1001"


def test_case_while_the_ruling_is_a_draft_hides_it_from_the_parties(api):
    number = dispute(upto="ruled")
    deliver_all()
    draft = Document.objects.get().pk
    for party in ("ann", "ian", "lee"):
        caller = api(party)
        case = caller.get(f"/cases/{number}")
        assert "部分语速过快" not in text_of(case)
        assert case["documents"] == [] and case["details"]["outcome"] is None
        assert [e["withheld"] for e in case["events"] if e["entry"]["event"] == "ruling_drafted"] == [True]
        caller.get(f"/documents/{draft}", 404)
        caller.get(f"/documents/{draft}/pdf", 404)
    case = api("qin").get(f"/cases/{number}")
    assert "部分语速过快" in text_of(case) and case["documents"][0]["state"]["code"] == "drafted"
    assert api("qin").get(f"/documents/{draft}/pdf").startswith(b"%PDF")


def test_case_when_a_ruling_was_taken_back_never_shows_it_to_the_parties(api):
    number = dispute(upto="ruled")
    perform(number, "revise", acting("qin"))
    perform(
        number, "rule", acting("qin"), {**RULING, "criteria": [{**c, "reasons": "第二稿"} for c in RULING["criteria"]]}
    )
    _finish(number)
    shown = text_of(api("ann").get(f"/cases/{number}"))
    assert "第二稿" in shown and "部分语速过快" not in shown


def _finish(number: str) -> None:
    for step in ("signed", "issued"):
        advance(number, step)


def test_get_evaluation_when_unserved_and_opened_by_its_agent_serves_it(api):
    number = evaluation(reader=None)
    api("lee").get(f"/cases/{number}")
    assert Evaluation.objects.get().served_at is None
    case = api("ann").get(f"/cases/{number}")
    assert case["details"]["reading"]["code"] == "served" and case["details"]["served_how"] == "opened"
    assert [c["name"] for c in case["clocks"] if c["state"] == "running"] == ["objection"]
    version = case["version"]
    assert api("ann").get(f"/cases/{number}")["version"] == version


def test_get_events_when_unserved_and_opened_by_its_agent_serves_it(api):
    number = evaluation(reader=None)
    events = api("ann").get(f"/cases/{number}/events")
    assert events[-1]["entry"]["event"] == "read"


def test_get_pdf_when_ruling_is_opened_by_the_agent_serves_it(api):
    number = dispute(upto="issued")
    document = Document.objects.get().pk
    api("ian").get(f"/documents/{document}/pdf")
    assert api("ian").get(f"/cases/{number}")["details"]["served_at"] is None
    api("ann").get(f"/documents/{document}")
    assert api("ian").get(f"/cases/{number}")["details"]["served_at"] is None
    caller = api("ann")
    assert caller.get(f"/documents/{document}/pdf").startswith(b"%PDF")
    assert caller.response["ETag"] and caller.response["Cache-Control"] == "no-store"
    assert api("ian").get(f"/cases/{number}")["details"]["served_how"] == "opened"


def test_get_pdf_when_file_was_altered_says_so_and_serves_nobody(api):

    from casework import store

    number = dispute(upto="issued")
    document = Document.objects.get()
    path = store.documents().path_of(document.file_sha256)
    whole = path.read_bytes()
    path.write_bytes(b"other")
    assert api("ann").get(f"/documents/{document.pk}/pdf", 503)["code"] == "file_altered"
    path.unlink()
    assert api("ann").get(f"/documents/{document.pk}/pdf", 503)["code"] == "file_missing"
    path.write_bytes(whole)
    assert api("ian").get(f"/cases/{number}")["details"]["served_at"] is None


def test_get_events_texts_prove_their_commitments(api):
    from casework.domain.ledger import commitment

    number = dispute()
    events = api("lee").get(f"/cases/{number}/events")
    texts = events[0]["texts"]
    assert texts and not events[0]["masked"]
    for text in texts:
        place = events[0]["entry"]
        for part in text["path"].split("."):
            place = place[int(part)] if part.isdigit() else place[part]
        assert place["sha256"] == commitment(text["salt"], text["text"])
    assert api("lee").get(f"/cases/{number}/events", after=1) == []


def test_get_events_when_recused_keeps_the_text_confidential(api):
    number = dispute(upto="forwarded")
    perform(number, "recuse", acting("qin"), {"category": "relationship", "text": "旧同事"})
    assert "旧同事" not in text_of(api("ann").get(f"/cases/{number}"))
    assert "relationship" in text_of(api("ann").get(f"/cases/{number}"))
    assert "旧同事" in text_of(api("aud").get(f"/cases/{number}"))


def test_get_evidence_names_the_recording_by_digest(api):
    found = api("ann").get(f"/cases/{dispute()}/evidence")
    assert [e["kind"] for e in found] == ["recording"] and len(found[0]["sha256"]) == 64


def test_get_actions_says_what_and_why_not(api):
    number = dispute(upto="stated")
    lee = {a["action"]: a for a in api("lee").get(f"/cases/{number}/actions")}
    assert lee["forward"]["allowed"] and lee["return_to_agent"]["allowed"]
    assert lee["forward"]["schema"]["type"] == "object"
    assert lee["claim"]["code"] == "barred" and "barred" in lee["claim"]["why"] and lee["claim"]["version_required"]
    assert lee["withdraw"]["code"] == "not_permitted" and "Agent" in lee["withdraw"]["why"]
    assert "bypass" not in lee and "issue" not in lee
    ann = {a["action"]: a for a in api("ann").get(f"/cases/{number}/actions")}
    assert ann["withdraw"]["allowed"] and ann["insist"]["code"] == "not_allowed_now"
    assert "criteria" in ann["add_criteria"]["schema"]["properties"]


def test_get_actions_when_another_decider_sits_says_the_seat_is_taken(api):
    from casework.domain.actor import system
    from casework.domain.staff import grant
    from casework.models import Person, Unit

    grant(Person.objects.get(no="Q203"), "qa_lead", Unit.objects.get(code="OC"), system())
    number = dispute(upto="forwarded")
    sitting = Party.objects.get(case__number=number, role="reviewer", until=None).person.no
    free = {"M401": "feng", "Q203": "qin"}[sitting]
    offered = {a["action"]: a for a in api(free).get(f"/cases/{number}/actions")}
    assert (offered["claim"]["allowed"], offered["claim"]["code"]) == (False, "seat_taken")


def test_get_actions_of_an_evaluation_offers_the_dispute_it_opens(api):
    number = evaluation()
    ann = {(a["action"], a["opens"]): a for a in api("ann").get(f"/cases/{number}/actions")}
    assert ann["file", "disputes.ScoreDispute"]["allowed"]
    dispute(number)
    ann = {(a["action"], a["opens"]): a for a in api("ann").get(f"/cases/{number}/actions")}
    assert ann["file", "disputes.ScoreDispute"]["code"] == "dispute_open"
    lee = {(a["action"], a["opens"]): a for a in api("lee").get(f"/cases/{number}/actions")}
    assert lee["file", "disputes.ScoreDispute"]["code"] == "not_permitted"


def test_get_actions_allowed_is_what_perform_does(api):
    """Every action without data that is said to be allowed succeeds, every other is refused with the code given."""
    from django.db import transaction

    from casework.domain.errors import Refusal

    number = dispute(upto="forwarded")
    for login in ("ann", "ian", "lee", "qin", "qiu", "aud"):
        for item in api(login).get(f"/cases/{number}/actions"):
            if item["opens"] or item["schema"].get("required"):
                continue
            with transaction.atomic():
                try:
                    perform(number, item["action"], acting(login))
                    refused = None
                except Refusal as refusal:
                    refused = refusal.reason
                transaction.set_rollback(True)
            assert (item["allowed"], item["code"]) == (refused is None, refused), (login, item["action"])


def test_list_cases_by_type_state_unit_number_and_external_id(api):
    number = dispute()
    evaluated = Evaluation.objects.get()
    lee = api("lee")

    def found(**query) -> list[str]:
        return [case["number"] for case in lee.get("/cases", **query)["cases"]]

    assert found() == [number, evaluated.number]
    assert found(type="disputes.ScoreDispute") == [number]
    assert found(state="provisional") == [evaluated.number]
    assert found(unit="T-EC1") == [number, evaluated.number] and found(unit="T-EC2") == []
    assert found(q=number) == [number] and found(q=number[:9].lower()) == [number]
    assert found(q=evaluated.external_id) == [evaluated.number]
    assert found(q="100%") == [] and found(overdue=True) == []


def test_list_cases_when_a_clock_ran_out_finds_it_as_overdue(api, time):
    number = dispute()
    time.set("2026-11-05 10:00")
    assert [c["number"] for c in api("lee").get("/cases", overdue=True)["cases"]] == [number]


def test_list_cases_pages_through_all_once(api):
    numbers = [evaluation() for _ in range(5)]
    lee, seen, cursor = api("lee"), [], None
    while True:
        page = lee.get("/cases", limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [case["number"] for case in page["cases"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == numbers[::-1]


@pytest.mark.parametrize(
    "query",
    [{"limit": 0}, {"limit": 101}, {"cursor": "x"}, {"cursor": "W3t9XQ"}, {"cursor": "WzFlOTk5XQ"}, {"type": "no.Such"},
     {"state": "no"}, {"unit": "no"}, {"q": "a\0b"}, {"q": "x" * 65}, {"overdue": "perhaps"}],
)  # fmt: skip
def test_list_cases_when_asked_wrongly_is_invalid(api, query):
    assert api("lee").get("/cases", 422, **query)["code"] in ("invalid_input", "bad_cursor")


def test_list_cases_costs_the_same_for_three_as_for_one(api, django_assert_num_queries):
    evaluation()
    lee = api("lee")
    lee.get("/cases")
    with django_assert_num_queries(3):  # login with stamp, page, my decisions
        lee.get("/cases")
    evaluation()
    evaluation()
    with django_assert_num_queries(3):
        assert len(lee.get("/cases")["cases"]) == 3
