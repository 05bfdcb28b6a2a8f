"""A question pauses the objection window; at least one working day is left after the answer."""

from casework.domain.errors import NotAllowedNow, NotPermitted
from casework.domain.perform import perform
from tests.factories import deliver_all, evaluation
from tests.seen import case, clock, due, refused, sweep, tasks, told

QUESTION, ANSWER = {"text": "QC4 为何扣分？"}, {"text": "见录音第35秒"}


def test_question_pauses_the_window_by_its_business_time(db, time, as_):
    number = evaluation()
    time.set("2026-11-03 14:00")
    perform(number, "question", as_("ann"), QUESTION)
    assert (case(number).reading, clock(number, "objection").state) == ("questioned", "paused")
    assert due(number, "answer") == "2026-11-04 18:00"
    assert tasks(number) == {("answer", "Q202")}
    time.set("2026-11-03 15:00")
    perform(number, "answer", as_("ian"), ANSWER)
    assert case(number).reading == "answered"
    assert due(number, "objection") == "2026-11-06 10:00"  # one hour later than Thursday 18:00
    deliver_all()
    assert told("Q202", number) == ["questioned"]
    assert told("A1001", number) == ["published", "answered"]


def test_question_over_lunch_and_night_costs_only_office_hours(db, time, as_):
    number = evaluation()
    time.set("2026-11-03 17:30")
    perform(number, "question", as_("ann"), QUESTION)
    time.set("2026-11-04 13:30")  # half an hour, three hours, half an hour
    perform(number, "answer", as_("ian"), ANSWER)
    assert due(number, "objection") == "2026-11-06 14:00"  # four office hours after Thursday 18:00


def test_answer_at_the_end_leaves_one_working_day(db, time, as_):
    number = evaluation()
    time.set("2026-11-05 17:00")
    perform(number, "question", as_("ann"), QUESTION)
    time.set("2026-11-06 10:00")
    perform(number, "answer", as_("ian"), ANSWER)
    assert due(number, "objection") == "2026-11-09 18:00"  # not Friday 11:00


def test_question_left_unanswered_lets_the_window_run_on(db, time, as_):
    number = evaluation()
    time.set("2026-11-05 17:00")
    perform(number, "question", as_("ann"), QUESTION)
    time.set("2026-11-05 18:30")
    sweep()
    assert case(number).state == "standing", "the paused window does not close"
    time.set("2026-11-06 18:01")
    sweep()
    assert case(number).reading == "answered"
    assert due(number, "objection") == "2026-11-09 18:00"
    deliver_all()
    assert told("A1001", number)[-1] == "unanswered"
    assert "unanswered" in told("M401", number)
    with refused(NotAllowedNow):
        perform(number, "answer", as_("ian"), ANSWER)


def test_question_after_the_window_is_refused(db, time, as_):
    number = evaluation()
    time.set("2026-11-05 18:00")
    with refused(NotAllowedNow, "late"):
        perform(number, "question", as_("ann"), QUESTION)
    time.set("2026-11-05 17:59:59")
    perform(number, "question", as_("ann"), QUESTION)
    assert case(number).reading == "questioned"


def test_question_twice_or_before_service_or_by_another_is_refused(db, time, as_):
    number = evaluation(reader=None)
    with refused(NotAllowedNow):
        perform(number, "question", as_("ann"), QUESTION)
    perform(number, "read", as_("ann"))
    with refused(NotPermitted):
        perform(number, "question", as_("lee"), QUESTION)
    perform(number, "question", as_("ann"), QUESTION)
    with refused(NotAllowedNow):
        perform(number, "question", as_("ann"), QUESTION)
    with refused(NotAllowedNow):
        perform(number, "acknowledge", as_("ann"))
    with refused(NotPermitted):
        perform(number, "answer", as_("qin"), ANSWER)
