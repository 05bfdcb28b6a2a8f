"""What time costs: the arithmetic of deadlines, a sweep with nothing due, and clocks fired through the whole
application beside Viewflow's own timers, on one PostgreSQL in one run.

    .venv/bin/python bench/clocks.py [--open 100000] [--pending 1000000] [--due 400] [--rounds 3] [--json FILE]

Makes both peers' databases anew on the bench's PostgreSQL (harness/pg.sh start)."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.path[:0] = [ROOT, HERE, os.path.join(HERE, "harness")]

import bench as harness  # noqa: E402
from casework.domain.calendar_files import parse_calendars, parse_days  # noqa: E402

OURS, PEER = "p_gongduan", "p_viewflow"
CALENDARS = Path(ROOT) / "policies" / "calendars"
# The harness starts the product in .venv by itself; the peers have an environment of their own.
harness.python = lambda peer: sys.executable if peer == OURS else os.path.join(HERE, "run", "venv", "bin", "python")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--open", type=int, default=100_000, help="open cases of either peer while clocks are fired")
    parser.add_argument("--pending", type=int, default=1_000_000, help="pending clocks while nothing is due")
    parser.add_argument("--due", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json")
    asked = parser.parse_args()
    found = {"kind": "clocks", "open": asked.open, "pending": asked.pending, "due": asked.due}
    found |= arithmetic() | fired(asked.open, asked.due, asked.rounds) | idle(asked.open, asked.pending)
    print(json.dumps(found, indent=1))
    if asked.json:
        with open(asked.json, "a") as out:
            out.write(json.dumps(found) + "\n")


def arithmetic() -> dict[str, Any]:
    """Microseconds of one sum over three years of office hours."""
    spec = parse_calendars((CALENDARS / "cn.yaml").read_text(encoding="utf-8"))["office"]
    office = spec.compile(parse_days((CALENDARS / "cn-days.csv").read_text(encoding="utf-8")))
    start = datetime(2024, 1, 2, 2, tzinfo=UTC)
    end = start + timedelta(days=3 * 365)
    long = office.elapsed(start, end)
    assert office.add(start, long) <= end and office.day_of(end) > date(2026, 12, 30)
    return {"add_us": microseconds(lambda: office.add(start, long)),
            "elapsed_us": microseconds(lambda: office.elapsed(start, end))}  # fmt: skip


def microseconds(call: Callable[[], Any], times: int = 20_000) -> float:
    rounds = []
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(times // 5):
            call()
        rounds.append((time.perf_counter() - began) / (times // 5) * 1e6)
    return round(statistics.median(rounds), 2)


def fired(size: int, due: int, rounds: int) -> dict[str, Any]:
    """Milliseconds a due clock, by one sweeper of either peer and by two of ours; medians of interleaved rounds."""
    harness.setup([PEER, OURS])
    for peer in (PEER, OURS):
        harness.child("c_load", peer, 1, size)
    spent: dict[str, list[float]] = {"viewflow_ms": [], "ours_ms": [], "ours_two_ms": []}
    for _ in range(rounds):
        with harness.Lock():
            spent["viewflow_ms"].append(drained(PEER, due, 1))
            spent["ours_ms"].append(drained(OURS, due, 1))
            spent["ours_two_ms"].append(drained(OURS, due, 2))
    told = {name: round(statistics.median(each), 3) for name, each in spent.items()}
    ratios = [theirs / ours for theirs, ours in zip(spent["viewflow_ms"], spent["ours_ms"], strict=True)]
    two = [one / both for one, both in zip(spent["ours_ms"], spent["ours_two_ms"], strict=True)]
    told["times_viewflow"] = round(statistics.median(ratios), 2)
    told["two_sweepers"] = round(statistics.median(two), 2)
    return told


def drained(peer: str, due: int, sweepers: int) -> float:
    """Milliseconds a clock until nothing is due any more."""
    harness.child("c_due", peer, due)
    command = [harness.python(peer), harness.__file__, "_child", "c_drain", json.dumps([peer])]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=harness._env(peer))
        for _ in range(sweepers)
    ]
    for each in running:
        assert each.stdout is not None and each.stdout.readline() == b"ready\n"
    start = b"%f\n" % (time.time() + 0.3)
    answers = []
    for each in running:
        assert each.stdin is not None
        each.stdin.write(start)
        each.stdin.flush()
    for each in running:
        answers.append(json.loads(each.communicate()[0].decode().strip().splitlines()[-1]))
    acted = sum(answer["fired"] for answer in answers)
    assert acted >= due, f"{peer} fired {acted} of {due}"
    return max(answer["el"] for answer in answers) / acted * 1000


def idle(size: int, pending: int) -> dict[str, Any]:
    """Milliseconds of our sweep when nothing is due."""
    if pending > size:
        harness.child("c_load", OURS, size + 1, pending - size)
    with harness.Lock():
        told = harness.child("c_idle", OURS, 1000)
    return {"idle_p50_ms": told["p50"], "idle_p99_ms": told["p99"]}


if __name__ == "__main__":
    main()
