"""Service: a chapter of the evaluation's law. The agent is served and may ask about the score."""

from django.utils.translation import gettext_lazy as _
from django_fsm import GET_STATE

from casework.domain.action import SYSTEM, Act, action
from casework.domain.directory import local_day
from casework.domain.effects import Notify, PauseClock, PostponeClock, ResumeClock, StartClock, StopClock
from workflows.evaluations import forms, guards
from workflows.evaluations.states import PUBLISHED, S


class Serving:
    """From publication to the closed window."""

    @action(
        source=PUBLISHED, relation="agent", event="read", label=_("open"), when=[guards.is_not_served],
    )  # fmt: skip
    def read(self, act: Act) -> list:
        return self._served(act, "opened")

    @action(
        source=PUBLISHED, role="hr", form=forms.Receipt, event="receipted", label=_("record the receipt"),
        when=[guards.is_not_served],
    )  # fmt: skip
    def record_receipt(self, act: Act) -> list:
        return self._served(act, "receipted")

    @action(source=PUBLISHED, role=SYSTEM, callable_by_clock=True, event="deemed_served", label=_("deem served"))
    def deem_served(self, act: Act) -> list:
        """Recorded leave moves deemed service to the close of the first working day back."""
        until = guards.back_at_work(act, self.published_at)
        if until is not None:
            return [PostponeClock("deemed_service", until, "leave")]
        return self._served(act, "deemed")

    def _served(self, act: Act, how: str) -> list:
        self.reading, self.served_at, self.served_how = self.Reading.SERVED, act.at, how
        act.note["served"] = {"how": how, "day": local_day(act.at)}
        opened = [] if self.window_closed else [StartClock("objection")]
        return [StopClock("deemed_service", "served"), *opened]

    # What the agent may say to it

    @action(
        source=PUBLISHED,
        relation="agent",
        event="acknowledged",
        label=_("acknowledge"),
        when=[guards.is_served],
    )
    def acknowledge(self, act: Act) -> list:
        self.reading = self.Reading.ACKNOWLEDGED
        return []

    @action(
        source=(S.STANDING, S.PROVISIONAL), relation="agent", form=forms.Question, event="questioned",
        label=_("ask about the score"), when=[guards.is_window_open, guards.has_no_open_question],
    )  # fmt: skip
    def question(self, act: Act) -> list:
        self.reading = self.Reading.QUESTIONED
        return [
            PauseClock("objection", "question"),
            StartClock("answer"),
            Notify("questioned", parties=("inspector",), clock="answer"),
        ]

    @action(
        source=PUBLISHED, relation="inspector", form=forms.Answer, event="answered", label=_("answer the question"),
        when=[guards.has_open_question],
    )  # fmt: skip
    def answer(self, act: Act) -> list:
        self.reading = self.Reading.ANSWERED
        return [
            StopClock("answer"),
            ResumeClock("objection", "answered"),
            Notify("answered", parties=("agent",), clock="objection"),
        ]

    @action(
        source=PUBLISHED, role=SYSTEM, callable_by_clock=True, event="unanswered", label=_("note that no answer came"),
    )  # fmt: skip
    def note_unanswered(self, act: Act) -> list:
        self.reading = self.Reading.ANSWERED
        return [
            ResumeClock("objection", "unanswered"),
            Notify("unanswered", parties=("agent",), roles=("qa_lead",), clock="objection"),
        ]

    @action(
        source=PUBLISHED,
        target=GET_STATE(lambda case, act: "final" if case.state == "standing" else case.state, states=PUBLISHED),
        role=SYSTEM, callable_by_clock=True, event="window_closed", label=_("close the objection window"),
    )  # fmt: skip
    def close_window(self, act: Act) -> list:
        self.window_closed = True
        return []
