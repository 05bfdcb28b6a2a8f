"""Real brokers, real workers, real beats, and what is seen of them."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from casework.broker import Waker
from casework.config.celery import celery_app
from casework.config.environment import celery_options
from casework.domain import waking

HERE = Path(settings.BASE_DIR)
WORKER = [
    *(sys.executable, "-m", "celery", "-A", "casework.config.celery", "worker", "--loglevel", "info"),
    *("--concurrency", "2", "--without-gossip", "--without-mingle"),
]
FIVE_BEATS = """
import os
from casework.config.celery import app
app.loader.import_default_modules()
for _ in range(5):
    if not os.fork():
        app.Beat(loglevel="info", quiet=True).run()
os.wait()
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Broker:
    """A broker that can be killed, and started again empty at the same address."""

    def __init__(self, kind: str) -> None:
        self.kind, self.port, self.url = kind, free_port(), ""
        self.start()

    def start(self) -> None:
        self._script = subprocess.Popen(
            ["scripts/private-broker", self.kind, "sh", "-c", "echo $GONGDUAN_BROKER_URL; exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HERE,
            env={**os.environ, "PORT": str(self.port), "PASSWORD": "of-the-test"},
        )  # fmt: skip
        self.url = self._script.stdout.readline().strip()
        assert self.url, f"{self.kind} did not start"

    def kill(self) -> None:
        self._script.communicate()


@contextmanager
def broker(kind: str) -> Iterator[Broker]:
    running = Broker(kind)
    try:
        yield running
    finally:
        running.kill()


class Program:
    """A worker or beats on this test's database, with a log."""

    def __init__(self, command: list[str], folder: Path, url: str) -> None:
        self.log = folder / f"{time.monotonic_ns()}.log"
        with self.log.open("w") as out:
            self._process = subprocess.Popen(
                command, stdout=out, stderr=subprocess.STDOUT, cwd=HERE, start_new_session=True,
                env={
                    **os.environ, "GONGDUAN_DATABASE_URL": address(), "GONGDUAN_BROKER_URL": url, "LANG": "C.UTF-8",
                    "DJANGO_SETTINGS_MODULE": "tests.broker.settings", "GONGDUAN_TEST_FOLDER": str(folder),
                    "GONGDUAN_LOG_FOLDER": str(settings.LOG_FOLDER),
                },
            )  # fmt: skip

    def said(self, words: str) -> int:
        return self.log.read_text().count(words)

    def told_to_stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    def status(self) -> int:
        return self._process.wait(40)

    def leftovers(self) -> list[str]:
        """What of it still runs."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it has just ended
                state, _, group = (process / "stat").read_text().rpartition(")")[2].split()[:3]
                if int(group) == self._process.pid and state != "Z":
                    found.append((process / "cmdline").read_text().replace("\0", " "))
        return found

    def kill(self) -> None:
        """The whole of it, pool and poller too, as when the machine dies."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@contextmanager
def program(command: list[str], folder: Path, url: str) -> Iterator[Program]:
    started = Program(command, folder, url)
    try:
        yield started
    finally:
        started.kill()


@contextmanager
def worker(folder: Path, url: str) -> Iterator[Program]:
    """A worker that takes messages, and polls."""
    with program(WORKER, folder, url) as started:
        until(lambda: started.said(" ready.") and started.said("Working:"), 120, started.log)
        yield started


@contextmanager
def five_beats(folder: Path, url: str) -> Iterator[Program]:
    """Five that know nothing of each other, and have begun."""
    with program([sys.executable, "-c", FIVE_BEATS], folder, url) as started:
        yield started


@contextmanager
def waking_by(url: str) -> Iterator[Waker]:
    """What is performed in this process wakes the workers on that broker."""
    waker = Waker(celery_app(celery_options(url)))
    waking.wakes(waker)
    try:
        yield waker
    finally:
        waking._wakers.remove(waker)
        waker.close()


def address() -> str:
    """The database of this test, for other processes."""
    at = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{at['NAME']}"
    return f"postgres://{quote(at['USER'])}:{quote(at['PASSWORD'])}@{at['HOST']}:{at['PORT']}/{at['NAME']}"


def until(holds: Callable[[], object], within: float, log: Path | None = None) -> float:
    """How long it took until it held; a failure if it never did."""
    began = time.monotonic()
    while not holds():
        waited = time.monotonic() - began
        assert waited < within, log.read_text()[-3000:] if log else f"it did not happen within {within} s"
        time.sleep(0.02)
    return time.monotonic() - began


def hands(folder: Path) -> list[list[str]]:
    """[word, hand, moment, process, delivery] of what was done."""
    file = folder / "hands"
    return [line.split() for line in file.read_text().splitlines()] if file.exists() else []
