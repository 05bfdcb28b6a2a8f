"""What a panel's votes come to. Pure functions over values (see workflows.evaluations.scoring).

First applicability or failure by majority, then the median of the numbers. Two numbers have their mean as the median,
rounded up to the rubric's step; where a vote is tied, the agent's side prevails."""

from collections.abc import Iterable, Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Any

from workflows.evaluations.rubric import Rubric, decimal_text
from workflows.evaluations.scoring import apply as scored
from workflows.evaluations.scoring import best_of, clean_value, no_worse, total

Value = Mapping[str, Any]
NOT_APPLICABLE = {"score": None, "na": True, "failed": None}


def voted(rubric: Rubric, code: str, votes: Iterable[Value]) -> dict[str, Any]:
    """The value that the votes on one criterion come to, before any floor."""
    cast = list(votes)
    applicable = [vote for vote in cast if not vote["na"]]
    if 2 * len(applicable) < len(cast):
        return dict(NOT_APPLICABLE)
    if rubric.criterion(code).is_critical:
        against = sum(bool(vote["failed"]) for vote in applicable)
        return {"score": None, "na": False, "failed": 2 * against > len(applicable)}
    return {"score": decimal_text(_median([Decimal(v["score"]) for v in applicable], rubric.step)), "na": False,
            "failed": None}  # fmt: skip


def _median(numbers: list[Decimal], step: Decimal) -> Decimal:
    ordered, middle = sorted(numbers), len(numbers) // 2
    if len(ordered) % 2:
        return ordered[middle]
    mean = (ordered[middle - 1] + ordered[middle]) / 2
    return (mean / step).to_integral_value(ROUND_CEILING) * step


def awarded(
    rubric: Rubric, original: Mapping[str, Any], current: Mapping[str, Any], results: Mapping[str, Value]
) -> Any:
    """{code: value}: the results, none below what the agent already had. A result that would lower total, band, pass or
    a critical result (an item that no longer applies can) gives way to the value in force."""
    best = {code: best_of(rubric, code, results[code], current[code], original[code]) for code in results}
    if not no_worse(rubric, current, scored(current, best)):
        return best
    given: dict[str, Any] = {}
    in_order = [code for code in rubric.criteria if code in results]  # never that of the appeal
    for code in sorted(in_order, key=lambda code: bool(results[code]["na"])):
        had = best_of(rubric, code, current[code], original[code])
        wanted = (best[code], had, clean_value(current[code]))
        given[code] = next(
            (value for value in wanted if not no_worse(rubric, current, scored(current, {**given, code: value}))),
            wanted[-1],
        )
    return {code: given[code] for code in results}


def dissenting(votes: Mapping[str, Value], result: Value) -> list[str]:
    """The seats whose vote differs from the result, in their order."""
    return sorted(seat for seat, value in votes.items() if clean_value(value) != clean_value(result))


def panel_size(
    rubric: Rubric, current: Mapping[str, Any], claimed: Mapping[str, Value], pay_bands: Iterable[str]
) -> int:
    """3 where a criterion is critical or the claim would lift the score over the pass mark or into a band that pay
    policy names; else 1."""
    before, after = total(rubric, current), total(rubric, scored(current, claimed))
    over_the_mark = after.passed and not before.passed
    into_a_band = after.band != before.band and after.band in set(pay_bands)
    critical = any(rubric.criterion(code).is_critical for code in claimed)
    return 3 if critical or over_the_mark or into_a_band else 1
