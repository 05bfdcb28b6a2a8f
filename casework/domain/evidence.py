"""That a file of the evidence could not be read as it was received: known once, however many try."""

import hashlib
from contextlib import suppress
from uuid import UUID

from django.db import IntegrityError

from casework.domain import ledger
from casework.domain.errors import Conflict


def note_unreadable(sha256: str, state: str) -> None:
    """`missing` or `altered` stands in the access stream, the first time for each file and state. It changes no case:
    whether a recording counts as lost is for the case's own law to find."""
    key = UUID(bytes=hashlib.sha256(f"evidence\n{sha256}\n{state}".encode()).digest()[:16])
    if ledger.entry_with_key(key) is not None:
        return
    with suppress(Conflict, IntegrityError):  # somebody else was just as quick, or the stream is too busy
        ledger.note("access", "evidence_unreadable", {"sha256": sha256, "state": state}, key=key)
