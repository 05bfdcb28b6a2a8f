"""What the pages cost over HTTP: a real server process, a browser's cookies, one request after the other.

    .venv/bin/python bench/web.py [--open 100000] [--requests 200] [--json FILE]

Needs the peer's database, freshly made (harness/bench.py setup p_gongduan): it fills it with that many open cases."""

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "harness")]

import p_gongduan as product  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from casework.models import Account, CaseEvent, Task  # noqa: E402

PORT = 8765
READERS = {"agent": "u81", "leader": "u21", "see-all": "d1"}
UNIT = "T0"
VIEWS = ("mine", "claimable", "team", "overdue")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--open", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--json")
    arguments = parser.parse_args()
    if Task.objects.filter(finished=None).count() < arguments.open:
        product.load(1, arguments.open)
    open_tasks = Task.objects.filter(finished=None).count()
    call_command("collectstatic", interactive=False, verbosity=0)
    with served() as site:
        for reader, login in READERS.items():
            cookies = cookies_of(login)
            for page, path in pages().items():
                figures = timed(site, path, cookies, arguments.requests)
                tell({"kind": "web", "reader": reader, "page": page, "open": open_tasks, **figures}, arguments.json)


def pages() -> dict[str, str]:
    """{page: path}: the inbox's views, and a dispute of the readers' unit that came in by the product's own doors."""
    played = CaseEvent.objects.filter(action="file", case__type="disputes.ScoreDispute", case__unit__code=UNIT)
    number = played.exclude(entry="{}").order_by("pk").values_list("case__number", flat=True)[0]
    return {**{f"inbox {view}": f"/inbox?view={view}" for view in VIEWS}, "case": f"/cases/{number}"}


def cookies_of(login: str) -> str:
    client = Client()
    client.force_login(Account.objects.get(username=login), backend="django.contrib.auth.backends.ModelBackend")
    return "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())


@contextmanager
def served() -> Iterator[http.client.HTTPConnection]:
    """The site as it is served in production, by one process."""
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{PORT}", "--workers", "1", "--threads", "4",
         "--keep-alive", "60", "--log-level", "warning", "casework.config.wsgi"],
        cwd=os.path.dirname(HERE),
    )  # fmt: skip
    try:
        site = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
        for _ in range(100):
            try:
                site.request("GET", "/healthz")
                site.getresponse().read()
                break
            except OSError:
                site.close()
                time.sleep(0.2)
        yield site
    finally:
        server.terminate()
        server.wait()


def timed(site: http.client.HTTPConnection, path: str, cookies: str, requests: int) -> dict[str, Any]:
    """The whole response, first byte to last, in milliseconds; the first few, which fill caches, are not counted."""
    spent, size = [], 0
    for number in range(requests + 5):
        started = time.perf_counter()
        site.request("GET", path, headers={"Cookie": cookies, "Accept-Language": "zh-Hans"})
        response = site.getresponse()
        size = len(response.read())
        if response.status != 200:
            raise RuntimeError(f"Expected 200 from {path}, but it is {response.status}")
        if number >= 5:
            spent.append((time.perf_counter() - started) * 1000)
    cuts = statistics.quantiles(spent, n=20)
    return {"p50_ms": round(statistics.median(spent), 1), "p95_ms": round(cuts[18], 1), "bytes": size}


def tell(row: dict[str, Any], file: str | None) -> None:
    print(json.dumps(row), flush=True)
    if file:
        with open(file, "a") as out:
            out.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
    connection.close()
