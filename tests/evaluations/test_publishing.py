"""Drafts are seen by their inspector and QA only; publishing is the act of a QA lead who did not score."""

import pytest

from casework.domain.directory import directory
from casework.domain.errors import NotAllowedNow, NotPermitted, OutOfScope
from casework.domain.now import now
from casework.domain.perform import perform
from casework.domain.scope import visible
from casework.models import Account, Case
from tests.factories import deliver_all, evaluation
from tests.seen import case, due, entry, parties, refused, running, tasks, told


def seers(number: str, *logins: str) -> set[str]:
    """Who of them may know of the case."""
    book, found = directory(), set()
    for login in logins:
        person_id = Account.objects.get(username=login).person_id
        if Case.objects.filter(visible(person_id, at=now(), book=book), number=number).exists():
            found.add(login)
    return found


EVERYONE = ("ann", "bo", "lee", "luo", "ian", "ivy", "qin", "peng", "fang", "aud", "hua", "abe")


def test_score_draft_is_hidden_from_agent_and_leader(db, time, as_):
    number = evaluation(publisher=None)
    draft = case(number)
    assert (draft.state, draft.reading, str(draft.score), draft.restricted) == ("draft", "unpublished", "84.00", True)
    assert parties(number) == {("inspector", "Q202")}
    assert seers(number, *EVERYONE) == {"ian", "qin", "fang", "aud"}
    assert tasks(number) == {("publish", "qa_lead")}
    assert running(number) == set()
    for login in ("ann", "lee", "hua"):
        with refused(OutOfScope):
            perform(number, "read", as_(login))


def test_publish_by_qa_lead_shows_it_to_agent_and_leader(db, time, as_):
    number = evaluation(publisher=None)
    time.set("2026-11-03 11:00")
    perform(number, "publish", as_("qin"))
    published = case(number)
    assert (published.state, published.reading, published.publication) == ("standing", "published", 1)
    assert parties(number) == {("inspector", "Q202"), ("agent", "A1001")}
    assert seers(number, *EVERYONE) == set(EVERYONE) - {"bo", "luo", "ivy", "abe"}
    assert tasks(number) == {("read", "A1001")}
    assert due(number, "deemed_service") == "2026-11-04 18:00"
    grant = entry(number, "publish")["grant"]
    assert (grant["role"], grant["unit"]) == ("qa_lead", "OC")
    assert told("A1001", number) == []
    deliver_all()
    assert told("A1001", number) == ["published"]


@pytest.mark.parametrize("login", ["ian", "ivy", "hua", "fang", "aud"])
def test_publish_without_the_role_is_refused(db, time, as_, login):
    number = evaluation(publisher=None)
    kind = OutOfScope if login in ("ivy", "hua") else NotPermitted
    with refused(kind):
        perform(number, "publish", as_(login))


def test_publish_by_the_scorer_through_a_second_account_is_refused(db, time, as_):
    number = evaluation(publisher=None)
    with refused(NotPermitted, "own_score"):
        perform(number, "publish", as_("ian2"))


def test_publish_own_score_by_a_lead_who_scored_is_refused(db, time, as_):
    number = evaluation(inspector="M401", publisher=None)
    with refused(NotPermitted, "own_score"):
        perform(number, "publish", as_("qin"))
    perform(number, "publish", as_("ian2"))
    assert case(number).state == "standing"


def test_publish_twice_is_refused(db, time, as_):
    number = evaluation(reader=None)
    with refused(NotAllowedNow):
        perform(number, "publish", as_("qin"))


def test_score_historical_is_final_at_once_and_opens_no_window(db, time, as_):
    number = evaluation(historical=True, publisher=None)
    old = case(number)
    assert (old.state, old.window_closed, old.is_closed, old.restricted) == ("final", True, True, False)
    assert running(number) == set() and tasks(number) == set()
    assert seers(number, "ann", "lee", "bo") == {"ann", "lee"}
    perform(number, "read", as_("ann"))
    assert (case(number).state, running(number)) == ("final", set())


def test_score_same_call_for_a_second_agent_is_an_evaluation_of_its_own(db, time):
    first = evaluation(interaction_id="CALL-TWO")
    second = evaluation(interaction_id="CALL-TWO", agent="A1003", inspector="Q201", reader="chen")
    assert first != second
