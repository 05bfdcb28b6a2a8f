"""The entries' hashes by their places in the log, as the entries come, in whatever order."""

from collections.abc import Iterator

from casework.transparency.tiles import SIZE, WIDTH, hashes_of
from casework.transparency.tree import leaf_hash

FREE = bytes(SIZE)  # no entry has this hash


class Leaves:
    """A hash for each of so many places, FREE until its entry was seen; 32 bytes of memory each."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.twice: int | None = None  # the first place that two entries claimed
        self._hashes = bytearray(size * SIZE)

    def put(self, index: int, entry: bytes) -> None:
        """The entry has that place. One outside of the log is no place: it stays free where it should be."""
        if not 0 <= index < self.size:
            return
        at = index * SIZE
        if self.twice is None and self._hashes[at : at + SIZE] != FREE:
            self.twice = index
        self._hashes[at : at + SIZE] = leaf_hash(entry)

    def tiles(self) -> Iterator[list[bytes]]:
        """The places in their order, as many together as a tile holds."""
        for at in range(0, len(self._hashes), WIDTH * SIZE):
            yield hashes_of(bytes(self._hashes[at : at + WIDTH * SIZE]))
