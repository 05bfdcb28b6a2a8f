"""What a request costs before it does anything, and what the whole inbox page costs over HTTP (in process, no socket).

    .venv/bin/python bench/request_cost.py [--requests 200] [--json FILE]

Needs the peer's database (bench.py flow or prof makes it)."""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "harness")]

import p_gongduan as product  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from casework.models import Account  # noqa: E402

USER, PATH = 41, "/api/v1/inbox"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--json")
    arguments = parser.parse_args()
    product.connect()
    token, session = Client(), Client()
    session.force_login(Account.objects.get(username=f"u{USER}"), backend="django.contrib.auth.backends.ModelBackend")
    headers = {"Authorization": f"Bearer token-{USER}"}
    doors: dict[str, Callable[[], Any]] = {
        "token": lambda: token.get(PATH, headers=headers, HTTP_HOST="127.0.0.1"),
        "session": lambda: session.get(PATH, HTTP_HOST="127.0.0.1"),
    }
    found: dict[str, Any] = {
        "kind": "request",
        "person_read_ms": typical(lambda: product.actor(USER), arguments.requests),
    }
    for name, call in doors.items():
        assert call().status_code == call().status_code == 200
        with CaptureQueriesContext(connection) as captured:
            call()
        found[f"{name}_statements"] = len(captured.captured_queries)
        found[f"{name}_inbox_ms"] = typical(call, arguments.requests)
    print(json.dumps(found))
    if arguments.json:
        with open(arguments.json, "a") as out:
            out.write(json.dumps(found) + "\n")


def typical(call: Callable[[], Any], times: int) -> float:
    """The median in milliseconds."""
    spent = []
    for _ in range(times):
        started = time.perf_counter()
        call()
        spent.append(time.perf_counter() - started)
    return round(statistics.median(spent) * 1000, 2)


if __name__ == "__main__":
    main()
