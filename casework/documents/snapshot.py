"""What a snapshot says about the document drawn from it: its digest, its address, the fields to be signed."""

from __future__ import annotations

import re
from typing import Any

from casework.canonical import canonical_digest

Snapshot = dict[str, Any]

ORGANISATION_FIELD = "organisation"
_FIELD_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")


def digest(snapshot: Snapshot) -> str:
    """SHA-256 of the canonical snapshot, 64 hexadecimal digits: what the ledger records."""
    return canonical_digest(snapshot)


def address_digest(snapshot: Snapshot) -> str:
    """The 32 digits after `#` in the QR code's address: of the snapshot without that address."""
    return canonical_digest({key: value for key, value in snapshot.items() if key != "verify_url"})[:32]


def with_verify_url(snapshot: Snapshot, page: str) -> Snapshot:
    """A copy whose `verify_url` is `page` (this document's public page) with the digest as its fragment."""
    return {**snapshot, "verify_url": f"{page}#{address_digest(snapshot)}"}


def signature_fields(snapshot: Snapshot) -> list[str]:
    """The names of the fields to be signed, deciders in their order, the organisation's seal last.

    Raises ValueError for a name that is no plain word or stands twice.
    """
    names = [decider["field"] for decider in snapshot.get("deciders", [])] + [ORGANISATION_FIELD]
    for name in names:
        if not isinstance(name, str) or not _FIELD_NAME.fullmatch(name):
            raise ValueError(f"Expected a field name of small letters, digits, _ and -, but got {name!a:.60}.")
    if len(set(names)) != len(names):
        raise ValueError("Expected each signature field once, but a name stands twice.")
    return names
