"""One command and all that hangs on it, in memory until it is recorded."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from casework.domain import ledger
from casework.domain.clocks import Clockwork
from casework.domain.directory import Directory
from casework.domain.openings import count_open_tasks
from casework.domain.reading import FamilyView
from casework.domain.recorder import Recorder
from casework.domain.waking import wake
from casework.keys import new_key
from casework.models import Delivery


@dataclass
class Step:
    """What the command changes: written together or not at all."""

    family: FamilyView
    book: Directory
    recorder: Recorder
    at: datetime
    events: list[dict[str, Any]] = field(default_factory=list)
    moved: list[Any] = field(default_factory=list)
    known_loads: dict[int, int] = field(default_factory=dict)
    _delivers: bool = False

    def __post_init__(self) -> None:
        self.clocks = Clockwork(self.family, self.recorder)

    def loads(self, persons: Iterable[int]) -> Mapping[int, int]:
        """Open tasks by person, asked for once however many seats are filled."""
        if unknown := set(persons) - set(self.known_loads):
            self.known_loads |= dict.fromkeys(unknown, 0) | dict(count_open_tasks(unknown))
        return self.known_loads

    def deliver(self, case: Any, kind: str, payload: dict[str, Any]) -> None:
        """A delivery of that kind is done after the commit."""
        pk, self._delivers = new_key(), True
        self.recorder.insert(
            Delivery(
                id=pk, case_id=case.pk, kind=kind, payload=ledger.as_data(payload), dedup=f"{kind}:{pk}",
                created_at=self.at, due_at=self.at,
            )
        )  # fmt: skip

    def recorded(self) -> None:
        """Whoever delivers is told, if there is something to deliver."""
        if self._delivers:
            wake()


@dataclass
class Changes:
    """What an event tells of besides its data."""

    clocks: list[dict] = field(default_factory=list)
    parties: list[dict] = field(default_factory=list)
    choices: list[dict] = field(default_factory=list)
    documents: list[dict] = field(default_factory=list)
