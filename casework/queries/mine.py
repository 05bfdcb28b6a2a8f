"""The first page of what a person owes, by far the most frequent question, as one statement written by hand: the ORM
takes several times longer to compose it, and to make whole rows of the answer, than the database to answer it."""

from datetime import UTC
from functools import cache
from typing import Any

from django.db import connection

from casework.models import Case, Party, Task
from casework.queries.paging import COUNTED
from casework.queries.sight import seat_states

TASK = ("id", "process_id", "node", "number", "unit_id", "role", "person_id", "due_at", "provisional")
# In the order of the fields, as from_db() takes them.
CASE = ("id", "type", "family_id", "subject_id", "concerned_id", "urgency")


def owed_by(person_id: int, limit: int) -> list[Any]:
    """The person's open tasks as the inbox lists them, soonest due first, each with its case, with `total` (counted to
    1001 and no further), `blind` (they score that case blind), `seated` (they decide in its family) and `about`
    (the number of the case that it was opened on)."""
    with connection.cursor() as cursor:
        cursor.execute(_sql(), [person_id, COUNTED + 1, person_id, limit])
        rows = cursor.fetchall()
    return [_task(row) for row in rows]


@cache
def _sql() -> str:
    task, case, party = Task._meta.db_table, Case._meta.db_table, Party._meta.db_table
    columns = ", ".join([*(f"t.{name}" for name in TASK), *(f"c.{name}" for name in CASE)])
    total = f"(SELECT count(*) FROM (SELECT 1 FROM {task} WHERE person_id = %s AND finished IS NULL LIMIT %s) counted)"
    blind = (
        f"EXISTS (SELECT 1 FROM {party} p WHERE p.case_id = t.process_id AND p.person_id = t.person_id "
        "AND p.blind AND p.until IS NULL)"
    )
    deciding = " OR ".join(
        f"p.role = '{seat}' AND f.type = '{label}' AND f.state IN ({', '.join(map(repr, sorted(states)))})"
        for (label, seat), states in seat_states().items()
    )
    seated = (
        f"EXISTS (SELECT 1 FROM {party} p JOIN {case} f ON f.id = p.case_id WHERE p.person_id = t.person_id "
        f"AND f.family_id = c.family_id AND p.until IS NULL AND ({deciding}))"
    )
    return (
        f"SELECT {columns}, s.number, {seated}, {total}, {blind} FROM {task} t JOIN {case} c ON c.id = t.process_id "
        f"LEFT JOIN {case} s ON s.id = c.subject_id "
        "WHERE t.person_id = %s AND t.finished IS NULL ORDER BY t.due_at ASC NULLS LAST, t.id LIMIT %s"
    )


def _task(row: tuple[Any, ...]) -> Any:
    values = dict(zip(TASK, row, strict=False))
    due = values["due_at"]
    values["due_at"] = due.replace(tzinfo=UTC) if due and due.tzinfo is None else due  # SQLite keeps UTC, unsaid
    values["provisional"] = bool(values["provisional"])
    task: Any = Task.from_db(connection.alias, list(TASK), list(values.values()))
    task.process = Case.from_db(connection.alias, list(CASE), row[len(TASK) : -4])
    task.about, task.seated, task.total, task.blind = row[-4], bool(row[-3]), row[-2], bool(row[-1])
    return task
