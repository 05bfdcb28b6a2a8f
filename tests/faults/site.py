"""The product's own processes, over the database of the test, to be killed and started again."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection

PATIENCE = 180.0
LEASE = "8"


class Site:
    """A web server and two workers. Each runs in a process group of its own and is killed with all its children."""

    def __init__(self) -> None:
        self.port = _free_port()
        self.kills = 0
        manage = [sys.executable, "manage.py"]
        web = [sys.executable, "-m", "gunicorn", "-b", f"127.0.0.1:{self.port}", "--threads", "4"]
        self.commands = {
            "web": [*web, "--log-level", "critical", "casework.config.wsgi"],
            "worker": [*manage, "work"],
            "sweeper": [*manage, "work"],
        }
        self.running = {name: self._start(name) for name in self.commands}

    def kill(self, dice: random.Random) -> str:
        """One of them dies without a word and is started again, as a supervisor would."""
        name = dice.choice(sorted(self.commands))
        self._end(name)
        self.running[name] = self._start(name)
        self.kills += 1
        return name

    def close(self) -> None:
        for name in self.commands:
            self._end(name)

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.commands[name], cwd=settings.BASE_DIR, env=_environment(), start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def _end(self, name: str) -> None:
        os.killpg(self.running[name].pid, signal.SIGKILL)
        self.running[name].wait()

    def ask(self, token: str, method: str, path: str, body: Any = None, key: str = "") -> tuple[int, Any]:
        """Status and answer. Who gets none, or one that says that the server is not well, asks again with the same
        key, until PATIENCE ends."""
        head = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        head |= {"Idempotency-Key": key} if key else {}
        address = f"http://127.0.0.1:{self.port}/api/v1{path}"
        data = json.dumps(body).encode() if body is not None else None
        end = time.monotonic() + PATIENCE
        while True:
            try:
                request = urllib.request.Request(address, data, head, method=method)
                with urllib.request.urlopen(request, timeout=20) as answer:
                    return answer.status, json.load(answer)
            except urllib.error.HTTPError as refusal:
                with refusal:
                    if refusal.code < 500:
                        return refusal.code, json.load(refusal)
            except (OSError, ValueError):
                pass
            assert time.monotonic() < end, f"no answer to {method} {path} in {PATIENCE:.0f} s"
            time.sleep(0.2)


def until(found: Callable[[], Any]) -> Any:
    """What `found` finds, as soon as it finds something."""
    end = time.monotonic() + PATIENCE
    while not (what := found()):
        assert time.monotonic() < end, f"nothing found in {PATIENCE:.0f} s"
        time.sleep(0.25)
    return what


def _environment() -> dict[str, str]:
    here = {
        "DJANGO_SETTINGS_MODULE": "casework.config.settings", "GONGDUAN_HOME": str(settings.HOME),
        "GONGDUAN_SECRET_KEY": settings.SECRET_KEY, "GONGDUAN_DATABASE_URL": _database(),
        "GONGDUAN_DELIVERY_LEASE": LEASE, "GONGDUAN_LOG_FOLDER": str(settings.LOG_FOLDER),
    }  # fmt: skip
    return {**os.environ, **here}


def _database() -> str:
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlunsplit(urlsplit(os.environ["GONGDUAN_DATABASE_URL"])._replace(path=f"/{name}"))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
