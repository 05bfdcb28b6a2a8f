"""What every document about a case says, whichever type makes it: every text, number and name, frozen as plain data."""

import json
from collections.abc import Collection
from datetime import datetime
from functools import cached_property
from typing import Any

from casework.domain.authority import Bar, bars_in
from casework.domain.case_rules import rules_of
from casework.domain.clocks import COUNTING, is_late
from casework.domain.directory import Directory
from casework.domain.ledger import last_events, plain
from casework.domain.now import now
from casework.domain.policy import pinned_policy, texts
from casework.domain.reading import FamilyView
from casework.domain.wording import bar_text
from casework.models import Clock, ClockEntry


class CasePaper:
    """One document in the making: the case and the words of its policy."""

    def __init__(self, case: Any, family: Any, book: Directory) -> None:
        self.case, self.family, self.book = case, family, book
        self.policy = pinned_policy(case.policy_id)
        self.rules = rules_of(case, book)

    @property
    def moment(self) -> datetime:
        """As of when it tells of the case."""
        return now()

    @property
    def then(self) -> FamilyView:
        """The family as it was then."""
        return self.family

    def head(self, title: str) -> dict[str, Any]:
        """Which case it is, and what the document is called."""
        case = self.case
        return {
            "title": texts(self.rules.texts[title]),
            "case": {
                "number": case.number, "unit": self.book.units[case.unit_id].name, "filed_at": plain(case.opened_at),
            },
        }  # fmt: skip

    def deciders(self, *seats: str) -> list[dict[str, Any]]:
        """Whoever sits, seat by seat, and how they came to it."""
        sitting = [party for seat in seats for party in self.family.parties_of(self.case, seat)]
        return [self._decider(party) for party in sitting]

    def barred(self, seats: str, *, unless: Collection[int | None]) -> list[dict[str, Any]]:
        """Everybody barred from the seats ("a|b") but for `unless`: that those do not decide needs no saying."""
        bars = bars_in(self.then, self.book, self.moment, seat=(self.case.pk, seats))
        people = sorted((self.book.persons[p].no, p) for p in bars if p not in unless and self.is_told_of(p, bars[p]))
        return [
            {
                "name": self.book.persons[p].name, "no": no,
                "reasons": [
                    {"code": code, "text": texts(bar_text(code))} for code in dict.fromkeys(b.code for b in bars[p])
                ],
            }
            for no, p in people
        ]  # fmt: skip

    def is_told_of(self, person_id: int, bars: list[Bar]) -> bool:
        """Whether a barred person is worth a line."""
        return True

    def timeline(self) -> list[dict[str, Any]]:
        return [
            {
                "at": entry["received_at"], "what": self.what(entry),
                "who": self._who(entry), "digest": digest[:16],
            }
            for entry, digest in self._events
            if entry["action"] in self.rules.timeline
        ]  # fmt: skip

    def deadlines(self, case: Any, *names: str) -> list[dict[str, Any]]:
        """How the case's time limits of these names went, each as it last started; one that never ran is left out."""
        rules = rules_of(case, self.book).clocks
        clocks = [clock for name in names if (clock := self.clock(case, name))]
        ended = self.ends_of([clock for clock in clocks if clock.state not in COUNTING])
        return [self._deadline(clock, rules[clock.name], ended.get(clock.pk)) for clock in clocks]

    def clock(self, case: Any, name: str) -> Clock | None:
        """The last generation of the clock."""
        found: Clock | None = self.family.clock(case, name)
        return found

    def ends_of(self, clocks: list[Clock]) -> dict[int, ClockEntry]:
        """How each of them that ended did."""
        ends = ClockEntry.objects.filter(clock__in=clocks, kind__in=("stop", "breach")).order_by("id")
        return {entry.clock_id: entry for entry in ends}

    def _deadline(self, clock: Clock, rule: Any, ended: ClockEntry | None) -> dict[str, Any]:
        passed = clock.state == Clock.State.BREACHED or (ended is not None and is_late(clock, ended.at))
        return {
            "label": texts(rule.label), "limit": self.policy.limit_in_words(clock.limit),
            "started": plain(clock.started_at), "due": plain(clock.due_at), "provisional": clock.provisional,
            "pauses": [{"from": _moment(begin), "to": _moment(end)} for begin, end in clock.pauses if end],
            **({"ended": plain(ended.at)} if ended else {}),
            "state": "passed" if passed else "kept" if ended else clock.state,
        }  # fmt: skip

    def what(self, entry: dict[str, Any]) -> dict[str, str]:
        """The event in words."""
        return texts(self.rules.timeline[entry["action"]])

    def person(self, no: str) -> dict[str, str]:
        found = self.book.person_no(no)
        return {"name": found.name if found else no, "no": no}

    def party(self, role: str, person_id: int) -> dict[str, Any]:
        person = self.book.persons[person_id]
        return {
            "role": texts(self.rules.label("parties", role)), "name": person.name, "no": person.no,
            "unit": self.book.units[person.unit_id].name,
        }  # fmt: skip

    def _decider(self, party: Any) -> dict[str, Any]:
        person = self.book.persons[party.person_id]
        how = {"named": texts(self.rules.texts["named"])} if party.named else self._choice(party.role, person.no)
        return {
            "field": party.role, "seat": texts(self.rules.label("seats", party.role)), "name": person.name,
            "no": person.no, **how,
        }  # fmt: skip

    def _choice(self, seat: str, no: str) -> dict[str, Any]:
        """How the decider was chosen, from the event that seated them; empty when the seat was claimed by hand."""
        for entry, _digest in reversed(self._events):
            for choice in entry.get("choices", ()):
                if choice["seat"] == seat and choice["chosen"] == no:
                    pool, reach = len(choice["pool"]), self._unit_name(choice.get("reach", ""))
                    words = self.rules.texts["choice"].fill(pool=str(pool), lot=choice["lot"])
                    wider = {"reach": reach} if reach else {}
                    return {"choice": {"pool": pool, **wider, "lot": choice["lot"], "text": words}}
        return {}

    def _unit_name(self, code: str) -> str:
        return next((unit.name for unit in self.book.units.values() if unit.code == code), code)

    def _who(self, entry: dict[str, Any]) -> dict[str, str]:
        """Who did it; what the system did at once on somebody's behalf is theirs."""
        person = self.book.person_no(entry.get("on_behalf_of") or entry["actor"])
        return {"zh": person.name, "en": person.name} if person else {"zh": "系统", "en": "System"}

    @cached_property
    def _events(self) -> list[tuple[dict[str, Any], str]]:
        return [(json.loads(event.entry), event.digest) for event in last_events(self.case)]


def _moment(text: str) -> Any:
    return plain(datetime.fromisoformat(text))
