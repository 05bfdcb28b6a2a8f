"""What an award and a refusal to reopen it say: every text, number and name, frozen as plain data."""

from typing import Any

from casework.domain.act_paper import ActPaper
from casework.domain.authority import Bar
from casework.domain.directory import Directory
from casework.domain.now import now
from casework.domain.policy import texts
from workflows.arbitration.panels import SEATS, VOTE_CLOCKS
from workflows.evaluations.papers import Paper, shown
from workflows.evaluations.scoring import apply as scored
from workflows.evaluations.scoring import clean_value


def award(case: Any, family: Any, book: Directory, frame: dict[str, Any]) -> dict[str, Any]:
    """The panel's decision, criterion by criterion, with every vote, every dissent and every blind score."""
    paper = _Award(case, family, book)
    return {
        **frame, **paper.head("award_title"), **paper.origin(),
        "criteria": [paper.criterion(code) for code in paper.codes], "totals": paper.totals(), "notes": paper.notes(),
        "blind": paper.blind(), "challenges": paper.challenges(), **paper.foot(),
    }  # fmt: skip


def reopening_refusal(case: Any, family: Any, book: Directory, frame: dict[str, Any]) -> dict[str, Any]:
    """Why the matter is not reopened; the award stands."""
    paper = _Refusal(case, family.by_id[family.by_id[case.subject_id].subject_id], family, book,
                     act=frame["ledger"]["seq"])  # fmt: skip
    return {
        **frame, **paper.head("reopening_refusal_title"), "award": paper.award(), "asked": paper.asked(),
        "reasons": paper.reasons, "remedy": {"text": texts(paper.rules.texts["reopening_refused"])},
        **paper.sealed("reopener"), "deadlines": paper.deadlines(case, "reopening"),
    }  # fmt: skip


SNAPSHOTS = {"award": award, "reopening_refusal": reopening_refusal}


class _Award(Paper):
    """What the arbitrators have decided on the dispute from which the case comes."""

    def __init__(self, case: Any, family: Any, book: Directory) -> None:
        self.dispute = family.by_id[case.subject_id]
        super().__init__(case, family.by_id[self.dispute.subject_id], family, book)
        self.codes = self.in_order(case.matters)

    def origin(self) -> dict[str, Any]:
        """The ruling that was appealed and, after a reopening, the award that this one replaces."""
        found: dict[str, Any] = {"ruling": {"number": self.dispute.number, "document": self._issued(self.dispute)}}
        if self.case.round > 1:
            cause = texts(self.rules.label("reopening_causes", self.case.reopenings[-1]["cause"]))
            found["replaces"] = {
                "text": texts(self.rules.texts["replaces"]), "cause": cause, "document": self._issued(self.case),
                "total": self.total(self.evaluation.current),
            }  # fmt: skip
        return found

    def criterion(self, code: str) -> dict[str, Any]:
        case, finding = self.case, self.case.findings[code]
        moved = "maintained" if finding["awarded"] == finding["before"] else "adjusted"
        votes = [self._vote(seat, code) for seat in SEATS if code in case.votes.get(seat, {})]
        return {
            **self.named(code), "original": shown(self.dispute.claims[code]["original"]),
            "claimed": shown(case.matters[code]["claimed"]), "ruled": shown(self._ruled(code)),
            **({"before": shown(finding["before"])} if case.round > 1 else {}),
            "voted": shown(finding["voted"]), "awarded": shown(finding["awarded"]),
            "outcome": texts(self.rules.label("outcomes", moved)), "appeal_reasons": case.matters[code]["reasons"],
            "votes": [vote for vote in votes if vote["field"] not in finding["dissent"]],
            "dissents": [vote for vote in votes if vote["field"] in finding["dissent"]],
            "rules": [texts(self.rules.texts[name]) for name in self._rules_applied(finding)],
        }  # fmt: skip

    def totals(self) -> dict[str, Any]:
        """The whole evaluation as it was scored, as it would be by the claims, as it was ruled on, as it is now."""
        card, findings = self.evaluation.current, self.case.findings
        ruled = scored(card, {code: self._ruled(code) for code in self.codes})
        before = {code: claim["original"] for code, claim in self.dispute.claims.items()}
        asked = {code: self.case.matters[code]["claimed"] for code in self.codes}
        return {
            "original": self.total(scored(card, before)), "claimed": self.total(scored(ruled, asked)),
            "ruled": self.total(ruled),
            "awarded": self.total(scored(card, {code: findings[code]["awarded"] for code in self.codes})),
        }  # fmt: skip

    def notes(self) -> list[dict[str, str]]:
        """How the votes become a result, and what nobody's vote can change."""
        how = "majority_rule" if self.case.panel > 1 else "sole_arbitrator"
        dissent = ["dissent"] if any(finding["dissent"] for finding in self.case.findings.values()) else []
        safe = ["no_worse_off"] if self.rules.value("no_worse_off") else []
        return [texts(self.rules.texts[name]) for name in (how, *dissent, *safe)]

    def blind(self) -> dict[str, Any]:
        """The scores given before the reveal, the two control criteria among them."""
        controls, words = self.case.controls, self.rules.texts
        drawn = {"controls_note": texts(words["controls"]), "lot": controls["lot"]} if controls["codes"] else {}
        seats = [seat for seat in SEATS if seat in self.case.scores]
        return {
            "note": texts(words["blind_scores"]), **drawn,
            "seats": [texts(self.rules.label("seats", seat)) for seat in seats],
            "rows": [
                self._blind_row(code, seats, code in controls["codes"])
                for code in self.in_order([*self.codes, *controls["codes"]])
            ],
        }  # fmt: skip

    def challenges(self) -> list[dict[str, Any]]:
        return [
            {
                "at": challenge["at"], "by": texts(self.rules.label("parties", challenge["by"])),
                "seat": texts(self.rules.label("seats", challenge["seat"])), **self.person(challenge["person"]),
                "result": texts(self.rules.label("challenge_results", challenge["result"])),
            }
            for challenge in self.case.challenges if challenge["result"]
        ]  # fmt: skip

    def foot(self) -> dict[str, Any]:
        words, deciders = self.rules.texts, self.deciders(*SEATS)
        parties = {p.person_id for role in ("agent", "inspector") for p in self.family.parties_of(self.case, role)}
        return {
            "deciders": deciders, "barred_note": texts(words["barred"]),
            "barred": self.barred("|".join(SEATS), unless=parties), "remedy": self._remedy(),
            "labour_arbitration": texts(words["labour_arbitration"]), "issued_note": texts(words["issued"]),
            "timeline": self.timeline(),
            "deadlines": [
                *self.deadlines(self.dispute, "appeal_window"),
                *self.deadlines(self.case, *VOTE_CLOCKS),
            ],
        }  # fmt: skip

    def is_told_of(self, person_id: int, bars: list[Bar]) -> bool:
        """Whoever has merely read the case bears a line only if they could have been an arbitrator."""
        read_only = {bar.code for bar in bars} == {"read_outside_panel"}
        return not read_only or any(g.role == "arbitrator" for g in self.book.grants_of(person_id, now()))

    def what(self, entry: dict[str, Any]) -> dict[str, str]:
        """The event in words, with the ground of a recusal, whom a challenge was against, and who came and went."""
        what, data = super().what(entry), entry["data"]
        details = [*self._about(data), *self._seat_changes(entry.get("parties", ()))]
        if not details:
            return what
        zh, en = "；".join(d["zh"] for d in details), "; ".join(d["en"] for d in details)
        return {"zh": f"{what['zh']}（{zh}）", "en": f"{what['en']} ({en})"}

    def _about(self, data: dict[str, Any]) -> list[dict[str, str]]:
        if "category" in data:
            return [texts(self.rules.label("recusal_categories", data["category"]))]
        if "cause" in data:
            return [texts(self.rules.label("reopening_causes", data["cause"]))]
        if "against" in data:
            name = "{name} {no}".format(**self.person(data["against"]))
            return [{"zh": name, "en": name}]
        return []

    def _seat_changes(self, changes: Any) -> list[dict[str, str]]:
        labels, found = self.rules.labels["seat_changes"], []
        for change in changes:
            if change["role"] in SEATS and change["change"] in labels:
                seat, did = self.rules.label("seats", change["role"]), labels[change["change"]]
                name = self.person(change["person"])["name"]
                found.append({"zh": f"{seat.zh}{name}{did.zh}", "en": f"{seat.en} {did.en}"})
        return found

    def _vote(self, seat: str, code: str) -> dict[str, Any]:
        vote, person_id = self.case.votes[seat][code], self.family.holder(self.case, seat)
        person = self.book.persons[person_id] if person_id else None
        return {
            "field": seat, "seat": texts(self.rules.label("seats", seat)),
            "name": person.name if person else "", "no": person.no if person else "",
            "value": shown(vote["value"]), "reasons": vote["reasons"],
        }  # fmt: skip

    def _blind_row(self, code: str, seats: list[str], control: bool) -> dict[str, Any]:
        claim = self.dispute.claims.get(code)
        original = claim["original"] if claim else clean_value(self.evaluation.current[code])
        given = [self.case.scores[seat].get(code) for seat in seats]
        return {
            **self.named(code), "control": control, "original": shown(original),
            "scores": [shown(value) if value else {"shown": "—"} for value in given],
        }  # fmt: skip

    def _ruled(self, code: str) -> dict[str, Any]:
        """What the review came to; what it did not admit, it left as it was."""
        claim = self.dispute.claims[code]
        return claim["decision"]["value"] or claim["original"]

    def _rules_applied(self, finding: dict[str, Any]) -> list[str]:
        """What by rule stands above the votes."""
        lost = self.evaluation.recording_state in ("missing", "altered")
        held = finding["awarded"] != finding["voted"]
        return ["recording_missing"] * lost + ["floor"] * (held and not lost)

    def _remedy(self) -> dict[str, Any]:
        """That nothing follows inside the company but one reopening, and when the award counts as served."""
        words = self.rules.texts
        if self.case.round > 1:
            return {"text": texts(words["last_word_again"]), "more": [texts(words["served"])]}
        within, after = (
            self.policy.limit_in_words(self.rules.value(name))
            for name in ("reopening_within", "reopening_after_evidence")
        )
        more = [words["reopening_for_evidence"].fill(limit=after), texts(words["served"])]
        return {"text": words["last_word"].fill(limit=within), "more": more}

    def _issued(self, case: Any) -> str:
        """The last document that was issued in the case."""
        issued = [d for d in self.family.documents if d.case_id == case.pk and d.issued_at]
        return str(max(issued, key=lambda document: document.issued_at).pk) if issued else "—"


class _Refusal(ActPaper, Paper):
    """The refusal to reopen a matter."""

    outcome = "reopening_refused"

    def award(self) -> str:
        """The award that stands."""
        issued = [d for d in self.family.documents if d.case_id == self.case.pk and d.kind == "award" and d.issued_at]
        before = [d for d in issued if d.issued_at <= self.moment]
        return str(max(before, key=lambda document: document.issued_at).pk)

    def asked(self) -> dict[str, Any]:
        """Who asked, and why."""
        entry, said = self.last("ask_reopening")
        data, by = entry["data"], texts(self.rules.label("parties", entry["relation"]))
        cause = texts(self.rules.label("reopening_causes", data["cause"]))
        known = {"known_since": data["known_since"]} if data["known_since"] else {}
        return {"at": entry["received_at"], "by": by, "cause": cause, **known, "reasons": said["data.reasons"]}
