"""The registered case types: each model's actions, clocks and flow, found by its folder and nothing else."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.utils.translation import gettext as _

from casework.domain.action import ActionSpec, ClockSpec
from casework.domain.errors import InvalidInput, OutOfScope
from casework.models import Case

NUMBER = r"-[0-9]{4}-[0-9]{6,12}"


@dataclass(frozen=True)
class Law:
    label: str
    app: str
    prefix: str
    model: type[Case]
    actions: dict[str, ActionSpec]
    clocks: dict[str, ClockSpec]
    flow: Any

    @property
    def states(self) -> tuple[str, ...]:
        return tuple(self.model.State.values)

    @property
    def openings(self) -> dict[str, ActionSpec]:
        return {name: spec for name, spec in self.actions.items() if spec.opening}


@cache
def laws() -> dict[str, Law]:
    """Every case type by its label, e.g. `disputes.ScoreDispute`."""
    from casework.flow.case_flow import flow_of

    found = {}
    for model in apps.get_models():
        if not issubclass(model, Case) or model is Case:
            continue
        members = (getattr(model, name, None) for name in dir(model) if not name.startswith("_"))
        specs = (getattr(member, "action", None) for member in members)
        actions = {spec.name: spec for spec in specs if isinstance(spec, ActionSpec)}
        label = f"{model._meta.app_label}.{model.__name__}"
        found[label] = Law(
            label=label, app=model._meta.app_label, prefix=model.prefix, model=model, actions=actions,
            clocks={spec.name: spec for clock in model.clocks for spec in clock.ladder()}, flow=flow_of(model),
        )  # fmt: skip
    return dict(sorted(found.items()))


@cache
def seats() -> frozenset[str]:
    """Parts of a case that decide, by the law of any type."""
    return frozenset(seat for law in laws().values() for spec in law.actions.values() for seat in spec.seats)


@cache
def filled_in() -> dict[str, frozenset[str]]:
    """By app, the names of its own that the texts and notices of a type may speak of: its `fills_in`."""
    return {law.app: frozenset(getattr(law.model, "fills_in", ())) for law in laws().values()}


def law_named(label: str) -> Law:
    try:
        return laws()[label]
    except KeyError:
        raise InvalidInput(
            _("Expected a case type, but '%(type)s' is none; the types are %(known)s")
            % {"type": label[:60], "known": ", ".join(laws())}
        ) from None


def law_of(case: Case) -> Law:
    return laws()[case.type]


def law_by_number(number: str) -> Law:
    """The type a case number belongs to; an unknown prefix is out of scope like any other foreign number."""
    for law in laws().values():
        if re.fullmatch(law.prefix + NUMBER, number):
            return law
    shown = ascii(number[:40])[1:-1]
    raise OutOfScope(_("Expected a case, but there is no case %(case)s in your scope") % {"case": shown})
