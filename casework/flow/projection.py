"""From what is owed to task rows: open what is missing, close what is no longer owed, correct what differs."""

from datetime import datetime
from typing import Any

from viewflow.workflow.token import Token

from casework.flow.case_flow import flow_of, owed
from casework.keys import new_key
from casework.models import Task


def project(case: Any, family: Any, at: datetime, recorder: Any) -> int:
    """The case's open tasks are as its state, parties and submissions say; the number of rows that had to change."""
    open_tasks = {(t.node, t.person_id): t for t in family.tasks if t.process_id == case.pk}
    changed = 0
    for due in owed(case, family):
        task = open_tasks.pop((due.node.name, due.person_id), None)
        if task is None:
            task = _row(case, due, at)
            recorder.insert(task)
            family.tasks.append(task)
            changed += 1
        elif (task.due_at, task.provisional, task.unit_id) != (due.due_at, due.provisional, case.unit_id):
            task.due_at, task.provisional, task.unit_id = due.due_at, due.provisional, case.unit_id
            recorder.update(task, ("due_at", "provisional", "unit_id"))
            changed += 1
    if open_tasks:
        gone = list(open_tasks.values())
        recorder.set(Task, "id", [t.pk for t in gone], {"status": "DONE", "finished": at})
        family.tasks = [t for t in family.tasks if t not in gone]
        changed += len(gone)
    return changed


def _row(case: Any, due: Any, at: datetime) -> Task:
    return Task(
        id=new_key(), process_id=case.pk, flow_task=due.node.reference, flow_task_type="HUMAN",
        status="ASSIGNED" if due.person_id else "NEW", created=at, assigned=at if due.person_id else None,
        token=Token("start"), node=due.node.name, number=case.number, unit_id=case.unit_id, role=due.role,
        person_id=due.person_id, due_at=due.due_at, provisional=due.provisional,
    )  # fmt: skip


def nodes(model: Any) -> list[Any]:
    """The human tasks of a type."""
    return [node for node in flow_of(model).instance.nodes() if hasattr(node, "states")]
