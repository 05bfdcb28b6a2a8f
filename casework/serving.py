"""Opening a case at a door that people use: it may be its service, and then their law's `read` is performed."""

from contextlib import suppress
from typing import Any

from casework import queries
from casework.domain.actor import Actor
from casework.domain.errors import NotAllowedNow
from casework.domain.perform import perform
from casework.queries.case_page import READ


def opened_by(actor: Actor, number: str) -> Any:
    """(sight, case) as the actor sees them once it is served on them, if it was to be; their reading is recorded."""
    sight, case = queries.opened(number, actor)
    if serve(sight, case, actor):
        return queries.look_at(number, actor.person_id, actor.received_at)
    return sight, case


def serve(sight: Any, case: Any, actor: Actor) -> bool:
    """Whether the person's opening served the case on them, which it now is."""
    if not queries.reads_for_service(sight, case, actor):
        return False
    with suppress(NotAllowedNow):  # served by another door or a clock in the meantime
        perform(case.number, READ, actor)
    return True
