"""The policy held against the law of every case type: what check_policies and the system check ask."""

from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from django.conf import settings

from casework.domain import policy_files
from casework.domain.law import filled_in, laws
from casework.domain.policy_content import Policy
from casework.models import Unit


def load_checked(folder: Path | None = None, *, units: AbstractSet[str] | None = None) -> Policy:
    """The policy in the folder; PolicyError names file and line of everything that is wrong or that the law does
    not know, also in packs that are put nowhere. `units`: the codes that packs and sites may name; None: any."""
    types = {
        law.app: policy_files.LawOfType(
            clocks={name: ", ".join(spec.states) for name, spec in law.clocks.items()},
            actions={name: spec.callable_by_clock for name, spec in law.actions.items()},
            texts_needed=getattr(law.model, "texts_needed", frozenset()),
            kinds=_kinds(law.model),
        )
        for law in laws().values()
    }
    return policy_files.load(
        folder or settings.POLICY_FOLDER, law=policy_files.Law(types=types), fills_in=filled_in(),
        packs=settings.PACK_FOLDER, units=units,
    )  # fmt: skip


def load_placed(folder: Path | None = None) -> Policy:
    """The same, its packs and sites held against the units of the database, which is asked only where they name any."""
    policy = load_checked(folder)
    organisation = policy.organisation
    if not organisation.sites and not any(placement.unit for placement in organisation.packs):
        return policy
    return load_checked(folder, units=frozenset(Unit.objects.values_list("code", flat=True)))


def _kinds(model: Any) -> frozenset[str]:
    """The kinds of the type's cases: the choices of its field `kind`, if it has one."""
    field = next((field for field in model._meta.concrete_fields if field.name == "kind"), None)
    return frozenset(str(value) for value, _label in (field.choices or ()) if value) if field else frozenset()
