"""The viewflow adapter: a flow says who works while a case rests, and nothing more.

Its nodes are Viewflow nodes, its rows Viewflow tasks; its edges are derived from the law, so that a picture of the
flow cannot differ from what the law allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from viewflow.workflow.base import Edge, Flow, Node

from casework.models import Case, Task


class HumanTask(Node):
    """While the case is in one of `states`, the holder of `seat`, everyone in `relation`, or whoever holds `role` over
    the unit owes one of `actions`; `clock` gives the due time; `unless(case, family)` says that it is already done.
    A seat without a role is owed by nobody while it is empty."""

    task_type = "HUMAN"
    bpmn_element = "userTask"

    def __init__(
        self, *, states: tuple[str, ...], actions: tuple[str, ...], label: Any, role: str = "", relation: str = "",
        seat: str = "", clock: str = "", unless: Callable[[Any, Any], bool] | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.states, self.actions, self.label = tuple(map(str, states)), actions, label
        self.role, self.relation, self.seat, self.clock, self.unless = role, relation, seat, clock, unless

    def _outgoing(self) -> Iterator[Edge]:
        for source, target, name in law_edges(self.flow_class.process_class):
            if name in self.actions and source in self.states and target not in (source, None):
                for node in self.flow_class.instance.nodes():
                    if isinstance(node, HumanTask) and target in node.states:
                        yield Edge(src=self, dst=node, edge_class="next", label=name)

    @property
    def reference(self) -> str:
        flow = self.flow_class
        return f"{flow.process_class._meta.app_label}/flow.{flow.__name__}.{self.name}"


class CaseFlow(Flow):
    """Base of every type's flow; `process_class` names the case model."""

    process_class: Any = Case
    task_class = Task


def law_edges(model: Any) -> list[tuple[str, str | None, str]]:
    """(source, target, action) of every transition of the law."""
    edges = []
    for name in dir(model):
        spec = getattr(getattr(model, name, None), "action", None) if not name.startswith("_") else None
        if spec is not None and hasattr(spec, "sources"):
            edges += [(source, target, spec.name) for source in spec.sources for target in spec.targets]
    return sorted(edges, key=str)


@cache
def flow_of(model: type[Case]) -> type[CaseFlow]:
    """The flow of a case type, from `flow.py` of its app."""
    module = import_module(model.__module__.rsplit(".", 1)[0] + ".flow")
    return next(
        value for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, CaseFlow) and value.process_class is model
    )  # fmt: skip


@dataclass(frozen=True)
class Owed:
    """One task that should be open: a node, and a person or a role over a unit."""

    node: HumanTask
    person_id: int | None
    role: str
    due_at: Any
    provisional: bool


def owed(case: Any, family: Any) -> list[Owed]:
    """What is owed while the case rests, from state, parties, seats and submissions; the same however often asked."""
    found = []
    for node in flow_of(type(case)).instance.nodes():
        if not isinstance(node, HumanTask) or case.state not in node.states:
            continue
        if node.unless is not None and node.unless(case, family):
            continue
        clock = family.clock(case, node.clock) if node.clock else None
        running = clock is not None and clock.state == "running"
        due, provisional = (clock.due_at, clock.provisional) if running else (None, False)
        seated = [p.person_id for p in family.parties_of(case, node.seat)] if node.seat else []
        if seated:
            found += [Owed(node, person_id, node.role, due, provisional) for person_id in seated]
        elif node.relation:
            people = sorted({p.person_id for p in family.parties_of(case, node.relation)})
            found += [Owed(node, person_id, "", due, provisional) for person_id in people]
        elif node.role:
            found.append(Owed(node, None, node.role, due, provisional))
    return found
