"""Whoever leaves while they hold a seat gives it up: recorded, once, with the reason; the next one is drawn."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction

from casework.domain import staffing
from casework.domain.actor import system
from casework.domain.errors import NotAllowedNow
from casework.domain.leavers import give_up_seats
from casework.domain.now import now
from casework.domain.office import office_of
from casework.domain.perform import perform
from casework.domain.staff import grant
from casework.management.seating import unseatable
from casework.models import Account, Clock, Delivery, Grant, Party, Unit
from tests.conftest import acting
from tests.factories import RULING, deliver_all, dispute
from tests.seen import (
    case,
    due,
    entry,
    events,
    parties,
    person,
    refused,
    reviewer,
    revoke_all,
    running,
    second_lead,
    tasks,
    told,
)


@pytest.fixture
def reviewing(db, time) -> str:
    """ann's dispute, before qin, who alone could review it; the second day of two."""
    number = dispute(upto="forwarded")
    deliver_all()
    time.set("2026-11-04 10:00")
    return number


def close(login: str) -> Account:
    """hua closes the account."""
    account = Account.objects.get(username=login)
    return staffing.close_account(office_of(acting("hua"), Account.objects.get(username="hua")), account.pk)


def ruler(number: str) -> Party:
    return Party.objects.get(case__number=number, role="challenge_ruler", until=None)


def reviewers_free() -> list[int]:
    """How many could review, in each unit where they are too few."""
    return [lack.free for lack in unseatable() if lack.needed == 1]


def left(number: str) -> dict[str, Any]:
    """The entry of the last seat that was given up."""
    return entry(number, "replace_leaver")


def test_reviewer_whose_account_is_closed_is_replaced_by_the_next(reviewing):
    second_lead()
    assert (reviewer(reviewing), due(reviewing, "review")) == ("M401", "2026-11-05 18:00")
    close("qin")
    assert reviewer(reviewing) == "M401", "nothing of the case changes in the office's own transaction"
    deliver_all()
    assert reviewer(reviewing) == "M405" and ("review", "M401") not in tasks(reviewing)
    assert ("review", "M405") in tasks(reviewing) and due(reviewing, "review") == "2026-11-06 18:00"
    assert left(reviewing)["data"] == {"seat": "reviewer", "person": "M401", "why": "account_closed"}
    assert (left(reviewing)["actor"], left(reviewing)["choices"][0]["closed"]) == ("SYSTEM", ["M401"])
    assert told("M405", reviewing) == ["to_review"] and told("A1001", reviewing)[-1] == "reviewer_seated"
    assert give_up_seats() == (0, [])


def test_reviewer_who_left_when_nobody_else_may_leaves_an_empty_seat_and_the_director_is_told(reviewing):
    """Their grants hold, but nobody is drawn who cannot log in."""
    assert reviewers_free() == []
    close("qin")
    deliver_all()
    assert reviewer(reviewing) is None and case(reviewing).state == "reviewing"
    assert {"naming", "whole"} <= running(reviewing) and ("name_reviewer", "director") in tasks(reviewing)
    assert told("F801", reviewing) == told("F802", reviewing) == ["no_reviewer"]
    assert 0 in reviewers_free()


def test_reviewer_whose_grant_ended_by_its_date_is_replaced_when_the_worker_looks(reviewing, time):
    second_lead()
    Grant.objects.filter(person__no="M401").update(ends_at=now() + timedelta(minutes=30))
    assert give_up_seats() == (0, [])
    time.on(minutes=30)
    call_command("work", "--once", verbosity=0)
    assert reviewer(reviewing) == "M405" and left(reviewing)["data"]["why"] == "grant_ended"
    call_command("work", "--once", verbosity=0)
    assert events(reviewing).count("replace_leaver") == 1


def test_reviewer_who_still_may_act_stays(reviewing):
    """Another login, or another grant of the role, is enough."""
    Account.objects.create(username="qin2", person=person("M401"))
    grant(person("M401"), "qa_lead", Unit.objects.get(code="OC"), system())
    close("qin")
    Grant.objects.filter(person__no="M401").order_by("id").first().delete()
    deliver_all()
    assert reviewer(reviewing) == "M401" and give_up_seats() == (0, [])
    Account.objects.filter(username="qin2").update(is_machine=True)
    assert give_up_seats() == (1, []), "a machine decides nothing"


def test_reviewer_who_left_before_signing_takes_the_draft_with_them(reviewing):
    second_lead()
    perform(reviewing, "rule", acting("qin"), RULING)
    revoke_all("M401", "qa_lead")
    assert give_up_seats() == (1, [])
    assert (case(reviewing).state, case(reviewing).outcome, reviewer(reviewing)) == ("reviewing", "", "M405")
    assert Clock.objects.filter(case__number=reviewing, name="review").count() == 2


def test_ruler_on_a_challenge_who_left_is_replaced_and_the_challenge_stays_open(db, time):
    number = dispute(upto="forwarded")
    perform(number, "challenge", acting("ann"), {"against": "M401", "reasons": "不公"})
    first = ruler(number)
    for given in Grant.objects.filter(person=first.person):
        revoke_all(first.person.no, given.role)
    deliver_all()
    assert ruler(number).person_id != first.person_id and case(number).challenges[0]["result"] == ""
    assert (case(number).state, reviewer(number)) == ("reviewing", "M401")
    assert told(ruler(number).person.no, number) == ["challenged"]


def test_seat_that_somebody_gave_up_meanwhile_is_not_given_up_twice(reviewing):
    second_lead()
    data = {"seat": "reviewer", "person": "M401", "why": "account_closed"}
    with refused(NotAllowedNow, "not_left"):
        perform(reviewing, "replace_leaver", system(), data)
    close("qin")
    perform(reviewing, "replace_leaver", system(), data)
    with refused(NotAllowedNow, "not_left"):
        perform(reviewing, "replace_leaver", system(), data)
    deliver_all()
    assert events(reviewing).count("replace_leaver") == 1 and ("reviewer", "M405") in parties(reviewing)


def test_change_of_the_office_that_is_undone_replaces_nobody(reviewing):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        close("qin")
        raise ZeroDivisionError
    assert not Delivery.objects.filter(kind="leavers").exists() and give_up_seats() == (0, [])
