"""A law as the elements of a BPMN process.

A state in which something can be done is an ad-hoc subprocess: whoever owes something may act in any order, until one
act leads elsewhere. An act that leaves the state as it is, is an activity inside it; one that leads elsewhere is a
sequence flow. A clock is a timer on the state's border, which interrupts the rest unless its act leaves the state as
it is; what another case's ruling or the worker does arrives as a message and is done by a service task. What the system
does from several states to several others is one service task with one choice behind it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from casework.domain.law import Law
from casework.flow.projection import nodes
from casework.pictures.edges import OPENING, Edge, choices, comes_after, edges_of
from casework.pictures.words import action_name, clock_name, state_name, who_owes


@dataclass
class Element:
    """One node. `acts` are the edges that it stands for itself: acts that leave the state as it is."""

    id: str
    kind: str
    name: str = ""
    inside: str = ""
    on_border_of: str = ""
    interrupts: bool = True
    who: str = ""
    acts: tuple[Edge, ...] = ()


@dataclass
class Flow:
    """One sequence flow; `edges` are those of the law that end with it."""

    id: str
    source: str
    target: str
    name: str = ""
    edges: tuple[Edge, ...] = ()


@dataclass
class Process:
    law: Law
    elements: list[Element] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)

    def inside(self, element: Element) -> list[Element]:
        return [other for other in self.elements if other.inside == element.id]

    def borders(self, element: Element) -> list[Element]:
        return [other for other in self.elements if other.on_border_of == element.id]


def process_of(law: Law) -> Process:
    """The process of a case type. Its flows, and the acts of its elements, are exactly the edges of the law."""
    by_source: dict[str, dict[str, list[Edge]]] = defaultdict(lambda: defaultdict(list))
    for edge in edges_of(law):
        by_source[edge.source][edge.action].append(edge)
    process = Process(law)
    for action, edges in by_source[OPENING].items():
        start = Element(f"start.{action}", "startEvent", action_name(law, action))
        process.elements.append(start)
        _lead(process, start.id, edges, f"choose.start.{action}")
    shared = {name: edges for name, edges in choices(law).items() if law.actions[name].is_system}
    for state in law.states:
        _rest(process, state, by_source[state], set(shared))
        for name, edges in shared.items():
            if state == comes_after(law, edges):
                process.elements.append(Element(f"do.{name}", "serviceTask", action_name(law, name)))
                _lead(process, f"do.{name}", edges, f"choose.{name}")
    return process


def _rest(process: Process, state: str, actions: dict[str, list[Edge]], shared: set[str]) -> None:
    law = process.law
    if not actions:
        process.elements.append(Element(f"state.{state}", "endEvent", state_name(law, state)))
        return
    rest = Element(f"state.{state}", "adHocSubProcess", state_name(law, state))
    process.elements.append(rest)
    by_people = {name: edges for name, edges in actions.items() if not law.actions[name].is_system}
    _owed(process, rest, state, by_people)
    leaving = [edge for edges in by_people.values() for edge in edges if not edge.stays]
    _lead(process, rest.id, leaving, f"choose.{state}")
    for name, edges in actions.items():
        if law.actions[name].is_system:
            _done_by_system(process, rest, state, name, edges, name in shared)
    if not process.inside(rest):
        rest.kind = "task"  # an ad-hoc subprocess must contain something


def _owed(process: Process, rest: Element, state: str, by_people: dict[str, list[Edge]]) -> None:
    """A user task for each human task of the flow, and one for each further act of people that may leave the state."""
    law = process.law
    staying = {name: edge for name, edges in by_people.items() for edge in edges if edge.stays}
    said: set[str] = set()
    for node in nodes(law.model):
        if state in node.states:
            acts = tuple(staying[name] for name in node.actions if name in staying)
            said |= set(node.actions)
            name, who = str(node.label), who_owes(law, node)
            process.elements.append(
                Element(f"task.{state}.{node.name}", "userTask", name, inside=rest.id, who=who, acts=acts)
            )
    for name, edge in staying.items():
        if name not in said:
            process.elements.append(
                Element(f"stay.{state}.{name}", "userTask", action_name(law, name), inside=rest.id, acts=(edge,))
            )


def _done_by_system(
    process: Process, rest: Element, state: str, action: str, edges: list[Edge], is_shared: bool
) -> None:
    law, stays_only = process.law, all(edge.stays for edge in edges)
    clocks = [clock.name for clock in law.clocks.values() if clock.breach == action and state in clock.states]
    name, acts = action_name(law, action), tuple(edges) if stays_only else ()
    if stays_only and not clocks and not is_shared:
        process.elements.append(Element(f"stay.{state}.{action}", "serviceTask", name, inside=rest.id, acts=acts))
        return
    done = f"do.{action}" if is_shared else f"do.{state}.{action}"
    for id, kind, called in _triggers(law, state, action, clocks):
        interrupts = is_shared or not stays_only
        process.elements.append(Element(id, kind, called, on_border_of=rest.id, interrupts=interrupts))
        process.flows.append(Flow(f"then.{id}", id, done))
    if not is_shared:
        process.elements.append(Element(done, "serviceTask", name, acts=acts))
        _lead(process, done, [edge for edge in edges if not acts], f"choose.{state}.{action}")


def _triggers(law: Law, state: str, action: str, clocks: list[str]) -> Iterable[tuple[str, str, str]]:
    if clocks:
        return [(f"timer.{state}.{clock}", "timer", clock_name(law, clock)) for clock in clocks]
    return [(f"message.{state}.{action}", "message", "")]


def _lead(process: Process, source: str, edges: list[Edge], choice: str) -> None:
    """Flows to where the edges lead, through a gateway where there are several. What people do is said on the flow,
    what starts a case or is done by the system on the element that it comes from."""
    law, ends = process.law, defaultdict(list)
    for edge in edges:
        ends[edge.action, edge.target].append(edge)
    if len(ends) > 1:
        process.elements.append(Element(choice, "exclusiveGateway"))
        process.flows.append(Flow(f"to.{choice}", source, choice))
    for (action, target), same in ends.items():
        begins = choice if len(ends) > 1 else source
        name = action_name(law, action) if source.startswith("state.") else ""
        process.flows.append(Flow(f"{source}.{action}.{target}", begins, f"state.{target}", name, tuple(same)))
