"""The blind view: all that whoever scores blind is shown of their one case, at every door.

It is built up from nothing, never cut down from what others see. A seat's number is left out too, since it would tell
how many sit."""

import re
from typing import Any

from django.db.models import QuerySet

from casework.domain.action import ActionSpec
from casework.domain.actor import Actor
from casework.domain.errors import OutOfScope
from casework.domain.law import law_by_number, law_of
from casework.domain.ledger import plain
from casework.domain.perform import Result
from casework.flow.projection import nodes
from casework.models import Party
from casework.queries.owed import clock_ledgers, explained, task_entries
from casework.queries.presenting import presented
from casework.queries.sight import Sight, look_at

VERSION = 1  # the same however far the family has moved on; perform() asks no blind scorer for another
ANSWERED = ("format", "id", "action", "event", "actor", "received_at", "recorded_at", "data")


def blind_case(case: Any, sight: Sight) -> dict[str, Any]:
    """The case as its blind scorer sees it. What it does not name stays unknown: unit, parties, how many sit, what
    others have done, which criteria are disputed."""
    return {
        **blind_head(case), "version": VERSION, "clocks": blind_clocks(case, sight),
        "tasks": blind_tasks(case, sight), "documents": [], "family": [], "events": [],
        "details": presented(case, "present_blind", sight) or {},
    }  # fmt: skip


def blind_head(case: Any) -> dict[str, Any]:
    """What lists say of the case."""
    model = law_of(case).model
    return {
        "number": case.number, "type": case.type, "type_label": str(model.title),
        "state": {"code": str(case.state), "label": str(dict(model.State.choices)[str(case.state)])},
        "opened_at": plain(case.opened_at), "masked": True, "blind": True,
    }  # fmt: skip


def blind_clocks(case: Any, sight: Sight) -> list[dict[str, Any]]:
    """The limits of what the person owes, from when they were seated, without what stands in the ledger."""
    seat = sight.blind
    own = {node.clock: node for node in nodes(type(case)) if node.seat == seat.role}
    return [
        explained({
            **clock, "name": seatless(clock["name"]), "label": str(own[clock["name"]].label), "generation": None,
            "entries": [],
        })
        for clock in clock_ledgers(case, sight) if clock["name"] in own and clock["started_at"] >= plain(seat.since)
    ]  # fmt: skip


def blind_tasks(case: Any, sight: Sight) -> list[dict[str, Any]]:
    """What the person owes themselves."""
    own = {node.name for node in nodes(type(case)) if node.seat == sight.blind.role}
    return [{**task, "task": seatless(task["task"])} for task in task_entries(case, sight) if task["task"] in own]


def offers_blind(spec: ActionSpec, case: Any, sight: Sight) -> bool:
    """Whether the action is one of those that the person owes now."""
    resting = (n for n in nodes(type(case)) if n.seat == sight.blind.role and str(case.state) in n.states)
    return any(spec.name in node.actions for node in resting)


def seatless(name: str) -> str:
    """`score_2` as `score`."""
    return re.sub(r"_\d+$", "", name)


def sitting_blind(person_id: int | None) -> QuerySet[Party]:
    """The seats in which the person now sits blind, for lists."""
    return Party.objects.filter(person=person_id, blind=True, until=None)


def answer(result: Result, actor: Actor) -> dict[str, Any]:
    """What whoever acted is answered: the event, and of it no more than they may read where some sit blind."""
    told = {"case": result.number, "version": result.version, "event": result.entry, "repeated": result.repeated}
    return told | _readable(result, actor) if law_by_number(result.number).model.blind_seats else told


def _readable(result: Result, actor: Actor) -> dict[str, Any]:
    """Whole for whoever sees the case; else (blind, or out of it by this very act) only what they did themselves."""
    try:
        sight, _case = look_at(result.number, actor.person_id)
    except OutOfScope:
        sight = None
    if sight is None or sight.blind:
        return {"version": VERSION, "event": {name: result.entry[name] for name in ANSWERED if name in result.entry}}
    return {"event": sight.masked(result.entry)}
