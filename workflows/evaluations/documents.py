"""What the notice of a correction and a score sheet say: every text, number and name, frozen as plain data."""

from datetime import datetime
from typing import Any

from casework.domain.act_paper import ActPaper
from casework.domain.directory import Directory
from casework.domain.ledger import plain
from casework.domain.policy import texts
from casework.domain.wording import due_text
from workflows.evaluations.papers import Paper, shown
from workflows.evaluations.scoring import apply as scored
from workflows.evaluations.scoring import clean_value
from workflows.evaluations.states import RULED, S


def correction(case: Any, family: Any, book: Directory, frame: dict[str, Any]) -> dict[str, Any]:
    """What the agent's score was and is, criterion by criterion, why, and what can still be said against it."""
    paper = _Correction(case, case, family, book, act=frame["ledger"]["seq"])
    return {
        **frame, **paper.head("correction_title"), "proposed": paper.proposal(), "criteria": paper.criteria(),
        "totals": paper.totals(), "notes": paper.notes(), "remedy": paper.remedy(), **paper.sealed("corrector"),
        "deadlines": paper.deadlines(case, "correction_approval", "objection"),
    }  # fmt: skip


def score_sheet(case: Any, family: Any, book: Directory, frame: dict[str, Any]) -> dict[str, Any]:
    """The score as it stood when it was asked for, criterion by criterion, and how long it may be disputed."""
    paper = _ScoreSheet(case, case, family, book, act=frame["ledger"]["seq"])
    return {
        **frame, **paper.head("score_sheet_title"), **paper.origin(), "categories": paper.categories(),
        "has_moved": bool(paper.stood["values"]), "has_remarks": paper.has_remarks(), "totals": paper.totals(),
        "notes": paper.notes(), "remedy": paper.remedy(),
        **paper.foot("labour_arbitration_of_score", "score_sheet_issued"),
    }  # fmt: skip


SNAPSHOTS = {"correction": correction, "score_sheet": score_sheet}


class _Correction(ActPaper, Paper):
    """A correction that was approved: its values, and what they did to the total, stand in the entry."""

    outcome = "corrected"

    def proposal(self) -> dict[str, Any]:
        entry, _said = self.last("propose_correction")
        return {"at": entry["received_at"], **self.person(entry["actor"])}

    def criteria(self) -> list[dict[str, Any]]:
        moved, (asked, said) = self.act["data"], self.last("propose_correction")
        why = {
            change["criterion"]: said[f"data.changes.{number}.reasons"]
            for number, change in enumerate(asked["data"]["changes"])
        }
        return [
            {
                **self.named(code), "original": shown(self.evaluation.original[code]),
                "before": shown(moved["previous"][code]), "after": shown(moved["values"][code]),
                "comment": self.evaluation.original[code].get("comment") or "",
                "at_seconds": self.evaluation.original[code].get("at"), "reasons": why[code],
            }
            for code in self.in_order(moved["values"])
        ]  # fmt: skip

    def totals(self) -> dict[str, Any]:
        moved = self.act["data"]
        return {when: {**moved[when], "score": moved[when]["score"] or "—"} for when in ("before", "after")}

    def notes(self) -> list[dict[str, str]]:
        """From when it holds, and that a correction after a question or a dispute raises only."""
        return [texts(self.rules.texts[name]) for name in ("correction_holds", "correction_only_raises")]

    def remedy(self) -> dict[str, Any]:
        """The new window, for the corrected criteria and what was open besides."""
        codes = self.in_order(self.act["data"]["open"])
        named = {"names": ", ".join(codes)} if codes else {}
        remedy = self.remedy_within("remedy_of_some" if codes else "remedy_of_all", "objection", **named)
        return {**remedy, "more": [texts(self.rules.texts["served"])]}


class _ScoreSheet(ActPaper, Paper):
    """A score that somebody asked for: what stood of it then is in the entry."""

    outcomes = "standings"

    def __init__(self, *about: Any, act: int) -> None:
        super().__init__(*about, act=act)
        self.stood = self.act["data"]
        self.values = scored(self.evaluation.original, self.stood["values"])

    @property
    def outcome(self) -> str:
        return str(self.stood["standing"])

    @property
    def recording_state(self) -> str:
        return str(self.stood["recording"])

    def origin(self) -> dict[str, Any]:
        """What was scored and when, how often and when it was published, how it was served, and who asked."""
        published, served = self.stood["published"], self.stood["served"]
        found: dict[str, Any] = {
            "purpose": texts(self.rules.label("kinds", self.evaluation.purpose)),
            "scored_at": plain(self.evaluation.scored_at),
            "asked": {"at": self.act["received_at"], **self.person(self.act["actor"])},
        }
        if published["at"]:
            found["published"] = published
        if served["at"]:
            found["served"] = {"at": served["at"], "how": texts(self.rules.label("service", served["how"]))}
        return found

    def categories(self) -> list[dict[str, Any]]:
        return [
            {
                "code": category.code, "name": texts(category.name),
                "criteria": [self._line(criterion) for criterion in category.criteria if criterion.code in self.values],
            }
            for category in self.rubric.categories
        ]  # fmt: skip

    def _line(self, criterion: Any) -> dict[str, Any]:
        code, entry = criterion.code, self.evaluation.original[criterion.code]
        moved = {"original": shown(clean_value(entry))} if code in self.stood["values"] else {}
        return {
            **self.named(code), "class": texts(self.rules.label("classes", criterion.cls)), **moved,
            "value": shown(clean_value(self.values[code])), "comment": entry.get("comment") or "",
            "at_seconds": entry.get("at"),
        }  # fmt: skip

    def has_remarks(self) -> bool:
        """Whether the inspector wrote anything, or named a place in the recording."""
        given = self.evaluation.original.values()
        return any(entry.get("comment") or entry.get("at") is not None for entry in given)

    def totals(self) -> dict[str, Any]:
        """The total; also the original one where it differs."""
        stood, original = self.stood, self.total(self.evaluation.original)
        now = {"score": stood["score"] or "—", "band": stood["band"], "passed": stood["passed"]}
        return {"now": now} if now == original else {"original": original, "now": now}

    def notes(self) -> list[dict[str, str]]:
        """How the total follows from the values, and what made it 0 whatever else was earned."""
        failed = [code for code in self.in_order(self.values) if self.values[code]["failed"]]
        vetoed = [self.rules.texts["score_vetoed"].fill(names=", ".join(failed))] if failed else []
        return [texts(self.rules.texts["score_sum"]), *vetoed]

    def remedy(self) -> dict[str, Any]:
        """Until when it may be disputed, or why it may not be any more."""
        text, window, words = self._against(), self.stood["window"], self.rules.texts
        until = due_text(datetime.fromisoformat(window["until"]), window["provisional"]) if window else ""
        limit = self.policy.limit_in_words(self.rules.clock("objection").within)
        more, codes = [], self.in_order(self.stood["open"])
        if codes and text.startswith("score_disputable"):
            more.append(words["score_disputable_only"].fill(names=", ".join(codes)))
        if text == "score_disputable_once_served":
            more.append(texts(words["score_served"]))
        return {"text": words[text].fill(limit=limit, until=until), "more": more}

    def _against(self) -> str:
        """The text that says what can still be said against the score."""
        stood = self.stood
        match stood["standing"]:
            case S.PROVISIONAL:
                return "provisional"
            case S.FINAL:
                return "score_final" if stood["published"]["at"] else "historical"
            case ruled if ruled in RULED:
                return "score_ruled"
        if stood["window"] is None:
            return "score_disputable_once_served"
        return "score_disputable_once_answered" if stood["window"]["paused"] else "score_disputable"
