"""What every decision about an evaluation says, whichever case type makes it: every text, number and name, frozen as
plain data."""

import json
from collections.abc import Collection
from functools import cached_property
from typing import Any

from casework.domain.authority import Bar, bars_in
from casework.domain.directory import Directory
from casework.domain.ledger import last_events, plain
from casework.domain.now import now
from casework.domain.policy import pinned_policy, texts
from casework.domain.wording import bar_text
from workflows.evaluations.models import Recording
from workflows.evaluations.scoring import total


class Paper:
    """One document in the making: the case, the evaluation it is about, and the words of its policy."""

    def __init__(self, case: Any, evaluation: Any, family: Any, book: Directory) -> None:
        self.case, self.evaluation, self.family, self.book = case, evaluation, family, book
        self.policy = pinned_policy(case.policy_id)
        self.rules = self.policy.case_type(case._meta.app_label)
        self.rubric = evaluation.rubric

    def head(self, title: str) -> dict[str, Any]:
        case, evaluation, rubric = self.case, self.evaluation, self.rubric
        unit = self.book.units[case.unit_id].name
        recording = Recording.objects.filter(interaction_id=evaluation.interaction_id).first()
        return {
            "title": texts(self.rules.texts[title]),
            "case": {"number": case.number, "unit": unit, "filed_at": plain(case.opened_at)},
            "evaluation": {
                "number": evaluation.number, "external_id": evaluation.external_id,
                "interaction": evaluation.interaction_id, "channel": evaluation.channel,
                "started_at": plain(evaluation.fact_at), "duration_s": evaluation.duration_s,
                "recording": {
                    "sha256": recording.sha256 if recording else "",
                    "state": evaluation.recording_state or ("unchecked" if recording else "missing"),
                },
            },
            "rubric": {
                "code": rubric.code, "version": str(rubric.version), "name": texts(rubric.name),
                "published_on": rubric.published_on.isoformat(), "in_force_from": rubric.in_force_from.isoformat(),
                "proof": texts(rubric.proof), "pass_mark": str(rubric.pass_mark),
            },
            "parties": [self._party("agent", case.concerned_id), self._party("inspector", evaluation.inspector_id)],
            "outcome": texts(self.rules.label("outcomes", case.outcome)),
        }  # fmt: skip

    def in_order(self, codes: Collection[str]) -> list[str]:
        """In the rubric's order: PostgreSQL and SQLite give the names of a JSON object back in different ones."""
        return [code for code in self.rubric.criteria if code in codes]

    def named(self, code: str) -> dict[str, Any]:
        criterion = self.rubric.criterion(code)
        return {
            "code": code, "name": texts(criterion.name), "points": str(criterion.points), "kind": criterion.kind,
        }  # fmt: skip

    def total(self, card: dict[str, Any]) -> dict[str, Any]:
        result = total(self.rubric, card)
        return {"score": str(result.score), "band": result.band, "passed": result.passed}

    def deciders(self, *seats: str) -> list[dict[str, Any]]:
        """Whoever sits, seat by seat, and how they came to it."""
        sitting = [party for seat in seats for party in self.family.parties_of(self.case, seat)]
        return [self._decider(party) for party in sitting]

    def barred(self, seats: str, *, unless: Collection[int]) -> list[dict[str, Any]]:
        """Everybody barred from the seats ("a|b") but for `unless`: that those do not decide needs no saying."""
        bars = bars_in(self.family, self.book, now(), seat=(self.case.pk, seats))
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

    def what(self, entry: dict[str, Any]) -> dict[str, str]:
        """The event in words."""
        return texts(self.rules.timeline[entry["action"]])

    def person(self, no: str) -> dict[str, str]:
        found = self.book.person_no(no)
        return {"name": found.name if found else no, "no": no}

    def _party(self, role: str, person_id: int) -> dict[str, Any]:
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


def both(entry: Any) -> str:
    """A text in both languages, a line each."""
    return f"{entry.zh}\n{entry.en}"


def shown(value: dict[str, Any]) -> dict[str, str]:
    """A value as it is printed."""
    if value["na"]:
        return {"shown": "N/A"}
    if value["failed"] is not None:
        return {"shown": "✗" if value["failed"] else "✓"}
    return {"shown": value["score"]}
