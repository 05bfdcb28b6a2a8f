"""The child's end: reads a recording in parts and notes how loud it is. It trusts nothing that the file says."""

from __future__ import annotations

import wave
from array import array
from pathlib import Path
from typing import Any

LOUDEST = 100
LOOKED_AT = 16_384  # samples in each part; more would take minutes for hours of sound and draw the same line


def prepare() -> None:
    """Nothing to load."""


def work(head: dict[str, Any], _blob: bytes, _limits: Any) -> tuple[dict[str, Any], bytes]:
    """{"peaks": 0 to 100 for each of at most `parts` parts}, or `refused` for what is no recording."""
    try:
        with wave.open(str(Path(head["path"])), "rb") as sound:
            frames, parts = sound.getnframes(), max(1, min(int(head["parts"]), sound.getnframes()))
            width = sound.getsampwidth()
            bounds = [frames * place // parts for place in range(parts + 1)]
            peaks = [
                _loudness(sound.readframes(end - start), width) for start, end in zip(bounds, bounds[1:], strict=False)
            ]
    except (wave.Error, EOFError) as problem:
        return {"refused": "sound", "detail": str(problem)[:200]}, b""
    return {"peaks": peaks}, b""


def _loudness(data: bytes, width: int) -> int:
    samples = _samples(data[: len(data) - len(data) % width], width)
    if not samples:
        return 0
    stride = max(1, len(samples) // LOOKED_AT)
    looked_at = samples[::stride]
    middle, most = (128, 128) if width == 1 else (0, 1 << (8 * min(width, 2) - 1) if width != 4 else 1 << 31)
    peak = max(max(looked_at) - middle, middle - min(looked_at))
    return min(LOUDEST, round(LOUDEST * peak / most))


def _samples(data: bytes, width: int) -> Any:
    """Numbers of the file's own width; of three bytes the two that matter."""
    if width == 1:
        return data
    if width == 3:
        data = b"".join((data[place + 1 : place + 3]) for place in range(0, len(data), 3))
    found = array("i" if width == 4 else "h")
    found.frombytes(data)
    return found
