"""The criteria of a dispute as plain data: claimed, stated, decided. Every function gives a new dict.

{"QC4": {"original": value, "claimed": value, "ground": …, "reasons": …, "seconds": [35],
         "statement": {"text": …, "conceded": false} | None,
         "decision": {"decision": "other", "value": value | None, "ground": code | None, "reasons": …} | None}}
A value is {"score": "6" | None, "na": bool, "failed": bool | None}."""

from collections.abc import Iterable
from typing import Any

from workflows.evaluations.scoring import clean_value

Claims = dict[str, dict[str, Any]]


def claimed(claims: Claims, given: Iterable[Any], evaluation: Any) -> Claims:
    """With the given criteria added, or replaced where they were claimed before."""
    fresh = {
        item.criterion: {
            "original": clean_value(evaluation.current[item.criterion]), "claimed": item.claimed.plain(),
            "ground": item.ground, "reasons": str(item.reasons), "seconds": list(item.seconds),
            "statement": None, "decision": None,
        }
        for item in given
    }  # fmt: skip
    return {**claims, **fresh}


def stated(claims: Claims, given: Iterable[Any]) -> Claims:
    """With what the inspector says now; what was said to other criteria before stays."""
    said = {item.criterion: {"text": str(item.text), "conceded": item.concede} for item in given}
    return {code: {**claim, "statement": said.get(code, claim["statement"])} for code, claim in claims.items()}


def decided(claims: Claims, given: Iterable[Any], evaluation: Any) -> Claims:
    """With the reviewer's decisions; the ruled value is the present one, the claimed one, or the reviewer's own."""
    by_code = {item.criterion: item for item in given}
    return {
        code: {**claim, "decision": _decision(claim, by_code[code], evaluation, code)} for code, claim in claims.items()
    }


def _decision(claim: dict[str, Any], item: Any, evaluation: Any, code: str) -> dict[str, Any]:
    value = {
        "maintain": clean_value(evaluation.current[code]),
        "accept": claim["claimed"],
        "other": item.value.plain() if item.value else None,
        "inadmissible": None,
    }[item.decision]
    return {"decision": item.decision, "value": value, "ground": item.ground, "reasons": str(item.reasons)}


def dismissed(claims: Claims, ground: str) -> Claims:
    """All inadmissible on one ground, by rule."""
    decision = {"decision": "inadmissible", "value": None, "ground": ground, "reasons": ""}
    return {code: {**claim, "decision": decision} for code, claim in claims.items()}


def undecided(claims: Claims) -> Claims:
    return {code: {**claim, "decision": None} for code, claim in claims.items()}


def ruled_values(claims: Claims) -> dict[str, Any]:
    """The ruled value of every criterion that was decided on its merits."""
    return {
        code: claim["decision"]["value"] for code, claim in claims.items() if claim["decision"]["value"] is not None
    }


def outcome(claims: Claims, evaluation: Any, *, annulled: bool) -> str:
    """annulled, inadmissible (every criterion), adjusted (any value moves) or maintained."""
    if annulled:
        return "annulled"
    values = ruled_values(claims)
    if not values:
        return "inadmissible"
    moved = any(value != clean_value(evaluation.current[code]) for code, value in values.items())
    return "adjusted" if moved else "maintained"


def standing(evaluation: Any, values: dict[str, Any]) -> str:
    """Where an evaluation stands with these values: adjusted as soon as anything differs from what was scored."""
    final = {code: values.get(code) or clean_value(entry) for code, entry in evaluation.current.items()}
    moved = any(clean_value(evaluation.original[code]) != value for code, value in final.items())
    return "adjusted" if moved else "maintained"
