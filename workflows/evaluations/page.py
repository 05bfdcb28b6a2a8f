"""What the case page shows of an evaluation: its criteria side by side, and the places of its recording."""

from decimal import Decimal
from typing import Any

from casework.domain.wording import spoken
from workflows.evaluations.models import Evaluation
from workflows.evaluations.rubric import Rubric, decimal_text
from workflows.evaluations.scoring import ScoringError, clean_value, total
from workflows.evaluations.values import worded


def page(case: Evaluation, sight: Any) -> dict[str, Any]:
    """`rows` in the rubric's order; those of a dispute that the person sees are `disputed`."""
    rubric, disputed = case.rubric, _disputed(case, sight)
    return {
        "rows": [
            {
                **named(rubric, code), "disputed": code in disputed, "original": worded(case.original[code]),
                "value": worded(case.current[code]), "deducted": _is_deducted(rubric, code, case.current[code]),
                "moved": clean_value(case.original[code]) != clean_value(case.current[code]),
                "at": case.current[code].get("at"), "comment": case.current[code].get("comment") or "",
            }
            for code in rubric.criteria if code in case.current
        ],
        "disputed": len(disputed),
        "most": decimal_text(sum((item.points for item in rubric.criteria.values()), Decimal(0))),
        "pass_mark": decimal_text(rubric.pass_mark), "only": False,
    }  # fmt: skip


def marks(case: Evaluation, sight: Any) -> list[dict[str, Any]]:
    """Places of the recording that the scorecard names, with what the inspector wrote there."""
    by = _name(case.inspector_id, sight)
    return [
        {"at": entry["at"], "criterion": code, "by": by, "text": entry.get("comment") or ""}
        for code, entry in case.original.items() if entry.get("at") is not None
    ]  # fmt: skip


def claimed_marks(claims: dict[str, Any], case: Evaluation, sight: Any) -> list[dict[str, Any]]:
    """Places on which the agent relies in a dispute."""
    by = _name(case.concerned_id, sight)
    return [
        {"at": second, "criterion": code, "by": by, "text": claim["reasons"], "claims": True}
        for code, claim in claims.items() for second in claim["seconds"]
    ]  # fmt: skip


def named(rubric: Rubric, code: str) -> dict[str, Any]:
    criterion = rubric.criterion(code)
    return {
        "code": code, "name": spoken(criterion.name), "critical": criterion.is_critical,
        "points": "" if criterion.is_critical else decimal_text(criterion.points),
    }  # fmt: skip


def summed(rubric: Rubric, card: dict[str, Any]) -> dict[str, Any] | None:
    """The scorecard's total as it is shown; None where nothing applies any more."""
    try:
        result = total(rubric, card)
    except ScoringError:
        return None
    return {"value": str(result.score), "passed": result.passed}


def _name(person_id: int | None, sight: Any) -> str:
    return (sight.person(person_id) or {"name": ""})["name"]


def _is_deducted(rubric: Rubric, code: str, entry: dict[str, Any]) -> bool:
    criterion = rubric.criterion(code)
    if criterion.is_critical or entry.get("na"):
        return bool(entry.get("failed"))
    return clean_value(entry)["score"] != decimal_text(criterion.points)


def _disputed(case: Evaluation, sight: Any) -> set[str]:
    papers = [paper for paper in sight.family.of_type("disputes.ScoreDispute") if sight.sees(paper)]
    return {code for paper in papers if paper.subject_id == case.pk for code in paper.claims}
