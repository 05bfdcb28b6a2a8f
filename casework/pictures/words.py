"""What stands in pictures, in the reader's language: states, actions, and who owes what while a case rests."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from casework.domain.ladder import clock_of
from casework.domain.law import Law
from casework.domain.policy import current_policy
from casework.domain.wording import party_label, role_label, spoken
from casework.flow.projection import nodes


@dataclass(frozen=True)
class Owing:
    """Work that a state waits for: what, by whom, and the clocks that limit it."""

    label: str
    who: tuple[str, ...]
    clocks: tuple[str, ...]


def state_name(law: Law, state: str) -> str:
    return str(dict(law.model.State.choices)[state])


def action_name(law: Law, action: str) -> str:
    return str(law.actions[action].label)


def clock_name(law: Law, clock: str) -> str:
    """As the policy in force calls it; a clock that it does not have goes by its own name."""
    rules = current_policy().case_types.get(law.app)
    return spoken(rules.clock(clock).label) if rules and clock_of(clock) in rules.clocks else clock


def who_owes(law: Law, node: Any) -> str:
    """The seat, the part or the role that a human task falls to."""
    if part := node.seat or node.relation:
        return party_label(part.split("|")[0], law.app)
    return role_label(node.role)


def owed_in(law: Law, state: str) -> list[Owing]:
    """Tasks of the same name, one for each seat of a panel, are said once."""
    found: dict[str, list[Any]] = {}
    for node in nodes(law.model):
        if state in node.states:
            found.setdefault(str(node.label), []).append(node)
    return [
        Owing(
            label,
            tuple(dict.fromkeys(who_owes(law, node) for node in same)),
            tuple(dict.fromkeys(clock_name(law, node.clock) for node in same if node.clock)),
        )
        for label, same in found.items()
    ]


def width_of(text: str, size: float) -> float:
    """About how wide the text is: Chinese characters are square, others a little more than half as wide."""
    return size * sum(1.0 if unicodedata.east_asian_width(letter) in "WF" else 0.57 for letter in text)


def wrapped(text: str, size: float, width: float) -> list[str]:
    """Lines no wider than that; between words, in Chinese between characters."""
    lines = [""]
    for piece in _pieces(text):
        if lines[-1].strip() and width_of(lines[-1] + piece.rstrip(), size) > width:
            lines.append("")
        lines[-1] += piece
    return [line.strip() for line in lines if line.strip()]


def _pieces(text: str) -> Iterable[str]:
    piece = ""
    for letter in text:
        piece += letter
        if letter == " " or unicodedata.east_asian_width(letter) in "WF":
            yield piece
            piece = ""
    yield piece
