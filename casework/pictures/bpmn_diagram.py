"""Where the elements of a process stand: states with their tasks inside, timers on their lower border."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import ceil

from casework.pictures.arrange import Box, Line, arrange
from casework.pictures.process import Element, Process
from casework.pictures.words import width_of, wrapped

TASK = (110, 80)
GAP = 20
HEADING = 44
MARGIN = 40
EVENT = 36
GATEWAY = (50, 50)
ENDS = ("startEvent", "endEvent")
FONT, LINE_HEIGHT, WIDEST_LABEL = 11, 14, 86

Bounds = tuple[float, float, float, float]


@dataclass
class Diagram:
    shapes: dict[str, Bounds] = field(default_factory=dict)
    labels: dict[str, Bounds] = field(default_factory=dict)
    lines: dict[str, list[tuple[float, float]]] = field(default_factory=dict)


def diagram_of(process: Process) -> Diagram:
    """Every element has its bounds, every flow its way."""
    placed = [element for element in process.elements if not element.inside and not element.on_border_of]
    boxes = {element.id: Box(element.id, *_size(process, element)) for element in placed}
    events = {element.id: element for element in process.elements if element.on_border_of}
    host = {id: event.on_border_of for id, event in events.items()}
    lines = {}
    for flow in process.flows:
        name = events[flow.source].name if flow.source in events else flow.name
        label = wrapped(name, FONT, WIDEST_LABEL)
        width = WIDEST_LABEL + 4 if label else 0
        lines[flow.id] = Line(
            flow.id, host.get(flow.source, flow.source), flow.target, width, len(label) * LINE_HEIGHT
        )  # fmt: skip
    _widen(boxes, lines.values())
    arrange(list(boxes.values()), list(lines.values()))
    kinds = {element.id: element.kind for element in process.elements}
    diagram = Diagram()
    for element in placed:
        _place(diagram, process, element, boxes[element.id])
    for flow in process.flows:
        line = lines[flow.id]
        points = [(x + MARGIN, y + MARGIN) for x, y in line.points]
        points[0] = _touching(kinds[flow.source], diagram.shapes.get(flow.source), points[0])
        points[-1] = _touching(kinds[flow.target], diagram.shapes.get(flow.target), points[-1])
        if flow.source in host:
            points[0] = _event(diagram, flow.source, points[0], points[1])
        diagram.lines[flow.id] = points
        if line.label_width:
            x, y = line.label_at
            labelled = flow.source if flow.source in events else flow.id
            diagram.labels[labelled] = (x + MARGIN, y + MARGIN, line.label_width, line.label_height)
    return diagram


def _size(process: Process, element: Element) -> tuple[float, float]:
    if element.kind == "exclusiveGateway":
        return GATEWAY
    if element.kind in ENDS:
        return EVENT + 2 * (WIDEST_LABEL + GAP), EVENT  # as much room to its left as its name takes to its right
    columns, rows = _grid(process, element)
    if not columns:
        return TASK
    width = max(columns * (TASK[0] + GAP) + GAP, width_of(element.name, FONT) + 2 * GAP)
    return width, HEADING + rows * (TASK[1] + GAP) + EVENT // 2


def _widen(boxes: dict[str, Box], lines: Iterable[Line]) -> None:
    """Room for an event at every line that touches the lower border of a box."""
    order = {key: number for number, key in enumerate(boxes)}
    below = Counter(min(line.source, line.target, key=order.__getitem__) for line in lines)
    for key, box in boxes.items():
        if box.height == EVENT:
            box.ports = EVENT / 5
        elif key.startswith("state."):
            box.ports = EVENT + GAP
            box.width = max(box.width, below[key] * (EVENT + 8) / 0.9)


def _grid(process: Process, element: Element) -> tuple[int, int]:
    """Columns and rows of the tasks inside, a little wider than high."""
    count = len(process.inside(element))
    columns = min(count, max(2, ceil((count * 1.6) ** 0.5)))
    return columns, ceil(count / columns) if columns else 0


def _place(diagram: Diagram, process: Process, element: Element, box: Box) -> None:
    width = EVENT if element.kind in ENDS else box.width
    left, top = box.x - width / 2 + MARGIN, box.top + MARGIN
    diagram.shapes[element.id] = (left, top, width, box.height)
    if element.kind in ENDS:
        lines = wrapped(element.name, FONT, WIDEST_LABEL)
        diagram.labels[element.id] = (left + EVENT + 4, top + 4, WIDEST_LABEL + 4, len(lines) * LINE_HEIGHT)
    columns, _rows = _grid(process, element)
    for number, inner in enumerate(process.inside(element)):
        row, column = divmod(number, columns)
        at = (left + GAP + column * (TASK[0] + GAP), top + HEADING + row * (TASK[1] + GAP))
        diagram.shapes[inner.id] = (*at, *TASK)


def _event(diagram: Diagram, id: str, port: tuple[float, float], following: tuple[float, float]) -> tuple[float, float]:
    """The event sits on the border where its line leaves; the line then leaves from the event."""
    x, y = port
    diagram.shapes[id] = (x - EVENT / 2, y - EVENT / 2, EVENT, EVENT)
    return x, y + EVENT / 2 if following[1] > y else y - EVENT / 2


def _touching(kind: str, bounds: Bounds | None, point: tuple[float, float]) -> tuple[float, float]:
    """The point, moved up or down to the border of a diamond or a circle."""
    if bounds is None or kind not in (*ENDS, "exclusiveGateway"):
        return point
    x, y = point
    middle_x, middle_y, half = bounds[0] + bounds[2] / 2, bounds[1] + bounds[3] / 2, bounds[2] / 2
    aside = min(abs(x - middle_x), half)
    away = half - aside if kind == "exclusiveGateway" else (half**2 - aside**2) ** 0.5
    return x, middle_y + (away if y > middle_y else -away)
