"""Cases and what may be done with them."""

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Header, Query, Router, Status

from casework import queries
from casework.api import shapes
from casework.domain.actor import Actor
from casework.domain.errors import InvalidInput
from casework.domain.law import law_by_number
from casework.domain.perform import open_case, perform
from casework.queries.actions import version_needed
from casework.serving import opened_by

router = Router(tags=["cases"])
Key = Annotated[
    str | None,
    Header(alias="Idempotency-Key", description="your own, per case; the same again gives the first result"),
]
Sequence = Annotated[int, Query(ge=0, le=2**31 - 1)]


@router.get("/cases", response=shapes.CasePage, summary="Cases in your scope")
def list_cases(
    request: HttpRequest, type: str | None = None, state: str | None = None, unit: str | None = None,
    q: str | None = None, overdue: bool = False, cursor: str | None = None, limit: int = 25,
) -> Any:  # fmt: skip
    """Newest first. `unit` includes the units below it. `q` finds by numbers, their starts and ends, ids, the person
    concerned, the type and words of the claims."""
    actor = who(request)
    return queries.case_list(
        actor.person_id, type=type, state=state, unit=unit, q=q, overdue=overdue, cursor=cursor, limit=limit,
        at=actor.received_at, stamp=actor.stamp,
    )  # fmt: skip


@router.post("/cases", response={201: shapes.Done}, summary="Open a case")
def create_case(request: HttpRequest, response: HttpResponse, body: shapes.Opening, key: Key = None) -> Any:
    """Unit and parties come from the subject."""
    result = open_case(body.type, who(request), body.data, body.subject, key)
    response["Location"] = f"/api/v1/cases/{result.number}"
    return Status(201, queries.answer(result, who(request)))


@router.get("/cases/{number}", response=shapes.CaseOut | shapes.BlindCase, summary="A case")
def get_case(request: HttpRequest, number: str) -> Any:
    """Whoever scores blind gets the blind view until all is revealed. **Opening it counts as service** where the case
    waits to be served on you (an evaluation on its agent, a ruling on the agent who filed): the action `read` is
    performed in your name and time limits start. Machine accounts serve nobody."""
    return queries.shown_case(*opened_by(who(request), number))


@router.get("/cases/{number}/events", response=list[shapes.EventOut], summary="The case's ledger")
def get_events(
    request: HttpRequest, number: str, after: Sequence = 0, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> Any:
    """Entries after sequence `after`, oldest first. They tell the score, so **opening them counts as service** like
    opening the case."""
    sight, case = opened_by(who(request), number)
    return queries.shown_events(sight, case, after, limit)


@router.get("/cases/{number}/clocks", response=list[shapes.ClockOut], summary="Time limits and their arithmetic")
def get_clocks(request: HttpRequest, number: str) -> Any:
    return queries.clocks_of(number, who(request))


@router.get("/cases/{number}/documents", response=list[shapes.DocumentOut], summary="Documents of the case")
def get_documents(request: HttpRequest, number: str) -> Any:
    """Issued ones; drafts too for whoever decides or looks over closed cases."""
    return queries.documents_of(number, who(request))


@router.get("/cases/{number}/actions", response=list[shapes.ActionOut], by_alias=True, summary="What you may do now")
def get_actions(request: HttpRequest, number: str) -> Any:
    """Each with the JSON Schema of its data; the others with the reason why not."""
    return queries.actions_for(number, who(request))


@router.post("/cases/{number}/actions/{action}", response=shapes.Done, summary="Perform an action")
def post_action(request: HttpRequest, number: str, action: str, body: shapes.Doing, key: Key = None) -> Any:
    """The one way to change a case. Deciding actions need the `version` you saw."""
    actor = who(request)
    if body.version is None and _decides(number, action):
        queries.look_at(number, actor.person_id, actor.received_at)  # a stranger hears that there is nothing
        raise InvalidInput(
            version_needed(), problems=[{"field": "version", "code": "missing", "message": version_needed()}]
        )
    return queries.answer(perform(number, action, actor, body.data, key, body.version), actor)


def who(request: HttpRequest) -> Actor:
    return request.auth  # type: ignore[attr-defined]


def _decides(number: str, action: str) -> bool:
    spec = law_by_number(number).actions.get(action)
    return spec is not None and not spec.opening and spec.decides
