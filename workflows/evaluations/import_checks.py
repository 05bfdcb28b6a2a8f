"""Holds an imported evaluation against what is on file: people, rubrics in force, other evaluations."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from django.utils.translation import gettext_lazy as _

from casework.imports.problems import Problem
from casework.imports.tables import Row
from workflows.evaluations.rubric import Rubric, rubric_in_force

Call = tuple[str, str, str]  # interaction, agent number, rubric code: scored once


@dataclass(frozen=True)
class KnownPerson:
    """What an import must know of a person: the name on file and what they work, or worked, as."""

    name: str
    is_agent: bool = True
    is_inspector: bool = True


def people_problems(head: Row, people: Mapping[str, KnownPerson]) -> list[Problem]:
    """Both people are on file in their roles and not one person; another name than on file is a warning."""
    problems = [*_person_problems(head, "agent", people), *_person_problems(head, "inspector", people)]
    agent_no, inspector_no = head.value("agent_no"), head.value("inspector_no")
    if agent_no == inspector_no:
        message = _("Expected an inspector other than the agent, but they are one person. Correct one of them.")
        problems.append(Problem.at(head.line, "inspector_no", "inspector_is_agent", message))
        return problems
    agent, inspector = people.get(agent_no), people.get(inspector_no)
    if agent and not agent.is_agent:
        message = _("Expected an agent, but “{no}” is none. Correct the number or grant the role.")
        problems.append(Problem.at(head.line, "agent_no", "not_an_agent", message, no=agent_no))
    if inspector and not inspector.is_inspector:
        message = _("Expected an inspector, but “{no}” is none. Correct the number or grant the role.")
        problems.append(Problem.at(head.line, "inspector_no", "not_an_inspector", message, no=inspector_no))
    return problems


def not_in_force(
    head: Row, rubrics: Iterable[Rubric], rubric: Rubric, started_at: datetime, zone: tzinfo
) -> list[Problem]:
    """An evaluation is scored under the version that was in force on the day of the call."""
    day = started_at.astimezone(zone).date()
    if rubric_in_force(rubrics, rubric.code, day) == rubric:
        return []
    message = _("Expected the version in force on {day}, but it is not version {version}. Correct the version.")
    return [
        Problem.at(head.line, "rubric_version", "rubric_not_in_force", message, day=str(day), version=rubric.version)
    ]


def changed_without_correction(head: Row) -> Problem:
    """The problem of an evaluation that was imported before with other content."""
    message = _("Expected the content imported before, but it is another. Change it by a correction instead.")
    return Problem.at(head.line, "evaluation_id", "changed_without_correction", message)


def already_scored(head: Row, call: Call, external_id: str, scored: dict[Call, str]) -> list[Problem]:
    """One evaluation per call, whether imported before or further up in the file; notes it as scored."""
    other = scored.setdefault(call, external_id)
    if other == external_id:
        return []
    message = _("Expected a call that was not scored yet, but it was scored as {other}. Remove this one.")
    return [Problem.at(head.line, "interaction_id", "already_scored", message, other=other)]


def _person_problems(head: Row, who: str, people: Mapping[str, KnownPerson]) -> list[Problem]:
    number, name = head.value(f"{who}_no"), head.value(f"{who}_name")
    person = people.get(number)
    if person is None:
        message = _("Expected a person on file, but “{no}” is none. Import the person or correct the number.")
        return [Problem.at(head.line, f"{who}_no", "unknown_person", message, no=number)]
    if name and name != person.name:
        message = _("{no} is “{known}” on file, but “{name}” here. The number counts; check that it is right.")
        column = f"{who}_name"
        odd = Problem.at(head.line, column, "name_mismatch", message, no=number, known=person.name, name=name)
        return [replace(odd, level="warning")]
    return []
