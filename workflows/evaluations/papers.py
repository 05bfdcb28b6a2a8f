"""What every decision about an evaluation says, whichever case type makes it: every text, number and name, frozen as
plain data."""

from collections.abc import Collection
from typing import Any

from casework.domain.directory import Directory
from casework.domain.ledger import plain
from casework.domain.paper import CasePaper
from casework.domain.policy import texts
from workflows.evaluations.models import Recording
from workflows.evaluations.scoring import total


class Paper(CasePaper):
    """One document in the making: the case, the evaluation it is about, and the words of its policy."""

    def __init__(self, case: Any, evaluation: Any, family: Any, book: Directory) -> None:
        super().__init__(case, family, book)
        self.evaluation, self.rubric = evaluation, evaluation.rubric

    outcomes = "outcomes"
    """The labels that say what was decided."""

    @property
    def outcome(self) -> str:
        """The code of what was decided."""
        return str(self.case.outcome)

    @property
    def recording_state(self) -> str:
        """What is known of the recording; empty where nobody has looked."""
        return str(self.evaluation.recording_state)

    def head(self, title: str) -> dict[str, Any]:
        case, evaluation, rubric = self.case, self.evaluation, self.rubric
        recording = Recording.objects.filter(interaction_id=evaluation.interaction_id).first()
        return {
            **super().head(title),
            "evaluation": {
                "number": evaluation.number, "external_id": evaluation.external_id,
                "interaction": evaluation.interaction_id, "channel": evaluation.channel,
                "started_at": plain(evaluation.fact_at), "duration_s": evaluation.duration_s,
                "recording": {
                    "sha256": recording.sha256 if recording else "",
                    "state": self.recording_state or ("unchecked" if recording else "missing"),
                },
            },
            "rubric": {
                "code": rubric.code, "version": str(rubric.version), "name": texts(rubric.name),
                "published_on": rubric.published_on.isoformat(), "in_force_from": rubric.in_force_from.isoformat(),
                "proof": texts(rubric.proof), "pass_mark": str(rubric.pass_mark),
            },
            "parties": [self.party("agent", case.concerned_id), self.party("inspector", evaluation.inspector_id)],
            "outcome": texts(self.rules.label(self.outcomes, self.outcome)),
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


def both(entry: Any) -> str:
    """A text in both languages, a line each."""
    return f"{entry.zh}\n{entry.en}"


def shown(value: dict[str, Any]) -> dict[str, str]:
    """A value as it is printed."""
    if value["na"]:
        return {"shown": "N/A"}
    if value["failed"] is not None:
        return {"shown": "×" if value["failed"] else "✓"}
    return {"shown": value["score"]}
