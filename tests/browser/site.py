"""The product's own web server and worker, as they are run in earnest, over a copy of the demo."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from django.conf import settings

from demo import sound
from tests.commands.demo_run import Demo

PATIENCE = 180.0
DISPUTED = ("EV-202610-0016", "EV-202610-0124")  # ann's, scored by ian; nobody has disputed them yet
EVALUATION = "FROM casework_case JOIN evaluations_evaluation ON case_ptr_id = id WHERE external_id = ?"


class Site:
    """Serving until it is closed. `origin` is its address; `demo` is the database it serves, to be read."""

    def __init__(self, demo: Demo, passwords: dict[str, str]) -> None:
        self.demo, self.passwords, port = demo, passwords, _free_port()
        self.origin = f"http://127.0.0.1:{port}"
        self._run("collectstatic", "--noinput")
        self._run("import_recordings", str(self._recordings()), "--as", "ivy")
        manage = [sys.executable, "manage.py"]
        web = [sys.executable, "-m", "gunicorn", "-b", f"127.0.0.1:{port}", "--threads", "4", "--log-level", "error"]
        commands = ([*web, "casework.config.wsgi"], [*manage, "work", "--every", "0.2", "--with-parent"])
        self.log = demo.folder / "served.log"
        with self.log.open("wb") as out:
            self._running = [
                subprocess.Popen(
                    command, cwd=settings.BASE_DIR, env=demo.env(GONGDUAN_BASE_URL=self.origin), stdout=out, stderr=out,
                    start_new_session=True,
                ) for command in commands
            ]  # fmt: skip
        self._wait()

    def _run(self, *words: str) -> None:
        done = self.demo.run(*words)
        assert done.returncode == 0, done.stdout + done.stderr

    def _recordings(self) -> Path:
        """Of the calls that are disputed here; the demo has those of its own story."""
        folder = self.demo.folder / "recordings"
        folder.mkdir()
        for external_id in DISPUTED:
            [[call, length]] = self.demo.rows(f"SELECT interaction_id, duration_s {EVALUATION}", external_id)
            (folder / f"{call}.wav").write_bytes(sound.call(length, []))
        return folder

    def _wait(self) -> None:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                with urllib.request.urlopen(f"{self.origin}/healthz", timeout=5):
                    return
            except OSError as problem:
                assert time.monotonic() < end, f"the site did not start: {problem}\n{self.log.read_text()}"
                time.sleep(0.1)

    def close(self) -> None:
        for process in self._running:
            os.killpg(process.pid, signal.SIGTERM)
        for process in self._running:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def one(self, sql: str, *values: object) -> str:
        """The single value that the database holds there."""
        [[found]] = self.demo.rows(sql, *values)
        return str(found)

    def evaluation(self, external_id: str) -> str:
        return self.one(f"SELECT number {EVALUATION}", external_id)

    def case(self, type_and_state: str) -> str:
        """The first case of that type in that state, such as `disputes.ScoreDispute reviewing`."""
        return self.one(
            "SELECT number FROM casework_case WHERE type || ' ' || state = ? ORDER BY id LIMIT 1", type_and_state
        )

    def holder(self, number: str, *roles: str) -> list[str]:
        """Who has such a part in the case now: the login of each, in the order of their seats."""
        marks = ", ".join("?" * len(roles))
        found = self.demo.rows(
            f"SELECT MIN(a.username) FROM casework_party p JOIN casework_case c ON c.id = p.case_id "
            f"JOIN casework_account a ON a.person_id = p.person_id "
            f"WHERE c.number = ? AND p.role IN ({marks}) AND p.until IS NULL GROUP BY p.id ORDER BY p.role",
            number, *roles,
        )  # fmt: skip
        return [login for (login,) in found]


def passwords_in(told: str) -> dict[str, str]:
    """The logins that `load_demo` lists at its end, with their passwords."""
    listed = told[told.index("Logins and passwords") : told.index("Done in")]
    return dict(re.findall(r"(\w+) ((?:\w{4}-){2}\w{4})", listed))


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
