"""A layered layout: boxes in ranks from top to bottom, lines between them that cross no box and no label.

The order in which the boxes are given says what comes before what: a line to an earlier box goes upwards. A line has a
place of its own in every rank it passes, and its label one in the middle, so that nothing lies on top of anything."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from casework.pictures.places import Place, cross_least, put_across

BETWEEN_RANKS = 30


@dataclass(eq=False)
class Box:
    """`x` and `y` are its centre once it is arranged; lines touch it at most `ports` apart."""

    key: str
    width: float
    height: float
    ports: float = 34
    x: float = 0
    y: float = 0

    @property
    def top(self) -> float:
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height / 2


@dataclass(eq=False)
class Line:
    """From box to box; `points` lead from border to border, `label_at` is where the label's text begins, top left."""

    key: str
    source: str
    target: str
    label_width: float = 0
    label_height: float = 0
    points: list[tuple[float, float]] = field(default_factory=list)
    label_at: tuple[float, float] = (0, 0)


def arrange(boxes: Sequence[Box], lines: Sequence[Line]) -> tuple[float, float]:
    """Every box and line has its place; the width and height of the whole."""
    order = {box.key: number for number, box in enumerate(boxes)}
    ranks = _ranks(boxes, lines, order)
    home = {box.key: Place(ranks[box.key], box.width / 2, box.width / 2, box.height) for box in boxes}
    ways = {line: _way(line, home, order) for line in lines}
    rows = _rows(home.values(), ways.values())
    for way in ways.values():
        for above, below in zip(way, way[1:], strict=False):
            above.below.append(below)
            below.above.append(above)
    cross_least(rows)
    width = put_across(rows)
    tops, height = _put_down(rows)
    for box in boxes:
        place = home[box.key]
        box.x, box.y = place.x, tops[place.rank] + box.height / 2
    _draw(boxes, ways, rows, tops, order)
    return width, height


def _ranks(boxes: Sequence[Box], lines: Sequence[Line], order: dict[str, int]) -> dict[str, int]:
    """Two ranks apart at least, so that every line has one in between for its label."""
    later = defaultdict(list)
    for line in lines:
        first, second = sorted((line.source, line.target), key=order.__getitem__)
        later[first].append(second)
    ranks = {box.key: 0 for box in boxes}
    for box in boxes:
        for after in later[box.key]:
            ranks[after] = max(ranks[after], ranks[box.key] + 2)
    return ranks


def _way(line: Line, home: dict[str, Place], order: dict[str, int]) -> list[Place]:
    """The places of a line from its upper box to its lower one."""
    upper, lower = sorted((line.source, line.target), key=order.__getitem__)
    start, end = home[upper], home[lower]
    label = (start.rank + end.rank) // 2
    label += 1 - label % 2
    between = [
        Place(rank, 6, line.label_width + 12 if line.label_width else 6, line.label_height)
        if rank == label else Place(rank, 6, 6, 0, weight=3)
        for rank in range(start.rank + 1, end.rank)
    ]  # fmt: skip
    return [start, *between, end]


def _rows(homes: object, ways: object) -> list[list[Place]]:
    found: dict[int, list[Place]] = defaultdict(list)
    seen = set()
    for place in [*homes, *(place for way in ways for place in way)]:  # type: ignore[attr-defined]
        if id(place) not in seen:
            seen.add(id(place))
            found[place.rank].append(place)
    return [found[rank] for rank in range(max(found) + 1)]


def _put_down(rows: list[list[Place]]) -> tuple[list[float], float]:
    """Where each rank begins, and where the last one ends."""
    tops, at = [], 0.0
    for row in rows:
        tops.append(at)
        at += max((place.height for place in row), default=0) + BETWEEN_RANKS
    return tops, at - BETWEEN_RANKS


def _draw(
    boxes: Sequence[Box], ways: dict[Line, list[Place]], rows: list[list[Place]], tops: list[float],
    order: dict[str, int],
) -> None:  # fmt: skip
    named = {box.key: box for box in boxes}
    ends = [top + max((place.height for place in row), default=0) for top, row in zip(tops, rows, strict=True)]
    leaving, arriving = defaultdict(list), defaultdict(list)
    for line, way in ways.items():
        upper, lower = sorted((line.source, line.target), key=order.__getitem__)
        leaving[upper].append((way[1].x, line))
        arriving[lower].append((way[-2].x, line))
    out = {line: x for key, found in leaving.items() for line, x in _ports(named[key], found).items()}
    into = {line: x for key, found in arriving.items() for line, x in _ports(named[key], found).items()}
    for line, way in ways.items():
        upper, lower = (named[key] for key in sorted((line.source, line.target), key=order.__getitem__))
        points = [(out[line], upper.bottom), (out[line], ends[way[0].rank])]
        for place in way[1:-1]:
            points += [(place.x, tops[place.rank]), (place.x, ends[place.rank])]
            if place.right > 6:
                line.label_at = (place.x + 6, tops[place.rank])
        points.append((into[line], lower.top))
        points = [point for at, point in enumerate(points) if at == 0 or point != points[at - 1]]
        line.points = points if line.source == upper.key else points[::-1]


def _ports(box: Box, found: list[tuple[float, Line]]) -> dict[Line, float]:
    """Where lines touch the box, from left to right as they come, evenly around its middle."""
    ordered = [line for _x, line in sorted(found, key=lambda pair: (pair[0], pair[1].key))]
    step = min(box.ports, box.width * 0.9 / len(ordered))
    return {line: box.x + (number - (len(ordered) - 1) / 2) * step for number, line in enumerate(ordered)}
