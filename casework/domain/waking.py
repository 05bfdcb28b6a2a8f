"""Tells whoever delivers that there is something to deliver. The rows are the truth and workers look for them on their
own; waking only makes them look at once."""

from collections.abc import Callable

from django.db import transaction

_wakers: list[Callable[[], None]] = []


def wakes(waker: Callable[[], None]) -> None:
    """Registers what is called after a commit that wrote deliveries. It returns at once and never raises."""
    _wakers.append(waker)


def wake() -> None:
    """Workers are woken once what was written is there for them to see."""
    for waker in _wakers:
        transaction.on_commit(waker)
