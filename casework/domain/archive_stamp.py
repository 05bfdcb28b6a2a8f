"""The time stamp over a copy in the archive, as it is handed out with entries that the copy's tree holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.x509 import Certificate
from django.conf import settings

from casework.domain.archiving import archived, log_archive, roots_of_stamps
from casework.domain.checkpoints import LogBroken, not_as_signed
from casework.domain.log_tree import stored_nodes
from casework.transparency import notes, stamps, tree
from casework.transparency.archive import Archive, ArchiveProblem
from casework.transparency.stamps import StampError

STAMPED, PENDING, AWAY, NOBODY = "stamped", "pending", "away", ""


@dataclass(frozen=True)
class ArchiveStamp:
    """What is stamped of some entries. `state` is `stamped`; `pending` where some still wait for it; `away`, with the
    reason, where archive or stamp is not to be had or does not count; empty where nobody stamps.

    `covers`: how many of them, from the first on, with the `proof` that the last of these is in the tree of `copy`,
    over which `token` is, of that moment."""

    state: str
    reason: str = ""
    covers: int = 0
    copy: bytes = b""
    token: bytes = b""
    proof: str = ""
    at: datetime | None = None


def stamp_over(places: Sequence[int]) -> ArchiveStamp:
    """Of a chain of entries, by their places in the log: the oldest stamp over all of them or, until there is one, the
    newest over some. LogBroken where the archive holds what this log never signed, or the log no longer holds it."""
    if not (settings.TSA or settings.TSA_ROOTS):
        return ArchiveStamp(NOBODY)
    try:
        roots = roots_of_stamps()
    except LogBroken as error:
        return ArchiveStamp(AWAY, str(error))
    try:
        archive = log_archive()
        return _stamp(archive, places, roots) if archive else ArchiveStamp(NOBODY)
    except (ArchiveProblem, StampError) as error:
        return ArchiveStamp(AWAY, str(error))


def _stamp(archive: Archive, places: Sequence[int], roots: list[Certificate]) -> ArchiveStamp:
    stamped = archive.stamped()
    size = next((size for size in stamped if size > places[-1]), stamped[-1] if stamped else 0)
    covers = max((number for number, place in enumerate(places, 1) if place < size), default=0)
    waits = PENDING if settings.TSA and covers < len(places) else STAMPED if covers else NOBODY
    token = archive.stamp(size) if covers else None
    if token is None:
        return ArchiveStamp(waits)
    copy = archive.checkpoint(size)
    proof = _proof(places[covers - 1], archived(archive, size), copy)
    at = stamps.stamped_at(token, copy, roots)
    return ArchiveStamp(waits, covers=covers, copy=copy, token=token, proof=proof, at=at)


def _proof(place: int, head: notes.Checkpoint, copy: bytes) -> str:
    """The .tlog-proof of the entry at that place, up to the copy as it is in the archive."""
    node = stored_nodes()
    try:
        path = tree.inclusion_proof(node, place, head.size)
        tree.check_inclusion(node(0, place), place, head.size, path, head.root)
    except (LookupError, tree.ProofError):
        raise LogBroken(not_as_signed(head.size)) from None
    return notes.written(notes.Proof(place, path, copy.decode()))
