"""Processes that die without a word, at a chosen statement."""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, connections

from casework.documents import render
from casework.evidence import looking

SURVIVED, BROKEN = 0, 3


def survives(nth: int, work: Callable[[], Any]) -> bool:
    """`work` was done in a process of its own that killed itself before the nth thing it wanted of the database (a
    statement, a commit, what follows a commit); whether there was no such thing, so that it lived to the end."""
    connections.close_all()
    sys.stdout.flush()
    lent = [(workshop, workshop._child) for workshop in (render._drawing, looking._looking)]
    child = os.fork()
    if child == 0:
        status = BROKEN
        try:
            lend(lent)
            with deadly(nth):
                work()
            status = SURVIVED
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    _pid, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return False
    assert os.waitstatus_to_exitcode(status) == SURVIVED, "the process failed before it could be killed; see above"
    return True


def lend(workshops: list[tuple[Any, Any]]) -> None:
    """Who works for the parent works for the child: the parent waits, and starting another takes a second each time."""
    for workshop, worker in workshops:
        if worker is not None:
            worker.returncode = None
            worker.poll = lambda: None  # it lives, though it is not this process's own to ask
            workshop._child = worker


@contextmanager
def deadly(nth: int) -> Iterator[None]:
    """Inside, the process kills itself before the nth thing."""
    seen, commit = 0, connection.commit

    def count() -> None:
        nonlocal seen
        seen += 1
        if seen == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(execute: Callable[..., Any], *statement: Any) -> Any:
        count()
        return execute(*statement)

    def commit_counted() -> None:
        count()
        commit()
        count()

    connection.commit = commit_counted
    try:
        with connection.execute_wrapper(counted):
            yield
    finally:
        del connection.commit
