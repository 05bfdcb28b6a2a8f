"""The command: type and case, formats, refusals."""

import json

import pytest

from casework.domain.law import law_named
from tests.commands.conftest import refused, run
from tests.factories import dispute
from tests.pictures.drawn import edges_in_bpmn, edges_in_svg, edges_of

DISPUTE = "disputes.ScoreDispute"


@pytest.mark.parametrize("format, read", [("svg", edges_in_svg), ("bpmn", edges_in_bpmn)])
def test_draw_chart_of_a_type_when_asked_by_anybody_prints_or_saves_it(db, tmp_path, format, read):
    printed = run("draw_chart", DISPUTE, "--format", format).out
    assert read(printed) == edges_of(law_named(DISPUTE))
    saved = tmp_path / f"chart.{format}"
    told = run("draw_chart", DISPUTE, "--format", format, "--out", saved)
    assert saved.read_text(encoding="utf-8") == printed and json.loads(told.out)["saved"] == str(saved)


def test_draw_chart_of_a_case_when_the_agent_looks_shows_its_way(db, time, token_of):
    number = dispute()
    token_of("ann")
    assert f"{number} is here" in run("draw_chart", DISPUTE, "--case", number, "--as", "ann").out
    assert "#dcebfb" in run("draw_chart", DISPUTE, "--case", number, "--as", "ann", "--format", "bpmn").out


def test_draw_chart_when_refused_says_why_on_one_line(db, time, token_of, tmp_path):
    number = dispute()
    token_of("bo")
    refused(run("draw_chart", DISPUTE, "--case", number, "--as", "bo"), 5, "scope")
    refused(run("draw_chart", DISPUTE, "--case", "DSP-2026-999999", "--as", "bo"), 5, "scope")
    refused(run("draw_chart", "arbitration.Arbitration", "--case", number, "--as", "bo"), 2, "name its own type")
    refused(run("draw_chart", DISPUTE, "--case", number), 2, "both --case and --as")
    refused(run("draw_chart", DISPUTE, "--as", "bo"), 2, "both --case and --as")
    refused(run("draw_chart", "no.Type"), 2, "Expected a case type")
    refused(run("draw_chart", DISPUTE, "--out", tmp_path / "nowhere" / "a.svg"), 2, "Expected to write")
