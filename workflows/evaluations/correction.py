"""Corrections: a chapter of the evaluation's law. The inspector proposes, a QA lead who is free approves."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from casework.domain.action import SYSTEM, Act, action
from casework.domain.attesting import asked_for
from casework.domain.effects import Notify, StartClock, StopClock
from casework.domain.forms import WithReasons
from workflows.evaluations import forms, guards
from workflows.evaluations.scoring import clean_value
from workflows.evaluations.states import PUBLISHED, S


class Correcting:
    """From the proposal to the corrected score."""

    @action(
        source=(S.STANDING, S.FINAL), relation="inspector", form=forms.Correction, event="correction_proposed",
        label=_("propose a correction"),
        when=[guards.is_not_arbitrated, guards.has_no_correction, guards.is_valid_correction],
    )  # fmt: skip
    def propose_correction(self, act: Act) -> list:
        self.pending_correction = {
            "values": {c.criterion: c.value.plain() for c in act.data.changes},
            "reasons": {c.criterion: str(c.reasons) for c in act.data.changes},
        }
        return [
            StartClock("correction_approval"),
            Notify("correction_proposed", roles=("qa_lead",), clock="correction_approval"),
        ]

    @action(
        source=(S.STANDING, S.FINAL), target=S.STANDING, role="qa_lead", decides=True, seat="corrector",
        takes_seat=True, event="corrected", label=_("approve the correction"),
        when=[guards.has_correction, guards.is_still_valid_correction],
    )  # fmt: skip
    def approve_correction(self, act: Act) -> list:
        """The corrected values stand, and a window for the changed criteria only opens once they are served. Criteria
        whose own window had not closed stay open with them: a correction takes no objection away.

        The event says what the agent's notice is drawn from, which comes when it is ready."""
        values = self.pending_correction["values"]
        act.note |= {"values": values, "previous": {code: clean_value(self.current[code]) for code in values}}
        act.note["before"] = self._scored()
        self.set_values(values)
        act.note["after"] = self._scored()
        if self.window_closed:
            self.open_criteria = sorted(values)
        elif self.open_criteria:
            self.open_criteria = sorted({*values, *self.open_criteria})
        act.note["open"] = self.open_criteria
        self.pending_correction, self.window_closed = None, False
        self.reading, self.publication, self.published_at = (
            self.Reading.PUBLISHED,
            self.publication + 1,
            act.at,
        )
        self.served_at, self.served_how = None, ""
        return [
            StopClock("correction_approval"), StopClock("objection", "corrected"), StopClock("answer", "corrected"),
            StartClock("deemed_service"),
            Notify("corrected", parties=("agent",)), asked_for(self, "correction"),
        ]  # fmt: skip

    @action(
        source=(S.STANDING, S.FINAL), role="qa_lead", decides=True, seat="corrector", takes_seat=True, form=WithReasons,
        event="correction_refused", label=_("refuse the correction"), when=[guards.has_correction],
    )  # fmt: skip
    def refuse_correction(self, act: Act) -> list:
        self.pending_correction = None
        return [StopClock("correction_approval"), Notify("correction_refused", parties=("inspector",))]

    @action(
        source=PUBLISHED,
        role=SYSTEM,
        callable_by_clock=True,
        event="correction_dropped",
        label=_("drop the correction"),
    )
    def drop_correction(self, act: Act) -> list:
        self.pending_correction = None
        return [Notify("correction_dropped", parties=("inspector",), roles=("qa_lead",))]

    # What these share

    def _scored(self) -> dict[str, Any]:
        return {"score": self.score, "band": self.band, "passed": self.passed}
