"""Wrong secrets are counted by key, so that nobody guesses them at the signing worker, whoever has the site."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from django.utils.translation import ngettext

from casework.documents.errors import TooManyTries, WrongSecret

FREE = 5
FIRST_WAIT, LONGEST_WAIT = 60.0, 3600.0


@dataclass
class _Tried:
    lock: Lock = field(default_factory=Lock)
    wrong: int = 0
    closed_until: float = 0.0


class Tries:
    """Five wrong secrets in a row close a key for a minute, each further one twice as long, up to an hour. One try at a
    key is made at a time, so that many at once are no more than one after the other. A restart forgets the count."""

    def __init__(self) -> None:
        self._lock, self._of = Lock(), dict[str, _Tried]()

    @contextmanager
    def counted(self, serial: str) -> Iterator[None]:
        """The try is made inside: WrongSecret counts, the right one ends the count. TooManyTries while it is closed."""
        with self._lock:
            tried = self._of.setdefault(serial, _Tried())
        with tried.lock:
            if (left := tried.closed_until - time.monotonic()) > 0:
                words = ngettext(
                    "Expected fewer wrong secrets for this signing key, but there were too many; wait %(n)d second "
                    "and try again",
                    "Expected fewer wrong secrets for this signing key, but there were too many; wait %(n)d seconds "
                    "and try again", int(left) + 1,
                )  # fmt: skip
                raise TooManyTries(words % {"n": int(left) + 1})
            try:
                yield
            except WrongSecret:
                tried.wrong += 1
                if tried.wrong >= FREE:
                    wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(tried.wrong - FREE, 10))
                    tried.closed_until = time.monotonic() + wait
                raise
            tried.wrong = 0

    def forget(self, serial: str) -> None:
        with self._lock:
            self._of.pop(serial, None)
