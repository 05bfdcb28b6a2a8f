"""What the case page shows of an arbitration once all is revealed: original, claim, ruling, blind scores, votes and
award side by side, and the places of the recording."""

from typing import Any

from casework.domain.case_rules import rules_of
from casework.domain.wording import spoken
from workflows.arbitration import panels
from workflows.arbitration.models import Arbitration
from workflows.arbitration.presenting import present, present_blind
from workflows.evaluations import page as evaluations
from workflows.evaluations.scoring import apply as scored
from workflows.evaluations.values import worded


def page(case: Arbitration, sight: Any) -> dict[str, Any]:
    """`rows` in the rubric's order: what is before the panel is `disputed`, what was drawn by lot to be scored along is
    a `check`. It tells no more than present() does."""
    told, evaluation = present(case, sight), case.evaluation(sight.family)
    matters = {matter["criterion"]: matter for matter in told["criteria"]}
    checks = {check["criterion"]: check for check in told["controls"]}
    seats = [seat for seat in panels.seats(case) if _is_scored(seat, [*matters.values(), *checks.values()])]
    return {
        "rows": [
            _row(code, matters.get(code), checks.get(code), seats, case, evaluation)
            for code in evaluation.rubric.criteria if code in evaluation.current
        ],
        "seats": [_label(case, "seats", seat) for seat in seats], "disputed": len(matters), "only": True,
        "totals": _totals(case, sight, matters, evaluation),
        "awarded": any(matter["finding"] for matter in matters.values()), "provisional": evaluation.is_provisional,
        "challenges": [
            {**entry, "by": _label(case, "parties", entry["by"]), "seat": _label(case, "seats", entry["seat"])}
            for entry in told["challenges"]
        ],
        "waived": [_label(case, "parties", part) for part in told["waived"]],
    }  # fmt: skip


def page_blind(case: Arbitration, sight: Any) -> dict[str, Any]:
    """The list to score, and beside it the own scores once they are in. It tells no more than present_blind() does."""
    told, rubric = present_blind(case, sight), case.evaluation(sight.family).rubric
    own = {score["criterion"]: worded(score["value"]) for score in told["scores"] or ()}
    return {
        "rows": [
            {**evaluations.named(rubric, line["criterion"]), "not_applicable": line["not_applicable"],
             "value": own.get(line["criterion"], "—")}
            for line in told["criteria"]
        ],
    }  # fmt: skip


def marks(case: Arbitration, sight: Any) -> list[dict[str, Any]]:
    """The evaluation's places, and those on which the agent relies."""
    evaluation, claims = case.evaluation(sight.family), case.dispute(sight.family).claims
    return [*evaluations.marks(evaluation, sight), *evaluations.claimed_marks(claims, evaluation, sight)]


def _row(code: str, matter: Any, check: Any, seats: list[str], case: Arbitration, evaluation: Any) -> dict[str, Any]:
    named = evaluations.named(evaluation.rubric, code)
    if matter is None:
        original = check["original"] if check else evaluation.current[code]
        return {
            **named, "disputed": False, "check": check is not None, "original": worded(original),
            "scores": _by_seat(check["scores"], seats) if check else None,
        }  # fmt: skip
    ruling, finding = matter["ruling"] or {}, matter["finding"]
    return {
        **named, "disputed": True, "check": False, "original": worded(matter["original"]),
        "claimed": worded(matter["claimed"]), "ruled": worded(ruling.get("value") or matter["original"]),
        "scores": _by_seat(matter["scores"], seats), "awarded": worded(finding["awarded"]) if finding else "",
        "moved": bool(finding and finding["awarded"] != finding["before"]),
        "held": bool(finding and finding["awarded"] != finding["voted"]), "reasons": matter["reasons"],
        "statement": matter["statement"], "ruling_reasons": ruling.get("reasons", ""),
        "appeal_reasons": matter["appeal_reasons"],
        "votes": [
            {**vote, "seat": _label(case, "seats", vote["seat"]), "value": worded(vote["value"])}
            for vote in matter["votes"]
        ],
    }  # fmt: skip


def _is_scored(seat: str, lines: list[dict[str, Any]]) -> bool:
    return any(score["seat"] == seat for line in lines for score in line["scores"])


def _by_seat(scores: list[dict[str, Any]], seats: list[str]) -> list[str]:
    given = {score["seat"]: worded(score["value"]) for score in scores}
    return [given.get(seat, "—") for seat in seats]


def _totals(case: Arbitration, sight: Any, matters: dict[str, Any], evaluation: Any) -> dict[str, Any]:
    """With the other criteria as they now stand; what nobody appealed is as it was ruled."""
    rubric, claims = evaluation.rubric, case.dispute(sight.family).claims
    before = scored(evaluation.current, {code: claim["original"] for code, claim in claims.items()})
    decided = {code: (claim["decision"] or {}).get("value") or claim["original"] for code, claim in claims.items()}
    ruled = scored(before, decided)
    awards = {code: matter["finding"]["awarded"] for code, matter in matters.items() if matter["finding"]}
    return {
        "original": evaluations.summed(rubric, before), "ruled": evaluations.summed(rubric, ruled),
        "claimed": evaluations.summed(rubric, scored(ruled, {c: m["claimed"] for c, m in matters.items()})),
        "awarded": evaluations.summed(rubric, scored(ruled, awards)) if len(awards) == len(matters) else None,
    }  # fmt: skip


def _label(case: Arbitration, group: str, code: str) -> str:
    return spoken(rules_of(case).label(group, code))
