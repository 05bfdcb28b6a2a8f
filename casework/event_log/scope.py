"""Who may take a log out of the house, of which cases, and what of them stands in it.

A log says of each event: which action, when, from where to where, in which role, and by whom as a pseudonym. Names,
staff and account numbers, reasons, scores, votes and whatever else an act contained stay in the house: mining how cases
run needs none of it. The pseudonym is a keyed digest, so the same person is the same in every log of an installation,
handovers and load can be counted, and only who holds the key can tell who it was. Whoever never acted is left out.

A case that the person decides or scores blind is left out with all its family: they are not to know it all."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from casework.domain import ledger
from casework.domain.actor import Actor
from casework.domain.authority import nobody
from casework.domain.directory import directory
from casework.domain.errors import NotPermitted
from casework.domain.law import Law, law_of
from casework.domain.policy import current_policy
from casework.domain.scope import visible
from casework.models import Case, CaseEvent
from casework.queries.blind import sitting_blind
from casework.queries.sight import decided_families

CHUNK = 500
SYSTEM = "SYSTEM"


@dataclass(frozen=True)
class Event:
    """One entry of a case's ledger, as far as it leaves the house. `resource` is a pseudonym."""

    id: str
    action: str
    event: str
    at: datetime
    source: str
    target: str
    resource: str
    role: str
    clock: str


@dataclass(frozen=True)
class Trace:
    """A case and its events, oldest first. `subject`: the number of the case it is about, if that is in the log too."""

    number: str
    type: str
    state: str
    unit: str
    subject: str
    events: tuple[Event, ...]


def may_export(actor: Actor) -> None:
    """NotPermitted unless the person holds a role that looks over closed cases too; what they see bounds the log."""
    roles = current_policy().roles
    grants = directory().grants_of(actor.person_id, actor.received_at)
    if actor.person_id is not None and any(roles[grant.role].sees_restricted for grant in grants):
        return
    words = _("Expected a role that looks over closed cases too, but you hold none; ask an auditor or a director")
    refusal = NotPermitted(nobody(actor.account) if actor.person_id is None else words)
    reason = {"code": refusal.reason, "bars": []}
    ledger.note("access", "refused", {"attempted": "export_log", "reason": reason}, actor=actor)
    raise refusal


def cases_for(actor: Actor, law: Law | None = None) -> QuerySet[Case]:
    """The cases that may stand in the person's log, oldest first."""
    scope = _scope(actor) & (Q(type=law.label) if law else Q())
    subject = Case.objects.filter(scope, pk=OuterRef("subject_id"))
    cases = Case.objects.filter(scope).annotate(subject_in_scope=Exists(subject))
    return cases.select_related("subject").order_by("id")


def traces(cases: QuerySet[Case]) -> Iterator[Trace]:
    """Case by case, a few hundred in memory at a time however many there are."""
    last = 0
    while page := list(cases.filter(pk__gt=last)[:CHUNK]):
        last = page[-1].pk
        yield from _read(page)


def note_export(actor: Actor, format: str, cases: int, events: int, sha256: str) -> None:
    """That the log left the house, and which, stands in the access stream."""
    data = {"what": "event log", "format": format, "cases": cases, "events": events, "sha256": sha256}
    ledger.note("access", "exported", data, actor=actor)


def pseudonym(no: str) -> str:
    """The same for the same person; SYSTEM is nobody and goes by its name."""
    if no == SYSTEM:
        return SYSTEM
    key = hashlib.sha256(b"event log:" + settings.SECRET_KEY.encode()).digest()
    return "person-" + hmac.new(key, no.encode(), hashlib.sha256).hexdigest()[:12]


def _scope(actor: Actor) -> Q:
    sitting = sitting_blind(actor.person_id).values("case__family_id")
    own = Q(family_id__in=sorted(decided_families(actor.person_id))) | Q(family_id__in=sitting)
    return visible(actor.person_id, at=actor.received_at) & ~own


def _read(page: list[Case]) -> Iterator[Trace]:
    units = directory().units
    entries: dict[int, list[CaseEvent]] = {case.pk: [] for case in page}
    rows = CaseEvent.objects.filter(stream__in=[ledger.stream_of(case) for case in page])
    for row in rows.only("case_id", "seq", "at", "entry").order_by("stream", "seq"):
        entries[row.case_id or 0].append(row)
    for case in page:
        subject = case.subject.number if case.subject and case.subject_in_scope else ""  # type: ignore[attr-defined]
        events = tuple(_event(case, row) for row in entries[case.pk])
        state = events[-1].target if events else str(case.state)
        yield Trace(case.number, case.type, state, units[case.unit_id].code, subject, events)


def _event(case: Case, row: CaseEvent) -> Event:
    entry: dict[str, Any] = json.loads(row.entry)
    return Event(
        id=f"{case.number}/{row.seq:06d}", action=f"{law_of(case).app}.{entry['action']}", event=entry["event"],
        at=row.at, source=entry["from"], target=entry["to"], resource=pseudonym(entry["actor"]),
        role=SYSTEM if entry["actor"] == SYSTEM else entry.get("grant", {}).get("role") or entry.get("relation", ""),
        clock=entry.get("clock", {}).get("name", ""),
    )  # fmt: skip
