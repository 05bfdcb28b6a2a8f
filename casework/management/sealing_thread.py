"""The worker seals the ledger beside its other work, so that no drawing of documents keeps an entry waiting; and copies
it to the archive and has documents stamped beside that, so that no time authority keeps anything waiting."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import close_old_connections, connection

from casework.domain.archiving import archive_log
from casework.domain.checkpoints import LogBroken
from casework.domain.deliveries import deliver_due
from casework.domain.sealing import seal_ledger
from casework.transparency.archive import ArchiveProblem

log = logging.getLogger(__name__)
EVERY = 0.5
AFTER_TROUBLE = 5.0
AFTER_ALARM = 60.0
ARCHIVE_EVERY = 60.0  # seconds until it is asked again whether a copy is due
STAMP_EVERY = 2.0


@contextmanager
def sealing(stop: threading.Event) -> Iterator[None]:
    """The ledger is sealed and archived, and documents are stamped, again and again until `stop` is set; then what was
    begun is finished."""
    passes = [seal_once, *([archive_once] if settings.LOG_ARCHIVE else []), *([stamp_once] if settings.TSA else [])]
    threads = [threading.Thread(target=_again_until, args=[stop, once], name=once.__name__) for once in passes]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _again_until(stop: threading.Event, once: Callable[[], float]) -> None:
    try:
        while not stop.is_set():
            close_old_connections()
            try:
                pause = once()
            except Exception:  # whatever it was, a worker that no longer seals must not go unnoticed, nor end for ever
                log.exception("%s failed; it is tried again", once.__name__)
                pause = AFTER_TROUBLE
            stop.wait(pause)
    finally:
        connection.close()


def seal_once() -> float:
    """Seconds until the next pass."""
    try:
        seal_ledger()
    except LogBroken as problem:
        log.error("the ledger is not sealed: %s", problem)
        return AFTER_ALARM
    return EVERY


def archive_once() -> float:
    """Seconds until the next pass."""
    try:
        done = archive_log()
    except (LogBroken, ArchiveProblem) as problem:
        log.error("the ledger is not archived: %s", problem)
    else:
        if done["problem"]:
            log.warning("%d copies wait for a time stamp: %s", done["waiting"], done["problem"])
    return ARCHIVE_EVERY


def stamp_once() -> float:
    """Seconds until the next pass. One document a pass: an authority that hangs keeps no worker from ending."""
    return 0 if deliver_due(limit=1, apart=True) else STAMP_EVERY
