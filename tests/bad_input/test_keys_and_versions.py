"""Keys repeat a result for whoever may have it, and for nobody else; versions refuse what was seen too long ago."""

import pytest

from casework.domain.errors import InvalidInput, NotAllowedNow, NotPermitted, OutOfScope, Stale
from casework.domain.perform import open_case, perform
from casework.models import Family
from tests.factories import CLAIMS, STATEMENT, dispute, evaluation
from tests.seen import case, dump, events, refused, revoke_all

DISPUTE = "disputes.ScoreDispute"


@pytest.fixture
def filed(db, time) -> str:
    return dispute(evaluation())


def test_known_key_gives_the_first_result_and_changes_nothing(filed, as_):
    first = perform(filed, "give_statement", as_("ian"), STATEMENT, key="k1")
    before = dump()
    again = perform(filed, "give_statement", as_("ian"), STATEMENT, key="k1")
    assert (again.entry, again.repeated, first.repeated) == (first.entry, True, False)
    assert dump() == before


def test_known_key_after_the_state_moved_on_still_gives_the_first_result(filed, as_):
    first = perform(filed, "forward", as_("lee"), key="k")
    again = perform(filed, "forward", as_("lee"), key="k")
    assert again.repeated and again.entry == first.entry


def test_known_key_with_another_body_or_action_is_refused(filed, as_):
    perform(filed, "give_statement", as_("ian"), STATEMENT, key="k1")
    other = {"criteria": [{**STATEMENT["criteria"][0], "text": "另一份"}, STATEMENT["criteria"][1]]}
    with refused(InvalidInput, "key_reused"):
        perform(filed, "give_statement", as_("ian"), other, key="k1")
    perform(filed, "return_to_agent", as_("lee"), {"reasons": "补充"}, key="k2")
    with refused(InvalidInput, "key_reused"):
        perform(filed, "forward", as_("lee"), {"reasons": "补充"}, key="k2")


def test_known_key_of_another_person_tells_nothing(filed, as_):
    perform(filed, "forward", as_("lee"), key="k1")
    with refused(NotPermitted):
        perform(filed, "forward", as_("ian"), key="k1")
    with refused(OutOfScope):
        perform(filed, "forward", as_("luo"), key="k1")


def test_known_key_of_a_second_account_is_the_same_persons(filed, as_):
    perform(filed, "give_statement", as_("ian"), STATEMENT, key="k1")
    assert perform(filed, "give_statement", as_("ian2"), STATEMENT, key="k1").repeated


def test_known_key_after_losing_the_grant_is_refused(filed, time, as_):
    perform(filed, "forward", as_("lee"), key="k1")
    revoke_all("L301", "team_leader")
    time.on(seconds=1)
    with refused(NotPermitted):
        perform(filed, "forward", as_("lee"), key="k1")


def test_key_of_a_refused_request_is_free_for_the_next(filed, as_):
    """Whoever corrects what was wrong sends it again under the same key."""
    with refused(InvalidInput):
        perform(filed, "return_to_agent", as_("lee"), {"reasons": ""}, key="k1")
    with refused(Stale):
        perform(filed, "return_to_agent", as_("lee"), {"reasons": "补充"}, key="k1", version=0)
    assert not perform(filed, "return_to_agent", as_("lee"), {"reasons": "补充"}, key="k1").repeated
    with refused(NotAllowedNow):
        perform(filed, "forward", as_("lee"), key="k2")
    perform(filed, "insist", as_("ann"), key="k2")
    assert events(filed)[-2:] == ["return_to_agent", "insist"]


def test_same_key_on_another_case_is_another_key(db, time, as_):
    one, two = dispute(evaluation()), dispute(evaluation())
    perform(one, "forward", as_("lee"), key="k")
    assert not perform(two, "forward", as_("lee"), key="k").repeated


def test_file_twice_under_one_key_is_one_dispute(db, time, as_):
    number = evaluation()
    first = open_case(DISPUTE, as_("ann"), CLAIMS, subject=number, key="k")
    before = dump()
    again = open_case(DISPUTE, as_("ann"), CLAIMS, subject=number, key="k")
    assert (again.repeated, again.number, dump()) == (True, first.number, before)
    with refused(InvalidInput, "key_reused"):
        open_case(DISPUTE, as_("ann"), {"criteria": CLAIMS["criteria"][:1]}, subject=number, key="k")


@pytest.mark.parametrize("key", ["", "x" * 201, "a\x00b", "a\nb", "\ud800"])
def test_bad_key_is_refused(filed, as_, key):
    with refused(InvalidInput):
        perform(filed, "forward", as_("lee"), key=key)


def test_stale_version_is_refused_and_the_present_one_accepted(filed, as_):
    seen = Family.objects.get(cases__number=filed).version
    perform(filed, "give_statement", as_("ian"), STATEMENT, version=seen)
    for version in (seen, seen - 1, seen + 2, 0, -1):
        with refused(Stale) as refusal:
            perform(filed, "forward", as_("lee"), version=version)
        assert refusal.error.details["version"] == seen + 1
    perform(filed, "forward", as_("lee"), version=seen + 1)
    assert case(filed).state == "reviewing" and events(filed)[-1] == "forward"


def test_known_key_goes_before_a_stale_version(filed, as_):
    seen = Family.objects.get(cases__number=filed).version
    perform(filed, "forward", as_("lee"), key="k", version=seen)
    assert perform(filed, "forward", as_("lee"), key="k", version=seen).repeated
