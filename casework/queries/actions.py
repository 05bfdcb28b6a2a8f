"""What a person may do on a case now, and why not the rest."""

from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import Any

from django.utils.translation import gettext as _
from pydantic import BaseModel

from casework.domain.action import Act, ActionSpec
from casework.domain.actor import Actor
from casework.domain.authority import may
from casework.domain.case_rules import rules_of
from casework.domain.decide import check_now, check_seat, parse
from casework.domain.errors import Refusal
from casework.domain.law import Law, law_of, laws
from casework.domain.openings import unborn
from casework.domain.recorder import Recorder
from casework.domain.step import Step
from casework.queries.blind import offers_blind
from casework.queries.sight import Sight, look_at


class _NotGiven(Exception):
    """A guard asked for the data of the action, which nobody has filled in yet."""


class _NoData:
    def __getattr__(self, name: str) -> Any:
        raise _NotGiven(name)


def actions_for(number: str, actor: Actor) -> list[dict[str, Any]]:
    """Every action a person could ever perform on the case, those that open another case on it too (`opens` names the
    type). `why` and `code` say what a try would be refused with now; guards that need the data are not asked.
    Whoever scores blind hears of what they owe and of nothing else.

    {"action", "opens", "label", "allowed", "why", "code", "decides", "version_required", "schema"}"""
    return actions_in(*look_at(number, actor.person_id, actor.received_at), actor)


def actions_in(sight: Sight, case: Any, actor: Actor) -> list[dict[str, Any]]:
    """The same of a family that was looked at."""
    step = Step(family=sight.family, book=sight.book, recorder=Recorder(), at=sight.at)
    return [
        _shown(spec, opens, _refusal(spec, actor, target, sight, step))
        for spec, opens, target in _offered(case, step)
        if not sight.blind or offers_blind(spec, case, sight)
    ]


def _offered(case: Any, step: Step) -> Iterator[tuple[ActionSpec, Law | None, Any]]:
    """(action, type it opens, case it is asked of)."""
    for spec in law_of(case).actions.values():
        if not spec.opening and not spec.is_system:
            yield spec, None, case
    for law in laws().values():
        for spec in law.openings.values():
            if spec.subject == case.type and not spec.is_system:
                yield spec, law, unborn(law, case, step)


def _refusal(spec: ActionSpec, actor: Actor, case: Any, sight: Sight, step: Step) -> Refusal | None:
    try:
        asked(spec, actor, case, sight, step)
    except Refusal as refusal:
        return refusal
    return None


def asked(spec: ActionSpec, actor: Actor, case: Any, sight: Sight, step: Step, data: Any = None) -> None:
    """Nothing, or the Refusal that perform() would raise now, in its order; without `data`, guards that need it are not
    asked. An opening is asked of its subject's parties."""
    base = sight.family.by_id.get(case.pk) or sight.family.by_id[case.subject_id]
    grant, relation = may(spec, actor, case, sight.family.parties_of(base), sight.family, sight.book)
    check_now(spec, case, sight.book)
    check_seat(spec, actor, case, step)
    act = Act(
        spec=spec, actor=actor, case=case, data=_NoData() if data is None else parse(spec.form, data),
        family=sight.family, at=actor.received_at, policy=rules_of(case, sight.book),
        book=sight.book, grant=grant, relation=relation,
    )  # fmt: skip
    for guard in spec.when:
        with suppress(_NotGiven):
            guard(act)


def _shown(spec: ActionSpec, opens: Law | None, refusal: Refusal | None) -> dict[str, Any]:
    return {
        "action": spec.name, "opens": opens.label if opens else None, "label": str(spec.label),
        "allowed": refusal is None,
        "why": str(refusal) if refusal else None, "code": refusal.reason if refusal else None, "decides": spec.decides,
        "version_required": spec.decides and not spec.opening, "schema": schema_of(spec.form),
    }  # fmt: skip


@cache
def schema_of(form: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of an action's data."""
    return form.model_json_schema()


def version_needed() -> str:
    return _("Expected the version of the case you saw, since this action decides; read the case and send its version")
