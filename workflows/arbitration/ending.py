"""Service, withdrawal, reopening: the last chapter of the arbitration's law."""

from django.utils.translation import gettext_lazy as _
from django_fsm import GET_STATE

from casework.domain import challenging
from casework.domain.action import SYSTEM, Act, action
from casework.domain.attesting import asked_for
from casework.domain.effects import (
    Leave,
    Move,
    Notify,
    PostponeClock,
    StartClock,
    StopClock,
)
from casework.domain.forms import WithReasons
from workflows.arbitration import forms, guards, panels
from workflows.arbitration.states import HEARING, S
from workflows.evaluations.forms import Receipt
from workflows.evaluations.guards import back_at_work


class Ending:
    """How it ends, and begins once more."""

    @action(
        source=S.AWARDED, target=S.FINAL, relation="agent", event="read", label=_("open the award"),
    )  # fmt: skip
    def read(self, act: Act) -> list:
        return self._served(act, "opened")

    @action(
        source=S.AWARDED, target=S.FINAL, role="hr", form=Receipt, event="receipted", label=_("record the receipt"),
    )  # fmt: skip
    def record_receipt(self, act: Act) -> list:
        return self._served(act, "receipted")

    @action(
        source=S.AWARDED, target=GET_STATE(lambda case, act: case.next_state, states=(S.AWARDED, S.FINAL)), role=SYSTEM,
        callable_by_clock=True, event="deemed_served", label=_("deem served"),
    )  # fmt: skip
    def deem_served(self, act: Act) -> list:
        """Recorded leave moves deemed service to the close of the first working day back."""
        until = back_at_work(act, act.family.clock(self, "deemed_service").started_at)
        if until is not None:
            self.next_state = self.S.AWARDED
            return [PostponeClock("deemed_service", until, "leave")]
        self.next_state = self.S.FINAL
        return self._served(act, "deemed")

    @action(
        source=HEARING, target=S.WITHDRAWN, relation="agent", event="withdrawn", label=_("withdraw the appeal"),
    )  # fmt: skip
    def withdraw(self, act: Act) -> list:
        """What was decided before stands and is final."""
        self.outcome = "withdrawn"
        return [
            Notify("withdrawn", parties=("inspector", *panels.SEATS)),
            *(Leave(seat, "released") for seat in (*panels.SEATS, challenging.RULER)),
            Move(self.dispute(act.family), "conclude", {"case": self.number, "withdrawn": True}),
        ]  # fmt: skip

    # Reopening, once

    @action(
        source=S.FINAL, target=S.REOPENING, relation="agent|inspector", form=forms.Reopening, event="reopening_asked",
        label=_("ask for reopening"), when=[guards.may_be_reopened, guards.is_reopening_in_time],
    )  # fmt: skip
    def ask_reopening(self, act: Act) -> list:
        asked = {
            "by": act.relation,
            "cause": act.data.cause,
            "reasons": str(act.data.reasons),
            "at": act.at.isoformat(),
        }
        self.reopenings = [*self.reopenings, asked | {"result": ""}]
        return [Notify("reopening_asked", roles=("director",), clock="reopening")]

    @action(
        source=S.REOPENING, target=S.SCORING, role="director", decides=True, seat="reopener", takes_seat=True,
        form=WithReasons, event="reopened", label=_("reopen"),
    )  # fmt: skip
    def reopen(self, act: Act) -> list:
        """A new panel, of persons never involved, begins from the beginning."""
        self._answered("reopened")
        self.round, self.scores, self.votes, self.findings, self.signed = self.round + 1, {}, {}, {}, []
        self.outcome, self.waived = "", []
        return [
            *(Leave(seat, "decided") for seat in panels.SEATS), Leave("reopener", "decided"),
            *self._constituted(act), Notify("reopened", parties=("agent", "inspector")),
            Move(self.dispute(act.family), "resume", {"case": self.number}),
        ]  # fmt: skip

    @action(
        source=S.REOPENING, target=S.FINAL, role="director", decides=True, seat="reopener", takes_seat=True,
        form=WithReasons, event="reopening_refused", label=_("refuse to reopen"),
    )  # fmt: skip
    def refuse_reopening(self, act: Act) -> list:
        """The award stands; the reasoned decision comes when it is ready."""
        self._answered("refused")
        told = Notify("reopening_refused", parties=("agent", "inspector"))
        return [Leave("reopener", "decided"), told, asked_for(self, "reopening_refusal")]

    @action(
        source=S.REOPENING, role=SYSTEM, callable_by_clock=True, event="reopening_delayed", label=_("report the delay"),
    )  # fmt: skip
    def report_reopening_delay(self, act: Act) -> list:
        return [StartClock("reopening"), Notify("reopening_overdue", roles=("director", "auditor"), clock="reopening")]

    # What these share

    def _served(self, act: Act, how: str) -> list:
        self.served_at, self.served_how = act.at, how
        return [StopClock("deemed_service", "served")]

    def _answered(self, result: str) -> None:
        self.reopenings = [*self.reopenings[:-1], self.reopenings[-1] | {"result": result}]
