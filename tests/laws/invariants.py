"""What is true of every family after every step, whatever was done; each function raises AssertionError."""

import hashlib
import json
from typing import Any
from zoneinfo import ZoneInfo

from casework.canonical import canonical
from casework.domain import reading
from casework.domain.authority import UNDECIDED
from casework.domain.deadline_sum import added_up
from casework.domain.directory import directory
from casework.domain.hours import calendar_specs
from casework.domain.law import law_of, laws, seats
from casework.domain.ledger import commitment
from casework.domain.limits import Limit
from casework.domain.recorder import Recorder
from casework.domain.row_digest import clock_digest, row_digest
from casework.flow.projection import project
from casework.models import Case, CaseEvent, Clock, Delivery, EventText, Task
from tests.laws.agreement import edges
from tests.laws.panel_invariants import check_panels
from tests.laws.score_invariants import check_scores

START = "0" * 64


def check(number: str) -> None:
    """Everything about the family of that case."""
    family = reading.read_family(number)
    entries = {case.pk: check_chain(case) for case in family.cases}
    for case in family.cases:
        check_lawful(case, entries[case.pk])
        check_work(case, family)
        check_row(case)
        check_row_digest(case, entries[case.pk])
    check_clocks(family)
    check_projection(number)
    check_seats(family, entries)
    check_scores(family, entries)
    check_panels(family, entries)


def check_chain(case: Any) -> list[dict[str, Any]]:
    """The case's entries follow one another, each as it was hashed, and the head is the last."""
    events = list(CaseEvent.objects.filter(stream=f"case:{case.number}").order_by("seq"))
    texts = dict(EventText.objects.filter(event__in=events).values_list("event_id", "texts"))
    previous, entries = START, []
    for number, event in enumerate(events, start=1):
        entry = json.loads(event.entry)
        assert canonical(entry).decode() == event.entry
        assert hashlib.sha256(event.entry.encode()).hexdigest() == event.digest
        assert (event.seq, event.previous) == (number, previous) == (entry["seq"], entry["previous"])
        assert (event.case_id, event.action, str(event.pk)) == (case.pk, entry["action"], entry["id"])
        for text in texts.get(event.pk, ()):
            assert _at(entry, text["path"])["sha256"] == commitment(text["salt"], text["text"])
            assert text["text"] == "" or text["text"] not in event.entry
        previous = event.digest
        entries.append(entry)
    assert (case.seq, case.head) == (len(events), previous)
    return entries


def _at(entry: Any, path: str) -> Any:
    for part in path.split("."):
        entry = entry[int(part)] if isinstance(entry, list) else entry[part]
    return entry


def check_row_digest(case: Any, entries: list[dict[str, Any]]) -> None:
    """The last entry names the row as it is, also when it is read in another way; so does that of each clock."""
    assert entries[-1]["row"] == row_digest(case) == row_digest(type(case).objects.get(pk=case.pk))
    told = {(c["clock"], c["generation"]): c["row"] for entry in entries for c in entry.get("clocks", ())}
    assert told == {(c.name, c.generation): clock_digest(c) for c in Clock.objects.filter(case_id=case.pk)}


def check_lawful(case: Any, entries: list[dict[str, Any]]) -> None:
    """Every entry is an edge of the law, taken by whom it names; the case rests where the last one led."""
    law, state = law_of(case), ""
    for entry in entries:
        spec = law.actions[entry["action"]]
        assert entry["from"] == state and entry["event"] == spec.event
        if spec.opening:
            assert entry is entries[0] and entry["to"] in spec.targets
        else:
            assert (entry["from"], entry["to"], spec.name) in edges(law)
        if spec.is_system or entry["actor"] == "SYSTEM":
            assert spec.is_system and entry["actor"] == "SYSTEM" and not spec.decides
            assert entry.get("clock") or entry.get("cause") or not spec.callable_by_clock
        else:
            assert bool(entry.get("grant")) != bool(entry.get("relation"))
        state = entry["to"]
    assert entries and law.actions[entries[0]["action"]].opening
    assert state == case.state
    assert bool(case.closed_at) == (case.state in law.model.closed_states)


def check_work(case: Any, family: Any) -> None:
    """Clocks run where they may; what rests is waited for by somebody or something; nothing closed is work."""
    law = law_of(case)
    running = [
        c for c in family.clocks if c.case_id == case.pk and c.state in (Clock.State.RUNNING, Clock.State.PAUSED)
    ]
    for clock in running:
        assert case.state in law.clocks[clock.name].states, (clock.name, case.state)
        assert sum(c.name == clock.name for c in running) == 1
        if clock.state == Clock.State.PAUSED:
            bounds = law.clocks[clock.name.partition(".")[0]].waits_for
            assert any(c.name in bounds and c.state == Clock.State.RUNNING for c in running), clock.name
    tasks = Task.objects.filter(process_id=case.pk, finished=None)
    for task in tasks:
        node = getattr(law.flow.instance, task.node)
        assert case.state in node.states and task.number == case.number and task.unit_id == case.unit_id
    if case.state in law.model.closed_states:
        closing = [t.node for t in tasks if not _reopens(law, t.node, case.state)]
        assert closing == []
    elif not tasks and not running:
        waits = Delivery.objects.filter(case_id__in=[c.pk for c in family.cases]).exists()
        assert waits or any(c.subject_id == case.pk and not c.is_closed for c in family.cases), case.state


def check_clocks(family: Any) -> None:
    """Every deadline adds up, by its steps alone, to when it is due."""
    for clock in Clock.objects.filter(case__family=family.row.pk):
        zone = ZoneInfo(calendar_specs()[clock.calendar].tz)
        sum_of_it = added_up(clock.steps, Limit.parse(clock.limit), zone)[-1]
        assert sum_of_it.due_at == clock.due_at, (clock.name, clock.generation, clock.steps)


def _reopens(law: Any, node: str, state: str) -> bool:
    actions = getattr(law.flow.instance, node).actions
    return any(t not in (None, state) for name in actions for t in law.actions[name].targets)


def check_row(case: Any) -> None:
    """What one statement read is what the ORM reads, field by field."""
    row = type(case).objects.get(pk=case.pk)
    for field in case._meta.concrete_fields:
        assert getattr(case, field.attname) == getattr(row, field.attname), field.attname


def check_projection(number: str) -> None:
    """Tasks follow from the case alone: projecting again changes nothing, also from nothing."""
    family = reading.read_family(number)
    for case in family.cases:
        assert project(case, family, case.updated_at, Recorder()) == 0
    bare = reading.read_family(number)
    for case in bare.cases:
        known = {(t.node, t.person_id, t.role, t.due_at) for t in bare.tasks if t.process_id == case.pk}
        bare.tasks = [t for t in bare.tasks if t.process_id != case.pk]
        project(case, bare, case.updated_at, Recorder())
        assert known == {(t.node, t.person_id, t.role, t.due_at) for t in bare.tasks if t.process_id == case.pk}


def check_seats(family: Any, entries: dict[int, list[dict[str, Any]]]) -> None:
    """Nobody decides as a party, in two seats, or beside another in one; who decided had the seat."""
    book = directory(family.stamp)
    parties: set[int] = set()
    decided: dict[int, set[tuple[int, str]]] = {}
    for party in family.parties:
        case = family.by_id[party.case_id]
        if party.role in seats():
            assert len(family.parties_of(case, party.role)) <= 1
            if case.party_bars.get(party.role) and party.ended_by not in UNDECIDED:
                decided.setdefault(party.person_id, set()).add((case.pk, party.role))
        elif case.party_bars.get(party.role):
            parties.add(party.person_id)
    assert not parties & set(decided)
    twice = {book.persons[person].no: where for person, where in decided.items() if len(where) > 1}
    assert not twice, twice
    for case in family.cases:
        for entry in entries[case.pk]:
            spec = law_of(case).actions[entry["action"]]
            if spec.decides:
                person = book.person_no(entry["actor"])
                assert person.id not in parties
                mine = [p for p in family.parties_of(case, ended=True) if p.person_id == person.id]
                assert any(p.role in spec.seats for p in mine), (entry["actor"], spec.name)


def check_all() -> None:
    """Every family of the database."""
    for family_id in Case.objects.values_list("family_id", flat=True).distinct().order_by():
        check(Case.objects.filter(family_id=family_id).values_list("number", flat=True)[0])
    assert {case.type for case in Case.objects.all()} <= set(laws())
