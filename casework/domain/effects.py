"""What a transition asks for. Moves are carried out in the same transaction, through the other case's own law;
deliveries after the commit, perhaps twice; the rest belongs to the case itself."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Move:
    """SYSTEM performs `action` on `case`, on behalf of the actor, in this transaction."""

    case: Any
    action: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class OpenCase:
    """SYSTEM opens a case of `type` on this one, on behalf of the actor, in this transaction."""

    type: str
    action: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Join:
    """The person becomes a party; `named`, by a director, who thereby gives them a grant for this case only."""

    role: str
    person_id: int
    named: bool = False


@dataclass(frozen=True)
class Leave:
    """Everybody in that part leaves it (`reason` stands on the row)."""

    role: str
    reason: str


@dataclass(frozen=True)
class Seat:
    """The engine chooses a decider for `seat` among those who hold `role` (or, nobody free, the next of "a|b") and are
    not barred: least loaded, ties by lot. Nobody eligible: the seat stays empty, in plain sight, and directors and
    auditors get the notice `vacancy` (default: no_SEAT); with `replaces`, whoever sits makes room for the next, and
    stays where there is no next. `clock` starts when somebody was seated, `waits` when nobody was."""

    seat: str
    role: str
    not_again: tuple[int, ...] = ()
    replaces: bool = False
    clock: str = ""
    waits: str = ""
    vacancy: str = ""


@dataclass(frozen=True)
class Reveal:
    """Whoever was blind in this case sees from now on."""


@dataclass(frozen=True)
class StartClock:
    name: str


@dataclass(frozen=True)
class PauseClock:
    name: str
    reason: str


@dataclass(frozen=True)
class ResumeClock:
    name: str
    reason: str


@dataclass(frozen=True)
class StopClock:
    name: str
    reason: str = ""


@dataclass(frozen=True)
class PostponeClock:
    """The clock runs on to `until`, for the stated reason."""

    name: str
    until: Any
    reason: str


@dataclass(frozen=True)
class ExtendClock:
    """The clock has more time, as much as policy gives; `reason` is a code, the words stand in the event."""

    name: str
    reason: str


@dataclass(frozen=True)
class LimitClock:
    """The clock's limit is the one that its case now has: start, pauses and what was granted or promised stay."""

    name: str


@dataclass(frozen=True)
class ReckonClock:
    """The clock's deadline is reckoned again by the calendar as it is now."""

    name: str


@dataclass(frozen=True)
class Notify:
    """A notice of `kind` (texts in policy) to everyone in these parts of the case at this moment, or holding these
    roles on its unit; `clock` is the deadline it speaks of."""

    kind: str
    parties: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    clock: str = ""


@dataclass(frozen=True)
class Deliver:
    """A delivery of `kind`, done by the handler registered under that name."""

    kind: str
    payload: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AddDocument:
    """The drafted document becomes part of the case."""

    document: Any


@dataclass(frozen=True)
class ChangeDocument:
    """Fields of a document of this case change: its state, its file."""

    document: Any
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SignDocument:
    """The actor's own key, unlocked by the credential in the form, signs the document's `signature` field."""

    document: Any
    signature: str
    credential: Any


@dataclass(frozen=True)
class AddEvidence:
    """The received file becomes part of the case, with these values of its row."""

    file: Any
    values: dict[str, Any] = field(default_factory=dict)
