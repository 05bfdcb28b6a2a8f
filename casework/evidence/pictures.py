"""Pictures, read as far as their size; nothing is unpacked."""

from __future__ import annotations

import zlib
from typing import NoReturn

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
FRAMES = {marker for marker in range(0xC0, 0xD0) if marker not in (0xC4, 0xC8, 0xCC)}
BARE = {0x01, *range(0xD0, 0xD8)}
SCAN, END = 0xDA, b"\xff\xd9"


class Broken(Exception):
    """`broken`, or `too_many_pixels`."""


def check_png(data: bytes, megapixels: int) -> None:
    """Its parts follow one another, each with its checksum, and nothing follows the last."""
    place, first = len(PNG), True
    while True:
        length, name = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        end = place + 12 + length
        if end > len(data) or (name == b"IHDR") is not first:
            _refuse("broken")
        if zlib.crc32(data[place + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            _refuse("broken")
        if first:
            _check_size(int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big"), megapixels)
        if name == b"IEND":
            break
        place, first = end, False
    if end != len(data):
        _refuse("two_in_one")


def check_jpeg(data: bytes, megapixels: int) -> None:
    """Its parts follow one another up to the picture, which ends; cameras put more of their own behind it."""
    place, sized = 2, False
    while True:
        if place + 4 > len(data) or data[place] != 0xFF:
            _refuse("broken")
        marker = data[place + 1]
        if marker in BARE or marker == 0xFF:
            place += 1 if marker == 0xFF else 2
            continue
        if marker in FRAMES:
            size = data[place + 5 : place + 9]
            _check_size(int.from_bytes(size[2:], "big"), int.from_bytes(size[:2], "big"), megapixels)
            sized = True
        if marker == SCAN:
            break
        place += 2 + max(2, int.from_bytes(data[place + 2 : place + 4], "big"))
    if not sized or END not in data[place:]:
        _refuse("broken")


def _check_size(width: int, height: int, megapixels: int) -> None:
    if not width or not height:
        _refuse("broken")
    if width * height > megapixels * 1_000_000:
        _refuse("too_many_pixels")


def _refuse(code: str) -> NoReturn:
    raise Broken(code)
