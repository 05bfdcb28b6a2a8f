"""The law of a score dispute (申诉): filed by the agent, screened by the leader, ruled on by a free QA lead."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import GET_STATE

from casework.domain.action import SYSTEM, Act, ClockSpec, action, opening
from casework.domain.effects import (
    AddDocument,
    ChangeDocument,
    Deliver,
    Join,
    Leave,
    Move,
    Notify,
    PostponeClock,
    Seat,
    SignDocument,
    StartClock,
    StopClock,
)
from casework.domain.forms import Signature, WithReasons
from casework.domain.policy import texts
from casework.models import Case, Document
from workflows.disputes import criteria, forms, guards
from workflows.evaluations.forms import Receipt
from workflows.evaluations.guards import back_at_work


class ScoreDispute(Case):
    """An agent contests an evaluation; one dispute per evaluation and publication."""

    class State(models.TextChoices):
        SCREENING = "screening", _("leader screening")
        RETURNED = "returned", _("returned to the agent")
        REVIEWING = "reviewing", _("under review")
        SIGNING = "signing", _("ruling drafted, to be signed")
        SEALING = "sealing", _("signed, being sealed")
        DISMISSING = "dismissing", _("late, decision being sealed")
        RULED = "ruled", _("ruled, may go to arbitration")
        INADMISSIBLE = "inadmissible", _("inadmissible, reinstatement may be asked")
        REINSTATING = "reinstating", _("reinstatement asked")
        FINAL = "final", _("final")
        WITHDRAWN = "withdrawn", _("withdrawn")
        LAPSED = "lapsed", _("lapsed")
        DISMISSED = "dismissed", _("dismissed")

    S = State
    HEARING: ClassVar = (S.SCREENING, S.RETURNED, S.REVIEWING)
    SERVABLE: ClassVar = (S.RULED, S.INADMISSIBLE)
    OPEN: ClassVar = (
        S.SCREENING, S.RETURNED, S.REVIEWING, S.SIGNING, S.SEALING, S.DISMISSING, S.RULED, S.INADMISSIBLE,
        S.REINSTATING,
    )  # fmt: skip

    prefix = "DSP"
    title = _("Score dispute")
    closed_states = (S.FINAL, S.WITHDRAWN, S.LAPSED, S.DISMISSED)
    party_bars = {
        "agent": "agent",
        "inspector": "scored",
        "reviewer": "decided_before",
        "reinstater": "decided_before",
    }
    clocks = (
        ClockSpec("screen", states=(S.SCREENING,), breach="bypass"),
        ClockSpec("statement", states=HEARING, breach="record_silence", starts="effect"),
        ClockSpec("returned", states=(S.RETURNED,), breach="lapse"),
        ClockSpec("review", states=(S.REVIEWING,), breach="reassign_reviewer"),
        ClockSpec("sign", states=(S.SIGNING,), breach="replace_signer"),
        ClockSpec("deemed_service", states=SERVABLE, breach="deem_served"),
        ClockSpec("appeal_window", states=(S.RULED,), breach="finalise", starts="effect"),
        ClockSpec("reinstatement", states=(S.INADMISSIBLE,), breach="close", starts="effect"),
        ClockSpec("reinstating", states=(S.REINSTATING,), breach="report_reinstatement_delay"),
        ClockSpec("whole", states=OPEN, breach="report_delay"),
    )

    publication = models.PositiveSmallIntegerField(default=1)
    claims = models.JSONField(default=dict)
    late = models.BooleanField(default=False)
    screening = models.CharField(max_length=20, blank=True)
    heard = models.CharField(max_length=10, blank=True)
    outcome = models.CharField(max_length=14, blank=True)
    annul = models.TextField(blank=True)
    served_at = models.DateTimeField(null=True)
    served_how = models.CharField(max_length=12, blank=True)
    excuse = models.JSONField(null=True)

    class Meta:
        verbose_name = _("score dispute")
        verbose_name_plural = _("score disputes")

    # Filing

    @opening(
        target=GET_STATE(lambda case, act: case.first_state, states=[S.SCREENING, S.REVIEWING, S.DISMISSING]),
        subject="evaluations.Evaluation", relation="agent", form=forms.Claims, event="filed", label=_("file a dispute"),
        when=[guards.is_published, guards.has_no_open_dispute, guards.may_file_again, guards.are_valid_claims],
    )  # fmt: skip
    def file(self, act: Act) -> list:
        """In time, the score is provisional from now on; mere lateness is decided by rule, under the company's seal."""
        evaluation = self.evaluation(act)
        self.publication, self.late = evaluation.publication, guards.is_filed_late(act)
        self.claims = criteria.claimed({}, act.data.criteria, evaluation)
        leaders = guards.screening_leaders(act)
        joins = [Join("agent", self.concerned_id), Join("inspector", evaluation.inspector_id)]
        if self.late:
            return [*joins, *self._dismissed(act)]
        joins += [Join("leader", person_id) for person_id in sorted(leaders)]
        self._screened_by(act, leaders)
        filed = [*joins, StartClock("statement"), Move(evaluation, "mark_provisional", {"case": self.number})]
        if leaders:
            return [
                *filed,
                Notify("dispute_filed", parties=("inspector",), clock="statement"),
                Notify("to_screen", parties=("leader",), clock="screen"),
            ]
        return [*filed, Notify("dispute_filed", parties=("inspector",), clock="statement"), *self._reviewed()]

    @action(
        source=S.SCREENING, relation="agent", form=forms.Claims, event="criteria_added", label=_("add criteria"),
        when=[guards.is_in_time, guards.are_valid_claims],
    )  # fmt: skip
    def add_criteria(self, act: Act) -> list:
        return self._claimed(act)

    @action(source=HEARING, target=S.WITHDRAWN, relation="agent", event="withdrawn", label=_("withdraw"))
    def withdraw(self, act: Act) -> list:
        self.outcome = "withdrawn"
        return [
            Move(self.evaluation(act), "restore", {"case": self.number}),
            Notify("withdrawn", parties=("inspector",)),
        ]

    # Screening

    @action(
        source=S.SCREENING, target=S.REVIEWING, role="team_leader", event="forwarded", label=_("forward to QA"),
        when=[guards.did_not_score],
    )  # fmt: skip
    def forward(self, act: Act) -> list:
        self.screening = "forwarded"
        return [Notify("forwarded", parties=("agent",)), *self._reviewed()]

    @action(
        source=S.SCREENING, target=S.RETURNED, role="team_leader", form=WithReasons, event="returned",
        label=_("return to the agent"), when=[guards.did_not_score],
    )  # fmt: skip
    def return_to_agent(self, act: Act) -> list:
        self.screening = "returned"
        return [Notify("returned", parties=("agent",), clock="returned")]

    @action(
        source=S.SCREENING, target=S.REVIEWING, role=SYSTEM, callable_by_clock=True, event="bypassed",
        label=_("go on without the leader"),
    )  # fmt: skip
    def bypass(self, act: Act) -> list:
        self.screening = "bypassed"
        return [Notify("bypassed", parties=("agent", "leader"), clock="screen"), *self._reviewed()]

    @action(source=S.RETURNED, target=S.REVIEWING, relation="agent", event="insisted", label=_("insist"))
    def insist(self, act: Act) -> list:
        self.screening = "insisted"
        return self._reviewed()

    @action(
        source=S.RETURNED, target=S.SCREENING, relation="agent", form=forms.Claims, event="amended", label=_("amend"),
        when=[guards.adds_in_time, guards.are_valid_claims],
    )  # fmt: skip
    def amend(self, act: Act) -> list:
        """The new claims take the place of the old ones of the same criteria."""
        return [*self._claimed(act), Notify("to_screen", parties=("leader",), clock="screen")]

    @action(
        source=S.RETURNED, target=S.LAPSED, role=SYSTEM, callable_by_clock=True, event="lapsed", label=_("let lapse"),
    )  # fmt: skip
    def lapse(self, act: Act) -> list:
        self.outcome = "lapsed"
        return [
            Move(self.evaluation(act), "restore", {"case": self.number}),
            Notify("lapsed", parties=("agent",), clock="returned"),
        ]

    # The inspector is heard

    @action(
        source=HEARING, relation="inspector", form=forms.Statement, event="stated", label=_("state or concede"),
        when=[guards.is_not_heard, guards.are_valid_statements],
    )  # fmt: skip
    def give_statement(self, act: Act) -> list:
        self.heard, self.claims = "stated", criteria.stated(self.claims, act.data.criteria)
        return [StopClock("statement", "stated")]

    @action(
        source=HEARING, role=SYSTEM, callable_by_clock=True, event="silence_recorded", label=_("record the silence"),
    )  # fmt: skip
    def record_silence(self, act: Act) -> list:
        self.heard = "silent"
        return [Notify("silence_recorded", parties=("inspector", "reviewer"), clock="statement")]

    # Review

    @action(
        source=S.REVIEWING, role="qa_lead", decides=True, seat="reviewer", takes_seat=True, event="claimed",
        label=_("claim the review"),
    )  # fmt: skip
    def claim(self, act: Act) -> list:
        """An empty seat is taken; whoever already sits says that they have taken it up."""
        return []

    @action(source=S.REVIEWING, relation="reviewer", event="released", label=_("release the review"))
    def release(self, act: Act) -> list:
        return [Leave("reviewer", "released")]

    @action(
        source=(S.REVIEWING, S.SIGNING), target=S.REVIEWING, relation="reviewer", form=forms.Recusal, event="recused",
        label=_("recuse yourself"),
    )  # fmt: skip
    def recuse(self, act: Act) -> list:
        return [*self._undecided(act), Leave("reviewer", "recused"), *self._reviewed()]

    @action(
        source=S.REVIEWING, role=SYSTEM, callable_by_clock=True, event="reviewer_reassigned",
        label=_("reassign the review"),
    )  # fmt: skip
    def reassign_reviewer(self, act: Act) -> list:
        """The next reviewer, the director told; where there is no other, whoever sits stays."""
        return [
            Seat("reviewer", "qa_lead", replaces=True), StartClock("review"),
            Notify("reviewer_replaced", parties=("agent",), roles=("director",)),
            Notify("to_review", parties=("reviewer",), clock="review"),
        ]  # fmt: skip

    @action(
        source=S.REVIEWING, target=S.SIGNING, role="qa_lead", decides=True, seat="reviewer", form=forms.Ruling,
        event="ruling_drafted", label=_("rule"),
        when=[guards.is_heard, guards.is_recording_checked, guards.is_valid_ruling],
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
        source=(S.SIGNING, S.DISMISSING), role=SYSTEM, form=forms.Drafted, event="draft_attached",
        label=_("attach the draft"), when=[guards.has_no_draft],
    )  # fmt: skip
    def attach_draft(self, act: Act) -> list:
        data = act.data
        document = Document(
            id=data.document, case_id=self.pk, kind=data.kind, snapshot=data.snapshot,
            snapshot_sha256=data.snapshot_sha256, file_sha256=data.file_sha256, fields=data.fields, drafted_at=act.at,
        )  # fmt: skip
        if self.state == self.S.DISMISSING:
            return [AddDocument(document), Deliver("seal", {"document": data.document})]
        return [AddDocument(document), Notify("to_sign", parties=("reviewer",), clock="sign")]

    @action(
        source=S.SIGNING, target=S.SEALING, role="qa_lead", decides=True, seat="reviewer", form=Signature,
        event="signed", label=_("sign"), when=[guards.has_read_the_draft],
    )  # fmt: skip
    def sign(self, act: Act) -> list:
        document = self.draft(act)
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
            *self._undecided(act), Seat("reviewer", "qa_lead", replaces=True),
            Notify("reviewer_replaced", parties=("agent",), roles=("director",)),
            Notify("to_review", parties=("reviewer",), clock="review"),
        ]  # fmt: skip

    @action(
        source=(S.SEALING, S.DISMISSING),
        target=GET_STATE(
            lambda case, act: case.S.INADMISSIBLE if case.outcome == "inadmissible" else case.S.RULED, states=SERVABLE
        ),
        role=SYSTEM, after="signed", form=forms.Sealed, event="issued", label=_("issue"),
    )  # fmt: skip
    def issue(self, act: Act) -> list:
        """The sealed document binds and the score moves, in this transaction."""
        document, evaluation = self.draft(act), self.evaluation(act)
        issued = {"state": Document.State.ISSUED, "file_sha256": act.data.file_sha256, "issued_at": act.at}
        issued["fields"] = [
            f | ({"serial": act.data.serial} if f["name"] == "organisation" else {}) for f in document.fields
        ]
        self.served_at, self.served_how = None, ""
        kind, window = (
            ("inadmissible", "reinstatement") if self.outcome == "inadmissible" else ("ruled", "appeal_window")
        )
        effects = [
            ChangeDocument(document, issued),
            Notify(kind, parties=("agent", "inspector"), clock=window),
        ]
        if self.outcome == "inadmissible":
            moves = [] if self.late else [Move(evaluation, "restore", {"case": self.number})]
        else:
            values = {} if self.annul else criteria.ruled_values(self.claims)
            moved = {"values": values, "outcome": self.outcome, "document": str(document.pk)}
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

    # Reinstatement

    @action(
        source=S.INADMISSIBLE, target=S.REINSTATING, relation="agent", form=forms.Excuse, event="reinstatement_asked",
        label=_("ask for reinstatement"), when=[guards.is_reinstatement_open],
    )  # fmt: skip
    def ask_reinstatement(self, act: Act) -> list:
        self.excuse = {"cause": act.data.cause, "reasons": str(act.data.reasons)}
        return [Notify("reinstatement_asked", roles=("qa_lead",), clock="reinstating")]

    @action(
        source=S.REINSTATING,
        target=GET_STATE(lambda case, act: case.first_state, states=[S.SCREENING, S.REVIEWING]),
        role="qa_lead", decides=True, seat="reinstater", takes_seat=True, form=WithReasons, event="reinstated",
        label=_("reinstate the dispute"),
    )  # fmt: skip
    def reinstate(self, act: Act) -> list:
        """The dispute goes on as if filed in time; who found it inadmissible has decided and does not review it."""
        self.late, self.outcome, self.claims = False, "", criteria.undecided(self.claims)
        leaders = guards.screening_leaders(act)
        self._screened_by(act, leaders)
        return [
            *(Join("leader", person_id) for person_id in sorted(leaders)), Leave("reviewer", "reinstated"),
            *([] if self.heard else [StartClock("statement")]), Notify("reinstated", parties=("agent",)),
            *([] if leaders else self._reviewed()),
            Move(self.evaluation(act), "mark_provisional", {"case": self.number}),
        ]  # fmt: skip

    @action(
        source=S.REINSTATING, target=S.DISMISSED, role="qa_lead", decides=True, seat="reinstater", takes_seat=True,
        form=WithReasons, event="reinstatement_refused", label=_("refuse reinstatement"),
    )  # fmt: skip
    def refuse_reinstatement(self, act: Act) -> list:
        return [Notify("reinstatement_refused", parties=("agent",))]

    @action(
        source=S.REINSTATING,
        role=SYSTEM,
        callable_by_clock=True,
        event="reinstatement_delayed",
        label=_("report the delay"),
    )
    def report_reinstatement_delay(self, act: Act) -> list:
        return [StartClock("reinstating"), Notify("whole_limit_passed", roles=("director",), clock="whole")]

    @action(
        source=S.INADMISSIBLE,
        target=S.DISMISSED,
        role=SYSTEM,
        callable_by_clock=True,
        event="closed",
        label=_("close"),
    )
    def close(self, act: Act) -> list:
        return []

    @action(source=OPEN, role=SYSTEM, callable_by_clock=True, event="delayed", label=_("report the delay"))
    def report_delay(self, act: Act) -> list:
        """Director and auditor are told; the score stays provisional and out of pay."""
        return [Notify("whole_limit_passed", roles=("director", "auditor"), clock="whole")]

    # What several actions share

    first_state = S.SCREENING

    def evaluation(self, act: Act) -> Any:
        return act.family.by_id[self.subject_id]

    def draft(self, act: Act) -> Document | None:
        """The document being signed or sealed."""
        unfinished = (Document.State.DRAFTED, Document.State.SIGNED)
        found = [d for d in act.family.documents if d.case_id == self.pk and d.state in unfinished]
        return found[-1] if found else None

    def notice_values(self, family: Any, book: Any, rules: Any) -> dict[str, Any]:
        """What notices about this dispute may say."""
        evaluation, reviewer = family.by_id[self.subject_id], family.holder(self, "reviewer")
        outcome = rules.labels["outcomes"].get(self.outcome)
        return {
            "evaluation": evaluation.number, "score": str(evaluation.score), "criteria": ", ".join(self.claims),
            "outcome": texts(outcome) if outcome else "", "decider": book.persons[reviewer].name if reviewer else "—",
        }  # fmt: skip

    def _screened_by(self, act: Act, leaders: set[int]) -> None:
        """Who screens, or why nobody does."""
        self.screening = "" if leaders else guards.skip_reason(act)
        self.first_state = self.S.SCREENING if leaders else self.S.REVIEWING
        if self.screening:
            act.note["screening"] = self.screening

    def _claimed(self, act: Act) -> list:
        """What is claimed anew, the inspector has not been heard on: they may speak again."""
        self.claims = criteria.claimed(self.claims, act.data.criteria, self.evaluation(act))
        if not self.heard:
            return []
        self.heard = ""
        return [StartClock("statement"), Notify("dispute_filed", parties=("inspector",), clock="statement")]

    def _reviewed(self) -> list:
        return [
            Seat("reviewer", "qa_lead"),
            Notify("to_review", parties=("reviewer",), clock="review"),
            Notify("reviewer_seated", parties=("agent", "inspector")),
        ]

    def _dismissed(self, act: Act) -> list:
        self.first_state, self.outcome = self.S.DISMISSING, "inadmissible"
        self.claims = criteria.dismissed(self.claims, "late")
        return [Deliver("draft", {"kind": "inadmissibility"})]

    def _undecided(self, act: Act) -> list:
        self.claims, self.outcome, self.annul = criteria.undecided(self.claims), "", ""
        document = self.draft(act)
        return [ChangeDocument(document, {"state": Document.State.VOID})] if document else []

    def _served(self, act: Act, how: str) -> list:
        self.served_at, self.served_how = act.at, how
        window = "appeal_window" if self.state == self.S.RULED else "reinstatement"
        return [StopClock("deemed_service", "served"), StartClock(window)]
