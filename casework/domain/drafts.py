"""A decision on its way to paper: drafted, read and signed, sealed, issued. What every case type's law shares."""

from typing import Any

from django.utils.translation import gettext as _

from casework.domain.action import Act
from casework.domain.effects import ChangeDocument
from casework.domain.errors import InvalidInput, NotAllowedNow
from casework.models import Document


def draft_of(case: Any, family: Any) -> Document | None:
    """The document being signed or sealed."""
    unfinished = (Document.State.DRAFTED, Document.State.SIGNED)
    found = [d for d in family.documents if d.case_id == case.pk and d.state in unfinished]
    return found[-1] if found else None


def drafted(act: Act) -> Document:
    """The document as it was drawn; it supersedes what the case issued before of its kind."""
    data, case = act.data, act.case
    before = [
        d for d in act.family.documents
        if (d.case_id, d.kind, d.state) == (case.pk, data.kind, Document.State.ISSUED)
    ]  # fmt: skip
    return Document(
        id=data.document, case_id=case.pk, kind=data.kind, snapshot=data.snapshot,
        snapshot_sha256=data.snapshot_sha256, file_sha256=data.file_sha256, draft_sha256=data.file_sha256,
        fields=data.fields, drafted_at=act.at, supersedes_id=before[-1].pk if before else None,
    )  # fmt: skip


def issued(act: Act) -> ChangeDocument:
    """The sealed file is the document, and it binds."""
    document = draft_of(act.case, act.family)
    if document is None:
        raise NotAllowedNow(_("Expected a sealed document to issue, but there is none; nothing to do"))
    serial = {"serial": act.data.serial}
    fields = [f | serial if f["name"] == "organisation" else f for f in document.fields]
    return ChangeDocument(
        document,
        {
            "state": Document.State.ISSUED, "file_sha256": act.data.file_sha256, "issued_at": act.at, "fields": fields,
        },
    )  # fmt: skip


def voided(case: Any, family: Any) -> list[ChangeDocument]:
    """The draft, if there is one, is nobody's to sign any more."""
    document = draft_of(case, family)
    return [ChangeDocument(document, {"state": Document.State.VOID})] if document else []


def has_no_draft(act: Act) -> None:
    """One draft at a time: a delivery that comes late, or twice, attaches nothing."""
    if draft_of(act.case, act.family) is not None:
        raise NotAllowedNow(_("Expected no draft yet, but there is one; nothing to do"))


def has_read_the_draft(act: Act) -> None:
    """Whoever signs names the very file they read: the draft, or what others' signatures have made of it since."""
    document = draft_of(act.case, act.family)
    if document is None:
        raise NotAllowedNow(
            _("Expected a draft to sign, but it is still being drawn; try again in a moment"), code="no_draft"
        )
    if act.data.document_sha256 not in (document.file_sha256, document.draft_sha256):
        raise InvalidInput(
            _("Expected the digest of the draft as it now is, but it is another; read the draft again"),
            code="other_draft",
        )
