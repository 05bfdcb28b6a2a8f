"""How both ends speak: the length (4 bytes, big-endian), then that many bytes; each in a limited time."""

from __future__ import annotations

import time
from socket import socket

LARGEST = 8 * 1024 * 1024  # a list of some 80,000 revoked certificates
_PART = 65536


class BadFrame(Exception):
    """What came is longer than any frame, or ends too soon."""


def send(connection: socket, body: bytes, seconds: float) -> None:
    """All of it was handed over; OSError (TimeoutError) if it was not within that time."""
    if len(body) > LARGEST:
        raise BadFrame(f"{len(body)} bytes, but at most {LARGEST}")
    connection.settimeout(seconds)
    connection.sendall(len(body).to_bytes(4, "big") + body)


def receive(connection: socket, seconds: float) -> bytes:
    """One frame, whole within that time however slowly it comes; else BadFrame or OSError."""
    until = time.monotonic() + seconds
    length = int.from_bytes(_exactly(connection, 4, until), "big")
    if length > LARGEST:
        raise BadFrame(f"{length} bytes, but at most {LARGEST}")
    return _exactly(connection, length, until)


def _exactly(connection: socket, length: int, until: float) -> bytes:
    parts, missing = [], length
    while missing:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        connection.settimeout(left)
        part = connection.recv(min(missing, _PART))
        if not part:
            raise BadFrame("it ended too soon")
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
