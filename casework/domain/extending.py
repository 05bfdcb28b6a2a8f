"""More time for a deadline, where policy gives some: granted by a director who is free to decide in the matter, for
stated reasons, and told to everyone in the case. What every case type's law shares."""

from typing import Annotated, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.domain.action import Act
from casework.domain.effects import ExtendClock
from casework.domain.errors import NotAllowedNow
from casework.domain.form_words import refuse
from casework.domain.forms import Ask, Form, Line, Reasons
from casework.domain.reckoning import GRANTED
from casework.domain.urgency import known_to_all
from casework.models import Clock


class Extension(Form):
    """`clock`: the name of the deadline."""

    clock: Annotated[Line, Ask(gettext_lazy("Which deadline"))]
    reasons: Reasons


def extensible(case: Any, family: Any, rules: Any) -> list[Clock]:
    """The case's deadlines that run and for which policy still gives time."""
    latest = (family.clock(case, name) for name, rule in rules.clocks.items() if rule.extension)
    running = (clock for clock in latest if clock is not None and clock.state == Clock.State.RUNNING)
    return [clock for clock in running if len(clock.extensions) < rules.clock(clock.name).extension.at_most]


def has_time_to_give(act: Act) -> None:
    if not extensible(act.case, act.family, act.policy):
        words = _("Expected a deadline of %(case)s that can be extended, but none runs or all the time that policy "
                  "gives is used up; decide without")  # fmt: skip
        raise NotAllowedNow(words % {"case": act.case.number}, code="no_extension_left")


def is_one_of_them(act: Act) -> None:
    names = [clock.name for clock in extensible(act.case, act.family, act.policy)]
    if act.data.clock not in names:
        words = _("no such deadline can be extended now; name one of: %(names)s")
        refuse("clock", "not_extensible", words % {"names": _(", ").join(names)})


def extended(act: Act) -> list:
    return [ExtendClock(act.data.clock, GRANTED), *known_to_all(act, "extended", act.data.clock)]
