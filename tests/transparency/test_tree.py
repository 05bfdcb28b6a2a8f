"""Roots and proofs, held against RFC 6962's own numbers and against another implementation (pymerkle)."""

import random
from hashlib import sha256

import pymerkle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.transparency import tiles, tree
from casework.transparency.tree import ProofError, check_consistency, check_inclusion

# The eight entries of the reference implementation's tests, and the roots over the first one, two, … of them.
ENTRIES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


class Grown:
    """A tree kept in tiles, as the ledger keeps it."""

    def __init__(self) -> None:
        self.kept: dict[tiles.Place, bytes] = {}
        self.size = 0
        self.node = tiles.nodes(self.kept.__getitem__)

    def add(self, leaves: list[bytes]) -> None:
        self.kept.update(tiles.grown(self.size, leaves, self.kept.__getitem__))
        self.size += len(leaves)

    def root(self, size: int | None = None) -> bytes:
        return tree.root(self.node, self.size if size is None else size)


def grown_to(size: int) -> Grown:
    grown = Grown()
    grown.add([leaf(n) for n in range(size)])
    return grown


def leaf(number: int) -> bytes:
    return tree.leaf_hash(b"entry %d" % number)


def test_root_of_the_reference_entries_is_the_one_of_the_rfc():
    grown = Grown()
    for entry, root in zip(ENTRIES, ROOTS, strict=True):
        grown.add([tree.leaf_hash(bytes.fromhex(entry))])
        assert grown.root().hex() == root


def test_root_when_there_is_no_entry_is_that_of_nothing():
    assert Grown().root() == sha256(b"").digest()


@given(st.lists(st.integers(0, 700), min_size=1, max_size=6))
def test_tiles_however_they_grew_are_the_same(batches: list[int]):
    one, many = grown_to(sum(batches)), Grown()
    for batch in batches:
        many.add([leaf(many.size + n) for n in range(batch)])
    assert many.kept == one.kept
    for (level, number), tile in one.kept.items():
        width = min(256, (one.size >> 8 * level) - 256 * number)
        assert len(tile) == 32 * width


@pytest.mark.parametrize("size", [1, 2, 3, 255, 256, 257, 300, 513, 1000])
def test_roots_and_proofs_are_those_of_another_implementation(size: int):
    other = pymerkle.InmemoryTree(algorithm="sha256")
    for number in range(size):
        other.append_entry(b"entry %d" % number)
    grown = grown_to(size)
    for part in {1, size // 3, size // 2, size - 1, size} - {0}:
        assert grown.root(part) == other.get_root(part)
        check_consistency(part, size, grown.root(part), grown.root(), tree.consistency_proof(grown.node, part, size))
        index = part - 1
        theirs = other.prove_inclusion(part, size)
        ours = tree.inclusion_proof(grown.node, index, size)
        assert sorted([leaf(index), *ours]) == sorted(theirs.path)
        pymerkle.verify_inclusion(leaf(index), grown.root(), theirs)
        check_inclusion(leaf(index), index, size, ours, other.get_root(size))


def test_every_proof_in_small_trees_leads_to_its_root():
    grown = grown_to(40)
    for size in range(1, 41):
        for index in range(size):
            proof = tree.inclusion_proof(grown.node, index, size)
            check_inclusion(leaf(index), index, size, proof, grown.root(size))
            check_consistency(
                index, size, grown.root(index), grown.root(size), tree.consistency_proof(grown.node, index, size)
            )


INDEX, OLD, SIZE = 300, 260, 1000


def hostile(proof: list[bytes]) -> dict[str, list[bytes]]:
    swapped = proof[:]
    swapped[0], swapped[1] = swapped[1], swapped[0]
    return {
        "truncated": proof[:-1], "extended": [*proof, proof[0]], "empty": [], "swapped": swapped,
        "reversed": proof[::-1], "another": [sha256(one).digest() for one in proof],
    }  # fmt: skip


@pytest.mark.parametrize("how", hostile([b"", b"1"]))
def test_inclusion_when_the_proof_is_tampered_with_is_refused(how: str):
    grown = grown_to(SIZE)
    proof = tree.inclusion_proof(grown.node, INDEX, SIZE)
    check_inclusion(leaf(INDEX), INDEX, SIZE, proof, grown.root())
    with pytest.raises(ProofError):
        check_inclusion(leaf(INDEX), INDEX, SIZE, hostile(proof)[how], grown.root())


@pytest.mark.parametrize("how", hostile([b"", b"1"]))
def test_consistency_when_the_proof_is_tampered_with_is_refused(how: str):
    grown = grown_to(SIZE)
    proof = tree.consistency_proof(grown.node, OLD, SIZE)
    check_consistency(OLD, SIZE, grown.root(OLD), grown.root(), proof)
    with pytest.raises(ProofError):
        check_consistency(OLD, SIZE, grown.root(OLD), grown.root(), hostile(proof)[how])


@pytest.mark.parametrize("index, size", [
    (INDEX + 1, SIZE), (INDEX - 1, SIZE), (SIZE, SIZE), (SIZE + INDEX, SIZE), (-1, SIZE), (INDEX, 0), (0, 0),
    (INDEX, INDEX), (INDEX, 2 * SIZE), (INDEX, 512),
])  # fmt: skip
def test_inclusion_when_told_of_another_place_is_refused(index: int, size: int):
    grown = grown_to(SIZE)
    with pytest.raises(ProofError):
        check_inclusion(leaf(INDEX), index, size, tree.inclusion_proof(grown.node, INDEX, SIZE), grown.root())


def test_inclusion_when_another_leaf_or_root_is_given_is_refused():
    grown, other = grown_to(SIZE), grown_to(SIZE + 1)
    proof = tree.inclusion_proof(grown.node, INDEX, SIZE)
    for claimed, root in ((leaf(INDEX + 1), grown.root()), (leaf(INDEX), other.root()), (leaf(INDEX), tree.EMPTY)):
        with pytest.raises(ProofError):
            check_inclusion(claimed, INDEX, SIZE, proof, root)


def test_consistency_when_the_tree_was_rewritten_is_refused():
    grown, forked = grown_to(SIZE), Grown()
    forked.add([leaf(n if n != 17 else 18) for n in range(SIZE)])
    with pytest.raises(ProofError):
        proof = tree.consistency_proof(forked.node, OLD, SIZE)
        check_consistency(OLD, SIZE, grown.root(OLD), forked.root(), proof)


@pytest.mark.parametrize("old, new, old_root", [(SIZE, OLD, None), (-1, SIZE, None), (0, SIZE, b"x" * 32)])
def test_consistency_when_the_sizes_make_no_sense_is_refused(old: int, new: int, old_root: bytes | None):
    grown = grown_to(SIZE)
    with pytest.raises(ProofError):
        check_consistency(old, new, old_root or grown.root(), grown.root(), [])


def test_consistency_of_a_tree_with_itself_wants_the_same_root():
    grown = grown_to(SIZE)
    check_consistency(SIZE, SIZE, grown.root(), grown.root(), [])
    with pytest.raises(ProofError):
        check_consistency(SIZE, SIZE, grown.root(OLD), grown.root(), [])


@given(st.integers(2, 600), st.randoms(use_true_random=False))
def test_no_random_bit_flip_in_a_proof_is_taken(size: int, chance: random.Random):
    grown, index = grown_to(size), chance.randrange(size)
    proof = tree.inclusion_proof(grown.node, index, size)
    place, bit = chance.randrange(len(proof)), chance.randrange(256)
    flipped = bytearray(proof[place])
    flipped[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ProofError):
        check_inclusion(leaf(index), index, size, [*proof[:place], bytes(flipped), *proof[place + 1 :]], grown.root())


@pytest.mark.parametrize("level, number, width, path", [
    (0, 0, 256, "0/000"), (0, 0, 17, "0/000.p/17"), (1, 1234067, 256, "1/x001/x234/067"),
    (2, 1000, 3, "2/x001/000.p/3"),
])  # fmt: skip
def test_path_of_a_tile_is_the_one_of_the_standard(level: int, number: int, width: int, path: str):
    assert tiles.path(level, number, width) == path
