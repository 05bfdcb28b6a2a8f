"""What an arbitration's actions take."""

from datetime import date
from typing import Annotated, Literal

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from casework.domain.forms import Ask, Form, Reasons
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
    value: Annotated[GivenValue, Ask(_("Your score"))]


class BlindScores(Form):
    """A value for every criterion on the list; none where the recording cannot be heard."""

    criteria: Annotated[
        list[Scored], Field(max_length=100),
        Ask(_("How do you score each criterion?"), _("Nobody sees your scores before all are in.")),
    ] = []  # fmt: skip


class Voted(Form):
    criterion: Code
    value: Annotated[GivenValue, Ask(_("Your vote"))]
    reasons: Annotated[Reasons, Ask(_("Reasons"), _("They are printed in the award."))]


class Ballot(Form):
    criteria: Annotated[
        list[Voted], Field(min_length=1, max_length=100),
        Ask(_("How do you vote on each criterion?"), _("A vote stands; it cannot be changed.")),
    ]  # fmt: skip


class Reopening(Form):
    """`known_since`: the day on which the new evidence became known."""

    cause: Annotated[
        Literal["new_evidence", "procedural_fault"], Ask(_("Why it should be reopened"), labels="reopening_causes")
    ]
    known_since: Annotated[
        date | None,
        Ask(_("Since when the new evidence is known"), shown_with="cause=new_evidence"),
    ] = None
    reasons: Reasons
