"""Who may do what, in every state, through every door, against a table that was read line by line."""

import difflib
import json
import os
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from casework.domain.errors import OutOfScope
from casework.domain.law import Law, laws
from casework.domain.now import now
from casework.domain.perform import perform
from casework.domain.signing import token_digest
from casework.models import Account, Person, Token, Unit
from tests.conftest import acting
from tests.factories import evaluation
from tests.laws.permission_matrix import API, COMMAND, LISTED, LISTED_BY_COMMAND, Matrix, measured
from tests.laws.permission_table import table
from tests.seen import refused

FOLDER = Path(__file__).with_name("permissions")
every_type = pytest.mark.parametrize("law", laws().values(), ids=laws().keys())


@pytest.fixture(scope="module")
def matrix(django_db_setup: None, django_db_blocker: Any) -> Matrix:
    """Everything that was asked and answered, in a database of its own."""
    with django_db_blocker.unblock():
        return measured()


@every_type
def test_states_when_played_are_all_of_the_law(law: Law, matrix: Matrix):
    assert {where.split(",")[0] for where in matrix.wheres[law.label]} == set(law.states)


@every_type
def test_actions_when_asked_for_are_all_of_the_law(law: Law, matrix: Matrix):
    asked = {action.rpartition(".")[2] for of, action, _where in matrix.cells if of in (law.label, _subject(law))}
    assert set(law.actions) <= asked


def _subject(law: Law) -> str | None:
    return next(spec.subject for spec in law.openings.values())


@every_type
def test_permissions_when_asked_are_those_of_the_reviewed_table(law: Law, matrix: Matrix):
    """GONGDUAN_WRITE_TABLE=1 writes the table anew; what changes in it wants to be read and understood."""
    file, found = FOLDER / f"{law.app}.md", table(law, matrix)
    if os.environ.get("GONGDUAN_WRITE_TABLE"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(found, encoding="utf-8")
    known = file.read_text(encoding="utf-8") if file.exists() else ""
    assert known == found, "\n".join(difflib.unified_diff(known.splitlines(), found.splitlines(), n=1, lineterm=""))


def test_stranger_when_asking_for_anything_hears_that_there_is_no_case(matrix: Matrix):
    heard = {part: codes for part, codes in matrix.strangers.items() if part != "root"}
    assert len(heard) > 10 and set(map(frozenset, heard.values())) == {frozenset({"out_of_scope"})}


def test_superuser_when_asking_for_anything_is_refused(matrix: Matrix):
    assert matrix.strangers["root"] == {"not_permitted"}
    assert {answers["root"].code for answers in matrix.cells.values() if "root" in answers} == {"not_permitted"}


def test_second_account_when_asking_hears_what_the_first_hears(matrix: Matrix):
    """Authority is the person's: the login that people know as a QA lead's opens nothing to the inspector."""
    for cell, answers in matrix.cells.items():
        assert answers.get("inspector") == answers.get("inspector as lead"), cell


def test_system_when_its_actions_are_tried_by_people_stays_alone(matrix: Matrix):
    """Nobody, in no state, performs what the law gives to SYSTEM."""
    apps = {law.app: law for law in laws().values()}
    heard = {
        answer.code
        for (of, action, _where), answers in matrix.cells.items()
        if apps.get(action.rpartition(".")[0], laws()[of]).actions[action.rpartition(".")[2]].is_system
        for answer in answers.values()
    }
    assert heard == {"not_permitted"}


@pytest.mark.parametrize("door", [API, COMMAND, LISTED, LISTED_BY_COMMAND])
def test_door_when_compared_with_the_domain_answers_the_same(door: str, matrix: Matrix):
    assert matrix.asked[door] > 80
    assert matrix.differences[door] == []


# Nobody logs in as SYSTEM


@pytest.mark.parametrize("login", ["SYSTEM", "system"])
def test_command_by_an_account_called_system_finds_no_such_user(db, time, monkeypatch, login: str):
    number = evaluation(reader=None)
    monkeypatch.setenv("GONGDUAN_TOKEN", account_called(login))
    with pytest.raises(SystemExit) as end:
        call_command("perform", number, "deem_served", "--as", login, stdout=StringIO(), stderr=StringIO())
    assert end.value.code == OutOfScope.exit_status


def test_api_by_an_account_called_system_is_refused(db, time):
    number, token = evaluation(reader=None), account_called("SYSTEM")
    answer = Client(headers={"authorization": f"Bearer {token}"}).post(
        f"/api/v1/cases/{number}/actions/deem_served", json.dumps({"data": {}}), content_type="application/json"
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")


def test_anything_by_a_person_whose_staff_number_is_system_is_refused(db, time):
    """SYSTEM is not a name that somebody could be given."""
    number = evaluation(reader=None)
    person = Person.objects.create(no="SYSTEM", name="系统", unit=Unit.objects.get(code="OC"))
    Account.objects.create(username="sysop", person=person)
    with refused(OutOfScope):
        perform(number, "deem_served", acting("sysop"))


def account_called(login: str) -> str:
    """An account of nobody under that name; its token."""
    Token.objects.create(
        account=Account.objects.create(username=login), digest=token_digest("a token"), created_at=now(),
        expires_at=now() + timedelta(days=1),
    )  # fmt: skip
    return "a token"
