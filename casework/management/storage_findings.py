"""Whether files and copies of the log can be kept where the settings say, and whether anybody can change them there."""

from collections.abc import Iterator

from django.conf import settings
from django.utils.translation import gettext as _

from casework import store
from casework.domain.archiving import log_archive, newest_copy, time_authority
from casework.domain.checkpoints import LogBroken
from casework.management.findings import Finding, error, ok, warning
from casework.transparency.archive import ArchiveProblem


def files() -> Iterator[Finding]:
    """The bucket of the files answers, and lets them go again; nothing to say where they lie in folders."""
    if not settings.STORE:
        return
    try:
        keeps = store.evidence().kept_for()
    except store.StoreAway as problem:
        yield error("store", str(problem))
        return
    if keeps:
        words = _("%(place)s keeps every file for %(lock)s; until then nobody in it can be erased")
        yield warning("store", words % {"place": settings.STORE, "lock": keeps})
    yield ok("store", _("files lie in %(place)s, which answers") % {"place": settings.STORE})


def archive() -> Iterator[Finding]:
    """Copies of what the log signed are where the settings say, are stamped, and stay."""
    try:
        place, authority = log_archive(), time_authority()
        if authority and not settings.LOG_ARCHIVE:
            words = _("GONGDUAN_TSA stamps documents only: GONGDUAN_LOG_ARCHIVE names no place for copies of the log")
            yield warning("ledger", words)
        if place is None:
            return
        newest, unstamped = newest_copy(place), place.unstamped() if authority else []
        over, weakness = place.storage.written_over(), place.storage.weakness()
    except (LogBroken, ArchiveProblem) as problem:
        yield error("ledger", str(problem))
        return
    if over:
        words = _("%(name)s in %(place)s was written over or deleted; what was there first still counts")
        yield error("ledger", words % {"name": over[0], "place": place.place})
    if weakness:
        yield warning("ledger", f"{place.place}: {weakness}")
    if unstamped:
        words = _("%(n)d copies in the archive wait for a time stamp; run archive_log to see why")
        yield warning("ledger", words % {"n": len(unstamped)})
    yield ok("ledger", _("copied to %(place)s up to entry %(size)d") % {"place": place.place, "size": newest})
