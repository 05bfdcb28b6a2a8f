"""What the ledger costs: an append with chain, place and guards beside a plain insert; how soon an entry is signed; how
long all of it takes to verify, and a proof in a large log beside one in a small. One PostgreSQL, one run.

    bench/harness/pg.sh start
    .venv/bin/python bench/ledger.py [--entries 1000000] [--writers 8] [--seconds 20] [--json FILE]

Makes its database anew. The entries are the size of a step's; they belong to no case."""

import argparse
import json
import multiprocessing
import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import psycopg

ROOT = Path(__file__).resolve().parent.parent
HOME = Path(mkdtemp(prefix="gongduan-bench-"))
PORT = os.environ.get("BENCH_PGPORT", "54329")
SERVER = f"postgres://postgres@127.0.0.1:{PORT}"
NAME = "bench_ledger"
SMALL = 10_000
EACH = 100  # entries a stream
PROOFS = 300
REASON = {
    "reasons": "坐席在通话第三分钟语速明显加快，客户两次要求重复，录音可证。" * 3,
    "criterion": "QC4",
    "claimed": "10.00",
}

os.environ |= {
    "GONGDUAN_HOME": str(HOME), "GONGDUAN_DATABASE_URL": f"{SERVER}/{NAME}",
    "DJANGO_SETTINGS_MODULE": "casework.config.settings",
}  # fmt: skip
sys.path.insert(0, str(ROOT))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json")
    asked = parser.parse_args()
    make_database()
    small = small_log()
    found: dict[str, Any] = {"kind": "ledger", "entries": asked.entries, "writers": asked.writers}
    found |= appended(asked.writers, asked.seconds, asked.rounds)
    found |= signed_in_time(asked.writers, asked.seconds)
    found |= verified(asked.entries, small)
    print(json.dumps(found, indent=1))
    if asked.json:
        with open(asked.json, "a") as out:
            out.write(json.dumps(found) + "\n")


def make_database() -> None:
    import django
    from django.core.management import call_command

    with psycopg.connect(f"{SERVER}/postgres", autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {NAME}")
    django.setup()
    call_command("migrate", verbosity=0)
    with psycopg.connect(f"{SERVER}/{NAME}", autocommit=True) as database:
        database.execute("CREATE TABLE plain (LIKE casework_caseevent INCLUDING ALL)")  # its indexes, no trigger


def entries(stream: str, count: int) -> Any:
    """The next rows of a stream of its own."""
    from casework.domain import ledger

    previous = ledger.START
    for seq in range(1, count + 1):
        event, _texts = ledger.build(
            stream=stream, seq=seq, previous=previous, head={"actor": "Q201", "door": "api"}, data=REASON, case=None,
            action="bench", actor_id=None,
        )  # fmt: skip
        previous = event.digest
        yield event


def appended(writers: int, seconds: float, rounds: int) -> dict[str, Any]:
    """Entries a second of so many writers, each in a stream of its own and with a commit each; medians of turns."""
    turns: dict[str, list[float]] = {"plain": [], "append": []}
    for turn in range(rounds):
        for name, write in (("plain", write_plain), ("append", write_append)):
            turns[name].append(at_once(writers, write, seconds / 2, f"{name}{turn}"))
    ratios = [append / plain for append, plain in zip(turns["append"], turns["plain"], strict=True)]
    return {
        "plain_per_s": round(statistics.median(turns["plain"])),
        "append_per_s": round(statistics.median(turns["append"])),
        "append_to_plain": round(statistics.median(ratios), 2),
    }  # fmt: skip


def at_once(writers: int, write: Callable[..., int], seconds: float, name: str) -> float:
    from django.db import connections

    connections.close_all()
    with multiprocessing.get_context("fork").Pool(writers) as pool:
        begun = time.time() + 0.5
        done = pool.starmap(write, [(f"test:{name}-{n}", begun, seconds) for n in range(writers)])
    return sum(done) / seconds


def write_plain(stream: str, begun: float, seconds: float) -> int:
    """The same rows, built the same way, by one insert each, into a table that nothing guards."""
    from django.db import connection

    from casework.models import CaseEvent

    names = [str(field.column) for field in CaseEvent._meta.concrete_fields]
    sql = f"INSERT INTO plain ({', '.join(names)}) VALUES ({', '.join(['%s'] * len(names))})"
    done = 0
    time.sleep(max(0.0, begun - time.time()))
    for event in entries(stream, 10**9):
        if time.time() > begun + seconds:
            return done
        with connection.cursor() as cursor:
            cursor.execute(sql, [getattr(event, field.attname) for field in CaseEvent._meta.concrete_fields])
        done += 1
    return done


def write_append(stream: str, begun: float, seconds: float) -> int:
    """As a step writes it: its guard, the entry and the head of the chain in one statement; the database's own triggers
    see to the chain and put the entry in line for the log."""
    from casework.domain.recorder import Recorder
    from casework.keys import new_key
    from casework.models import Family, StreamHead

    done, family = 0, Family.objects.create(pk=new_key())
    StreamHead.objects.create(stream=stream)
    time.sleep(max(0.0, begun - time.time()))
    for event in entries(stream, 10**9):
        if time.time() > begun + seconds:
            return done
        recorder = Recorder(guard=(family, "version"))
        recorder.insert(event)
        recorder.set(StreamHead, "stream", [stream], {"seq": event.seq, "head": event.digest})
        recorder.send()
        family.version += 1
        done += 1
    return done


def signed_in_time(writers: int, seconds: float) -> dict[str, Any]:
    """Seconds from an entry's commit to the checkpoint over it, while so many write a hundred a second together and one
    worker runs as in production."""
    from casework.domain.sealing import seal_ledger

    seal_ledger()
    worker = subprocess.Popen([sys.executable, "manage.py", "work"], cwd=ROOT, stdout=subprocess.PIPE)
    assert worker.stdout is not None and worker.stdout.readline()  # it says that it works
    at_once(writers, write_slowly, seconds, "slow")
    time.sleep(5)
    worker.send_signal(signal.SIGTERM)
    worker.wait()
    with psycopg.connect(f"{SERVER}/{NAME}") as database:
        lags = [float(row[0]) for row in database.execute(
            "SELECT extract(epoch FROM (SELECT min(at) FROM casework_checkpoint WHERE size > l.index) - e.at) "
            "FROM casework_logleaf l JOIN casework_caseevent e ON e.id = l.event_id WHERE e.stream LIKE 'test:slow%'"
        )]  # fmt: skip
    found = statistics.quantiles(lags, n=100)
    return {"watched": len(lags), "lag_p50_s": round(found[49], 2), "lag_p99_s": round(found[98], 2)}


def write_slowly(stream: str, begun: float, seconds: float) -> int:
    from casework.domain import ledger

    done = 0
    while time.time() < begun + seconds:
        ledger.note(stream, "bench", REASON)
        done += 1
        time.sleep(random.expovariate(12))
    return done


def small_log() -> Any:
    """The checkpoint over SMALL entries, of which the log has no more yet."""
    from casework.domain.checkpoints import publish
    from casework.domain.log_tree import size_of_log
    from casework.domain.sequencing import sequence
    from casework.models import Checkpoint

    fill(SMALL - size_of_log(), "small")
    sequence()
    publish()
    return Checkpoint.objects.latest("size")


def verified(count: int, small: Any) -> dict[str, Any]:
    """Seconds to verify everything, and milliseconds of a proof at two sizes of the same log."""
    from casework.domain.checkpoints import publish
    from casework.domain.log_proofs import proof_at
    from casework.domain.log_tree import size_of_log, stored_nodes
    from casework.domain.sequencing import sequence
    from casework.domain.verification import verify_ledger
    from casework.models import Checkpoint

    sequence()
    begun = time.perf_counter()
    fill(count - size_of_log(), "large")
    filled = time.perf_counter()
    sequenced = sequence()
    placed = time.perf_counter()
    publish()
    large = Checkpoint.objects.latest("size")
    dice = random.Random(1)
    spent: dict[str, list[float]] = {"small": [], "large": []}
    for _ in range(PROOFS):
        for name, checkpoint in (("small", small), ("large", large)):
            index, before = dice.randrange(checkpoint.size), time.perf_counter()
            proof_at(index, checkpoint, stored_nodes())
            spent[name].append((time.perf_counter() - before) * 1000)
    before = time.perf_counter()
    verdict = verify_ledger()
    took = time.perf_counter() - before
    assert verdict.ok, verdict.problems
    proofs = {name: statistics.median(times) for name, times in spent.items()}
    return {
        "size": large.size, "small_size": small.size, "fill_s": round(filled - begun, 1),
        "sequence_per_s": round(sequenced / (placed - filled)), "verify_s": round(took, 1),
        "proof_small_ms": round(proofs["small"], 2), "proof_large_ms": round(proofs["large"], 2),
        "proof_ratio": round(proofs["large"] / proofs["small"], 2),
    }  # fmt: skip


def fill(count: int, name: str) -> None:
    """So many entries in streams of EACH, by COPY: the database's triggers see every one."""
    from casework.models import CaseEvent

    names = [str(field.column) for field in CaseEvent._meta.concrete_fields]
    heads = []
    with psycopg.connect(f"{SERVER}/{NAME}") as database, database.cursor() as cursor:
        with cursor.copy(f"COPY casework_caseevent ({', '.join(names)}) FROM STDIN") as copy:
            for number in range(max(0, count + EACH - 1) // EACH):
                stream, event = f"test:{name}-{number}", None
                for event in entries(stream, EACH):
                    copy.write_row([getattr(event, field.attname) for field in CaseEvent._meta.concrete_fields])
                heads.append((stream, EACH, event.digest if event else ""))
        cursor.executemany("INSERT INTO casework_streamhead (stream, seq, head) VALUES (%s, %s, %s)", heads)


if __name__ == "__main__":
    main()
