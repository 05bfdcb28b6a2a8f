"""Whether the copies in the archive are this log's, and stamped by the time authority. Whether the ledger still begins
with what they say is asked where the tree is made anew."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from django.utils.translation import gettext as _

from casework.domain.archiving import archived, log_archive, time_authority, unknown_archives
from casework.domain.checkpoints import LogBroken
from casework.domain.verdict import AWAY, Problem
from casework.models import Checkpoint
from casework.transparency import notes, stamps
from casework.transparency.archive import Archive, ArchiveProblem
from casework.transparency.stamps import StampError

LOG = "log"
CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass
class ArchiveReading:
    """What the copies say, and what is wrong with them, at most one of a kind. What could not be looked at is `away`,
    and is not asked for again."""

    copies: list[notes.Checkpoint] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_archive() -> ArchiveReading:
    """The archive as it was asked once, from its first copy to its last stamp."""
    found = ArchiveReading()
    try:
        archive = log_archive()
        found.problems += _strangers()
        if archive:
            found.problems += _copies(archive, found.copies)
            found.problems += _stamps(archive)
    except ArchiveProblem as error:
        found.problems.append(Problem(LOG, 0, AWAY, str(error)))
    return found


def _strangers() -> Iterator[Problem]:
    """No copy is there that another log signed in its place."""
    for folder, vkey in unknown_archives().items():
        words = _("copies are there of a log of another key: %(vkey)s")
        if not vkey:
            words = _("copies are there, in %(folder)s, of a log that does not say its key: vkey is missing")
        yield Problem(LOG, 0, "archive", words % {"vkey": vkey, "folder": folder})


def _copies(archive: Archive, copies: list[notes.Checkpoint]) -> Iterator[Problem]:
    """Every copy is a checkpoint of this log; they stand in `copies`, up to the first that is not."""
    for name in archive.storage.written_over()[:1]:
        words = _("%(name)s in %(place)s was written over or deleted; what was there first still counts")
        yield Problem(LOG, 0, "archive", words % {"name": name, "place": archive.place})
    try:
        for size in archive.sizes():
            copies.append(archived(archive, size))
    except LogBroken as error:
        yield Problem(LOG, 0, "archive", str(error))


def _stamps(archive: Archive) -> Iterator[Problem]:
    """Every time stamp is over its copy, by the authority, and not from before the log signed it."""
    try:
        authority = time_authority()
    except LogBroken as error:  # the roots cannot be read
        yield Problem(LOG, 0, AWAY, str(error))
        return
    if authority is None:
        return
    try:
        signed_at = dict(Checkpoint.objects.values_list("size", "at"))
        for size in archive.sizes():
            if (token := archive.stamp(size)) is None:
                continue
            at = stamps.stamped_at(token, archive.checkpoint(size), authority[1])
            if size in signed_at and at < signed_at[size] - CLOCKS_DIFFER:
                words = _("the time stamp says %(at)s, which is before the log signed it")
                yield Problem(LOG, size, "stamp", words % {"at": at.isoformat()})
                return
    except StampError as error:
        yield Problem(LOG, size, "stamp", _("the time stamp of the copy does not count: %(why)s") % {"why": error})
