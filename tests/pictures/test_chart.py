"""State charts: their edges are the law's, nothing lies on top of anything, and a case's own way is as the person may
see it."""

import itertools
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from django.utils import translation

from casework.domain.errors import OutOfScope
from casework.domain.law import Law, law_by_number, law_named, laws
from casework.domain.perform import perform
from casework.models import Case, CaseRead
from casework.pictures.chart import Chart, chart_of
from casework.pictures.path import path_of
from casework.pictures.svg import svg_of
from tests.conftest import acting
from tests.factories import arbitration, dispute, panel
from tests.laws.declared import ROOT
from tests.pictures.drawn import SVG, edges_in_svg, edges_of
from tests.seen import events

every_type = pytest.mark.parametrize("law", laws().values(), ids=laws().keys())
either_language = pytest.mark.parametrize("language", ["en", "zh-hans"])
Area = tuple[float, float, float, float]


def classes(text: str, kind: str) -> dict[str, set[str]]:
    """{state: its marks} of a drawing."""
    groups = ET.fromstring(text).iter(f"{SVG}g")
    found = {g.attrib.get("data-state", ""): set(g.attrib.get("class", "").split()) for g in groups}
    return {state: marks for state, marks in found.items() if kind in marks}


def taken(text: str) -> set[tuple[str, str, str]]:
    """Edges that are marked as gone."""
    return {
        (e.attrib["data-source"], e.attrib["data-target"], e.attrib["data-action"])
        for e in ET.fromstring(text).iter(f"{SVG}text") if "taken" in e.attrib["class"]
    }  # fmt: skip


@every_type
@either_language
def test_chart_when_drawn_has_the_edges_of_the_law(law: Law, language: str, db):
    with translation.override(language):
        drawn = svg_of(law)
        assert edges_in_svg(drawn) == edges_of(law)
        assert set(classes(drawn, "state")) == set(law.states)
        assert set(classes(drawn, "closed")) == set(map(str, law.model.closed_states))
        words = "".join(ET.fromstring(drawn).itertext())
        for state, label in law.model.State.choices:
            assert "".join(str(label).split()) in "".join(words.split()), state
    assert bool(re.search(r"[\u4e00-\u9fff]", words)) is (language == "zh-hans")


@every_type
def test_chart_when_drawn_names_who_owes_what_and_by_when(law: Law, db):
    from casework.flow.projection import nodes
    from casework.pictures.words import clock_name, owed_in

    for state in law.states:
        tasks = [node for node in nodes(law.model) if state in node.states]
        owing = owed_in(law, state)
        assert {owed.label for owed in owing} == {str(node.label) for node in tasks}
        assert all(owed.who for owed in owing)
        clocks = {clock for owed in owing for clock in owed.clocks}
        assert clocks == {clock_name(law, node.clock) for node in tasks if node.clock}


def boxes(chart: Chart) -> list[Area]:
    return [
        (f.box.x - f.box.width / 2, f.box.top, f.box.x + f.box.width / 2, f.box.bottom) for f in chart.figures
    ]  # fmt: skip


def labels(chart: Chart) -> list[Area]:
    return [
        (a.line.label_at[0], a.line.label_at[1], a.line.label_at[0] + a.line.label_width,
         a.line.label_at[1] + a.line.label_height) for a in chart.arrows if a.words
    ]  # fmt: skip


@every_type
@either_language
def test_chart_when_arranged_has_nothing_on_top_of_anything(law: Law, language: str, db):
    with translation.override(language):
        chart = chart_of(law)
    areas = boxes(chart) + labels(chart)
    for (left, top, right, bottom), (other_left, other_top, other_right, other_bottom) in itertools.combinations(
        areas, 2
    ):
        apart = right <= other_left or other_right <= left or bottom <= other_top or other_bottom <= top
        assert apart, "boxes and labels lie apart"
    assert min(area[0] for area in areas) > -1 and max(area[2] for area in areas) < chart.width + 1
    assert min(area[1] for area in areas) > -1 and max(area[3] for area in areas) < chart.height + 1


@every_type
def test_chart_when_arranged_has_lines_from_border_to_border_that_cross_no_box(law: Law, db):
    chart = chart_of(law)
    by_key = dict(zip((f.box.key for f in chart.figures), boxes(chart), strict=True))
    for arrow in chart.arrows:
        line = arrow.line
        for (x, y), key in ((line.points[0], line.source), (line.points[-1], line.target)):
            left, top, right, bottom = by_key[key]
            assert left <= x <= right and min(abs(y - top), abs(y - bottom)) < 0.01, line.key
        for (x1, y1), (x2, y2) in itertools.pairwise(line.points):
            for step in range(1, 10):
                x, y = x1 + (x2 - x1) * step / 10, y1 + (y2 - y1) * step / 10
                inside = [
                    k for k, (left, top, right, bottom) in by_key.items() if left < x < right and top < y < bottom
                ]
                assert not inside, (line.key, inside)


@every_type
def test_chart_when_drawn_is_accessible_and_fetches_nothing(law: Law, db):
    drawn = svg_of(law)
    root = ET.fromstring(drawn)
    ids = {e.attrib["id"]: e for e in root.iter() if "id" in e.attrib}
    assert all(ids[name].text for name in root.attrib["aria-labelledby"].split())
    assert root.attrib["lang"] == "en"
    outside = re.findall(r"(?:https?:)?//[^\s\"']+", drawn)
    assert set(outside) == {"http://www.w3.org/2000/svg"}, "a name, not an address"
    assert not re.search(r"<(image|script|foreignObject|use)\b|@import|xlink", drawn)
    assert "prefers-color-scheme: dark" in drawn and not re.search(r'(fill|stroke)="#', drawn)


def test_chart_of_a_case_shows_its_steps_in_order(db, time):
    number = dispute(upto="forwarded")
    law = law_by_number(number)
    path = path_of(law, number, acting("ann"))
    assert [edge.action for _seq, edge in path.steps] == events(number)
    assert [seq for seq, _edge in path.steps] == list(range(1, len(path.steps) + 1))
    drawn = svg_of(law, path)
    assert edges_in_svg(drawn) == edges_of(law), "the same chart"
    assert taken(drawn) == {
        ("", "screening", "file"), ("screening", "screening", "give_statement"), ("screening", "reviewing", "forward"),
    }  # fmt: skip
    assert set(classes(drawn, "visited")) == {"screening", "reviewing"}
    assert set(classes(drawn, "current")) == {"reviewing"}
    words = "".join(ET.fromstring(drawn).itertext())
    assert f"{number} is here" in words and "forward to QA [3]" in words and "now: under review" in words


def test_chart_says_once_what_every_state_allows_and_where_the_case_did_it(db, time):
    number = dispute(upto="forwarded")
    perform(number, "extend_clock", acting("fang"), {"clock": "review", "reasons": "录音需要翻译。"})
    drawn = svg_of(law_by_number(number), path_of(law_by_number(number), number, acting("ann")))
    said = [e for e in ET.fromstring(drawn).iter(f"{SVG}text") if e.attrib.get("data-action") == "extend_clock"]
    places = [(e.attrib["data-source"], "taken" in e.attrib["class"]) for e in said]
    assert places == [("*", False), ("reviewing", True)]
    assert "[4]" in (said[1].text or "")


def test_chart_of_a_case_that_went_through_a_choice_marks_it(db, time):
    number = dispute(upto="issued")
    law = law_by_number(number)
    drawn = svg_of(law, path_of(law, number, acting("ann")))
    (choice,) = [g for g in ET.fromstring(drawn).iter(f"{SVG}g") if g.attrib.get("data-action") == "issue"]
    assert "taken" in choice.attrib["class"] and any("[7]" in (t.text or "") for t in choice.iter(f"{SVG}text"))
    assert set(classes(drawn, "visited")) == {"screening", "reviewing", "signing", "sealing", "ruled"}


def test_chart_of_a_case_looked_at_by_a_stranger_is_out_of_scope(db, time):
    number = dispute()
    with pytest.raises(OutOfScope):
        path_of(law_by_number(number), number, acting("bo"))


def test_chart_of_a_case_that_is_looked_at_stands_in_its_reads(db, time):
    number = dispute()
    path_of(law_by_number(number), number, acting("aud"))
    assert CaseRead.objects.filter(case__number=number, person_id=acting("aud").person_id).exists()


def test_chart_for_who_scores_blind_shows_no_step_and_nothing_beside(db, time):
    """Whether others have scored or somebody was challenged, the picture is the same."""
    number = arbitration()
    law, first = law_by_number(number), next(iter(panel(number).values()))
    before = svg_of(law, path_of(law, number, acting(first)))
    assert set(classes(before, "visited")) == set(classes(before, "current")) == {"scoring"} and not taken(before)
    perform(number, "waive_challenge", acting("ann"))
    assert svg_of(law, path_of(law, number, acting(first))) == before
    assert svg_of(law, path_of(law, number, acting("ann"))) != before
    paper = Case.objects.get(number=number).subject.number
    with pytest.raises(OutOfScope):
        path_of(law_named("disputes.ScoreDispute"), paper, acting(first))


@pytest.mark.parametrize("file", sorted((ROOT / "docs" / "charts").glob("*.svg")), ids=lambda file: file.stem)
def test_chart_in_the_documentation_is_the_one_that_is_drawn(file: Path, db):
    app, language = file.stem.split(".")
    (law,) = (law for law in laws().values() if law.app == app)
    with translation.override(language):
        wanted = svg_of(law)
    again = f"LANG={language.replace('-', '_')} manage.py draw_chart {law.label} --out docs/charts/{file.name}"
    assert file.read_text(encoding="utf-8") == wanted, f"draw it again: {again}"
