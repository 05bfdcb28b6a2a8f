"""Faults in what counts as in time, and by which rules."""

import functools
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.faults.planted import planted, put


@planted("tests/casework/test_sweep.py::test_sweep_when_a_generation_is_old_does_not_fire", "DID NOT RAISE")
def old_clock_fires() -> None:
    """What a clock does is done whether or not it runs."""
    from casework.domain import decide

    put(decide.check_clock, lambda actor, case, family: None)


@planted(
    "tests/casework/test_sweep.py::test_sweep_when_around_the_due_moment_fires_a_minute_after[0-0]", "assert 1 == 0"
)
def clock_fires_without_grace() -> None:
    from casework.domain import clocks

    put(clocks.GRACE, timedelta(0))


@planted("tests/casework/test_clockwork.py::test_late_when_around_the_due_moment_is_half_open[0-True]", "False is True")
def due_moment_counted_as_in_time() -> None:
    from casework.domain import clocks

    late = clocks.is_late
    put(late, lambda clock, moment: late(clock, moment) and moment > clock.due_at)


@planted(
    "tests/disputes/test_filing.py::test_file_received_in_time_but_read_after_the_window_closed_is_in_time",
    "dismissing",
)
def moment_of_receipt_ignored() -> None:
    """What counts is when the step is made, not when the paper came in."""
    from casework.domain import decide

    applied = decide.apply

    def apply(step: Any, case: Any, spec: Any, actor: Any, *args: Any, **kwargs: Any) -> Any:
        return applied(step, case, spec, replace(actor, received_at=step.at), *args, **kwargs)

    put(applied, apply)


@planted(
    "tests/evaluations/test_questions.py::test_question_pauses_the_window_by_its_business_time", "2026-11-05 18:00"
)
def pause_forgotten() -> None:
    from casework.domain import reckoning
    from casework.domain.limits import Limit

    put(reckoning.reckoned, lambda calendar, clock, rule, now: calendar.due(clock.started_at, Limit.parse(clock.limit)))


@planted(
    "tests/casework/test_calendar.py::test_next_working_day_takes_make_up_days_and_passes_holidays",
    "datetime.date(2026, 2, 14)",
)
def makeup_workday_not_counted() -> None:
    from casework.domain.calendar import Calendar

    compiled = Calendar.compile

    def compile(name: str, tz: str, windows: Any, days: dict[Any, bool], *rest: Any, **kwargs: Any) -> Calendar:
        weekdays = {day: working and day.weekday() < 5 for day, working in days.items()}
        return compiled(name, tz, windows, weekdays, *rest, **kwargs)

    Calendar.compile = compile


@planted(
    "tests/casework/test_authority.py::test_choice_when_somebody_is_on_leave_does_not_offer_them", "[] == ['M401']"
)
def leave_not_asked() -> None:
    from casework.domain.directory import Directory

    Directory.is_on_leave = lambda self, person_id, day: False


@planted(
    "tests/casework/test_policy_versions.py::"
    "test_appeal_of_a_case_of_an_older_policy_takes_from_the_one_in_force_only_what_that_did_not_know",
    "2026-11-04 18:00",
)
def policy_in_force_for_every_case() -> None:
    from casework.domain import policy

    put(policy.pinned_policy, functools.lru_cache(lambda digest: policy.current_policy()))
