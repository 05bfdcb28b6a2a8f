"""Adding a file to a case: what every law shares. A case type says in its law who may, and until when:

@action(source=…, relation="agent|inspector", form=adding.NewEvidence, event="evidence_added",
        label=_("add evidence"), when=[…, *adding.GUARDS])
def add_evidence(self, act: Act) -> list:
    return adding.added(act)
"""

from datetime import timedelta
from typing import Annotated

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from casework.domain.action import Act
from casework.domain.effects import AddEvidence
from casework.domain.errors import NotAllowedNow
from casework.domain.form_words import refuse
from casework.domain.forms import Ask, Digest, Form, Readable, Seconds
from casework.domain.ledger import FreeText
from casework.domain.wording import local_text
from casework.models import Evidence

ADD_EVIDENCE = "add_evidence"
FILE_NAME = "file_name"  # under which the event commits to what the giver called it
WAITS = timedelta(hours=12)  # for its case; what waits longer may be swept away at any moment


def _said(value: str) -> FreeText:
    if not value.strip():
        raise PydanticCustomError("empty", "{words}", {"words": _("it is empty; say what the file shows")})
    return FreeText(value)


class NewEvidence(Form):
    """`sha256`: a file that was received from the same person for this case; kind, size and name come from there."""

    sha256: Annotated[Digest, Ask("SHA-256", kind="file")]
    shows: Annotated[
        str, Readable, AfterValidator(_said),
        Ask(gettext_lazy("What it shows"), gettext_lazy("Everybody who sees the case can read this."), kind="text"),
    ]  # fmt: skip
    seconds: Annotated[
        list[Seconds], Field(max_length=20),
        Ask(
            gettext_lazy("Places of the call's recording that it is about"),
            gettext_lazy("Minutes and seconds, such as 0:35; several with commas."),
        ),
    ] = []  # fmt: skip


def has_room(act: Act) -> None:
    most = int(act.policy.value("evidence_files"))
    if len(_added(act)) >= most:
        raise NotAllowedNow(
            _("Expected fewer files, but this case has %(most)d already, which is all it takes") % {"most": most},
            code="no_room",
        )


def is_new(act: Act) -> None:
    for file in _added(act):
        if file.added_at and file.sha256 == act.data.sha256:
            raise NotAllowedNow(
                _("Expected a file that the case does not have, but it was added at %(at)s; nothing to do")
                % {"at": local_text(file.added_at)},
                code="already_added",
            )


def is_received(act: Act) -> None:
    if not _waiting(act):
        refuse("sha256", "not_received", _("this file was not received from you for this case; send it first"))


GUARDS = (has_room, is_new, is_received)


def added(act: Act) -> list:
    """The file is part of the case; the event says what was received, and commits to the words of the giver."""
    file = _waiting(act)[-1]
    act.note |= {"kind": file.kind, "size": file.size, FILE_NAME: FreeText(file.name)}
    values = {
        "added_at": act.at, "relation": act.relation, "shows": str(act.data.shows), "seconds": list(act.data.seconds),
    }  # fmt: skip
    return [AddEvidence(file, values)]


def _added(act: Act) -> list[Evidence]:
    return [file for file in act.family.evidence if file.case_id == act.case.pk and file.added_at is not None]


def _waiting(act: Act) -> list[Evidence]:
    """What was received of it from the person, and may still be taken; the last is the latest."""
    wanted = (act.case.pk, act.person_id, act.data.sha256)
    found = [
        file for file in act.family.evidence
        if (file.case_id, file.person_id, file.sha256) == wanted
        and file.added_at is None and file.received_at > act.at - WAITS
    ]  # fmt: skip
    return sorted(found, key=lambda file: file.pk)
