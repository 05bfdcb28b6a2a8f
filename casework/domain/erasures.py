"""Whose words are gone by an act that the ledger records."""

from typing import Any

from casework.domain import ledger
from casework.models import CaseEvent

ERASED = "person_erased"


def was_erased() -> set[str]:
    """The streams of the cases, the staff numbers and the documents whose words `org` says were erased."""
    found: set[str] = set()
    for one in _told():
        found |= {one["person"], *one["documents"], *(f"case:{number}" for number in one["numbers"])}
    return found


def erased_rows() -> dict[str, str]:
    """The digests of the rows as erasing left them, by the case's number."""
    return {number: digest for one in _told() for number, digest in one["rows"].items()}


def _told() -> list[dict[str, Any]]:
    entries = CaseEvent.objects.filter(stream="org", action=ERASED).order_by("seq").values_list("entry", flat=True)
    return [ledger.data_of(entry) for entry in entries]
