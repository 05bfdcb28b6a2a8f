"""What a case type has to say of itself is asked for before it is missed."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from casework.domain import agreement
from casework.domain.law import Law, laws
from casework.domain.policy_files import PolicyError, load
from tests.new_case_type.copies import ROOT


class Bare:
    """A model that says nothing of itself."""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"prefix": "DSP"}, "its prefix DSP is that of disputes.ScoreDispute"),
        ({"prefix": "Evl"}, "three capital letters"),
        ({"prefix": "EVLX"}, "three capital letters"),
        ({"model": Bare}, "it needs notice_values()"),
        ({"model": Bare}, "it needs place()"),
    ],
)
def test_check_of_a_type_that_says_too_little_says_what_it_needs(changes: dict[str, Any], said: str):
    law: Law = replace(laws()["evaluations.Evaluation"], **changes)
    assert any(said in words for words in agreement._model(law)), list(agreement._model(law))


def test_check_of_a_type_opened_on_a_subject_asks_for_no_place():
    law: Any = replace(laws()["disputes.ScoreDispute"], model=Bare)
    assert not any("place()" in words for words in agreement._model(law))


def test_check_of_a_type_with_a_seat_that_nobody_vacates_says_so():
    law: Law = laws()["disputes.ScoreDispute"]
    assert list(agreement._seats(law)) == []
    lacking = replace(law, actions={name: spec for name, spec in law.actions.items() if not spec.vacates})
    said = list(agreement._seats(lacking))
    assert any("seat reviewer has work in ['reviewing']" in words for words in said), said


def test_notice_with_a_name_of_the_types_own_is_read_only_where_the_type_fills_it_in(tmp_path: Path):
    folder = Path(shutil.copytree(ROOT / "policies" / "default", tmp_path / "pack"))
    file = folder / "disputes.yaml"
    text = file.read_text(encoding="utf-8").replace("班组长已核转您的申诉。", "{leader}已核转您的申诉。")
    file.write_text(text.replace("Your team leader has forwarded", "{leader} has forwarded"), encoding="utf-8")
    with pytest.raises(PolicyError, match=r"unknown placeholder \{leader\}"):
        load(folder)
    with pytest.raises(PolicyError, match=r"unknown placeholder \{leader\}"):
        load(folder, fills_in={"evaluations": {"leader"}})
    policy = load(folder, fills_in={"disputes": {"leader"}})
    assert policy.case_type("disputes").notices["forwarded"].body.fill(leader="Li")["en"].startswith("Li has")
