"""SQLite: the product's step against a hand-written sqlite3 loop that writes rows of the same shape.

    .venv/bin/python bench/sqlite_speed.py [--secs 4] [--rounds 3] [--json FILE]

The product plays whole disputes as p_gongduan.py does, on a file with its own settings (WAL, synchronous FULL, BEGIN
IMMEDIATE). Every statement that writes is taken down while some disputes are played; the loop then runs the same
statements with the same values on a copy of the file without triggers, a transaction for a transaction, keys made new.
So it writes the same rows in the same order and decides nothing. Both are counted in writing transactions a second."""

import argparse
import json
import os
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = tempfile.mkdtemp(prefix="gongduan-sqlite-")
FILE = os.path.join(FOLDER, "product.sqlite3")
os.environ.setdefault("BENCH_DATABASE", f"sqlite:///{FILE}")
sys.path[:0] = [HERE, os.path.join(HERE, "harness")]

import p_gongduan as product  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from scenario import NT, owner  # noqa: E402

WRITES = ("INSERT", "UPDATE")
PLAYED = 12  # disputes taken down
TRANSITIONS = 9  # of a dispute: file, five steps and three between


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--secs", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json")
    arguments = parser.parse_args()
    try:
        prepare(NT * (2 + int(arguments.secs * arguments.rounds * 1.5)))
        play(range(3))
        taken = taken_down(range(10, 10 + PLAYED))
        rounds = [measured(arguments.secs, taken, number) for number in range(arguments.rounds)]
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
    ours, loop, ratio = (statistics.median(column) for column in zip(*rounds, strict=True))
    found = {"kind": "sqlite", "transactions_per_s": round(ours), "loop_per_s": round(loop), "ratio": round(ratio, 2)}
    print(json.dumps(found))
    if arguments.json:
        with open(arguments.json, "a") as out:
            out.write(json.dumps(found) + "\n")


def prepare(evaluations: int) -> None:
    """The hundred people, and as many evaluations as may be disputed, all by the product's own doors."""
    call_command("migrate", verbosity=0)
    product.world.import_people()
    product.make_tokens()
    for index in range(evaluations):
        number = product.world.evaluation(index, product.people(index % NT))
        product.ready.setdefault(index % NT, []).append(number)


def play(indices: Any) -> None:
    for index in indices:
        case = product.create(index)
        for step in range(5):
            product.step(case, step, owner(index, step))
            product.follow(case, step)


def measured(secs: float, taken: list[Any], number: int) -> tuple[float, float, float]:
    """(product, loop, ratio) of one round, in transactions a second."""
    played, started = 0, time.perf_counter()
    while time.perf_counter() - started < secs and product.ready[played % NT]:
        play([number * 100_000 + played])
        played += 1
    ours = played * TRANSITIONS / (time.perf_counter() - started)
    loop = looped(secs, taken)
    return ours, loop, ours / loop


def taken_down(indices: Any) -> list[list[tuple[str, Any, bool]]]:
    """Transactions as lists of (statement, parameters, whether for many rows)."""
    transactions: list[list[tuple[str, Any, bool]]] = []

    def listen(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        if sql.startswith("BEGIN"):
            transactions.append([])
        elif sql.lstrip().upper().startswith(WRITES) and transactions:
            taken, given = sql.replace("%s", "?"), parameters
            if sql.startswith("UPDATE casework_family"):  # whose version will have moved on
                taken, given = taken.partition(" AND ")[0], parameters[:1]
            transactions[-1].append((taken, given, many))
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(listen):
        play(indices)
    return [transaction for transaction in transactions if transaction]


def looped(secs: float, taken: list[list[tuple[str, Any, bool]]]) -> float:
    """The loop's transactions a second, on a copy of the database without its triggers and checks."""
    path = os.path.join(FOLDER, "loop.sqlite3")
    copied = sqlite3.connect(FILE)
    copied.execute("vacuum into ?", [path])
    copied.close()
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("pragma journal_mode=wal")
    database.execute("pragma synchronous=full")
    for (name,) in database.execute("select name from sqlite_master where type = 'trigger'").fetchall():
        database.execute(f'drop trigger "{name}"')
    made = {
        row[key_place(sql)] for transaction in taken for sql, given, many in transaction if sql.startswith("INSERT")
        for row in (given if many else [given])
    }  # fmt: skip
    done, shift, started = 0, 0, time.perf_counter()
    while time.perf_counter() - started < secs:
        shift += 1
        for transaction in taken:
            database.execute("begin immediate")
            for sql, parameters, many in transaction:
                rows = [fresh(row, shift, made) for row in (parameters if many else [parameters])]
                found = database.executemany(sql, rows).rowcount
                assert found == len(rows) or not sql.endswith('"id" = ?'), f"{found} rows of {len(rows)}: {sql}"
            database.execute("commit")
            done += 1
    rate = done / (time.perf_counter() - started)
    database.close()
    for suffix in ("", "-wal", "-shm"):
        if os.path.exists(path + suffix):
            os.remove(path + suffix)
    return rate


def fresh(row: Any, shift: int, made: set[Any]) -> list[Any]:
    """The row with keys of its own where it was new, so that it may be written again."""
    return [value + shift * 2**40 if type(value) is int and value in made else own(value, shift) for value in row]


def key_place(sql: str) -> int:
    """Where an insert's values have the key; rows that share another's key begin with it."""
    columns = sql.partition("(")[2].partition(")")[0].replace('"', "").split(", ")
    return columns.index("id") if "id" in columns else 0


def own(value: Any, shift: int) -> Any:
    if isinstance(value, str) and 10 < len(value) < 60 and value[4:5] != "-" and value[0] not in "{[":
        return f"{value}{shift}"
    return value


if __name__ == "__main__":
    main()
