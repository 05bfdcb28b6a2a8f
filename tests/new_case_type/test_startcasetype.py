"""startcasetype refuses in words what cannot be, and then leaves nothing behind."""

from io import StringIO

import pytest
from django.core.management import call_command

from casework.management.commands.startcasetype import skeleton
from tests.new_case_type.copies import ROOT


def refusal(capsys, *words: str) -> str:
    """What the command says on its one line of stderr, having refused with exit status 2."""
    said = StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("startcasetype", *words, stdout=StringIO(), stderr=said)
    assert end.value.code == 2
    return said.getvalue()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["Rewards!"], "a name of 2 to 30"),
        (["x"], "a name of 2 to 30"),
        (["奖励"], "a name of 2 to 30"),
        (["../rewards"], "a name of 2 to 30"),
        (["class"], "a name of 2 to 30"),
        (["disputes"], "'disputes' is taken"),
        (["casework"], "'casework' is taken"),
        (["roles"], "'roles' is taken"),
        (["documents"], "tests/documents is there already"),
        (["gifts", "--prefix", "DSP"], "DSP is that of disputes.ScoreDispute"),
        (["disp_utes", "--prefix", "dsp"], "a prefix of three capital letters"),
        (["gi"], "a prefix of three capital letters, but got 'GI'"),
        (["gifts", "--model", "gift"], "a model such as RewardNomination"),
        (["gifts", "--model", "Unit"], "a case already has 'unit'"),
        (["gifts", "--model", "ScoreDispute"], "a case already has 'scoredispute'"),
    ],
)
def test_start_of_what_cannot_be_is_refused_in_words(capsys, words, said):
    before = sorted((ROOT / "workflows").iterdir())
    assert said in refusal(capsys, *words)
    assert sorted((ROOT / "workflows").iterdir()) == before


def test_start_where_a_step_fails_leaves_nothing(tmp_path, settings):
    """A folder without manage.py makes no migrations."""
    settings.BASE_DIR, said = tmp_path, StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("startcasetype", "gifts", stdout=StringIO(), stderr=said)
    assert end.value.code == 4 and "nothing was written" in said.getvalue()
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []
    assert not (tmp_path / "workflows" / "gifts").exists()


def test_skeleton_when_filled_in_leaves_no_blank():
    for file, content in skeleton("gifts", "Gift", "GIF").items():
        assert "$name" not in content and "${" not in content, file
