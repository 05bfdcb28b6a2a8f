"""Every hour or so a copy of the last checkpoint goes where nothing can be changed, and a time authority stamps it:
what was signed, and when, then no longer rests on our word alone."""

from typing import TypedDict

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate, load_pem_x509_certificates
from django.conf import settings
from django.utils.translation import gettext as _

from casework.domain.checkpoints import (
    LogBroken,
    fewer_than_signed,
    goes_on,
    last_checkpoint,
    stated,
)
from casework.domain.log_keys import log_keys
from casework.domain.log_tree import stored_nodes
from casework.domain.now import now
from casework.models import Checkpoint, Cosignature
from casework.transparency import notes, stamps
from casework.transparency.archive import Archive, archive_keys
from casework.transparency.stamps import StampError

AT_ONCE = 20  # stamps in one pass, where many were left without


class Archived(TypedDict):
    """What one pass did: whether a checkpoint was copied, how many got their stamp, how many still wait for one, and
    why they do."""

    copied: bool
    stamped: int
    waiting: int
    problem: str


def log_archive() -> Archive | None:
    """Where copies of this log's checkpoints are; None where the settings name no place, or before the first one."""
    place, who = settings.LOG_ARCHIVE, log_keys().first
    return Archive(place, who) if place and who else None


def archive_log() -> Archived:
    """One pass. Raises ArchiveProblem where the place is not to be had, LogBroken where the log does not go on from
    what was copied there last. A time authority that is away is asked again with the next pass."""
    archive = log_archive()
    if archive is None:
        return {"copied": False, "stamped": 0, "waiting": 0, "problem": ""}
    copied = _copied(archive)
    stamped, waiting, problem = _stamped(archive)
    return {"copied": copied, "stamped": stamped, "waiting": waiting, "problem": problem}


def unknown_archives() -> dict[str, str]:
    """By folder the keys of logs whose copies are in the place, but whose keys this installation does not know: a log
    that was begun in secret, or another's whose place this is; empty where the copies do not say their key."""
    if settings.LOG_ARCHIVE is None:
        return {}
    known = {str(who) for who in log_keys().all}
    return {folder: vkey for folder, vkey in archive_keys(settings.LOG_ARCHIVE).items() if vkey not in known}


def archived(archive: Archive, size: int) -> notes.Checkpoint:
    """What the copy says; LogBroken where the log never signed it."""
    try:
        head, _signers = log_keys().opened(archive.checkpoint(size).decode())
        if head.size != size:
            raise notes.NoteError(_("it is of another size"))
    except (notes.NoteError, UnicodeDecodeError) as error:
        words = _("the copy of checkpoint %(size)d in %(place)s is not the log's: %(reason)s")
        raise LogBroken(words % {"size": size, "place": archive.place, "reason": error}) from None
    return head


def time_authority() -> tuple[str, list[Certificate]] | None:
    """Its address and the roots under which its stamps count, as the settings say; LogBroken where they cannot be
    read, None where there is none."""
    return (settings.TSA, roots_of_stamps()) if settings.TSA else None


def roots_of_stamps() -> list[Certificate]:
    """Those under which stamps count, also where nobody is asked any more; LogBroken where they cannot be read."""
    if settings.TSA_ROOTS is None:
        raise LogBroken(_("GONGDUAN_TSA_ROOTS names no file of certificates under which its stamps count"))
    try:
        return load_pem_x509_certificates(settings.TSA_ROOTS.read_bytes())
    except (OSError, ValueError) as error:
        words = _("GONGDUAN_TSA_ROOTS: %(file)s cannot be read: %(reason)s")
        reason = getattr(error, "strerror", None) or error
        raise LogBroken(words % {"file": settings.TSA_ROOTS, "reason": reason}) from None


def stamp_roots() -> list[str]:
    """The same as PEM; none where there are none, or none that can be
    read, which doctor tells."""
    try:
        return [root.public_bytes(Encoding.PEM).decode() for root in roots_of_stamps()]
    except LogBroken:
        return []


def newest_copy(archive: Archive) -> int:
    """How many entries the newest copy is of, 0 where there is none. LogBroken where the log does not go on from it."""
    if not (sizes := archive.sizes()):
        return 0
    last = last_checkpoint()  # read after the copies: whoever else copies now copies what is signed already
    if last is None:
        raise LogBroken(fewer_than_signed(sizes[-1], 0))
    goes_on(stored_nodes(), archived(archive, sizes[-1]), stated(last))
    return sizes[-1]


def _copied(archive: Archive) -> bool:
    newest, last = newest_copy(archive), last_checkpoint()
    if last is None or last.size == newest or not _is_due(newest):
        return False
    lines = Cosignature.objects.filter(checkpoint=last).order_by("witness").values_list("line", flat=True)
    archive.add(last.size, last.note + "".join(lines))
    return True


def _is_due(size: int) -> bool:
    at = Checkpoint.objects.filter(size=size).values_list("at", flat=True).first()
    return at is None or at + settings.ARCHIVE_EVERY <= now()


def _stamped(archive: Archive) -> tuple[int, int, str]:
    """How many got their stamp, how many wait, and why."""
    authority = time_authority()
    if authority is None:
        return 0, 0, ""
    (url, roots), waiting, done = authority, archive.unstamped(), 0
    for size in waiting[:AT_ONCE]:
        data = archive.checkpoint(size)
        try:
            token = stamps.asked(url, data)
            stamps.stamped_at(token, data, roots)
        except StampError as error:
            return done, len(waiting) - done, str(error)
        archive.add_stamp(size, token)
        done += 1
    return done, len(waiting) - done, ""
