"""A dispute that came too late for good cause: the fourth chapter of the dispute's law."""

from django.utils.translation import gettext_lazy as _
from django_fsm import GET_STATE

from casework.domain.action import SYSTEM, Act, action
from casework.domain.attesting import asked_for
from casework.domain.effects import (
    Join,
    Leave,
    Move,
    Notify,
    StartClock,
)
from casework.domain.forms import WithReasons
from workflows.disputes import criteria, forms, guards
from workflows.disputes.states import S


class Reinstatement:
    """What can be done about inadmissibility."""

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
        """It is over inside the company; the reasoned decision comes when it is ready."""
        return [Notify("reinstatement_refused", parties=("agent",)), asked_for(self, "reinstatement_refusal")]

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
