"""How the demo is told: one aligned line a step with who, what and how long, notes below it."""

import textwrap
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager

WHO, WHAT, NOTE = 12, 84, 100


class Stage:
    """Prints the steps of the demo as they are done."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._count = 0
        self._started = time.monotonic()

    @contextmanager
    def step(self, who: str, what: str) -> Iterator[Callable[[str], None]]:
        """Everything inside is one step; what is noted inside is printed below it. A failure is printed too."""
        self._count += 1
        notes: list[str] = []
        started, verdict = time.monotonic(), "FAILED"
        try:
            yield notes.append
            verdict = f"{time.monotonic() - started:5.1f} s"
        finally:
            self._write(f"{self._count:3}  {padded(who, WHO)} {padded(what, WHAT)} {verdict}")
            for note in notes:
                self.note(note)

    def note(self, text: str) -> None:
        hanging = len(text) - len(text.lstrip()) + 2
        for line in textwrap.wrap(text, NOTE, subsequent_indent=" " * hanging, break_long_words=False):
            self._write(f"     {' ' * WHO} {line}")

    def line(self, text: str = "") -> None:
        self._write(text)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started


def padded(text: str, width: int) -> str:
    """The text filled up with spaces; Chinese characters take two columns."""
    return text + " " * max(0, width - columns(text))


def columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
