"""Clocks as rows: started, paused, resumed and stopped with the case, their own ledger beside the case's."""

import json
from datetime import timedelta

import pytest

from casework.domain.clocks import is_late
from casework.domain.now import now
from casework.domain.perform import perform
from casework.domain.reading import read_family
from casework.domain.sweep import fire_due
from casework.models import CaseEvent, Clock, ClockEntry, ClockWarning
from tests.conftest import SHANGHAI, acting
from tests.factories import dispute, evaluation


def local(moment) -> str:
    return f"{moment.astimezone(SHANGHAI):%m-%d %H:%M:%S}"


def told(number: str) -> list[tuple[str, int, str]]:
    """(clock, generation, change) as the case's events tell."""
    found = []
    for event in CaseEvent.objects.filter(stream=f"case:{number}").order_by("seq"):
        found += [(c["clock"], c["generation"], c["change"]) for c in json.loads(event.entry).get("clocks", ())]
    return found


def test_clock_when_started_is_due_by_the_calendar_and_says_how(db, time):
    """Served on Tuesday 10:00; the day of service does not count; two working days end on Thursday at closing."""
    evaluation()
    clock = Clock.objects.get(name="objection")
    assert local(clock.due_at) == "11-05 18:00:00" and not clock.provisional
    assert [step["step"] for step in clock.steps][0] == "start" and clock.steps[-1]["step"] == "due"


def test_clock_when_paused_and_resumed_leaves_the_policys_minimum(db, time):
    """Asked in the last hour, answered the next day: a whole working day is left."""
    number = evaluation()
    time.set("2026-11-05 17:30")
    perform(number, "question", acting("ann"), {"text": "为什么？"})
    clock = Clock.objects.get(name="objection")
    assert clock.state == Clock.State.PAUSED and not is_late(clock, now() + timedelta(days=9))
    time.set("2026-11-06 10:00")
    perform(number, "answer", acting("ian"), {"text": "因为。"})
    clock.refresh_from_db()
    assert clock.state == Clock.State.RUNNING and local(clock.due_at) == "11-09 18:00:00"
    assert [(e.kind, e.due_at is None) for e in clock.entries.order_by("id")] == [
        ("start", False), ("pause", True), ("resume", False),
    ]  # fmt: skip
    waiting = ClockWarning.objects.filter(clock=clock, done_at=None).order_by("due_at")
    assert [local(warning.due_at) for warning in waiting] == ["11-06 18:00:00", "11-09 16:00:00"]


def test_clock_when_paused_is_not_fired_and_its_warnings_wait(db, time):
    number = evaluation()
    perform(number, "question", acting("ann"), {"text": "为什么？"})
    Clock.objects.filter(name="answer").update(state=Clock.State.STOPPED)
    time.on(days=30)
    fire_due()
    assert Clock.objects.get(name="objection").state == Clock.State.PAUSED
    assert not CaseEvent.objects.filter(action="close_window").exists()


def test_clock_when_the_state_is_left_stops_and_when_entered_again_is_a_new_generation(db, time):
    number = dispute()
    perform(number, "return_to_agent", acting("lee"), {"reasons": "请补充"})
    claims = {"criteria": [{"criterion": "QC4", "claimed": "9", "ground": "fact_wrong", "reasons": "见录音"}]}
    perform(number, "amend", acting("ann"), claims)
    screens = list(Clock.objects.filter(name="screen").order_by("generation").values_list("generation", "state"))
    assert screens == [(1, "stopped"), (2, "running")]
    assert [c for c in told(number) if c[0] == "screen"] == [
        ("screen", 1, "start"), ("screen", 1, "stop"), ("screen", 2, "start"),
    ]  # fmt: skip


def test_clock_when_changed_is_told_in_the_event_that_its_entry_names(db, time):
    number = dispute(upto="forwarded")
    entries = ClockEntry.objects.filter(clock__case__number=number).select_related("clock").order_by("id")
    assert entries
    for entry in entries:
        event = CaseEvent.objects.get(stream=f"case:{number}", seq=entry.event_seq)
        shown = [(c["clock"], c["generation"], c["change"]) for c in json.loads(event.entry)["clocks"]]
        assert (entry.clock.name, entry.clock.generation, entry.kind) in shown


def test_clock_when_stopped_has_no_warning_left_to_tell(db, time):
    dispute(upto="forwarded")
    screen = Clock.objects.get(name="screen")
    assert screen.state == Clock.State.STOPPED
    assert not ClockWarning.objects.filter(clock=screen, done_at=None).exists()


def test_warning_when_set_lies_between_start_and_due(db, time):
    dispute(upto="forwarded")
    for warning in ClockWarning.objects.select_related("clock"):
        assert warning.clock.started_at < warning.due_at <= warning.clock.due_at


def test_clock_when_policy_switched_it_off_never_starts(db, time):
    from casework.domain.clocks import Clockwork
    from casework.domain.policy import current_policy
    from casework.domain.recorder import Recorder

    number = dispute()
    rules = current_policy().case_type("disputes")
    off = rules.model_copy(
        update={"clocks": {**rules.clocks, "review": rules.clocks["review"].model_copy(update={"enabled": False})}}
    )
    family = read_family(number)
    work = Clockwork(family, Recorder())
    assert work.start(family.case(number), "review", off, now()) == []
    assert work.start(family.case(number), "review", rules, now())[0]["change"] == "start"


@pytest.mark.parametrize("seconds, late", [(-1, False), (0, True), (1, True)])
def test_late_when_around_the_due_moment_is_half_open(seconds, late, db, time):
    evaluation()
    clock = Clock.objects.get(name="objection")
    assert is_late(clock, clock.due_at + timedelta(seconds=seconds)) is late
    assert is_late(None, now()) is False


def test_deadline_when_it_reaches_days_without_a_notice_is_provisional(db, time):
    time.set("2026-12-30 10:00")
    dispute()
    assert Clock.objects.get(name="whole").provisional
    assert not Clock.objects.get(name="screen").provisional
