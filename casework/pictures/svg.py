"""A chart as SVG: text is text, light or dark as the reader has it, nothing fetched from elsewhere."""

import xml.etree.ElementTree as ET

from django.utils.translation import get_language

from casework.domain.law import Law
from casework.pictures.chart import (
    LINE_HEIGHT,
    PADDING,
    TEXT,
    Arrow,
    Chart,
    Figure,
    Words,
    chart_of,
    goes_along,
    title_of,
    told,
)
from casework.pictures.path import Path

SVG = "http://www.w3.org/2000/svg"
MARGIN = 24
HEADING = 34
STYLE = """
.gd-chart { --ink: #1f2733; --soft: #5b6676; --paper: #fff; --fill: #f3f5f8; --accent: #0b6bcb; --glow: #dcebfb;
  font: 12px system-ui, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif }
@media (prefers-color-scheme: dark) {
  .gd-chart { --ink: #e8ecf2; --soft: #a3aebd; --paper: #12161c; --fill: #1e252e; --accent: #6cb6ff; --glow: #173252 }
}
.gd-chart text { fill: var(--ink) }
.gd-chart .paper { fill: var(--paper) }
.gd-chart .state > rect { fill: var(--fill); stroke: var(--soft) }
.gd-chart .state.closed > rect { stroke-width: 3 }
.gd-chart .state.visited > rect { stroke: var(--accent); stroke-width: 2 }
.gd-chart .state.current > rect { fill: var(--glow); stroke-width: 4 }
.gd-chart .title, .gd-chart .here { font-weight: bold }
.gd-chart .title { font-size: 15px }
.gd-chart .by, .gd-chart .stays { fill: var(--soft) }
.gd-chart text.taken, .gd-chart .choice.taken text { fill: var(--accent); font-weight: bold }
.gd-chart path { fill: none; stroke: var(--soft) }
.gd-chart .system path { stroke-dasharray: 5 3 }
.gd-chart .system text { font-style: italic }
.gd-chart .taken path { stroke: var(--accent); stroke-width: 3 }
.gd-chart .start circle, .gd-chart marker path { fill: var(--soft); stroke: none }
.gd-chart .choice polygon { fill: var(--paper); stroke: var(--soft) }
"""


def svg_of(law: Law, path: Path | None = None) -> str:
    """The state chart of a case type, with a case's path if given."""
    chart = chart_of(law, path)
    heading = HEADING + len(chart.everywhere) * LINE_HEIGHT
    width, height = chart.width + 2 * MARGIN, chart.height + 2 * MARGIN + heading
    root = ET.Element("svg", {
        "xmlns": SVG, "class": "gd-chart", "viewBox": f"0 0 {width:.0f} {height:.0f}", "width": f"{width:.0f}",
        "height": f"{height:.0f}", "role": "graphics-document", "lang": get_language() or "en",
        "aria-labelledby": f"{law.app}-title {law.app}-desc",
    })  # fmt: skip
    ET.SubElement(root, "title", {"id": f"{law.app}-title"}).text = title_of(chart)
    ET.SubElement(root, "desc", {"id": f"{law.app}-desc"}).text = told(chart)
    ET.SubElement(root, "style").text = STYLE
    _arrowhead(ET.SubElement(root, "defs"), law.app)
    ET.SubElement(root, "rect", {"class": "paper", "width": "100%", "height": "100%"})
    ET.SubElement(root, "text", {"class": "title", "x": str(MARGIN), "y": str(MARGIN + 8)}).text = title_of(chart)
    for number, words in enumerate(chart.everywhere):
        _write(root, chart, words, MARGIN, MARGIN + HEADING + number * LINE_HEIGHT - 4)
    body = ET.SubElement(root, "g", {"transform": f"translate({MARGIN} {MARGIN + heading})"})
    for arrow in chart.arrows:
        _draw_arrow(body, chart, arrow)
    for figure in chart.figures:
        {"start": _draw_start, "state": _draw_state, "choice": _draw_choice}[figure.kind](body, chart, figure)
    ET.indent(root, " ")
    return ET.tostring(root, encoding="unicode") + "\n"


def _arrowhead(defs: ET.Element, app: str) -> None:
    marker = ET.SubElement(defs, "marker", {
        "id": f"{app}-head", "viewBox": "0 0 10 10", "refX": "9", "refY": "5", "markerWidth": "7", "markerHeight": "7",
        "markerUnits": "userSpaceOnUse", "orient": "auto-start-reverse",
    })  # fmt: skip
    ET.SubElement(marker, "path", {"d": "M0 0 10 5 0 10z"})


def _draw_arrow(body: ET.Element, chart: Chart, arrow: Arrow) -> None:
    taken = goes_along(arrow, chart.path)
    kinds = ["edge", *(["system"] if arrow.by_system else []), *(["taken"] if taken else [])]
    group = ET.SubElement(body, "g", {"class": " ".join(kinds)})
    head = f"url(#{chart.law.app}-head)"
    ends = {"marker-end": head, **({"marker-start": head} if arrow.both else {})}
    ET.SubElement(group, "path", {"d": _curve(arrow.line.points), **ends})
    x, y = arrow.line.label_at
    for number, words in enumerate(arrow.words):
        _write(group, chart, words, x, y + 12 + number * LINE_HEIGHT)


def _curve(points: list[tuple[float, float]]) -> str:
    """Straight down through ranks, in a soft bend between them."""
    (x, y), *rest = points
    parts = [f"M{x:.1f} {y:.1f}"]
    for to_x, to_y in rest:
        middle = (y + to_y) / 2
        straight = f"V{to_y:.1f}" if x == to_x else ""
        parts.append(straight or f"C{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {to_y:.1f}")
        x, y = to_x, to_y
    return "".join(parts)


def _write(group: ET.Element, chart: Chart, words: Words, x: float, y: float, **more: str) -> None:
    kinds, attributes = [words.kind], {}
    if words.edge:
        attributes = {"source": words.edge.source, "target": words.edge.target, "action": words.edge.action}
        kinds += ["taken"] if chart.path and chart.path.numbers(words.edge) else []
    place = {"class": " ".join(kinds), "x": f"{x:.1f}", "y": f"{y:.1f}", **more}
    named = {f"data-{name}": value for name, value in attributes.items()}
    ET.SubElement(group, "text", place | named).text = words.text


def _draw_start(body: ET.Element, _chart: Chart, figure: Figure) -> None:
    group = ET.SubElement(body, "g", {"class": "start"})
    ET.SubElement(group, "circle", {"cx": f"{figure.box.x:.1f}", "cy": f"{figure.box.y:.1f}", "r": "9"})


def _draw_state(body: ET.Element, chart: Chart, figure: Figure) -> None:
    box, kinds = figure.box, ["state"]
    if figure.state in chart.law.model.closed_states:
        kinds.append("closed")
    if chart.path:
        kinds += ["visited"] if figure.state in chart.path.visited else []
        kinds += ["current"] if figure.state == chart.path.current else []
    group = ET.SubElement(body, "g", {"class": " ".join(kinds), "data-state": figure.state})
    left = box.x - box.width / 2
    corners = {"x": f"{left:.1f}", "y": f"{box.top:.1f}", "width": f"{box.width:.1f}", "height": f"{box.height:.1f}"}
    ET.SubElement(group, "rect", {**corners, "rx": "8"})
    for number, words in enumerate(figure.words):
        indent = PADDING + (12 if words.kind == "by" else 0)
        _write(group, chart, words, left + indent, box.top + PADDING + 12 + number * LINE_HEIGHT)


def _draw_choice(body: ET.Element, chart: Chart, figure: Figure) -> None:
    box, edges = figure.box, [e for arrow in chart.arrows for e in arrow.edges if e.action == figure.action]
    kinds = ["choice", *(["system"] if chart.law.actions[figure.action].is_system else [])]
    kinds += ["taken"] if chart.path and any(chart.path.numbers(edge) for edge in edges) else []
    group = ET.SubElement(body, "g", {
        "class": " ".join(kinds),
        "data-action": figure.action, "data-sources": " ".join(sorted({e.source for e in edges})),
        "data-targets": " ".join(sorted({e.target for e in edges})),
    })  # fmt: skip
    x, top, bottom, half = box.x, box.top, box.bottom, box.width / 2
    ET.SubElement(group, "polygon", {
        "points": f"{x - half:.1f},{box.y:.1f} {x - half + 18:.1f},{top:.1f} {x + half - 18:.1f},{top:.1f} "
                  f"{x + half:.1f},{box.y:.1f} {x + half - 18:.1f},{bottom:.1f} {x - half + 18:.1f},{bottom:.1f}",
    })  # fmt: skip
    for number, words in enumerate(figure.words):
        y = box.y - (len(figure.words) / 2 - number) * LINE_HEIGHT + TEXT
        _write(group, chart, words, x, y, **{"text-anchor": "middle"})
