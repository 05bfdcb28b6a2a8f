"""Reading of one moment, while others write."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def one_moment() -> Iterator[None]:
    """All that is read within is as it was at one moment; nobody waits for it, and nothing can be written. Within an
    open transaction it is as that one sees it."""
    if connection.in_atomic_block:
        yield
        return
    if connection.vendor == "postgresql":
        with transaction.atomic():
            _say("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
        return
    _say("BEGIN DEFERRED")  # Django's own would be IMMEDIATE, and keep all writers waiting
    try:
        yield
    finally:
        _say("ROLLBACK")


def _say(words: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(words)
