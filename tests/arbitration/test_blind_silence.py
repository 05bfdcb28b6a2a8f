"""Before the reveal nothing that others do can be noticed from a blind seat, whenever and by whatever login its holder
looks; and whoever sits down later, with votes cast or an award issued before, begins as blind as the first."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from casework.domain import now
from casework.domain.actor import system
from casework.domain.perform import perform
from casework.domain.staff import grant
from casework.imports.tables import read_table
from casework.models import Account, Case, Unit
from tests.api.conftest import BASE
from tests.arbitration.doors import Answer, Knocker
from tests.arbitration.questions import SEATED, Places, places_of
from tests.arbitration.test_blind_leak import distinguished, readable, secrets_told
from tests.arbitration.worlds import (
    LOOKED_AT,
    NORTH,
    OWN_SCORES,
    Numbers,
    beside,
    laden_with,
    login_of,
    no_of,
    play,
    secrets_of,
    undone,
)
from tests.conftest import Time, acting, forget
from tests.factories import _arbitrate, ballot, deliver_all, panel, received
from tests.seen import case, parties, person


@pytest.fixture(scope="module")
def played(django_db_setup: None, django_db_blocker: Any) -> Iterator[Numbers]:
    """The northern world, its panel just seated, once for all tests here."""
    with django_db_blocker.unblock(), transaction.atomic():
        token = now._fixed.set(None)
        numbers = play(NORTH, Time())
        now._fixed.reset(token)
        forget()
        yield numbers
        transaction.set_rollback(True)


@pytest.fixture
def north(played: Numbers, db: None, time: Time) -> Numbers:
    return played


def scores(number: str) -> None:
    perform(number, "score_blind", acting(beside(number)[0]), OWN_SCORES)


def is_replaced(number: str) -> None:
    perform(number, "recuse", acting(beside(number)[1]), {"category": "other"})


def is_not_challenged(number: str) -> None:
    perform(number, "waive_challenge", acting(NORTH.agent))


def is_challenged(number: str) -> None:
    against = no_of(beside(number)[0])
    perform(number, "challenge", acting(NORTH.inspector), {"against": against, "reasons": "与当事人有亲属关系"})


def is_challenged_oneself(number: str) -> None:
    against = {"against": no_of(LOOKED_AT), "reasons": "与当事人有亲属关系"}
    perform(number, "challenge", acting(NORTH.agent), against)
    ruler = next(no for role, no in parties(number) if role == "challenge_ruler")
    perform(number, "reject_challenge", acting(login_of(ruler)), against)


def is_given_a_file(number: str) -> None:
    given = {"sha256": received(number, NORTH.agent, b"a note of the agent's"), "shows": "通话当日排班截图"}
    perform(number, "add_evidence", acting(NORTH.agent), given)


HAPPENS = (scores, is_replaced, is_not_challenged, is_challenged, is_challenged_oneself, is_given_a_file)


@pytest.mark.parametrize("hand, happenings", [("plain", HAPPENS), ("laden", HAPPENS[:1])], ids=["plain", "laden"])
def test_answers_when_others_act_stay_the_same(north, tmp_path, hand: str, happenings: Any):
    """Also to what is done with the version that was seen before: to whoever sits it is still the same case."""
    laden_with(hand)
    before, found = Knocker(LOOKED_AT, of_the_seat(north), tmp_path), {}
    seen_before = asked(before)
    for happens in happenings:
        with undone():
            happens(north.arbitration)
            deliver_all()
            after = Knocker(LOOKED_AT, of_the_seat(north), tmp_path)
            after.versions = before.versions
            for key, answer in asked(after).items():
                if told := distinguished(key, seen_before[key], answer, hand):
                    found[f"{happens.__name__}: {key}"] = told
    assert not found, readable(found)


def of_the_seat(numbers: Numbers) -> Places:
    whole = places_of(numbers)
    known = whole.path | {"number": {SEATED: numbers.arbitration, "EVL": numbers.evaluation}}
    return Places(path=known, units=("T-EC1",), searches=(NORTH.external_id,))


def asked(knocker: Knocker) -> dict[str, Answer]:
    for kind in ("reads", "acts_own", "notices"):
        getattr(knocker, kind)()
    return knocker.answers


def test_lists_when_only_others_are_late_show_nothing_overdue(north, time, tmp_path):
    """Days later nobody has swept: the time for challenges and the others' scores are long overdue."""
    perform(north.arbitration, "score_blind", acting(LOOKED_AT), OWN_SCORES)
    time.set("2026-11-12 10:00")
    laden_with("laden")
    knocker = Knocker(LOOKED_AT, of_the_seat(north), tmp_path)
    knocker.reads()
    told = {key: answer for key, answer in knocker.answers.items() if "overdue" in key}
    assert sorted(key.split("?")[0] for key in told) == [
        "GET /cases", "GET /cases.csv", "GET /cases.xlsx", "GET /inbox"
    ]  # fmt: skip
    for key, answer in told.items():
        seen = str(read_table(answer.body).rows) if key.startswith("GET /cases.xlsx") else answer.text
        assert north.arbitration not in seen, key


def test_second_login_when_blind_sees_what_the_first_does(north, tmp_path):
    """Identity is the person: another account of theirs, a session instead of a token."""
    first = Knocker(LOOKED_AT, of_the_seat(north), tmp_path)
    first.reads()
    Account.objects.create(username="second", person=person(no_of(LOOKED_AT)))
    second = Knocker("second", of_the_seat(north), tmp_path)
    second.reads()
    assert {key: answer.text for key, answer in first.answers.items()} == {
        key: answer.text for key, answer in second.answers.items()
    }
    session = Client(headers={"accept-language": "en"})
    session.force_login(Account.objects.get(username="second"))
    for path in ("/cases", "/inbox", f"/cases/{north.arbitration}", f"/cases/{north.evaluation}"):
        by_token = first.client.get(BASE + path, headers=first.headers)
        assert session.get(BASE + path).content == by_token.content


def test_newcomer_when_others_have_voted_sees_no_more_than_the_first_did(north, tmp_path):
    number = north.arbitration
    revealed(number)
    voter, leaver = beside(number)
    perform(number, "vote", acting(voter), ballot(number))
    perform(number, "recuse", acting(leaver), {"category": "other"})
    newcomer = next(login for login in panel(number).values() if login not in (LOOKED_AT, voter))
    assert case(number).votes and newcomer != leaver
    holds_no_secret(north, newcomer, tmp_path)


def test_new_panel_when_reopened_sees_nothing_of_the_award(north, tmp_path):
    number = north.arbitration
    revealed(number)
    for step in ("voted", "signed", "awarded"):
        _arbitrate(number, step, {}, {})
    before = set(panel(number).values())
    for login in ("bai", "tang", "liang", "luo"):
        grant(person(no_of(login)), "arbitrator", Unit.objects.get(code="OC"), system())
    perform(number, "read", acting(NORTH.agent))
    perform(number, "ask_reopening", acting(NORTH.agent), {"cause": "procedural_fault", "reasons": "未听取录音全文"})
    perform(number, "reopen", acting("fang"), {"reasons": "理由成立"})
    deliver_all()
    after = set(panel(number).values())
    assert len(after) == 3 and not after & before
    holds_no_secret(north, min(after), tmp_path)


def revealed(number: str) -> None:
    for login in panel(number).values():
        perform(number, "score_blind", acting(login), OWN_SCORES)
    for login in (NORTH.agent, NORTH.inspector):
        perform(number, "waive_challenge", acting(login))
    assert case(number).state == "voting"


def holds_no_secret(numbers: Numbers, login: str, folder: Path) -> None:
    """At any door whose answer could depend on what came before."""
    secret, places = secrets_of(NORTH, numbers, login), places_of(numbers)
    papers = Case.objects.get(number=numbers.arbitration).documents.all()
    known = places.path["document_id"] | {f"award {at}": str(paper.pk) for at, paper in enumerate(papers)}
    knocker = Knocker(login, Places(path=places.path | {"document_id": known}, units=("T-EC1",)), folder)
    asked(knocker)
    assert json.loads(knocker.answers[f"GET /cases/{SEATED}"].body)["blind"] is True
    found = {key: told for key, answer in knocker.answers.items() if (told := secrets_told(answer, secret))}
    assert not found, readable(found)
