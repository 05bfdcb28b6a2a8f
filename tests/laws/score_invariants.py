"""What is true of every score, whatever was done to it; each function raises AssertionError."""

import json
from typing import Any

from casework.models import Document
from workflows.evaluations.scoring import apply as scored
from workflows.evaluations.scoring import best_of, clean_value, is_at_least, no_worse, total

UNDECIDED = ("screening", "returned", "reviewing", "signing", "sealing", "appealed")
MOVING = ("rescore", "approve_correction")


def check_scores(family: Any, entries: dict[int, list[dict[str, Any]]]) -> None:
    """Provisional while, and only while, something is undecided; the score is what the last issued document or
    correction says; what was decided lowers nothing."""
    for evaluation in family.of_type("evaluations.Evaluation"):
        check_disputes(family, evaluation)
        moved = [entry for entry in entries[evaluation.pk] if entry["action"] in MOVING]
        check_history(evaluation, moved)
        if moved and moved[-1]["action"] == "rescore":
            issued = next(d for d in family.documents if str(d.pk) == moved[-1]["data"]["document"])
            assert issued.state == "issued" and issued.issued_at == max(_issues_on_the_merits(family))
            says(issued, evaluation)
    for arbitration in family.of_type("arbitration.Arbitration"):
        check_award(family, arbitration)


def check_disputes(family: Any, evaluation: Any) -> None:
    """One open dispute at most, hence one of each criterion, and one open arbitration of it."""
    disputes = [d for d in family.of_type("disputes.ScoreDispute") if d.subject_id == evaluation.pk]
    assert sum(not d.is_closed for d in disputes) <= 1
    for dispute in disputes:
        before_panels = [a for a in family.of_type("arbitration.Arbitration") if a.subject_id == dispute.pk]
        assert len(before_panels) <= 1 and all(set(a.matters) <= set(dispute.claims) for a in before_panels)
        appealed = any(a.state not in ("awarded", "final", "reopening", "withdrawn") for a in before_panels)
        assert (dispute.state == "appealed") == appealed
    assert (evaluation.state == "provisional") == any(d.state in UNDECIDED for d in disputes)
    assert evaluation.is_provisional == (evaluation.state == "provisional")


def check_history(evaluation: Any, moved: list[dict[str, Any]]) -> None:
    """Played again from the original, the moves give the score there is. A decision lowers no criterion, nor total,
    band, pass or critical result."""
    rubric, card = evaluation.rubric, evaluation.original
    before = _shown(rubric, card)
    assert (before["score"], before["band"]) == (str(evaluation.original_score), total(rubric, card).band)
    annulled = False
    for entry in moved:
        values = {code: clean_value(value) for code, value in entry["data"]["values"].items()}
        after = scored(card, values)
        if entry["action"] == "rescore":
            annulled = entry["data"]["outcome"] == "annulled"
            assert entry["data"]["before"] == before, (entry["data"]["before"], before)
            assert not no_worse(rubric, card, after), no_worse(rubric, card, after)
            assert all(is_at_least(rubric, code, value, card[code]) for code, value in values.items())
            assert annulled or entry["data"]["after"] == _shown(rubric, after)
        card, before = after, _shown(rubric, after)
    if annulled:
        assert (evaluation.score, evaluation.passed) == (None, False)
    else:
        assert {"score": str(evaluation.score), "band": evaluation.band, "passed": evaluation.passed} == before
    assert {c: clean_value(v) for c, v in evaluation.current.items()} == {c: clean_value(v) for c, v in card.items()}


def check_award(family: Any, arbitration: Any) -> None:
    """No criterion is awarded less than the best of its original, corrected, ruled and first awarded value."""
    dispute = family.by_id[arbitration.subject_id]
    evaluation = family.by_id[dispute.subject_id]
    for code, found in arbitration.findings.items():
        ruled = dispute.claims[code]["decision"]["value"]
        floor = best_of(evaluation.rubric, code, evaluation.original[code], found["before"], ruled or found["before"])
        assert is_at_least(evaluation.rubric, code, found["awarded"], floor), (code, found)
    if arbitration.state in ("awarded", "final") and arbitration.findings:
        for code, found in arbitration.findings.items():
            assert is_at_least(evaluation.rubric, code, evaluation.current[code], found["awarded"])


def says(issued: Any, evaluation: Any) -> None:
    """The document names the score and every criterion's value as they now are."""
    snapshot = json.loads(Document.objects.values_list("snapshot", flat=True).get(pk=issued.pk))
    result = "awarded" if issued.kind == "award" else "ruled"
    said = snapshot["totals"][result]
    assert said["score"] == ("—" if evaluation.score is None else str(evaluation.score))
    if evaluation.score is None:
        return
    assert (said["band"], said["passed"]) == (evaluation.band, evaluation.passed)
    for line in snapshot["criteria"]:
        if line.get("admissible", True):
            assert line[result]["shown"] == _printed(evaluation.current[line["code"]]), line["code"]


def _printed(value: dict[str, Any]) -> str:
    value = clean_value(value)
    if value["na"]:
        return "N/A"
    return value["score"] if value["failed"] is None else "×" if value["failed"] else "✓"


def _shown(rubric: Any, card: Any) -> dict[str, Any]:
    result = total(rubric, card)
    return {"score": str(result.score), "band": result.band, "passed": result.passed}


def _issues_on_the_merits(family: Any) -> list[Any]:
    return [d.issued_at for d in family.documents if d.state == "issued" and d.kind in ("ruling", "award")]
