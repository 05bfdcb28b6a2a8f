"""Evidence at the API's door: listed, read, and sent as one file with what it shows, hashed on receipt."""

from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Router, Status

from casework import queries
from casework.api import shapes
from casework.api.cases import Key, who
from casework.domain.form_words import refuse
from casework.evidence.sending import HEAD, OTHER, WAVE, sent_as
from casework.receiving import asked_for, file_of, give

router = Router(tags=["cases"])
SENT = {
    "type": "object", "required": ["file", "shows"],
    "properties": {
        "file": {"type": "string", "format": "binary", "description": "its kind is told by its content alone"},
        "shows": {"type": "string", "description": "what it shows, for everybody who sees the case"},
        "seconds": {
            "type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 86_400},
            "description": "places of the call's recording that it is about",
        },
    },
}  # fmt: skip


@router.get("/cases/{number}/evidence", response=list[shapes.EvidenceOut], summary="Evidence by its digest")
def get_evidence(request: HttpRequest, number: str) -> Any:
    return queries.evidence_of(number, who(request))


@router.get(
    "/cases/{number}/evidence/{sha256}", summary="A piece of evidence, to be heard or read",
    openapi_extra={
        "responses": {
            200: {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind, _ in (WAVE, OTHER)}}
        }
    },
)  # fmt: skip
def get_evidence_file(request: HttpRequest, number: str, sha256: str) -> FileResponse:
    """The bytes with that digest, where /evidence lists it."""
    _item, file = queries.evidence_file(number, sha256, who(request))
    media_type, suffix = sent_as(file.read(HEAD))
    file.seek(0)
    response = FileResponse(file, content_type=media_type)
    response["Content-Disposition"] = f'attachment; filename="{number}-{sha256[:12]}{suffix}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


@router.post(
    "/cases/{number}/evidence", response={201: shapes.Done}, summary="Add a file to the case",
    openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": SENT}}}},
)  # fmt: skip
def post_evidence(request: HttpRequest, response: HttpResponse, number: str, key: Key = None) -> Any:
    """The action `add_evidence` in one request. How large a file may be, and which kinds are taken, is policy: 413 and
    422 say so. The same file is added to a case once."""
    actor = who(request)
    asked = asked_for(number, actor, key)
    file, data = file_of(request, asked), _data(request)
    result = give(asked, file, data, key)
    response["Location"] = f"/api/v1/cases/{number}/evidence/{result.entry['data']['sha256']}"
    return Status(201, queries.answer(result, actor))


def _data(request: HttpRequest) -> dict[str, Any]:
    """What was sent beside the file, as the action's data; an unknown field is refused by the action's form."""
    posted = request.POST
    for name in posted:
        if name == "sha256" or (name != "seconds" and len(posted.getlist(name)) > 1):
            refuse(name, "not_wanted", _("it is not asked for here, or only once; leave it out"))
    data: dict[str, Any] = {name: posted[name] for name in posted if name not in ("seconds", "csrfmiddlewaretoken")}
    if "seconds" in posted:
        data["seconds"] = posted.getlist("seconds")
    return data
