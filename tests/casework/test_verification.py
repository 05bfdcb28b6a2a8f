"""An insider with the database: whatever they change, the ledger says so."""

import pytest
from django.db import connection

from casework.domain.document_check import check_document
from casework.domain.perform import perform
from casework.domain.sealing import seal_ledger
from casework.domain.verification import verify_ledger
from casework.models import Case, CaseEvent, Document
from tests.conftest import acting, at_once
from tests.factories import dispute, evaluation
from tests.seen import revoke_all


@pytest.fixture
def without_triggers(db):
    """The insider has dropped the database's own guards."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = replica")
            yield cursor
            cursor.execute("SET session_replication_role = DEFAULT")
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP TRIGGER {name}")
            yield cursor


def test_verify_ledger_when_untouched_is_whole(db, time):
    dispute(upto="forwarded")
    verdict = verify_ledger()
    assert verdict.ok, verdict.problems
    assert verdict.checked >= 5


@pytest.mark.parametrize("seq", [1, 2, 3])
def test_edit_event_names_it(time, without_triggers, seq):
    number = dispute(upto="forwarded")
    without_triggers.execute(
        "UPDATE casework_caseevent SET entry = REPLACE(entry, 'disputes', 'disputed') WHERE stream = %s AND seq = %s",
        [f"case:{number}", seq],
    )
    problem = verify_ledger().problems[0]
    assert (problem.stream, problem.seq, problem.check) == (f"case:{number}", seq, "digest")


def test_edit_event_and_its_digest_breaks_the_next_one(time, without_triggers):
    import hashlib

    number = dispute(upto="forwarded")
    event = CaseEvent.objects.get(stream=f"case:{number}", seq=2)
    entry = event.entry.replace("Q202", "Q203")
    without_triggers.execute(
        "UPDATE casework_caseevent SET entry = %s, digest = %s WHERE id = %s",
        [entry, hashlib.sha256(entry.encode()).hexdigest(), event.pk],
    )
    problem = verify_ledger().problems[0]
    assert (problem.stream, problem.seq, problem.check) == (f"case:{number}", 3, "previous")


def delete_texts(cursor, number: str) -> None:
    events = "SELECT id FROM casework_caseevent WHERE stream = %s"
    cursor.execute(f"DELETE FROM casework_eventtext WHERE event_id IN ({events})", [f"case:{number}"])


@pytest.mark.parametrize(("seq", "check"), [(1, "sequence"), (2, "sequence"), (3, "head")])
def test_delete_event_names_the_gap(time, without_triggers, seq, check):
    number = dispute(upto="forwarded")
    assert CaseEvent.objects.filter(stream=f"case:{number}").count() == 3
    delete_texts(without_triggers, number)
    without_triggers.execute("DELETE FROM casework_caseevent WHERE stream = %s AND seq = %s", [f"case:{number}", seq])
    problem = verify_ledger().problems[0]
    assert (problem.stream, problem.seq, problem.check) == (f"case:{number}", seq, check)


def test_delete_all_events_of_a_case_names_the_case(time, without_triggers):
    number = dispute(upto="forwarded")
    delete_texts(without_triggers, number)
    without_triggers.execute("DELETE FROM casework_caseevent WHERE stream = %s", [f"case:{number}"])
    assert [(p.stream, p.check) for p in verify_ledger().problems][0] == (f"case:{number}", "missing")


def test_delete_case_with_all_its_rows_is_missed_where_it_was_named(time, without_triggers):
    number = dispute(upto="forwarded")
    case = Case.objects.get(number=number)
    root = Case.objects.get(pk=case.subject_id).number
    delete_texts(without_triggers, number)
    without_triggers.execute("DELETE FROM casework_caseevent WHERE stream = %s", [f"case:{number}"])
    for table, column in (
        ("casework_clockentry", "clock_id IN (SELECT id FROM casework_clock WHERE case_id = %s)"),
        ("casework_clockwarning", "case_id = %s"), ("casework_clock", "case_id = %s"),
        ("casework_task", "process_id = %s"), ("casework_party", "case_id = %s"),
        ("casework_delivery", "case_id = %s"), ("casework_notice", "case_id = %s"),
        ("disputes_scoredispute", "case_ptr_id = %s"), ("casework_case", "id = %s"),
    ):  # fmt: skip
        where = column if "%s" in column else column + " = %s"
        without_triggers.execute(f"DELETE FROM {table} WHERE {where}", [case.pk])
    problem = verify_ledger().problems[0]
    assert (problem.stream, problem.check) == (f"case:{root}", "reference")
    assert number in problem.message


def test_swap_events_names_the_first(time, without_triggers):
    number = dispute(upto="forwarded")
    first, second = CaseEvent.objects.filter(stream=f"case:{number}", seq__in=(1, 2)).order_by("seq")
    for event, other in ((first, second), (second, first)):
        without_triggers.execute(
            "UPDATE casework_caseevent SET entry = %s, digest = %s WHERE id = %s",
            [other.entry, other.digest, event.pk],
        )
    problem = verify_ledger().problems[0]
    assert (problem.stream, problem.seq) == (f"case:{number}", 1)


def test_change_state_past_perform_is_found(time, without_triggers):
    number = dispute(upto="forwarded")
    without_triggers.execute("UPDATE casework_case SET state = 'final' WHERE number = %s", [number])
    problem = verify_ledger(number).problems[0]
    assert problem.check == "state"


SCORED, RULED, CASE = "evaluations_evaluation", "disputes_scoredispute", "casework_case"


@pytest.mark.parametrize(("table", "change"), [
    (SCORED, "score = 100"), (SCORED, "passed = NOT passed"), (SCORED, "current = original"),
    (SCORED, "published_at = NULL"), (SCORED, "agent_id = inspector_id"), (RULED, "outcome = 'cancelled'"),
    (RULED, "claims = '{}'"), (CASE, "concerned_id = NULL"), (CASE, "restricted = (1 = 1)"), (CASE, "fact_at = NULL"),
    (CASE, "salt = NULL"),
])  # fmt: skip
def test_change_a_row_past_perform_is_found(time, without_triggers, table, change):
    dispute(upto="issued")
    assert "row" not in {problem.check for problem in verify_ledger().problems}
    without_triggers.execute(f"UPDATE {table} SET {change}")
    assert verify_ledger().problems[0].check == "row"


@pytest.mark.parametrize("change", [
    "UPDATE casework_party SET person_id = (SELECT id FROM casework_person WHERE no = 'A1002') WHERE role = 'reviewer'",
    "UPDATE casework_party SET role = 'reviewer' WHERE role = 'agent'",
    "UPDATE casework_party SET until = since WHERE role = 'inspector'",
    "DELETE FROM casework_party WHERE role = 'agent'",
])  # fmt: skip
def test_change_a_party_past_perform_is_found(time, without_triggers, change):
    dispute(upto="ruled")
    without_triggers.execute(change)
    assert verify_ledger().problems[0].check == "parties"


@pytest.mark.parametrize("change", [
    "UPDATE casework_clock SET due_at = '2026-12-31 10:00:00+00:00'", "UPDATE casework_clock SET state = 'stopped'",
    "UPDATE casework_clock SET state = 'paused' WHERE name = 'review'",
    "UPDATE casework_clock SET provisional = NOT provisional",
    "UPDATE casework_clock SET started_at = '2026-11-01 10:00:00+00:00' WHERE name = 'review'",
    "UPDATE casework_clock SET \"limit\" = '99 workdays'", "UPDATE casework_clock SET pauses = '[[\"x\", null]]'",
    "UPDATE casework_clock SET calendar = 'always'",
    "UPDATE casework_clock SET postponed_to = '2026-12-31 10:00:00+00:00'",
    "UPDATE casework_clock SET extensions = '[[\"1 workday\", \"x\", \"y\"]]'",
    "UPDATE casework_clock SET generation = 7 WHERE name = 'review'",
    "DELETE FROM casework_clock WHERE name = 'review'",
    "INSERT INTO casework_clock (id, case_id, name, generation, state, started_at, due_at, provisional, \"limit\", "
    "calendar, pauses, steps, extensions, attempts, problem) SELECT 7, case_id, name, 7, state, started_at, due_at, "
    "provisional, \"limit\", calendar, pauses, steps, extensions, attempts, problem FROM casework_clock "
    "WHERE name = 'review'",
])  # fmt: skip
def test_change_a_clock_past_perform_is_found(time, without_triggers, change):
    number = dispute(upto="forwarded")
    assert "clock" not in {problem.check for problem in verify_ledger(number).problems}
    if change.startswith("DELETE"):
        without_triggers.execute("DELETE FROM casework_clockentry")
        without_triggers.execute("DELETE FROM casework_clockwarning")
    without_triggers.execute(change)
    assert verify_ledger(number).problems[0].check == "clock"


def test_clock_that_failed_to_act_is_as_its_entry_left_it(time, without_triggers):
    number = dispute(upto="forwarded")
    without_triggers.execute("UPDATE casework_clock SET attempts = 3, retry_at = due_at, problem = 'x'")
    assert "clock" not in {problem.check for problem in verify_ledger(number).problems}


@pytest.mark.parametrize("change", [
    "UPDATE casework_grant SET role = 'director' WHERE role = 'agent'", "UPDATE casework_grant SET revoked_at = NULL",
    "UPDATE casework_grant SET ends_at = '2099-01-01 00:00:00+00:00' WHERE revoked_at IS NOT NULL",
    "DELETE FROM casework_grant WHERE revoked_at IS NOT NULL",
    "INSERT INTO casework_grant (person_id, unit_id, role) SELECT person_id, unit_id, 'director' FROM casework_grant "
    "WHERE role = 'agent'",
])  # fmt: skip
def test_grant_that_nobody_gave_or_took_is_found(time, without_triggers, change):
    evaluation()
    revoke_all("M402", "qa_lead")
    assert "grant" not in {problem.check for problem in verify_ledger().problems}
    without_triggers.execute(change)
    assert "grant" in {problem.check for problem in verify_ledger().problems}


def test_delete_the_types_own_row_is_found(time, without_triggers):
    number = dispute(upto="forwarded")
    if connection.vendor == "sqlite":
        without_triggers.execute("PRAGMA defer_foreign_keys = ON")
    without_triggers.execute("DELETE FROM disputes_scoredispute")
    assert verify_ledger(number).problems[0].check == "row"


def test_change_clear_text_is_found(time, without_triggers):
    number = dispute(upto="filed")
    without_triggers.execute(
        "UPDATE casework_eventtext SET texts = REPLACE(CAST(texts AS text), '35', '36')"
        + ("::jsonb" if connection.vendor == "postgresql" else "")
    )
    assert verify_ledger(number).problems[0].check == "text"


def test_check_document_when_issued_is_genuine(real_db, time):

    from casework import store

    number = dispute(upto="issued")
    seal_ledger()
    document = Document.objects.get(case__number=number)
    data = store.documents().get(document.file_sha256)
    checks = {check.code: check for check in check_document(data)}
    assert all(check.ok for check in checks.values()), checks
    assert {"on_record", "ledger", "file_hash", "signatures"} <= set(checks)
    changed = {check.code: check.ok for check in check_document(data + b"\n")}
    assert changed["file_hash"] is False
    number_of_evaluation = evaluation()
    assert verify_ledger(number_of_evaluation).ok


def test_verify_ledger_while_others_write_and_seal_finds_nothing_wrong(real_db, time):
    """After each statement of the verifier somebody else takes a whole step and signs it."""
    number, waiting = dispute(upto="stated"), [dispute(upto="stated") for _ in range(3)]
    seal_ledger()

    def step() -> None:
        perform(waiting.pop(), "forward", acting("lee"))
        seal_ledger()

    def and_then_a_step(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if waiting and sql.startswith("SELECT"):
            (problem,) = at_once(step)
            assert problem is None, problem
        return result

    with connection.execute_wrapper(and_then_a_step):
        verdict = verify_ledger()
    assert verdict.ok, verdict.problems
    assert not waiting and verify_ledger().checked > verdict.checked
    assert verify_ledger(number).ok
