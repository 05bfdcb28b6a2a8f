"""The first account: there with its entry, or not at all."""

import json

import pytest

from casework.domain.verification import verify_ledger
from casework.models import Account, CaseEvent
from tests.commands.conftest import refused, run

GOOD = "a long one, not guessed"


@pytest.fixture
def environment(monkeypatch):
    def put(password: str, login: str = "") -> None:
        monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", password)
        monkeypatch.setenv("DJANGO_SUPERUSER_USERNAME", login)

    return put


def test_createsuperuser_makes_an_administrator_of_whom_the_ledger_tells(db, time, environment):
    environment(GOOD)
    done = run("createsuperuser", "--noinput", "--username", "root2", "--email", "root@example.test")
    assert (done.status, done.json) == (0, {"account": "root2"})
    made = Account.objects.get(username="root2")
    assert made.is_superuser and made.person is None and made.check_password(GOOD) and made.email
    entry = CaseEvent.objects.filter(stream="org", action="account_added").latest("seq").entry
    told = json.loads(entry)["data"]
    assert (told["account"], told["after"]["superuser"], told["after"]["person"]) == ("root2", True, None)
    assert GOOD not in entry and "example.test" not in entry and verify_ledger().ok


def test_createsuperuser_takes_its_login_from_the_environment_as_djangos_did(db, time, environment):
    environment(GOOD, "root3")
    assert run("createsuperuser", "--noinput").status == 0 and Account.objects.get(username="root3").is_superuser


@pytest.mark.parametrize(("login", "password", "words"), [
    ("", GOOD, "Expected a login of letters"), ("a b", GOOD, "Expected a login of letters"),
    ("Root", GOOD, "'Root' is taken"), ("root4", "", "Expected a password, but there is none"),
    ("root4", "12345678", "hard to guess"),
])  # fmt: skip
def test_createsuperuser_with_what_cannot_be_makes_no_account(db, time, environment, login, password, words):
    environment(password)
    before = Account.objects.count(), CaseEvent.objects.count()
    refused(run("createsuperuser", "--noinput", "--username", login), 2, words)
    assert (Account.objects.count(), CaseEvent.objects.count()) == before
