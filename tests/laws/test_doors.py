"""Every action of every law can be reached through every door: doors filter nothing and add nothing."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from casework import queries
from casework.domain.law import Law, laws
from casework.domain.now import now
from casework.domain.signing import token_digest
from casework.models import Account, Token
from tests.conftest import Time, acting
from tests.factories import arbitration
from tests.laws.permissions import stops_of

LOGIN = "qin"
every_type = pytest.mark.parametrize("law", laws().values(), ids=laws().keys())


def by_hand(law: Law) -> list[str]:
    return [name for name, spec in law.actions.items() if not spec.is_system and not spec.opening]


@pytest.fixture
def number(law: Law, db, time: Time) -> str:
    """A case of the type, seen by the QA lead: the first that its own stops play, or else one of an arbitration's."""
    from casework.models import Case

    if (first := next(stops_of(law, time), None)) is not None:
        return first.number
    arbitration()
    found = Case.objects.filter(type=law.label).order_by("id").first()
    assert found, f"no case of {law.label}: give its tests a stops.py, as startcasetype does"
    return found.number


@pytest.fixture
def client(db, time) -> Client:
    account = Account.objects.get(username=LOGIN)
    Token.objects.create(
        account=account, digest=token_digest("a token"), created_at=now(), expires_at=now() + timedelta(days=400)
    )
    return Client(headers={"authorization": "Bearer a token"}, raise_request_exception=True)


@every_type
def test_actions_when_listed_are_all_that_the_law_leaves_to_people(law: Law, number: str):
    listed = [a for a in queries.actions_for(number, acting(LOGIN)) if not a.get("opens")]
    assert sorted(a["action"] for a in listed) == sorted(by_hand(law))
    for action in listed:
        spec = law.actions[action["action"]]
        assert action["schema"]["type"] == "object" and action["label"] == str(spec.label)
        assert action["allowed"] or action["why"]
    opened = {a["action"] for a in queries.actions_for(number, acting(LOGIN)) if a.get("opens")}
    openings = (spec for other in laws().values() for spec in other.openings.values() if not spec.is_system)
    wanted = {spec.name for spec in openings if spec.subject == law.label}
    assert opened == wanted


@every_type
def test_api_when_given_any_action_brings_it_to_the_law(law: Law, number: str, client: Client):
    """Whatever the law answers, the API never says that it does not know the action."""
    known = client.get(f"/api/v1/cases/{number}/actions")
    assert known.status_code == 200 and {a["action"] for a in known.json()} >= set(by_hand(law))
    for name in [*law.actions, "nonsense"]:
        answer = client.post(
            f"/api/v1/cases/{number}/actions/{name}", {"data": {}, "version": 999}, content_type="application/json"
        )
        unknown = name not in law.actions or law.actions[name].opening
        assert (answer.json().get("code") == "unknown_action") is unknown, (name, answer.content)
        assert answer.status_code in (404, 403, 409, 422), (name, answer.content)


@every_type
def test_command_when_given_any_action_brings_it_to_the_law(law: Law, number: str, monkeypatch, capsys):
    account = Account.objects.get(username=LOGIN)
    Token.objects.create(
        account=account, digest=token_digest("a token"), created_at=now(), expires_at=now() + timedelta(days=400)
    )
    monkeypatch.setenv("GONGDUAN_TOKEN", "a token")
    monkeypatch.setenv("GONGDUAN_PASSWORD", "nothing")
    for name in [*law.actions, "nonsense"]:
        status = _status(number, name)
        unknown = name not in law.actions or law.actions[name].opening
        assert (status == 5) is unknown, (name, status, capsys.readouterr().err)
        assert status in (2, 3, 4, 5)


def _status(number: str, action: str) -> Any:
    """The command's exit status; the version is one that nobody saw, so that nothing is done."""
    with pytest.raises(SystemExit) as left:
        call_command("perform", number, action, "--as", LOGIN, "--version", "999", stdout=StringIO(), stderr=StringIO())
    return left.value.code


@every_type
def test_form_when_shown_as_schema_is_json(law: Law):
    for spec in law.actions.values():
        assert json.loads(json.dumps(spec.form.model_json_schema()))["type"] == "object"
