"""Filed by the agent, screened by the leader, answered by the inspector: the first chapter of the dispute's law."""

from django.utils.translation import gettext_lazy as _
from django_fsm import GET_STATE

from casework.domain import adding
from casework.domain.action import SYSTEM, Act, action, opening
from casework.domain.effects import (
    Deliver,
    Join,
    Move,
    Notify,
    StartClock,
    StopClock,
)
from casework.domain.forms import WithReasons
from workflows.disputes import criteria, forms, guards
from workflows.disputes.states import HEARING, S


class Filing:
    """From the filing to the review."""

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

    # Either side brings forward

    @action(
        source=HEARING, relation="agent|inspector", form=adding.NewEvidence, event="evidence_added",
        label=_("add evidence"), when=[guards.may_bring_forward, *adding.GUARDS],
    )  # fmt: skip
    def add_evidence(self, act: Act) -> list:
        """The other side is told, and whoever reviews."""
        other = "inspector" if act.relation == "agent" else "agent"
        return [*adding.added(act), Notify("evidence_added", parties=(other, "reviewer"))]

    # What these share

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

    def _dismissed(self, act: Act) -> list:
        self.first_state, self.outcome = self.S.DISMISSING, "inadmissible"
        self.claims = criteria.dismissed(self.claims, "late")
        return [Deliver("draft", {"kind": "inadmissibility"})]
