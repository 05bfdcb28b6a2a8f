"""Who is where and holds what, as every step reads it."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.domain.actor import system
from casework.domain.directory import Directory, GrantView, UnitView, directory, local_day
from casework.domain.errors import InvalidInput
from casework.domain.guardian_projection import project_grants
from casework.domain.now import now
from casework.domain.staff import grant, record_leave, revoke
from casework.models import Account, CaseEvent, Grant, Person, Stamp, Unit
from tests.conftest import at_once

moments = st.none() | st.integers(0, 6)
grants = st.lists(
    st.tuples(st.integers(1, 4), st.integers(1, 5), st.sampled_from(["a", "b"]), moments, moments), max_size=8
)
TREE = {1: None, 2: 1, 3: 1, 4: 2, 5: 4}


def book_of(rows: list[tuple], start) -> Directory:
    units = {pk: UnitView(pk, f"U{pk}", f"Unit {pk}", parent) for pk, parent in TREE.items()}
    views = tuple(
        GrantView(number, person, unit, role, _at(start, begin), _at(start, end), None)
        for number, (person, unit, role, begin, end) in enumerate(rows, start=1)
    )
    return Directory(version=1, units=units, persons={}, grants=views)


def _at(start, hours: int | None):
    return None if hours is None else start + timedelta(hours=hours)


@given(rows=grants, unit=st.integers(1, 5), role=st.sampled_from(["a", "b"]), hour=st.integers(0, 6))
def test_holders_when_asked_are_those_with_a_grant_above_that_holds(rows, unit, role, hour):
    """Against the plainest reading of the rules: half-open, on the unit or anything above it."""
    start = now()
    book, moment = book_of(rows, start), start + timedelta(hours=hour)
    above, current = set(), unit
    while current is not None:
        above.add(current)
        current = TREE[current]
    expected = {
        p for p, u, r, b, e in rows
        if r == role and u in above and (b is None or b <= hour) and (e is None or hour < e)
    }  # fmt: skip
    assert book.holders(role, unit, moment) == expected
    assert {p for p in range(1, 5) if book.grant(p, role, unit, moment)} == expected


def test_directory_when_units_form_a_tree_knows_above_and_below(db):
    book = directory()
    codes = {unit.code: unit.id for unit in book.units.values()}
    assert [book.units[u].code for u in book.ancestors[codes["T-EC1"]]] == ["T-EC1", "P-EC", "OC"]
    assert {book.units[u].code for u in book.below[codes["P-EC"]]} == {"P-EC", "T-EC1", "T-EC2"}


def test_directory_when_a_cycle_was_made_still_answers(db):
    top, team = Unit.objects.get(code="OC"), Unit.objects.get(code="T-EC1")
    Unit.objects.filter(pk=top.pk).update(parent=team)
    assert len(directory().ancestors[team.pk]) == 3


def test_directory_when_nothing_changed_is_read_once(db, django_assert_num_queries):
    first = directory()
    with django_assert_num_queries(1):
        assert directory() is first


@pytest.mark.parametrize("change", [
    lambda: Grant.objects.filter(person__no="M401").update(role="auditor"),
    lambda: Person.objects.filter(no="M401").update(name="秦明明"),
    lambda: Unit.objects.filter(code="QA").update(name="质检一组"),
    lambda: record_leave(Person.objects.get(no="M401"), date(2026, 11, 3), date(2026, 11, 4), system()),
])  # fmt: skip
def test_directory_when_anything_changed_is_read_anew(change, db):
    before = directory()
    change()
    assert directory() is not before and directory().version > before.version


def test_directory_when_changed_by_another_connection_is_read_anew(real_db):
    before = directory()
    at_once(lambda: Grant.objects.filter(person__no="M401").update(role="auditor"))
    assert directory().version > before.version
    assert all(g.role == "auditor" for g in directory().grants if directory().persons[g.person_id].no == "M401")


def test_own_grant_when_a_deputys_is_there_too_comes_first(db, time):
    lee, unit = Person.objects.get(no="L301"), Unit.objects.get(code="T-EC1")
    own = Grant.objects.get(person=lee)
    grant(lee, "team_leader", unit, system(), principal=Person.objects.get(no="L302"))
    assert directory().grant(lee.pk, "team_leader", unit.pk, now()).id == own.pk


@pytest.mark.parametrize("day, away", [(2, False), (3, True), (5, True), (6, False)])
def test_leave_when_it_covers_the_day_counts_both_ends(day, away, db):
    person = Person.objects.get(no="M401")
    record_leave(person, date(2026, 11, 3), date(2026, 11, 5), system())
    assert directory().is_on_leave(person.pk, date(2026, 11, day)) is away


def test_grant_when_wrong_is_refused_in_words(db, time):
    person, unit = Person.objects.get(no="M401"), Unit.objects.get(code="OC")
    for values, words in (
        ({"role": "emperor"}, "is none; the roles are"),
        ({"role": "auditor", "principal": person}, "nobody stands in for themselves"),
        ({"role": "auditor", "starts_at": now(), "ends_at": now()}, "ends after it starts"),
    ):
        role = values.pop("role")
        with pytest.raises(InvalidInput, match=words):
            grant(person, role, unit, system(), **values)
    with pytest.raises(InvalidInput):
        grant(person, "SYSTEM", unit, system())


def test_grant_when_given_and_revoked_stands_in_org_and_stays_a_row(db, time):
    person, unit = Person.objects.get(no="T951"), Unit.objects.get(code="OC")
    given = grant(person, "auditor", unit, system())
    revoke(given, system())
    assert Grant.objects.get(pk=given.pk).revoked_at == now()
    assert list(CaseEvent.objects.filter(stream="org").order_by("-seq").values_list("action", flat=True)[:2]) == [
        "revoked", "granted",
    ]  # fmt: skip


def test_guardian_when_projected_has_a_row_for_every_account_and_every_grant_that_holds(db, time):
    assert project_grants() == 0 or project_grants() == 0  # whatever was due is done; then nothing is
    ian, unit = Account.objects.get(username="ian"), Unit.objects.get(code="OC")
    assert ian.has_perm("casework.act_as_qa_lead", unit)  # as a person he holds it, whatever the account
    grants_of_ian = Grant.objects.filter(person=ian.person, role="qa_lead")
    revoke(grants_of_ian.get(), system())
    assert not Account.objects.get(username="ian").has_perm("casework.act_as_qa_lead", unit)


def test_stamp_when_read_is_one_row(db):
    assert Stamp.objects.count() == 1 and local_day(now())
