"""Corrections: proposed by the inspector, approved by a QA lead who is free, never downwards once questioned."""

import pytest

from casework.domain.errors import InvalidInput, NotAllowedNow, NotPermitted
from casework.domain.perform import open_case, perform
from tests.factories import CLAIMS, arbitration, deliver_all, dispute, evaluation, recording
from tests.seen import case, clock, due, entry, parties, refused, running, sweep, tasks, told

RAISE = {"changes": [{"criterion": "QC4", "value": "6", "reasons": "重听后仅部分语速过快"}]}
LOWER = {"changes": [{"criterion": "QA6", "value": "4", "reasons": "业务答复有误"}]}


def final(time, **values) -> str:
    """An evaluation whose window closed on 5 November; it is the day after."""
    number = evaluation(**values)
    time.set("2026-11-05 18:01")
    sweep()
    time.set("2026-11-06 10:00")
    return number


def test_correct_by_inspector_and_free_lead_opens_a_window_for_the_changed_criteria_only(db, time, as_):
    number = final(time)
    for login in ("ann", "lee", "qin"):
        with refused(NotPermitted):
            perform(number, "propose_correction", as_(login), RAISE)
    perform(number, "propose_correction", as_("ian"), RAISE)
    assert str(case(number).score) == "84.00", "nothing moves before approval"
    assert tasks(number) == {("approve_correction", "qa_lead")}
    assert due(number, "correction_approval") == "2026-11-09 18:00"
    with refused(NotPermitted, "barred"):
        perform(number, "approve_correction", as_("ian2"))  # ian's second account
    with refused(NotPermitted, "barred"):
        perform(number, "approve_correction", as_("qiu"))  # stands in for ann's leader
    perform(number, "approve_correction", as_("qin"))
    corrected = case(number)
    assert (str(corrected.score), str(corrected.original_score), corrected.state) == ("90.00", "84.00", "standing")
    assert (corrected.current["QC4"]["score"], corrected.original["QC4"]["score"]) == ("6", "0")
    assert (corrected.reading, corrected.publication, corrected.open_criteria) == ("published", 2, ["QC4"])
    assert ("corrector", "M401") in parties(number)
    deliver_all()
    assert told("A1001", number)[-2:] == ["corrected", "correction_issued"]
    perform(number, "read", as_("ann"))
    assert due(number, "objection") == "2026-11-10 18:00"
    recording(number)
    with refused(InvalidInput, problems=["not_open"]):
        open_case("disputes.ScoreDispute", as_("ann"), CLAIMS, subject=number)  # also QA5
    paper = open_case("disputes.ScoreDispute", as_("ann"), {"criteria": CLAIMS["criteria"][:1]}, subject=number).number
    assert (case(paper).state, case(paper).publication) == ("screening", 2)


def test_correct_inside_the_window_takes_no_objection_away(db, time, as_):
    """The unchanged criteria could still be disputed; a correction must not cut that short."""
    number = evaluation()
    recording(number)
    perform(number, "propose_correction", as_("ian"), RAISE)
    perform(number, "approve_correction", as_("qin"))
    perform(number, "read", as_("ann"))
    paper = open_case("disputes.ScoreDispute", as_("ann"), {"criteria": CLAIMS["criteria"][1:]}, subject=number).number
    assert case(paper).state == "screening"


def test_correct_twice_in_the_open_window_keeps_both_criteria_open(db, time, as_):
    number = final(time)
    perform(number, "propose_correction", as_("ian"), RAISE)
    perform(number, "approve_correction", as_("qin"))
    perform(number, "propose_correction", as_("ian"), LOWER)
    perform(number, "approve_correction", as_("qin"))
    assert case(number).open_criteria == ["QA6", "QC4"]


def test_correct_may_lower_before_any_question(db, time, as_):
    number = evaluation()
    perform(number, "propose_correction", as_("ian"), LOWER)
    perform(number, "approve_correction", as_("qin"))
    assert str(case(number).score) == "79.00"


@pytest.mark.parametrize("history", ["questioned", "answered", "acknowledged", "unanswered"])
def test_correct_after_a_question_may_only_raise(db, time, as_, history):
    number = evaluation()
    perform(number, "question", as_("ann"), {"text": "为什么？"})
    if history in ("answered", "acknowledged"):
        perform(number, "answer", as_("ian"), {"text": "见录音"})
    if history == "acknowledged":
        perform(number, "acknowledge", as_("ann"))
    if history == "unanswered":
        time.set("2026-11-04 18:01")
        sweep()
    with refused(InvalidInput, problems=["may_only_raise"]):
        perform(number, "propose_correction", as_("ian"), LOWER)
    perform(number, "propose_correction", as_("ian"), RAISE)


def test_correct_proposed_before_a_question_cannot_be_approved_downwards_after_it(db, time, as_):
    number = evaluation()
    perform(number, "propose_correction", as_("ian"), LOWER)
    perform(number, "question", as_("ann"), {"text": "为什么？"})
    with refused(InvalidInput, problems=["may_only_raise"]):
        perform(number, "approve_correction", as_("qin"))
    perform(number, "refuse_correction", as_("qin"), {"reasons": "坐席已提出疑问"})
    assert str(case(number).score) == "84.00"


def test_correct_while_questioned_ends_the_question(db, time, as_):
    number = evaluation()
    perform(number, "question", as_("ann"), {"text": "为什么？"})
    perform(number, "propose_correction", as_("ian"), RAISE)
    perform(number, "approve_correction", as_("qin"))
    assert (case(number).reading, running(number)) == ("published", {"deemed_service"})


def test_correct_after_a_dispute_may_only_raise(db, time, as_):
    number = evaluation()
    perform(dispute(number), "withdraw", as_("ann"))
    with refused(InvalidInput, problems=["may_only_raise"]):
        perform(number, "propose_correction", as_("ian"), LOWER)


def test_correct_while_disputed_is_refused_and_a_pending_one_dropped(db, time, as_):
    number = evaluation()
    perform(number, "propose_correction", as_("ian"), RAISE)
    dispute(number)
    assert (case(number).pending_correction, clock(number, "correction_approval").state) == (None, "stopped")
    with refused(NotAllowedNow):
        perform(number, "propose_correction", as_("ian"), RAISE)
    with refused(NotAllowedNow):
        perform(number, "approve_correction", as_("qin"))


def test_correct_not_approved_in_time_is_dropped(db, time, as_):
    number = final(time)
    perform(number, "propose_correction", as_("ian"), RAISE)
    with refused(NotAllowedNow):
        perform(number, "propose_correction", as_("ian"), LOWER)
    time.set("2026-11-09 18:01")
    sweep()
    assert (case(number).pending_correction, str(case(number).score), case(number).state) == (None, "84.00", "final")
    deliver_all()
    assert told("Q202", number)[-1] == "correction_dropped"


def test_correct_refused_by_a_lead_leaves_everything(db, time, as_):
    number = final(time)
    perform(number, "propose_correction", as_("ian"), RAISE)
    perform(number, "refuse_correction", as_("qin"), {"reasons": "录音不支持"})
    assert (case(number).pending_correction, str(case(number).score), case(number).state) == (None, "84.00", "final")
    assert "sha256" in entry(number, "refuse_correction")["data"]["reasons"], "personal text is only committed to"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"criterion": "QX9", "value": "5"}, "unknown_criterion"),
        ({"criterion": "QC4", "value": "10.5"}, "score_above_maximum"),
        ({"criterion": "QC4", "value": "6.3"}, "off_step"),
        ({"criterion": "QC4", "value": {"na": True}}, "not_applicable_not_allowed"),
        ({"criterion": "QC4", "value": {"failed": True, "score": "5"}}, "failed_on_normal"),
        ({"criterion": "QA5", "value": "5.0"}, "unchanged"),
    ],
)
def test_correct_with_a_bad_value_is_refused(db, time, as_, change, code):
    number = evaluation()
    with refused(InvalidInput, problems=[code]):
        perform(number, "propose_correction", as_("ian"), {"changes": [{**change, "reasons": "更正"}]})


def test_correct_one_criterion_twice_is_refused(db, time, as_):
    number = evaluation()
    twice = {"changes": [RAISE["changes"][0], {**RAISE["changes"][0], "value": "8"}]}
    with refused(InvalidInput, problems=["twice"]):
        perform(number, "propose_correction", as_("ian"), twice)


def test_propose_correction_of_a_score_that_was_arbitrated_is_refused(db, time, as_):
    """An award is the last word inside the company; what is left is reopening."""
    award = arbitration(upto="awarded")
    number = case(case(award).subject.number).subject.number
    with refused(NotAllowedNow, "arbitrated"):
        perform(number, "propose_correction", as_("ian"), {"changes": [
            {"criterion": "QA6", "value": "10", "reasons": "听错了"}
        ]})  # fmt: skip
