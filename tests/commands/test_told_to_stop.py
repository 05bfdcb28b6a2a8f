"""A worker that is told to stop stops, whatever it does in that moment."""

import subprocess
import sys

from django.conf import settings

SIGNALLED = """
import os, signal
from casework.management.commands.work import told_to_stop
with told_to_stop() as stop:
    with stop._cond:  # as wait() has it for a moment
        os.kill(os.getpid(), signal.SIGTERM)
        sum(range(1000))
    assert stop.wait(10)
"""


def test_stop_of_a_worker_that_is_about_to_wait_for_it_is_heard():
    ready = "import django; django.setup()"
    done = subprocess.run(
        [sys.executable, "-c", ready + SIGNALLED], cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
