"""Whether the law, the flow, the policy and the templates of every case type agree; what `manage.py check` asks."""

import re
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from django.conf import settings

from casework.domain.every_case import EveryCase
from casework.domain.law import Law, laws
from casework.domain.policy_check import load_checked
from casework.domain.policy_files import PolicyError
from casework.domain.vacating import Leaver
from casework.flow.projection import nodes


def disagreements() -> list[str]:
    """One sentence for everything that does not fit; empty when all agree."""
    try:
        load_checked()
        found = []
    except PolicyError as error:
        found = str(error).splitlines()
    for law in laws().values():
        parts = (_model, _actions, _clocks, _seats, _states, _flow)
        found += [f"{law.label}: {words}" for part in parts for words in part(law)]
    return found


def _model(law: Law) -> Iterator[str]:
    others = {other.prefix: other.label for other in laws().values() if other is not law}
    if re.fullmatch(r"[A-Z]{3}", law.prefix) is None:
        yield f"its prefix {law.prefix!r} is not three capital letters"
    if law.prefix in others:
        yield f"its prefix {law.prefix} is that of {others[law.prefix]}"
    if not issubclass(law.model, EveryCase):
        yield "it needs EveryCase among its bases, which is what all laws share"
    if not hasattr(law.model, "notice_values"):
        yield "it needs notice_values(), which says what its notices may speak of"
    if any(spec.subject is None for spec in law.openings.values()) and not hasattr(law.model, "place"):
        yield "its opening has no subject, so it needs place(), which says in which unit the case belongs"


def _actions(law: Law) -> Iterator[str]:
    for spec in law.actions.values():
        if not (spec.role or spec.relation):
            yield f"action {spec.name} is bound to no role and no relation"
        if spec.decides and (spec.is_system or spec.callable_by_clock or not spec.seat):
            yield f"action {spec.name} decides, so a person in a named seat must do it"
        if spec.callable_by_clock and not spec.is_system:
            yield f"action {spec.name} is called by clocks, so it is SYSTEM's"
        if unknown := [s for s in (*spec.sources, *spec.targets) if s and s != "*" and s not in law.states]:
            yield f"action {spec.name} names unknown states {unknown}"
    if len(law.openings) != 1:
        yield f"it has {len(law.openings)} openings; one is needed"


def _clocks(law: Law) -> Iterator[str]:
    for spec in law.clocks.values():
        breach = law.actions.get(spec.breach)
        if breach is None or not breach.callable_by_clock:
            yield f"clock {spec.name} calls {spec.breach}, which no clock may call"
        elif "*" not in breach.sources and (missed := set(spec.states) - set(breach.sources)):
            yield f"clock {spec.name} runs in {sorted(missed)}, where {spec.breach} is not allowed"
        if unknown := set(spec.waits_for) - set(law.clocks):
            yield f"clock {spec.name} waits for unknown clocks {sorted(unknown)}"


def _seats(law: Law) -> Iterator[str]:
    """Somebody who was seated may leave at any time; whoever sits by deciding at once has no work left to leave."""
    for spec in law.actions.values():
        if spec.vacates and not (spec.is_system and spec.form is Leaver):
            yield f"action {spec.name} replaces who left, so it is SYSTEM's and its form is Leaver"
        for seat in () if spec.takes_seat else spec.seats:
            replaced = {s for other in law.actions.values() if seat in other.vacated for s in other.sources}
            if missed := set(spec.sources) - replaced:
                yield f"seat {seat} has work in {sorted(missed)}, where no action vacates it once its holder left"


def _states(law: Law) -> Iterator[str]:
    reachable = {t for spec in law.openings.values() for t in spec.targets if t}
    for _ in law.states:
        for spec in law.actions.values():
            if "*" in spec.sources or reachable & set(spec.sources):
                reachable |= {t for t in spec.targets if t}
    if unreached := set(law.states) - reachable:
        yield f"states {sorted(unreached)} are reached by no action"
    worked = {state for node in nodes(law.model) for state in node.states}
    timed = {state for spec in law.clocks.values() for state in spec.states}
    moved = {s for spec in law.actions.values() if spec.after for s in spec.sources}
    if idle := set(law.states) - set(map(str, law.model.closed_states)) - worked - timed - moved:
        yield f"in states {sorted(idle)} nobody owes anything and no clock runs"


def _flow(law: Law) -> Iterator[str]:
    for node in nodes(law.model):
        for name in node.actions:
            spec = law.actions.get(name)
            if spec is None or spec.is_system:
                yield f"task {node.name} offers {name}, which is no act of a person"
            elif "*" not in spec.sources and not set(node.states) & set(spec.sources):
                yield f"task {node.name} offers {name} in none of the states where it is allowed"
        if node.clock and node.clock not in law.clocks:
            yield f"task {node.name} names the unknown clock {node.clock}"


def missing_templates(folder: Path | None = None) -> list[str]:
    """Kinds of documents that a type can draw but that have no template."""
    folder = folder or Path(settings.BASE_DIR) / "templates"
    found = []
    for law in laws().values():
        module = f"{law.model.__module__.rsplit('.', 1)[0]}.documents"
        for kind in import_module(module).SNAPSHOTS if find_spec(module) else ():
            if not (folder / law.app / "documents" / f"{kind}.html").exists():
                found.append(f"{law.label}: document {kind} has no template")
    return found
