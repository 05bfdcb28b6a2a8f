"""The rules of one case: those of the policy that it pins, with the packs that hold for it, by the calendar of its
unit."""

from functools import lru_cache
from typing import Any

from casework.domain.directory import Directory, directory
from casework.domain.law import law_of
from casework.domain.policy import current_digest, pinned_policy
from casework.domain.policy_clocks import NORMAL, OFFICE
from casework.domain.policy_content import SITE, CaseTypePolicy, Organisation, Policy


def rules_of(case: Any, book: Directory | None = None) -> CaseTypePolicy:
    """What the policy says of this case. A clock's rule is that of the pack put nearest: on the kind of the case, on
    its type, on its unit, on a unit above; `regulation` says which rules it stands before. Where no pack decides, its
    limit is that of the case's urgency. Each calendar has a name."""
    app, organisation = law_of(case).app, pinned_policy(case.policy_id).organisation
    units: tuple[str, ...] = ()
    if organisation.sites or any(placement.unit for placement in organisation.packs):
        book = book or directory()
        units = tuple(book.units[unit].code for unit in book.ancestors[case.unit_id])
    kind = _kind_of(case) if any(p.kind and p.case_type == app for p in organisation.packs) else ""
    return _rules(case.policy_id, current_digest(), app, units, kind, case.urgency)


@lru_cache(maxsize=1024)
def _rules(digest: str, _in_force: str, app: str, units: tuple[str, ...], kind: str, urgency: str) -> CaseTypePolicy:
    """`_in_force`: what an older policy did not know is as that one says."""
    return composed(pinned_policy(digest), app, units, kind, urgency)


def composed(
    policy: Policy, app: str, units: tuple[str, ...] = (), kind: str = "", urgency: str = NORMAL
) -> CaseTypePolicy:
    """The rules of a case of that kind and urgency in the first of these units, which the others lie above."""
    rules, organisation = policy.case_type(app), policy.organisation
    clocks = dict(rules.clocks)
    for name in reversed(_packs(organisation, app, units, kind)):
        for clock, limit in policy.packs[name].clocks.get(app, {}).items():
            clocks[clock] = limit.onto(clocks.get(clock), name)
    clocks = {name: rule.at(urgency) for name, rule in clocks.items()}
    for clock, rule in clocks.items():
        if rule.calendar == SITE:
            clocks[clock] = rule.model_copy(update={"calendar": site_calendar(organisation, units)})
    return rules.model_copy(update={"clocks": clocks})


def site_calendar(organisation: Organisation, units: tuple[str, ...]) -> str:
    """What `site` means in the first of these units: the calendar of the nearest that has one, else `office`."""
    return next((organisation.sites[code] for code in units if code in organisation.sites), OFFICE)


def _packs(organisation: Organisation, app: str, units: tuple[str, ...], kind: str) -> list[str]:
    """The packs that hold, whichever decides first."""
    places: list[tuple[str | None, str | None, str | None]] = [(None, app, kind)] if kind else []
    places += [(None, app, None), *((code, None, None) for code in units)]
    return [placement.pack for place in places for placement in organisation.packs if placement.place == place]


def _kind_of(case: Any) -> str:
    """Also of a row that was read without its type's own columns."""
    model: Any = law_of(case).model
    if not any(field.name == "kind" for field in model._meta.concrete_fields):
        return ""
    if isinstance(case, model):
        return str(getattr(case, "kind", ""))
    return str(model._default_manager.values_list("kind", flat=True).get(pk=case.pk))
