"""What an arbitration's actions take."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from casework.domain.forms import Form, Line, Reasons
from workflows.evaluations.forms import Code, GivenValue


class Appealed(Form):
    """A criterion that goes before the panel, as the dispute hands it over."""

    criterion: Code
    claimed: GivenValue
    reasons: Reasons


class Appeal(Form):
    criteria: Annotated[list[Appealed], Field(min_length=1, max_length=100)]


class Scored(Form):
    criterion: Code
    value: GivenValue


class BlindScores(Form):
    """A value for every criterion on the list; none where the recording cannot be heard."""

    criteria: Annotated[list[Scored], Field(max_length=100)] = []


class Voted(Form):
    criterion: Code
    value: GivenValue
    reasons: Reasons


class Ballot(Form):
    criteria: Annotated[list[Voted], Field(min_length=1, max_length=100)]


class Leaver(Form):
    person: Line


class Reopening(Form):
    """`known_since`: the day on which the new evidence became known."""

    cause: Literal["new_evidence", "procedural_fault"]
    known_since: date | None = None
    reasons: Reasons
