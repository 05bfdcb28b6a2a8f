"""Whose words are gone by an act that the ledger records."""

from casework.domain import ledger
from casework.models import CaseEvent

ERASED = "person_erased"


def was_erased() -> set[str]:
    """The streams of the cases, and the staff numbers, whose words `org` says were erased."""
    entries = CaseEvent.objects.filter(stream="org", action=ERASED).values_list("entry", flat=True)
    told = [ledger.data_of(entry) for entry in entries]
    return {one["person"] for one in told} | {f"case:{number}" for one in told for number in one["numbers"]}
