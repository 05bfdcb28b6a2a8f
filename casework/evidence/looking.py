"""The parent's end: each received file is looked at once, by a child process with limits."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from casework.documents.limits import Limits
from casework.documents.workshop import Workshop

LIMITS = Limits(cpu_seconds=10, wall_seconds=20, memory_mib=768)

_looking = Workshop("casework.evidence.content")


class NotTaken(Exception):
    """`str()` is why: a code of the child's, or `broken` where looking at it took more than it may."""


def kind_of(file: Path, kinds: Iterable[str], megapixels: int) -> str:
    """The kind of the file, one of `kinds`, by its content alone; NotTaken for anything else."""
    told = {"path": str(file), "kinds": sorted(kinds), "megapixels": megapixels}
    answer, _nothing = _looking.do(told, b"", LIMITS)
    if answer.get("failed") == "start":
        raise RuntimeError(f"the process that looks at files does not start: {answer.get('detail')}")
    if "kind" not in answer:
        raise NotTaken(answer.get("refused") or "broken")
    return str(answer["kind"])
