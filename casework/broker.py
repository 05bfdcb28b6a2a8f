"""The line to the broker from processes that perform actions: a nudge to the workers, and whether anybody answers."""

import atexit
import contextlib
import logging
import threading
from typing import Any

from celery import Celery

log = logging.getLogger(__name__)
BACK_OFF = 5.0
AT_EXIT = 1.0
SOON = {"max_retries": 0, "interval_start": 0}
PATIENCE = {
    "amqp": {**SOON, "read_timeout": 2, "write_timeout": 2, "confirm_publish": True},
    "redis": {**SOON, "socket_timeout": 2},
}


class Waker:
    """Called, it asks a thread to publish "deliver" and returns. Calls that come while one is being published share the
    next; while the broker is away one attempt is made every few seconds, by the thread alone."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._asked, self._told, self._closed = threading.Event(), threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        atexit.register(self._last_word)

    def __call__(self) -> None:
        self._told.clear()
        self._asked.set()
        with self._lock:
            if self._thread is None or not self._thread.is_alive():  # a fork has none, whatever its parent had
                self._thread = threading.Thread(target=self._run, name="waker", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """The thread and its line are no more."""
        self._closed.set()
        self._asked.set()
        if self._thread is not None:
            self._thread.join()

    def _last_word(self) -> None:
        """A command that ends right after its step still gets to say so."""
        if self._thread is not None and self._thread.is_alive():
            self._told.wait(AT_EXIT)

    def _run(self) -> None:
        line, away = None, False
        while self._asked.wait() and not self._closed.is_set():
            self._asked.clear()
            was_good, line = line is not None, line or dial(self._app)
            try:
                self._send(line)
            except Exception as error:  # whatever is wrong with a broker, workers find the rows by polling
                _hang_up(line)
                line = None
                self._asked.set()
                if was_good:  # it died while nothing was said; another may be had at once
                    continue
                if not away:
                    log.warning("the broker cannot be told, workers poll: %s: %s", type(error).__name__, error)
                away = True
                self._told.set()
                self._closed.wait(BACK_OFF)
                continue
            if away:
                log.warning("the broker can be told again")
            away = False
            self._told.set()
        if line is not None:
            _hang_up(line)

    def _send(self, line: Any) -> None:
        # Late is as good as never: by then workers have looked by themselves.
        self._app.send_task("gongduan.deliver", connection=line, retry=False, expires=10, ignore_result=True)


def dial(app: Celery) -> Any:
    """A connection that gives up soon."""
    kind = "redis" if app.conf.broker_url.startswith("redis") else "amqp"
    return app.connection_for_write(connect_timeout=1, transport_options=PATIENCE[kind])


def _hang_up(line: Any) -> None:
    with contextlib.suppress(Exception):  # it may be dead already, in any way
        line.release()


def broker_problem(app: Celery) -> str:
    """Why the broker does not answer; empty when it does."""
    try:
        with dial(app) as line:
            _ = line.default_channel
    except Exception as error:  # any: it is about to be told to somebody
        return f"{type(error).__name__}: {error}"[:200]
    return ""
