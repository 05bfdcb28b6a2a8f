"""What the notice of a correction says: every text, number and name, frozen as plain data."""

from typing import Any

from casework.domain.act_paper import ActPaper
from casework.domain.directory import Directory
from casework.domain.policy import texts
from workflows.evaluations.papers import Paper, shown


def correction(case: Any, family: Any, book: Directory, frame: dict[str, Any]) -> dict[str, Any]:
    """What the agent's score was and is, criterion by criterion, why, and what can still be said against it."""
    paper = _Correction(case, case, family, book, act=frame["ledger"]["seq"])
    return {
        **frame, **paper.head("correction_title"), "proposed": paper.proposal(), "criteria": paper.criteria(),
        "totals": paper.totals(), "notes": paper.notes(), "remedy": paper.remedy(), **paper.sealed("corrector"),
        "deadlines": paper.deadlines(case, "correction_approval", "objection"),
    }  # fmt: skip


SNAPSHOTS = {"correction": correction}


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
