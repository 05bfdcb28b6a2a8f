"""Who has a part in a case, and who may act in which role, as the entries tell it: rows that say otherwise were written
past the engine."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from casework.domain.ledger import plain
from casework.models import Grant, Party

Part = tuple[str, str, bool]  # role, staff number, whether they still have it


@dataclass
class Told:
    """What the entries of one stream say so far."""

    parties: Counter[Part] = field(default_factory=Counter)
    grants: dict[str, dict[str, Any]] = field(default_factory=dict)

    def hear(self, entry: dict[str, Any]) -> None:
        for change in entry.get("parties", ()):
            role, person = change["role"], change["person"]
            if change["change"] == "joined":
                self.parties[role, person, True] += 1
            elif change["change"] == "left":
                self.parties[role, person, True] -= 1
                self.parties[role, person, False] += 1
        if entry["action"] in ("granted", "revoked") and entry["stream"] == "org":
            data = entry["data"]
            self.grants[data["grant"]] = {**data, "revoked": entry["action"] == "revoked"}


def parties_of(cases: Iterable[int]) -> dict[int, Counter[Part]]:
    """The rows of these cases."""
    found: dict[int, Counter[Part]] = {pk: Counter() for pk in cases}
    rows = Party.objects.filter(case_id__in=found).values_list("case_id", "role", "person__no", "until")
    for pk, role, no, until in rows:
        found[pk][role, no, until is None] += 1
    return found


def other_parties(told: Counter[Part], rows: Counter[Part]) -> str:
    """What is wrong with the parties of a case, in words."""
    if not (differs := sorted(set(told - rows) | set(rows - told))):
        return ""
    role, no, _present = differs[0]
    words = _("%(no)s as %(role)s in the case is not as the entries tell it")
    return words % {"no": no, "role": role}


def other_grants(told: dict[str, dict[str, Any]]) -> str:
    """What is wrong with the grants, in words: one that nobody gave, that is gone, or that says something else."""
    rows = {str(grant.pk): _shown(grant) for grant in Grant.objects.select_related("person", "unit", "principal")}
    for pk in sorted(told.keys() | rows.keys(), key=int):
        if told.get(pk) != rows.get(pk):
            who = (rows.get(pk) or told[pk])["person"]
            words = _("grant %(grant)s of %(no)s is not as the entries tell it")
            return words % {"grant": pk, "no": who}
    return ""


def _shown(grant: Grant) -> dict[str, Any]:
    return {
        "grant": str(grant.pk), "person": grant.person.no, "role": grant.role, "unit": grant.unit.code,
        "starts_at": plain(grant.starts_at), "ends_at": plain(grant.ends_at),
        "principal": grant.principal.no if grant.principal else None, "revoked": grant.revoked_at is not None,
    }  # fmt: skip
