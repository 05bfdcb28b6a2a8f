#!/bin/bash
# One command for the whole table of docs/performance.md: bench/run.sh product (about 16 minutes), bench/run.sh quick (a smoke run)
#
#   PEERS, SIZES, RUNS, SECS, WRITER_SECS, BENCH_PGPORT choose otherwise. Everything made stays in bench/run (not in git):
#   the peers' environment, a private PostgreSQL on loopback, results.jsonl, table.md.
set -euo pipefail
cd "$(dirname "$0")"
what=${1:-product}
peers=${PEERS:-p_limit:seq p_viewflow p_fsm p_spiff p_gongduan}
ours=../.venv/bin/python
if [ "$what" = quick ]; then
    runs=1 secs=2 sizes=1000,10000 writer_secs=5
else
    runs=3 secs=4 sizes=10000,1000000 writer_secs=60
fi
runs=${RUNS:-$runs} secs=${SECS:-$secs} sizes=${SIZES:-$sizes} writer_secs=${WRITER_SECS:-$writer_secs}

[ -x "$ours" ] || { echo "Expected the project's environment in .venv; run make lint once." >&2; exit 1; }
"$ours" -c 'import psycopg' || { echo "Expected psycopg in .venv; run make lint once, it installs the dev lock." >&2; exit 1; }
mkdir -p run
if [ ! -x run/venv/bin/python ]; then
    python3 -m venv run/venv
    run/venv/bin/pip install -q -r requirements.txt
fi
harness/pg.sh stop >/dev/null 2>&1 || true
harness/pg.sh start
trap 'harness/pg.sh stop >/dev/null 2>&1' EXIT

export BENCH_OUT=$PWD/run/results.jsonl
rm -f "$BENCH_OUT"
bench() { (cd harness && ../run/venv/bin/python bench.py "$@"); }
started=$SECONDS
bench prof p_viewflow p_spiff p_gongduan
bench flow $peers --runs "$runs" --secs "$secs"
"$ours" sqlite_speed.py --secs "$secs" --rounds "$runs" --json "$BENCH_OUT"
"$ours" sqlite_writers.py --secs "$writer_secs" --json "$BENCH_OUT" || echo "the writers failed; see the table"
"$ours" request_cost.py --json "$BENCH_OUT"
"$ours" papers_speed.py --json "$BENCH_OUT"
bench setup p_gongduan
"$ours" web.py --json "$BENCH_OUT"
bench queue p_gongduan --sizes "$sizes" --runs 3
"$ours" clocks.py --open "${sizes%%,*}" --pending "${sizes##*,}" --json "$BENCH_OUT"
"$ours" report.py "$BENCH_OUT" | tee run/table.md
echo "took $((SECONDS - started)) s; the table stands in bench/run/table.md too"
