"""@opening and @action: a django-fsm transition that also says who may, how it is bound, and what it needs."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django_fsm import GET_STATE, transition
from pydantic import BaseModel

SYSTEM = "SYSTEM"
_deciding: ContextVar[object | None] = ContextVar("deciding", default=None)


class Empty(BaseModel, extra="forbid"):
    """The form of an action that needs no data."""


@dataclass(frozen=True)
class ActionSpec:
    """What the law says of one action."""

    name: str
    event: str
    label: Any
    sources: tuple[str, ...]
    targets: tuple[str | None, ...]
    role: str | None = None
    relation: str | None = None
    decides: bool = False
    seat: str | None = None
    takes_seat: bool = False
    form: type[BaseModel] = Empty
    when: tuple[Callable[..., None], ...] = ()
    callable_by_clock: bool = False
    vacates: str = ""
    after: str = ""
    opening: bool = False
    subject: str | None = None

    @property
    def is_system(self) -> bool:
        return self.role == SYSTEM

    @property
    def seats(self) -> tuple[str, ...]:
        """The seats from which it is done; several where a panel sits."""
        return tuple(self.seat.split("|")) if self.seat else ()

    @property
    def vacated(self) -> tuple[str, ...]:
        """The seats whose holder it replaces once they left; `casework.domain.leavers` calls it."""
        return tuple(self.vacates.split("|")) if self.vacates else ()


@dataclass(frozen=True)
class ClockSpec:
    """A clock's name, the state(s) it runs in, how it starts, and the action of its breach.

    `starts="entering"`: on entering a state of `states`; `starts="effect"`: by StartClock. Leaving `states` stops it
    unless `keeps` says that it runs until stopped. `rungs` are acts before or after it is due, by name; policy says
    when. Each is a clock too, `name.rung`, that starts, stands still, moves and ends with this one (`of`), save that
    the breach of this one does not end it. `waits_for` names the clocks that bound its pauses: while it stands still,
    one of them counts."""

    name: str
    states: tuple[str, ...]
    breach: str
    starts: str = "entering"
    keeps: bool = False
    rungs: Mapping[str, str] = field(default_factory=dict)
    waits_for: tuple[str, ...] = ()
    of: str = ""

    def ladder(self) -> tuple[ClockSpec, ...]:
        """The clock and its rungs."""
        rungs = (
            ClockSpec(f"{self.name}.{rung}", self.states, action, starts="effect", keeps=self.keeps, of=self.name)
            for rung, action in self.rungs.items()
        )
        return (self, *rungs)


@dataclass
class Act:
    """One act on one case, as a transition method sees it. Everything in it was read before; nothing reads more."""

    spec: ActionSpec
    actor: Any
    case: Any
    data: Any
    family: Any
    at: Any
    policy: Any
    book: Any = None
    grant: Any = None
    relation: str = ""
    note: dict[str, Any] = field(default_factory=dict)

    @property
    def person_id(self) -> int | None:
        return self.actor.person_id


def opening(*, target: str | GET_STATE, **kwargs: Any) -> Callable[[Callable], Callable]:
    """A transition that brings a case into being."""
    return _declare(source="", target=target, opening=True, **kwargs)


def action(*, source: str | Iterable[str], target: str | GET_STATE | None = None, **kwargs: Any) -> Callable:
    """A transition of an open case; without a target the state stays."""
    return _declare(source=source, target=target, opening=False, **kwargs)


def _declare(*, source: Any, target: Any, opening: bool, event: str, label: Any, **kwargs: Any) -> Callable:
    sources = (source,) if isinstance(source, str) else tuple(source)
    targets = tuple(target.allowed_states) if isinstance(target, GET_STATE) else (target,)

    def decorate(method: Callable) -> Callable:
        spec = ActionSpec(
            name=method.__name__, event=event, label=label, sources=tuple(map(str, sources)),
            targets=tuple(t if t is None else str(t) for t in targets), opening=opening,
            **{**kwargs, "when": tuple(kwargs.get("when", ()))},
        )  # fmt: skip

        @functools.wraps(method)
        def guarded(self: Any, act: Act) -> list[Any]:
            if _deciding.get() is not act:
                raise RuntimeError(
                    f"Expected {spec.name} to be called by perform(), but it was called directly; "
                    "call perform(case, action, actor, data, key)"
                )
            return method(self, act) or []

        lawful = transition(field="state", source=list(sources), target=target)(guarded)
        lawful.action = spec
        return lawful

    return decorate


def run_law(act: Act) -> list[Any]:
    """The transition's effects; the case in memory is in its new state."""
    token = _deciding.set(act)
    try:
        return getattr(act.case, act.spec.name)(act)
    finally:
        _deciding.reset(token)
