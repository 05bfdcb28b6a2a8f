"""What votes come to: majority first, then the median; nobody is worse off; how large the panel is. Pure functions."""

from decimal import Decimal
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.arbitration.votes import awarded, dissenting, panel_size, voted
from workflows.evaluations.rubric import parse_rubrics
from workflows.evaluations.scoring import (
    ScoringError,
    apply,
    best_of,
    check_value,
    clean_value,
    is_at_least,
    no_worse,
    total,
)

RUBRICS = Path(__file__).parents[2] / "policies" / "rubrics"
TEN, SIX = (
    parse_rubrics((RUBRICS / f"{name}.yaml").read_text(encoding="utf-8"))[0] for name in ("ten-item", "six-category")
)
BANDS = ("[90,95)", "[95,100]")
NA = {"score": None, "na": True, "failed": None}
FAILED, PASSED = ({"score": None, "na": False, "failed": failed} for failed in (True, False))
CRITICAL, OPTIONAL, PLAIN = "PK2", "MK1", "PK1"  # of the six-category rubric


def points(score: str) -> dict[str, Any]:
    return {"score": score, "na": False, "failed": None}


def card(rubric: Any = TEN, **values: Any) -> dict[str, Any]:
    """Full marks but for the values."""
    full = {code: PASSED if item.is_critical else points(str(item.points)) for code, item in rubric.criteria.items()}
    return {**full, **{code: points(v) if isinstance(v, str) else v for code, v in values.items()}}


def result(code: str, *votes: Any, rubric: Any = SIX) -> dict[str, Any]:
    return voted(rubric, code, [points(v) if isinstance(v, str) else v for v in votes])


# The result of three votes, or of one


@pytest.mark.parametrize(("votes", "wanted"), [
    (("8", "8", "8"), "8"),
    (("8", "4.5", "8"), "8"),
    (("0", "10", "10"), "10"),
    (("7", "9", "8.5"), "8.5"),  # three numbers: the one in the middle
    (("0", "0.5", "10"), "0.5"),
    (("10.0", "10", "9"), "10"),  # written in another way, the same number
    (("4.5",), "4.5"),  # one arbitrator alone
])  # fmt: skip
def test_vote_on_numbers_comes_to_the_median(votes, wanted):
    assert result("QC4", *votes, rubric=TEN) == points(wanted)


@pytest.mark.parametrize(("votes", "wanted"), [
    ((NA, "2", "3"), points("2.5")),
    ((NA, "2", "3.5"), points("3")),  # 2.75, rounded up to the step
    ((NA, "0", "0.5"), points("0.5")),
    ((NA, "4", "4"), points("4")),
    ((NA, NA, "4"), NA),
    ((NA, NA, NA), NA),
    (("1", "2", "4"), points("2")),
    ((NA,), NA),
])  # fmt: skip
def test_vote_on_applicability_goes_by_majority_before_any_number(votes, wanted):
    assert result(OPTIONAL, *votes) == wanted


@pytest.mark.parametrize(("votes", "wanted"), [
    ((FAILED, FAILED, PASSED), FAILED),
    ((FAILED, PASSED, PASSED), PASSED),
    ((FAILED, FAILED, FAILED), FAILED),
    ((FAILED,), FAILED),
    ((PASSED,), PASSED),
    ((NA, FAILED, PASSED), PASSED),  # it applies, and one to one goes to the agent
    ((NA, FAILED, FAILED), FAILED),
    ((NA, NA, FAILED), NA),
])  # fmt: skip
def test_vote_on_a_critical_criterion_goes_by_majority_and_a_tie_to_the_agent(votes, wanted):
    assert result(CRITICAL, *votes) == wanted


def values_of(rubric: Any, code: str) -> Any:
    item = rubric.criterion(code)
    if item.is_critical:
        return st.sampled_from([FAILED, PASSED])
    numbers = st.integers(0, int(item.points / rubric.step)).map(lambda steps: points(str(steps * rubric.step)))
    return st.one_of(numbers, st.just(NA)) if item.not_applicable else numbers


@st.composite
def panels(draw: Any, size: int = 3) -> tuple[str, list[dict[str, Any]]]:
    """A criterion of the six-category rubric and that many votes on it."""
    code = draw(st.sampled_from([CRITICAL, OPTIONAL, PLAIN, "MK4", "SL8"]))
    return code, draw(st.lists(values_of(SIX, code), min_size=size, max_size=size))


@given(panels())
def test_vote_in_whatever_order_comes_to_the_same_value_and_that_is_lawful(panel):
    code, votes = panel
    found = voted(SIX, code, votes)
    assert all(voted(SIX, code, order) == found for order in permutations(votes))
    assert check_value(SIX, code, found) == []


@given(panels())
def test_vote_result_lies_among_the_numbers_given_and_on_the_step(panel):
    code, votes = panel
    found, numbers = voted(SIX, code, votes), [Decimal(v["score"]) for v in votes if v["score"] is not None]
    assert found["na"] == (sum(v["na"] for v in votes) >= 2)
    if found["score"] is not None:
        score = Decimal(found["score"])
        assert min(numbers) <= score <= max(numbers) and score % SIX.step == 0
        below, above = sum(n <= score for n in numbers), sum(n >= score for n in numbers)
        assert 2 * below >= len(numbers) and 2 * above >= len(numbers), "half of them at most lie on either side"


@given(panels(size=1))
def test_vote_of_one_arbitrator_is_the_result(panel):
    code, votes = panel
    assert voted(SIX, code, votes) == clean_value(votes[0])
    assert dissenting({"arbitrator_1": votes[0]}, voted(SIX, code, votes)) == []


def test_dissent_is_every_vote_that_differs_from_the_result_by_value_and_not_by_writing():
    votes = {"arbitrator_3": points("8"), "arbitrator_1": points("8.0"), "arbitrator_2": points("4.5")}
    assert dissenting(votes, points("8")) == ["arbitrator_2"]
    assert dissenting(votes, points("5")) == ["arbitrator_1", "arbitrator_2", "arbitrator_3"]
    assert dissenting({"arbitrator_1": NA, "arbitrator_2": points("2")}, points("2")) == ["arbitrator_1"]


# The floor


@pytest.mark.parametrize(("original", "current", "vote", "wanted"), [
    ("0", "6", "8", "8"),
    ("0", "6", "3", "6"),  # the ruling's value is the floor
    ("6", "6", "0", "6"),
    ("7", "5", "6", "7"),  # the original, which a correction had lowered
    ("0", "0", "0", "0"),
])  # fmt: skip
def test_award_is_never_below_the_best_value_before(original, current, vote, wanted):
    given_before, now = card(TEN, QC4=original), card(TEN, QC4=current)
    assert awarded(TEN, given_before, now, {"QC4": points(vote)}) == {"QC4": points(wanted)}


def test_award_of_not_applicable_that_lowers_the_total_leaves_the_value_in_force():
    """3.5 of 4 is better than the agent's average: without it the total would fall."""
    now = card(SIX, MK1="3.5", PK1="0", PK3="0", PK4="0", CS3="0", SL10="0", AT3="0", AT4="0")
    assert no_worse(SIX, now, apply(now, {"MK1": NA})) == ["total"]
    assert awarded(SIX, now, now, {"MK1": NA}) == {"MK1": points("3.5")}


def test_award_of_not_applicable_that_raises_the_total_is_given():
    now = card(SIX, MK1="0")
    assert awarded(SIX, now, now, {"MK1": NA}) == {"MK1": NA}


LOW = {"PK1": "0", "PK3": "0", "PK4": "0", "CS3": "0", "SL3": "0"}  # 22 points


def test_award_of_not_applicable_is_weighed_with_what_else_is_awarded():
    """Without MK2 the total would fall, but PK1 more than makes up for it; either way the agent ends higher."""
    now = card(SIX, MK2="3.5", **LOW)
    results = {"MK2": NA, "PK1": points("6")}
    assert awarded(SIX, now, now, {"MK2": NA}) == {"MK2": points("3.5")}
    assert awarded(SIX, now, now, results) == results


@pytest.mark.parametrize("order", [("MK1", "MK2"), ("MK2", "MK1")])
def test_award_does_not_hang_on_the_order_of_the_appeal(order):
    """73 of 100; without MK2 alone 70 of 96, with neither 70 of 92, which is more than she had."""
    now = card(SIX, MK1="0", MK2="3", **LOW)
    assert awarded(SIX, now, now, {code: NA for code in order}) == {"MK1": NA, "MK2": NA}


def test_award_keeps_a_critical_criterion_that_never_failed():
    now = card(SIX)
    assert awarded(SIX, now, now, {CRITICAL: FAILED}) == {CRITICAL: PASSED}


def test_award_gives_its_criteria_in_the_order_of_the_results():
    now = card(SIX, MK1="0", PK1="0", SL8="1")
    results = {"MK1": NA, "SL8": points("2"), "PK1": points("6")}
    assert list(awarded(SIX, now, now, results).items()) == list(results.items())


@st.composite
def matters(draw: Any) -> tuple[Any, Any, Any]:
    """(original, current, results): any scorecard, one that decisions may have lifted since, and votes' results."""
    original = {code: draw(values_of(SIX, code)) for code in SIX.criteria}
    current = dict(original)
    codes = draw(st.lists(st.sampled_from([CRITICAL, OPTIONAL, PLAIN, "MK2", "MK3", "SL8", "CS3"]), min_size=1,
                          max_size=5, unique=True))  # fmt: skip
    for code in codes:
        current[code] = best_of(SIX, code, original[code], draw(values_of(SIX, code)))
    return original, current, {code: draw(values_of(SIX, code)) for code in codes}


@given(matters())
def test_award_leaves_nobody_worse_off_by_criterion_or_as_a_whole(matter):
    """Neither a criterion nor total, band, pass or critical result falls, whatever was voted."""
    original, current, results = matter
    given_now = awarded(SIX, original, current, results)
    assert set(given_now) == set(results)
    for code, value in given_now.items():
        assert check_value(SIX, code, value) == []
        assert is_at_least(SIX, code, value, original[code]) and is_at_least(SIX, code, value, current[code])
    try:
        total(SIX, current)
    except ScoringError:
        return
    after = apply(current, given_now)
    assert no_worse(SIX, current, after) == []
    assert total(SIX, after).score >= total(SIX, current).score


@given(matters())
def test_award_gives_what_was_voted_wherever_that_takes_nothing_away(matter):
    """The floor is no excuse to give less: a number voted above the floor is what the agent gets."""
    original, current, results = matter
    for code, value in awarded(SIX, original, current, results).items():
        if value["na"] or results[code]["na"] or current[code]["na"]:
            continue
        assert is_at_least(SIX, code, value, results[code])


@given(matters())
def test_award_of_an_award_moves_nothing_more(matter):
    """The same votes over what was awarded come to the same, as after a reopening that finds nothing new."""
    original, current, results = matter
    first = awarded(SIX, original, current, results)
    again = awarded(SIX, original, apply(current, first), results)
    assert all(is_at_least(SIX, code, again[code], first[code]) for code in first)


# How many sit


@pytest.mark.parametrize(("current", "claimed", "size"), [
    (card(TEN, QA6="9"), {"QA6": points("10")}, 1),  # 99 to 100, the same band
    (card(TEN, QA6="4"), {"QA6": points("4.5")}, 1),  # 94 to 94.5
    (card(TEN, QA6="4.5"), {"QA6": points("5")}, 3),  # 94.5 to 95: into the highest band
    (card(TEN, QA6="0"), {"QA6": points("10")}, 3),  # 90 to 100: from one paid band into another
    (card(TEN, QC1="0", QA6="4.5"), {"QA6": points("5")}, 3),  # 84.5 to 85: over the pass mark
    (card(TEN, QC1="0", QA6="5"), {"QA6": points("5.5")}, 1),  # 85 to 85.5: passed before
    (card(TEN, QC1="0", QA6="0"), {"QA6": points("4.5")}, 1),  # 80 to 84.5: not over it
    (card(TEN, QC1="0", QA6="9"), {"QA6": points("9.5")}, 1),  # 89 to 89.5
    (card(TEN, QC1="0", QA6="9.5"), {"QA6": points("10")}, 3),  # 89.5 to 90: into a paid band
    (card(TEN, QC1="0", QC2="0", QA6="0"), {"QA6": points("10")}, 1),  # 70 to 80: into a band that pays nothing
])  # fmt: skip
def test_panel_has_three_where_the_claim_reaches_for_the_pass_mark_or_a_paid_band(current, claimed, size):
    assert panel_size(TEN, current, claimed, BANDS) == size


@pytest.mark.parametrize("bands", [BANDS, ()])
def test_panel_has_three_where_a_criterion_is_critical(bands):
    current = card(SIX, PK2=FAILED, SL12=FAILED)
    assert panel_size(SIX, current, {"PK2": PASSED}, bands) == 3, "also where another keeps the score at nothing"


def test_panel_of_a_claim_of_not_applicable_is_sized_by_the_score_that_it_gives():
    current = card(SIX, MK1="0", PK1="0", SL3="0")
    assert str(total(SIX, current).score) == "89.00"
    assert panel_size(SIX, current, {"MK1": NA}, BANDS) == 3
    assert panel_size(SIX, current, {"MK1": NA}, ()) == 1
