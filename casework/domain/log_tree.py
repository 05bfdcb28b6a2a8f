"""The log's tree as the database keeps it, in tiles."""

from casework.models import LogLeaf, Tile
from casework.transparency import tiles
from casework.transparency.tree import Node


def size_of_log() -> int:
    """How many events have their place."""
    last = LogLeaf.objects.order_by("-index").values_list("index", flat=True).first()
    return 0 if last is None else last + 1


def stored_nodes() -> Node:
    """The nodes of the tree, each tile read once; LookupError for one that is not there."""
    read: dict[tiles.Place, bytes] = {}

    def tile(place: tiles.Place) -> bytes:
        if place not in read:
            read[place] = stored_tile(*place)
        return read[place]

    return tiles.nodes(tile)


def stored_tile(level: int, number: int) -> bytes:
    """The tile's hashes, or LookupError."""
    found = Tile.objects.filter(level=level, number=number).values_list("hashes", flat=True).first()
    if found is None:
        raise LookupError(f"Expected tile {number} of level {level}, but there is none.")
    return bytes(found)
