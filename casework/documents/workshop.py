"""A child process that does one kind of work, each piece in a fork of its own under hard limits.

The child imports the heavy libraries once (WeasyPrint and pyHanko take about a second), then forks for every
job: a job starts at once, and whatever hostile input does to it ends with it. The child gets none of our
environment (no database password, no secret key) and leaves when its parent does.

Both ends speak frames: length of the JSON head, length of the blob (8 bytes each, big-endian), head, blob.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import hashlib
import importlib
import json
import os
import resource
import signal
import struct
import subprocess
import sys
import threading
from collections import OrderedDict
from pathlib import Path
from typing import IO, Any

from casework.documents.limits import Limits

ROOT = Path(__file__).resolve().parents[2]
FONTS = Path(__file__).resolve().parent / "fonts"
LARGEST_FRAME = 256 * 1024 * 1024
STARTING_SECONDS = 30


class Workshop:
    """The parent's end. `module` has `prepare()` and `work(head, blob, limits) -> (head, blob)`; where the same job
    always has the same answer, also `KEPT`, how many of the last answers are given again without doing the job."""

    def __init__(self, module: str) -> None:
        self.module = module
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        # A forked web worker must not share its parent's child: both would read each other's answers.
        os.register_at_fork(after_in_child=self._forget)
        atexit.register(self.close)

    def do(self, head: dict[str, Any], blob: bytes, limits: Limits) -> tuple[dict[str, Any], bytes]:
        """One job's answer. A job answered with `failed` (cpu, time, memory, crash, start) was not done."""
        with self._lock:
            try:
                return self._ask(head, blob, limits)
            except (OSError, EOFError, ValueError):
                self._end()
            # The child may have been ended from outside since the last job; a job changes nothing, so ask again.
            try:
                return self._ask(head, blob, limits)
            except (OSError, EOFError, ValueError) as problem:
                self._end()
                return {"failed": "start", "detail": str(problem)}, b""

    def close(self) -> None:
        """Ends the child. The next job starts another."""
        with self._lock:
            self._end()

    def _ask(self, head: dict[str, Any], blob: bytes, limits: Limits) -> tuple[dict[str, Any], bytes]:
        child = self._running_child()
        # The job ends itself at its limits; this is for a child that hangs on its own account.
        patience = threading.Timer(limits.wall_seconds + STARTING_SECONDS, child.kill)
        patience.daemon = True
        patience.start()
        try:
            _write_frame(_pipe(child.stdin), {**head, "limits": limits.as_dict()}, blob)
            return _read_frame(_pipe(child.stdout))
        finally:
            patience.cancel()

    def _running_child(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self._end()
            self._child = subprocess.Popen(
                [sys.executable, "-m", "casework.documents.workshop", self.module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=ROOT,
                env=child_environment(),
            )
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            for pipe in (child.stdin, child.stdout):
                with contextlib.suppress(OSError):
                    _pipe(pipe).close()
            child.kill()
            child.wait()

    def _forget(self) -> None:
        self._lock = threading.Lock()
        child, self._child = self._child, None
        if child is not None:
            child.returncode = 0  # not ours to wait for


def child_environment() -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", ""),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        "PYTHONHASHSEED": "0",  # the same snapshot should give the same bytes where it can
        "PYTHONDONTWRITEBYTECODE": "1",
        "FONTCONFIG_FILE": str(FONTS / "fonts.conf"),
        "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",  # a job takes all its memory anew: in large pages
    }


def serve(module: str) -> None:
    """The child's end: answers jobs from standard input until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    jobs, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not end up between the answers
    worker: Any = None
    trouble = ""
    try:
        worker = importlib.import_module(module)
        worker.prepare()
    except Exception as problem:
        trouble = f"{type(problem).__name__}: {problem}"
    gc.freeze()  # a fork then shares what was loaded instead of copying it
    # A delivery that is done again, because whoever did it was killed, asks for what was made just before.
    known: OrderedDict[bytes, tuple[dict[str, Any], bytes]] = OrderedDict()
    kept = getattr(worker, "KEPT", 0)
    while True:
        try:
            head, blob = _read_frame(jobs)
        except EOFError:
            return
        if trouble:
            _write_frame(answers, {"failed": "start", "detail": trouble}, b"")
            continue
        job = hashlib.sha256(json.dumps(head, sort_keys=True).encode() + b"\0" + blob).digest()
        answer = known.pop(job, None) or _in_a_fork(worker, head, blob)
        _write_frame(answers, *answer)
        _wait_for_leavers()
        if "failed" not in answer[0]:
            known[job] = answer
        while len(known) > kept:
            known.popitem(last=False)


def _in_a_fork(worker: Any, head: dict[str, Any], blob: bytes) -> tuple[dict[str, Any], bytes]:
    limits = Limits(**head.pop("limits"))
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reader)
        _do_and_leave(worker, head, blob, limits, writer)
    os.close(writer)
    answer: tuple[dict[str, Any], bytes] | None = None
    with os.fdopen(reader, "rb") as answers, contextlib.suppress(EOFError, ValueError):
        answer = _read_frame(answers)
    if answer is not None:
        return answer  # whoever gave it is on its way out, for which nobody need wait
    _, status = os.waitpid(process, 0)
    return {"failed": _cause(status), "detail": f"status {status}"}, b""


def _wait_for_leavers() -> None:
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def _do_and_leave(worker: Any, head: dict[str, Any], blob: bytes, limits: Limits, writer: int) -> None:
    try:
        _confine(limits)
        gc.disable()  # what a job leaves behind goes with its process
        try:
            answer, result = worker.work(head, blob, limits)
        except MemoryError:
            answer, result = {"failed": "memory", "detail": ""}, b""
        except RecursionError:
            answer, result = {"failed": "crash", "detail": "nested too deeply"}, b""
        except Exception as problem:
            answer, result = {"failed": "crash", "detail": f"{type(problem).__name__}: {problem}"[:2000]}, b""
        with os.fdopen(writer, "wb") as answers:
            _write_frame(answers, answer, result)
    finally:
        os._exit(0)


def _confine(limits: Limits) -> None:
    space = limits.memory_mib * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # a job writes to its pipe and to no file
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(limits.wall_seconds)


def _cause(status: int) -> str:
    ended_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return "cpu" if ended_by == signal.SIGXCPU else "time" if ended_by == signal.SIGALRM else "crash"


def _write_frame(pipe: IO[bytes], head: dict[str, Any], blob: bytes) -> None:
    text = json.dumps(head).encode()
    pipe.write(struct.pack(">QQ", len(text), len(blob)))
    pipe.write(text)
    pipe.write(blob)
    pipe.flush()


def _read_frame(pipe: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    text_size, blob_size = struct.unpack(">QQ", _read_exactly(pipe, 16))
    if text_size + blob_size > LARGEST_FRAME:
        raise ValueError(f"Expected an answer of at most {LARGEST_FRAME} bytes, but it is larger.")
    head = json.loads(_read_exactly(pipe, text_size))
    return head, _read_exactly(pipe, blob_size)


def _read_exactly(pipe: IO[bytes], size: int) -> bytes:
    data = pipe.read(size)
    if len(data) != size:
        raise EOFError("The child process ended before it answered.")
    return data


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise ValueError("The child process has no pipe.")
    return pipe


if __name__ == "__main__":
    serve(sys.argv[1])
