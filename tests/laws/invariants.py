"""What is true of every family after every step, whatever was done; each function raises AssertionError."""

import hashlib
import json
from typing import Any

from casework.canonical import canonical
from casework.domain import reading
from casework.domain.authority import UNDECIDED
from casework.domain.directory import directory
from casework.domain.hours import calendar_named
from casework.domain.law import law_of, laws
from casework.domain.ledger import commitment
from casework.domain.recorder import Recorder
from casework.flow.projection import project
from casework.models import Case, CaseEvent, Clock, Delivery, EventText, Task
from tests.laws.agreement import edges

START = "0" * 64
DISPUTING = ("screening", "returned", "reviewing", "signing", "sealing")


def check(number: str) -> None:
    """Everything about the family of that case."""
    family = reading.read_family(number)
    entries = {case.pk: check_chain(case) for case in family.cases}
    for case in family.cases:
        check_lawful(case, entries[case.pk])
        check_work(case, family)
        check_row(case)
    check_projection(number)
    check_seats(family, entries)
    check_scores(family, entries)


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
    parties, seats = set(), {}
    for party in family.parties:
        law = law_of(family.by_id[party.case_id])
        deciding = {spec.seat for spec in law.actions.values() if spec.decides and spec.seat}
        if party.role in deciding:
            if party.ended_by not in UNDECIDED:
                seats.setdefault(party.person_id, set()).add((party.case_id, party.role))
            others = [p for p in family.parties_of(family.by_id[party.case_id], party.role)]
            assert len(others) <= 1
        elif law.model.party_bars.get(party.role):
            parties.add(party.person_id)
    assert not parties & set(seats)
    assert all(len(where) == 1 for where in seats.values())
    for case in family.cases:
        law = law_of(case)
        for entry in entries[case.pk]:
            spec = law.actions[entry["action"]]
            if spec.decides:
                person = book.person_no(entry["actor"])
                assert person.id not in parties
                assert any(
                    p.person_id == person.id and p.role == spec.seat for p in family.parties_of(case, ended=True)
                )


def check_scores(family: Any, entries: dict[int, list[dict[str, Any]]]) -> None:
    """The score is what the last issued document or correction says; provisional while, and only while, disputed;
    a ruling lowers nothing."""
    for evaluation in family.of_type("evaluations.Evaluation"):
        disputes = [d for d in family.of_type("disputes.ScoreDispute") if d.subject_id == evaluation.pk]
        assert sum(not d.is_closed for d in disputes) <= 1
        assert (evaluation.state == "provisional") == any(d.state in DISPUTING for d in disputes)
        assert evaluation.is_provisional == (evaluation.state == "provisional")
        moved = [e for e in entries[evaluation.pk] if e["action"] in ("rescore", "approve_correction")]
        if not moved:
            assert (evaluation.current, evaluation.score) == (evaluation.original, evaluation.original_score)
        for entry in moved:
            if entry["action"] == "rescore":
                _lowers_nothing(entry["data"], family)
        if moved and moved[-1]["action"] == "rescore":
            issued = next(d for d in family.documents if str(d.pk) == moved[-1]["data"]["document"])
            assert issued.state == "issued"
            _says(issued, evaluation)
        calendar_named("office", family.stamp)  # the clocks above are of a calendar that is known


def _lowers_nothing(data: dict[str, Any], family: Any) -> None:
    before, after = data["before"], data["after"]
    if data["outcome"] != "annulled":
        assert float(after["score"]) >= float(before["score"]) and after["passed"] >= before["passed"]


def _says(issued: Any, evaluation: Any) -> None:
    from casework.models import Document

    snapshot = json.loads(Document.objects.values_list("snapshot", flat=True).get(pk=issued.pk))
    said = snapshot["totals"]["ruled"]["score"]
    assert said == ("—" if evaluation.score is None else str(evaluation.score))
    if evaluation.score is not None:
        for line in snapshot["criteria"]:
            if line["admissible"] and "score" in evaluation.current[line["code"]]:
                assert line["ruled"]["shown"] == str(evaluation.current[line["code"]]["score"])


def check_all() -> None:
    """Every family of the database."""
    for family_id in Case.objects.values_list("family_id", flat=True).distinct().order_by():
        check(Case.objects.filter(family_id=family_id).values_list("number", flat=True)[0])
    assert {case.type for case in Case.objects.all()} <= set(laws())
