"""Law, flow, policy and wording of one case type held against each other; every function gives what is wrong."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from pydantic import BaseModel

from casework.domain.law import Law
from casework.domain.policy_content import Policy
from casework.domain.policy_types import Text
from casework.flow.projection import nodes
from tests.laws.declared import calls, files_of, keywords, named, outcomes, product_files, strings, tree

PARTICIPLE = re.compile(
    r"[a-z_]*(ed|read|drawn|given|taken|heard|held|sent|made|left|put|set|begun|shown|told|known)(_on|_blind|_to_[a-z]+)?"
)


def edges(law: Law) -> set[tuple[str, str, str]]:
    """(source, target, action), with `*` and a missing target written out."""
    found = set()
    for spec in law.actions.values():
        for source in law.states if "*" in spec.sources else spec.sources:
            found |= {(source, source if target is None else target, spec.name) for target in spec.targets}
    return found


def is_allowed(spec: Any, state: str) -> bool:
    return "*" in spec.sources or state in spec.sources


def action_problems(law: Law, policy: Policy) -> Iterator[str]:
    """Every action is bound, labelled, named, told of and has a form."""
    rules, events = policy.case_type(law.app), [spec.event for spec in law.actions.values()]
    for name, spec in law.actions.items():
        if not (spec.is_system or spec.role or spec.relation):
            yield f"{name} is bound to no role, relation or SYSTEM"
        if spec.is_system and (spec.decides or spec.relation):
            yield f"{name} is SYSTEM's and yet decides or is somebody's"
        roles = [] if spec.is_system else [r for r in (spec.role or "").split("|") if r]
        yield from (f"{name} is for the unknown role {role}" for role in roles if role not in policy.roles)
        if spec.decides:
            yield from (
                f"{name} decides, but {r} does not" for r in roles if r in policy.roles and not policy.roles[r].decides
            )
        if spec.decides and not roles:
            yield f"{name} decides without a role"
        if spec.takes_seat and not spec.seat:
            yield f"{name} takes a seat that it does not name"
        if spec.takes_seat and len(spec.seats) > 1:
            yield f"{name} takes a seat, but names several"
        if not str(spec.label).strip():
            yield f"{name} has no label"
        if not PARTICIPLE.fullmatch(spec.event):
            yield f"{name} leaves the event {spec.event}, which is no past participle"
        if events.count(spec.event) > 1:
            yield f"{name} leaves the event {spec.event} like another action"
        if name not in rules.timeline:
            yield f"{name} has no text in the timeline"
        if not issubclass(spec.form, BaseModel) or spec.form.model_config.get("extra") != "forbid":
            yield f"{name} has no form that refuses unknown fields"
        else:
            spec.form.model_json_schema()
        if spec.callable_by_clock and name not in {clock.breach for clock in law.clocks.values()}:
            yield f"{name} is callable by clock, but is no clock's breach"
        if spec.is_system and not (spec.callable_by_clock or spec.vacates) and name not in _asked_of_system():
            yield f"{name} is SYSTEM's, but nothing asks SYSTEM for it"


@cache
def _asked_of_system() -> set[str]:
    """Actions that effects or deliveries name."""
    asked: set[str] = set()
    for file in product_files():
        for name in ("Move", "OpenCase", "perform"):
            for call in calls(file, name):
                asked |= strings(call)
    return asked


def clock_problems(law: Law, policy: Policy) -> Iterator[str]:
    """Every clock's breach is SYSTEM's, never decides, and is allowed wherever the clock runs."""
    rules = policy.case_type(law.app)
    for name, clock in law.clocks.items():
        if not clock.states or set(clock.states) - set(law.states):
            yield f"{name} runs in no state or in unknown ones"
        spec = law.actions.get(clock.breach)
        if spec is None:
            yield f"{name} breaches into the unknown action {clock.breach}"
        elif not (spec.is_system and spec.callable_by_clock) or spec.decides:
            yield f"{name} breaches into {clock.breach}, which is not SYSTEM's, not callable by clock, or decides"
        else:
            stuck = [state for state in clock.states if not is_allowed(spec, state)]
            yield from (f"{name} runs in {state}, where {clock.breach} is not allowed" for state in stuck)
        started = named(law.app, "StartClock") | _computed(law.app, "StartClock")
        if clock.starts == "effect" and not clock.of and name not in started:
            yield f"{name} is started by nothing"
        if clock.starts not in ("effect", "entering"):
            yield f"{name} starts {clock.starts}"
        if name not in rules.clocks and not (clock.of in rules.clocks and name in _rungs(rules)):
            yield f"{name} has no rule in the policy"
        if name in named(law.app, "PauseClock") and not clock.waits_for:
            yield f"{name} is paused, but no clock bounds how long"
        for other in clock.waits_for:
            yield from () if other in law.clocks else (f"{name} waits for the unknown clock {other}",)
    for call in ("StartClock", "StopClock", "PauseClock", "ResumeClock", "PostponeClock"):
        yield from (f"{call} names the unknown clock {n}" for n in sorted(named(law.app, call) - set(law.clocks)))
    known = {*rules.clocks, *_rungs(rules)}
    yield from (f"the policy has a rule for the unknown clock {n}" for n in sorted(known - set(law.clocks)))


def _rungs(rules: Any) -> set[str]:
    return {f"{name}.{rung}" for name, rule in rules.clocks.items() for rung in rule.rungs}


def _computed(app: str, call: str) -> set[str]:
    """Every text of the type's sources where some such call is given a computed name; else nothing."""
    computed = any(node.args and not outcomes(node.args[0]) for file in files_of(app) for node in calls(file, call))
    return _texts_of(app) if computed else set()


def _texts_of(app: str) -> set[str]:
    return set().union(*(strings(tree(file)) for file in files_of(app)))


def flow_problems(law: Law, policy: Policy) -> Iterator[str]:
    """Every human task asks for actions that its people may do in its states, and for nothing of SYSTEM's."""
    for node in nodes(law.model):
        if not node.states or set(node.states) - set(law.states):
            yield f"{node.name} stands in no state or in unknown ones"
        if not str(node.label).strip():
            yield f"{node.name} has no label"
        if not (node.role or node.relation or node.seat):
            yield f"{node.name} is nobody's"
        if node.role and node.role not in policy.roles:
            yield f"{node.name} is for the unknown role {node.role}"
        if not node.actions:
            yield f"{node.name} asks for nothing"
        yield from (f"{node.name}: {what}" for what in _task_problems(law, node))
        if node.clock:
            clock = law.clocks.get(node.clock)
            if clock is None:
                yield f"{node.name} is limited by the unknown clock {node.clock}"
            elif not set(node.states) <= set(clock.states):
                yield f"{node.name} is limited by {node.clock}, which does not run in all of its states"


def _task_problems(law: Law, node: Any) -> Iterator[str]:
    for name in node.actions:
        spec = law.actions.get(name)
        if spec is None:
            yield f"asks for the unknown action {name}"
            continue
        if spec.is_system:
            yield f"asks a person for SYSTEM's {name}"
        for state in node.states:
            if not is_allowed(spec, state):
                yield f"asks for {name} in {state}, where it is not allowed"
        roles, relations = set((spec.role or "").split("|")) - {""}, set((spec.relation or "").split("|")) - {""}
        parts = {node.relation, node.seat} - {""}
        fits = (node.role and node.role in roles) or relations & parts or (node.seat and node.seat in spec.seats)
        if not fits:
            asked = node.role or node.relation or node.seat
            yield f"asks {asked} for {name}, which is for {spec.seat or spec.role or spec.relation}"
        if spec.seat and node.seat not in spec.seats and not spec.takes_seat:
            yield f"asks for {name} of the seat {spec.seat}, but shows it to {node.seat or 'everybody'}"
    for state in node.states:
        if state in law.model.closed_states and not any(
            target not in (None, state)
            for name in node.actions
            if name in law.actions
            for target in law.actions[name].targets
        ):
            yield f"is work on a case that is closed ({state})"


def state_problems(law: Law) -> Iterator[str]:
    """Every state is reached, ends, is waited in by somebody or something, and has a label."""
    reached = {target for spec in law.openings.values() for target in spec.targets if target}
    for _ in law.states:
        reached |= {target for source, target, _name in edges(law) if source in reached}
    yield from (f"{state} is never reached" for state in law.states if state not in reached)
    ending = set(map(str, law.model.closed_states))
    for _ in law.states:
        ending |= {source for source, target, _name in edges(law) if target in ending}
    yield from (f"{state} never ends" for state in law.states if state not in ending)
    if set(map(str, law.model.closed_states)) - set(law.states) or not law.model.closed_states:
        yield "the closed states are none or unknown"
    tasks = {state for node in nodes(law.model) for state in node.states}
    clocks = {str(state) for clock in law.clocks.values() for state in clock.states}
    sealed = "seal" in named(law.app, "Deliver")  # the outbox holds the seal until it is set
    sealing = {state for spec in law.actions.values() if spec.after == "signed" and sealed for state in spec.sources}
    for state in law.states:
        if state not in law.model.closed_states and state not in tasks | clocks | sealing:
            yield f"{state} waits for nobody and nothing"
    yield from (f"{value} has no label" for value, label in law.model.State.choices if not str(label).strip())
    if len(law.openings) != 1:
        yield f"there are {len(law.openings)} openings"


def wording_problems(law: Law, policy: Policy) -> Iterator[str]:
    """Every part, seat, bar and notice has words."""
    rules = policy.case_type(law.app)
    parts, seats = rules.labels.get("parties", {}), rules.labels.get("seats", {})
    relations = {r for spec in law.actions.values() for r in (spec.relation or "").split("|") if r}
    joined = named(law.app, "Join") | named(law.app, "Seat") | {s for a in law.actions.values() for s in a.seats}
    yield from (
        f"the part {role} has no label" for role in sorted(joined | relations) if role not in {**parts, **seats}
    )
    yield from (
        f"the relation {role} is joined by nobody" for role in sorted(relations - joined - set(law.model.party_bars))
    )
    unknown = sorted(set(law.model.party_bars) - joined - _texts_of(law.app))
    yield from (f"the bar of {role} bars nobody" for role in unknown)
    words: dict[str, Text] = {}
    for each in policy.case_types.values():
        words |= each.labels.get("bar_reasons", {})
    codes = {*law.model.party_bars.values(), "leads_unit", "led_unit_at_call", "led_unit_at_filing", "deputy_of_barred"}
    yield from (f"the bar {code} has no words" for code in sorted(codes) if code not in words)
    yield from (f"the notice {kind} has no words" for kind in sorted(notices(law)) if kind not in rules.notices)
    parties = keywords(law.app, "Notify", "parties")
    yield from (f"a notice goes to the unknown part {p}" for p in sorted(parties - joined - relations))
    roles = keywords(law.app, "Notify", "roles")
    yield from (f"a notice goes to the unknown role {r}" for r in sorted(roles - set(policy.roles)))


ENGINES = {"clock_warning", "clock_told", "extended", "prioritised"}  # which the engine sends for every law


def notices(law: Law) -> set[str]:
    """Kinds of notices that the law sends, or the engine for it."""
    return named(law.app, "Notify") | {kind for kind, _clock in vacancies(law)} | ENGINES


def vacancies(law: Law) -> set[tuple[str, str]]:
    """(kind, clock it speaks of) of the notices that a seat stands empty."""
    found = set()
    for file in files_of(law.app):
        for call in calls(file, "Seat"):
            given = {k.arg: outcomes(k.value) for k in call.keywords}
            kinds = given.get("vacancy") or {f"no_{seat}" for seat in outcomes(call.args[0])}
            found |= {(kind, clock) for kind in kinds for clock in given.get("waits", {""})}
    return found


def notice_calls(law: Law) -> set[tuple[str, str]]:
    """(kind, clock it speaks of) of every notice that the law sends, or the engine for it."""
    found = {*((kind, "any") for kind in ENGINES), *vacancies(law)}
    for file in files_of(law.app):
        for call in calls(file, "Notify"):
            clocks = [k.value for k in call.keywords if k.arg == "clock"]
            names = set().union(*(outcomes(value) for value in clocks)) if clocks else {""}
            found |= {
                (kind, name or "any") if clocks else (kind, "")
                for kind in outcomes(call.args[0])
                for name in names or {"any"}
            }
    return found


def value_names(law: Law) -> set[str]:
    """The names that the type's notice_values() gives, as they stand in its source."""
    found: set[str] = set()
    for file in files_of(law.app):
        for node in ast.walk(tree(file)):
            if isinstance(node, ast.FunctionDef) and node.name == "notice_values":
                for given in (n for n in ast.walk(node) if isinstance(n, ast.Dict)):
                    found |= {key.value for key in given.keys if isinstance(key, ast.Constant)}
    return found
