"""A document about an act that holds already: it is drawn and sealed after the commit, and nothing waits for it. A case
type says in `attestations` which kinds there are, adds Attesting to its bases, and its act returns asked_for(…)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import Field

from casework.domain.action import SYSTEM, Act, action
from casework.domain.effects import AddDocument, Deliver, Notify
from casework.domain.errors import NotAllowedNow
from casework.domain.forms import Drafted
from casework.models import Document

ATTEST = "attest"


@dataclass(frozen=True)
class Attestation:
    """One kind of such documents: which parties hear that it is there (notice `KIND_issued`), and whether it takes the
    place of the one before."""

    told: tuple[str, ...]
    replaces: bool = False


class Attested(Drafted):
    """A document that was drawn and sealed; `of` is the number of the act's entry in the case's chain."""

    of: Annotated[int, Field(ge=1)]


def asked_for(case: Any, kind: str) -> Deliver:
    """The document of that kind about the act that is being decided now."""
    return Deliver(ATTEST, {"kind": kind, "of": case.seq + 1})


def has_not_attested(act: Act) -> None:
    """A delivery that comes twice issues nothing."""
    if any(document.pk == UUID(act.data.document) for document in act.family.documents):
        words = _("Expected no document of this delivery yet, but it was issued; nothing to do")
        raise NotAllowedNow(words, code="attested")


class Attesting:
    attestations: ClassVar[Mapping[str, Attestation]] = {}

    @action(
        source="*", role=SYSTEM, form=Attested, event="attested", label=gettext_lazy("issue a document about an act"),
        when=[has_not_attested],
    )  # fmt: skip
    def attest(self, act: Act) -> list:
        """The sealed document is there to be read. What it tells of holds since the act."""
        data, kind = act.data, self.attestations[act.data.kind]
        before = [
            d for d in act.family.documents
            if (d.case_id, d.kind, d.state) == (act.case.pk, data.kind, Document.State.ISSUED)
        ]  # fmt: skip
        document = Document(
            id=UUID(data.document), case_id=act.case.pk, kind=data.kind, state=Document.State.ISSUED,
            snapshot=data.snapshot, snapshot_sha256=data.snapshot_sha256, file_sha256=data.file_sha256,
            fields=data.fields, drafted_at=act.at, issued_at=act.at,
            supersedes_id=max(before, key=lambda d: d.issued_at).pk if before and kind.replaces else None,
        )  # fmt: skip
        return [AddDocument(document), Notify(f"{data.kind}_issued", parties=kind.told)]
