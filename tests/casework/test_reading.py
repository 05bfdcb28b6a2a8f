"""A family in one statement is what the ORM reads, row by row."""

import uuid

import pytest

from casework.domain.errors import OutOfScope
from casework.domain.perform import perform
from casework.domain.reading import UNREAD, read_family, read_family_of
from casework.models import Case, Clock, Document, Party, Stamp, Task
from tests.conftest import acting
from tests.factories import deliver_all, dispute, evaluation


@pytest.fixture
def family(db, time):
    number = dispute(upto="ruled")
    deliver_all()
    dispute_of_another = dispute()
    perform(dispute_of_another, "withdraw", acting("ann"))
    return read_family(number)


def assert_same(held, kept) -> None:
    for field in kept._meta.concrete_fields:
        if field.attname not in UNREAD.get(type(kept), ()):
            assert getattr(held, field.attname) == getattr(kept, field.attname), (type(kept).__name__, field.attname)


def test_family_when_read_has_every_row_of_it_and_no_other(family):
    ids = {case.pk for case in family.cases}
    assert len(ids) == 2 and ids == set(Case.objects.filter(family_id=family.row.pk).values_list("pk", flat=True))
    for case in family.cases:
        assert_same(case, type(case).objects.get(pk=case.pk))
    for model, held, wanted in (
        (Party, family.parties, Party.objects.filter(case_id__in=ids)),
        (Clock, family.clocks, Clock.objects.filter(case_id__in=ids)),
        (Task, family.tasks, Task.objects.filter(process_id__in=ids, finished=None)),
        (Document, family.documents, Document.objects.filter(case_id__in=ids)),
    ):
        kept = {row.pk: row for row in wanted}
        assert {row.pk for row in held} == set(kept) and kept, model
        for row in held:
            assert_same(row, kept[row.pk])
    assert family.stamp == Stamp.objects.get().version


def test_family_when_read_by_any_member_is_the_same(family):
    for case in family.cases:
        again = read_family_of(case.pk)
        assert {c.number for c in again.cases} == {c.number for c in family.cases}
        assert again.version == family.version


def test_family_when_changed_in_memory_changes_nothing_else(family):
    family.cases[0].as_read["number"] = "x"
    family.parties.clear()
    again = read_family(family.cases[0].number)
    assert again.parties and again.cases[0].as_read["number"] == again.cases[0].number


def test_family_when_a_key_is_known_brings_its_event_also_from_another_family(db, time):
    from casework.domain.perform import token_of

    number = evaluation()
    other = evaluation()
    actor = acting("ann")
    done = perform(number, "acknowledge", actor, key="once")
    assert read_family(number, key=token_of(actor, number, "once")).repeat["entry"]
    assert read_family(number, key=token_of(actor, other, "once")).repeat is None
    assert read_family(number, key=uuid.uuid4()).repeat is None
    assert done.entry["stream"] == f"case:{number}"


@pytest.mark.parametrize("number", ["EVL-2026-999999", "", "x" * 1000, "EVL-2026-000001'; --", "评分"])
def test_family_when_there_is_no_such_case_is_out_of_scope(number, db):
    with pytest.raises(OutOfScope):
        read_family(number)
    with pytest.raises(OutOfScope):
        perform(number, "read", acting("ann"))


def test_family_when_a_number_cannot_be_text_of_the_database_is_out_of_scope(db):
    with pytest.raises(OutOfScope):
        perform("EVL-2026-\x00", "read", acting("ann"))
