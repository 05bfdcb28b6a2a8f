"""What a page or the API says of a dispute besides what every case has."""

from typing import Any

from casework.domain.ledger import plain
from casework.domain.policy import pinned_policy
from casework.domain.wording import spoken
from workflows.disputes.models import ScoreDispute
from workflows.evaluations import presenting as evaluations

# The category is printed, the text is not; grounds are for whoever gives and who rules on them.
RULED_TO = ("challenge_ruler", "agent", "inspector")
CONFIDENTIAL = {
    "recuse": (), "challenge": ("challenge_ruler",), "uphold_challenge": RULED_TO, "reject_challenge": RULED_TO,
}  # fmt: skip


def present(case: ScoreDispute, sight: Any) -> dict[str, Any]:
    """The criteria with claim, statement and decision; a decision is told once it is issued."""
    evaluation, rules = sight.family.by_id[case.subject_id], pinned_policy(case.policy_id).case_type("disputes")
    hidden = sight.hides_decision(case)
    outcome = None if hidden or not case.outcome else case.outcome
    return {
        "evaluation": evaluation.number, "score": evaluations.shown_score(evaluation, evaluation.score),
        "publication": case.publication, "late": case.late, "screening": case.screening or None,
        "heard": case.heard or None,
        "outcome": {"code": outcome, "label": spoken(rules.label("outcomes", outcome))} if outcome else None,
        "annulled_because": case.annul if case.annul and not hidden else None,
        "served_at": plain(case.served_at), "served_how": case.served_how or None,
        "criteria": [
            _criterion(code, case.claims[code], evaluation, rules, hidden)
            for code in evaluation.rubric.criteria  # in its order: a database may lose that of the claims
            if code in case.claims
        ],
    }  # fmt: skip


def evidence(case: ScoreDispute, sight: Any) -> list[dict[str, Any]]:
    """The evaluation's recording."""
    return evaluations.evidence(sight.family.by_id[case.subject_id], sight)


def _criterion(code: str, claim: dict[str, Any], evaluation: Any, rules: Any, hidden: bool) -> dict[str, Any]:
    criterion = evaluation.rubric.criterion(code)
    return {
        "criterion": code, "name": spoken(criterion.name), "points": str(criterion.points), "kind": criterion.kind,
        "original": claim["original"], "claimed": claim["claimed"],
        "ground": {"code": claim["ground"], "label": spoken(rules.label("grounds", claim["ground"]))},
        "reasons": claim["reasons"], "seconds": claim["seconds"], "statement": claim["statement"],
        "decision": None if hidden else claim["decision"], "provisional": evaluation.is_provisional,
    }  # fmt: skip
