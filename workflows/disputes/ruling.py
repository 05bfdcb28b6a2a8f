"""The ruling, its service, and what the agent makes of it: the third chapter of the dispute's law."""

from django.utils.translation import gettext_lazy as _
from django_fsm import GET_STATE

from casework.domain import challenging, drafts
from casework.domain.action import SYSTEM, Act, action
from casework.domain.effects import (
    AddDocument,
    ChangeDocument,
    Deliver,
    Move,
    Notify,
    OpenCase,
    PostponeClock,
    Seat,
    SignDocument,
    StartClock,
    StopClock,
)
from casework.domain.forms import Drafted, Sealed, Signature
from casework.models import Document
from workflows.disputes import criteria, forms, guards
from workflows.disputes.states import SERVABLE, S
from workflows.evaluations.forms import Cause, Receipt
from workflows.evaluations.guards import back_at_work


class Ruling:
    """From the draft to the end."""

    @action(
        source=S.REVIEWING, target=S.SIGNING, role="qa_lead", decides=True, seat="reviewer", form=forms.Ruling,
        event="ruling_drafted", label=_("rule"),
        when=[
            guards.is_heard, guards.is_recording_checked, challenging.is_unchallenged, guards.is_valid_ruling,
        ],
    )  # fmt: skip
    def rule(self, act: Act) -> list:
        self.claims = criteria.decided(self.claims, act.data.criteria, self.evaluation(act))
        self.annul = str(act.data.annul)
        self.outcome = criteria.outcome(self.claims, self.evaluation(act), annulled=bool(self.annul))
        act.note["outcome"] = self.outcome
        return [Deliver("draft", {"kind": "inadmissibility" if self.outcome == "inadmissible" else "ruling"})]

    @action(
        source=S.SIGNING, target=S.REVIEWING, role="qa_lead", decides=True, seat="reviewer", event="revised",
        label=_("take the draft back"),
    )  # fmt: skip
    def revise(self, act: Act) -> list:
        return self._undecided(act)

    @action(
        source=(S.SIGNING, S.DISMISSING), role=SYSTEM, form=Drafted, event="draft_attached",
        label=_("attach the draft"), when=[drafts.has_no_draft],
    )  # fmt: skip
    def attach_draft(self, act: Act) -> list:
        document = drafts.drafted(act)
        if self.state == self.S.DISMISSING:
            return [AddDocument(document), Deliver("seal", {"document": act.data.document})]
        return [AddDocument(document), Notify("to_sign", parties=("reviewer",), clock="sign")]

    @action(
        source=S.SIGNING, target=S.SEALING, role="qa_lead", decides=True, seat="reviewer", form=Signature,
        event="signed", label=_("sign"), when=[challenging.is_unchallenged, drafts.has_read_the_draft],
    )  # fmt: skip
    def sign(self, act: Act) -> list:
        document = drafts.draft_of(self, act.family)
        return [
            SignDocument(document, "reviewer", act.data.credential),
            ChangeDocument(document, {"state": Document.State.SIGNED}),
            Deliver("seal", {"document": str(document.pk)}),
        ]  # fmt: skip

    @action(
        source=S.SIGNING, target=S.REVIEWING, role=SYSTEM, callable_by_clock=True, event="signer_replaced",
        label=_("replace the signer"),
    )  # fmt: skip
    def replace_signer(self, act: Act) -> list:
        return [
            *self._undecided(act), Seat("reviewer", "qa_lead", replaces=True), StartClock("challenge"),
            Notify("reviewer_replaced", parties=("agent",), roles=("director",)),
            Notify("to_review", parties=("reviewer",), clock="review"),
        ]  # fmt: skip

    @action(
        source=(S.SEALING, S.DISMISSING),
        target=GET_STATE(
            lambda case, act: case.S.INADMISSIBLE if case.outcome == "inadmissible" else case.S.RULED, states=SERVABLE
        ),
        role=SYSTEM, after="signed", form=Sealed, event="issued", label=_("issue"),
    )  # fmt: skip
    def issue(self, act: Act) -> list:
        """The sealed document binds and the score moves, in this transaction."""
        issued, evaluation = drafts.issued(act), self.evaluation(act)
        self.served_at, self.served_how = None, ""
        kind, window = (
            ("inadmissible", "reinstatement") if self.outcome == "inadmissible" else ("ruled", "appeal_window")
        )
        effects = [
            issued,
            Notify(kind, parties=("agent", "inspector"), clock=window),
        ]
        if self.outcome == "inadmissible":
            moves = [] if self.late else [Move(evaluation, "restore", {"case": self.number})]
        else:
            values = {} if self.annul else criteria.ruled_values(self.claims)
            moved = {"values": values, "outcome": self.outcome, "document": str(issued.document.pk)}
            moves = [Move(evaluation, "rescore", moved)]
        return [*effects, *moves]

    # Service and what follows

    @action(
        source=SERVABLE,
        relation="agent",
        event="read",
        label=_("open the decision"),
        when=[guards.is_not_served],
    )
    def read(self, act: Act) -> list:
        return self._served(act, "opened")

    @action(
        source=SERVABLE, role="hr", form=Receipt, event="receipted", label=_("record the receipt"),
        when=[guards.is_not_served],
    )  # fmt: skip
    def record_receipt(self, act: Act) -> list:
        return self._served(act, "receipted")

    @action(source=SERVABLE, role=SYSTEM, callable_by_clock=True, event="deemed_served", label=_("deem served"))
    def deem_served(self, act: Act) -> list:
        """Recorded leave moves deemed service to the close of the first working day back."""
        until = back_at_work(act, act.family.clock(self, "deemed_service").started_at)
        if until is not None:
            return [PostponeClock("deemed_service", until, "leave")]
        return self._served(act, "deemed")

    @action(source=S.RULED, target=S.FINAL, relation="agent", event="accepted", label=_("accept the ruling"))
    def accept(self, act: Act) -> list:
        return [
            Move(self.evaluation(act), "finalise", {"case": self.number}),
            Notify("accepted", parties=("inspector",)),
        ]

    @action(
        source=S.RULED, target=S.FINAL, role=SYSTEM, callable_by_clock=True, event="finalised",
        label=_("make the ruling final"),
    )  # fmt: skip
    def finalise(self, act: Act) -> list:
        return [
            Move(self.evaluation(act), "finalise", {"case": self.number}),
            Notify("finalised", parties=("agent", "inspector")),
        ]  # fmt: skip

    # Arbitration

    @action(
        source=S.RULED, target=S.APPEALED, relation="agent", form=forms.Appeal, event="appealed",
        label=_("ask for arbitration"), when=[guards.is_appeal_in_time, guards.are_appealable],
    )  # fmt: skip
    def appeal(self, act: Act) -> list:
        """What was granted is final; the rest that is named goes before a panel, and the score is provisional again."""
        given = [
            {"criterion": item.criterion, "claimed": self.claims[item.criterion]["claimed"],
             "reasons": item.reasons}
            for item in act.data.criteria
        ]  # fmt: skip
        return [
            Notify("appealed", parties=("inspector",)),
            Move(self.evaluation(act), "mark_provisional", {"case": self.number}),
            OpenCase("arbitration.Arbitration", "open", {"criteria": given}),
        ]

    @action(
        source=S.APPEALED, target=S.FINAL, role=SYSTEM, form=forms.Awarded, event="concluded", label=_("conclude"),
    )  # fmt: skip
    def conclude(self, act: Act) -> list:
        """The award takes the ruling's place, or, the appeal withdrawn, the ruling stands; either way it is over."""
        evaluation, data = self.evaluation(act), act.data
        if data.withdrawn:
            moves = [Move(evaluation, "return_to_ruling", {"case": self.number})]
        else:
            values = {code: value.plain() for code, value in data.values.items()}
            outcome = criteria.standing(evaluation, values)
            moved = {"values": values, "outcome": outcome, "document": data.document, "last_word": True}
            moves = [Move(evaluation, "rescore", moved)]
        return [*moves, Move(evaluation, "finalise", {"case": self.number})]

    @action(
        source=S.FINAL, target=S.APPEALED, role=SYSTEM, form=Cause, event="resumed",
        label=_("resume the arbitration"),
    )  # fmt: skip
    def resume(self, act: Act) -> list:
        """The arbitration was reopened: the score is provisional once more."""
        return [Move(self.evaluation(act), "mark_provisional", {"case": self.number})]

    # What these share

    def _undecided(self, act: Act) -> list:
        self.claims, self.outcome, self.annul = criteria.undecided(self.claims), "", ""
        return drafts.voided(self, act.family)

    def _served(self, act: Act, how: str) -> list:
        self.served_at, self.served_how = act.at, how
        window = "appeal_window" if self.state == self.S.RULED else "reinstatement"
        return [StopClock("deemed_service", "served"), StartClock(window)]
