from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from workflows.evaluations.rubric import Rubric, RubricProblems, parse_rubrics, rubric_in_force
from workflows.evaluations.scoring import (
    EXPLANATIONS,
    ScoringError,
    apply,
    best_of,
    check_value,
    clean_value,
    explain,
    is_at_least,
    no_worse,
    total,
)

RUBRICS = Path(__file__).parents[2] / "policies" / "rubrics"
TEN_ITEM = (RUBRICS / "ten-item.yaml").read_text(encoding="utf-8")
TEN = parse_rubrics(TEN_ITEM)[0]
SIX = parse_rubrics((RUBRICS / "six-category.yaml").read_text(encoding="utf-8"))[0]
NA = {"score": None, "na": True, "failed": None}
FAILED = {"score": None, "na": False, "failed": True}
NOT_FAILED = {"score": None, "na": False, "failed": False}


@pytest.fixture(autouse=True, scope="module")
def english():
    with translation.override("en"):
        yield


def points(score):
    return {"score": score, "na": False, "failed": None}


def full_marks(rubric):
    return {
        code: {**(NOT_FAILED if item.is_critical else points(str(item.points))), "at": None, "comment": ""}
        for code, item in rubric.criteria.items()
    }


# -- totals


def test_total_is_100_with_full_marks():
    result = total(SIX, full_marks(SIX))
    assert (str(result.score), result.band, result.band_index, result.passed) == (
        "100.00",
        "[95,100]",
        6,
        True,
    )


def test_total_of_the_demo_case_is_one_short_of_passing():
    card = apply(full_marks(TEN), {"QC2": points("9"), "QC4": points("0"), "QA5": points("5")})
    result = total(TEN, card)
    assert (str(result.score), result.band, result.passed) == ("84.00", "[80,85)", False)


@pytest.mark.parametrize(
    ("lost", "band"),
    [("0.5", "[95,100]"), ("5", "[95,100]"), ("5.5", "[90,95)"), ("10", "[90,95)")],
)
def test_band_is_half_open_and_the_last_one_closed(lost, band):
    card = apply(full_marks(TEN), {"QC1": points(str(Decimal(10) - Decimal(lost)))})
    assert total(TEN, card).band == band


def test_total_passes_exactly_at_the_pass_mark():
    card = apply(full_marks(TEN), {"QC1": points("0"), "QC2": points("5")})
    assert (str(total(TEN, card).score), total(TEN, card).passed) == ("85.00", True)
    card = apply(card, {"QC2": points("4.5")})
    assert (str(total(TEN, card).score), total(TEN, card).passed) == ("84.50", False)


def test_total_is_zero_when_a_critical_criterion_failed():
    result = total(SIX, apply(full_marks(SIX), {"OT3": FAILED, "PK2": FAILED}))
    assert (str(result.score), result.band, result.passed) == ("0.00", "[0,60)", False)
    assert result.critical_failed == ("PK2", "OT3")


def test_total_leaves_out_what_is_not_applicable():
    card = apply(full_marks(SIX), {"MK1": NA, "MK2": NA, "MK3": NA, "MK4": NA, "PK1": points("0")})
    assert str(total(SIX, card).score) == "92.94"  # 79 of 85


def small_rubric(*criteria, step="0.5"):
    """A rubric of normal criteria with these points, all of which may be not applicable."""
    content = TEN.content()
    template = content["categories"][0]["criteria"][0]
    content["categories"] = content["categories"][:1]
    content["categories"][0]["criteria"] = [
        {**template, "code": f"C{place}", "points": given_points, "not_applicable": True}
        for place, given_points in enumerate(criteria)
    ]
    return Rubric.from_content({**content, "step": step})


def test_total_rounds_half_up_exactly():
    rubric = small_rubric("80", "80")  # 1 of 160 = 0.625
    assert str(total(rubric, {"C0": points("1"), "C1": points("0")}).score) == "0.63"
    assert str(total(rubric, {"C0": points("3"), "C1": points("0")}).score) == "1.88"


def test_total_is_refused_when_nothing_is_applicable():
    with pytest.raises(ScoringError) as refused:
        total(small_rubric("5", "5"), {"C0": NA, "C1": NA})
    assert refused.value.code == "nothing_applicable"


@pytest.mark.parametrize("hole", [None, {"score": None, "na": False, "failed": None}])
@pytest.mark.parametrize("code", ["PK1", "PK2"])
def test_total_is_refused_when_a_criterion_is_not_scored(code, hole):
    card = full_marks(SIX)
    del card[code]
    if hole:
        card[code] = hole
    with pytest.raises(ScoringError) as refused:
        total(SIX, card)
    assert refused.value.code == "criterion_missing"
    assert code in str(refused.value)


# -- single values


@pytest.mark.parametrize(
    ("code", "value", "wrong"),
    [
        ("PK1", points("6"), []),
        ("PK1", points("0"), []),
        ("PK1", points("5.50"), []),
        ("MK1", NA, []),
        ("PK2", FAILED, []),
        ("PK2", NOT_FAILED, []),
        ("ZZ9", points("1"), ["unknown_criterion"]),
        ("PK1", points("6.5"), ["score_above_maximum"]),
        ("PK1", points("-1"), ["below_zero"]),
        ("PK1", points("5.3"), ["off_step"]),
        ("PK1", points("5.5000001"), ["off_step"]),
        ("PK1", points("7.3"), ["score_above_maximum", "off_step"]),
        ("PK1", points(None), ["score_missing"]),
        ("PK1", {}, ["score_missing"]),
        ("PK1", NA, ["not_applicable_not_allowed"]),
        ("MK1", {**NA, "score": "1"}, ["score_with_not_applicable"]),
        ("MK1", {**NA, "failed": False}, ["failed_with_not_applicable"]),
        ("PK1", {**points("1"), "failed": False}, ["failed_on_normal"]),
        ("PK1", {**points("1"), "na": "1"}, ["not_a_flag"]),
        ("PK2", {**NOT_FAILED, "failed": 1}, ["not_a_flag"]),
        ("PK2", {**NOT_FAILED, "score": "0"}, ["score_on_critical"]),
        ("PK2", points(None), ["critical_needs_failed_flag"]),
    ],
)
def test_check_value_names_what_is_wrong(code, value, wrong):
    assert check_value(SIX, code, value) == wrong


@pytest.mark.parametrize(
    "score",
    [
        "NaN",
        "nan",
        "inf",
        "-Infinity",
        "1e3",
        "５",
        "٣",
        " 5",
        "5 ",
        "",
        "+5",
        ".5",
        "5.",
        "0x5",
        "1_0",
        "5,5",
        "五",
    ]
    + ["9" * 5000, "5\n", 5, 5.0, float("nan"), True, ["5"]],
)
def test_check_value_refuses_what_is_not_a_number(score):
    assert check_value(SIX, "PK1", points(score)) == ["not_a_number"]


@pytest.mark.parametrize(("written", "clean"), [("5.00", "5"), ("05", "5"), ("0.50", "0.5"), ("-0", "0"), ("10", "10")])
def test_clean_value_writes_a_score_in_one_way(written, clean):
    assert clean_value({"score": written}) == points(clean)


@pytest.mark.parametrize("problem", EXPLANATIONS)
@pytest.mark.parametrize("code", ["PK1", "ZZ9"])
def test_explain_gives_reason_and_next_step(problem, code):
    text = str(explain(SIX, code, problem))
    assert text.startswith("Expected ") and code in text and "{" not in text and text.count(". ") == 1


# -- no worse off


def test_best_of_takes_the_value_best_for_the_agent():
    assert best_of(SIX, "MK1", points("2"), points("3.0"), points("0")) == points("3")
    assert best_of(SIX, "MK1", points("3.5"), NA) == NA
    assert best_of(SIX, "MK1", NA, points("4")) == points("4")
    assert best_of(SIX, "PK2", FAILED, NOT_FAILED, FAILED) == NOT_FAILED


@pytest.mark.parametrize(
    ("code", "value", "floor", "is_enough"),
    [
        ("MK1", points("2"), points("2.0"), True),
        ("MK1", points("1.5"), points("2"), False),
        ("MK1", NA, points("3.5"), True),
        ("MK1", points("3.5"), NA, False),
        ("MK1", points("4"), NA, True),
        ("MK1", NA, points("4"), False),
        ("PK2", NOT_FAILED, FAILED, True),
        ("PK2", FAILED, NOT_FAILED, False),
    ],
)
def test_is_at_least_compares_one_criterion(code, value, floor, is_enough):
    assert is_at_least(SIX, code, value, floor) is is_enough


def test_no_worse_finds_nothing_when_nothing_fell():
    before = apply(full_marks(TEN), {"QC4": points("0"), "QA5": points("5")})
    assert no_worse(TEN, before, before) == []
    assert no_worse(TEN, before, apply(before, {"QC4": points("10")})) == []


def test_no_worse_names_everything_that_fell():
    before = full_marks(SIX)
    assert no_worse(SIX, before, apply(before, {"PK1": points("5.5")})) == ["total"]
    assert no_worse(SIX, before, apply(before, {"PK2": FAILED})) == ["total", "band", "pass", "critical"]


def test_no_worse_refuses_another_failure_below_a_score_that_is_zero_anyway():
    before = apply(full_marks(SIX), {"PK2": FAILED})
    assert no_worse(SIX, before, apply(before, {"OT2": FAILED})) == ["critical"]


def test_no_worse_sees_the_total_fall_when_a_well_scored_criterion_becomes_not_applicable():
    low = {code: points("0") for code in ("PK1", "PK3", "PK4", "CS3", "AT3")}
    before = apply(full_marks(SIX), {"MK1": points("3.5"), **low})
    after = apply(before, {"MK1": NA})
    assert is_at_least(SIX, "MK1", after["MK1"], before["MK1"])
    assert no_worse(SIX, before, after) == ["total"]


def test_no_worse_treats_an_emptied_scorecard_as_a_fall():
    rubric = small_rubric("5", "5")
    before = {"C0": points("5"), "C1": NA}
    assert no_worse(rubric, before, apply(before, {"C0": NA})) == ["total"]


def test_apply_leaves_the_old_scorecard_alone_and_keeps_second_and_comment():
    before = apply(full_marks(SIX), {"MK1": {**points("2"), "at": 12, "comment": "<b>=1+1</b>"}})
    after = apply(before, {"MK1": NA})
    assert before["MK1"] == {**points("2"), "at": 12, "comment": "<b>=1+1</b>"}
    assert after["MK1"] == {**NA, "at": 12, "comment": "<b>=1+1</b>"}
    with pytest.raises(KeyError):
        apply(before, {"ZZ9": NA})


# -- properties


@st.composite
def values_of(draw, item, step):
    choices = []
    if item.not_applicable:
        choices.append(st.just(NA))
    if item.is_critical:
        choices.append(st.sampled_from([NOT_FAILED, NOT_FAILED, NOT_FAILED, FAILED]))
    else:
        choices.append(st.integers(0, int(item.points / step)).map(lambda steps: points(str(steps * step))))
    return draw(st.one_of(choices))


@st.composite
def scorecards(draw, rubric):
    return {code: draw(values_of(item, rubric.step)) for code, item in rubric.criteria.items()}


@given(scorecards(SIX))
def test_total_equals_the_sum_done_with_fractions(card):
    applicable = [(code, item) for code, item in SIX.criteria.items() if not card[code]["na"]]
    possible = sum(Fraction(item.points) for _, item in applicable)
    earned = sum(Fraction(card[code]["score"] or 0) for code, _ in applicable)
    hundredths = int(earned / possible * 10000 + Fraction(1, 2))
    if any(card[code]["failed"] for code, _ in applicable):
        hundredths = 0
    result = total(SIX, card)
    assert Fraction(result.score) == Fraction(hundredths, 100)
    assert 0 <= result.score <= 100 and result.score.as_tuple().exponent == -2
    low, high = SIX.bands[result.band_index], SIX.bands[result.band_index + 1]
    assert low <= result.score < high or result.score == high == 100
    assert result.passed is (hundredths >= 8500)


@given(st.data(), st.lists(st.integers(1, 200), min_size=1, max_size=4))
def test_total_rounds_half_up_whatever_the_points_add_up_to(data, halves):
    rubric = small_rubric(*(str(Decimal(half) / 2) for half in halves))
    earned = [data.draw(st.integers(0, half)) for half in halves]
    card = {f"C{place}": points(str(Decimal(steps) / 2)) for place, steps in enumerate(earned)}
    exact = Fraction(sum(earned), sum(halves)) * 100
    assert abs(Fraction(total(rubric, card).score) - exact) <= Fraction(1, 200)
    assert Fraction(total(rubric, card).score) - exact > -Fraction(1, 200)  # a half goes up


@given(scorecards(SIX), st.data())
def test_raising_a_value_never_lowers_the_total(card, data):
    code = data.draw(st.sampled_from(list(SIX.criteria)))
    item = SIX.criterion(code)
    value = data.draw(values_of(item, SIX.step))
    raised = apply(card, {code: best_of(SIX, code, card[code], value)})
    assert is_at_least(SIX, code, raised[code], card[code])
    if raised[code]["na"] == card[code]["na"] or raised[code] == points(str(item.points)):
        assert no_worse(SIX, card, raised) == []


@given(st.sampled_from(list(SIX.criteria)), st.data())
def test_best_of_is_at_least_each_value_and_one_of_them(code, data):
    values = data.draw(st.lists(values_of(SIX.criterion(code), SIX.step), min_size=1, max_size=4))
    best = best_of(SIX, code, *values)
    assert best in [clean_value(value) for value in values]
    assert all(is_at_least(SIX, code, best, value) for value in values)
    assert check_value(SIX, code, best) == []


# -- rubrics


@pytest.mark.parametrize("rubric", [SIX, TEN], ids=["six-category", "ten-item"])
def test_rubrics_of_the_handbook_have_100_points_and_come_back_from_their_content(rubric):
    assert sum(item.points for item in rubric.criteria.values()) == 100
    again = Rubric.from_content(rubric.content())
    assert again == rubric and again.digest == rubric.digest and len(rubric.digest) == 64
    assert (rubric.content()["step"], rubric.content()["pass_mark"]) == ("0.5", "85")


def test_digest_is_the_same_however_the_numbers_are_written():
    assert parse_rubrics(TEN_ITEM.replace("points: 10,", "points: 10.0,"))[0].digest == TEN.digest
    assert parse_rubrics(TEN_ITEM.replace("pass_mark: 85", "pass_mark: 86"))[0].digest != TEN.digest


def test_rubric_in_force_is_the_last_version_that_began():
    later = Rubric.from_content({**TEN.content(), "version": 2, "in_force_from": "2026-10-15"})
    early = Rubric.from_content({**TEN.content(), "version": 3, "in_force_from": "2026-08-25"})
    versions = [later, TEN, SIX, early]
    assert rubric_in_force(versions, "ten-item", date(2026, 8, 24)) is None
    assert rubric_in_force(versions, "ten-item", date(2026, 9, 1)) is TEN
    assert rubric_in_force(versions, "ten-item", date(2026, 10, 14)) is TEN
    assert rubric_in_force(versions, "ten-item", date(2026, 10, 15)) is later


def line_of(text):
    return TEN_ITEM.split("\n").index(next(line for line in TEN_ITEM.split("\n") if text in line)) + 1


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("step: 0.5", "step: 0.3", "multiple of step"),
        ("step: 0.5", "step: NaN", "finite"),
        ("step: 0.5", "stride: 0.5", "not permitted"),
        ("step: 0.5", "step: 0.5\n  step: 1", "once"),
        ("pass_mark: 85", "pass_mark: 850", "pass_mark"),
        ("in_force_from: 2026-09-01", "in_force_from: 2026-08-01", "published before"),
        ("in_force_from: 2026-09-01", "in_force_from: 1788000000", "2026-09-01"),
        ("in_force_from: 2026-09-01", "in_force_from: 2026-09-31", "date"),
        ("QC4, points: 10", "QC3, points: 10", "twice"),
        ("QC4, points: 10", "QC4, points: 0", "needs points"),
        ("QC4, points: 10, kind: normal", "QC4, points: 10, kind: critical", "0 points"),
        ("bands: [0, 60", "bands: [0, 60, 60", "rise"),
        ("bands: [0, 60", "bands: [60", "rise"),
        ("bands: [0, 60, 70, 80, 85, 90, 95, 100]", "bands: []", "rise"),
        ("code: ten-item", "code: ten-item: x", "YAML"),
        ("code: ten-item", "code: &a ten-item\n  version: *a", "alias"),
    ],
)
def test_parse_rubrics_refuses_a_wrong_rubric_with_reason_and_line(old, new, words):
    assert old in TEN_ITEM
    with pytest.raises(RubricProblems) as refused:
        parse_rubrics(TEN_ITEM.replace(old, new))
    assert words in str(refused.value)
    assert all(problem.line for problem in refused.value.problems)


def test_parse_rubrics_names_the_line_of_the_wrong_value():
    with pytest.raises(RubricProblems) as refused:
        parse_rubrics(TEN_ITEM.replace("QA3, points: 10", "QA3, points: ten"))
    (problem,) = refused.value.problems
    assert (problem.line, problem.column) == (line_of("QA3"), "categories.1.criteria.2.points")


@pytest.mark.parametrize("text", ["", "[]", "code: x", "- 5", "- [", "\x00", "? {a: b}\n: c", "[" * 9999])
def test_parse_rubrics_refuses_what_is_no_rubric(text):
    with pytest.raises(RubricProblems):
        parse_rubrics(text)


def test_parse_rubrics_refuses_the_same_version_twice():
    with pytest.raises(RubricProblems) as refused:
        parse_rubrics(TEN_ITEM + TEN_ITEM)
    assert refused.value.problems[0].code == "same_version"
