"""How urgent a case is, and that its deadlines follow: said by a director who is free to decide in the matter, for
stated reasons, and told to everyone in the case. What every case type's law shares."""

from typing import Annotated, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.domain.action import Act
from casework.domain.case_rules import rules_of
from casework.domain.effects import Leave, LimitClock, Notify
from casework.domain.errors import NotAllowedNow
from casework.domain.form_words import refuse
from casework.domain.forms import Ask, Form, Line, Reasons
from casework.domain.law import law_of
from casework.domain.policy_clocks import NORMAL
from casework.domain.wording import urgency_label

TIMEKEEPER = "timekeeper"


class Urgency(Form):
    """`urgency`: a code of the policy, `normal` for the usual."""

    urgency: Annotated[Line, Ask(gettext_lazy("How urgent the case is"))]
    reasons: Reasons


def urgencies(rules: Any) -> list[str]:
    """The usual and every other urgency by which some clock of the type has another limit, as policy orders them."""
    given = {code for rule in rules.clocks.values() for code in rule.urgency}
    return [code for code in rules.labels.get("urgencies", {}) if code in given or code == NORMAL]


def has_another(act: Act) -> None:
    """Whether the case is still open, and policy knows another urgency than the one it has."""
    if act.case.is_closed or set(urgencies(act.policy)) <= {act.case.urgency}:
        words = _("Expected an open case whose limits depend on how urgent it is, but %(case)s is none; nothing to "
                  "change")  # fmt: skip
        raise NotAllowedNow(words % {"case": act.case.number}, code="no_other_urgency")


def is_another(act: Act) -> None:
    others = [code for code in urgencies(act.policy) if code != act.case.urgency]
    if act.data.urgency not in others:
        words = _("that is no other urgency of this case; name one of: %(codes)s")
        refuse("urgency", "no_such_urgency", words % {"codes": _(", ").join(others)})


def prioritised(act: Act) -> list:
    """Every deadline that has another limit now is reckoned by it; what starts later starts with it."""
    before = act.policy.clocks
    act.case.urgency = act.data.urgency
    after = rules_of(act.case, act.book).clocks
    moved = [LimitClock(name) for name, rule in after.items() if rule.within != before[name].within]
    return [*moved, *known_to_all(act, "prioritised")]


def known_to_all(act: Act, kind: str, clock: str = "") -> list:
    """Whoever has a part in the case is told. A word on time decides nothing in the matter, so it bars nobody."""
    roles = tuple(sorted({p.role for p in act.family.parties_of(act.case)} - {TIMEKEEPER}))
    return [Notify(kind, parties=roles, clock=clock), Leave(TIMEKEEPER, "released")]


def urgency_of(case: Any) -> dict[str, str] | None:
    """{"code", "label"} of a case that is not of the usual urgency."""
    if case.urgency == NORMAL:
        return None
    return {"code": case.urgency, "label": urgency_label(case.urgency, law_of(case).app)}
