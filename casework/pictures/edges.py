"""The edges of a law, one by one: what every picture shows, and nothing else."""

from collections import defaultdict
from typing import NamedTuple

from casework.domain.law import Law

OPENING = ""  # where a case comes from that does not exist yet
ANY = "*"


class Edge(NamedTuple):
    source: str
    target: str
    action: str

    @property
    def stays(self) -> bool:
        return self.source == self.target


def edges_of(law: Law) -> list[Edge]:
    """Every (source, target, action) that the law allows, `*` and "the state stays" written out; in the order of the
    states."""
    found = set()
    for spec in law.actions.values():
        for source in law.states if spec.sources == ("*",) else spec.sources:
            found |= {Edge(source, source if target is None else target, spec.name) for target in spec.targets}
    order = {state: place for place, state in enumerate((OPENING, *law.states))}
    return sorted(found, key=lambda edge: (order[edge.source], order[edge.target], edge.action))


def everywhere(law: Law) -> list[str]:
    """Actions of every state that leave it as it is; said once, since each state would say the same."""
    return [spec.name for spec in law.actions.values() if spec.sources == ("*",) and set(spec.targets) == {None}]


def choices(law: Law) -> dict[str, list[Edge]]:
    """Actions that lead from several states to several others, with their edges. A line for each would hide what it
    says, so they are drawn as one choice; every way through it is an edge of the law."""
    found = defaultdict(list)
    for edge in edges_of(law):
        found[edge.action].append(edge)
    return {
        action: edges for action, edges in found.items()
        if len({edge.source for edge in edges}) > 1 and len(set(law.actions[action].targets)) > 1
    }  # fmt: skip


def comes_after(law: Law, edges: list[Edge]) -> str:
    """The state after which a choice stands: the last that it is only entered from, or else its first."""
    sources, targets = {edge.source for edge in edges}, {edge.target for edge in edges}
    entered = [state for state in law.states if state in sources - targets]
    return entered[-1] if entered else next(state for state in law.states if state in sources)
