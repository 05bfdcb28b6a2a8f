"""From a family that was read to rows that are to be written."""

from typing import Any

from casework.domain.directory import directory
from casework.domain.now import now
from casework.domain.reading import FamilyView
from casework.domain.recorder import Recorder
from casework.domain.searching import index
from casework.domain.step import Step
from casework.flow.projection import project


def step_on(family: FamilyView, loads: dict[int, int] | None = None) -> Step:
    """A step that is written only if nobody else has changed the family. `loads`: of whom it is known already, to be
    shared by steps that are written together."""
    recorder = Recorder(guard=(family.row, "version"))
    known = {} if loads is None else loads
    return Step(family=family, book=directory(family.stamp), recorder=recorder, at=now(), known_loads=known)


def complete(step: Step) -> None:
    """Everything that the step changes stands in its recorder: to the events, parties, clocks and deliveries come the
    cases themselves, their tasks and their words."""
    for case in step.moved:
        project(case, step.family, step.at, step.recorder)
        index(case, step.recorder)
        if case._state.adding:
            step.recorder.insert(case)
        else:
            step.recorder.update(case, _changed(case))


def _changed(case: Any) -> list[str]:
    """Fields whose value is not the one that was read. Law assigns new values; it never changes one in place."""
    before = case.as_read
    return [
        f.attname for f in case._meta.concrete_fields
        if not f.primary_key and case.__dict__.get(f.attname) != before.get(f.attname)
    ]  # fmt: skip
