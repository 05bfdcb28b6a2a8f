"""That a file of the evidence could not be read as it was received: known once, however many try."""

from casework.domain import ledger


def note_unreadable(sha256: str, state: str) -> None:
    """`missing` or `altered` stands in the access stream, the first time for each file and state. It changes no case:
    whether a recording counts as lost is for the case's own law to find."""
    told = {"sha256": sha256, "state": state}
    ledger.note_once(f"evidence\n{sha256}\n{state}", "evidence_unreadable", told)
