"""Threads that live at the test's time."""

import contextvars
from collections.abc import Callable
from typing import Any

from tests.conftest import at_once


def together(*calls: Callable[[], Any]) -> list[Any]:
    """All calls at once in threads of their own, at this test's time; their results or exceptions, in order."""

    def here(call: Callable[[], Any]) -> Callable[[], Any]:
        context = contextvars.copy_context()  # one a thread: nobody enters another's
        return lambda: context.run(call)

    return at_once(*map(here, calls))
