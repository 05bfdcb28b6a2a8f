"""Primary keys made in the process: 63-bit numbers that rise with time, so that no write waits for RETURNING.

42 bits of milliseconds since 2024, 9 bits that differ by process start, 12 bits of a counter.
A clash (two processes with the same 9 bits in one millisecond at the same count) hits the primary key and the
step is tried again.
"""

import itertools
import os
import random
import threading
import time

_EPOCH_MS = 1_704_067_200_000
_lock = threading.Lock()
_state = {"pid": 0, "salt": 0, "last": 0}
_counter = itertools.count()


def new_key() -> int:
    """A number larger than every number this process made before."""
    with _lock:
        if _state["pid"] != os.getpid():
            _state["pid"] = os.getpid()
            _state["salt"] = random.SystemRandom().getrandbits(9)
        moment = max(int(time.time() * 1000) - _EPOCH_MS, _state["last"] >> 21)
        key = (moment << 21) | (_state["salt"] << 12) | (next(_counter) & 0xFFF)
        if key <= _state["last"]:
            key = (((_state["last"] >> 21) + 1) << 21) | (key & 0x1FFFFF)
        _state["last"] = key
        return key
