"""Copies of what lies in a bucket, on this machine's disk: so a recording that is heard in parts is fetched once.

Each is named by its digest and by the bucket's name for that version of it (ETag), so what changed there is fetched,
and checked, anew. All of it may be deleted at any time."""

import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from django.conf import settings

from casework.store.folder import HALF

UNREAD_FOR = 86400  # seconds; somebody may have been erased since on another machine


def place_of(digest: str, etag: str) -> Path:
    return settings.CACHE_FOLDER / digest[:2] / f"{digest}-{sha256(etag.encode()).hexdigest()[:16]}"


def forget(digest: str) -> None:
    """This machine has no copy of it."""
    for copy in (settings.CACHE_FOLDER / digest[:2]).glob(f"{digest}-*"):
        copy.unlink(missing_ok=True)


def tidy(room: int = 0) -> None:
    """What nobody read for a day is gone, with what was made of it; and of the rest so much, the longest unread first,
    that `room` bytes more are no more than the cache may hold. What another process is writing stays, and so does what
    another account has and this one may not remove."""
    left = []
    for folder in (settings.CACHE_FOLDER, settings.PEAKS_FOLDER):
        for file in folder.glob("??/*"):
            with suppress(OSError):
                about = file.stat()
                read = max(about.st_atime, about.st_mtime)  # disks differ in how often they note a reading
                if read < time.time() - UNREAD_FOR:
                    file.unlink()
                elif folder == settings.CACHE_FOLDER and not file.name.startswith(HALF):
                    left.append((read, about.st_size, file))
    held = sum(size for _read, size, _file in left)
    for _read, size, file in sorted(left):
        if held + room <= settings.CACHE_AT_MOST:
            return
        with suppress(OSError):
            file.unlink(missing_ok=True)
            held -= size
