"""What a page or the API says of a dispute besides what every case has."""

from typing import Any

from django.utils.translation import gettext as _

from casework.domain import challenging
from casework.domain.case_rules import rules_of
from casework.domain.ledger import plain
from casework.domain.policy import pinned_policy
from casework.domain.wording import spoken
from workflows.disputes.models import ScoreDispute
from workflows.evaluations import presenting as evaluations
from workflows.evaluations import values
from workflows.evaluations.scoring import clean_value, is_at_least

# The category is printed, the text is not; grounds are for whoever gives and who rules on them.
RULED_TO = ("challenge_ruler", "agent", "inspector")
CONFIDENTIAL = {
    "recuse": (), "challenge": ("challenge_ruler",), "uphold_challenge": RULED_TO, "reject_challenge": RULED_TO,
}  # fmt: skip


def present(case: ScoreDispute, sight: Any) -> dict[str, Any]:
    """The criteria with claim, statement and decision; a decision is told once it is issued."""
    evaluation, rules = sight.family.by_id[case.subject_id], rules_of(case, sight.book)
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


def rows(case: ScoreDispute, sight: Any, action: str) -> list[dict[str, Any]] | None:
    """The criteria that the action's form asks about; None where it asks about none."""
    evaluation, ask = sight.family.by_id[case.subject_id], _ROWS.get(action)
    if ask is None:
        return None
    found = (ask(code, case, evaluation) for code in evaluation.rubric.criteria)
    asked = [row for row in found if row is not None]
    return sorted(asked, key=lambda row: row["full"])


def choices(case: ScoreDispute, sight: Any, action: str) -> dict[str, list[dict[str, Any]]]:
    """Whom the action may name."""
    found = [sight.book.person_no(no) for no in challenging.against_whom(action, case, sight.family, sight.book)]
    people = [sight.person(person.id) for person in found]
    return {"against": people} if people else {}


def _to_claim(code: str, case: ScoreDispute, evaluation: Any) -> dict[str, Any] | None:
    """What lost points stands first."""
    if code not in evaluation.current or (evaluation.open_criteria and code not in evaluation.open_criteria):
        return None
    rubric, known = evaluation.rubric, case.claims.get(code)
    best = values.best(rubric, code)
    defaults = {"claimed": best}
    if known:
        defaults = {
            "claimed": values.prefilled(known["claimed"]), "ground": known["ground"], "reasons": known["reasons"],
            "seconds": known["seconds"],
        }  # fmt: skip
    said = values.fact(_("Disputed already"), values.worded(known["claimed"]) if known else None)
    return values.row(
        rubric, code, values.facts(values.points(rubric, code), *evaluations.scored(evaluation, code), said),
        inputs={"claimed": values.asked(rubric, code)}, defaults=defaults,
        full=values.prefilled(clean_value(evaluation.current[code])) in (best, "na"),
    )  # fmt: skip


def _to_state(code: str, case: ScoreDispute, evaluation: Any) -> dict[str, Any] | None:
    if (claim := case.claims.get(code)) is None:
        return None
    before = claim["statement"] or {}
    return values.row(
        evaluation.rubric, code, _claim_facts(code, claim, evaluation), needed=not before,
        defaults={"text": before.get("text", ""), "concede": before.get("conceded", False)},
    )  # fmt: skip


def _to_rule(code: str, case: ScoreDispute, evaluation: Any) -> dict[str, Any] | None:
    if (claim := case.claims.get(code)) is None:
        return None
    said = claim["statement"] or {}
    lost = evaluation.recording_state in ("missing", "altered")
    heard = _("It is missing or altered: the criterion is decided for the agent") if lost else None
    return values.row(
        evaluation.rubric, code, values.facts(
            *_claim_facts(code, claim, evaluation), values.fact(_("Statement"), said.get("text"), "text"),
            values.fact(_("Conceded"), _("yes, the claim can only be accepted") if said.get("conceded") else None),
            values.fact(_("Evidence"), heard),
        ),
        needed=True, inputs={"value": values.asked(evaluation.rubric, code)},
        defaults={"decision": "accept"} if said.get("conceded") or lost else {},
    )  # fmt: skip


def _to_appeal(code: str, case: ScoreDispute, evaluation: Any) -> dict[str, Any] | None:
    """What was decided on its merits and not granted in full."""
    claim, rubric = case.claims.get(code), evaluation.rubric
    decision = (claim or {}).get("decision")
    if claim is None or decision is None or decision["decision"] == "inadmissible" or case.annul:
        return None
    if is_at_least(rubric, code, evaluation.current[code], claim["claimed"]):
        return None
    ruled = values.fact(_("Ruled"), values.worded(decision["value"]))
    why = values.fact(_("Reasons of the ruling"), decision["reasons"], "text")
    return values.row(rubric, code, values.facts(*_claim_facts(code, claim, evaluation), ruled, why))


def _claim_facts(code: str, claim: dict[str, Any], evaluation: Any) -> list[dict[str, Any]]:
    rules = pinned_policy(evaluation.policy_id).case_type("disputes")
    return values.facts(
        values.points(evaluation.rubric, code), values.fact(_("Original"), values.worded(claim["original"])),
        values.fact(_("Claimed"), values.worded(claim["claimed"])),
        values.fact(_("Ground"), spoken(rules.label("grounds", claim["ground"]))),
        values.fact(_("Why"), claim["reasons"], "text"), values.fact(_("Recording"), claim["seconds"], "seconds"),
    )  # fmt: skip


_ROWS = {
    "file": _to_claim, "add_criteria": _to_claim, "amend": _to_claim, "give_statement": _to_state, "rule": _to_rule,
    "appeal": _to_appeal,
}  # fmt: skip


def _criterion(code: str, claim: dict[str, Any], evaluation: Any, rules: Any, hidden: bool) -> dict[str, Any]:
    criterion = evaluation.rubric.criterion(code)
    return {
        "criterion": code, "name": spoken(criterion.name), "points": str(criterion.points), "kind": criterion.kind,
        "original": claim["original"], "claimed": claim["claimed"],
        "ground": {"code": claim["ground"], "label": spoken(rules.label("grounds", claim["ground"]))},
        "reasons": claim["reasons"], "seconds": claim["seconds"], "statement": claim["statement"],
        "decision": None if hidden else claim["decision"], "provisional": evaluation.is_provisional,
    }  # fmt: skip
