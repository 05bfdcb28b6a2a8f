"""Whether the copies in the archive are this log's, and stamped by the time authority. Whether the ledger still begins
with what they say is asked where the tree is made anew."""

from collections.abc import Iterator
from datetime import timedelta

from django.utils.translation import gettext as _

from casework.domain.archiving import archived, log_archive, time_authority, unknown_archives
from casework.domain.checkpoints import LogBroken
from casework.domain.verdict import AWAY, Problem
from casework.models import Checkpoint
from casework.transparency import stamps
from casework.transparency.archive import ArchiveProblem
from casework.transparency.stamps import StampError

LOG = "log"
CLOCKS_DIFFER = timedelta(minutes=5)


def archive_problems() -> Iterator[Problem]:
    """At most one of a kind. What could not be looked at is `away`."""
    try:
        yield from _copies()
        yield from _stamps()
    except ArchiveProblem as error:
        yield Problem(LOG, 0, AWAY, str(error))


def _copies() -> Iterator[Problem]:
    """Every copy is a checkpoint of this log, and none is there that another signed in its place."""
    try:
        for folder, vkey in unknown_archives().items():
            words = _("copies are there of a log of another key: %(vkey)s")
            if not vkey:
                words = _("copies are there, in %(folder)s, of a log that does not say its key: vkey is missing")
            yield Problem(LOG, 0, "archive", words % {"vkey": vkey, "folder": folder})
        if archive := log_archive():
            for name in archive.storage.written_over()[:1]:
                words = _("%(name)s in %(place)s was written over or deleted; what was there first still counts")
                yield Problem(LOG, 0, "archive", words % {"name": name, "place": archive.place})
            for size in archive.sizes():
                archived(archive, size)
    except LogBroken as error:
        yield Problem(LOG, 0, "archive", str(error))


def _stamps() -> Iterator[Problem]:
    """Every time stamp is over its copy, by the authority, and not from before the log signed it."""
    try:
        archive, authority = log_archive(), time_authority()
    except LogBroken as error:  # the roots cannot be read
        yield Problem(LOG, 0, AWAY, str(error))
        return
    if archive is None or authority is None:
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
