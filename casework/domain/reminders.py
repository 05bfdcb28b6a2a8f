"""Reminders before a clock is due: told once to whoever owes the work, and to the next in line where policy names them,
while they are at work; late, they have lost their point."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from casework.domain.case_rules import rules_of, site_calendar
from casework.domain.deliveries import addressees, handles, tell
from casework.domain.directory import Directory, directory
from casework.domain.hours import calendar_named
from casework.domain.law import laws
from casework.domain.now import now
from casework.domain.policy import current_policy
from casework.domain.reading import read_family_of
from casework.domain.waking import wake
from casework.keys import new_key
from casework.models import Clock, ClockWarning, Delivery


def remind_due(limit: int) -> int:
    """Every reminder that is due is done with; how many were told, for the others' clock no longer runs, or a later one
    of it is due as well."""
    moment = now()
    due = ClockWarning.objects.filter(done_at=None, due_at__lte=moment).order_by("due_at", "id")[:limit]
    with transaction.atomic():
        # Whoever locks it tells it, so that it is told once.
        mine = list(due.select_related("clock", "clock__case").select_for_update(of=("self",), skip_locked=True))
        ClockWarning.objects.filter(pk__in=[warning.pk for warning in mine]).update(done_at=moment)
        book = directory()
        timely = {w.clock_id: w for w in mine if w.clock.state == Clock.State.RUNNING and w.clock.due_at > moment}
        Delivery.objects.bulk_create([told for warning in timely.values() for told in _told(warning, book)])
    if timely:
        wake()
    return len(timely)


def _told(warning: ClockWarning, book: Directory) -> Iterable[Delivery]:
    clock, mark = warning.clock, warning.mark.partition(" #")[0]
    rule = rules_of(clock.case, book).clock(clock.name)
    if mark in rule.warn_at:
        roles, parties = _owing(clock)
        yield _reminder(warning, "clock_warning", "warning", roles=roles, parties=parties)
    if told := rule.tell_at.get(mark):
        yield _reminder(warning, "clock_told", "told", roles=told)


def _owing(clock: Clock) -> tuple[list[str], list[str]]:
    """Whom a clock's warning concerns: whoever owes the tasks that it limits."""
    flow = laws()[clock.case.type].flow
    nodes = [node for node in flow.instance.nodes() if getattr(node, "clock", "") == clock.name]
    parties = [node.relation or node.seat for node in nodes if node.relation or node.seat]
    roles = [node.role for node in nodes if node.role and not node.seat]
    return roles, parties


def _reminder(warning: ClockWarning, kind: str, dedup: str, **to: Any) -> Delivery:
    clock = warning.clock
    payload = {
        "kind": kind, "clock": clock.name, "generation": clock.generation, "warning": warning.pk, "roles": [],
        "parties": [], "people": [], **to,
    }  # fmt: skip
    return Delivery(
        id=new_key(), case_id=warning.case_id, kind="remind", payload=payload, dedup=f"{dedup}:{warning.pk}",
        created_at=now(), due_at=now(),
    )  # fmt: skip


@handles("remind")
def remind(delivery: Any) -> None:
    """Whoever is at work has the notice; the others are told when their work begins, if the clock then still runs. Who
    owes the work and is next in line too is told once."""
    family, payload, moment = read_family_of(delivery.case_id), delivery.payload, now()
    case, book = family.by_id[delivery.case_id], directory(family.stamp)
    clock = family.clock(case, payload["clock"])
    if clock is None or clock.state != Clock.State.RUNNING or clock.generation != payload["generation"]:
        return
    if clock.due_at <= moment:
        return
    people = addressees(payload, case, family, book, moment)
    opens = {person: _next_at_work(person, book, family.stamp, moment) for person in people}
    at_work = [person for person in people if opens[person] <= moment]
    tell(at_work, case, family, book, payload, dedup=f"warning:{payload['warning']}")
    for opening in {at for at in opens.values() if moment < at < clock.due_at}:
        _later(delivery, sorted(person for person in people if opens[person] == opening), opening)


def _next_at_work(person: int, book: Directory, stamp: int, moment: datetime) -> datetime:
    """The moment itself, or when work begins next where the person works."""
    units = tuple(book.units[unit].code for unit in book.ancestors[book.persons[person].unit_id])
    return calendar_named(site_calendar(current_policy().organisation, units), stamp).next_opening(moment)


def _later(delivery: Any, people: list[int], opening: datetime) -> None:
    again = {**delivery.payload, "people": people, "roles": [], "parties": []}
    first = delivery.dedup.partition("@")[0]
    Delivery.objects.get_or_create(
        dedup=f"{first}@{opening.isoformat()}",
        defaults={
            "id": new_key(), "case_id": delivery.case_id, "kind": "remind", "payload": again,
            "created_at": opening, "due_at": opening,  # it is not late before then
        },
    )  # fmt: skip
