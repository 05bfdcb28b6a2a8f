"""What runs and what is owed in one case: its clocks with their ledger, its open tasks."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Subquery

from casework.domain.case_rules import rules_of
from casework.domain.deadline_words import explanation
from casework.domain.hours import calendar_specs
from casework.domain.ladder import clock_of, is_rung
from casework.domain.law import law_of
from casework.domain.ledger import plain, stream_of
from casework.domain.policy import pinned_policy
from casework.domain.policy_clocks import ClockRule
from casework.domain.wording import deed_label, role_label, spoken
from casework.flow.projection import nodes
from casework.models import CaseEvent, Clock, ClockEntry
from casework.queries.sight import Sight


def clock_entries(case: Any, sight: Sight) -> list[dict[str, Any]]:
    """One statement: the entries with their clocks, since every clock has at least its start, and their events."""
    return [explained(clock) for clock in clock_ledgers(case, sight)]


def explained(clock: dict[str, Any]) -> dict[str, Any]:
    """The clock with its ledger in words."""
    return {**clock, "explanation": explanation(clock, calendar_specs()[clock["calendar"]])}


def clock_ledgers(case: Any, sight: Sight) -> list[dict[str, Any]]:
    """The same in figures alone."""
    policy = pinned_policy(case.policy_id)
    rules = rules_of(case, sight.book)
    event = CaseEvent.objects.filter(stream=stream_of(case), seq=OuterRef("event_seq"))
    entries = ClockEntry.objects.filter(clock__case_id=case.pk).select_related("clock").order_by("id")
    found: dict[int, dict[str, Any]] = {}
    for entry in entries.annotate(action=Subquery(event.values("action")), actor=Subquery(event.values("actor_id"))):
        clock, rule = entry.clock, rules.clock(entry.clock.name)
        if clock.pk not in found:
            running = clock.state == Clock.State.RUNNING
            found[clock.pk] = {
                "name": clock.name, "rung_of": clock_of(clock.name) if is_rung(clock.name) else None,
                "label": spoken(rule.label), "generation": clock.generation,
                "state": clock.state, "started_at": plain(clock.started_at), "due_at": plain(clock.due_at),
                "provisional": clock.provisional, "limit": clock.limit,
                "limit_label": spoken(policy.limit_in_words(clock.limit)), "source": _source(rule),
                "regulation": rule.regulation.model_dump(mode="json") if rule.regulation else None,
                "hastened": _hastened(clock, rule, rules),
                "counting": asdict(rule.counting), "minimum_left": rule.minimum_left, "calendar": clock.calendar,
                "time_left_s": seconds_between(sight.at, clock.due_at) if running else None,
                "pauses": clock.pauses, "extensions": clock.extensions, "steps": clock.steps,
                "waits_for": _waits_for(clock, case, sight, rules),
                "entries": [],
            }  # fmt: skip
        found[clock.pk]["entries"].append(
            {
                "kind": entry.kind, "at": plain(entry.at), "due_at": plain(entry.due_at), "reason": entry.reason,
                "event_seq": entry.event_seq, "what": deed_label(law_of(case), policy, entry.action),
                "by": sight.person(entry.actor),
            }
        )  # fmt: skip
    return list(found.values())


def _source(rule: ClockRule) -> str:
    return spoken(rule.regulation.source) if rule.regulation else rule.source


def _hastened(clock: Clock, rule: ClockRule, rules: Any) -> dict[str, str] | None:
    """The urgency that gave the clock its limit, and the usual limit."""
    if rule.hastened is None or clock.limit != rule.within:
        return None
    label = spoken(rules.labels["urgencies"][rule.hastened.urgency])
    return {"label": label, "instead_of": rule.hastened.instead_of}


def _waits_for(clock: Clock, case: Any, sight: Sight, rules: Any) -> dict[str, Any] | None:
    """By when a clock that stands still runs on at the latest: the deadline that bounds its pause."""
    if clock.state != Clock.State.PAUSED:
        return None
    names = law_of(case).clocks[clock_of(clock.name)].waits_for
    bounds = (bound for name in names if (bound := sight.family.clock(case, name)) and bound.state == "running")
    first = min(bounds, key=lambda bound: bound.due_at, default=None)
    return first and {"label": spoken(rules.clock(first.name).label), "due_at": plain(first.due_at)}


def task_entries(case: Any, sight: Sight) -> list[dict[str, Any]]:
    """The case's open tasks, oldest first."""
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


def seconds_between(start: datetime, end: datetime) -> int:
    """Whole seconds by the wall clock, negative when `end` is past."""
    return int((end - start).total_seconds())
