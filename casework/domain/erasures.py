"""Whose words are gone by an act that the ledger records."""

from typing import Any

from casework.domain import ledger
from casework.models import CaseEvent

ERASED = "person_erased"


def was_erased() -> set[str]:
    """The streams of the cases, and the staff numbers, whose words `org` says were erased."""
    told = _told()
    return {one["person"] for one in told} | {f"case:{number}" for one in told for number in one["numbers"]}


def erased_rows() -> dict[str, str]:
    """The digests of the rows as erasing left them, by the case's number."""
    return {number: digest for one in _told() for number, digest in one["rows"].items()}


def _told() -> list[dict[str, Any]]:
    entries = CaseEvent.objects.filter(stream="org", action=ERASED).order_by("seq").values_list("entry", flat=True)
    return [ledger.data_of(entry) for entry in entries]
