"""What a document about one act says: the case as that act left it, whatever has happened since it was decided."""

import json
from datetime import datetime
from functools import cached_property
from typing import Any

from casework.domain.clocks import COUNTING
from casework.domain.deadline_words import sum_line
from casework.domain.hours import calendar_named, calendar_specs
from casework.domain.ledger import last_events
from casework.domain.limits import Limit
from casework.domain.paper import CasePaper
from casework.domain.policy import texts
from casework.domain.reading import FamilyView
from casework.domain.wording import due_text, in_both
from casework.models import CaseEvent, Clock, ClockEntry


class ActPaper(CasePaper):
    """The paper of the act with that number in the case's chain; it has no signature but the organisation's seal."""

    def __init__(self, *about: Any, act: int) -> None:
        super().__init__(*about)
        self._rows = list(last_events(self.case).filter(seq__lte=act).select_related("texts"))

    @property
    def act(self) -> dict[str, Any]:
        """The act's entry."""
        return self._events[-1][0]

    @property
    def moment(self) -> datetime:
        return self._rows[-1].at

    def last(self, action: str) -> tuple[dict[str, Any], dict[str, str]]:
        """The entry of the last such act by then, and what was said in it: {path, such as `data.reasons`: text}."""
        row = next(row for row in reversed(self._rows) if row.action == action)
        return json.loads(row.entry), _said(row)

    @property
    def reasons(self) -> str:
        """Why the act was decided so."""
        return _said(self._rows[-1])["data.reasons"]

    def decided_by(self, part: str) -> list[dict[str, Any]]:
        """Who decided, in which part."""
        return [{"seat": texts(self.rules.label("parties", part)), **self.person(self.act["actor"])}]

    def sealed(self, part: str) -> dict[str, Any]:
        """What every such document about a decision ends with: who decided, who was barred from it, what led there."""
        decider = self.book.person_no(self.act["actor"])
        return {
            "decided_by": self.decided_by(part),
            "barred": self.barred(part, unless={self.case.concerned_id, decider.id if decider else None}),
            **self.foot("labour_arbitration", "attested"),
        }  # fmt: skip

    def foot(self, labour_arbitration: str, issued_note: str) -> dict[str, Any]:
        """What every such document ends with, those two in the texts of these names."""
        return {
            "deciders": [], "labour_arbitration": texts(self.rules.texts[labour_arbitration]),
            "timeline": self.timeline(), "issued_note": texts(self.rules.texts[issued_note]),
        }  # fmt: skip

    def remedy_within(self, text: str, clock: str, **values: str) -> dict[str, Any]:
        """The remedy and how long it is open, with the sum, reckoned as if served with the act; served later, it ends
        later."""
        rule = self.rules.clock(clock)
        calendar = calendar_named(rule.calendar, self.family.stamp)
        until = calendar.due(self.moment, Limit.parse(rule.within), counting=rule.counting)
        words = {
            **values, "limit": self.policy.limit_in_words(rule.within),
            "until": due_text(until.due_at, until.provisional),
        }  # fmt: skip
        return {"text": self.rules.texts[text].fill(**words), "sum": _sum(until.steps, rule.within, rule.calendar)}

    # As it was then

    @cached_property
    def then(self) -> FamilyView:
        return self.family.as_of(self.moment)

    @cached_property
    def _events(self) -> list[tuple[dict[str, Any], str]]:
        return [(json.loads(row.entry), row.digest) for row in self._rows]

    def clock(self, case: Any, name: str) -> Clock | None:
        found = [c for c in self.family.clocks if (c.case_id, c.name) == (case.pk, name) and c.pk in self._begun]
        return max(found, key=lambda clock: clock.generation, default=None)

    @cached_property
    def _begun(self) -> set[int]:
        entries = ClockEntry.objects.filter(clock__in=self.family.clocks, kind="start")
        return {entry.clock_id for entry in entries if self._had_come(entry)}

    def ends_of(self, clocks: list[Clock]) -> dict[int, ClockEntry]:
        return {pk: entry for pk, entry in super().ends_of(clocks).items() if self._had_come(entry)}

    def _had_come(self, entry: ClockEntry) -> bool:
        own = any(clock.pk == entry.clock_id for clock in self.family.clocks if clock.case_id == self.case.pk)
        return entry.event_seq <= self._rows[-1].seq if own else entry.at <= self.moment

    def _deadline(self, clock: Clock, rule: Any, ended: ClockEntry | None) -> dict[str, Any]:
        told = super()._deadline(clock, rule, ended)
        if ended is None and clock.state not in COUNTING:  # it has ended since
            told["state"] = str(Clock.State.RUNNING)
        return {**told, "sum": _sum(clock.steps, clock.limit, clock.calendar)}


def _sum(steps: Any, limit: str, calendar: str) -> dict[str, str]:
    return in_both(lambda: sum_line(steps, limit, calendar_specs()[calendar]))


def _said(row: CaseEvent) -> dict[str, str]:
    texts = row.texts.texts if hasattr(row, "texts") else []
    return {text["path"]: text["text"] for text in texts}
