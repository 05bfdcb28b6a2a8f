"""stuck and retry_stuck: what cannot be done as it is, why, and let go by whoever manages, which is recorded."""

import json
from collections.abc import Callable

import pytest

from casework.domain.actor import system
from casework.domain.deliveries import deliver_due
from casework.domain.staff import grant
from casework.domain.sweep import fire_due
from casework.management.commands.create_token import new_token
from casework.models import Account, Case, CaseEvent, Clock, Delivery, StreamHead, Unit
from tests import seen
from tests.commands.conftest import refused, run
from tests.factories import evaluation


@pytest.fixture
def poisoned(real_db, time) -> Clock:
    """A clock that could not act, because its case's chain is broken; it is tried again in half a minute."""
    clock = Clock.objects.get(case__number=evaluation(), name="objection")
    deliver_due()
    time.to(clock.due_at, seconds=-1)
    fire_due()
    deliver_due()
    Case.objects.filter(pk=clock.case_id).update(head="f" * 64)
    time.to(clock.due_at, seconds=61)
    fire_due()
    clock.refresh_from_db()
    assert clock.problem and clock.retry_at
    return clock


@pytest.fixture
def failing(real_db, time) -> Delivery:
    """A delivery of a kind that nobody knows, tried three times."""
    Delivery.objects.all().delete()
    made = Delivery.objects.create(id=7, kind="carve", dedup="carve", created_at=time.on(), due_at=time.on())
    for _ in range(3):
        time.to(made.due_at)
        deliver_due()
        made.refresh_from_db()
    assert made.attempts == 3 and "carve" in made.problem
    return made


@pytest.fixture
def token_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """`token_of("hua")`: the shell holds hua's token from now on, in whichever database the test has."""
    return lambda login: monkeypatch.setenv("GONGDUAN_TOKEN", new_token(Account.objects.get(username=login), 90)[0])


def mended(clock: Clock) -> None:
    """The chain goes on where it did."""
    last = CaseEvent.objects.filter(case_id=clock.case_id).latest("seq")
    Case.objects.filter(pk=clock.case_id).update(head=last.digest)


def recorded() -> list[dict]:
    events = CaseEvent.objects.filter(stream="org", action="stuck_retried").order_by("seq")
    return [json.loads(event.entry)["data"] for event in events]


def test_stuck_when_nothing_is_says_so(db, time):
    evaluation()
    done = run("stuck")
    assert (done.status, done.out) == (0, "Nothing is stuck: every clock could act, and every delivery was done.\n")


def test_stuck_lists_clocks_and_deliveries_with_the_reason_and_the_next_try(poisoned, failing):
    done = run("stuck")
    assert done.status == 0
    cells = [line.split("\t") for line in done.out.splitlines()]
    (clock,) = [row for row in cells if row[0] == poisoned.case.number]
    assert clock[1:3] == ["objection", "1"] and clock[4] == "1" and poisoned.problem.startswith(clock[6][:20])
    (delivery,) = [row for row in cells if row[0] == "7"]
    assert (delivery[1], delivery[4]) == ("carve", "3") and "carve" in delivery[6]


def test_stuck_of_many_lists_those_that_wait_longest_and_says_there_are_more(db, time):
    rows = [
        Delivery(id=pk, kind="x", dedup=f"{pk}", created_at=time.on(seconds=1), due_at=time.on(), attempts=3)
        for pk in range(1, 61)
    ]
    Delivery.objects.bulk_create(rows)
    done = run("stuck")
    assert [line.split("\t")[0] for line in done.out.splitlines()[2:]] == [str(pk) for pk in range(1, 51)]
    assert "There are more" in done.err
    assert run("stuck", "--limit", 60).out.count("\n") == 62 and not run("stuck", "--limit", 60).err
    refused(run("stuck", "--limit", 0), 2, "Expected a limit from 1 to 1000")
    assert any("60 are stuck" in line for line in run("doctor").out.splitlines())


def test_retry_stuck_by_hr_once_the_cause_is_mended_lets_the_clock_act_at_once(poisoned, token_of):
    mended(poisoned)
    assert not fire_due(), "it backs off"
    token_of("hua")
    done = run("retry_stuck", "--clock", poisoned.case.number, "objection", "--as", "hua")
    assert done.json == {"clocks": 1, "deliveries": 0}
    assert fire_due() == 1
    poisoned.refresh_from_db()
    assert poisoned.state == "breached"
    told = {"case": poisoned.case.number, "clock": "objection", "generation": 1, "attempts": 1}
    assert recorded() == [{"clocks": [told], "deliveries": []}]
    refused(run("retry_stuck", "--clock", poisoned.case.number, "objection", "--as", "hua"), 5, "look with stuck")


def test_retry_stuck_of_a_delivery_or_of_everything_lets_it_go_and_records_it(poisoned, failing, token_of):
    token_of("root")
    assert run("retry_stuck", "--delivery", 7, "--as", "root").json == {"clocks": 0, "deliveries": 1}
    failing.refresh_from_db()
    assert not deliver_due() and failing.attempts == 3
    failing.refresh_from_db()
    assert failing.attempts == 4, "it was tried, and failed again"
    assert run("retry_stuck", "--all", "--as", "root").json == {"clocks": 1, "deliveries": 1}
    assert [(len(told["clocks"]), len(told["deliveries"])) for told in recorded()] == [(0, 1), (1, 0), (0, 1)]
    poisoned.refresh_from_db()
    assert poisoned.retry_at is None and poisoned.attempts == 1


def test_retry_stuck_when_nothing_is_does_nothing(db, time, token_of):
    token_of("root")
    assert run("retry_stuck", "--all", "--as", "root").json == {"clocks": 0, "deliveries": 0}
    refused(run("retry_stuck", "--delivery", 99, "--as", "root"), 5, "look at the list again")
    refused(run("retry_stuck", "--all", "--delivery", 99, "--as", "root"), 2, "say one of the three")
    assert not recorded()


@pytest.mark.parametrize("login", ["qin", "ann", "lee"])
def test_retry_stuck_by_whoever_has_no_office_there_is_refused(poisoned, token_of, login):
    token_of(login)
    words = ("retry_stuck", "--clock", poisoned.case.number, "objection", "--as", login)
    before = StreamHead.objects.get(stream="org").seq
    refused(run(*words), 3, "Expected HR, a director or the administrator")
    assert StreamHead.objects.get(stream="org").seq == before
    poisoned.refresh_from_db()
    assert poisoned.retry_at


def test_retry_stuck_by_hr_of_other_units_or_in_their_own_matter_finds_nothing(poisoned, token_of):
    assert poisoned.case.unit.code == "T-EC1"
    grant(seen.person("P601"), "hr", Unit.objects.get(code="T-EC2"), system())
    token_of("peng")
    refused(run("retry_stuck", "--clock", poisoned.case.number, "objection", "--as", "peng"), 5, "look with stuck")
    grant(seen.person("A1001"), "hr", Unit.objects.get(code="OC"), system())
    token_of("ann")
    refused(run("retry_stuck", "--clock", poisoned.case.number, "objection", "--as", "ann"), 5, "look with stuck")
    assert run("retry_stuck", "--all", "--as", "ann").json == {"clocks": 0, "deliveries": 0}
