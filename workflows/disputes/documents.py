"""What a ruling, a decision of inadmissibility and a refusal to reinstate say: every text, number and name, frozen as
plain data."""

from typing import Any

from casework.domain.act_paper import ActPaper
from casework.domain.directory import Directory
from casework.domain.hours import calendar_named
from casework.domain.limits import Limit
from casework.domain.now import now
from casework.domain.policy import texts
from casework.domain.wording import due_text, local_text
from casework.models import Document
from workflows.disputes import criteria
from workflows.evaluations.papers import Paper, both, shown
from workflows.evaluations.scoring import apply as scored


def ruling(case: Any, family: Any, book: Directory, frame: dict[str, Any]) -> dict[str, Any]:
    """The ruling on the merits, criterion by criterion."""
    paper = _Ruling(case, family.by_id[case.subject_id], family, book)
    return {
        **frame, **paper.head("ruling_title"), "criteria": [paper.criterion(code) for code in paper.codes],
        "totals": paper.totals(), "remedy": paper.remedy("remedy_appeal", "appeal_window"), **paper.foot(),
    }  # fmt: skip


def inadmissibility(case: Any, family: Any, book: Directory, frame: dict[str, Any]) -> dict[str, Any]:
    """Why the dispute is not accepted; the remedy is reinstatement."""
    paper = _Ruling(case, family.by_id[case.subject_id], family, book)
    return {
        **frame, **paper.head("inadmissibility_title"), "criteria": [paper.refused(code) for code in paper.codes],
        "remedy": paper.remedy("remedy_reinstatement", "reinstatement"), **paper.foot(),
    }  # fmt: skip


def reinstatement_refusal(case: Any, family: Any, book: Directory, frame: dict[str, Any]) -> dict[str, Any]:
    """Why the dispute stays inadmissible; it is over inside the company."""
    paper = _Refusal(case, family.by_id[case.subject_id], family, book, act=frame["ledger"]["seq"])
    return {
        **frame, **paper.head("reinstatement_refusal_title"), "refused": paper.inadmissible(), "asked": paper.asked(),
        "reasons": paper.reasons, "remedy": {"text": texts(paper.rules.texts["reinstatement_refused"])},
        **paper.sealed("reinstater"), "deadlines": paper.deadlines(case, "reinstatement", "reinstating"),
    }  # fmt: skip


SNAPSHOTS = {
    "ruling": ruling, "inadmissibility": inadmissibility, "reinstatement_refusal": reinstatement_refusal,
}  # fmt: skip


class _Ruling(Paper):
    """What a reviewer, or the rule on lateness, has decided on the claims."""

    @property
    def codes(self) -> list[str]:
        return self.in_order(self.case.claims)

    def criterion(self, code: str) -> dict[str, Any]:
        claim, entry = self.case.claims[code], self.evaluation.original[code]
        decision = claim["decision"]
        admissible = decision["decision"] != "inadmissible"
        value = decision["value"] if admissible else claim["original"]
        moved = "maintained" if value == claim["original"] else "adjusted"
        return {
            **self.named(code),
            "original": shown(claim["original"]), "claimed": shown(claim["claimed"]), "ruled": shown(value),
            "original_comment": entry.get("comment") or "", "at_seconds": entry.get("at"),
            "ground": texts(self.rules.label("grounds", claim["ground"])), "claim_reasons": claim["reasons"],
            "statement": self._statement(claim), "conceded": bool((claim["statement"] or {}).get("conceded")),
            "admissible": admissible,
            "outcome": texts(self.rules.label("outcomes", moved if admissible else "inadmissible")),
            "reasons": self._reasons(claim),
        }  # fmt: skip

    def refused(self, code: str) -> dict[str, Any]:
        decision, criterion = self.case.claims[code]["decision"], self.rubric.criterion(code)
        return {
            "code": code, "name": texts(criterion.name), "reasons": decision["reasons"] or self._late(),
            "ground_of_inadmissibility": texts(self.rules.label("inadmissibility", decision["ground"])),
        }  # fmt: skip

    def totals(self) -> dict[str, Any]:
        card, claims = self.evaluation.current, self.case.claims
        asked = {code: claim["claimed"] for code, claim in claims.items()}
        return {
            "original": self.total(card), "claimed": self.total(scored(card, asked)),
            "ruled": self.total(scored(card, criteria.ruled_values(claims))) if not self.case.annul else _NO_TOTAL,
        }  # fmt: skip

    def remedy(self, text: str, clock: str) -> dict[str, Any]:
        """The remedy and how long it is open, reckoned as if served today; served later, it ends later."""
        limit = self.rules.clocks[clock].within
        calendar = calendar_named(self.rules.clocks[clock].calendar, self.family.stamp)
        until = calendar.due(now(), Limit.parse(limit))
        words = self.policy.limit_in_words(limit)
        return {"text": self.rules.texts[text].fill(limit=words, until=due_text(until.due_at, until.provisional))}

    def foot(self) -> dict[str, Any]:
        return {
            "deciders": self.deciders("reviewer"), "issued_note": self._issued_note(),
            "barred": self.barred("reviewer", unless={self.case.concerned_id}),
            "labour_arbitration": texts(self.rules.texts["labour_arbitration"]), "timeline": self.timeline(),
            "deadlines": [
                *self.deadlines(self.evaluation, "objection"),
                *self.deadlines(self.case, "screen", "returned", "statement", "review"),
            ],
        }  # fmt: skip

    def what(self, entry: dict[str, Any]) -> dict[str, str]:
        """The event in words; where nobody screened, why."""
        what = super().what(entry)
        if (skipped := entry["data"].get("screening")) is None:
            return what
        why = self.rules.texts["leader_skipped"].fill(reason=self.rules.label("skip_reasons", skipped))
        return {"zh": f"{what['zh']}。{why['zh']}", "en": f"{what['en']}. {why['en']}"}

    def _issued_note(self) -> dict[str, str]:
        """How the document comes to bind; the moment stands in the seal."""
        signed = self.family.holder(self.case, "reviewer") is not None
        return texts(self.rules.texts["issued" if signed else "issued_by_seal"])

    def _statement(self, claim: dict[str, Any]) -> dict[str, Any] | None:
        if claim["statement"]:
            return {"text": claim["statement"]["text"]} if claim["statement"]["text"] else None
        return {"silent": True} if self.case.heard == "silent" else None

    def _reasons(self, claim: dict[str, Any]) -> str:
        """The reviewer's reasons, and before them what by rule left the reviewer no choice."""
        decision, words, parts = claim["decision"], self.rules.texts, [self.case.annul]
        if decision["decision"] == "inadmissible":
            parts.append(both(self.rules.label("inadmissibility", decision["ground"])))
        elif self.evaluation.recording_state in ("missing", "altered"):
            parts.append(both(words["recording_missing"]))
        elif (claim["statement"] or {}).get("conceded"):
            parts.append(both(words["consent"]))
        return "\n".join(part for part in (*parts, decision["reasons"]) if part)

    def _late(self) -> str:
        """When the window ended, where lateness was decided by rule."""
        clock = self.family.clock(self.evaluation, "objection")
        if clock is None:
            return both(self.policy.case_type("evaluations").texts["historical"])
        return "\n".join(self.rules.texts["late"].fill(until=local_text(clock.due_at)).values())


class _Refusal(ActPaper, Paper):
    """The refusal to reinstate a dispute."""

    outcome = "reinstatement_refused"

    def inadmissible(self) -> dict[str, Any]:
        """The criteria, and the decision that did not admit them."""
        issued = [d for d in self.family.documents if d.case_id == self.case.pk and d.kind == "inadmissibility"]
        found = next((d for d in issued if d.state == Document.State.ISSUED), None)
        codes = ", ".join(self.in_order(self.case.claims))
        return {"criteria": codes, "document": str(found.pk) if found else "—"}

    def asked(self) -> dict[str, Any]:
        """Why the agent was late, as the agent says."""
        entry, said = self.last("ask_reinstatement")
        cause = texts(self.rules.label("reinstatement_causes", entry["data"]["cause"]))
        return {"at": entry["received_at"], "cause": cause, "reasons": said["data.reasons"]}


_NO_TOTAL = {"score": "—", "band": "—", "passed": False}
