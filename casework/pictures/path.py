"""The way a case has gone, as far as this person sees it."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from casework.domain.actor import Actor
from casework.domain.errors import InvalidInput
from casework.domain.law import Law, law_by_number
from casework.pictures.edges import OPENING, Edge
from casework.queries import opened
from casework.queries.events import MOST, event_entries


@dataclass(frozen=True)
class Path:
    """`steps` are the edges taken, each under its number in the ledger, oldest first. Whoever scores blind is told
    where the case rests and none of its steps, as in the blind view."""

    number: str
    current: str
    steps: tuple[tuple[int, Edge], ...]

    @property
    def visited(self) -> set[str]:
        return {state for _seq, edge in self.steps for state in (edge.source, edge.target)} | {self.current}

    def numbers(self, edge: Edge) -> list[int]:
        """Which steps went along that edge."""
        return [seq for seq, taken in self.steps if taken == edge]


def path_of(law: Law, number: str, actor: Actor) -> Path:
    """OutOfScope for strangers; InvalidInput for a case of another type."""
    if law_by_number(number) is not law:
        words = _("Expected a case of type %(needed)s, but %(case)s is none; name its own type")
        raise InvalidInput(words % {"needed": law.label, "case": number})
    sight, case = opened(number, actor)
    steps: list[tuple[int, Edge]] = []
    while rows := event_entries(case, sight, after=steps[-1][0] if steps else 0):
        steps += [
            (row["seq"], Edge(row["entry"]["from"] or OPENING, row["entry"]["to"], row["entry"]["action"]))
            for row in rows
        ]
        if len(rows) < MOST:
            break
    return Path(number, str(case.state), tuple(steps))
