"""The parent's end: each recording is looked at once, by a child process with limits, and what it saw is kept."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from casework import store
from casework.documents.limits import Limits
from casework.documents.workshop import Workshop

PARTS = 1000
LIMITS = Limits(cpu_seconds=20, wall_seconds=40, memory_mib=512)

_listening = Workshop("casework.sound.hearing")


class Unheard(Exception):
    """The file is no recording that can be drawn, or looking at it took more than it may."""


def peaks_of(sha256: str) -> list[int]:
    """How loud the recording with that digest is along its time, 0 to 100; the caller knows that it is intact."""
    kept = _drawn_at(sha256)
    with suppress(OSError, ValueError):
        return _checked(json.loads(kept.read_text()))
    with store.evidence().opened(sha256) as file:
        answer, _nothing = _listening.do({"path": file.name, "parts": PARTS}, b"", LIMITS)
    if "peaks" not in answer:
        raise Unheard(f"{answer.get('refused') or answer.get('failed')}: {answer.get('detail', '')}")
    with suppress(OSError):  # a full disk costs time, not the picture
        _keep(kept, answer["peaks"])
    return _checked(answer["peaks"])


def forget(sha256: str) -> None:
    """This machine keeps nothing that was seen in that recording."""
    _drawn_at(sha256).unlink(missing_ok=True)


def _drawn_at(sha256: str) -> Path:
    place: Path = settings.PEAKS_FOLDER / sha256[:2] / sha256
    return place


def _checked(peaks: object) -> list[int]:
    if not isinstance(peaks, list) or not all(isinstance(peak, int) for peak in peaks):
        raise ValueError("expected whole numbers")
    return peaks


def _keep(target: Path, peaks: list[int]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent)
    with os.fdopen(handle, "w") as out:
        json.dump(peaks, out)
    os.replace(name, target)
