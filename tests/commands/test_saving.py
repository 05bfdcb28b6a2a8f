"""A file that a command saves is whole, its owner's alone, and never in the place of something else."""

import os

import pytest

from casework.commands import saving
from tests.commands.conftest import run

WORDS = ("draw_chart", "disputes.ScoreDispute", "--out")


def test_saving_when_done_is_for_its_owner_only(tmp_path):
    chart = tmp_path / "chart.svg"
    chart.write_text("an older one")
    chart.chmod(0o644)
    assert run(*WORDS, chart).status == 0
    assert chart.read_text().startswith("<svg") and chart.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [chart]


def test_saving_when_it_breaks_off_leaves_what_was_there(tmp_path):
    chart = tmp_path / "chart.svg"
    chart.write_text("an older one")
    with pytest.raises(ZeroDivisionError), saving(str(chart)) as file:
        file.write(b"half of it")
        file.write(bytes(1 // 0))
    assert chart.read_text() == "an older one" and list(tmp_path.iterdir()) == [chart]


@pytest.mark.parametrize("place", ["nowhere/chart.svg", "folder", "pipe", "x" * 300])
def test_saving_where_no_file_can_be_is_refused(place, tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    refused = run(*WORDS, tmp_path / place)
    assert refused.status == 2 and "Expected to write" in refused.err and refused.err.count("\n") == 1
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["folder", "pipe"]
