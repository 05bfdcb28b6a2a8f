"""What a ruling and a decision of inadmissibility say: every text, number and name, frozen as plain data."""

import json
from typing import Any

from casework.domain.authority import bars_in
from casework.domain.directory import Directory
from casework.domain.hours import calendar_named
from casework.domain.ledger import last_events, plain
from casework.domain.limits import Limit
from casework.domain.now import now
from casework.domain.policy import pinned_policy, texts
from casework.domain.wording import bar_text, local_text
from workflows.disputes import criteria
from workflows.evaluations.models import Recording
from workflows.evaluations.scoring import apply as scored
from workflows.evaluations.scoring import total


def ruling(case: Any, family: Any, book: Directory, frame: dict[str, Any]) -> dict[str, Any]:
    """The ruling on the merits, criterion by criterion."""
    paper = _Paper(case, family, book)
    return {
        **frame, **paper.head("ruling_title"), "criteria": [paper.criterion(code) for code in paper.codes],
        "totals": paper.totals(), "remedy": paper.remedy("remedy_appeal", "appeal_window"), **paper.foot(),
    }  # fmt: skip


def inadmissibility(case: Any, family: Any, book: Directory, frame: dict[str, Any]) -> dict[str, Any]:
    """Why the dispute is not accepted; the remedy is reinstatement."""
    paper = _Paper(case, family, book)
    return {
        **frame, **paper.head("inadmissibility_title"), "criteria": [paper.refused(code) for code in paper.codes],
        "remedy": paper.remedy("remedy_reinstatement", "reinstatement"), **paper.foot(),
    }  # fmt: skip


SNAPSHOTS = {"ruling": ruling, "inadmissibility": inadmissibility}


class _Paper:
    """One document in the making: the case, what it hangs on, and the words of its policy."""

    def __init__(self, case: Any, family: Any, book: Directory) -> None:
        self.case, self.family, self.book = case, family, book
        self.policy = pinned_policy(case.policy_id)
        self.rules = self.policy.case_type("disputes")
        self.evaluation = family.by_id[case.subject_id]
        self.rubric = self.evaluation.rubric
        # In the rubric's order: PostgreSQL and SQLite give the names of a JSON object back in different ones.
        self.codes = [code for code in self.rubric.criteria if code in case.claims]

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

    def criterion(self, code: str) -> dict[str, Any]:
        claim, criterion, entry = (
            self.case.claims[code],
            self.rubric.criterion(code),
            self.evaluation.original[code],
        )
        decision = claim["decision"]
        admissible = decision["decision"] != "inadmissible"
        value = decision["value"] if admissible else claim["original"]
        moved = "maintained" if value == claim["original"] else "adjusted"
        return {
            "code": code, "name": texts(criterion.name), "points": str(criterion.points), "kind": criterion.kind,
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
            "original": self._total(card), "claimed": self._total(scored(card, asked)),
            "ruled": self._total(scored(card, criteria.ruled_values(claims))) if not self.case.annul else _NO_TOTAL,
        }  # fmt: skip

    def remedy(self, text: str, clock: str) -> dict[str, Any]:
        """The remedy and how long it is open, reckoned as if served today; served later, it ends later."""
        limit = self.rules.clocks[clock].within
        calendar = calendar_named(self.rules.clocks[clock].calendar, self.family.stamp)
        until = calendar.due(now(), Limit.parse(limit))
        words = self.policy.limit_in_words(limit)
        return {"text": self.rules.texts[text].fill(limit=words, until=local_text(until.due_at))}

    def foot(self) -> dict[str, Any]:
        return {
            "deciders": self._deciders(), "issued_note": self._issued_note(), "barred": self._barred(),
            "labour_arbitration": texts(self.rules.texts["labour_arbitration"]), "timeline": self._timeline(),
        }  # fmt: skip

    def _issued_note(self) -> dict[str, str]:
        """How the document comes to bind; the moment stands in the seal."""
        return texts(self.rules.texts["issued" if self._deciders() else "issued_by_seal"])

    def _party(self, role: str, person_id: int) -> dict[str, Any]:
        person = self.book.persons[person_id]
        label = texts(self.rules.label("parties", role))
        return {
            "role": label,
            "name": person.name,
            "no": person.no,
            "unit": self.book.units[person.unit_id].name,
        }

    def _statement(self, claim: dict[str, Any]) -> dict[str, Any] | None:
        if claim["statement"]:
            return {"text": claim["statement"]["text"]} if claim["statement"]["text"] else None
        return {"silent": True} if self.case.heard == "silent" else None

    def _reasons(self, claim: dict[str, Any]) -> str:
        """The reviewer's reasons, and before them what by rule left the reviewer no choice."""
        decision, words, parts = claim["decision"], self.rules.texts, [self.case.annul]
        if decision["decision"] == "inadmissible":
            parts.append(_both(self.rules.label("inadmissibility", decision["ground"])))
        elif self.evaluation.recording_state in ("missing", "altered"):
            parts.append(_both(words["recording_missing"]))
        elif (claim["statement"] or {}).get("conceded"):
            parts.append(_both(words["consent"]))
        return "\n".join(part for part in (*parts, decision["reasons"]) if part)

    def _late(self) -> str:
        """When the window ended, where lateness was decided by rule."""
        clock = self.family.clock(self.evaluation, "objection")
        if clock is None:
            return _both(self.policy.case_type("evaluations").texts["historical"])
        return "\n".join(self.rules.texts["late"].fill(until=local_text(clock.due_at)).values())

    def _total(self, card: dict[str, Any]) -> dict[str, Any]:
        result = total(self.rubric, card)
        return {"score": str(result.score), "band": result.band, "passed": result.passed}

    def _deciders(self) -> list[dict[str, Any]]:
        person_id = self.family.holder(self.case, "reviewer")
        if person_id is None:
            return []
        person, choice = self.book.persons[person_id], self._choice(self.book.persons[person_id].no)
        return [
            {
                "field": "reviewer", "seat": texts(self.rules.label("seats", "reviewer")), "name": person.name,
                "no": person.no, **({"choice": choice} if choice else {}),
            }
        ]  # fmt: skip

    def _choice(self, no: str) -> dict[str, Any] | None:
        """How the reviewer came to the seat, from the event that seated them; None when it was claimed by hand."""
        for entry in reversed(self._entries()):
            for choice in entry.get("choices", ()):
                if choice["chosen"] == no:
                    words = self.rules.texts["choice"].fill(pool=str(len(choice["pool"])), lot=choice["lot"])
                    return {"pool": len(choice["pool"]), "lot": choice["lot"], "text": words}
        return None

    def _barred(self) -> list[dict[str, Any]]:
        """Everybody barred, the parties left out: that they do not decide needs no saying."""
        parties = {self.case.concerned_id}
        bars = bars_in(self.family, self.book, now(), seat=(self.case.pk, "reviewer"))
        people = sorted((self.book.persons[p].no, p) for p in bars if p not in parties)
        return [
            {
                "name": self.book.persons[p].name, "no": no,
                "reasons": [
                    {"code": code, "text": texts(bar_text(code))} for code in dict.fromkeys(b.code for b in bars[p])
                ],
            }
            for no, p in people
        ]  # fmt: skip

    def _timeline(self) -> list[dict[str, Any]]:
        return [
            {
                "at": entry["received_at"], "what": self._what(entry),
                "who": self._who(entry), "digest": digest[:16],
            }
            for entry, digest in self._events()
            if entry["action"] in self.rules.timeline
        ]  # fmt: skip

    def _what(self, entry: dict[str, Any]) -> dict[str, str]:
        """The event in words; where nobody screened, why."""
        what = texts(self.rules.timeline[entry["action"]])
        if (skipped := entry["data"].get("screening")) is None:
            return what
        why = self.rules.texts["leader_skipped"].fill(reason=self.rules.label("skip_reasons", skipped))
        return {"zh": f"{what['zh']}。{why['zh']}", "en": f"{what['en']}. {why['en']}"}

    def _who(self, entry: dict[str, Any]) -> dict[str, str]:
        person = self.book.person_no(entry["actor"])
        return {"zh": person.name, "en": person.name} if person else {"zh": "系统", "en": "System"}

    def _entries(self) -> list[dict[str, Any]]:
        return [entry for entry, _digest in self._events()]

    def _events(self) -> list[tuple[dict[str, Any], str]]:
        if not hasattr(self, "_read"):
            self._read = [(json.loads(event.entry), event.digest) for event in last_events(self.case)]
        return self._read


_NO_TOTAL = {"score": "—", "band": "—", "passed": False}


def _both(entry: Any) -> str:
    """A text in both languages, a line each."""
    return f"{entry.zh}\n{entry.en}"


def shown(value: dict[str, Any]) -> dict[str, str]:
    """A value as it is printed."""
    if value["na"]:
        return {"shown": "N/A"}
    if value["failed"] is not None:
        return {"shown": "✗" if value["failed"] else "✓"}
    return {"shown": value["score"]}
