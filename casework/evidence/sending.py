"""As what a file of the evidence is sent: a recording as sound, everything else as bytes, whatever it was taken for."""

from __future__ import annotations

from casework.evidence.sounds import begins_as_wav

WAVE, OTHER = ("audio/wav", ".wav"), ("application/octet-stream", ".bin")
HEAD = 12  # bytes that tell


def sent_as(head: bytes) -> tuple[str, str]:
    """(media type, how its name ends) of a file that begins so."""
    return WAVE if begins_as_wav(head) else OTHER
