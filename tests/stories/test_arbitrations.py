"""Whole arbitrations, from the appeal to the end: what the panel voted is what evaluation, dispute, paper and inboxes
say."""

from typing import Any

import pytest

from casework import store
from casework.domain.errors import InvalidInput, NotAllowedNow
from casework.domain.perform import perform
from casework.models import Document
from tests.arbitration.conftest import below, is_over, seated
from tests.conftest import acting
from tests.disputes.test_reviewing import at_review, six
from tests.factories import (
    APPEAL,
    arbitration,
    credential,
    deliver_all,
    dispute,
    evaluation,
    panel,
    recording,
    signature_of,
)
from tests.seen import case, documents, entry, events, parties, refused, running, sweep, tasks, told
from workflows.evaluations.models import Recording

NA = {"na": True}
WHY = "经复听录音并合议"


def maintained(number: str, claim: dict[str, Any], value: str | None = None) -> str:
    """ann's dispute of one criterion of that evaluation, in which qin maintained it, or ruled that value; issued."""
    paper = at_review(number, claim)
    ruled = {"decision": "maintain"} if value is None else {"decision": "other", "value": value}
    perform(
        paper, "rule", acting("qin"), {"criteria": [{"criterion": claim["criterion"], "reasons": "见录音", **ruled}]}
    )
    deliver_all()
    draft = Document.objects.get(case__number=paper, state="drafted")
    perform(paper, "sign", acting("qin"), {"document_sha256": draft.file_sha256, "credential": credential("qin")})
    deliver_all()
    return paper


def heard(**deductions: str) -> str:
    """An evaluation of ann under the ten-item rubric, its recording in the store."""
    number = evaluation(deductions=deductions)
    recording(number)
    return number


def appealed(paper: str, *codes: str) -> str:
    """ann opened the ruling and asked for arbitration of these criteria."""
    perform(paper, "read", acting("ann"))
    perform(paper, "appeal", acting("ann"), {"criteria": [{"criterion": code, "reasons": "请复听"} for code in codes]})
    return arbitration(paper)


def best(number: str, **values: Any) -> dict[str, Any]:
    """What a blind scorer may give who finds nothing to deduct but the values."""
    rubric, arbitrated = case(below(number)[1]).rubric, case(number)
    full = {
        code: {"failed": False} if rubric.criterion(code).is_critical else str(rubric.criterion(code).points)
        for code in (*arbitrated.matters, *arbitrated.controls["codes"])
    }
    return {**full, **values}


def awarded(number: str, *votes: Any) -> None:
    """Everybody scores blind and nobody is challenged; the seats vote these values on the one criterion; the award is
    signed, issued and opened by ann."""
    ballots = {}
    if votes:
        (code,) = case(number).matters
        ballots = {seat: {code: vote} for seat, vote in zip(seated(number), votes, strict=True)}
    given = {seat: best(number) for seat in seated(number)}
    arbitration(below(number)[0], upto="awarded", blind=given, ballots=ballots)
    perform(number, "read", acting("ann"))
    deliver_all()


def test_unanimous_panel_moves_the_score_and_everybody_hears(db, time):
    paper = dispute(upto="issued")
    number = arbitration(paper, upto="awarded")
    sat = seated(number)
    evaluation_number = below(number)[1]
    assert (case(number).state, case(paper).state, case(evaluation_number).state) == ("awarded", "final", "final")
    assert running(number) == {"deemed_service"} and tasks(number) == {("open_award", "A1001")}
    perform(number, "read", acting("ann"))

    is_over(number, outcome="adjusted", score="95.00", standing="adjusted")
    assert (case(evaluation_number).passed, case(evaluation_number).band) == (True, "[95,100]")
    assert {code: found["awarded"]["score"] for code, found in case(number).findings.items()} == {
        "QC4": "8",
        "QA5": "8",
    }
    assert all(found["dissent"] == [] for found in case(number).findings.values())
    assert case(paper).outcome == "adjusted" and case(number).served_how == "opened"
    assert (documents(paper), documents(number)) == ([("ruling", "issued")], [("award", "issued")])
    assert events(number) == [
        "open", *["score_blind"] * 3, *["waive_challenge"] * 2, *["vote"] * 3, "attach_draft", *["sign"] * 3, "issue",
        "read",
    ]  # fmt: skip
    assert events(paper)[-3:] == ["read", "appeal", "conclude"]
    assert events(evaluation_number)[-4:] == ["mark_provisional", "note_recording", "rescore", "finalise"]
    issue = entry(number, "issue")
    assert (issue["actor"], issue["to"]) == ("SYSTEM", "awarded")
    assert entry(evaluation_number, "rescore")["data"]["document"] == str(Document.objects.get(case__number=number).pk)

    assert told("A1001", number) == told("Q202", number) == ["panel_seated", "awarded"]
    assert [told(no, number) for no in sat.values()] == [["to_score", "to_vote", "to_sign"]] * 3
    assert told("Q202", paper)[-1] == "appealed"
    assert {told(no, number) == [] for no in ("F801", "F802", "U999", "M401", "L301")} == {True}
    assert parties(number) == {("agent", "A1001"), ("inspector", "Q202"), *sat.items()}


@pytest.mark.parametrize(("votes", "wanted", "dissent", "score", "outcome"), [
    (("8", "8", "4.5"), "8", [3], "93.00", "adjusted"),  # two to one
    (("10", "6.5", "10"), "10", [2], "95.00", "adjusted"),
    (("7", "9", "8.5"), "8.5", [1, 2], "93.50", "adjusted"),  # the one in the middle
    (("2", "10", "3"), "6", [1, 2], "91.00", "maintained"),  # which lies below what she has
])  # fmt: skip
def test_divided_panel_awards_the_median_and_prints_who_dissents(db, time, votes, wanted, dissent, score, outcome):
    """85.00 became 91.00 by the ruling; 95 is claimed, a band that pays."""
    paper = maintained(heard(QC4="0", QA6="5"), {"criterion": "QC4", "claimed": "10"}, value="6")
    number = appealed(paper, "QC4")
    assert case(number).panel == 3
    awarded(number, *votes)
    is_over(number, outcome=outcome, score=score, standing="adjusted")
    found = case(number).findings["QC4"]
    assert (found["before"]["score"], found["awarded"]["score"]) == ("6", wanted)
    dissenters = [int(seat[-1]) for seat in found["dissent"]]
    assert dissenters == dissent
    assert [field["serial"] != "" for field in Document.objects.get(case__number=number).fields] == [True] * 4


@pytest.mark.parametrize(("votes", "wanted", "score", "outcome"), [
    ((NA, "2", "3.5"), {"score": "3", "na": False, "failed": None}, "92.00", "adjusted"),  # it applies; 2.75, up
    (("1", NA, NA), {"score": None, "na": True, "failed": None}, "92.71", "adjusted"),  # 89 of 96
    ((NA, "0", "0"), {"score": "0", "na": False, "failed": None}, "89.00", "maintained"),
])  # fmt: skip
def test_panel_divided_on_applicability_decides_that_first(db, time, votes, wanted, score, outcome):
    """89.00 of 100; that nothing was to be recommended would make it 89 of 96, a band that pays."""
    paper = maintained(
        six(MK1={"score": "0"}, PK1={"score": "0"}, SL3={"score": "0"}), {"criterion": "MK1", "claimed": NA}
    )
    number = appealed(paper, "MK1")
    assert case(number).panel == 3
    awarded(number, *votes)
    assert case(number).findings["MK1"]["awarded"] == wanted
    is_over(number, outcome=outcome, score=score, standing=outcome)


@pytest.mark.parametrize(("votes", "score", "outcome", "dissent"), [
    ((False, True, False), "98.00", "adjusted", ["arbitrator_2"]),
    ((True, True, False), "0.00", "maintained", ["arbitrator_3"]),
])  # fmt: skip
def test_panel_divided_on_a_critical_criterion_decides_by_majority(db, time, votes, score, outcome, dissent):
    paper = maintained(
        six(PK2={"failed": True}, SL8={"score": "2"}), {"criterion": "PK2", "claimed": {"failed": False}}
    )
    assert str(case(case(paper).subject.number).score) == "0.00"
    number = appealed(paper, "PK2")
    awarded(number, *({"failed": failed} for failed in votes))
    assert case(number).findings["PK2"]["dissent"] == dissent
    is_over(number, outcome=outcome, score=score, standing=outcome)
    assert case(below(number)[1]).passed is (outcome == "adjusted")


def test_sole_arbitrator_decides_where_neither_pass_nor_pay_is_at_stake(db, time):
    paper = maintained(heard(QA6="9"), {"criterion": "QA6", "claimed": "10"})
    number = appealed(paper, "QA6")
    assert (case(number).panel, list(seated(number))) == (1, ["arbitrator_1"])
    perform(number, "score_blind", acting(panel(number)["arbitrator_1"]), {"criteria": [
        {"criterion": code, "value": value} for code, value in best(number).items()
    ]})  # fmt: skip
    assert case(number).state == "scoring", "the parties may still challenge"
    time.set("2026-11-04 18:01")
    sweep()
    assert case(number).state == "voting", "nobody did"
    arbitrator = panel(number)["arbitrator_1"]
    perform(number, "vote", acting(arbitrator), {"criteria": [{"criterion": "QA6", "value": "9.5", "reasons": WHY}]})
    deliver_all()
    draft = Document.objects.get(case__number=number)
    perform(
        number, "sign", acting(arbitrator), {"document_sha256": draft.file_sha256, "credential": credential(arbitrator)}
    )
    deliver_all()
    time.set("2026-11-05 18:01")
    sweep()
    is_over(number, outcome="adjusted", score="99.50", standing="adjusted")
    assert case(number).served_how == "deemed"
    assert told(seated(number)["arbitrator_1"], number) == ["to_score", "to_vote", "to_sign"]
    assert [kind for kind in told("A1001", number) if kind != "clock_warning"] == ["panel_seated", "awarded"]


@pytest.mark.parametrize("stage", ["opened", "scored", "revealed"])
def test_withdrawn_appeal_leaves_the_ruling_final(db, time, stage):
    paper = dispute(upto="issued")
    number = arbitration(paper, upto=stage)
    sat = seated(number)
    assert str(case(below(number)[1]).score) == "90.00" and case(below(number)[1]).is_provisional
    perform(number, "withdraw", acting("ann"))
    deliver_all()
    assert case(number).state == "withdrawn" and case(number).closed_at is not None
    evaluation_number = below(number)[1]
    assert (case(paper).state, case(evaluation_number).state) == ("final", "final")
    assert (str(case(evaluation_number).score), case(evaluation_number).outcome) == ("90.00", "adjusted")
    assert all(running(each) == set() == tasks(each) for each in (number, paper, evaluation_number))
    assert documents(number) == [] and documents(paper) == [("ruling", "issued")]
    assert parties(number) == {("agent", "A1001"), ("inspector", "Q202")}
    assert told("Q202", number)[-1] == "withdrawn"
    assert [told(no, number)[-1] for no in sat.values()] == ["withdrawn"] * 3, "they need do nothing more"
    with refused(NotAllowedNow):
        perform(paper, "appeal", acting("ann"), APPEAL)
    for login in ("ann", "ian"):
        with refused(NotAllowedNow):
            perform(number, "waive_challenge", acting(login))


def test_recording_altered_between_ruling_and_award_decides_for_the_agent(db, time, settings, tmp_path):
    settings.EVIDENCE_FOLDER = tmp_path
    paper = dispute(upto="issued")
    subject = case(paper).subject.number
    assert case(subject).recording_state == "intact"
    file = store.evidence().path_of(Recording.objects.get(interaction_id=case(subject).interaction_id).sha256)
    file.write_bytes(file.read_bytes() + b"\0")

    number = arbitration(paper)
    assert case(subject).recording_state == "altered", "it is heard anew, so it is checked anew"
    first = panel(number)["arbitrator_1"]
    with refused(InvalidInput, problems=["recording_missing"]):
        perform(number, "score_blind", acting(first), {"criteria": [{"criterion": "QC4", "value": "8"}]})
    for login in panel(number).values():
        perform(number, "score_blind", acting(login))
    for login in ("ann", "ian"):
        perform(number, "waive_challenge", acting(login))
    line = {"criterion": "QC4", "value": "10", "reasons": "录音已改动，无从核实"}
    with refused(InvalidInput, problems=["recording_missing"]):
        perform(number, "vote", acting(first), {"criteria": [line, {**line, "criterion": "QA5", "value": "9.5"}]})
    ten = {seat: {"QC4": "10", "QA5": "10"} for seat in seated(number)}
    for seat, login in panel(number).items():
        lines = [{"criterion": code, "value": value, "reasons": "无从核实"} for code, value in ten[seat].items()]
        perform(number, "vote", acting(login), {"criteria": lines})
    arbitration_signed(number)
    is_over(number, outcome="adjusted", score="99.00", standing="adjusted")


def arbitration_signed(number: str) -> None:
    """The panel signs, the award is issued, ann opens it."""
    deliver_all()
    for login in panel(number).values():
        perform(number, "sign", acting(login), signature_of(number, login))
    deliver_all()
    perform(number, "read", acting("ann"))
