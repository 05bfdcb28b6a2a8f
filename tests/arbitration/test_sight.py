"""Who sees what of an arbitration, and when: the blind view, sealed scores and votes, names, grounds, the recording."""

import json
from typing import Any

import pytest

from casework import queries
from casework.domain.actor import system
from casework.domain.errors import NotPermitted, OutOfScope
from casework.domain.perform import perform
from casework.domain.staff import grant
from casework.models import Account, Document, Unit
from tests.api.conftest import Caller
from tests.arbitration.conftest import below
from tests.commands.conftest import nobody_at_the_terminal, run, token_of  # noqa: F401
from tests.conftest import acting
from tests.factories import arbitration, ballot, blind_scores, deliver_all, panel, signature_of
from tests.seen import case, clock, events, person, refused, revoke_all, sweep

SECRETS = ("A1001", "王喆堃", "Q202", "白航", "L301", "李组长", "M401", "秦明", "T-EC1", "华东一组", "EVL-", "DSP-",
           "EV-T-", "CALL-T-", "语速", "缺少互动", "双向沟通", "对话")  # fmt: skip
VIEWS = ("mine", "claimable", "team", "overdue")


def text_of(answer: Any) -> str:
    return json.dumps(answer, ensure_ascii=False, default=str)


def also(login: str, role: str) -> None:
    """The person holds that role over the whole centre besides."""
    no = Account.objects.get(username=login).person.no
    grant(person(no), role, Unit.objects.get(code="OC"), system())


def score(number: str, login: str, value: str = "7.5") -> None:
    disputed = dict.fromkeys(case(number).matters, value)
    perform(number, "score_blind", acting(login), blind_scores(number, disputed))


def waive(number: str) -> None:
    for party in ("ann", "ian"):
        perform(number, "waive_challenge", acting(party))


def vote(number: str, login: str, reasons: str = "") -> None:
    data = ballot(number)
    for line in data["criteria"]:
        line["reasons"] = reasons or line["reasons"]
    perform(number, "vote", acting(login), data)


def details(number: str, login: str) -> dict[str, Any]:
    return queries.show_case(number, acting(login))["details"]


def entries(number: str, login: str, action: str) -> list[dict[str, Any]]:
    """What the person reads of the entries of that action."""
    return [e for e in queries.events_of(number, acting(login)) if e["entry"]["action"] == action]


def seats_told(number: str, login: str, what: str) -> set[str]:
    """The seats whose `scores` or `votes` the person reads in the case."""
    return {given["seat"] for criterion in details(number, login)["criteria"] for given in criterion[what]}


# Blind


@pytest.mark.parametrize("besides", [None, "auditor", "qa_lead", "director", "hr", "supervisor"])
def test_blind_arbitrator_whatever_else_they_are_sees_this_at_every_door(besides, opened):
    number, login = opened, panel(opened)["arbitrator_2"]
    if besides:
        also(login, besides)
    paper, evaluation = below(number)
    caller = Caller(login)
    shown = caller.get(f"/cases/{number}")
    assert set(shown) == {
        "number", "type", "type_label", "state", "opened_at", "masked", "blind", "version", "clocks", "tasks",
        "documents", "family", "details", "events",
    }  # fmt: skip
    assert shown == queries.show_case(number, acting(login)), "the API's shape hides nothing that a command would show"
    assert shown["masked"] and shown["blind"] and shown["documents"] == shown["family"] == shown["events"] == []
    assert [(c["name"], c["label"], c["generation"], c["entries"]) for c in shown["clocks"]] == [
        ("score", "Score the recording blind", None, [])
    ]
    assert shown["clocks"][0]["due_at"] == "2026-11-06T10:00:00.000000Z" and shown["clocks"][0]["steps"]
    assert [(t["task"], t["person"]["no"]) for t in shown["tasks"]] == [("score", acting(login).no)]
    listed = caller.get("/cases")["cases"]
    assert [set(row) for row in listed] == [{"number", "type", "type_label", "state", "opened_at", "masked", "blind"}]
    assert listed == queries.case_list(acting(login).person_id)["cases"]
    mine = caller.get("/inbox")["tasks"]
    assert [(t["case"], t["task"], t["unit"], t["blind"]) for t in mine] == [(number, "score", None, True)]
    assert [caller.get("/inbox", view=view)["count"] for view in VIEWS] == [1, 0, 0, 0]
    assert caller.get(f"/cases/{number}/events") == caller.get(f"/cases/{number}/documents") == []
    assert caller.get(f"/cases/{number}/clocks") == shown["clocks"]
    assert sorted(a["action"] for a in caller.get(f"/cases/{number}/actions")) == ["recuse", "score_blind"]
    for other in (paper, evaluation):
        caller.get(f"/cases/{other}", 404)
    ruling = Document.objects.get()
    caller.get(f"/documents/{ruling.pk}", 404)
    caller.get(f"/documents/{ruling.pk}/pdf", 404)
    heard = text_of(
        [shown, listed, mine, caller.get(f"/cases/{number}/actions"), caller.get(f"/cases/{number}/evidence")]
    )
    others = [acting(each).no for seat, each in panel(number).items() if seat != "arbitrator_2"]
    assert [secret for secret in (*SECRETS, *others) if secret in heard] == []


def test_blind_list_mixes_disputed_and_check_criteria_in_the_rubrics_order(opened):
    found = details(opened, panel(opened)["arbitrator_1"])
    codes = [criterion["criterion"] for criterion in found["criteria"]]
    assert set(codes) == {*case(opened).matters, *case(opened).controls["codes"]} and len(codes) == 4
    assert codes == sorted(codes, key=lambda code: (code[:2] != "QC", code))
    assert {frozenset(criterion) for criterion in found["criteria"]} == {
        frozenset({"criterion", "name", "points", "kind", "step", "not_applicable"})
    }
    assert found["scores"] is None and set(found) == {"rubric", "criteria", "recording", "scores", "next"}


def test_blind_arbitrator_who_submitted_reads_their_own_scores_and_no_others(opened):
    first, second, _third = panel(opened).values()
    score(opened, first, "7.5")
    score(opened, second, "3.5")
    own = {line["criterion"]: line["value"]["score"] for line in details(opened, first)["scores"]}
    assert {own[code] for code in case(opened).matters} == {"7.5"} and len(own) == 4
    assert "3.5" not in text_of(queries.show_case(opened, acting(first)))
    assert queries.show_case(opened, acting(first))["tasks"] == []


def test_recording_is_all_that_a_blind_arbitrator_gets_as_evidence(opened):
    caller = Caller(panel(opened)["arbitrator_3"])
    found = caller.get(f"/cases/{opened}/evidence")
    sound = found[0]["sha256"]
    assert [(e["kind"], e["channel"], e["duration_s"], e["received_at"]) for e in found] == [
        ("recording", "phone", 1, None)
    ]
    assert caller.get(f"/cases/{opened}/evidence/{sound}")[:4] == b"RIFF"
    assert caller.response["Content-Disposition"] == f'attachment; filename="{opened}-{sound[:12]}.wav"'
    caller.get(f"/cases/{opened}/evidence/{'0' * 64}", 404)
    assert details(opened, panel(opened)["arbitrator_3"])["recording"]["sha256"] == sound


@pytest.mark.parametrize("action, data", [
    ("withdraw", {}), ("waive_challenge", {}), ("challenge", {"against": "M404", "reasons": "不公"}),
    ("uphold_challenge", {"against": "M404", "reasons": "不公"}),
    ("name_arbitrator", {"person": "M404", "reasons": "缺人"}), ("record_receipt", {"reference": "x"}),
])  # fmt: skip
def test_blind_arbitrator_who_tries_anything_but_scoring_is_refused_without_a_word_on_the_case(action, data, opened):
    login = panel(opened)["arbitrator_1"]
    for role in ("director", "hr", "qa_lead"):
        also(login, role)
    with refused(NotPermitted, "blind") as told:
        perform(opened, action, acting(login), data)
    assert not [secret for secret in SECRETS if secret in str(told.error)] and told.error.details == {}


def test_blind_arbitrator_who_is_barred_or_lost_the_grant_hears_neither_unit_nor_reasons(opened):
    first, second, _third = panel(opened).values()
    grant(Account.objects.get(username=first).person, "team_leader", Unit.objects.get(code="T-EC1"), system())
    revoke_all(acting(second).no, "arbitrator")
    for login, code in ((first, "barred"), (second, "not_permitted")):
        with refused(NotPermitted, code) as told:
            perform(opened, "score_blind", acting(login), blind_scores(opened))
        offered = {action["action"]: action for action in queries.actions_for(opened, acting(login))}
        assert offered["score_blind"]["why"] == str(told.error) and told.error.details == {}
        assert not [word for word in (*SECRETS, "leads", " over ") if word in str(told.error)]


@pytest.mark.parametrize("query", [
    {"unit": "T-EC1"}, {"unit": "OC"}, {"overdue": True}, {"q": "DSP-2026"}, {"q": "EVL-2026"},
    {"type": "disputes.ScoreDispute"}, {"state": "provisional"},
])  # fmt: skip
def test_list_when_narrowed_tells_a_blind_arbitrator_nothing_of_the_case(query, opened, time):
    login = panel(opened)["arbitrator_1"]
    also(login, "auditor")
    time.to(clock(opened, "challenge").due_at, seconds=10)
    assert Caller(login).get("/cases", **query)["cases"] == []
    assert Caller(login).get("/cases", q=case(below(opened)[1]).external_id)["cases"] == []
    assert Caller("aud").get("/cases", overdue=True)["cases"], "somebody else's clock has run out"


def test_lists_when_own_time_ran_out_show_a_blind_arbitrator_that(opened, time):
    login = panel(opened)["arbitrator_1"]
    time.to(clock(opened, "score_1").due_at, seconds=10)
    caller = Caller(login)
    assert [row["number"] for row in caller.get("/cases", overdue=True)["cases"]] == [opened]
    assert [task["task"] for task in caller.get("/inbox", view="overdue")["tasks"]] == ["score"]


def test_answer_to_a_blind_act_tells_only_what_was_done(opened, token_of):  # noqa: F811
    first, second, _third = panel(opened).values()
    caller = Caller(first)
    done = caller.act(opened, "score_blind", blind_scores(opened), version=caller.version(opened))
    assert set(done["event"]) == {
        "format", "id", "action", "event", "actor", "received_at", "recorded_at", "data"
    } and done["event"]["event"] == "scored_blind"  # fmt: skip
    done = Caller(second).act(opened, "recuse", {"category": "interest"})
    assert "choices" not in done["event"] and "parties" not in done["event"], "who comes next is not theirs to know"
    token_of("ann")
    whole = run("perform", opened, "withdraw", "--as", "ann").json["event"]
    assert {"seq", "previous", "parties", "clocks"} <= set(whole)


def test_arbitrator_who_took_a_seat_late_sees_no_clock_of_who_sat_before(opened, time):
    time.to(clock(opened, "score_1").due_at, seconds=61)
    sweep()
    late = panel(opened)["arbitrator_1"]
    clocks = queries.clocks_of(opened, acting(late))
    assert [(c["name"], c["state"]) for c in clocks] == [("score", "running")]
    assert len(queries.clocks_of(opened, acting("ann"))) > 4


# The reveal


def test_reveal_shows_the_panel_all_but_the_parties_names(ruled):
    number = arbitration(ruled, upto="revealed")
    login = panel(number)["arbitrator_1"]
    paper, evaluation = below(number)
    shown = queries.show_case(number, acting(login))
    assert (shown["masked"], shown["blind"], shown["concerned"]["no"]) == (True, False, None)
    assert {case["number"] for case in shown["family"]} == {paper, evaluation}
    matter = shown["details"]["criteria"][0]
    assert (matter["criterion"], matter["original"]["score"], matter["claimed"]["score"]) == ("QC4", "0", "10")
    assert matter["ruling"]["reasons"] == "部分语速过快" and matter["statement"]["text"] == "听到语速过快"
    assert matter["appeal_reasons"].startswith("语速正常") and matter["provisional"] is True
    assert seats_told(number, login, "scores") == {"arbitrator_1", "arbitrator_2", "arbitrator_3"}
    names = ("A1001", "王喆堃", "Q202", "白航", '"ann"', '"ian"')
    for each in (number, paper, evaluation):
        assert not [name for name in names if name in text_of(queries.show_case(each, acting(login)))], each
    answer = Caller(login).act(number, "vote", ballot(number), version=shown["version"])
    assert answer["event"]["event"] == "voted" and answer["event"]["seq"]


def test_names_stay_hidden_from_whoever_has_voted_and_signed_until_the_award_is_issued(ruled):
    number = arbitration(ruled, upto="revealed")
    login = panel(number)["arbitrator_1"]
    seen = []

    def look() -> None:
        shown = queries.show_case(number, acting(login))
        listed = queries.case_list(acting(login).person_id)["cases"]
        assert {row["masked"] for row in listed} == {shown["masked"]}
        seen.append((shown["state"]["code"], shown["concerned"]["no"]))

    vote(number, login)
    look()
    for each in list(panel(number).values())[1:]:
        vote(number, each)
    deliver_all()
    perform(number, "sign", acting(login), signature_of(number, login))
    look()
    for each in list(panel(number).values())[1:]:
        perform(number, "sign", acting(each), signature_of(number, each))
    look()
    deliver_all()
    look()
    assert seen == [("voting", None), ("signing", None), ("sealing", None), ("awarded", "A1001")]


# Sealed scores and votes


def test_blind_scores_before_the_reveal_are_withheld_from_everybody_else(opened):
    first, *_ = panel(opened).values()
    score(opened, first, "3.5")
    for login in ("ann", "ian", "aud", "fang", "qin"):
        assert [(e["withheld"], e["entry"]["data"], e["texts"]) for e in entries(opened, login, "score_blind")] == [
            (True, None, [])
        ]
        assert seats_told(opened, login, "scores") == set()
    for each in panel(opened).values():
        if each != first:
            score(opened, each)
    waive(opened)
    for login in ("ann", "aud", first):
        assert [e["withheld"] for e in entries(opened, login, "score_blind")] == [False] * 3
        assert len(seats_told(opened, login, "scores")) == 3


def test_blind_scores_of_an_appeal_that_was_withdrawn_stay_sealed(opened):
    score(opened, panel(opened)["arbitrator_1"])
    perform(opened, "withdraw", acting("ann"))
    for login in ("ann", "ian", "aud"):
        assert [e["withheld"] for e in entries(opened, login, "score_blind")] == [True]
        assert seats_told(opened, login, "scores") == set()
        assert details(opened, login)["outcome"]["code"] == "withdrawn"


def test_votes_are_the_voters_own_then_the_panels_then_everybodys(ruled):
    number = arbitration(ruled, upto="revealed")
    first, second, third = panel(number).values()
    vote(number, first, "甲的理由")
    vote(number, second, "乙的理由")
    assert [e["withheld"] for e in entries(number, first, "vote")] == [False, True]
    assert seats_told(number, first, "votes") == {"arbitrator_1"}
    for login in ("ann", "ian", "aud", third):
        assert [e["withheld"] for e in entries(number, login, "vote")] == [True, True], login
        assert "的理由" not in text_of(queries.show_case(number, acting(login)))
    vote(number, third, "丙的理由")
    deliver_all()
    for login in (first, second, third, "aud"):
        assert [e["withheld"] for e in entries(number, login, "vote")] == [False] * 3
        assert len(seats_told(number, login, "votes")) == 3 and details(number, login)["outcome"]
        assert queries.documents_of(number, acting(login))
    for login in ("ann", "ian"):
        _hears_nothing_of_the_award(number, login)
    for each in (first, second, third):
        perform(number, "sign", acting(each), signature_of(number, each))
    for login in ("ann", "ian"):
        _hears_nothing_of_the_award(number, login)
    deliver_all()
    for login in ("ann", "ian", first, "aud"):
        assert [e["withheld"] for e in entries(number, login, "vote")] == [False] * 3
        assert len(seats_told(number, login, "votes")) == 3
        found = details(number, login)
        assert found["outcome"]["code"] == "adjusted" and found["criteria"][0]["finding"]["awarded"]["score"] == "8"
        assert len(queries.documents_of(number, acting(login))) == 1


def _hears_nothing_of_the_award(number: str, login: str) -> None:
    paper, evaluation = below(number)
    shown = text_of([queries.show_case(each, acting(login)) for each in (number, paper, evaluation)])
    assert "的理由" not in shown
    found = details(number, login)
    assert found["outcome"] is None and [c["finding"] for c in found["criteria"]] == [None, None]
    assert seats_told(number, login, "votes") == set() and queries.documents_of(number, acting(login)) == []
    assert details(paper, login)["outcome"]["code"] == "adjusted", "the ruling's, which was issued"
    assert details(evaluation, login)["score"] == {**details(paper, login)["score"], "value": "90.00"}


def test_votes_of_those_who_stayed_are_read_after_the_award_though_another_was_replaced(ruled, time):
    number = arbitration(ruled, upto="revealed")
    first, second, _third = panel(number).values()
    vote(number, first)
    vote(number, second)
    time.to(clock(number, "vote_3").due_at, seconds=61)
    sweep()
    assert case(number).state == "scoring"
    late = panel(number)["arbitrator_3"]
    assert queries.show_case(number, acting(late))["blind"] is True
    assert queries.show_case(number, acting(first))["blind"] is False
    score(number, late, "3.5")
    assert "arbitrator_3" not in seats_told(number, first, "scores"), "sealed until it is revealed again"
    waive(number)
    assert seats_told(number, late, "votes") == set()
    vote(number, late)
    deliver_all()
    for each in panel(number).values():
        perform(number, "sign", acting(each), signature_of(number, each))
    deliver_all()
    assert case(number).state == "awarded"
    assert [e["withheld"] for e in entries(number, "ann", "vote")] == [False] * 3
    assert len(seats_told(number, "ann", "votes")) == 3


def test_vote_of_who_left_is_void_and_never_told_to_the_parties(ruled):
    number = arbitration(ruled, upto="revealed")
    login = panel(number)["arbitrator_1"]
    no = acting(login).no
    vote(number, login, "离任者的理由")
    revoke_all(no, "arbitrator")
    deliver_all()
    number = _played_on(number)
    assert [e["withheld"] for e in entries(number, "ann", "vote")] == [True, False, False, False]
    assert "离任者的理由" not in text_of(queries.show_case(number, acting("ann")))


def _played_on(number: str) -> str:
    """To the award, by whoever now owes what."""
    for seat, login in panel(number).items():
        if seat not in case(number).scores:
            score(number, login)
    waive(number)
    for seat, login in panel(number).items():
        if seat not in case(number).votes:
            vote(number, login)
    deliver_all()
    for login in panel(number).values():
        perform(number, "sign", acting(login), signature_of(number, login))
    deliver_all()
    assert events(number)[-1] == "issue"
    return number


# Challenges


def test_grounds_of_a_challenge_are_for_challenger_ruler_and_who_looks_over_closed_cases(opened):
    against = acting(panel(opened)["arbitrator_1"]).no
    perform(opened, "challenge", acting("ann"), {"against": against, "reasons": "与质检员是室友"})
    ruler = next(p["person"]["no"] for p in queries.show_case(opened, acting("aud"))["parties"]
                 if p["role"] == "challenge_ruler")  # fmt: skip
    ruler = Account.objects.filter(person__no=ruler).order_by("id")[0].username
    for login, tells in (("ann", True), (ruler, True), ("aud", True), ("ian", False)):
        told = details(opened, login)["challenges"][0]
        assert (told["reasons"] is not None, told["by"], told["result"]) == (tells, "agent", None), login
        assert ("室友" in text_of(queries.events_of(opened, acting(login)))) is tells, login
    masked = queries.show_case(opened, acting(ruler))
    assert masked["masked"] and "王喆堃" not in text_of(masked)
    perform(opened, "reject_challenge", acting(ruler), {"against": against, "reasons": "查无实据"})
    for login in panel(opened).values():
        score(opened, login)
    if case(opened).state == "scoring":
        waive(opened)
    member = panel(opened)["arbitrator_2"]
    for login, tells in (("ann", True), ("ian", True), ("aud", True), (member, False)):
        told = details(opened, login)["challenges"][0]
        assert (told["ruling"] is not None, told["result"]["code"]) == (tells, "rejected"), login
        assert ("查无实据" in text_of(queries.show_case(opened, acting(login)))) is tells, login
    assert "室友" not in text_of(queries.show_case(opened, acting(member)))


def test_recusal_s_text_is_confidential_from_the_rest_of_the_panel(opened):
    leaving = panel(opened)["arbitrator_1"]
    perform(opened, "recuse", acting(leaving), {"category": "kinship", "text": "表亲"})
    with pytest.raises(OutOfScope):
        queries.show_case(opened, acting(leaving))
    number = arbitration(below(opened)[0], upto="revealed")
    member = panel(number)["arbitrator_2"]
    assert "表亲" not in text_of(queries.show_case(number, acting(member))) + text_of(details(number, "ann"))
    assert "kinship" in text_of(queries.show_case(number, acting(member)))
    assert "表亲" in text_of(queries.show_case(number, acting("aud")))
