"""One case with all that belongs to it, as one person sees it."""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from casework.domain.action import Act
from casework.domain.actor import Actor
from casework.domain.authority import may
from casework.domain.decide import check_now, state_label
from casework.domain.errors import Refusal
from casework.domain.law import law_of
from casework.domain.ledger import plain
from casework.domain.policy import pinned_policy
from casework.domain.wording import party_label, role_label, spoken
from casework.flow.projection import nodes
from casework.models import Clock, ClockEntry
from casework.queries.events import event_entries
from casework.queries.papers import papers
from casework.queries.sight import Sight, look_at

READ = "read"


def show_case(number: str, person_id: int | None, at: datetime | None = None) -> dict[str, Any]:
    """The case with parties, clocks, tasks, events, documents and linked cases. `version` is what a deciding action
    has to name; `masked` says that the reader decides here and parties stand there by their part."""
    return shown_case(*look_at(number, person_id, at))


def shown_case(sight: Sight, case: Any) -> dict[str, Any]:
    """The same of a family that was looked at."""
    linked = [case_head(other, sight.book) for other in sight.family.cases if other is not case and sight.sees(other)]
    return sight.masked(
        {
            **case_head(case, sight.book),
            "version": sight.family.version,
            "concerned": sight.person(case.concerned_id),
            "policy": case.policy_id,
            "head": {"seq": case.seq, "digest": case.head},
            "masked": bool(sight.hidden),
            "parties": _parties(case, sight),
            "clocks": _clocks(case, sight),
            "tasks": _tasks(case, sight),
            "documents": papers(case, sight),
            "family": linked,
            "details": _presented(case, "present", sight) or {},
            "events": event_entries(case, sight),
        }
    )


def clocks_of(number: str, person_id: int | None) -> list[dict[str, Any]]:
    """Every clock of the case, newest generation last, with its ledger and the steps of its arithmetic."""
    sight, case = look_at(number, person_id)
    return _clocks(case, sight)


def evidence_of(number: str, person_id: int | None) -> list[dict[str, Any]]:
    """What the case type names as its evidence: kind, digest, size and state of each; no bytes."""
    sight, case = look_at(number, person_id)
    return sight.masked(_presented(case, "evidence", sight) or [])


def reads_for_service(sight: Sight, case: Any, actor: Actor) -> bool:
    """Whether this person's opening the case is its service: the type's law lets them `read` it now."""
    spec = law_of(case).actions.get(READ)
    if spec is None or not spec.relation or actor.is_machine or actor.person_id is None:
        return False
    act = Act(
        spec=spec, actor=actor, case=case, data=None, family=sight.family, at=actor.received_at,
        policy=pinned_policy(case.policy_id).case_type(law_of(case).app), book=sight.book,
    )  # fmt: skip
    try:
        may(spec, actor, case, sight.family.parties_of(case), sight.family, sight.book)
        check_now(spec, case)
        for guard in spec.when:
            guard(act)
    except Refusal:
        return False
    return True


def case_head(case: Any, book: Any) -> dict[str, Any]:
    """What every list says of a case."""
    law = law_of(case)
    return {
        "number": case.number, "type": case.type, "type_label": str(law.model.title),
        "state": {"code": str(case.state), "label": _state_label(law, case)}, "restricted": case.restricted,
        "unit": {"code": book.units[case.unit_id].code, "name": book.units[case.unit_id].name},
        "opened_at": plain(case.opened_at), "updated_at": plain(case.updated_at), "closed_at": plain(case.closed_at),
    }  # fmt: skip


def _state_label(law: Any, case: Any) -> str:
    """Also for a row that was read without its type's own columns."""
    if isinstance(case, law.model):
        return state_label(case)
    return str(dict(law.model.State.choices).get(str(case.state), case.state))


def _parties(case: Any, sight: Sight) -> list[dict[str, Any]]:
    return [
        {
            "role": party.role, "label": party_label(party.role), "person": sight.person(party.person_id),
            "since": plain(party.since), "until": plain(party.until), "ended_by": party.ended_by,
        }
        for party in sorted(sight.family.parties_of(case, ended=True), key=lambda p: p.pk)
    ]  # fmt: skip


def _clocks(case: Any, sight: Sight) -> list[dict[str, Any]]:
    """One statement: the entries with their clocks, since every clock has at least its start."""
    policy = pinned_policy(case.policy_id)
    rules = policy.case_type(law_of(case).app).clocks
    found: dict[int, dict[str, Any]] = {}
    for entry in ClockEntry.objects.filter(clock__case_id=case.pk).select_related("clock").order_by("id"):
        clock = entry.clock
        if clock.pk not in found:
            running = clock.state == Clock.State.RUNNING
            found[clock.pk] = {
                "name": clock.name, "label": spoken(rules[clock.name].label), "generation": clock.generation,
                "state": clock.state, "started_at": plain(clock.started_at), "due_at": plain(clock.due_at),
                "provisional": clock.provisional, "limit": clock.limit,
                "limit_label": spoken(policy.limit_in_words(clock.limit)), "calendar": clock.calendar,
                "time_left_s": seconds_between(sight.at, clock.due_at) if running else None,
                "pauses": clock.pauses, "steps": clock.steps, "entries": [],
            }  # fmt: skip
        found[clock.pk]["entries"].append(
            {
                "kind": entry.kind, "at": plain(entry.at), "due_at": plain(entry.due_at), "reason": entry.reason,
                "event_seq": entry.event_seq,
            }
        )  # fmt: skip
    return list(found.values())


def seconds_between(start: datetime, end: datetime) -> int:
    """Whole seconds by the wall clock, negative when `end` is past."""
    return int((end - start).total_seconds())


def _tasks(case: Any, sight: Sight) -> list[dict[str, Any]]:
    by_name = {node.name: node for node in nodes(type(case))}
    return [
        {
            "task": task.node, "label": str(by_name[task.node].label), "actions": list(by_name[task.node].actions),
            "role": task.role or None, "role_label": role_label(task.role) if task.role else None,
            "person": sight.person(task.person_id), "due_at": plain(task.due_at), "provisional": task.provisional,
            "time_left_s": seconds_between(sight.at, task.due_at) if task.due_at else None,
        }
        for task in sorted(sight.family.tasks, key=lambda t: t.pk)
        if task.process_id == case.pk and task.node in by_name
    ]  # fmt: skip


def _presented(case: Any, name: str, sight: Sight) -> Any:
    """What the case type itself says: `present` and `evidence` of its presenting.py."""
    show = presenting(type(case).__module__.rsplit(".", 1)[0], name)
    return show(case, sight) if show else None


@cache
def presenting(package: str, name: str) -> Callable[..., Any] | Any:
    """A member of a case type's presenting.py, found by name like its flow; None where there is none."""
    if find_spec(f"{package}.presenting") is None:
        return None
    return getattr(import_module(f"{package}.presenting"), name, None)
