"""What the database itself refuses, on both engines, whoever holds the connection."""

import uuid
from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection, transaction

from casework.domain import ledger
from casework.models import (
    Case,
    CaseEvent,
    Checkpoint,
    Cosignature,
    Document,
    Grant,
    Installation,
    Leave,
    LogLeaf,
    Person,
    PolicyVersion,
    Stamp,
    StampedEdition,
    Tile,
    Unit,
    Unsequenced,
)
from tests.factories import dispute, evaluation

postgresql_only = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite knows no TRUNCATE")
sqlite_only = pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL knows no INSERT OR REPLACE")


def refused(sql: str, parameters: tuple = ()) -> str:
    """The words with which the database refused the statement; nothing was changed by it."""
    with pytest.raises(DatabaseError) as refusal, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, parameters)
    return str(refusal.value)


@pytest.fixture
def case(db, time) -> Case:
    return Case.objects.get(number=evaluation())


FROZEN = (
    "casework_caseevent", "casework_policyversion", "casework_installation", "casework_logleaf", "casework_checkpoint",
    "casework_cosignature", "casework_stampededition",
)  # fmt: skip
UNDELETED = (
    "casework_case", "casework_family", "casework_party", "casework_clockentry", "casework_document", "casework_tile",
)  # fmt: skip


@pytest.fixture
def filled(db, time) -> None:
    """At least one row in every guarded table."""
    dispute(upto="forwarded")
    case = Case.objects.filter(type="disputes.ScoreDispute").get()
    edition_of(document_of(case, Document.State.ISSUED), case)
    document_of(case, Document.State.DRAFTED)
    log_of(case)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:  # TRUNCATE and ALTER TABLE wait for no foreign key
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    if not Installation.objects.exists():
        with connection.cursor() as cursor:  # a real installation marks itself before there are people
            off = "ALTER TABLE casework_installation DISABLE TRIGGER USER"
            if connection.vendor == "postgresql":
                cursor.execute(off)
            else:
                cursor.execute("DROP TRIGGER casework_only_before_people")
            Installation.objects.create(created_at=case.opened_at)
            if connection.vendor == "postgresql":
                cursor.execute(off.replace("DISABLE", "ENABLE"))


@pytest.mark.parametrize("table", FROZEN + UNDELETED)
def test_delete_when_rows_are_kept_is_refused(table: str, filled):
    assert "stay as they are" in refused(f"DELETE FROM {table}")


@pytest.mark.parametrize("table, change", [
    ("casework_caseevent", "entry = '{}'"), ("casework_caseevent", "seq = seq + 1000"),
    ("casework_caseevent", "key = NULL"),
    ("casework_logleaf", "event_id = event_id + 1"), ("casework_checkpoint", "note = ''"),
    ("casework_cosignature", "line = ''"), ("casework_stampededition", "level = ''"),
    ("casework_policyversion", "content = '{}'"), ("casework_installation", "demo = (1 = 1)"),
])  # fmt: skip
def test_update_when_rows_are_frozen_is_refused(table: str, change: str, filled):
    assert "stay as they are" in refused(f"UPDATE {table} SET {change}")


@postgresql_only
@pytest.mark.parametrize("table", FROZEN + UNDELETED)
def test_truncate_when_rows_are_kept_is_refused(table: str, filled):
    assert "stay as they are" in refused(f"TRUNCATE {table} CASCADE")


# The ledger

EVENT = (
    "INSERT INTO casework_caseevent (id, stream, case_id, seq, previous, digest, entry, action, at, body, key) "
    "VALUES (%s, %s, NULL, %s, %s, %s, '{}', 'forged', '2026-11-03 02:00:00+00:00', '', NULL)"
)
START, OTHER = "0" * 64, "f" * 64


@pytest.mark.parametrize("seq, previous", [
    (lambda last: last.seq + 2, lambda last: last.digest),  # a gap
    (lambda last: last.seq, lambda last: last.previous),  # one that is there
    (lambda last: 1, lambda last: START),  # a new beginning
    (lambda last: last.seq + 1, lambda last: START),  # the right place on the wrong chain
    (lambda last: last.seq + 1, lambda last: OTHER),
], ids=["gap", "taken", "first_again", "start_digest", "other_digest"])  # fmt: skip
def test_event_when_it_does_not_follow_is_refused(case: Case, seq: Callable, previous: Callable):
    last = ledger.last_events(case).last()
    words = refused(EVENT, (1, last.stream, seq(last), previous(last), "a" * 64))
    assert "follow the last" in words or "UNIQUE" in words
    assert ledger.last_events(case).last().digest == last.digest


@pytest.mark.parametrize("seq, previous", [(2, START), (0, START), (1, OTHER)])
def test_event_when_it_begins_a_stream_wrongly_is_refused(case: Case, seq: int, previous: str):
    refused(EVENT, (1, "case:NEW-2026-000001", seq, previous, "a" * 64))


def test_event_when_it_follows_is_taken(case: Case):
    """The guard is no wall: what follows goes in."""
    last = ledger.last_events(case).last()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(EVENT, (1, last.stream, last.seq + 1, last.digest, "a" * 64))
    assert CaseEvent.objects.filter(pk=1).exists()


@sqlite_only
@pytest.mark.parametrize("column", ["id", "stream_seq", "key"])
def test_event_when_replaced_is_refused(case: Case, column: str):
    """REPLACE deletes the row it meets without asking DELETE triggers."""
    last = ledger.last_events(case).last()
    values = {
        "id": (last.pk, "case:NEW-2026-000001", 1, START),
        "stream_seq": (1, last.stream, last.seq, last.previous),
        "key": (1, "case:NEW-2026-000001", 1, START),
    }[column]
    sql = EVENT.replace("INSERT", "INSERT OR REPLACE")
    if column == "key":
        keyed = uuid.uuid4()
        ledger_event(case, keyed)
        sql = sql.replace("'', NULL)", f"'', '{keyed.hex}')")
    before = CaseEvent.objects.count()
    refused(sql, (*values, "a" * 64))
    assert CaseEvent.objects.count() == before and CaseEvent.objects.get(pk=last.pk).entry == last.entry


def ledger_event(case: Case, key: uuid.UUID) -> None:
    last = ledger.last_events(case).last()
    event, _texts = ledger.build(
        stream=last.stream, seq=last.seq + 1, previous=last.digest, head={}, data={}, case=case, action="x",
        actor_id=None,
        key=key,
    )  # fmt: skip
    event.save(force_insert=True)


# The log


def log_of(case: Case) -> None:
    """An event of the case in its place, under a checkpoint that somebody cosigned."""
    LogLeaf.objects.create(index=0, event=ledger.last_events(case)[0])
    Tile.objects.create(level=0, number=0, hashes=b"a" * 32)
    checkpoint = Checkpoint.objects.create(size=1, root="a" * 64, note="x", at=case.opened_at)
    Cosignature.objects.create(checkpoint=checkpoint, witness="w", line="x", at=case.opened_at)


def test_event_however_it_was_written_waits_for_its_place(case: Case):
    """Past the application too: the database puts it in line."""
    last = ledger.last_events(case).last()
    with connection.cursor() as cursor:
        cursor.execute(EVENT, (1, last.stream, last.seq + 1, last.digest, "a" * 64))
    assert Unsequenced.objects.filter(pk=1).exists()
    assert set(CaseEvent.objects.values_list("pk", flat=True)) == set(Unsequenced.objects.values_list("pk", flat=True))


def test_line_when_an_event_has_no_place_yet_is_not_left(case: Case):
    assert "place in the log first" in refused("DELETE FROM casework_unsequenced")
    LogLeaf.objects.create(index=0, event=ledger.last_events(case)[0])
    Unsequenced.objects.filter(pk=ledger.last_events(case)[0].pk).delete()


@postgresql_only
def test_line_when_truncated_is_refused(case: Case):
    assert "stay as they are" in refused("TRUNCATE casework_unsequenced")


@pytest.mark.parametrize("change", [
    "level = 1", "number = 1", "hashes = {short}", "hashes = {other}", "id = id + 1",
])  # fmt: skip
def test_tile_when_it_does_not_only_grow_is_refused(filled, change: str):
    form = {"postgresql": "'\\x{}'::bytea", "sqlite": "X'{}'"}[connection.vendor]
    words = {"short": form.format("61" * 31), "other": form.format("62" * 64)}
    assert "save what is added behind" in refused(f"UPDATE casework_tile SET {change.format(**words)}")


def test_tile_when_it_grows_is_taken_up_to_its_width(filled):
    assert Tile.objects.update(hashes=b"a" * 32 + b"b" * 32 * 255) == 1
    with pytest.raises(DatabaseError), transaction.atomic():
        Tile.objects.update(hashes=b"a" * 32 + b"b" * 32 * 256)


@sqlite_only
@pytest.mark.parametrize("table", ["logleaf", "tile", "checkpoint", "cosignature", "stampededition"])
def test_row_of_the_log_when_replaced_is_refused(filled, table: str):
    assert "UNIQUE" in refused(f"INSERT OR REPLACE INTO casework_{table} SELECT * FROM casework_{table}")


# Policies, documents, the mark


@sqlite_only
def test_policy_when_replaced_is_refused(case: Case):
    digest = PolicyVersion.objects.values_list("digest", flat=True)[0]
    sql = (
        "INSERT OR REPLACE INTO casework_policyversion (digest, content, registered_at) VALUES (%s, '{}', '2026-11-03')"
    )
    refused(sql, (digest,))
    assert PolicyVersion.objects.get(pk=digest).content != {}


def document_of(case: Case, state: str) -> Document:
    return Document.objects.create(
        case=case, kind="ruling", state=state, snapshot="{}", snapshot_sha256="a" * 64, file_sha256="b" * 64,
        drafted_at=case.opened_at,
    )  # fmt: skip


def edition_of(document: Document, case: Case) -> None:
    event = ledger.last_events(case)[0]
    StampedEdition.objects.create(
        document=document, file_sha256="c" * 64, at=case.opened_at, level="B-T", event=event
    )  # fmt: skip


def test_document_when_issued_never_changes(case: Case):
    issued = document_of(case, Document.State.ISSUED)
    for change in ({"state": "void"}, {"file_sha256": "c" * 64}, {"fields": [1]}, {"issued_at": case.opened_at}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Document.objects.filter(pk=issued.pk).update(**change)


@pytest.mark.parametrize("state", ["drafted", "signed", "void"])
def test_document_when_drawn_keeps_its_snapshot(case: Case, state: str):
    drawn, other = document_of(case, state), Case.objects.exclude(pk=case.pk).first()
    for change in ({"snapshot": "{1}"}, {"snapshot_sha256": "c" * 64}, {"id": uuid.uuid4()}, {"case": other}):
        if change.get("case", case) is None:
            continue
        with pytest.raises(DatabaseError), transaction.atomic():
            Document.objects.filter(pk=drawn.pk).update(**change)
    Document.objects.filter(pk=drawn.pk).update(file_sha256="c" * 64)


@sqlite_only
def test_document_when_replaced_is_refused(case: Case):
    issued = document_of(case, Document.State.ISSUED)
    columns = [f.column for f in Document._meta.concrete_fields]
    row = f"SELECT {', '.join(columns)} FROM casework_document WHERE id = %s"
    refused(f"INSERT OR REPLACE INTO casework_document ({', '.join(columns)}) {row}", (issued.pk.hex,))


def test_mark_when_people_exist_is_refused(db):
    """A demo database is marked before its first person, never later."""
    assert Person.objects.exists() and not Installation.objects.exists()
    sql = "INSERT INTO casework_installation (id, demo, created_at) VALUES (1, %s, '2026-11-03 02:00:00+00:00')"
    assert "Expected an empty database" in refused(sql, (True,))


# The stamp


def test_stamp_when_people_days_or_grants_change_is_raised_by_the_database(db):
    def version() -> int:
        return Stamp.objects.values_list("version", flat=True).get(pk=1)

    person, unit = Person.objects.first(), Unit.objects.first()
    for table, change in {
        "casework_person": "name = name", "casework_unit": "name = name", "casework_grant": "role = role",
        "casework_calendarday": "source = 'x'",
    }.items():  # fmt: skip
        before = version()
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET {change}")
        assert version() > before, table
    for make in (
        lambda: Grant.objects.create(person=person, unit=unit, role="agent"),
        lambda: Leave.objects.create(person=person, first_day="2026-11-02", last_day="2026-11-03"),
    ):
        before = version()
        made = make()
        between = version()
        made.delete()
        assert before < between < version()
