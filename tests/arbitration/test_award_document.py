"""What the panel decided stands on paper: every vote, dissent and blind score, who decided, who was barred."""

import json
from typing import Any

from django.conf import settings

from casework import store
from casework.domain.perform import perform
from casework.keys import new_key
from casework.models import CaseRead, Document
from tests.conftest import acting
from tests.documents.test_render import leaves
from tests.factories import arbitration, ballot, deliver_all, dispute, evaluation, panel, recording
from tests.seen import LOGINS, case, parties, person
from tests.stories.test_documents import folded, genuine, pages
from workflows.evaluations.models import Recording

WHY = "复听第35秒 O'Brien 阿依古丽·买买提 <b>粗</b> {{ number }} &amp;"


def drafted(number: str, tmp_path: Any) -> tuple[dict[str, Any], str]:
    """The snapshot of the last award and its pages as poppler reads them; every text of the one stands on the other."""
    document = Document.objects.filter(case__number=number).latest("drafted_at")
    snapshot, text = json.loads(document.snapshot), pages(document, tmp_path)
    assert [leaf for leaf in leaves(snapshot) if folded(leaf) not in text] == []
    return snapshot, text


def vote(number: str, seat: str, value: str, reasons: str = WHY) -> None:
    """Whoever sits there votes that value on QC4, and 8 on the rest."""
    given = ballot(number, {"QC4": value})
    for line in given["criteria"]:
        line["reasons"] = reasons
    perform(number, "vote", acting(panel(number)[seat]), given)


def read_it(no: str, number: str, time: Any) -> None:
    """The person opened that case before there was a panel."""
    from casework.domain.now import now

    CaseRead.objects.create(id=new_key(), case=case(number), person=person(no), at=now())


def test_award_of_three_shows_votes_dissent_blind_scores_and_who_decided(db, time, tmp_path):
    paper = dispute(upto="issued")
    read_it("M403", paper, time)
    read_it("Q201", paper, time)
    number = arbitration(paper, upto="revealed", blind={"arbitrator_1": {"QC4": "7.5"}, "arbitrator_3": {"QC4": "1"}})
    for seat, value in (("arbitrator_1", "8"), ("arbitrator_2", "8"), ("arbitrator_3", "4.5")):
        vote(number, seat, value, f"{WHY} {seat}")
    deliver_all()
    snapshot, text = drafted(number, tmp_path)

    scores = {name: total["score"] for name, total in snapshot["totals"].items()}
    assert scores == {"original": "84.00", "claimed": "99.00", "ruled": "90.00", "awarded": "95.00"}
    qc4 = snapshot["criteria"][0]
    values = {name: qc4[name]["shown"] for name in ("original", "claimed", "ruled", "voted", "awarded")}
    assert values == {"original": "0", "claimed": "10", "ruled": "6", "voted": "8", "awarded": "8"}
    assert [(v["field"], v["value"]["shown"]) for v in qc4["votes"]] == [("arbitrator_1", "8"), ("arbitrator_2", "8")]
    sat = dict(parties(number))
    dissent = qc4["dissents"][0]
    assert (dissent["field"], dissent["value"]["shown"]) == ("arbitrator_3", "4.5")
    assert (dissent["no"], dissent["reasons"]) == (sat["arbitrator_3"], f"{WHY} arbitrator_3")
    assert [c["code"] for c in snapshot["criteria"] if c["dissents"]] == ["QC4"]
    assert "表决结果的产生" in text and "语速正常，请复听第35秒" in text

    rows = {row["code"]: row for row in snapshot["blind"]["rows"]}
    assert [score["shown"] for score in rows["QC4"]["scores"]] == ["7.5", "8", "1"]
    controls = case(number).controls
    assert {code for code, row in rows.items() if row["control"]} == set(controls["codes"])
    assert len(rows) == 4 and controls["lot"] in text and "对照control" in text

    assert [(d["field"], d["no"]) for d in snapshot["deciders"]] == [(s, sat[s]) for s in sorted(panel(number))]
    assert all(d["choice"]["pool"] and d["choice"]["lot"] in text for d in snapshot["deciders"])
    barred = {p["no"]: [r["code"] for r in p["reasons"]] for p in snapshot["barred"]}
    assert barred["M403"] == ["read_outside_panel"] and "decided_before" in barred["M401"]
    assert not {"A1001", "Q202", "Q201", *(sat[seat] for seat in panel(number))} & set(barred)
    assert "公司内部就本案所作的最终决定" in text and "365个自然日" in text and "劳动争议调解仲裁法" in text


def test_award_when_issued_bears_three_signatures_and_the_seal(db, time):
    number = arbitration(upto="awarded")
    document = Document.objects.get(case__number=number)
    assert [field["name"] for field in document.fields] == [
        "arbitrator_1", "arbitrator_2", "arbitrator_3", "organisation",
    ]  # fmt: skip
    genuine(document, settings.PKI_FOLDER)


def test_award_of_one_arbitrator_says_so_and_reserves_one_place(db, time, tmp_path):
    number = evaluation(deductions={"QA6": "9"})
    recording(number)
    claim = {"criterion": "QA6", "claimed": "10", "ground": "fact_wrong", "reasons": "见录音"}
    paper = dispute(number, criteria=[claim])
    perform(paper, "give_statement", acting("ian"), {"criteria": [{"criterion": "QA6", "text": "维持"}]})
    perform(paper, "forward", acting("lee"))
    ruled_and_signed(paper, {"criterion": "QA6", "decision": "maintain", "reasons": "维持"})
    perform(paper, "read", acting("ann"))
    perform(paper, "appeal", acting("ann"), {"criteria": [{"criterion": "QA6", "reasons": WHY}]})
    deliver_all()
    award = arbitration(paper, upto="voted", ballots={"arbitrator_1": {"QA6": "9"}})
    deliver_all()
    snapshot, text = drafted(award, tmp_path)
    assert case(award).panel == 1 and "独任审理" in text and "取分值的中位数" not in text
    assert [decider["field"] for decider in snapshot["deciders"]] == ["arbitrator_1"]
    assert snapshot["outcome"]["zh"] == "维持" and snapshot["criteria"][0]["rules"] == []
    assert [len(row["scores"]) for row in snapshot["blind"]["rows"]] == [1, 1, 1]


def ruled_and_signed(paper: str, *lines: dict[str, Any]) -> None:
    """Whoever was seated rules, signs, and the ruling is issued."""
    from tests.factories import credential
    from tests.seen import reviewer

    deliver_all()
    login = LOGINS[reviewer(paper) or "M401"]
    perform(paper, "rule", acting(login), {"criteria": list(lines)})
    deliver_all()
    draft = Document.objects.get(case__number=paper, state="drafted")
    signed = {"document_sha256": draft.file_sha256, "credential": credential(login)}
    perform(paper, "sign", acting(login), signed)
    deliver_all()


def test_award_below_what_the_agent_had_shows_the_floor_that_held_it(db, time, tmp_path):
    low = {"QC4": "3", "QA5": "8"}
    number = arbitration(upto="voted", ballots=dict.fromkeys(("arbitrator_1", "arbitrator_2", "arbitrator_3"), low))
    deliver_all()
    snapshot, text = drafted(number, tmp_path)
    qc4, qa5 = snapshot["criteria"]
    assert (qc4["voted"]["shown"], qc4["awarded"]["shown"], qc4["outcome"]["zh"]) == ("3", "6", "维持")
    assert len(qc4["rules"]) == 1 and "保留坐席此前已得之值" in text
    assert (qa5["rules"], qa5["outcome"]["zh"], snapshot["totals"]["awarded"]["score"]) == ([], "改判", "93.00")


def test_award_after_a_challenge_and_a_recusal_tells_who_came_and_went(db, time, tmp_path):
    number = arbitration()
    first, second = panel(number)["arbitrator_1"], panel(number)["arbitrator_2"]
    left, recused = dict(parties(number))["arbitrator_1"], dict(parties(number))["arbitrator_2"]
    perform(number, "challenge", acting("ann"), {"against": left, "reasons": "与质检员系亲属"})
    deliver_all()
    ruler = person(dict(parties(number))["challenge_ruler"])
    ruling = {"against": left, "reasons": "情况属实"}
    perform(number, "uphold_challenge", acting(ruler.accounts.get().username), ruling)
    perform(number, "recuse", acting(second), {"category": "interest", "text": "不足为外人道"})
    arbitration(case(number).subject.number, upto="voted")
    deliver_all()
    snapshot, text = drafted(number, tmp_path)
    assert {first, second} & set(panel(number).values()) == set()
    challenge = snapshot["challenges"][0]
    assert (challenge["no"], challenge["seat"]["zh"], challenge["result"]["zh"]) == (left, "仲裁员一", "准予")
    timeline = {entry["what"]["zh"] for entry in snapshot["timeline"]}
    assert any("准予回避申请" in what and left in what and "仲裁员一" in what and "离任" in what for what in timeline)
    assert any("自行回避（利害关系" in what and "仲裁员二" in what and "就任" in what for what in timeline)
    assert "不足为外人道" not in text, "the ground is printed, the confidential text is not"
    barred = {p["no"]: [r["code"] for r in p["reasons"]] for p in snapshot["barred"]}
    assert (barred[left], barred[recused], barred[ruler.no][0]) == (["challenged"], ["recused"], "decided_before")


def test_award_after_a_reopening_names_the_award_that_it_replaces(db, time, tmp_path):
    """New evidence lifts QC4 from 8 to 9; the panel is another one, and no second reopening is offered."""
    number = arbitration(upto="awarded")
    first, before = Document.objects.get(case__number=number), set(panel(number).values())
    perform(number, "read", acting("ann"))
    asked = {"cause": "new_evidence", "known_since": "2026-11-03", "reasons": "找到完整录音"}
    perform(number, "ask_reopening", acting("ann"), asked)
    time.set("2026-11-04 10:00")
    perform(number, "reopen", acting("fang"), {"reasons": "属新证据"})
    deliver_all()
    nine = dict.fromkeys(("arbitrator_1", "arbitrator_2", "arbitrator_3"), {"QC4": "9"})
    arbitration(case(number).subject.number, upto="voted", ballots=nine)
    deliver_all()
    snapshot, text = drafted(number, tmp_path)
    assert before & set(panel(number).values()) == set()
    assert (snapshot["replaces"]["document"], snapshot["replaces"]["total"]["score"]) == (str(first.pk), "95.00")
    qc4 = snapshot["criteria"][0]
    assert [qc4[name]["shown"] for name in ("ruled", "before", "awarded")] == ["6", "8", "9"]
    assert "发现新证据" in text and "由本决定书取代" in text
    assert "不得再次申请重新仲裁" in text and "365个自然日" not in text


def test_award_without_a_recording_says_that_the_rule_decided(db, time, tmp_path):
    """The recording was lost after the ruling: nothing can be scored, and the claim is awarded."""
    paper = dispute(upto="issued")
    heard = Recording.objects.get(interaction_id=case(case(paper).subject.number).interaction_id)
    store.evidence().path_of(heard.sha256).unlink()
    number = arbitration(paper)
    for login in panel(number).values():
        perform(number, "score_blind", acting(login), {"criteria": []})
    perform(number, "waive_challenge", acting("ann"))
    perform(number, "waive_challenge", acting("ian"))
    claimed = {"QC4": "10", "QA5": "10"}
    for login in panel(number).values():
        perform(number, "vote", acting(login), ballot(number, claimed))
    deliver_all()
    snapshot, text = drafted(number, tmp_path)
    assert [row["scores"][0]["shown"] for row in snapshot["blind"]["rows"]] == ["—"] * 4
    assert [criterion["awarded"]["shown"] for criterion in snapshot["criteria"]] == ["10", "10"]
    assert "录音缺失或者与登记的校验值不符" in text and snapshot["evaluation"]["recording"]["state"] == "missing"
