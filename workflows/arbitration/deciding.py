"""Blind scores, votes, the award: the second chapter of the arbitration's law."""

from django.utils.translation import gettext_lazy as _
from django_fsm import GET_STATE

from casework.domain import adding, drafts
from casework.domain.action import SYSTEM, Act, action
from casework.domain.effects import (
    AddDocument,
    ChangeDocument,
    Deliver,
    Move,
    Notify,
    SignDocument,
    StartClock,
    StopClock,
)
from casework.domain.forms import Drafted, Sealed, Signature
from casework.domain.wording import listed
from casework.models import Document
from workflows.arbitration import forms, guards, panels
from workflows.arbitration.states import HEARING, S


class Deciding:
    """From the recording to the issued award."""

    # Blind scoring

    @action(
        source=S.SCORING, target=GET_STATE(lambda case, act: case.next_state, states=HEARING), role="arbitrator",
        decides=True, seat="|".join(panels.SEATS), form=forms.BlindScores, event="scored_blind",
        label=_("submit blind scores"), when=[guards.has_not_scored, guards.are_valid_scores],
    )  # fmt: skip
    def score_blind(self, act: Act) -> list:
        """Sealed until the last has submitted; then revealed to all at once."""
        seat = panels.seat_of(self, act.family, act.person_id)
        self.scores = {**self.scores, seat: {item.criterion: item.value.plain() for item in act.data.criteria}}
        return [StopClock(panels.score_clock(seat), "submitted"), *self._revealed(act)]

    @action(
        source=S.SCORING, target=S.SCORING, role=SYSTEM, callable_by_clock=True, event="scorer_replaced",
        label=_("replace an arbitrator who did not score"),
    )  # fmt: skip
    def replace_scorer(self, act: Act) -> list:
        return self._replaced(act, panels.seat_of_clock(act.actor.clock), "replaced")

    @action(
        source=(S.SCORING, S.REOPENING), relation="agent|inspector", form=adding.NewEvidence, event="evidence_added",
        label=_("add evidence"), when=[*adding.GUARDS],
    )  # fmt: skip
    def add_evidence(self, act: Act) -> list:
        """Before the panel sees the matter; whoever scores blind learns nothing of it until the reveal."""
        other = "inspector" if act.relation == "agent" else "agent"
        return [*adding.added(act), Notify("evidence_added", parties=(other,))]

    # Voting

    @action(
        source=S.VOTING, target=GET_STATE(lambda case, act: case.next_state, states=(S.VOTING, S.SIGNING)),
        role="arbitrator", decides=True, seat="|".join(panels.SEATS), form=forms.Ballot, event="voted", label=_("vote"),
        when=[guards.has_not_voted, guards.are_valid_votes],
    )  # fmt: skip
    def vote(self, act: Act) -> list:
        """Seeing everything but the others' votes; the last vote makes the award."""
        seat = panels.seat_of(self, act.family, act.person_id)
        cast = {
            item.criterion: {"value": item.value.plain(), "reasons": str(item.reasons)} for item in act.data.criteria
        }
        self.votes, self.next_state = {**self.votes, seat: cast}, self.S.VOTING
        if len(self.votes) < self.panel:
            return [StopClock(panels.vote_clock(seat), "voted")]
        self.next_state, self.findings = self.S.SIGNING, panels.findings(self, self.evaluation(act.family))
        moved = any(found["awarded"] != found["before"] for found in self.findings.values())
        self.outcome = "adjusted" if moved else "maintained"
        return [StopClock(panels.vote_clock(seat), "voted"), Deliver("draft", {"kind": "award"})]

    @action(
        source=S.VOTING, target=S.SCORING, role=SYSTEM, callable_by_clock=True, event="voter_replaced",
        label=_("replace an arbitrator who did not vote"),
    )  # fmt: skip
    def replace_voter(self, act: Act) -> list:
        return self._replaced(act, panels.seat_of_clock(act.actor.clock), "replaced")

    # The award

    @action(
        source=S.SIGNING, role=SYSTEM, form=Drafted, event="draft_attached", label=_("attach the draft"),
        when=[drafts.has_no_draft],
    )  # fmt: skip
    def attach_draft(self, act: Act) -> list:
        told = Notify("to_sign", parties=panels.SEATS, clock="sign")
        return [AddDocument(drafts.drafted(act)), StartClock("sign"), told]

    @action(
        source=S.SIGNING, target=GET_STATE(lambda case, act: case.next_state, states=(S.SIGNING, S.SEALING)),
        role="arbitrator", decides=True, seat="|".join(panels.SEATS), form=Signature, event="signed", label=_("sign"),
        when=[guards.has_not_signed, drafts.has_read_the_draft],
    )  # fmt: skip
    def sign(self, act: Act) -> list:
        document, seat = drafts.draft_of(self, act.family), panels.seat_of(self, act.family, act.person_id)
        self.signed, self.next_state = [*self.signed, seat], self.S.SIGNING
        signature = SignDocument(document, seat, act.data.credential)
        if len(self.signed) < self.panel:
            return [signature]
        return [signature, *self._sealed(act)]

    @action(
        source=S.SIGNING, target=GET_STATE(lambda case, act: case.next_state, states=(S.SIGNING, S.SEALING, S.SCORING)),
        role=SYSTEM, callable_by_clock=True, event="signing_closed", label=_("close the time for signing"),
    )  # fmt: skip
    def close_signing(self, act: Act) -> list:
        """A panel issues with the majority's signatures and says so; a sole arbitrator is replaced. Without a majority
        the award waits, and the director is told."""
        if 2 * len(self.signed) > self.panel:
            act.note["not_signed"] = [seat for seat in panels.seats(self) if seat not in self.signed]
            return self._sealed(act)
        if self.panel == 1:
            self.next_state = self.S.SCORING
            return [*self._undrafted(act), *self._replaced(act, panels.SEATS[0], "replaced")]
        self.next_state = self.S.SIGNING
        return [StartClock("sign"), Notify("unsigned", roles=("director",), clock="sign")]

    @action(
        source=S.SEALING, target=S.AWARDED, role=SYSTEM, after="signed", form=Sealed, event="issued",
        label=_("issue"),
    )  # fmt: skip
    def issue(self, act: Act) -> list:
        """The sealed award binds, and the score moves through dispute to evaluation, in this transaction."""
        self.issued_at, self.served_at, self.served_how = act.at, None, ""
        issued = drafts.issued(act)
        values = {code: found["awarded"] for code, found in self.findings.items()}
        return [
            issued, Notify("awarded", parties=("agent", "inspector")),
            Move(self.dispute(act.family), "conclude",
                 {"case": self.number, "values": values, "document": str(issued.document.pk)}),
        ]  # fmt: skip

    # What these share

    def _revealed(self, act: Act, *, unchallenged: bool = False) -> list:
        """To all at once: everybody has submitted, and nobody on the panel can still be challenged."""
        self.next_state = self.S.SCORING
        if not panels.may_reveal(self, act.family, unchallenged):
            return []
        self.next_state = self.S.VOTING
        return panels.to_vote(self)

    def _sealed(self, act: Act) -> list:
        document, self.next_state = drafts.draft_of(self, act.family), self.S.SEALING
        missing = [act.book.persons[p].name for s in panels.seats(self) if s not in self.signed
                   if (p := act.family.holder(self, s))]  # fmt: skip
        note = act.policy.texts["not_signed"].fill(names=listed(missing)) if missing else None
        return [
            ChangeDocument(document, {"state": Document.State.SIGNED}),
            Deliver("seal", {"document": str(document.pk), **({"note": note} if note else {})}),
        ]  # fmt: skip

    def _undrafted(self, act: Act) -> list:
        self.findings, self.outcome, self.signed = {}, "", []
        return drafts.voided(self, act.family)
