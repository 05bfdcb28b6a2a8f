"""The embedded worker: due clocks and deliveries in one loop, sealing and stamping beside them, until told to stop;
each minute also what no write tells: grants that end by their date, and what uploads left behind."""

import _thread
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError, close_old_connections
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from casework.commands import DoorCommand
from casework.domain.deliveries import deliver_due
from casework.domain.evidence_files import sweep as sweep_received
from casework.domain.guardian_projection import project_grants
from casework.domain.leavers import give_up_seats
from casework.domain.sealing import seal_ledger
from casework.domain.sweep import fire_due
from casework.management.sealing_thread import sealing

log = logging.getLogger(__name__)
IDLE = 0.7
AFTER_TROUBLE = 5.0
LOOK_EVERY = 60.0


class Command(DoorCommand):
    help = _("Fires clocks, delivers and seals in a loop until SIGTERM or Ctrl-C; --once: everything due, then ends.")

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--once", action="store_true")
        parser.add_argument("--every", type=float, default=IDLE, metavar="SECONDS", help="how long to rest when idle")
        parser.add_argument("--with-parent", action="store_true", help="end when the process that started this ends")

    def do(self, *, once: bool, every: float, with_parent: bool, **_: Any) -> None:
        if once:
            _each_minute()
            self.show({**_until_idle(), "sealed": seal_ledger()["sequenced"]})
            return
        with told_to_stop() as stop, sealing(stop):
            self.stdout.write(gettext("Working: clocks, deliveries and the ledger, until SIGTERM or Ctrl-C."))
            self.stdout.flush()
            _loop(stop, every, os.getppid() if with_parent else None)


def _each_minute() -> None:
    project_grants()
    give_up_seats()
    sweep_received()


def _until_idle() -> dict[str, int]:
    """What a delivery brings about (a draft, a seal) is done too; stamps last, up to the first that is refused."""
    counts = {"acted": fire_due(), "delivered": 0}
    while done := deliver_due():
        counts["delivered"] += done
    while done := deliver_due(limit=1, apart=True):
        counts["delivered"] += done
    return counts


def _loop(stop: threading.Event, every: float, parent: int | None) -> None:
    looked = -LOOK_EVERY
    while not stop.is_set() and parent in (None, os.getppid()):
        try:
            if time.monotonic() - looked >= LOOK_EVERY:
                _each_minute()
                looked = time.monotonic()
            done = fire_due() + deliver_due()
        except DatabaseError:  # the database restarts or is away: wait for it, as a server would
            log.exception("the worker could not reach the database; it tries again")
            close_old_connections()
            stop.wait(AFTER_TROUBLE)
            continue
        close_old_connections()
        stop.wait(0 if done else every)


def until_told(stop: threading.Event) -> None:
    """Waits. In turns, since a signal that comes just before a wait begins is seen only when that wait ends."""
    while not stop.wait(1.0):
        pass


@contextmanager
def told_to_stop() -> Iterator[threading.Event]:
    """An event that SIGTERM, SIGINT and SIGHUP set; what is being done is finished first."""
    stop = threading.Event()
    # By another thread: the signal may come while this one has the event's lock, which waiting for it takes.
    before = {
        number: signal.signal(number, lambda *_: _thread.start_new_thread(stop.set, ()))
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
