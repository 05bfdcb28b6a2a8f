"""What our Celery workers are besides: they poll, so that what they are not woken for, because the broker is away, they
find by looking."""

import logging
import subprocess
import sys
import threading
from typing import Any

from celery import bootsteps
from celery.worker import consumer
from django.conf import settings

log = logging.getLogger(__name__)
EVERY = 2.0
AFTER_TROUBLE = 5.0


class Consumer(consumer.Consumer):
    """Declares no queues for delayed messages: nothing is ever sent with an eta, and 28 of them are in the way."""

    class Blueprint(consumer.Consumer.Blueprint):
        default_steps = [step for step in consumer.Consumer.Blueprint.default_steps if "DelayedDelivery" not in step]


class Polling(bootsteps.StartStopStep):
    """Runs `manage.py work` as the worker's child, from the pool's start to its stop, anew should it die.

    A process, not a thread: Celery forks its pool again whenever one of it dies, and neither a database connection nor
    a lock survives being forked; and while Celery looks for its broker it does nothing else."""

    requires = {"celery.worker.components:Pool"}

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self._child: subprocess.Popen[bytes] | None = None
        self._lock, self._stopping = threading.Lock(), threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="polling", daemon=True)

    def start(self, worker: Any) -> None:
        self._keeper.start()

    def stop(self, worker: Any) -> None:
        """What the child was doing is done."""
        with self._lock:
            self._stopping.set()
            if self._child is not None:
                self._child.terminate()
        if self._keeper.is_alive():
            self._keeper.join()

    terminate = stop

    def _keep(self) -> None:
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "work"]
        command += ["--every", str(EVERY), "--with-parent", "--skip-checks"]  # the worker has just made them
        while True:
            with self._lock:
                if self._stopping.is_set():
                    return
                self._child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
            status = self._child.wait()
            if not self._stopping.wait(0):
                log.error("polling ended by itself with status %s; it starts again", status)
                self._stopping.wait(AFTER_TROUBLE)
