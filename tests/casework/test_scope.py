"""What a list shows and what one case shows are the same, for everybody and every case."""

from datetime import timedelta

import pytest

from casework.domain.actor import system
from casework.domain.directory import directory
from casework.domain.errors import NotPermitted, OutOfScope
from casework.domain.now import now
from casework.domain.perform import open_case, perform
from casework.domain.reading import read_family
from casework.domain.scope import sees, visible
from casework.domain.staff import grant, revoke
from casework.domain.sweep import fire_due
from casework.models import Account, Case, CaseEvent, Clock, Grant, Party, Person, Unit
from tests.conftest import acting
from tests.factories import CLAIMS, arbitration, blind_scores, dispute, evaluation, panel
from tests.seen import revoke_all


@pytest.fixture
def cases(db, time) -> list[Case]:
    """Cases of three teams in most states, drafts and a closed-off one among them."""
    evaluation(publisher=None)
    evaluation(agent="A1003", inspector="Q201", reader=None)
    evaluation(agent="A1002", inspector="Q203", reader="bo", historical=True, publisher=None)
    dispute()
    perform(dispute(), "withdraw", acting("ann"))
    perform(dispute(), "return_to_agent", acting("lee"), {"reasons": "请补充"})
    dispute(upto="forwarded")
    dispute(upto="ruled")
    of_chen = evaluation(agent="A1003", inspector="Q201", reader="chen")
    dispute(of_chen, agent="chen")
    late = evaluation()
    time.to(Clock.objects.get(case__number=late, name="objection").due_at)
    dispute(late)
    time.on(minutes=2)
    while fire_due():
        pass
    Case.objects.filter(number=of_chen).update(restricted=True)
    return list(Case.objects.order_by("id"))


def everybody() -> list[int | None]:
    return [None, *Person.objects.order_by("id").values_list("id", flat=True)]


def disagreements(cases: list[Case]) -> list[tuple[int | None, str]]:
    """(person, case) where the list and the single case differ."""
    book, found = directory(), []
    parties = {case.pk: list(Party.objects.filter(case__family_id=case.family_id)) for case in cases}
    for person_id in everybody():
        listed = set(Case.objects.filter(visible(person_id)).values_list("pk", flat=True))
        for case in cases:
            if (case.pk in listed) != sees(person_id, case, parties[case.pk], now(), book):
                found.append((person_id, case.number))
    return found


def seen_by(login: str) -> set[str]:
    person_id = Account.objects.get(username=login).person_id
    return set(Case.objects.filter(visible(person_id)).values_list("number", flat=True))


def test_scope_when_listed_and_read_is_the_same_for_everybody(cases: list[Case], time):
    issued = dispute(upto="issued")
    perform(issued, "read", acting("ann"))
    perform(issued, "accept", acting("ann"))
    cases = list(Case.objects.order_by("id"))
    assert len({(case.type, case.state) for case in cases}) > 8
    assert disagreements(cases) == []
    grant(Person.objects.get(no="T951"), "auditor", Unit.objects.get(code="OC"), system(), starts_at=now())
    grant(Person.objects.get(no="T951"), "team_leader", Unit.objects.get(code="P-EC"), system())
    revoke(Grant.objects.get(person__no="F801"), system())
    assert disagreements(cases) == []
    time.on(days=200)  # deputies' grants have ended
    assert disagreements(cases) == []


def test_scope_of_a_panel_is_one_case_while_blind_and_the_whole_family_after(db, time):
    """Also for whoever besides sees everything by role; and lists agree with single cases at every stage."""
    revoke_all("L303", "arbitrator")  # who leads chen's team sees chen's cases also while blind in ann's
    number = arbitration()
    first, second, third = panel(number).values()
    grant(Account.objects.get(username=first).person, "auditor", Unit.objects.get(code="OC"), system())
    dispute(evaluation(agent="A1003", inspector="Q201", reader="chen"), agent="chen")  # another family
    cases = list(Case.objects.order_by("id"))
    family = {case.number for case in cases if case.family_id == Case.objects.get(number=number).family_id}
    assert (len(cases), len(family)) == (5, 3)
    assert seen_by(second) == seen_by(third) == {number}
    assert seen_by(first) == {case.number for case in cases} - family | {number}
    assert disagreements(cases) == []
    perform(number, "recuse", acting(third), {"category": "other"})
    assert seen_by(third) == set() and disagreements(cases) == []
    for login in panel(number).values():
        perform(number, "score_blind", acting(login), blind_scores(number))
    for party in ("ann", "ian"):
        perform(number, "waive_challenge", acting(party))
    assert seen_by(second) == family and seen_by(third) == set()
    assert seen_by(first) == {case.number for case in cases}
    assert disagreements(cases) == []


def test_scope_when_perform_is_asked_agrees_with_the_list(cases: list[Case], time):
    """Whoever does not see a case hears that there is none, in the words used for numbers that nobody gave away."""
    for login in ("ann", "chen", "lee", "luo", "ivy", "tou", "abe", "dai", "hua", "aud", "fang", "sun"):
        listed = seen_by(login)
        for case in cases:
            hidden = case.number not in listed
            heard = _heard(login, case.number)
            assert (heard == _heard(login, f"{case.number[:9]}999999").replace("999999", case.number[9:])) is hidden


def _heard(login: str, number: str) -> str:
    try:
        perform(number, "nonsense", acting(login))
    except Exception as refusal:
        return str(refusal)
    raise AssertionError("nonsense was done")


def test_scope_when_somebody_has_a_role_shows_what_the_role_shows(cases: list[Case]):
    everything = {case.number for case in cases}
    drafts = {case.number for case in cases if case.state == "draft"}
    restricted = {case.number for case in cases if case.restricted}
    of_ec = {case.number for case in cases if case.unit.code == "T-EC1"}
    assert seen_by("aud") == seen_by("fang") == seen_by("qin") == everything
    assert seen_by("hua") == seen_by("sun") == everything - restricted
    assert seen_by("lee") == of_ec - drafts
    assert seen_by("abe") == seen_by("tou") == set()
    assert seen_by("ann") == set(Party.objects.filter(person__no="A1001").values_list("case__number", flat=True))
    assert not drafts & seen_by("ann")
    assert not Case.objects.filter(visible(None)).exists()


def test_scope_when_a_case_is_closed_off_hides_it_from_its_own_team_leader(cases: list[Case]):
    closed_off = next(case for case in cases if case.restricted and case.state != "draft")
    assert closed_off.number not in seen_by("dai") | seen_by("hua")
    assert closed_off.number in seen_by("chen") & seen_by("ivy") & seen_by("fei")


@pytest.mark.parametrize("seconds, shown", [(-1, True), (0, False)])
def test_scope_when_a_grant_ends_hides_from_that_second_on(seconds, shown, db, time):
    number = evaluation()
    given = grant(
        Person.objects.get(no="T951"),
        "duty_manager",
        Unit.objects.get(code="OC"),
        system(),
        ends_at=now() + timedelta(hours=1),
    )
    time.to(given.ends_at, seconds=seconds)
    assert (number in seen_by("tang")) is shown


def test_scope_when_a_stranger_uses_a_known_key_learns_nothing(db, time):
    number = evaluation()
    perform(number, "acknowledge", acting("ann"), key="once")
    with pytest.raises(OutOfScope):
        perform(number, "acknowledge", acting("chen"), key="once")
    with pytest.raises(OutOfScope):
        open_case("disputes.ScoreDispute", acting("chen"), CLAIMS, subject=number)
    with pytest.raises(NotPermitted):
        open_case("disputes.ScoreDispute", acting("lee"), CLAIMS, subject=number)


def test_scope_when_asked_takes_one_statement_and_scans_no_events(db, time, django_assert_max_num_queries):
    evaluation()
    person_id = Account.objects.get(username="lee").person_id
    book = directory()
    with django_assert_max_num_queries(1):
        assert list(Case.objects.filter(visible(person_id, book=book)))
    assert "casework_caseevent" not in str(Case.objects.filter(visible(person_id)).query)
    assert CaseEvent.objects.exists() and read_family(Case.objects.get().number).cases
