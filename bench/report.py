"""results.jsonl as the tables of docs/performance.md.

    .venv/bin/python bench/report.py [results.jsonl]

Ratios are taken round by round, since all peers of a round ran within the same minutes, and their median is shown."""

import json
import os
import platform
import statistics
import subprocess
import sys
from collections import defaultdict
from importlib.metadata import version
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
OURS = "p_gongduan"
TARGETS = {"p_viewflow": 6.0, "p_spiff": 1.5}  # how many times faster a step is to be; the stretch is 9 and 2.4
Rows = list[dict[str, Any]]


def main() -> None:
    file = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "run", "results.jsonl")
    with open(file) as lines:
        found: dict[str, Rows] = defaultdict(list)
        for line in lines:
            row = json.loads(line)
            found[row["kind"]].append(row)
    print(machine())
    for workers in sorted({row["workers"] for row in found["flow"]}):
        print(steps([row for row in found["flow"] if row["workers"] == workers], found["check"], workers))
    print(actions([row for row in found["flow"] if row["peer"] == OURS]))
    print(statements(found["prof"]))
    print(queue(found["queue"], found["sweep"]))
    print(pages(found["web"]))
    for kind in ("clocks", "request", "papers", "sqlite", "sqlite_writers"):
        for row in found[kind][-1:]:
            print(f"\n### {kind}\n")
            print(
                table(("figure", "value"), [[name, value] for name, value in row.items() if name not in ("kind", "at")])
            )


def pages(rows: Rows) -> str:
    """Milliseconds over HTTP, p50 / p95, by page and by who reads it."""
    readers = list(dict.fromkeys(row["reader"] for row in rows))
    cells = {(row["page"], row["reader"]): f"{row['p50_ms']} / {row['p95_ms']}" for row in rows}
    names = dict.fromkeys(row["page"] for row in rows)
    listed = [[page, *(cells.get((page, reader), "") for reader in readers)] for page in names]
    open_tasks = rows[-1]["open"] if rows else 0
    return f"\n### pages, {open_tasks:,} open tasks\n\n" + table(("page", *readers), listed)


def machine() -> str:
    with open("/proc/cpuinfo") as lines:
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
    with open("/proc/meminfo") as lines:
        memory = round(int(lines.readline().split()[1]) / 2**20)
    server = subprocess.run(["psql", "--version"], capture_output=True, text=True).stdout.strip()
    packages = ", ".join(f"{name} {version(name)}" for name in ("Django", "psycopg", "django-viewflow", "django-fsm-2"))
    peers = os.path.join(HERE, "run", "venv", "bin", "pip")
    listed = subprocess.run([peers, "list", "--format=freeze"], capture_output=True, text=True).stdout.split()
    theirs = ", ".join(name for name in listed if name.lower().startswith(("spiff", "django-viewflow", "django-fsm")))
    return (
        f"Machine: {os.cpu_count()} x {model}, {memory} GiB, {platform.system()} {platform.release()}; "
        f"Python {platform.python_version()}, {server}; {packages}. Peers: {theirs}."
    )


def steps(rows: Rows, checks: Rows, workers: int) -> str:
    """How long a step takes, and how many times as long as the product's that is."""
    sound = {row["peer"]: row["ok"] for row in checks}
    lines = []
    for peer in dict.fromkeys(row["peer"] for row in rows):
        mine = [row for row in rows if row["peer"] == peer]
        target = f"{TARGETS[peer]:g}" if peer in TARGETS else ""
        lines.append([
            peer, typical(mine, "step_p50", 2), typical(mine, "step_mean", 2),
            ratio(rows, peer, "step_p50"), ratio(rows, peer, "step_mean"), target,
            typical(mine, "rate", 1), typical(mine, "create_p50", 2), typical(mine, "queue_p50", 2),
            f"{typical(mine, 'client_cpu_ms_per_case', 1)} + {typical(mine, 'pg_cpu_ms_per_case', 1)}",
            f"{min(row['foreign_cores'] for row in mine):.2f}–{max(row['foreign_cores'] for row in mine):.2f}",
            "yes" if sound.get(peer) else "NO",
        ])  # fmt: skip
    heads = (
        "peer", "step p50 ms", "step mean ms", "x Gongduan p50", "x Gongduan mean", "wanted", "cases/s",
        "create p50 ms", "queue p50 ms", "CPU ms/case (client + PostgreSQL)", "foreign cores", "all rows there",
    )  # fmt: skip
    return f"\n### {workers} worker{'s' if workers > 1 else ''}\n\n{table(heads, lines)}"


def ratio(rows: Rows, peer: str, figure: str) -> str:
    """The peer's figure over the product's, by round: median (least–most)."""
    ours = {row["run"]: row[figure] for row in rows if row["peer"] == OURS}
    found = sorted(row[figure] / ours[row["run"]] for row in rows if row["peer"] == peer and row["run"] in ours)
    return f"{statistics.median(found):.2f} ({found[0]:.2f}–{found[-1]:.2f})" if found else "–"


def actions(rows: Rows) -> str:
    lines = []
    for name in rows[0]["spent"] if rows else ():
        by_workers = defaultdict(list)
        for row in rows:
            by_workers[row["workers"]].append(row["spent"][name])
        lines.append([name, *(f"{statistics.median(by_workers[workers]):.2f}" for workers in sorted(by_workers))])
    workers = [f"{count} worker(s), p50 ms" for count in sorted({row["workers"] for row in rows})]
    return f"\n### The product's actions\n\n{table(('action', *workers), lines)}"


def statements(rows: Rows) -> str:
    lines = [
        [row["peer"], row["op"], *(f"{row[name]:g}" for name in ("stmts", "txn_cmds", "rows_written", "wal_bytes"))]
        for row in {(row["peer"], row["op"]): row for row in rows}.values()
    ]
    heads = ("peer", "operation", "statements", "BEGIN, COMMIT …", "rows written", "WAL bytes")
    return f"\n### Statements, by pg_stat_statements\n\n{table(heads, lines)}"


def queue(rows: Rows, sweeps: Rows) -> str:
    pages = [row for row in rows if row["what"] == "page"]
    lines = [[f"{row['open']:,}", row["p50"], row["p95"]] for row in pages]
    text = f"\n### The queue page\n\n{table(('open tasks', 'p50 ms', 'p95 ms'), lines)}"
    if len(pages) > 1:
        text += f"\n\nThe page at {pages[-1]['open']:,} takes {pages[-1]['p50'] / pages[0]['p50']:.2f} x that at "
        text += f"{pages[0]['open']:,} (wanted: at most 2)."
    for row in sweeps:
        text += f"\nA sweep at {row['open']:,} open: {row['idle_ms']} ms with nothing due, {row['due100_ms']} ms for "
        text += f"100 due clocks (fired: {row['fired']})."
    return text


def typical(rows: Rows, figure: str, digits: int) -> str:
    return f"{statistics.median(row[figure] for row in rows):.{digits}f}"


def table(heads: tuple[str, ...], lines: list[list[Any]]) -> str:
    rows = ["| " + " | ".join(map(str, line)) + " |" for line in (heads, ["---"] * len(heads), *lines)]
    return "\n".join(rows)


if __name__ == "__main__":
    main()
