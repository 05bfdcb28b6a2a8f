"""The child process: shared by threads, never by forks, gone with its parent."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pikepdf
import pytest

from casework.documents.drawing import KEPT
from casework.documents.render import _drawing, render
from casework.documents.workshop import ROOT

from .sample import inadmissibility

TEMPLATE = "disputes/documents/inadmissibility.html"


def drawn(unit: str = "华东一组") -> bytes:
    """A short document of somebody in that unit."""
    snapshot = inadmissibility()
    snapshot["case"]["unit"] = unit
    return render(TEMPLATE, snapshot)


DRAWS_AND_TELLS_THE_CHILD = """
from django.conf import settings
settings.configure(USE_I18N=False)
from casework.documents import render
from tests.documents.test_workshop import drawn
assert drawn()
print(render._drawing._child.pid, flush=True)
"""


def run_in_another_process(then: str) -> tuple[int, int]:
    """(exit status, process number of its drawing child) of a fresh interpreter that draws and then does `then`."""
    ran = subprocess.run(
        [sys.executable, "-c", DRAWS_AND_TELLS_THE_CHILD + then], cwd=ROOT, capture_output=True, text=True
    )
    assert ran.stdout.strip().isdigit(), ran.stderr
    return ran.returncode, int(ran.stdout)


def is_gone(process: int) -> bool:
    for _ in range(50):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_child_leaves_when_its_parent_exits() -> None:
    status, child = run_in_another_process("")
    assert status == 0 and is_gone(child)


def test_child_leaves_when_its_parent_is_killed() -> None:
    status, child = run_in_another_process("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert status == -9 and is_gone(child)


def test_threads_each_get_their_own_answer() -> None:
    found: dict[str, bytes] = {}

    def draw(unit: str) -> None:
        found[unit] = drawn(unit)

    threads = [threading.Thread(target=draw, args=(f"unit {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for unit, pdf in found.items():
        with pikepdf.open(io.BytesIO(pdf)) as opened:
            assert unit.encode() in opened.attachments["decision.json"].get_file().read_bytes()


def test_fork_of_a_process_that_drew_gets_a_child_of_its_own() -> None:
    status, _child = run_in_another_process("""
import os, sys
first = render._drawing._child.pid
process = os.fork()
if process == 0:
    assert drawn("y")
    ok = render._drawing._child.pid != first
    render._drawing.close()
    os._exit(0 if ok else 1)
_, status = os.waitpid(process, 0)
assert drawn("z")
sys.exit(os.waitstatus_to_exitcode(status) or (render._drawing._child.pid != first))
""")
    assert status == 0


def test_child_that_died_is_replaced_and_knows_nothing_of_our_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GONGDUAN_SECRET", "do not tell")
    drawn()
    first = _drawing._child
    assert first is not None
    first.kill()
    assert drawn()
    second = _drawing._child
    assert second is not None and second.pid != first.pid
    environment = Path(f"/proc/{second.pid}/environ").read_bytes()
    assert b"FONTCONFIG_FILE" in environment and b"do not tell" not in environment


def test_the_same_again_is_given_as_it_was_drawn_without_drawing_it() -> None:
    """A delivery that is done again asks for the same drawing."""
    first, spent = drawn("91"), spent_on_jobs()
    assert drawn("91") == first and spent_on_jobs() == spent
    assert drawn("92") != first and spent_on_jobs() > spent


def test_what_was_drawn_long_before_is_drawn_again() -> None:
    first = drawn("93")
    for number in range(KEPT):
        drawn(f"unit {200 + number}")
    spent = spent_on_jobs()
    assert drawn("93") == first and spent_on_jobs() > spent


def spent_on_jobs() -> int:
    """Ticks of processor time that the child's own children, one a job, have used, once all have left."""
    assert _drawing._child is not None
    children = Path(f"/proc/{_drawing._child.pid}/task/{_drawing._child.pid}/children")
    while children.read_text().strip():
        time.sleep(0.01)
    fields = Path(f"/proc/{_drawing._child.pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[13]) + int(fields[14])
