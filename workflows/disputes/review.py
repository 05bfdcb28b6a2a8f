"""A free QA lead is seated, challenged, replaced: the second chapter of the dispute's law."""

from django.utils.translation import gettext_lazy as _
from django_fsm import GET_STATE

from casework.domain import challenging, naming, vacating
from casework.domain.action import SYSTEM, Act, action
from casework.domain.effects import (
    Leave,
    Notify,
    Seat,
    StartClock,
    StopClock,
)
from casework.domain.forms import Recusal
from workflows.disputes import guards
from workflows.disputes.states import DECIDING, S


class Review:
    """Who reviews."""

    @action(
        source=S.REVIEWING, role="qa_lead", decides=True, seat="reviewer", takes_seat=True, event="claimed",
        label=_("claim the review"),
    )  # fmt: skip
    def claim(self, act: Act) -> list:
        """An empty seat is taken; whoever already sits says that they have taken it up."""
        if act.family.holder(self, "reviewer") is not None:
            return []
        return [StopClock("naming", "claimed"), *self._reviewer_told()]

    @action(
        source=S.REVIEWING, role="director", decides=True, seat="appointer", takes_seat=True, form=naming.Naming,
        event="reviewer_named", label=_("name a reviewer"), when=[guards.is_seat_empty, guards.may_be_named],
    )  # fmt: skip
    def name_reviewer(self, act: Act) -> list:
        """Nobody who could review was free: the director names a person, as a grant for this case only."""
        return [
            *naming.named(act, "reviewer"), StopClock("naming", "named"), StartClock("review"), *self._reviewer_told(),
        ]  # fmt: skip

    @action(
        source=S.REVIEWING, role=SYSTEM, callable_by_clock=True, event="vacancy_reported",
        label=_("report the vacancy"),
    )  # fmt: skip
    def report_vacancy(self, act: Act) -> list:
        """Nobody was named in time: the case waits in plain sight, and the auditor is told."""
        return [StartClock("naming"), Notify("no_reviewer", roles=("director", "auditor"), clock="naming")]

    @action(source=S.REVIEWING, relation="reviewer", event="released", label=_("release the review"))
    def release(self, act: Act) -> list:
        return [Leave("reviewer", "released")]

    @action(
        source=(S.REVIEWING, S.SIGNING), target=S.REVIEWING, relation="reviewer", form=Recusal, event="recused",
        label=_("recuse yourself"),
    )  # fmt: skip
    def recuse(self, act: Act) -> list:
        return self._reviewer_replaced(act, "recused")

    @action(
        source=DECIDING, relation="agent|inspector", form=challenging.Challenge, event="challenged",
        label=_("challenge the reviewer"), when=[challenging.may_challenge],
    )  # fmt: skip
    def challenge(self, act: Act) -> list:
        return challenging.raised(act)

    @action(
        source=DECIDING, target=S.REVIEWING, role="qa_lead|arbitrator|director", decides=True, seat="challenge_ruler",
        form=challenging.Challenge, event="challenge_upheld", label=_("uphold a challenge"),
        when=[challenging.is_challenged],
    )  # fmt: skip
    def uphold_challenge(self, act: Act) -> list:
        return [
            *challenging.ruled(act, "upheld"), *self._reviewer_replaced(act, "challenged"),
            Notify("challenge_upheld", parties=("agent", "inspector"), clock="challenge"),
        ]  # fmt: skip

    @action(
        source=DECIDING, role="qa_lead|arbitrator|director", decides=True, seat="challenge_ruler",
        form=challenging.Challenge, event="challenge_rejected", label=_("reject a challenge"),
        when=[challenging.is_challenged],
    )  # fmt: skip
    def reject_challenge(self, act: Act) -> list:
        told = Notify("challenge_rejected", parties=("agent", "inspector"))
        return [*challenging.ruled(act, "rejected"), told]

    @action(
        source=DECIDING, role=SYSTEM, callable_by_clock=True, event="challenge_passed_on",
        label=_("pass the challenge on to a director"),
    )  # fmt: skip
    def pass_challenge_on(self, act: Act) -> list:
        return challenging.passed_on()

    @action(
        source=DECIDING, role=SYSTEM, callable_by_clock=True, event="challenges_closed",
        label=_("close the time for challenges"),
    )  # fmt: skip
    def close_challenges(self, act: Act) -> list:
        return []

    @action(
        source=S.REVIEWING, role=SYSTEM, callable_by_clock=True, event="reviewer_reassigned",
        label=_("reassign the review"),
    )  # fmt: skip
    def reassign_reviewer(self, act: Act) -> list:
        """The next reviewer, the director told; where there is no other, whoever sits stays."""
        return [
            Seat("reviewer", "qa_lead", replaces=True), StartClock("review"), StartClock("challenge"),
            Notify("reviewer_replaced", parties=("agent",), roles=("director",)),
            Notify("to_review", parties=("reviewer",), clock="review"),
        ]  # fmt: skip

    @action(
        source=DECIDING, target=GET_STATE(lambda case, act: case.next_state, states=DECIDING), role=SYSTEM,
        form=vacating.Leaver, vacates="reviewer|challenge_ruler", event="leaver_replaced",
        label=_("replace a decider who left"), when=[vacating.has_left],
    )  # fmt: skip
    def replace_leaver(self, act: Act) -> list:
        """The next reviewer begins from the beginning, with the whole time for it."""
        self.next_state = self.state
        if act.data.seat == challenging.RULER:
            return challenging.ruler_left()
        self.next_state = self.S.REVIEWING
        anew = [StartClock("review")] if act.family.is_running(self, "review") else []
        return [*self._reviewer_replaced(act, vacating.LEFT), *anew]

    # What these share

    next_state = S.REVIEWING

    def _reviewed(self) -> list:
        return [Seat("reviewer", "qa_lead", waits="naming"), *self._reviewer_told()]

    def _reviewer_told(self) -> list:
        """The parties hear who decides and may challenge; whoever was seated hears that there is something to do."""
        return [
            StartClock("challenge"), Notify("to_review", parties=("reviewer",), clock="review"),
            Notify("reviewer_seated", parties=("agent", "inspector"), clock="challenge"),
        ]  # fmt: skip

    def _reviewer_replaced(self, act: Act, reason: str) -> list:
        """What they drafted is void, and so is a challenge of them; the next one begins."""
        leaving = act.family.holder(self, "reviewer")
        return [
            *self._undecided(act), *(challenging.moot(self, act.book.persons[leaving].no) if leaving else ()),
            Leave("reviewer", reason), *self._reviewed(),
        ]  # fmt: skip
