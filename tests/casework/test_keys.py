"""Keys made in the process: unique, rising, 63 bits."""

import multiprocessing
import subprocess
import sys
import threading

from casework import keys
from casework.keys import new_key


def test_key_when_made_many_times_rises_and_fits(db):
    keys = [new_key() for _ in range(20_000)]
    assert keys == sorted(set(keys)) and keys[-1] < 2**63


def test_key_when_made_in_threads_at_once_is_never_given_twice():
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.extend([new_key() for _ in range(5_000)])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 20_000


def _send(pipe) -> None:
    pipe.send([new_key() for _ in range(2_000)])


def test_key_when_the_process_forks_is_another_in_the_child():
    new_key()
    here, there = multiprocessing.get_context("fork").Pipe()
    child = multiprocessing.get_context("fork").Process(target=_send, args=(there,))
    child.start()
    mine = [new_key() for _ in range(2_000)]
    theirs = here.recv()
    child.join()
    # With 9 bits of salt one fork in 512 shares it; then the primary key keeps them apart.
    assert len(set(mine) & set(theirs)) < 2_000


def test_key_when_made_by_a_later_process_is_larger():
    code = "from casework.keys import new_key; print(new_key())"
    first, second = (int(subprocess.check_output([sys.executable, "-c", code])) for _ in range(2))
    assert first < second


def test_key_when_two_processes_differ_in_nothing_else_is_counted_apart(monkeypatch):
    """A forked worker begins its own count."""
    monkeypatch.setattr(keys.os, "getpid", lambda: -1)
    counts = set()
    for _ in range(20):
        keys._state["pid"] = 0  # as in a child that was just forked
        counts.add(new_key() & 0xFFF)
    assert len(counts) > 10
