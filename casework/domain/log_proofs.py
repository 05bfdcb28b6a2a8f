"""Proofs that an entry is in the log (C2SP tlog-proof), as they are handed out and as anybody outside checks them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from casework.domain.log_keys import log_keys
from casework.domain.log_tree import stored_nodes
from casework.domain.witnesses import witness_names, witnesses
from casework.models import CaseEvent, Checkpoint, Document, LogLeaf
from casework.transparency import notes, tree


@dataclass(frozen=True)
class Proven:
    """What a proof shows: the entry, its place, how many entries the log had signed by then, and who has cosigned."""

    entry: dict[str, Any]
    index: int
    size: int
    cosigned_by: Sequence[str]

    def issued(self, document: str) -> dict[str, Any] | None:
        """What the entry says of the document that it issued; None where it did not."""
        shown = self.entry.get("documents", ())
        return next((one for one in shown if (one["document"], one["state"]) == (document, "issued")), None)


def proof_at(index: int, checkpoint: Checkpoint, node: tree.Node, entry: str = "") -> str:
    """The .tlog-proof of the entry at that place, up to that checkpoint; the entry itself travels with it if given."""
    path = tree.inclusion_proof(node, index, checkpoint.size)
    return notes.written(notes.Proof(index, path, cosigned_note(checkpoint), entry.encode()))


def checkpoint_over(index: int) -> Checkpoint | None:
    """The last checkpoint over the entry that a witness has cosigned, if one has; else the last one. None that a key
    signed which has leaked since."""
    leaked = [one.last for one in log_keys().earlier if one.leaked and one.last is not None]
    over = Checkpoint.objects.order_by("-size").filter(size__gt=max([index, *leaked]))
    cosigned = over.filter(cosignatures__witness__in=witness_names())
    return cosigned.first() or over.first()


def cosigned_note(checkpoint: Checkpoint) -> str:
    """The checkpoint with the cosignatures below it."""
    lines = checkpoint.cosignatures.order_by("witness").values_list("line", flat=True)
    return checkpoint.note + "".join(lines)


def issue_of(document: Document) -> CaseEvent | None:
    """The entry by which the document was issued."""
    events = CaseEvent.objects.filter(stream=f"case:{document.case.number}", entry__contains=str(document.pk))
    for event in events.order_by("-seq"):
        if Proven(json.loads(event.entry), 0, 0, ()).issued(str(document.pk)):
            return event
    return None


def proof_of_event(event: CaseEvent, *, with_entry: bool = False) -> str | None:
    """The proof that the entry is in the log; None until it is sealed."""
    index = LogLeaf.objects.filter(event=event).values_list("index", flat=True).first()
    checkpoint = None if index is None else checkpoint_over(index)
    if index is None or checkpoint is None:
        return None
    return proof_at(index, checkpoint, stored_nodes(), event.entry if with_entry else "")


def proven(text: str) -> Proven:
    """What the proof shows, checked with our log's keys and our witnesses' and with nothing else of ours. NoteError,
    in words, where it shows nothing."""
    proof = notes.read(text)
    others = [who for who, _url in witnesses()]
    checkpoint, signers = log_keys().trusted.opened(proof.checkpoint, *others)
    try:
        leaf = tree.leaf_hash(proof.extra)
        tree.check_inclusion(leaf, proof.index, checkpoint.size, proof.path, checkpoint.root)
        entry = json.loads(proof.extra)
    except tree.ProofError:
        raise notes.NoteError(_("it does not lead from its entry to the root that the log has signed")) from None
    except ValueError:
        raise notes.NoteError(_("what it proves is no entry of a ledger")) from None
    return Proven(entry, proof.index, checkpoint.size, sorted(who.name for who in others if who in signers))
