"""A witness that runs in a thread of the test, with a folder of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from casework.domain.log_keys import log_key
from casework.transparency import key_folder, notes
from casework.transparency.witness import Witness
from casework.transparency.witness_server import server
from tests.answering import answering

NAME = "witness.example/w1"


class Watched:
    def __init__(self, folder: Path, logs: list[notes.Verifier]) -> None:
        self.who = key_folder.made(folder, NAME, notes.COSIGNED)
        self.alarms: list[str] = []
        self.folder = folder
        self._witness = Witness(folder, logs)
        self.server = server(self._witness, "127.0.0.1", 0, self.alarms.append)
        self.site = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.url = f"{self.site}/{self._witness.path}"

    @property
    def setting(self) -> str:
        return f"{self.who}@{self.url}"

    def status(self) -> str:
        return self._witness.status()


@contextmanager
def serving(folder: Path, logs: list[notes.Verifier]) -> Iterator[Watched]:
    watched = Watched(folder, logs)
    with answering(watched.server):
        yield watched


@contextmanager
def watched_by(folder: Path, settings: Any) -> Iterator[Watched]:
    """A witness of this installation's log, which is asked from now on."""
    from casework.domain.sealing import seal_ledger

    seal_ledger()  # the log has a key
    with serving(folder, [log_key()]) as watched:
        settings.WITNESSES = [watched.setting]
        yield watched
