"""The review: per criterion, with the floor; reviewers recuse, are late and are replaced; time never decides."""

import pytest

from casework import store
from casework.domain.errors import InvalidInput, NotAllowedNow, NotPermitted
from casework.domain.perform import perform
from tests.factories import RULING, deliver_all, dispute, evaluation, recording
from tests.seen import LOGINS, case, documents, due, entry, parties, refused, reviewer, second_lead, sweep, tasks, told

QC4, QA5 = RULING["criteria"]
SIX = (
    *(f"PK{n}" for n in range(1, 5)), *(f"SL{n}" for n in range(1, 13)), *(f"AT{n}" for n in range(1, 5)),
    *(f"CS{n}" for n in range(1, 9)), *(f"MK{n}" for n in range(1, 5)), *(f"OT{n}" for n in range(1, 5)),
)  # fmt: skip


def six(**changes) -> str:
    """An evaluation under the six-category rubric: full marks but for the changes."""
    from workflows.evaluations.rubrics import rubric_version

    rubric, blank = rubric_version("six-category", 1), {"at": None, "comment": ""}
    card = {}
    for code in SIX:
        criterion = rubric.criterion(code)
        full = {"score": None, "na": False, "failed": False} if criterion.is_critical else {
            "score": str(criterion.points), "na": False, "failed": None,
        }  # fmt: skip
        card[code] = {**full, **blank, **changes.get(code, {})}
    number = evaluation(rubric="six-category", scores=card)
    recording(number)
    return number


def at_review(number: str, *items: dict) -> str:
    """A dispute over these criteria, the inspector heard, before the reviewer."""
    reasons = {"ground": "fact_wrong", "reasons": "不符合事实"}
    paper = dispute(number, criteria=[{**reasons, **item} for item in items])
    from tests.conftest import acting

    said = [{"criterion": item["criterion"], "text": "维持"} for item in items]
    perform(paper, "give_statement", acting("ian"), {"criteria": said})
    perform(paper, "forward", acting("lee"))
    deliver_all()
    return paper


@pytest.fixture
def reviewing(db, time) -> str:
    """ann's dispute of QC4 (0, claims 10) and QA5 (5, claims 10), before qin."""
    number = evaluation()
    recording(number)
    paper = dispute(number, upto="forwarded")
    deliver_all()
    return paper


def ruled(*items: dict) -> dict:
    return {"criteria": list(items)}


def test_rule_decides_each_criterion_and_asks_for_a_signature(reviewing, time, as_):
    time.set("2026-11-04 10:00")
    perform(reviewing, "rule", as_("qin"), RULING)
    drafted = case(reviewing)
    assert (drafted.state, drafted.outcome) == ("signing", "adjusted")
    assert drafted.claims["QC4"]["decision"]["value"]["score"] == "6"
    assert drafted.claims["QA5"]["decision"]["value"]["score"] == "5"
    assert due(reviewing, "sign") == "2026-11-05 18:00"
    subject = drafted.subject.number
    assert (str(case(subject).score), case(subject).state) == ("84.00", "provisional"), "a draft moves nothing"


@pytest.mark.parametrize(("decision", "outcome"), [
    ({"decision": "maintain"}, "maintained"),
    ({"decision": "accept"}, "adjusted"),
    ({"decision": "other", "value": "0"}, "maintained"),
    ({"decision": "other", "value": "-0"}, "maintained"),
    ({"decision": "other", "value": "0.5"}, "adjusted"),
    ({"decision": "other", "value": {"score": "10.0"}}, "adjusted"),
    ({"decision": "maintain", "value": None}, "maintained"),
])  # fmt: skip
def test_rule_outcome_follows_the_values(reviewing, as_, decision, outcome):
    perform(reviewing, "rule", as_("qin"), ruled({"criterion": "QC4", "reasons": "理由", **decision}, QA5))
    assert case(reviewing).outcome == outcome
    assert case(reviewing).claims["QC4"]["decision"]["value"]["score"] in ("0", "0.5", "10")


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ([QC4], "not_decided"),
        ([QC4, QA5, QA5], "not_decided"),
        ([QC4, QA5, {**QA5, "criterion": "QA6"}], "not_disputed"),
        ([QC4, {**QA5, "criterion": "XX"}], "not_disputed"),
        ([{**QC4, "value": None}, QA5], "missing"),
        ([{**QC4, "decision": "maintain"}, QA5], "not_wanted"),
        ([{**QC4, "decision": "inadmissible", "value": None}, QA5], "missing"),
        ([{**QC4, "decision": "agree"}, QA5], "literal_error"),
        ([{**QC4, "value": "10.5"}, QA5], "score_above_maximum"),
        ([{**QC4, "value": "6.25"}, QA5], "off_step"),
        ([{**QC4, "value": "NaN"}, QA5], "not_a_number"),
        ([{**QC4, "value": "1e0"}, QA5], "not_a_number"),
        ([{**QC4, "value": "６"}, QA5], "not_a_number"),
        ([{**QC4, "value": "-6"}, QA5], "below_zero"),
        ([{**QC4, "reasons": ""}, QA5], "empty"),
        ([{**QC4, "reasons": "\x00"}, QA5], "nul_character"),
        ([{**QC4, "reasons": "\udfff"}, QA5], "lone_surrogate"),
        ([QC4, {**QA5, "decision": "other", "value": "4.5"}], "below_floor"),  # it has 5
        ([QC4, {**QA5, "decision": "inadmissible", "ground": "ugly"}], "literal_error"),
    ],
)
def test_rule_badly_is_refused(reviewing, as_, items, code):
    with refused(InvalidInput, problems=[code]):
        perform(reviewing, "rule", as_("qin"), ruled(*items))


def test_rule_below_a_correction_is_refused(db, time, as_):
    """The floor is the best of original and corrected value."""
    number = evaluation()
    recording(number)
    perform(
        number, "propose_correction", as_("ian"), {"changes": [{"criterion": "QC4", "value": "6", "reasons": "更正"}]}
    )
    perform(number, "approve_correction", as_("qin"))
    cui = second_lead()
    paper = at_review(number, {"criterion": "QC4", "claimed": "10"})
    assert reviewer(paper) == "M405", "qin has decided before in this family"
    for value in ("0", "5.5"):
        with refused(InvalidInput, problems=["below_floor"]):
            perform(paper, "rule", as_(cui), ruled({**QC4, "value": value}))
    perform(paper, "rule", as_(cui), ruled({**QC4, "value": "6"}))
    assert case(paper).outcome == "maintained"


def test_rule_overturns_a_failed_critical_criterion(db, time, as_):
    number = six(PK2={"failed": True}, SL8={"score": "2"})
    scored = case(number)
    assert (str(scored.score), scored.band, scored.passed) == ("0.00", "[0,60)", False)
    paper = at_review(number, {"criterion": "PK2", "claimed": {"failed": False}})
    perform(paper, "rule", as_("qin"), ruled({"criterion": "PK2", "decision": "accept", "reasons": "未夸大"}))
    assert (case(paper).outcome, case(paper).claims["PK2"]["decision"]["value"]["failed"]) == ("adjusted", False)


def test_rule_a_critical_criterion_failed_that_had_not_is_refused(db, time, as_):
    number = six(SL8={"score": "2"})
    paper = at_review(number, {"criterion": "PK2", "claimed": {"failed": False}}, {"criterion": "SL8", "claimed": "4"})
    failed = {"criterion": "PK2", "decision": "other", "value": {"failed": True}, "reasons": "夸大"}
    with refused(InvalidInput, problems=["below_floor"]):
        perform(paper, "rule", as_("qin"), ruled(failed, {"criterion": "SL8", "decision": "accept", "reasons": "x"}))


def test_rule_not_applicable_that_lowers_the_total_is_refused(db, time, as_):
    """3.5 of 4 is above this agent's average: leaving it out would lower the total, whatever was claimed."""
    poor = {code: {"score": "0"} for code in ("PK1", "PK3", "PK4", "CS3", "AT3", "AT4", "SL10", "CS7", "SL8")}
    number = six(MK1={"score": "3.5"}, **poor)
    paper = at_review(number, {"criterion": "MK1", "claimed": {"na": True}})
    with refused(InvalidInput, problems=["worse_off"]):
        perform(paper, "rule", as_("qin"), ruled({"criterion": "MK1", "decision": "accept", "reasons": "不适用"}))
    perform(paper, "rule", as_("qin"), ruled({"criterion": "MK1", "decision": "maintain", "reasons": "维持"}))


def test_rule_annuls_the_whole_evaluation(reviewing, as_):
    perform(reviewing, "rule", as_("qin"), {**RULING, "annul": "评分前未公示评分表"})
    assert (case(reviewing).outcome, case(reviewing).annul) == ("annulled", "评分前未公示评分表")


@pytest.mark.parametrize("state", ["missing", "altered"])
def test_rule_without_a_sound_recording_decides_for_the_agent(db, time, as_, settings, tmp_path, state):
    settings.EVIDENCE_FOLDER = tmp_path
    number = evaluation()
    digest = recording(number)
    file = store.evidence().path_of(digest)
    file.unlink() if state == "missing" else file.write_bytes(file.read_bytes() + b"\0")
    paper = dispute(number, upto="forwarded")
    deliver_all()
    assert case(number).recording_state == state
    for decision in (QC4, {**QC4, "decision": "maintain", "value": None}):
        with refused(InvalidInput, problems=["recording_missing"]):
            perform(paper, "rule", as_("qin"), ruled(decision, QA5))
    accepted = [{"criterion": code, "decision": "accept", "reasons": "录音无法核实"} for code in ("QC4", "QA5")]
    perform(paper, "rule", as_("qin"), ruled(*accepted))
    assert case(paper).outcome == "adjusted"


def test_rule_before_the_recording_was_checked_is_refused(db, time, as_):
    number = evaluation()
    recording(number)
    paper = dispute(number, upto="forwarded")
    with refused(NotAllowedNow):
        perform(paper, "rule", as_("qin"), RULING)


def test_rule_by_another_than_the_seated_is_refused(reviewing, as_):
    cui = second_lead()
    for action, data in (("claim", None), ("rule", RULING)):
        with refused(NotPermitted, "seat_taken"):
            perform(reviewing, action, as_(cui), data)


def test_release_leaves_the_seat_to_be_claimed(reviewing, as_):
    cui = second_lead()
    perform(reviewing, "release", as_("qin"))
    assert (reviewer(reviewing), tasks(reviewing)) == (None, {("review", "qa_lead")})
    with refused(NotPermitted):
        perform(reviewing, "rule", as_(cui), RULING)  # claim first
    perform(reviewing, "claim", as_(cui))
    assert reviewer(reviewing) == "M405"
    perform(reviewing, "release", as_(cui))
    perform(reviewing, "claim", as_("qin"))
    assert reviewer(reviewing) == "M401", "to release is not to decide"


def test_recuse_seats_the_next_reviewer_and_keeps_the_text_confidential(reviewing, as_):
    cui = second_lead()
    perform(reviewing, "recuse", as_("qin"), {"category": "kinship", "text": "坐席是我表妹"})
    assert (case(reviewing).state, reviewer(reviewing)) == ("reviewing", "M405")
    told_of = entry(reviewing, "recuse")
    assert (told_of["data"]["category"], list(told_of["data"]["text"])) == ("kinship", ["sha256"])
    (choice,) = told_of["choices"]
    assert (choice["chosen"], choice["barred"]["M401"]) == ("M405", ["recused"])
    perform(reviewing, "rule", as_(cui), RULING)
    with refused(NotPermitted, "barred"):
        perform(reviewing, "rule", as_("qin"), RULING)


def test_recuse_with_nobody_left_empties_the_seat_and_tells_the_director(reviewing, as_):
    perform(reviewing, "recuse", as_("qin"), {"category": "interest"})
    assert (case(reviewing).state, reviewer(reviewing)) == ("reviewing", None)
    deliver_all()
    assert "no_reviewer" in told("F801", reviewing)
    with refused(NotPermitted, "barred") as refusal:
        perform(reviewing, "claim", as_("qin"))
    assert refusal.error.details["bars"] == ["recused"]


@pytest.mark.parametrize("data", [{}, {"category": "tired"}, {"category": "other", "text": "\x00"}])
def test_recuse_badly_is_refused(reviewing, as_, data):
    with refused(InvalidInput):
        perform(reviewing, "recuse", as_("qin"), data)


def test_recuse_while_signing_voids_the_draft(reviewing, as_):
    second_lead()
    perform(reviewing, "rule", as_("qin"), RULING)
    deliver_all()
    perform(reviewing, "recuse", as_("qin"), {"category": "involved_before"})
    assert (case(reviewing).state, case(reviewing).outcome, reviewer(reviewing)) == ("reviewing", "", "M405")
    assert documents(reviewing) == [("ruling", "void")]
    assert case(reviewing).claims["QC4"]["decision"] is None


def test_review_limit_passes_to_the_next_reviewer_and_never_decides(reviewing, time, as_):
    second_lead()
    sat = []
    for moment in ("2026-11-05 18:01", "2026-11-09 18:01", "2026-11-11 18:01"):
        time.set(moment)
        sat.append(reviewer(reviewing))
        sweep()
    assert sat == ["M401", "M405", "M401"], "who was replaced has decided nothing and may sit again"
    assert (case(reviewing).state, case(reviewing).outcome) == ("reviewing", "")
    assert due(reviewing, "review") == "2026-11-13 18:00"
    deliver_all()
    assert told("F801", reviewing).count("reviewer_replaced") == 3
    with refused(NotPermitted, "seat_taken"):
        perform(reviewing, "rule", as_("qin"), RULING)


def test_review_limit_with_nobody_else_leaves_the_reviewer_and_tells_the_director(reviewing, time, as_):
    time.set("2026-11-05 18:01")
    sweep()
    assert (reviewer(reviewing), due(reviewing, "review")) == ("M401", "2026-11-09 18:00")
    deliver_all()
    assert {"reviewer_replaced", "no_reviewer"} & set(told("F801", reviewing))
    perform(reviewing, "rule", as_("qin"), RULING)


def test_reviewer_on_leave_is_not_offered_the_case(db, time, as_):
    from datetime import date

    from casework.domain.actor import system
    from casework.domain.staff import record_leave
    from tests.seen import person

    second_lead()
    record_leave(person("M401"), date(2026, 11, 1), date(2026, 11, 30), system())
    paper = dispute(evaluation(), upto="forwarded")
    assert reviewer(paper) == "M405"
    assert entry(paper, "forward")["choices"][0]["on_leave"] == ["M401"]


def test_reviewer_who_is_the_inspectors_direct_superior_yields_to_another(db, time, as_):
    from casework.models import Person
    from tests.seen import person

    Person.objects.filter(no="Q202").update(superior=person("M401"))
    alone = dispute(evaluation(), upto="forwarded")
    assert reviewer(alone) == "M401", "as the only one they may"
    second_lead()
    assert reviewer(dispute(evaluation(), upto="forwarded")) == "M405"


def test_whole_limit_tells_director_and_auditor_and_the_score_stays_provisional(reviewing, time):
    time.set("2026-12-01 18:00:30")
    before = case(reviewing)
    assert due(reviewing, "whole") == "2026-12-01 18:00"
    time.set("2026-12-01 18:01")
    sweep()
    deliver_all()
    assert "whole_limit_passed" in told("F801", reviewing) and "whole_limit_passed" in told("U999", reviewing)
    assert (case(reviewing).state, case(before.subject.number).state) == ("reviewing", "provisional")
    assert ("agent", "A1001") in parties(reviewing) and LOGINS[reviewer(reviewing)] == "qin"


def test_rule_below_the_original_that_a_correction_lowered_is_refused(db, time, as_):
    """The floor is the best of original, corrected and ruled value: a claim and a ruling start there."""
    number = evaluation(reader=None)
    recording(number)
    lower = {"changes": [{"criterion": "QA5", "value": "3", "reasons": "复核后发现少扣"}]}
    perform(number, "propose_correction", as_("ian"), lower)
    perform(number, "approve_correction", as_("qin"))
    perform(number, "read", as_("ann"))
    claim = {"criterion": "QA5", "ground": "fact_wrong", "reasons": "不符合事实"}
    with refused(InvalidInput, problems=["below_floor"]):
        dispute(number, criteria=[{**claim, "claimed": "4"}])
    lead = second_lead()
    paper = at_review(number, {"criterion": "QA5", "claimed": "10"})
    with refused(InvalidInput, problems=["below_floor"]):
        perform(
            paper, "rule", as_(lead), {"criteria": [{"criterion": "QA5", "decision": "maintain", "reasons": "维持"}]}
        )
    least = {"criterion": "QA5", "decision": "other", "value": "5", "reasons": "不低于原评分"}
    perform(paper, "rule", as_(lead), {"criteria": [least]})
    assert case(paper).state == "signing"
