"""Recordings that stand in for real calls: two voices made of tones, in turn, with the silences the story needs."""

import io
import math
import wave
from collections.abc import Iterator

RATE = 8000
SILENT = 128  # the middle of unsigned 8-bit samples
AGENT, CUSTOMER = 210.0, 140.0  # Hz


def call(seconds: int, silences: list[tuple[int, int]]) -> bytes:
    """A WAV file of that length: 8 kHz, 8 bit, mono; nothing is heard from each first to each last second."""
    voices = [b"".join(_phrase(pitch)) for pitch in (AGENT, CUSTOMER)]
    turns = (voices[0] + voices[1]) * (seconds * RATE // (2 * len(voices[0])) + 1)
    samples = bytearray(turns[: seconds * RATE])
    for first, last in silences:
        samples[first * RATE : last * RATE] = bytes([SILENT]) * ((last - first) * RATE)
    sound = io.BytesIO()
    with wave.open(sound, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(1)
        out.setframerate(RATE)
        out.writeframes(bytes(samples))
    return sound.getvalue()


def _phrase(pitch: float) -> Iterator[bytes]:
    """Three seconds: bursts the length of syllables, at changing pitch, then a pause."""
    for syllable in range(12):
        tone = pitch * (1 + 0.12 * math.sin(syllable * 1.7))
        length = RATE // 6 if syllable % 4 else RATE // 4
        yield bytes(_sample(tone, place, length) for place in range(length))
        yield bytes([SILENT]) * (RATE // 24)
    yield bytes([SILENT]) * (RATE // 4)


def _sample(tone: float, place: int, length: int) -> int:
    swell = math.sin(math.pi * place / length)
    turn = 2 * math.pi * tone * place / RATE
    return round(SILENT + 70 * swell * (0.6 * math.sin(turn) + 0.3 * math.sin(2 * turn) + 0.1 * math.sin(3 * turn)))
