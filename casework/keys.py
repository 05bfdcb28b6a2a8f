"""Primary keys made in the process: 63-bit numbers that rise with time, so that no write waits for RETURNING.

42 bits of milliseconds since 2024, 9 bits that differ by process, 12 bits of a counter that begins anywhere.
A clash (two processes with the same 9 bits in one millisecond at the same count) hits the primary key and the
step is tried again.
"""

import os
import random
import threading
import time

_EPOCH_MS = 1_704_067_200_000
_dice = random.SystemRandom()
_lock = threading.Lock()
_state = {"pid": 0, "salt": 0, "last": 0, "count": 0}


def new_key() -> int:
    """A number larger than every number this process made before."""
    with _lock:
        if _state["pid"] != os.getpid():
            # A fork begins its own count: those of one parent would else count alike.
            _state.update(pid=os.getpid(), salt=_dice.getrandbits(9), count=_dice.getrandbits(12))
        _state["count"] += 1
        moment = max(int(time.time() * 1000) - _EPOCH_MS, _state["last"] >> 21)
        key = (moment << 21) | (_state["salt"] << 12) | (_state["count"] & 0xFFF)
        if key <= _state["last"]:
            key = (((_state["last"] >> 21) + 1) << 21) | (key & 0x1FFFFF)
        _state["last"] = key
        return key
