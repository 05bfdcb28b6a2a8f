"""What a filled rubric is worth, and which of two values is better for the agent. Pure functions.

A *scorecard* maps each criterion to an entry of plain JSON:
`{"score": "4.5" | null, "na": bool, "failed": bool | null, "at": seconds | null, "comment": text}`.
`score` belongs to normal criteria, `failed` to critical ones; one that is not applicable has neither.
The first three together are a *value*: what is claimed, ruled and voted on.

**Which value is better for the agent** (the floor, "no worse off"). Not failed is better than failed. Full
points are best; next comes not applicable, which holds no deduction; then the points, the more the better.
So a value with a deduction never counts as at least as good as not applicable, whatever the other criteria
hold. The total can still fall when a criterion that was scored above the agent's average becomes not
applicable. `is_at_least` does not see that, `no_worse` does: a decision is allowed only if every criterion is
at least the floor *and* `no_worse` finds nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypedDict

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from casework.imports.problems import quote
from workflows.evaluations.rubric import Rubric, decimal_text

SCORE = re.compile(r"-?\d{1,9}(\.\d{1,9})?", re.ASCII)  # no exponent, no NaN, no digits of other scripts

EXPLANATIONS = {
    "unknown_criterion": _("Expected a criterion of the rubric, but “{code}” is none. Correct the code."),
    "not_a_flag": _("Expected yes or no for {code}, but it is neither. Correct it."),
    "not_a_number": _(
        "Expected points for {code} such as 4.5 in the digits 0-9, but it is no such number. Correct it."
    ),
    "below_zero": _("Expected 0 to {points} points for {code}, but there are fewer. Correct them."),
    "score_above_maximum": _("Expected 0 to {points} points for {code}, but there are more. Correct them."),
    "off_step": _("Expected points for {code} in steps of {step}, but they lie between two. Correct them."),
    "score_missing": _("Expected points for {code}, but there are none. Fill them in."),
    "score_on_critical": _("Expected no points for {code}, because it is critical. Say only whether it failed."),
    "score_with_not_applicable": _(
        "Expected no points for {code}, because it is not applicable. Remove one of the two."
    ),
    "not_applicable_not_allowed": _("Expected a value for {code}, because the rubric always applies it. Give one."),
    "critical_needs_failed_flag": _("Expected whether {code} failed, because it is critical. Say yes or no."),
    "failed_on_normal": _("Expected points for {code}, because it is not critical. Remove the mark for failed."),
    "failed_with_not_applicable": _(
        "Expected {code} not to be marked, because it is not applicable. Remove one of the two."
    ),
}


class Entry(TypedDict, total=False):
    score: str | None
    na: bool
    failed: bool | None
    at: int | None
    comment: str


Value = Mapping[str, Any]
Scorecard = Mapping[str, Entry]


class ScoringError(ValueError):
    """A scorecard that has no total. `code` is "criterion_missing" or "nothing_applicable"."""

    def __init__(self, code: str, message: str | Promise) -> None:
        self.code = code
        self.message = message
        super().__init__(str(message))


@dataclass(frozen=True)
class Total:
    """The result of a scorecard: `score` with two decimals, `band` like "[80,85)", `band_index` from 0.

    `critical_failed` are the failed critical criteria in the rubric's order; any makes the score 0.00.
    """

    score: Decimal
    band: str
    band_index: int
    passed: bool
    critical_failed: tuple[str, ...]


def total(rubric: Rubric, scorecard: Scorecard) -> Total:
    """earned ÷ applicable × 100, two decimals, half up, computed exactly.

    Raises ScoringError if a criterion has no value or no criterion with points is applicable.
    """
    if missing := [code for code in rubric.criteria if not _is_scored(rubric, code, scorecard.get(code))]:
        message = _("Expected a value for every criterion, but there is none for {codes}. Add them.")
        raise ScoringError("criterion_missing", format_lazy(message, codes=", ".join(missing)))
    applicable = [criterion for code, criterion in rubric.criteria.items() if not scorecard[code].get("na")]
    possible = sum((criterion.points for criterion in applicable), Decimal(0))
    if not possible:
        message = _("Expected at least one criterion with points to apply, but none does. Score one of them.")
        raise ScoringError("nothing_applicable", message)
    failed = tuple(item.code for item in applicable if item.is_critical and scorecard[item.code].get("failed"))
    earned = sum((_points(scorecard[item.code]) for item in applicable if not item.is_critical), Decimal(0))
    score = Decimal("0.00") if failed else _percent(earned, possible)
    index = max(place for place, bound in enumerate(rubric.bands[:-1]) if bound <= score)
    return Total(score, _band(rubric, index), index, not failed and score >= rubric.pass_mark, failed)


def check_value(rubric: Rubric, code: str, value: Value) -> list[str]:
    """What is wrong with the value for that criterion, as codes of EXPLANATIONS; empty if nothing.

    The score must be text, as a float has already lost what was written.
    """
    if code not in rubric.criteria:
        return ["unknown_criterion"]
    criterion = rubric.criterion(code)
    score, na, failed = value.get("score"), value.get("na", False), value.get("failed")
    if not isinstance(na, bool) or not isinstance(failed, bool | None):
        return ["not_a_flag"]
    if na:
        return (
            ["not_applicable_not_allowed"] * (not criterion.not_applicable)
            + ["score_with_not_applicable"] * (score is not None)
            + ["failed_with_not_applicable"] * (failed is not None)
        )
    if criterion.is_critical:
        return ["score_on_critical"] * (score is not None) + ["critical_needs_failed_flag"] * (failed is None)
    return ["failed_on_normal"] * (failed is not None) + _score_problems(score, criterion.points, rubric.step)


def explain(rubric: Rubric, code: str, problem: str) -> str | Promise:
    """The reason and the next step for a code of `check_value`, translated when it is shown."""
    criterion = rubric.criteria.get(code)
    return format_lazy(
        EXPLANATIONS[problem],
        code=quote(code),
        points=decimal_text(criterion.points) if criterion else "",
        step=decimal_text(rubric.step),
    )


def clean_value(value: Value) -> dict[str, Any]:
    """The three keys of a checked value, its score written in the one way ("5.0" becomes "5")."""
    score = value.get("score")
    return {
        "score": None if score is None else decimal_text(Decimal(score)),
        "na": value.get("na", False),
        "failed": value.get("failed"),
    }


def best_of(rubric: Rubric, code: str, *values: Value) -> dict[str, Any]:
    """The value that is best for the agent, cleaned; of equally good ones the first."""
    return clean_value(max(values, key=lambda value: _rank(rubric, code, value)))


def is_at_least(rubric: Rubric, code: str, value: Value, floor: Value) -> bool:
    """Whether the value leaves the agent no worse off on this criterion than the floor."""
    return _rank(rubric, code, value) >= _rank(rubric, code, floor)


def apply(scorecard: Scorecard, changes: Mapping[str, Value]) -> dict[str, Entry]:
    """A new scorecard with the changed values; `at` and `comment` stay unless the change brings its own.

    A change is a whole value: what it leaves out is not taken from the old one. KeyError for a criterion that
    is not on the scorecard.
    """
    changed: dict[str, Entry] = {code: {**entry} for code, entry in scorecard.items()}
    for code, change in changes.items():
        kept = {key: change[key] if key in change else changed[code].get(key) for key in ("at", "comment")}
        changed[code] = {**clean_value(change), **kept}  # type: ignore[typeddict-item]
    return changed


def no_worse(rubric: Rubric, before: Scorecard, after: Scorecard) -> list[str]:
    """What fell, of "total", "band", "pass" and "critical"; empty if the agent is no worse off as a whole.

    Single criteria are compared by `is_at_least`. When nothing applies any more, the total has fallen.
    ScoringError if `before` has no total.
    """
    old = total(rubric, before)
    try:
        new = total(rubric, after)
    except ScoringError as error:
        if error.code != "nothing_applicable":
            raise
        return ["total"]
    fell = {
        "total": new.score < old.score,
        "band": new.band_index < old.band_index,
        "pass": old.passed and not new.passed,
        "critical": not set(new.critical_failed) <= set(old.critical_failed),
    }
    return [name for name, is_lower in fell.items() if is_lower]


def _is_scored(rubric: Rubric, code: str, entry: Value | None) -> bool:
    judged = "failed" if rubric.criterion(code).is_critical else "score"
    return entry is not None and (bool(entry.get("na")) or entry.get(judged) is not None)


def _percent(earned: Decimal, possible: Decimal) -> Decimal:
    """Rounded by whole division, because a quotient cut to some digits could cross a half."""
    hundredths, rest = divmod(earned * 10000, possible)
    if rest * 2 >= possible:
        hundredths += 1
    return (hundredths / 100).quantize(Decimal("0.01"))


def _band(rubric: Rubric, index: int) -> str:
    low, high = (decimal_text(bound) for bound in rubric.bands[index : index + 2])
    return f"[{low},{high}{']' if index == len(rubric.bands) - 2 else ')'}"


def _points(entry: Value) -> Decimal:
    return Decimal(entry.get("score") or 0)


def _score_problems(score: object, points: Decimal, step: Decimal) -> list[str]:
    if score is None:
        return ["score_missing"]
    if not isinstance(score, str) or not SCORE.fullmatch(score):
        return ["not_a_number"]
    number = Decimal(score)
    return (
        ["below_zero"] * (number < 0)
        + ["score_above_maximum"] * (number > points)
        + ["off_step"] * (number % step != 0)
    )


def _rank(rubric: Rubric, code: str, value: Value) -> tuple[int, Decimal]:
    criterion = rubric.criterion(code)
    if criterion.is_critical:
        return (0 if value.get("failed") else 1, Decimal(0))
    if value.get("na"):
        return (1, Decimal(0))
    points = _points(value)
    return (2, Decimal(0)) if points >= criterion.points else (0, points)
