"""SQLite: eight processes write cases on one file at once; nobody may hear "database is locked".

    .venv/bin/python bench/sqlite_writers.py [--writers 8] [--secs 60] [--json FILE]

Every writer plays whole disputes by open_case() and perform(), as p_gongduan.py does, as fast as it can. Printed: steps
a second of all together, the slowest step, how often a step met a lock that it did not get in time, and whether the
ledger's chains still hold."""

import argparse
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "harness")]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--secs", type=float, default=60)
    parser.add_argument("--json")
    arguments = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="gongduan-writers-")
    os.environ["BENCH_DATABASE"], os.environ["BENCH_HOME"] = f"sqlite:///{folder}/gongduan.sqlite3", folder
    try:
        found = run(arguments.writers, arguments.secs)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(found))
    if arguments.json:
        with open(arguments.json, "a") as out:
            out.write(json.dumps(found) + "\n")
    sys.exit(bool(found["locked"] or found["failed"] or not found["chains_hold"]))


def run(writers: int, secs: float) -> dict[str, Any]:
    fresh = multiprocessing.get_context("spawn")
    with fresh.Pool(1) as pool:
        pool.apply(prepare)
    with fresh.Pool(writers) as pool:
        parts = pool.starmap(write, [(number, secs) for number in range(writers)], chunksize=1)
    with fresh.Pool(1) as pool:
        holds = pool.apply(chains_hold)
    times = sorted(second for part in parts for second in part["times"])
    return {
        "kind": "sqlite_writers", "writers": writers, "secs": secs, "steps": len(times),
        "steps_per_s": round(len(times) / secs, 1), "p50_ms": round(times[len(times) // 2] * 1000, 1),
        "p99_ms": round(times[len(times) * 99 // 100] * 1000, 1), "slowest_ms": round(times[-1] * 1000),
        "locked": sum(part["locked"] for part in parts), "failed": sum((part["failed"] for part in parts), []),
        "chains_hold": holds,
    }  # fmt: skip


def prepare() -> None:
    """People and tokens; the writers score what they dispute."""
    from sqlite_speed import prepare as made

    made(0)


def write(number: int, secs: float) -> dict[str, Any]:
    """One case after another until time is up; what each step took, and what was refused by a lock."""
    import p_gongduan as product
    from django.db import OperationalError

    locked, failed, times, index = 0, [], [], 1_000_000 * (number + 1)
    started = time.perf_counter()
    while time.perf_counter() - started < secs:
        for step in steps(product, index):
            begun = time.perf_counter()
            if begun - started >= secs:
                break
            try:
                step()
            except OperationalError as error:
                locked += "locked" in str(error)
                failed.append(str(error)[:200])
                break
            times.append(time.perf_counter() - begun)
        index += 1
    return {"times": times, "locked": locked, "failed": failed}


def steps(product: Any, index: int) -> Any:
    """The steps of one dispute, from the score to the acceptance, each a call."""
    from scenario import NT, owner

    made: dict[str, Any] = {}
    yield lambda: made.update(card=product.world.evaluation(index, product.people(index % NT)))
    yield lambda: made.update(case=product.filed(index, made["card"]))
    for number in range(5):
        yield lambda number=number: product.step(made["case"], number, owner(index, number))
        yield lambda number=number: product.follow(made["case"], number)


def chains_hold() -> bool:
    """Whether the whole ledger verifies, by the product's own command."""
    import p_gongduan  # noqa: F401  (sets the product up)
    from django.core.management import call_command

    try:
        call_command("verify_ledger", verbosity=0)
    except SystemExit as ended:
        return not ended.code
    return True


if __name__ == "__main__":
    main()
