"""Whole cases from the first score to the last word: who acted, when, what each was told, and what is left open."""

from casework.domain.perform import open_case, perform
from casework.models import Case, Document
from tests.factories import CLAIMS, RULING, credential, deliver_all, evaluation, recording
from tests.seen import case, due, entry, events, parties, reviewer, running, sweep, tasks, told

DISPUTE = "disputes.ScoreDispute"


def test_dispute_in_which_everybody_waits_is_carried_by_its_clocks(db, time, as_):
    """Nobody but the agent, the reviewer and the clocks acts, over a weekend; the score moves all the same."""
    time.set("2026-11-05 10:00")  # a Thursday
    number = evaluation(reader=None)
    recording(number)
    assert due(number, "deemed_service") == "2026-11-06 18:00"
    time.set("2026-11-06 18:01")
    sweep()
    assert due(number, "objection") == "2026-11-10 18:00"
    time.set("2026-11-10 17:30")
    paper = open_case(DISPUTE, as_("ann"), CLAIMS, subject=number).number
    assert (due(paper, "screen"), due(paper, "statement"), due(paper, "whole")) == (
        "2026-11-11 18:00", "2026-11-11 18:00", "2026-12-08 18:00",
    )  # fmt: skip
    time.set("2026-11-11 18:01")
    sweep()
    deliver_all()
    assert (case(paper).screening, case(paper).heard, case(paper).state) == ("bypassed", "silent", "reviewing")
    assert case(number).window_closed and case(number).is_provisional
    assert due(paper, "review") == "2026-11-13 18:00"
    time.set("2026-11-13 17:00")
    perform(paper, "rule", as_("qin"), RULING)
    deliver_all()
    assert due(paper, "sign") == "2026-11-16 18:00"  # Friday to Monday
    time.set("2026-11-16 09:00")
    draft = Document.objects.get(case__number=paper)
    perform(paper, "sign", as_("qin"), {"document_sha256": draft.file_sha256, "credential": credential("qin")})
    deliver_all()
    assert (case(paper).state, str(case(number).score), case(number).band) == ("ruled", "90.00", "[90,95)")
    assert (case(number).passed, case(number).state) == (True, "adjusted")
    time.set("2026-11-17 18:01")
    sweep()
    assert (case(paper).served_how, due(paper, "appeal_window")) == ("deemed", "2026-11-19 18:00")
    time.set("2026-11-19 18:01")
    sweep()
    deliver_all()
    assert (case(paper).state, case(number).state) == ("final", "final")
    assert events(paper) == [
        "file", "bypass", "record_silence", "rule", "attach_draft", "sign", "issue", "deem_served", "finalise",
    ]  # fmt: skip
    assert events(number) == [
        "record_score", "publish", "deem_served", "mark_provisional", "close_window", "note_recording", "rescore",
        "finalise",
    ]  # fmt: skip
    assert [kind for kind in told("A1001", paper) if kind != "clock_warning"] == [
        "bypassed", "reviewer_seated", "ruled", "finalised",
    ]  # fmt: skip
    assert running(paper) == running(number) == set() == tasks(paper) == tasks(number)
    assert parties(paper) == {
        ("agent", "A1001"), ("inspector", "Q202"), ("leader", "L301"), ("leader", "M402"), ("reviewer", "M401"),
    }  # fmt: skip


def test_dispute_that_is_withdrawn_filed_again_and_maintained(db, time, as_):
    """The second dispute is ruled on; maintained, the score is what it was, final, and closed to a third."""
    number = evaluation()
    recording(number)
    first = open_case(DISPUTE, as_("ann"), CLAIMS, subject=number).number
    perform(first, "return_to_agent", as_("lee"), {"reasons": "请补充时间点"})
    perform(first, "withdraw", as_("ann"))
    time.set("2026-11-04 11:00")
    claim = {
        "criterion": "QA5",
        "claimed": {"score": "8.5"},
        "ground": "evidence_overlooked",
        "reasons": "见第12秒",
        "seconds": [12],
    }
    second = open_case(DISPUTE, as_("ann"), {"criteria": [claim]}, subject=number).number
    perform(second, "give_statement", as_("ian"), {"criteria": [{"criterion": "QA5", "text": "仅一次追问"}]})
    perform(second, "forward", as_("lee"))
    deliver_all()
    maintained = {"criterion": "QA5", "decision": "maintain", "reasons": "录音第12秒无追问"}
    perform(second, "rule", as_("qin"), {"criteria": [maintained]})
    deliver_all()
    draft = Document.objects.get(case__number=second)
    perform(second, "sign", as_("qin"), {"document_sha256": draft.file_sha256, "credential": credential("qin")})
    deliver_all()
    perform(second, "read", as_("ann"))
    assert (case(second).outcome, case(number).state, str(case(number).score)) == ("maintained", "maintained", "84.00")
    perform(second, "accept", as_("ann"))
    assert (case(number).state, case(number).outcome, reviewer(first), reviewer(second)) == (
        "final",
        "maintained",
        None,
        "M401",
    )
    assert entry(number, "finalise")["data"] == {"case": second}
    family = case(number).family_id
    assert list(Case.objects.filter(family_id=family).order_by("id").values_list("number", flat=True)) == [
        number,
        first,
        second,
    ]
    assert Document.objects.filter(case__family_id=family).count() == 1
