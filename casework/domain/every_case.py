"""What the law of every case type says besides its own: class Complaint(EveryCase, Case)."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.domain import extending, urgency
from casework.domain.action import SYSTEM, Act, action
from casework.domain.clocks import COUNTING
from casework.domain.effects import ReckonClock
from casework.domain.errors import NotAllowedNow
from casework.domain.hours import calendar_named
from casework.domain.ladder import is_cut_short
from casework.domain.reckoning import reckoned_again
from casework.models import Clock


def has_moved(act: Act) -> None:
    if not _moved(act):
        words = _("Expected a deadline of %(case)s that the calendar moves, but none does; nothing to do")
        raise NotAllowedNow(words % {"case": act.case.number}, code="nothing_moved")


def _moved(act: Act) -> list[Clock]:
    """The case's counting clocks whose deadline is another by the calendar as it is now."""

    def again(clock: Clock) -> Any:
        if is_cut_short(act.policy, clock.name):  # it moves with its clock
            return None
        calendar = calendar_named(clock.calendar, act.family.stamp)
        return reckoned_again(calendar, clock, act.policy.clock(clock.name), act.at)

    clocks = [c for c in act.family.clocks if c.case_id == act.case.pk and c.state in COUNTING]
    return [clock for clock in clocks if again(clock)]


class EveryCase:
    @action(
        source="*", role=SYSTEM, event="deadlines_reckoned", label=gettext_lazy("reckon the deadlines again"),
        when=[has_moved],
    )  # fmt: skip
    def reckon_clocks(self, act: Act) -> list:
        """Whatever the calendar moves is moved; the event says from when to when."""
        return [ReckonClock(clock.name) for clock in _moved(act)]

    @action(
        source="*", role="director", decides=True, seat=urgency.TIMEKEEPER, takes_seat=True, form=extending.Extension,
        event="deadline_extended", label=gettext_lazy("extend a deadline"),
        when=[extending.has_time_to_give, extending.is_one_of_them],
    )  # fmt: skip
    def extend_clock(self, act: Act) -> list:
        """More time, as much and as often as policy gives; who owes the work and the parties are told."""
        return extending.extended(act)

    @action(
        source="*", role="director", decides=True, seat=urgency.TIMEKEEPER, takes_seat=True, form=urgency.Urgency,
        event="prioritised", label=gettext_lazy("change how urgent the case is"),
        when=[urgency.has_another, urgency.is_another],
    )  # fmt: skip
    def prioritise(self, act: Act) -> list:
        """The deadlines follow, from when they began, with their pauses; nobody's is over by that alone."""
        return urgency.prioritised(act)
