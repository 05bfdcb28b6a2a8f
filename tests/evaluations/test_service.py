"""Served by opening, by receipt, or deemed at the close of the next working day; leave moves deemed service."""

from datetime import date

import pytest

from casework.domain.actor import system
from casework.domain.errors import NotAllowedNow, NotPermitted
from casework.domain.perform import perform
from casework.domain.staff import record_leave
from casework.models import Task
from tests.factories import deliver_all, evaluation
from tests.seen import case, clock, due, entry, local, person, refused, sweep, tasks

RECEIPT = {"proof": "签收单第12号"}


def test_read_by_the_agent_serves_and_opens_the_window(db, time, as_):
    number = evaluation(reader=None)
    time.set("2026-11-03 15:30")
    perform(number, "read", as_("ann"))
    served = case(number)
    assert (served.reading, served.served_how, local(served.served_at)) == ("served", "opened", "2026-11-03 15:30")
    assert entry(number, "read")["data"]["served"] == {"how": "opened", "day": "2026-11-03"}
    assert clock(number, "deemed_service").state == "stopped"
    assert due(number, "objection") == "2026-11-05 18:00"
    assert tasks(number) == {("respond", "A1001")}
    with refused(NotAllowedNow):
        perform(number, "read", as_("ann"))


def test_read_by_another_serves_nothing(db, time, as_):
    number = evaluation(reader=None)
    for login in ("lee", "qin", "ian"):
        with refused(NotPermitted):
            perform(number, "read", as_(login))
    assert case(number).served_at is None


def test_record_receipt_by_hr_serves(db, time, as_):
    number = evaluation(reader=None)
    with refused(NotPermitted):
        perform(number, "record_receipt", as_("lee"), RECEIPT)
    time.set("2026-11-04 09:30")
    perform(number, "record_receipt", as_("hua"), RECEIPT)
    assert (case(number).served_how, due(number, "objection")) == ("receipted", "2026-11-06 18:00")
    with refused(NotAllowedNow):
        perform(number, "record_receipt", as_("hua"), RECEIPT)


def test_deem_served_at_close_of_the_next_working_day(db, time, as_):
    number = evaluation(reader=None)
    assert due(number, "deemed_service") == "2026-11-04 18:00"
    time.set("2026-11-04 18:00:59")
    assert sweep() == 0, "a clock acts a minute after it is due"
    time.set("2026-11-04 18:01")
    assert sweep() == 1
    served = case(number)
    assert (served.reading, served.served_how) == ("served", "deemed")
    assert entry(number, "deem_served")["actor"] == "SYSTEM"
    assert entry(number, "deem_served")["clock"] == {"name": "deemed_service", "generation": 1}
    assert due(number, "objection") == "2026-11-06 18:00"
    assert sweep() == 0


def test_deem_served_of_friday_is_monday_evening(db, time, as_):
    time.set("2026-11-06 17:59")
    assert due(evaluation(reader=None), "deemed_service") == "2026-11-09 18:00"


def test_deem_served_during_leave_moves_to_the_first_day_back(db, time, as_):
    record_leave(person("A1001"), date(2026, 11, 2), date(2026, 11, 10), system(), "annual")
    number = evaluation(reader=None)
    time.set("2026-11-04 18:01")
    assert sweep() == 1
    assert case(number).served_at is None
    assert due(number, "deemed_service") == "2026-11-11 18:00"  # back on Wednesday the 11th
    time.set("2026-11-11 18:01")
    assert sweep() == 1
    assert (case(number).served_how, due(number, "objection")) == ("deemed", "2026-11-13 18:00")


def test_deem_served_during_long_leave_waits_ten_working_days_and_no_longer(db, time, as_):
    record_leave(person("A1001"), date(2026, 11, 2), date(2026, 12, 31), system())
    number = evaluation(reader=None)
    time.set("2026-11-04 18:01")
    sweep()
    # 5 6 | 9 10 11 12 13 | 16 17 18: ten working days after the fourth
    assert due(number, "deemed_service") == "2026-11-18 18:00"
    time.set("2026-11-18 18:01")
    sweep()
    assert case(number).served_how == "deemed"


def test_read_during_leave_serves_at_once(db, time, as_):
    record_leave(person("A1001"), date(2026, 11, 2), date(2026, 11, 10), system())
    number = evaluation(reader=None)
    perform(number, "read", as_("ann"))
    assert due(number, "objection") == "2026-11-05 18:00"


@pytest.mark.parametrize("action", ["deem_served", "close_window", "note_unanswered", "mark_provisional", "rescore"])
def test_actions_of_the_system_by_a_person_are_refused(db, time, as_, action):
    number = evaluation()
    for login in ("ann", "qin", "fang"):
        with refused(NotPermitted):
            perform(number, action, as_(login))


def test_acknowledge_needs_service_and_changes_no_deadline(db, time, as_):
    number = evaluation(reader=None)
    with refused(NotAllowedNow):
        perform(number, "acknowledge", as_("ann"))
    perform(number, "read", as_("ann"))
    perform(number, "acknowledge", as_("ann"))
    assert (case(number).reading, case(number).state) == ("acknowledged", "standing")
    assert due(number, "objection") == "2026-11-05 18:00"


def test_deem_served_of_a_final_score_opens_no_window(db, time, as_):
    """Disputed unread, ruled and accepted before the notice was opened: nothing is left to object to."""
    from tests.factories import dispute, recording

    number = evaluation(reader=None)
    recording(number)
    paper = dispute(number, upto="issued")
    perform(paper, "accept", as_("ann"))
    time.set("2026-11-04 18:01")
    sweep()
    deliver_all()
    assert (case(number).state, clock_names(number)) == ("final", {"deemed_service"})


def clock_names(number: str) -> set[str]:
    from casework.models import Clock

    return set(Clock.objects.filter(case__number=number).values_list("name", flat=True))


def test_service_that_waits_for_a_leave_into_an_unpublished_year_is_provisional(db, time):
    """Nobody has announced the days of 2027 yet."""
    time.set("2026-12-29 15:00")
    number = evaluation(reader=None)
    assert not clock(number, "deemed_service").provisional
    record_leave(person("A1001"), date(2026, 12, 30), date(2027, 1, 8), system())
    time.set("2026-12-30 18:01")
    sweep()
    waiting = clock(number, "deemed_service")
    assert due(number, "deemed_service") > "2027-01-08" and waiting.provisional
    assert [step["step"] for step in waiting.steps[-3:]] == ["extended", "provisional", "due"]
    assert waiting.steps[-2] == {"step": "provisional", "after": "2026-12-31"}
    assert list(Task.objects.filter(number=number, finished=None).values_list("provisional", flat=True)) == [True]
