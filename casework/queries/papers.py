"""Documents of a case: issued ones for everybody who sees it, drafts for those who decide or look over closed cases."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from casework import store
from casework.domain.errors import Refusal
from casework.domain.ledger import plain
from casework.models import Document
from casework.queries.sight import Sight, look_at, nothing_there


class FileUnavailable(Refusal):
    """The file a document or recording names is missing or no longer what was received: `file_missing`,
    `file_altered`. Nobody's fault at the door."""

    code, status, exit_status = "file_missing", 503, 1


def documents_of(number: str, person_id: int | None) -> list[dict[str, Any]]:
    """The documents of the case that the person may read, oldest first."""
    sight, case = look_at(number, person_id)
    return sight.masked(papers(case, sight))


def papers(case: Any, sight: Sight) -> list[dict[str, Any]]:
    drafts = sight.reads_drafts(case)
    found = [d for d in sight.family.documents if d.case_id == case.pk and (drafts or d.state == Document.State.ISSUED)]
    return [_shown(document, case) for document in sorted(found, key=lambda d: (d.drafted_at, str(d.pk)))]


def show_document(document_id: str, person_id: int | None) -> dict[str, Any]:
    """One document. OutOfScope when there is none, or none for this person."""
    _sight, case, document = find_document(document_id, person_id)
    return _shown(document, case)


def document_bytes(document_id: str, person_id: int | None) -> bytes:
    """The PDF as it now is; FileUnavailable when it is missing or was altered."""
    return bytes_of(find_document(document_id, person_id)[2])


def bytes_of(document: Document) -> bytes:
    """The same of a document that was found."""
    try:
        return store.get(settings.DOCUMENT_FOLDER, document.file_sha256)
    except store.FileProblem as problem:
        raise FileUnavailable(
            _("%(problem)s; tell the administrator, who restores it from the backup") % {"problem": problem},
            code=f"file_{problem.code}",
        ) from None


def find_document(document_id: str, person_id: int | None) -> tuple[Sight, Any, Document]:
    try:
        key = UUID(document_id)
    except ValueError:
        raise nothing_there() from None
    case_id = Document.objects.filter(pk=key).values_list("case__number", flat=True).first()
    if case_id is None:
        raise nothing_there()
    sight, case = look_at(case_id, person_id)
    document = next(d for d in sight.family.documents if d.pk == key)
    if document.state != Document.State.ISSUED and not sight.reads_drafts(case):
        raise nothing_there()
    return sight, case, document


def _shown(document: Document, case: Any) -> dict[str, Any]:
    return {
        "id": str(document.pk), "case": case.number, "kind": document.kind,
        "state": {"code": str(document.state), "label": str(Document.State(document.state).label)},
        "file_sha256": document.file_sha256, "snapshot_sha256": document.snapshot_sha256,
        "drafted_at": plain(document.drafted_at), "issued_at": plain(document.issued_at),
        "supersedes": str(document.supersedes_id) if document.supersedes_id else None,
        "signatures": [
            {"field": field["name"], "person": field["person"] or None, "serial": field.get("serial") or None}
            for field in document.fields
        ],
    }  # fmt: skip
