"""The worker seals the ledger beside its other work, so that no drawing of documents keeps an entry waiting."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import close_old_connections, connection

from casework.domain.checkpoints import LogBroken
from casework.domain.sealing import seal_ledger

log = logging.getLogger(__name__)
EVERY = 0.5
AFTER_TROUBLE = 5.0
AFTER_ALARM = 60.0


@contextmanager
def sealing(stop: threading.Event) -> Iterator[None]:
    """The ledger is sealed again and again until `stop` is set; then what was begun is finished."""
    thread = threading.Thread(target=_seal_until, args=[stop], name="sealing")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _seal_until(stop: threading.Event) -> None:
    try:
        while not stop.is_set():
            stop.wait(_seal_once())
    finally:
        connection.close()


def _seal_once() -> float:
    """Seconds until the next pass."""
    close_old_connections()
    try:
        seal_ledger()
    except LogBroken as problem:
        log.error("the ledger is not sealed: %s", problem)
        return AFTER_ALARM
    except Exception:  # whatever it was, a worker that no longer seals must not go unnoticed, nor end for ever
        log.exception("the ledger could not be sealed; it is tried again")
        return AFTER_TROUBLE
    return EVERY
