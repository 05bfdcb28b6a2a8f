"""Tiles: the nodes of the tree as C2SP's tlog-tiles keeps them, 256 hashes each. A tile of level 0 holds the hashes of
leaves, one of level l + 1 the roots of whole tiles of level l."""

import re
from collections.abc import Callable, Iterator, Sequence

from casework.transparency.tree import Node, fold

HEIGHT = 8
WIDTH = 1 << HEIGHT
SIZE = 32

Place = tuple[int, int]  # level, number
_PATH = re.compile(r"(?:x\d{3}/){0,5}\d{3}(?:\.p/(?:[1-9]\d?|1\d\d|2[0-4]\d|25[0-5]))?", re.ASCII)


def hashes_of(tile: bytes) -> list[bytes]:
    return [tile[at : at + SIZE] for at in range(0, len(tile), SIZE)]


def grown(size: int, added: Sequence[bytes], kept: Callable[[Place], bytes]) -> Iterator[tuple[Place, bytes]]:
    """The tiles, whole, that change where leaves are added to a tree of that size. `kept`: a tile as it is."""
    level, begun, fresh = 0, size, list(added)
    while fresh:
        number, filled = divmod(begun, WIDTH)
        row = hashes_of(kept((level, number)))[:filled] if filled else []
        row += fresh
        whole = []
        for at in range(0, len(row), WIDTH):
            tile = row[at : at + WIDTH]
            yield (level, number + at // WIDTH), b"".join(tile)
            if len(tile) == WIDTH:
                whole.append(fold(tile))
        level, begun, fresh = level + 1, begun // WIDTH, whole


def nodes(tile: Callable[[Place], bytes]) -> Node:
    """The nodes of a tree whose tiles are read by `tile`."""

    def node(height: int, number: int) -> bytes:
        level, within = divmod(height, HEIGHT)
        start = number << within
        hashes = hashes_of(tile((level, start // WIDTH)))[start % WIDTH : start % WIDTH + (1 << within)]
        if len(hashes) != 1 << within:
            raise LookupError(f"Expected tile {start // WIDTH} of level {level} to hold more than it does.")
        return fold(hashes)

    return node


def path(level: int, number: int, width: int = WIDTH) -> str:
    """Where a tile is served, as 0/x001/234 or 0/x001/234.p/17."""
    parts = [f"{number % 1000:03}"]
    while number := number // 1000:
        parts.insert(0, f"x{number % 1000:03}")
    return f"{level}/{'/'.join(parts)}" + ("" if width == WIDTH else f".p/{width}")


def place_of(path: str) -> tuple[int, int]:
    """The number and width of the tile that a path of that form (its level left out) names; LookupError otherwise."""
    if not _PATH.fullmatch(path):
        raise LookupError(f"Expected a tile such as x001/234 or 000.p/17, but got {path[:40]!r}.")
    name, partial, width = path.partition(".p/")
    number = int(name.replace("x", "").replace("/", ""))
    return number, int(width) if partial else WIDTH
