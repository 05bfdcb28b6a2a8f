"""What the peer's database holds before anything is timed: the harness's hundred people, and cases.

People, rubric, policy and one case of every kind come in by the product's own doors. Further cases of that kind are
their copies by SQL: what is open of each, with keys, numbers and due times of its own. Of open cases beyond the pool
one in WHOLE can be acted on: it has the last entry of its ledger, whose text nobody reads."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from scenario import NT, NU, STEPS, owner, team

from casework.canonical import canonical
from casework.documents import snapshot as snapshots
from casework.domain.actor import Actor, system
from casework.domain.perform import open_case, perform
from casework.models import Case, CaseEvent, Clock, Document, Family, Party, Task
from workflows.disputes.models import ScoreDispute
from workflows.evaluations.models import Evaluation

ROLES = ("inspector", "team_leader", "qa_lead", "qa_lead", "agent")  # of the harness's users 1-20, 21-40, … 81-100
KINDS = len(STEPS) * NT  # of open cases: at each step, of each team
READY = len(STEPS)  # beyond the steps: an evaluation that its agent may dispute
FIRST_READY = 50_000_000  # copies from here on are evaluations that may be disputed, those below open cases
WHOLE = 37
A_CASE = 64  # keys that a copied family may use
TEN = [*(f"QC{n}" for n in range(1, 5)), *(f"QA{n}" for n in range(1, 7))]
CLAIMS = ("QC4", "QA5")


def import_people() -> None:
    """One unit a team; its inspector, its leader, two QA leads and its agent are the harness's users of that team."""
    from casework.domain.policy import current_policy, register_current
    from casework.domain.staff import store_people
    from casework.imports.people import parse_people, parse_units
    from casework.imports.tables import read_table
    from workflows.evaluations.rubrics import register_rubrics

    units = ["code,name,parent", "OC,Operations,", *(f"T{t},Team {t},OC" for t in range(NT))]
    people = ["no,name,login,role,unit,acts_on,from,until,principal,email", "D1,Director,d1,director,OC,,,,,"]
    people += [f"U{u},User {u},u{u},{ROLES[(u - 1) // NT]},T{(u - 1) % NT},,,,," for u in range(1, NU + 1)]
    unit_rows = parse_units(read_table("\n".join(units).encode())).units
    table = read_table("\n".join(people).encode())
    store_people(unit_rows, parse_people(table, [u.code for u in unit_rows], list(current_policy().roles)), system())
    register_rubrics()
    register_current()


def evaluation(index: int, people: dict[int, Actor]) -> str:
    """An evaluation of the team's agent, its recording checked, opened by the agent: it may be disputed."""
    score = {"score": "10", "na": False, "failed": None, "at": None, "comment": ""}
    card = {code: {**score, "score": "4", "at": 35, "comment": "语速过快"} if code in CLAIMS else score for code in TEN}
    data = {
        "external_id": f"EV-{index}", "rubric": "ten-item", "rubric_version": 1, "interaction_id": f"CALL-{index}",
        "channel": "phone", "started_at": "2026-10-20T02:00:00Z", "duration_s": 300,
        "agent_no": people[owner(index, 4)].no, "inspector_no": people[owner(index, 0)].no,
        "scored_at": "2026-10-22T02:00:00Z", "scores": card,
    }  # fmt: skip
    number = open_case("evaluations.Evaluation", people[owner(index, 0)], data).number
    perform(number, "publish", people[owner(index, 2)])
    perform(number, "note_recording", system(), {"state": "intact"})
    perform(number, "read", people[owner(index, 4)])
    return number


def draft(number: str) -> dict[str, Any]:
    """What the worker attaches: the snapshot of this ruling as the product freezes it; the file is not drawn."""
    from casework.domain.directory import directory
    from casework.domain.papers import frame
    from casework.domain.reading import read_family
    from workflows.disputes.documents import SNAPSHOTS

    family, pk = read_family(number), str(uuid.uuid4())
    case = family.case(number)
    head = frame(case, pk, "ruling", (case.seq, case.head))
    frozen = SNAPSHOTS["ruling"](case, family, directory(family.stamp), head)
    frozen = snapshots.with_verify_url(frozen, f"http://127.0.0.1:8000/v/{pk}")
    return {
        "kind": "ruling", "snapshot": canonical(frozen).decode(), "snapshot_sha256": snapshots.digest(frozen),
        "fields": [
            {"name": name, "person": "", "serial": "", "reason": number, "location": "示例客户服务运营中心"}
            for name in snapshots.signature_fields(frozen)
        ],
    }  # fmt: skip


def keep_templates(numbers: dict[int, str]) -> None:
    """The cases to be copied are known by their kind: {kind: number}."""
    with connection.cursor() as cursor:
        cursor.execute("create table bench_template (kind int, old bigint, member int default 0)")
        cursor.execute("create table bench_case (kind int, old bigint, member int)")
        cursor.execute("create sequence bench_block")
        for kind, number in numbers.items():
            family = Case.objects.get(number=number).family_id
            cursor.execute("insert into bench_template (kind, old) values (%s, %s)", [kind, family])
        cursor.execute(
            "insert into bench_case select t.kind, c.id, row_number() over one "
            "from bench_template t join casework_case c on c.family_id = t.old "
            "window one as (partition by t.old order by c.id)"
        )


# What differs in a copy, as {column: SQL}. `i` numbers the copy, `place` a row among its family's, `member` its case.
# Due times are spread over 71 hours.
KEY, CASE, NUMBER = f"i * {A_CASE} + place", f"i * {A_CASE} + member", "left(x.number, 9) || lpad(i::text, 11, '0')"
FAMILY, LATER = (
    f"i * {A_CASE}",
    "x.due_at + mod(i * 7919, 255600) * interval '1 second'",
)
SCORECARD = f"case when i < {FIRST_READY} then '{{}}' else x.current end"
STREAM = "substr(x.stream, 6, 9) || lpad(i::text, 11, '0')"
COPIES: list[tuple[Any, str, dict[str, str]]] = [
    (Family, "id", {"id": FAMILY}),
    (Case, "id", {"id": CASE, "family_id": FAMILY, "number": NUMBER, "subject_id": f"{FAMILY} + 1 + 0 * x.subject_id"}),
    (
        Evaluation, "case_ptr_id",
        {
            "case_ptr_id": CASE, "original": SCORECARD, "current": SCORECARD, "external_id": "'EV-' || i || '-'",
            "interaction_id": "'CALL-' || i || '-'",
        },
    ),
    (ScoreDispute, "case_ptr_id", {"case_ptr_id": CASE}),
    (Party, "case_id", {"id": KEY, "case_id": CASE}),
    (Clock, "case_id", {"id": KEY, "case_id": CASE, "due_at": LATER}),
    (Task, "process_id", {"id": KEY, "process_id": CASE, "number": NUMBER, "due_at": LATER}),
    (
        CaseEvent, "case_id",
        {"id": KEY, "case_id": CASE, "key": "null", "entry": "'{}'", "stream": f"'case:' || {STREAM}"},
    ),
    (Document, "case_id", {"id": "gen_random_uuid()", "case_id": CASE, "snapshot": "'{}'"}),
]  # fmt: skip


ONLY = {
    Task: "where own.finished is null",
    Clock: "where own.state in ('running', 'paused')",
    Party: "where own.until is null",
    CaseEvent: "join casework_case c on c.id = own.case_id and c.seq = own.seq",
}


@contextmanager
def without_indexes(cursor: Any) -> Iterator[None]:
    """Indexes that check nothing are built afterwards at one go, which takes a fraction of the time."""
    tables = [model._meta.db_table for model, _link, _differing in COPIES]
    cursor.execute(
        "select indexrelid::regclass::text, pg_get_indexdef(indexrelid) from pg_index "
        "where not indisunique and indrelid = any(%s::regclass[])",
        [tables],
    )
    indexes = cursor.fetchall()
    for name, _definition in indexes:
        cursor.execute(f"drop index {name}")
    yield
    cursor.execute("set maintenance_work_mem = '512MB'")
    for _name, definition in indexes:
        cursor.execute(definition)


def copy(first: int, last: int, kind: str) -> None:
    """Copies number `first` to `last` exist; `kind` is SQL for the kind of copy i."""
    with connection.cursor() as cursor, without_indexes(cursor):
        cursor.execute("set session_replication_role = replica")  # the triggers would check what was checked before
        for model, link, differing in COPIES:
            table, key = model._meta.db_table, model._meta.pk.column
            columns = [f.column for f in model._meta.local_concrete_fields]
            values = ", ".join(differing.get(name, f'x."{name}"') for name in columns)
            names = ", ".join(f'"{name}"' for name in columns)
            template = "bench_template" if model is Family else "bench_case"
            only = ONLY.get(model, "")
            some = f"where i >= {FIRST_READY} or mod(i, {WHOLE}) = 0" if model is CaseEvent else ""
            rows = (
                f"select own.*, t.kind as twin, t.member, row_number() over (partition by t.kind order by own.{key}) "
                f"as place from {table} own join {template} t on t.old = own.{link} {only}"
            )
            cursor.execute(
                f"insert into {table} ({names}) select {values} "
                f"from generate_series(%s::bigint, %s::bigint) i join ({rows}) x on x.twin = {kind} {some}",
                [first, last],
            )
        cursor.execute("set session_replication_role = default")


def kind_of(step: int, index: int) -> int:
    return step * NT + team(index)
