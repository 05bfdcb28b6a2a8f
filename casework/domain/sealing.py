"""The ledger is sealed: what was written gets its place in the log, the log signs what it holds, witnesses cosign."""

from typing import TypedDict

from casework.domain.checkpoints import publish
from casework.domain.sequencing import sequence
from casework.domain.witnesses import ask_witnesses


class Sealed(TypedDict):
    """What one pass did: events that got their place, whether a checkpoint was signed, cosignatures below it."""

    sequenced: int
    signed: bool
    cosigned: int


def seal_ledger() -> Sealed:
    """One pass. Raises LogBroken where the log cannot go on from what it has signed; places are given all the same."""
    sequenced = sequence()
    signed = publish() is not None
    return {"sequenced": sequenced, "signed": signed, "cosigned": ask_witnesses()}
