"""Sounds, held against what their headers say."""

from __future__ import annotations

from typing import NoReturn

PCM, FLOAT, A_LAW, MU_LAW, EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
ID3_HEAD, ID3_TAIL = 10, 128
FEWEST_FRAMES = 3
TAIL_AT_MOST = 4096  # tags that programs leave behind the sound
RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
KBITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
KBITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)


class Broken(Exception):
    """`broken`, or `lies`: it is not as long as it says."""


def begins_as_wav(data: bytes) -> bool:
    return data[:4] + data[8:12] == b"RIFFWAVE"


def check_wav(data: bytes) -> None:
    """Its parts are as long as they say, and so is the sound."""
    if int.from_bytes(data[4:8], "little") + 8 not in (len(data), len(data) - 1):
        _refuse("lies")
    place, frame, sound = 12, 0, -1
    while place + 8 <= len(data):
        name, length = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        start, place = place + 8, place + 8 + length + length % 2
        if start + length > len(data):
            _refuse("lies")
        if name == b"fmt ":
            frame = _frame_of(data[start : start + length])
        elif name == b"data":
            sound = length
    if not frame or sound < 0:
        _refuse("broken")
    if sound == 0 or sound % frame:
        _refuse("lies")


def _frame_of(form: bytes) -> int:
    """Bytes of one frame, if what is said of it fits together."""
    if len(form) < 16:
        _refuse("broken")
    code, channels, rate, each_second, frame, bits = (
        int.from_bytes(form[at : at + size], "little")
        for at, size in ((0, 2), (2, 2), (4, 4), (8, 4), (12, 2), (14, 2))
    )
    if code not in (PCM, FLOAT, A_LAW, MU_LAW, EXTENSIBLE) or not rate or not frame:
        _refuse("broken")
    if frame != channels * ((bits + 7) // 8) or each_second != rate * frame:
        _refuse("lies")
    return frame


def begins_as_mp3(data: bytes) -> bool:
    return data.startswith(b"ID3") or _length_of(data, 0) > 0


def check_mp3(data: bytes) -> None:
    """Frame follows frame up to the end, or nearly."""
    place, frames = 0, 0
    if data.startswith(b"ID3"):
        place = ID3_HEAD + sum((byte & 0x7F) << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))
    while length := _length_of(data, place):
        place, frames = place + length, frames + 1
    if frames < FEWEST_FRAMES:
        _refuse("broken")
    if len(data) - place > TAIL_AT_MOST:
        _refuse("lies")


def _length_of(data: bytes, place: int) -> int:
    """Bytes of the frame that begins there; 0 where none does."""
    head = data[place : place + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    version, layer, kbits, rate = head[1] >> 3 & 3, head[1] >> 1 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer != 1 or kbits in (0, 15) or rate == 3:
        return 0
    each = (KBITS_1 if version == 3 else KBITS_2)[kbits] * 1000
    return (144 if version == 3 else 72) * each // RATES[version][rate] + (head[2] >> 1 & 1)


def _refuse(code: str) -> NoReturn:
    raise Broken(code)
