"""Rows of the organisation that somebody wrote with the database in their hands, and the engine's own that are told."""

import json
from collections import Counter
from datetime import date

import pytest

from casework.domain.actor import actor_for
from casework.domain.office import Office, office_of
from casework.domain.org_rows import MOST, ToldRows, list_rows, other_rows
from casework.domain.passwords import set_password
from casework.domain.policy import current_policy
from casework.domain.staff import add_machine, store_people
from casework.domain.staffing import (
    add_account,
    add_leave,
    add_person,
    add_unit,
    cancel_leave,
    change_person,
    change_unit,
    close_account,
    move_end_of_leave,
    open_account,
)
from casework.domain.verification import verify_ledger
from casework.imports.people import parse_people, parse_units
from casework.imports.tables import read_table
from casework.models import Account, CaseEvent, Unit
from tests.conftest import acting
from tests.insider import Insider
from tests.seen import person


def by_hand(*statements: str) -> None:
    """Somebody wrote this past the engine, without the database's guards."""
    insider = Insider()
    for sql in statements:
        insider.do(sql)
    insider.leave()


def spelled(sql: str) -> str:
    return sql.format(yes="(1 = 1)", no="(1 = 0)")


def office() -> Office:
    return office_of(acting("hua"), Account.objects.get(username="hua"))


def found() -> set[tuple[str, str]]:
    """(check, first words) of what is wrong."""
    return {(problem.check, " ".join(problem.message.split()[:2])) for problem in verify_ledger().problems}


ADDED = (
    "INSERT INTO casework_account (username, password, is_superuser, is_staff, is_active, is_machine, first_name, "
    "last_name, email, language, date_joined) SELECT 'ghost', password, {yes}, {yes}, {yes}, {no}, '', '', '', '', "
    "date_joined FROM casework_account WHERE username = 'root'"
)


@pytest.mark.parametrize(("change", "wrong"), [
    ("UPDATE casework_account SET is_superuser = {yes}, is_staff = {yes} WHERE username = 'ann'", "account ann"),
    ("UPDATE casework_account SET is_machine = {no}, person_id = 1 WHERE username = 'root'", "account root"),
    ("UPDATE casework_account SET person_id = (SELECT person_id FROM casework_account WHERE username = 'hua') "
     "WHERE username = 'ann'", "account ann"),
    ("UPDATE casework_account SET is_active = {no} WHERE username = 'qin'", "account qin"),
    ("UPDATE casework_account SET username = 'ann0' WHERE username = 'ann'", "account ann"),
    (ADDED, "account ghost"),
    ("DELETE FROM casework_account WHERE username = 'root'", "account root"),
])  # fmt: skip
def test_account_changed_added_or_deleted_past_the_engine_is_found(db, time, change, wrong):
    assert found() == set()
    by_hand(spelled(change))
    assert ("account", wrong) in found()


def test_account_that_nobody_added_is_found_also_once_somebody_closed_it(db, time):
    by_hand(spelled(ADDED))
    by_hand(spelled("UPDATE casework_account SET is_staff = {yes} WHERE username = 'ann'"))
    root = Account.objects.get(username="root")
    administrator = office_of(actor_for(root, door="web", authenticated="password"), root)
    for login in ("ghost", "ann"):
        pk = Account.objects.get(username=login).pk
        close_account(administrator, pk)
        open_account(administrator, pk)
    assert found() == {("account", "account ghost"), ("account", "account ann")}


def test_what_was_changed_of_a_person_is_put_right_in_the_back_office(db, time):
    by_hand("UPDATE casework_person SET unit_id = (SELECT id FROM casework_unit WHERE code = 'OC') WHERE no = 'A1001'")
    [problem] = verify_ledger().problems
    assert problem.message == (
        'person A1001 is not as entries tell it: unit is "OC", was "T-EC1"; find out who wrote it, and put it back'
    )
    ann = person("A1001")
    change_person(office(), ann.pk, name=ann.name, unit=Unit.objects.get(code="T-EC1"), email=ann.email)
    assert found() == set()


@pytest.mark.parametrize(("change", "wrong"), [
    ("UPDATE casework_person SET superior_id = (SELECT id FROM casework_person WHERE no = 'M401') WHERE no = 'A1001'",
     "person A1001"),
    ("UPDATE casework_person SET unit_id = (SELECT id FROM casework_unit WHERE code = 'OC') WHERE no = 'Q202'",
     "person Q202"),
    ("UPDATE casework_person SET name = 'X' WHERE no = 'Q202'", "person Q202"),
    ("UPDATE casework_person SET email = 'x@y.test' WHERE no = 'Q202'", "person Q202"),
    ("UPDATE casework_person SET erased_at = CURRENT_TIMESTAMP WHERE no = 'A1001'", "person A1001"),
    ("UPDATE casework_person SET no = 'A9' WHERE no = 'A1001'", "person A1001"),
    ("INSERT INTO casework_person (no, name, unit_id, email) SELECT 'A9', 'X', unit_id, '' FROM casework_person "
     "WHERE no = 'A1001'", "person A9"),
])  # fmt: skip
def test_person_changed_or_added_past_the_engine_is_found(db, time, change, wrong):
    assert found() == set()
    by_hand(change)
    assert ("person", wrong) in found()


@pytest.mark.parametrize(("change", "wrong"), [
    ("UPDATE casework_unit SET parent_id = (SELECT id FROM casework_unit WHERE code = 'QA') WHERE code = 'T-EC1'",
     "unit T-EC1"),
    ("UPDATE casework_unit SET name = 'X' WHERE code = 'QA'", "unit QA"),
    ("INSERT INTO casework_unit (code, name, parent_id) SELECT 'X', 'X', id FROM casework_unit WHERE code = 'QA'",
     "unit X"),
])  # fmt: skip
def test_unit_changed_or_added_past_the_engine_is_found(db, time, change, wrong):
    by_hand(change)
    assert found() == {("unit", wrong)}


def test_person_or_unit_deleted_past_the_engine_is_found(db, time):
    add_unit(office(), code="NEW", name="新组", parent=Unit.objects.get(code="QA"))
    add_person(office(), no="N1", name="新人", unit=Unit.objects.get(code="QA"))
    assert found() == set()
    by_hand("DELETE FROM casework_person WHERE no = 'N1'", "DELETE FROM casework_unit WHERE code = 'NEW'")
    assert found() == {("person", "person N1"), ("unit", "unit NEW")}


@pytest.mark.parametrize("change", [
    "UPDATE casework_leave SET last_day = '2026-12-31'", "UPDATE casework_leave SET cancelled_at = NULL",
    "UPDATE casework_leave SET person_id = (SELECT id FROM casework_person WHERE no = 'A1002')",
    "DELETE FROM casework_leave",
    "INSERT INTO casework_leave (person_id, first_day, last_day, reason) SELECT person_id, '2026-11-09', "
    "'2026-11-30', '' FROM casework_leave",
])  # fmt: skip
def test_leave_changed_added_or_deleted_past_the_engine_is_found(db, time, change):
    leave = add_leave(office(), person=person("A1001"), first_day=date(2026, 11, 5), last_day=date(2026, 11, 9))
    move_end_of_leave(office(), leave.pk, date(2026, 11, 8))
    cancel_leave(office(), leave.pk)
    assert found() == set()
    by_hand(change)
    assert {check for check, _words in found()} == {"leave"}


def test_rows_changed_by_the_engine_are_as_entries_tell_them(db, time):
    ann, unit = person("A1001"), Unit.objects.get(code="T-SC1")
    change_person(office(), ann.pk, name="新名", unit=unit, superior=person("L303"), email="a@b.test")
    unit = change_unit(office(), unit.pk, name="新组", parent=Unit.objects.get(code="P-EC"))
    made = add_account(office(), username="ann2", person=person("A1001"))
    close_account(office(), made.pk)
    open_account(office(), made.pk)
    set_password(made, "a long one, not guessed")
    add_machine("robot")
    change_unit(office(), unit.pk, name="cafe\u0301", parent=unit.parent)  # which entries write in another form
    assert found() == set()


def test_import_tells_of_each_row_that_it_added_or_changed_and_of_no_other(db, time):
    before = CaseEvent.objects.filter(stream="org").latest("seq").seq
    known = list(Unit.objects.values_list("code", flat=True))
    rows = "code,name,parent\nT-EC1,新名,P-EC\nT-EC2,华东二组,P-EC\nT-N,新组,QA\n"
    units = parse_units(read_table(rows.encode()), known)
    table = read_table(
        "no,name,login,role,unit,acts_on,from,until,principal,email\n"
        "A1001,王喆堃,ann,agent,T-N,,,,,a1001@example.test\nN1,新人,newcomer,agent,T-N,,,,,\n".encode()
    )
    people = parse_people(
        table, [*known, "T-N"], list(current_policy().roles), known=["A1001"],
        logins={"ann": "A1001"},
    )  # fmt: skip
    assert people.problems == [] == units.problems
    store_people(units.units, people, acting("hua"))
    told = CaseEvent.objects.filter(stream="org", seq__gt=before).order_by("seq").values_list("action", "entry")
    assert Counter(action for action, _entry in told) == {
        "unit_added": 1, "unit_changed": 1, "person_added": 1, "person_changed": 1, "account_added": 1, "granted": 2,
        "people_imported": 1,
    }  # fmt: skip
    changed = {action: json.loads(entry)["data"] for action, entry in told}
    assert changed["unit_changed"]["after"] == {"name": "新名"}
    assert changed["person_changed"]["before"] == {"unit": "T-EC1"}
    assert not any("新人" in entry for _action, entry in told) and found() == set()


def test_rows_listed_late_tell_of_those_from_before_and_of_what_changes_later(db, time):
    """As after an upgrade: what entries from before say counts for nothing, a list comes first and only once."""
    by_hand("UPDATE casework_caseevent SET action = 'x' WHERE action = 'rows_listed'")
    by_hand("UPDATE casework_unit SET parent_id = NULL WHERE code = 'QA'")
    told = ToldRows()
    assert list(other_rows(told)) == [], "nothing is compared before the list"
    list_rows()
    list_rows()
    [event] = CaseEvent.objects.filter(stream="org", action="rows_listed")
    assert "王喆堃" not in event.entry and "A1001" in event.entry
    told.hear(json.loads(event.entry), [])
    assert list(other_rows(told)) == []
    by_hand("UPDATE casework_person SET name = 'X' WHERE no = 'Q202'")
    assert list(other_rows(told)) == [], "no list holds a name"
    by_hand("UPDATE casework_person SET unit_id = (SELECT id FROM casework_unit WHERE code = 'OC')")
    by_hand("UPDATE casework_account SET is_superuser = " + spelled("{yes} WHERE username = 'ann'"))
    by_hand(spelled(ADDED))
    checks = [check for check, _words in other_rows(told)]
    assert Counter(checks) == {"account": 2, "person": MOST}


@pytest.mark.parametrize("content", ["'{}'", "'{\"edition\": 1.5}'"])
def test_policy_changed_past_the_engine_is_found(db, time, content):
    by_hand(f"UPDATE casework_policyversion SET content = {content}")
    assert found() == {("policy", "policy version")}
