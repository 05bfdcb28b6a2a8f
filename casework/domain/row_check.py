"""Who has a part in a case, when its deadlines are, and who may act in which role, as entries tell it: rows that say
otherwise were written past the engine."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from casework.canonical import canonical_digest
from casework.domain.ledger import plain
from casework.domain.org_rows import ToldRows, other_rows
from casework.domain.row_digest import clock_digest
from casework.models import Clock, Grant, Party, PolicyVersion

Part = tuple[str, str, bool]  # role, staff number, whether they still have it
Run = tuple[str, int]  # a clock's name and generation


@dataclass
class Told:
    """What the entries of one stream say so far."""

    parties: Counter[Part] = field(default_factory=Counter)
    clocks: dict[Run, dict[str, Any]] = field(default_factory=dict)  # the last change; from before it has no `row`
    grants: dict[str, dict[str, Any]] = field(default_factory=dict)
    rows: ToldRows = field(default_factory=ToldRows)

    def hear(self, entry: dict[str, Any], texts: list[dict[str, str]]) -> None:
        for change in entry.get("parties", ()):
            role, person = change["role"], change["person"]
            if change["change"] == "joined":
                self.parties[role, person, True] += 1
            elif change["change"] == "left":
                self.parties[role, person, True] -= 1
                self.parties[role, person, False] += 1
        for change in entry.get("clocks", ()):
            self.clocks[change["clock"], change["generation"]] = change
        if entry["stream"] == "org":
            data = entry["data"]
            if entry["action"] in ("granted", "revoked"):
                self.grants[data["grant"]] = {**data, "revoked": entry["action"] == "revoked"}
            self.rows.hear(entry, texts)


@dataclass
class Parts:
    """The rows of a case's parties, and the digests of those of its clocks."""

    parties: Counter[Part] = field(default_factory=Counter)
    clocks: dict[Run, str] = field(default_factory=dict)


def parts_of(cases: Iterable[int]) -> dict[int, Parts]:
    found = {pk: Parts() for pk in cases}
    rows = Party.objects.filter(case_id__in=found).values_list("case_id", "role", "person__no", "until")
    for pk, role, no, until in rows:
        found[pk].parties[role, no, until is None] += 1
    for clock in Clock.objects.filter(case_id__in=found).defer("steps"):
        found[clock.case_id].clocks[clock.name, clock.generation] = clock_digest(clock)
    return found


def other_parts(told: Told, rows: Parts) -> Iterator[tuple[str, str]]:
    """(check, what is wrong in words) of the parties and the clocks of a case."""
    for role, no, _present in sorted(set(told.parties - rows.parties) | set(rows.parties - told.parties)):
        words = _("%(no)s as %(role)s in the case is not as the entries tell it")
        yield "parties", words % {"no": no, "role": role}
    for run in sorted(told.clocks.keys() | rows.clocks.keys()):
        if words := _other_clock(told.clocks.get(run), rows.clocks.get(run)):
            yield "clock", words % {"clock": f"{run[0]} #{run[1]}"}


def _other_clock(told: dict[str, Any] | None, row: str | None) -> str:
    if row is None:
        return _("clock %(clock)s is gone, and the ledger deletes none; put it back from a backup")
    if told is None:
        return _("clock %(clock)s is there, and no entry tells of it; find out who did, and delete it")
    if told.get("row", row) != row:
        return _("clock %(clock)s is not as its last entry left it; find out who wrote it, and put it back")
    return ""


def other_rows_of_org(told: Told) -> Iterator[tuple[str, str]]:
    """The same of grants, of units, people, accounts and leaves, and of what the policy's versions say."""
    if words := _other_grants(told.grants):
        yield "grant", words
    yield from other_rows(told.rows)
    for version in PolicyVersion.objects.order_by("registered_at").iterator(chunk_size=10):
        if not _is_whole(version):
            words = _("policy version %(policy)s is not what was registered; put its content back from a backup")
            yield "policy", words % {"policy": version.pk[:12]}


def _other_grants(told: dict[str, dict[str, Any]]) -> str:
    """One that nobody gave, that is gone, or that says something else."""
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


def _is_whole(version: PolicyVersion) -> bool:
    try:
        return canonical_digest(version.content) == version.pk
    except (ValueError, TypeError):  # what no policy can say, such as a fraction
        return False
