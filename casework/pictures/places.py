"""Places of boxes, labels and passing lines in the ranks of a layout: their order, and how far to the right each is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

GAP = 14
ROUNDS = 16


@dataclass(eq=False)
class Place:
    """A rank's place: `x` with so much room to its left and right; `weight` is how much it wants to be straight."""

    rank: int
    left: float
    right: float
    height: float
    weight: float = 1
    x: float = 0
    position: int = 0
    above: list["Place"] = field(default_factory=list)
    below: list["Place"] = field(default_factory=list)


def cross_least(rows: list[list[Place]]) -> None:
    """The places of every rank are in an order in which few lines cross: each goes where its neighbours are, down and
    up again, and the best of all rounds stays."""
    _number(rows)
    best, least = [list(row) for row in rows], _crossings(rows)
    for turn in range(ROUNDS * 2):
        down = turn % 2 == 0
        for row in rows if down else reversed(rows):
            row.sort(key=lambda place: _middle(place, place.above if down else place.below))  # noqa: B023
            _number([row])
        if (count := _crossings(rows)) < least:
            best, least = [list(row) for row in rows], count
    rows[:] = best
    _number(rows)


def put_across(rows: list[list[Place]]) -> float:
    """Every place has its x, as near to its neighbours' as the others in its rank allow; the width of the whole."""
    for row in rows:
        _spread(row, lambda place: place.x)
    for turn in range(ROUNDS * 2):
        for row in rows if turn % 2 == 0 else reversed(rows):
            _spread(row, _above if turn % 2 == 0 else _below)
    for row in rows:
        _spread(row, _around)
    leftmost = min(place.x - place.left for row in rows for place in row)
    for row in rows:
        for place in row:
            place.x -= leftmost
    return max(place.x + place.right for row in rows for place in row)


def _spread(row: list[Place], wanted: Callable[[Place], float]) -> None:
    """As near to what each wants as their room allows: least squares, by pooling those that would overlap."""
    offsets, at = [], 0.0
    for number, place in enumerate(row):
        at += row[number - 1].right + GAP + place.left if number else 0
        offsets.append(at)
    pools: list[tuple[float, float, int]] = []
    for place, offset in zip(row, offsets, strict=True):
        pools.append((wanted(place) - offset, place.weight, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (x1, w1, n1), (x2, w2, n2) = pools[-2:]
            pools[-2:] = [((x1 * w1 + x2 * w2) / (w1 + w2), w1 + w2, n1 + n2)]
    starts = [x for x, _weight, count in pools for _ in range(count)]
    for place, start, offset in zip(row, starts, offsets, strict=True):
        place.x = start + offset


def _above(place: Place) -> float:
    return _mean(place.above, place.x)


def _below(place: Place) -> float:
    return _mean(place.below, place.x)


def _around(place: Place) -> float:
    return _mean([*place.above, *place.below], place.x)


def _mean(places: list[Place], otherwise: float) -> float:
    weights = sum(place.weight for place in places)
    return sum(place.x * place.weight for place in places) / weights if places else otherwise


def _middle(place: Place, neighbours: list[Place]) -> float:
    """The mean position of its neighbours; without any it stays where it is."""
    return sum(n.position for n in neighbours) / len(neighbours) if neighbours else place.position


def _number(rows: Iterable[list[Place]]) -> None:
    for row in rows:
        for position, place in enumerate(row):
            place.position = position


def _crossings(rows: list[list[Place]]) -> int:
    count = 0
    for row in rows:
        seen: list[int] = []
        for place in row:
            ends = [below.position for below in place.below]
            count += sum(1 for end in ends for before in seen if before > end)
            seen += ends
    return count
