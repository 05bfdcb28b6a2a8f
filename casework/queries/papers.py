"""Files of a case: its evidence; its documents, issued ones for everybody who sees it, drafts for those who decide or
look over closed cases; once the person concerned was erased, only for the latter."""

from collections.abc import Sequence
from typing import Any, BinaryIO
from uuid import UUID

from django.utils.translation import gettext as _

from casework import store
from casework.domain.actor import Actor
from casework.domain.errors import NotAllowedNow, Refusal
from casework.domain.ledger import plain
from casework.domain.reads import record_read
from casework.domain.stamping import awaiting_stamp
from casework.models import Document, StampedEdition
from casework.queries.given import given
from casework.queries.presenting import presented
from casework.queries.sight import Sight, look_at, nothing_there, opened


class FileUnavailable(Refusal):
    """The file a document or recording names is missing or no longer what was received: `file_missing`,
    `file_altered`. Nobody's fault at the door."""

    code, status, exit_status = "file_missing", 503, 1


def documents_of(number: str, actor: Actor) -> list[dict[str, Any]]:
    """The documents of the case that the person may read, oldest first."""
    sight, case = opened(number, actor)
    return sight.masked(papers(case, sight))


def papers(case: Any, sight: Sight) -> list[dict[str, Any]]:
    found = [d for d in sight.family.documents if d.case_id == case.pk and _is_open(d, case, sight)]
    stamps = _stamps(found)
    later = _successors(sight)
    return [_shown(one, case, stamps, later) for one in sorted(found, key=lambda d: (d.drafted_at, str(d.pk)))]


def show_document(document_id: str, actor: Actor) -> dict[str, Any]:
    """One document. OutOfScope when there is none, or none for this person."""
    sight, case, document = find_document(document_id, actor)
    return _shown(document, case, _stamps([document]), _successors(sight))


def document_bytes(document_id: str, actor: Actor, *, stamped: bool = False) -> bytes:
    """The PDF as it now is, or its stamped edition; FileUnavailable when it is missing or was altered, NotAllowedNow
    where there is no such edition."""
    document = find_document(document_id, actor)[2]
    return bytes_of(edition_of(document) if stamped else document)


def bytes_of(paper: Document | StampedEdition) -> bytes:
    """The same of a document that was found, or of its stamped edition."""
    try:
        return store.documents().get(paper.file_sha256)
    except store.FileProblem as problem:
        raise _unavailable(problem) from None


def edition_of(document: Document) -> StampedEdition:
    """The stamped edition of a document that was found; NotAllowedNow where it has none."""
    edition = StampedEdition.objects.filter(document=document).first()
    if edition is not None:
        return edition
    if awaiting_stamp([document.pk]):
        words = _("Expected a stamped edition, but its time stamp is pending; fetch the document without, or try again")
    else:
        words = _("Expected a stamped edition, but the document has none; fetch the document without")
    raise NotAllowedNow(words, code="no_edition")


def find_document(document_id: str, actor: Actor) -> tuple[Sight, Any, Document]:
    try:
        key = UUID(document_id)
    except ValueError:
        raise nothing_there() from None
    number = Document.objects.filter(pk=key).values_list("case__number", flat=True).first()
    if number is None:
        raise nothing_there()
    sight, case = look_at(number, actor.person_id, actor.received_at)
    document = next(d for d in sight.family.documents if d.pk == key)
    if not _is_open(document, case, sight):
        raise nothing_there()
    record_read(actor, case, sight.family)
    return sight, case, document


def evidence_of(number: str, actor: Actor) -> list[dict[str, Any]]:
    """What the case type names as its evidence and what parties added: kind, digest, size and state; no bytes."""
    return evidence_in(*opened(number, actor))


def evidence_file(number: str, sha256: str, actor: Actor) -> tuple[dict[str, Any], BinaryIO]:
    """(what evidence_of() lists, the open file) for reading in parts; OutOfScope where it lists nothing of that digest
    for the person, FileUnavailable when the file is missing or was altered."""
    item = next((item for item in evidence_of(number, actor) if item["sha256"] == sha256), None)
    if item is None:
        raise nothing_there()
    try:
        return item, store.evidence().opened(sha256)
    except store.FileProblem as problem:
        raise _unavailable(problem) from None


def evidence_in(sight: Sight, case: Any) -> list[dict[str, Any]]:
    """The same as evidence_of() of a family that was opened; nothing once the person concerned was erased."""
    if sight.book.is_forgotten(case):
        return []
    if sight.blind:
        return presented(case, "evidence_blind", sight) or []
    return sight.masked([*(presented(case, "evidence", sight) or []), *given(case, sight)])


def state_of(sha256: str) -> str:
    """How a file of the evidence is now: `intact`, `missing` or `altered`."""
    try:
        store.evidence().check(sha256)
    except store.FileProblem as problem:
        return problem.code
    return "intact"


def _is_open(document: Document, case: Any, sight: Sight) -> bool:
    if sight.blind:
        return False
    if sight.book.is_forgotten(case):  # what is still kept is closed off
        return bool(document.snapshot) and sight.looks_over(case)
    return document.state == Document.State.ISSUED or sight.reads_drafts(case)


def _unavailable(problem: store.FileProblem) -> FileUnavailable:
    words = _("%(problem)s; tell the administrator, who restores it from the backup")
    return FileUnavailable(words % {"problem": problem}, code=f"file_{problem.code}")


def _stamps(documents: Sequence[Document]) -> dict[UUID, dict[str, Any]]:
    """How it stands with the time stamps of those that are issued; nothing of one that has none and waits for none."""
    issued = [document.pk for document in documents if document.state == Document.State.ISSUED]
    if not issued:
        return {}
    pending = {"state": {"code": "pending", "label": _("time stamp pending")}, "at": None, "level": None}
    found = {pk: {**pending, "file_sha256": None} for pk in awaiting_stamp(issued)}
    for edition in StampedEdition.objects.filter(pk__in=issued):
        state = {"code": "stamped", "label": _("time stamped")}
        found[edition.pk] = {
            "state": state, "at": plain(edition.at), "level": edition.level, "file_sha256": edition.file_sha256,
        }  # fmt: skip
    return found


def _successors(sight: Sight) -> dict[UUID, str]:
    """By the document whose place it took, the one that was issued instead."""
    issued = (d for d in sight.family.documents if d.state == Document.State.ISSUED)
    return {document.supersedes_id: str(document.pk) for document in issued if document.supersedes_id}


def _shown(
    document: Document, case: Any, stamps: dict[UUID, dict[str, Any]], later: dict[UUID, str]
) -> dict[str, Any]:  # fmt: skip
    return {
        "id": str(document.pk), "case": case.number, "kind": document.kind,
        "state": {"code": str(document.state), "label": str(Document.State(document.state).label)},
        "file_sha256": document.file_sha256, "snapshot_sha256": document.snapshot_sha256,
        "drafted_at": plain(document.drafted_at), "issued_at": plain(document.issued_at),
        "supersedes": str(document.supersedes_id) if document.supersedes_id else None,
        "superseded_by": later.get(document.pk), "time_stamp": stamps.get(document.pk),
        "signatures": [
            {"field": field["name"], "person": field["person"] or None, "serial": field.get("serial") or None}
            for field in document.fields
        ],
    }  # fmt: skip
