"""A real signing worker (hold_keys): a process with a home of its own, no database, and a log."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings

from casework.documents.holder import SigningWorker
from casework.documents.holder.keeper import PEOPLE
from casework.documents.pki import make_pki

NAMES = {"zh": "测试呼叫中心", "en": "Test contact centre"}
HERE = Path(settings.BASE_DIR)


class Worker:
    """`home` is the worker's, `site` what everybody else has: the public half of its keys."""

    def __init__(self, demo: bool, since: Any) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="gd-"))  # short: a socket's path has at most some 100 letters
        self.home, self.site = self.folder / "holder", self.folder / "site"
        self.pki = make_pki(self.home / "pki", NAMES, demo, since).folder
        self.public = self.site / "pki"
        self.public.mkdir(parents=True)
        for name in ("root.crt.pem", "seal.crt.pem"):
            shutil.copy(self.pki / name, self.public)
        self.log = self.folder / "log"
        self.listen_at(self.folder / "keys.sock")
        self.start()

    def listen_at(self, path: Path) -> None:
        """From its next start on."""
        self.socket, self.address = path, f"unix:{path}"

    def start(self, program: list[str] | None = None, *words: str) -> None:
        given = {name: value for name, value in os.environ.items() if not name.startswith("GONGDUAN_")}
        with self.log.open("a") as out:
            self._process = subprocess.Popen(
                program or [sys.executable, "manage.py", "hold_keys", "--listen", str(self.socket), *words],
                stdout=out, stderr=subprocess.STDOUT, cwd=HERE,
                env={
                    **given, "GONGDUAN_HOME": str(self.home), "GONGDUAN_DATABASE_URL": "postgres://nobody@127.0.0.1:9/x",
                    "DJANGO_SETTINGS_MODULE": "casework.config.settings", "LANG": "C.UTF-8",
                    "GONGDUAN_SECRET_KEY": "x" * 50,
                },
            )  # fmt: skip
        began = time.monotonic()
        while not self._listens():
            assert self._process.poll() is None and time.monotonic() - began < 180, self.log.read_text()
            time.sleep(0.02)

    def _listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.socket)) == 0

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def start_again(self) -> None:
        """It runs, whatever a test left."""
        if self._process.poll() is not None:
            self.start()

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30)

    def end(self) -> None:
        self.kill()
        shutil.rmtree(self.folder)

    def asked(self) -> SigningWorker:
        return SigningWorker(self.address, self.public)

    def kept(self) -> set[str]:
        """Serial numbers of the persons' keys that it has."""
        return {file.stem for file in (self.pki / PEOPLE).glob("*.pem")}

    def did(self, what: str) -> list[dict[str, Any]]:
        """The lines of its log on that."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line["did"] == what]

    def secrets(self) -> set[str]:
        """Lines of its files that nobody else may have."""
        found = set()
        for file in self.pki.rglob("*"):
            if file.is_file() and file.name.endswith((".key.pem", ".passphrase")):
                found |= {line for line in file.read_text().splitlines() if len(line) > 20}
            elif file.parent.name == PEOPLE and file.suffix == ".pem":
                key = file.read_text().partition("-----BEGIN ENCRYPTED PRIVATE KEY-----")[2]
                found |= {line for line in key.splitlines() if len(line) > 20}
        return found


@contextmanager
def signing_worker(demo: bool = True, since: Any = None) -> Iterator[Worker]:
    worker = Worker(demo, since)
    try:
        yield worker
    finally:
        worker.end()
