"""What the case page shows of a dispute: original, claimed and ruled side by side, and the places of the recording."""

from typing import Any

from casework.domain.case_rules import rules_of
from casework.domain.wording import spoken
from workflows.disputes import criteria
from workflows.disputes.models import ScoreDispute
from workflows.evaluations import page as evaluations
from workflows.evaluations.scoring import apply as scored
from workflows.evaluations.values import worded


def page(case: ScoreDispute, sight: Any) -> dict[str, Any]:
    """`rows` of every criterion in the rubric's order, the disputed ones with what was said; totals as they are with
    the other criteria as they now stand. A decision is told once it is issued."""
    evaluation, hidden = sight.family.by_id[case.subject_id], sight.hides_decision(case)
    return {
        "rows": [
            _row(code, case, evaluation, hidden) for code in evaluation.rubric.criteria if code in evaluation.current
        ],
        "disputed": len(case.claims), "only": True, "totals": _totals(case, evaluation, hidden),
        "provisional": evaluation.is_provisional, "silent": case.heard == "silent",
        "skipped": _skipped(case),
    }  # fmt: skip


def marks(case: ScoreDispute, sight: Any) -> list[dict[str, Any]]:
    """The evaluation's places, and those on which the agent relies."""
    evaluation = sight.family.by_id[case.subject_id]
    return [*evaluations.marks(evaluation, sight), *evaluations.claimed_marks(case.claims, evaluation, sight)]


def _row(code: str, case: ScoreDispute, evaluation: Any, hidden: bool) -> dict[str, Any]:
    named, claim = evaluations.named(evaluation.rubric, code), case.claims.get(code)
    if claim is None:
        return {**named, "disputed": False, "original": worded(evaluation.current[code])}
    rules = rules_of(case)
    decision = None if hidden else claim["decision"]
    entry = evaluation.original[code]
    return {
        **named, "disputed": True, "original": worded(claim["original"]), "claimed": worded(claim["claimed"]),
        "ruled": worded(decision["value"] or claim["original"]) if decision else "",
        "decision": spoken(rules.label("decisions", decision["decision"])) if decision else "",
        "refused": spoken(rules.label("inadmissibility", ground)) if (ground := (decision or {}).get("ground")) else "",
        "decision_reasons": decision["reasons"] if decision else "",
        "moved": bool(decision and decision["value"] and decision["value"] != claim["original"]),
        "ground": spoken(rules.label("grounds", claim["ground"])), "reasons": claim["reasons"],
        "seconds": claim["seconds"], "statement": claim["statement"], "comment": entry.get("comment") or "",
        "at": entry.get("at"),
    }  # fmt: skip


def _totals(case: ScoreDispute, evaluation: Any, hidden: bool) -> dict[str, Any]:
    rubric = evaluation.rubric
    before = scored(evaluation.current, {code: claim["original"] for code, claim in case.claims.items()})
    asked = {code: claim["claimed"] for code, claim in case.claims.items()}
    decided = not hidden and all(claim["decision"] for claim in case.claims.values()) and not case.annul
    return {
        "original": evaluations.summed(rubric, before), "claimed": evaluations.summed(rubric, scored(before, asked)),
        "ruled": evaluations.summed(rubric, scored(before, criteria.ruled_values(case.claims))) if decided else None,
    }  # fmt: skip


def _skipped(case: ScoreDispute) -> str:
    """Why nobody screened, in words, where nobody did."""
    reasons = rules_of(case).labels["skip_reasons"]
    return spoken(reasons[case.screening]) if case.screening in reasons else ""
