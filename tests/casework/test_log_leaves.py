"""Hashes of entries by their places, however the entries come."""

from casework.domain.log_leaves import FREE, Leaves
from casework.transparency.tree import leaf_hash


def test_put_in_any_order_gives_the_places_in_order():
    leaves = Leaves(600)
    for index in sorted(range(600), key=lambda n: n * 7919 % 600):
        leaves.put(index, b"%d" % index)
    together = list(leaves.tiles())
    assert [len(tile) for tile in together] == [256, 256, 88]
    assert [leaf for tile in together for leaf in tile] == [leaf_hash(b"%d" % n) for n in range(600)]
    assert leaves.twice is None


def test_place_that_nobody_took_is_free():
    leaves = Leaves(3)
    leaves.put(0, b"a")
    leaves.put(2, b"c")
    assert list(leaves.tiles()) == [[leaf_hash(b"a"), FREE, leaf_hash(b"c")]]


def test_place_taken_twice_is_told_even_for_the_same_entry():
    leaves = Leaves(3)
    for index in (2, 1, 1):
        leaves.put(index, b"a")
    assert leaves.twice == 1


def test_place_outside_of_the_log_is_none():
    leaves = Leaves(2)
    for index in (-1, -2, 2, 10**15):
        leaves.put(index, b"a")
    assert list(leaves.tiles()) == [[FREE, FREE]] and leaves.twice is None


def test_log_without_entries_has_no_tiles():
    assert list(Leaves(0).tiles()) == []
