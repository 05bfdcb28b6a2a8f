"""What came of checking a document: one result a check, and all of them together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from django.utils.translation import gettext as _

Named = Callable[[str], str]


@dataclass(frozen=True)
class Check:
    """One check's result. `ok` is None where it could not be told; `message` is a sentence; `remark`: nothing is wrong,
    and yet whoever relies on the document has to know it."""

    code: str
    ok: bool | None
    message: str
    remark: bool = False


class ExpectedField(TypedDict):
    name: str
    serial: str  # of the certificate, lower-case hexadecimal


class Expected(TypedDict):
    """What was recorded when the document was issued, and when that was."""

    sha256: str
    issued_at: datetime
    fields: list[ExpectedField]
    snapshot_sha256: str


def verdict(checks: Sequence[Check]) -> bool | None:
    """True: genuine. False: a check failed. None: none failed, but not all could be told."""
    if any(check.ok is False for check in checks):
        return False
    return None if any(check.ok is None for check in checks) else True


def listed(names: Iterable[str], named: Named = str) -> str:
    return _(", ").join(named(name) for name in names)
