"""Appeal, panel, challenge, replacement: the first chapter of the arbitration's law."""

from django.utils.translation import gettext_lazy as _
from django_fsm import GET_STATE

from casework.domain import challenging, naming, vacating
from casework.domain.action import SYSTEM, Act, action, opening
from casework.domain.effects import (
    Join,
    Leave,
    Notify,
    Seat,
    StartClock,
    StopClock,
)
from casework.domain.forms import Recusal
from workflows.arbitration import forms, guards, panels
from workflows.arbitration.states import HEARING, S


class Seating:
    """Who decides."""

    @opening(
        target=S.SCORING, subject="disputes.ScoreDispute", role=SYSTEM, form=forms.Appeal, event="opened",
        label=_("open the arbitration"),
    )  # fmt: skip
    def open(self, act: Act) -> list:
        """The criteria appealed are before the panel, two more are drawn as a check, the seats are filled by lot."""
        self.matters = {
            item.criterion: {"claimed": item.claimed.plain(), "reasons": str(item.reasons)}
            for item in act.data.criteria
        }
        self.panel = panels.size(self, act)
        evaluation = self.evaluation(act.family)
        return [
            Join("agent", self.concerned_id), Join("inspector", evaluation.inspector_id),
            *self._constituted(act),
        ]  # fmt: skip

    @action(
        source=S.SCORING, role="director", decides=True, seat="appointer", takes_seat=True, form=naming.Naming,
        event="arbitrator_named", label=_("name an arbitrator"), when=[guards.is_seat_empty, guards.may_be_named],
    )  # fmt: skip
    def name_arbitrator(self, act: Act) -> list:
        """The first empty seat is taken by whom the director names; a grant for this case only."""
        seat, *others = panels.empty(self, act.family)
        self.waived = []
        return [
            *naming.named(act, seat), StartClock(panels.score_clock(seat)),
            *([] if others else [StopClock("seating", "seated")]), *self._told((seat,)),
        ]  # fmt: skip

    @action(
        source=S.SCORING, role=SYSTEM, callable_by_clock=True, event="vacancy_reported", label=_("report the vacancy"),
    )  # fmt: skip
    def report_vacancy(self, act: Act) -> list:
        """Nobody was named in time: the case waits in plain sight, and the auditor is told."""
        return [StartClock("seating"), Notify("vacancy_overdue", roles=("director", "auditor"), clock="seating")]

    # The parties and the panel

    @action(
        source=S.SCORING, target=GET_STATE(lambda case, act: case.next_state, states=HEARING),
        relation="agent|inspector", event="challenge_waived", label=_("raise no challenge"),
        when=[guards.has_not_waived, guards.is_panel_full],
    )  # fmt: skip
    def waive_challenge(self, act: Act) -> list:
        """Once both have, nobody need wait for the end of the time for challenges."""
        self.waived = [*self.waived, act.relation]
        return self._revealed(act)

    @action(
        source=S.SCORING, relation="agent|inspector", form=challenging.Challenge, event="challenged",
        label=_("challenge an arbitrator"), when=[guards.has_not_waived, challenging.may_challenge],
    )  # fmt: skip
    def challenge(self, act: Act) -> list:
        """Ruled on by a QA lead or arbitrator who does not sit, else by the director."""
        return challenging.raised(act)

    @action(
        source=S.SCORING, role="qa_lead|arbitrator|director", decides=True, seat="challenge_ruler",
        form=challenging.Challenge, event="challenge_upheld", label=_("uphold a challenge"),
        when=[challenging.is_challenged],
    )  # fmt: skip
    def uphold_challenge(self, act: Act) -> list:
        seat = panels.seat_of(self, act.family, act.book.person_no(act.data.against).id)
        return [
            *challenging.ruled(act, "upheld"), *self._replaced(act, seat, "challenged"),
            Notify("challenge_upheld", parties=("agent", "inspector"), clock="challenge"),
        ]  # fmt: skip

    @action(
        source=S.SCORING, target=GET_STATE(lambda case, act: case.next_state, states=HEARING),
        role="qa_lead|arbitrator|director", decides=True, seat="challenge_ruler", form=challenging.Challenge,
        event="challenge_rejected", label=_("reject a challenge"), when=[challenging.is_challenged],
    )  # fmt: skip
    def reject_challenge(self, act: Act) -> list:
        return [
            *challenging.ruled(act, "rejected"), Notify("challenge_rejected", parties=("agent", "inspector")),
            *self._revealed(act),
        ]  # fmt: skip

    @action(
        source=S.SCORING, role=SYSTEM, callable_by_clock=True, event="challenge_passed_on",
        label=_("pass the challenge on to a director"),
    )  # fmt: skip
    def pass_challenge_on(self, act: Act) -> list:
        return challenging.passed_on()

    @action(
        source=S.SCORING, target=GET_STATE(lambda case, act: case.next_state, states=HEARING), role=SYSTEM,
        callable_by_clock=True, event="challenges_closed", label=_("close the time for challenges"),
    )  # fmt: skip
    def close_challenges(self, act: Act) -> list:
        return self._revealed(act, unchallenged=True)

    @action(
        source=HEARING, target=S.SCORING, relation="|".join(panels.SEATS), form=Recusal, event="recused",
        label=_("recuse yourself"), when=[guards.has_not_voted],
    )  # fmt: skip
    def recuse(self, act: Act) -> list:
        return self._replaced(act, act.relation, "recused")

    @action(
        source=(*HEARING, S.SIGNING), target=S.SCORING, role=SYSTEM, form=vacating.Leaver,
        vacates="|".join((*panels.SEATS, challenging.RULER)), event="leaver_replaced",
        label=_("replace a decider who left"), when=[vacating.has_left, guards.is_award_stuck],
    )  # fmt: skip
    def replace_leaver(self, act: Act) -> list:
        """The blind score of whoever left is void, and so is their vote and a draft that rests on it."""
        if act.data.seat == challenging.RULER:
            return challenging.ruler_left()
        undrafted = self._undrafted(act) if self.findings else []
        return [*undrafted, *self._replaced(act, act.data.seat, vacating.LEFT)]

    # What these share

    def _constituted(self, act: Act) -> list:
        """The check criteria are drawn and every seat is filled, or waits to be."""
        self.controls = panels.controls(self, act)
        act.note |= {"panel": self.panel, "controls": self.controls}
        seated = [self._seated(act, seat) for seat in panels.seats(self)]
        return [*seated, *self._told(panels.seats(self))]

    def _seated(self, act: Act, seat: str) -> Seat:
        """Never anybody who sat here before."""
        here = {p.person_id for p in act.family.parties if p.case_id == self.pk}
        return Seat(
            seat, "arbitrator", not_again=tuple(sorted(here)), clock=panels.score_clock(seat), waits="seating",
            vacancy="no_arbitrator",
        )  # fmt: skip

    def _told(self, seats: tuple[str, ...], kind: str = "panel_seated") -> list:
        """The parties hear who decides and may challenge; whoever was seated hears that there is something to do."""
        return [
            StartClock("challenge"), Notify(kind, parties=("agent", "inspector"), clock="challenge"),
            *(Notify("to_score", parties=(seat,), clock=panels.score_clock(seat)) for seat in seats),
        ]  # fmt: skip

    def _replaced(self, act: Act, seat: str, reason: str) -> list:
        """What they scored and voted is void, and so is a challenge of them; the next one begins blind."""
        leaving = act.family.holder(self, seat)
        self.scores = {s: values for s, values in self.scores.items() if s != seat}
        self.votes = {s: values for s, values in self.votes.items() if s != seat}
        self.waived = []
        return [
            *(challenging.moot(self, act.book.persons[leaving].no) if leaving else ()),
            StopClock(panels.score_clock(seat), reason), Notify("seat_lost", parties=(seat,)), Leave(seat, reason),
            self._seated(act, seat),
            *self._told((seat,), "arbitrator_replaced"),
        ]  # fmt: skip
