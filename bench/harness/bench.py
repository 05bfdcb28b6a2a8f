"""Peer benchmark runner.  See README.md.
 bench.py setup PEER..            create + migrate + seed each peer's own database
 bench.py flow  PEER.. [--workers 1,4] [--runs 3] [--secs 8] [--base 1000]   throughput + latency, interleaved rounds
 bench.py queue PEER.. [--sizes 1000,10000,100000] [--runs 3]  queue-read latency vs open cases, then timer sweep (100 due)
 bench.py prof  PEER..            statements, rows, WAL, server ms and client CPU per operation
 PEER = module[:VARIANT], e.g. p_limit:cte.  Results appended as JSON lines to results.jsonl"""
import argparse, importlib, json, multiprocessing as mp, os, subprocess, sys, time, fcntl, statistics as st, datetime as dt, tempfile
HERE = os.path.dirname(os.path.abspath(__file__)); RUN = os.path.join(os.path.dirname(HERE), "run"); ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
from scenario import *
import psycopg
OUT = os.environ.get("BENCH_OUT", os.path.join(RUN, "results.jsonl"))
def python(peer): return os.path.join(ROOT, ".venv/bin/python") if peer.startswith("p_gongduan") else sys.executable    # the product runs in its own environment
def emit(**r):
    r["at"] = dt.datetime.now().isoformat(timespec="seconds")
    open(OUT, "a").write(json.dumps(r) + "\n"); print(json.dumps(r), flush=True)
def pct(v, p): v = sorted(v); return round(v[min(len(v) - 1, int(len(v) * p))] * 1000, 3) if v else None
def child(fn, *a):
    """run fn(*a) in a fresh interpreter (peers must not share a process)"""
    r = subprocess.run([python(a[0]), os.path.abspath(__file__), "_child", fn, json.dumps(a)], stdout=subprocess.PIPE, env=_env(a[0]))
    if r.returncode: raise SystemExit(f"{fn}{a}: child failed")
    return json.loads(r.stdout.decode().strip().splitlines()[-1])
def _env(peer):
    e = dict(os.environ); e["VARIANT"] = peer.partition(":")[2] or e.get("VARIANT", "")
    if not e["VARIANT"]: e.pop("VARIANT", None)
    return e
def mod(peer): return importlib.import_module(peer.partition(":")[0])
def dbname(peer): return child("c_dbname", peer)
def admin(db="postgres"): return psycopg.connect(dsn(db), autocommit=True)
class Lock:                                                            # machine-wide lock shared with other benchmarkers
    def __enter__(s):                                                   # take it, but give it back while somebody else loads the machine (a few tries)
        for k in range(4):
            s.f = open(os.path.join(tempfile.gettempdir(), "bench.lock"), "w"); fcntl.flock(s.f, fcntl.LOCK_EX)
            b = busy(); time.sleep(.4)
            if busy() - b < .12: break
            if k < 3: s.f.close(); time.sleep(.6)
    def __exit__(s, *a): s.f.close()
def busy():                                                             # all CPU seconds used on the machine so far
    v = [int(x) for x in open("/proc/stat").readline().split()[1:]]; return (sum(v) - v[1] - v[3] - v[4]) / os.sysconf("SC_CLK_TCK")    # without niced and idle
def pg_cpu():                                                           # CPU seconds of our PostgreSQL, living and reaped children
    root = int(open(os.path.join(RUN, "pgdata/postmaster.pid")).readline()); t = 0
    for d in os.listdir("/proc"):
        if d.isdigit():
            try: f = open(f"/proc/{d}/stat").read().rpartition(")")[2].split()
            except OSError: continue
            if int(d) == root: t += sum(map(int, f[11:15]))
            elif int(f[1]) == root: t += sum(map(int, f[11:13]))
    return t / os.sysconf("SC_CLK_TCK")
# ---- child-side functions -------------------------------------------------------------------------------------------
def c_dbname(peer): return mod(peer).DB
def c_setup(peer): m = mod(peer); m.setup(); return "ok"
def c_counts(peer): m = mod(peer); m.connect(); return [int(x) for x in m.counts()]
def c_load(peer, lo, n): m = mod(peer); m.connect(); t = time.time(); m.load(lo, n); return time.time() - t
def one_case(m, i, lat, q, c):
    t = time.perf_counter(); cid = m.create(i); c.append(time.perf_counter() - t)
    for s in range(5):
        u = owner(i, s)
        t = time.perf_counter(); rows = m.queue(u); t2 = time.perf_counter(); q.append(t2 - t)
        assert rows == sorted(rows, key=lambda r: r[1]) and 1 <= len(rows) <= PAGE, rows
        t2 = time.perf_counter(); m.step(cid, s, u); lat.append(time.perf_counter() - t2)
        if hasattr(m, "follow"): m.follow(cid, s)                       # what the engine's own hand or a further person does before the next step: part of the case's time, not of the step's
WARM = 9
def c_flow(peer, w, base, start, secs):
    """worker: opens, warms up, says that it is ready, waits for the common start time, runs whole cases until time is up"""
    m = mod(peer); m.connect(); x = [], [], []
    for k in range(WARM): one_case(m, base + k, *x)
    lat, q, c, n = [], [], [], 0
    if hasattr(m, "spent"): m.spent.clear()
    os.write(OUT_FD, b"ready\n"); start = float(sys.stdin.readline())
    while time.time() < start: time.sleep(.002)
    b0, p0 = (busy(), pg_cpu()) if w == 0 else (0, 0)
    t0 = time.time(); cpu = time.process_time()
    while time.time() - t0 < secs: one_case(m, base + WARM + n, lat, q, c); n += 1
    el = time.time() - t0
    b1, p1 = (busy(), pg_cpu()) if w == 0 else (0, 0)
    return dict(n=n, busy=b1 - b0, pg=p1 - p0, el=el, cpu=time.process_time() - cpu, lat=lat, q=q, c=c, spent=getattr(m, 'spent', {}))
def c_queue(peer, reps):
    m = mod(peer); m.connect(); out = {}
    for cnt in (False, True):
        for k in range(10): m.queue(1 + k * 7 % NU, cnt)
        v = []
        for k in range(reps):
            t = time.perf_counter(); r = m.queue(1 + k * 37 % NU, cnt); v.append(time.perf_counter() - t); assert len(r) <= PAGE
            if sum(v) > 15: break
        out["page+count" if cnt else "page"] = [pct(v, .5), pct(v, .95), len(v), len(r)]
    return out
def c_sweep(peer):
    m = mod(peer); m.connect(); m.sweep(); v = []
    t = time.perf_counter(); z = m.sweep(); idle = time.perf_counter() - t
    m.make_due(100)
    t = time.perf_counter(); n = m.sweep(); v = time.perf_counter() - t
    return dict(idle_ms=idle * 1000, due100_ms=v * 1000, fired=n, idle_fired=z)
def c_due(peer, n): m = mod(peer); m.connect(); m.make_due(n); return n
def c_idle(peer, reps):
    m = mod(peer); m.connect(); v = []
    for k in range(reps + 20):
        t = time.perf_counter(); assert m.sweep() == 0; v.append(time.perf_counter() - t)
    return dict(p50=pct(v[20:], .5), p99=pct(v[20:], .99), n=reps)
def c_drain(peer):
    """sweeper: says that it is ready, waits for the common start time, sweeps until nothing is due"""
    m = mod(peer); m.connect(); n = 0
    os.write(OUT_FD, b"ready\n"); start = float(sys.stdin.readline())
    while time.time() < start: time.sleep(.001)
    t0 = time.time(); cpu = time.process_time()
    while k := m.sweep(): n += k
    return dict(fired=n, el=time.time() - t0, cpu=time.process_time() - cpu)
def c_prof(peer, base, n):
    m = mod(peer); m.connect(); a = admin(m.DB); res = {}
    for k in range(3): one_case(m, base + k, [], [], [])
    ids = list(range(base + 10, base + 10 + n)); cid = {}
    def phase(name, f, calls):
        a.execute("select pg_stat_statements_reset()"); cpu = time.process_time(); t = time.perf_counter()
        for i in ids: f(i)
        el = time.perf_counter() - t; cpu = time.process_time() - cpu
        if hasattr(m, "settle"): m.settle()
        r = a.execute("""select coalesce(sum(calls) filter (where not u and not ri),0), coalesce(sum(calls) filter (where u),0), coalesce(sum(calls) filter (where query ~* '^commit'),0),
            coalesce(sum(rows) filter (where query ~* '^\s*(insert|update|delete)'),0), coalesce(sum(wal_bytes),0), coalesce(sum(total_exec_time),0),
            coalesce(sum(calls) filter (where query ~* '^\s*(insert|update|delete|with)'),0)
          from (select *, query ~* '^(begin|commit|rollback|savepoint|release|set|start|show|listen|notify|deallocate|reset|discard)' u, query ~ 'FROM ONLY .* x WHERE .*FOR KEY SHARE' ri from pg_stat_statements
          where dbid=(select oid from pg_database where datname=%s) and query not like '%%pg_stat_statements%%') x""", (m.DB,)).fetchone()
        d = n * calls
        res[name] = dict(stmts=round(float(r[0]) / d, 2), txn_cmds=round(float(r[1]) / d, 2), commits=round(float(r[2]) / d, 2), rows_written=round(float(r[3]) / d, 2), write_stmts=round(float(r[6]) / d, 2),
                         wal_bytes=round(float(r[4]) / d), server_ms=round(r[5] / d, 3), cpu_ms=round(cpu / d * 1000, 3), wall_ms=round(el / d * 1000, 3))
    phase("create", lambda i: cid.__setitem__(i, m.create(i)), 1)
    phase("queue", lambda i: m.queue(owner(i, 0)), 1)
    phase("queue+count", lambda i: m.queue(owner(i, 0), True), 1)
    def steps(i):
        for s in range(5):
            m.step(cid[i], s, owner(i, s))
            if hasattr(m, "follow"): m.follow(cid[i], s)
    phase("step", steps, 5 + getattr(m, "FOLLOWING", 0))
    return res
# ---- parent commands ------------------------------------------------------------------------------------------------
SEQ = {"n": int(time.time() - 1790000000) * 10 % 900_000_000 + 1_000_000_000}
def newbase(): SEQ["n"] += 40_000; return SEQ["n"] // 20 * 20                  # fresh case ids, below 2^31 (some peers use int4)
def setup(peers):
    for p in peers:
        db = dbname(p)
        with admin() as a:
            a.execute(f"drop database if exists {db} with (force)"); a.execute(f"create database {db}")
        with admin(db) as a: a.execute("create extension pg_stat_statements")
        child("c_setup", p); print("setup", p, db, flush=True)
def run_flow(p, w, secs):
    procs = []
    for k in range(w):
        a = json.dumps([p, k, newbase(), 0, secs])
        procs.append(subprocess.Popen([python(p), os.path.abspath(__file__), "_child", "c_flow", a], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_env(p)))
    rs = []
    for x in procs:
        if x.stdout.readline() != b"ready\n": raise RuntimeError("worker failed")
    start = b"%f\n" % (time.time() + .3)
    for x in procs: x.stdin.write(start); x.stdin.flush()
    for x in procs:
        o = x.communicate()[0].decode().strip().splitlines()
        if x.returncode or not o: raise RuntimeError("worker failed")
        rs.append(json.loads(o[-1]))
    lat = sum((r["lat"] for r in rs), []); q = sum((r["q"] for r in rs), []); c = sum((r["c"] for r in rs), []); n = sum(r["n"] for r in rs)
    spent = {k: pct(sum((r["spent"].get(k, []) for r in rs), []), .5) for k in rs[0]["spent"]}
    own = sum(r["cpu"] for r in rs); pgc = sum(r["pg"] for r in rs)
    return dict(cases=n, foreign_cores=round((sum(r["busy"] for r in rs) - own - pgc) / rs[0]["el"], 2), pg_cpu_ms_per_case=round(pgc / max(n, 1) * 1000, 2), rate=sum(r["n"] / r["el"] for r in rs), step_p50=pct(lat, .5), step_p95=pct(lat, .95), spent=spent, step_mean=round(sum(lat) / max(len(lat), 1) * 1000, 3), queue_p50=pct(q, .5), queue_p95=pct(q, .95),
                create_p50=pct(c, .5), create_p95=pct(c, .95), client_cpu_ms_per_case=round(sum(r["cpu"] for r in rs) / max(n, 1) * 1000, 2))
def flow(peers, workers, runs, secs, base, first=0, nosetup=False):
    if not nosetup:
        setup(peers)
        for p in peers:
            if base: child("c_load", p, 1, base)
    c0 = {p: child("c_counts", p) for p in peers}; n = {p: 0 for p in peers}
    for r in range(first, first + runs):
        for w in workers:
            with Lock():                                              # one hold per round: all peers within the same minutes
                for p in peers:
                    x = run_flow(p, w, secs); n[p] += x["cases"] + WARM * w
                    emit(kind="flow", peer=p, workers=w, run=r, base=base, **x)
    for p in peers:                                                   # every case really closed and audited?
        a, b = child("c_counts", p), c0[p]
        emit(kind="check", peer=p, cases=n[p], closed_in_db=a[0] - b[0], audit_in_db=a[1] - b[1], ok=a[0] - b[0] == n[p] and a[1] - b[1] >= 5 * n[p])
def queue(peers, sizes, runs):
    for p in peers:
        setup([p]); lo = 1
        for n in sizes:
            with Lock(): sec = child("c_load", p, lo, n - lo + 1)
            lo = n + 1
            with Lock():
                v = [child("c_queue", p, 200) for _ in range(runs)]
            for key in ("page", "page+count"):
                emit(kind="queue", peer=p, open=n, what=key, p50=st.median(x[key][0] for x in v), p95=st.median(x[key][1] for x in v), n=v[0][key][2], rows=v[0][key][3], load_s=round(sec, 1))
            if n == sizes[-1] or n == 100000:
                with Lock(): v = [child("c_sweep", p) for _ in range(runs)]
                emit(kind="sweep", peer=p, open=n, fired=[x["fired"] for x in v], idle_fired=v[0]["idle_fired"], **{k: round(st.median(x[k] for x in v), 2) for k in ("idle_ms", "due100_ms")})
def prof(peers):
    setup(peers)
    for p in peers:
        child("c_load", p, 1, 1000)
        with admin() as a: a.execute("alter system set pg_stat_statements.track='top'"); a.execute("select pg_reload_conf()")
        time.sleep(.3)
        try:
            with Lock(): r = child("c_prof", p, newbase(), 20)
        finally:
            with admin() as a: a.execute("alter system set pg_stat_statements.track='none'"); a.execute("select pg_reload_conf()")
        for k, v in r.items(): emit(kind="prof", peer=p, op=k, **v)
def main():
    if sys.argv[1] == "_child":
        try: os.nice(int(os.environ.get("BENCH_NICE", -10)))            # timed work goes ahead of other load on a shared machine; PostgreSQL gets the same (pg.sh)
        except PermissionError: pass
        try: open("/proc/self/autogroup", "w").write(os.environ.get("BENCH_NICE", "-10"))   # kernels with autogroups weigh sessions, not tasks
        except OSError: pass
        global OUT_FD; OUT_FD = out = os.dup(1); os.dup2(2, 1)                                 # peers may print; keep stdout for the result only
        r = globals()[sys.argv[2]](*json.loads(sys.argv[3]))
        os.write(out, b"\n" + json.dumps(r, default=float).encode() + b"\n"); sys.stderr.flush()
        os._exit(0)                                                    # do not wait for peers' background threads
    ap = argparse.ArgumentParser(); ap.add_argument("cmd"); ap.add_argument("peers", nargs="+"); ap.add_argument("--workers", default="1,4"); ap.add_argument("--runs", type=int, default=3)
    ap.add_argument("--secs", type=float, default=8); ap.add_argument("--base", type=int, default=1000); ap.add_argument("--first", type=int, default=0); ap.add_argument("--no-setup", action="store_true"); ap.add_argument("--sizes", default="1000,10000,100000"); z = ap.parse_args()
    L = lambda s: [int(x) for x in s.split(",")]
    if z.cmd == "setup": setup(z.peers)
    elif z.cmd == "flow": flow(z.peers, L(z.workers), z.runs, z.secs, z.base, z.first, z.no_setup)
    elif z.cmd == "queue": queue(z.peers, L(z.sizes), z.runs)
    elif z.cmd == "prof": prof(z.peers)
if __name__ == "__main__": main()
