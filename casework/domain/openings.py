"""What a new case needs before its law speaks: a number, and the load of those who could work on it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import connection

from casework.domain.directory import local_day
from casework.domain.law import Law
from casework.domain.policy import register_current
from casework.keys import new_key
from casework.models import Case, Numbering, Task


def allocate_number(prefix: str, at: datetime) -> str:
    """The next number of this prefix and year, e.g. DSP-2026-000042; given once, also when the case then fails."""
    year = local_day(at).year
    table = Numbering._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (prefix, year, last) VALUES (%s, %s, 1) "
            f"ON CONFLICT (prefix, year) DO UPDATE SET last = {table}.last + 1 RETURNING last",
            [prefix, year],
        )
        last = cursor.fetchone()[0]
    return f"{prefix}-{year}-{last:06d}"


def count_open_tasks(persons: Iterable[int]) -> Mapping[int, int]:
    """Open tasks by person, read from the index of open tasks."""
    who = sorted(persons)
    if not who:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT person_id, count(*) FROM {Task._meta.db_table} WHERE finished IS NULL "
            f"AND person_id IN ({', '.join(['%s'] * len(who))}) GROUP BY person_id",
            who,
        )
        return dict(cursor.fetchall())


def unborn(law: Law, subject: Case | None, step: Any, **values: Any) -> Any:
    """A case of that type in memory, on its subject's family, under the policy that binds it: an arbitration
    inherits its dispute's, anything else opens under the one in force."""
    inherits = getattr(law.model, "inherits_policy", False)
    pk = new_key()
    model: Any = law.model
    case = model(
        id=pk, case_ptr_id=pk, number="", type=law.label, subject_id=subject.pk if subject else None,
        policy_id=subject.policy_id if subject and inherits else register_current(), opened_at=step.at,
        updated_at=step.at, seq=0, head="0" * 64, **values,
    )  # fmt: skip
    if subject is not None:
        case.family_id, case.unit_id = subject.family_id, subject.unit_id
        case.concerned_id, case.fact_at = subject.concerned_id, subject.fact_at
    return case
