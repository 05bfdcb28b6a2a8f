"""A Merkle tree over the entries of a log, as RFC 6962 (section 2.1) defines it: roots and proofs, made and checked.

What is made is made from `Node`, which gives the root of any whole subtree: `node(h, n)` is the root of the 2**h leaves
from n * 2**h on. Tiles hold just these, so no proof reads more than a few of them."""

from collections.abc import Callable, Sequence
from functools import reduce
from hashlib import sha256

Node = Callable[[int, int], bytes]
EMPTY = sha256(b"").digest()


class ProofError(ValueError):
    """The proof does not prove what it should."""


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()


class Frontier:
    """A tree to which leaves are added one by one, and which holds no more of it than its root needs."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        found, number = leaf, self.size
        while number & 1:
            found, number = node_hash(self._peaks.pop(), found), number >> 1
        self._peaks.append(found)
        self.size += 1

    def root(self) -> bytes:
        return reduce(lambda right, left: node_hash(left, right), reversed(self._peaks)) if self._peaks else EMPTY


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root over a number of hashes that is a power of two."""
    while len(hashes) > 1:
        hashes = [node_hash(hashes[n], hashes[n + 1]) for n in range(0, len(hashes), 2)]
    return hashes[0]


def root(node: Node, size: int) -> bytes:
    return _root(node, 0, size) if size else EMPTY


def inclusion_proof(node: Node, index: int, size: int) -> list[bytes]:
    """That entry `index` is in the tree of that size: from the leaf's sibling up to a child of the root."""
    if not 0 <= index < size:
        raise ProofError(f"Expected an entry below {size}, but {index} was asked for.")
    return _path(node, index, 0, size)


def consistency_proof(node: Node, old: int, new: int) -> list[bytes]:
    """That the tree of size `new` begins with that of size `old`; empty where there is nothing to prove."""
    if not 0 <= old <= new:
        raise ProofError(f"Expected a size up to {new}, but {old} was asked for.")
    return _common(node, old, 0, new, True) if 0 < old < new else []


def check_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Returns where the leaf is entry `index` of the tree of that size and root (RFC 9162, 2.1.3.2), or raises."""
    if not 0 <= index < size:
        raise ProofError(f"Expected an index below the size {size}, but it is {index}.")
    number, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofError("Expected a shorter proof.")
        if number & 1 or number == last:
            found = node_hash(sibling, found)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        number, last = number >> 1, last >> 1
    if last != 0:
        raise ProofError("Expected a longer proof.")
    if found != root:
        raise ProofError("The proof leads to another root.")


def check_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Returns where the tree of size `new` and that root begins with the other (RFC 9162, 2.1.4.2), or raises."""
    if not 0 <= old <= new:
        raise ProofError(f"Expected a size up to {new}, but it is {old}.")
    if old in (0, new):
        if proof:
            raise ProofError("Expected no proof, since there is nothing to prove.")
        if old_root != (new_root if old else EMPTY):
            raise ProofError("Two trees of one size have different roots.")
        return
    hashes = list(proof) if old & (old - 1) else [old_root, *proof]
    if not hashes:
        raise ProofError("Expected a longer proof.")
    number, last = old - 1, new - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    first = second = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            raise ProofError("Expected a shorter proof.")
        if number & 1 or number == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        number, last = number >> 1, last >> 1
    if last != 0:
        raise ProofError("Expected a longer proof.")
    if first != old_root:
        raise ProofError("The proof leads to another root of the smaller tree.")
    if second != new_root:
        raise ProofError("The proof leads to another root of the larger tree.")


def _root(node: Node, start: int, size: int) -> bytes:
    if size & (size - 1) == 0:
        height = size.bit_length() - 1
        return node(height, start >> height)
    left = _left(size)
    return node_hash(_root(node, start, left), _root(node, start + left, size - left))


def _path(node: Node, index: int, start: int, size: int) -> list[bytes]:
    if size == 1:
        return []
    left = _left(size)
    if index < left:
        return [*_path(node, index, start, left), _root(node, start + left, size - left)]
    return [*_path(node, index - left, start + left, size - left), _root(node, start, left)]


def _common(node: Node, old: int, start: int, size: int, whole: bool) -> list[bytes]:
    if old == size:
        return [] if whole else [_root(node, start, size)]
    left = _left(size)
    if old <= left:
        return [*_common(node, old, start, left, whole), _root(node, start + left, size - left)]
    return [*_common(node, old - left, start + left, size - left, False), _root(node, start, left)]


def _left(size: int) -> int:
    """The leaves of the left subtree: the largest power of two below the size."""
    return 1 << (size - 1).bit_length() - 1
