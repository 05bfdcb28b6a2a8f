"""The log as others see it: its last checkpoint, its tiles, and the proof that an event is in it."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from casework.domain.actor import Actor
from casework.domain.errors import NotAllowedNow, OutOfScope
from casework.domain.log_keys import log_keys
from casework.domain.log_proofs import cosigned_note, issue_of, proof_of_event
from casework.domain.log_tree import stored_tile
from casework.models import CaseEvent, Checkpoint, Document
from casework.queries.events import event_entries
from casework.queries.papers import find_document
from casework.queries.sight import nothing_there, opened
from casework.transparency import tiles

HIGHEST = 7  # levels, which hold more entries than there will ever be


def checkpoint_note() -> str:
    """The last checkpoint, with the cosignatures below it; NotAllowedNow before the first."""
    last = _checkpoints().first()
    if last is None:
        raise NotAllowedNow(_("Expected a checkpoint, but nothing was sealed yet; try again in a minute"))
    return cosigned_note(last)


def keys() -> str:
    """The log's key and those before it that are to be trusted, a vkey a line; NotAllowedNow before the first."""
    found = log_keys().published
    if not found:
        raise NotAllowedNow(_("Expected the log to have a key, but nothing was sealed yet; try again in a minute"))
    return "".join(f"{who}\n" for who in found)


def tile(level: int, place: str) -> bytes:
    """The hashes of a tile under the last checkpoint; OutOfScope for any other. `place` as `tiles.path` writes it."""
    last = _checkpoints().values_list("size", flat=True).first() or 0
    try:
        number, width = tiles.place_of(place)
        if level <= HIGHEST and (last >> level * tiles.HEIGHT) >= number * tiles.WIDTH + width:
            return stored_tile(level, number)[: width * tiles.SIZE]
    except LookupError:
        pass
    raise OutOfScope(_("Expected a tile under the last checkpoint, but this is none"))


def proof_of(event_id: int, actor: Actor) -> str:
    """The event's .tlog-proof, for whoever may read its entry as it was hashed: OutOfScope for all others, and
    NotAllowedNow until it is sealed."""
    event = CaseEvent.objects.select_related("case").filter(pk=event_id).first()
    if event is None or event.case is None or not _reads(event, actor):
        raise OutOfScope(_("Expected an entry, but there is none with this id in a case of yours; check the id"))
    return _sealed(proof_of_event(event))


def proof_of_document(document_id: str, actor: Actor) -> tuple[Document, str]:
    """The document and the .tlog-proof of the entry that issued it, with that entry in it: whoever holds file, proof
    and our keys needs nothing else of ours. For whoever may read both; NotAllowedNow until it is issued and sealed."""
    _sight, _case, document = find_document(document_id, actor)
    event = issue_of(document)
    if event is None:
        raise NotAllowedNow(_("Expected an issued document, but it is not issued yet; try again when it is"))
    if not _reads(event, actor):
        raise nothing_there()
    return document, _sealed(proof_of_event(event, with_entry=True))


def _sealed(proof: str | None) -> str:
    if proof is None:
        raise NotAllowedNow(_("Expected the entry to be sealed, but it waits for that; try again in a minute"))
    return proof


def _checkpoints() -> QuerySet[Checkpoint]:
    return Checkpoint.objects.order_by("-size")


def _reads(event: Any, actor: Actor) -> bool:
    sight, case = opened(event.case.number, actor)
    shown = event_entries(case, sight, event.seq - 1, 1)
    return any(one["seq"] == event.seq and not one["masked"] and not one["withheld"] for one in shown)
