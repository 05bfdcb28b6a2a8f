"""What a dispute's actions take."""

from typing import Annotated, Literal

from pydantic import Field

from casework.domain.forms import Form, Line, Reasons, Remark, Seconds
from workflows.evaluations.forms import Code, GivenValue, Value

Ground = Literal[
    "fact_wrong",
    "rule_misread",
    "rule_not_applicable",
    "not_my_call",
    "evidence_overlooked",
    "procedure_broken",
]
Inadmissible = Literal[
    "late", "not_a_party", "not_in_this_evaluation", "already_ruled", "nothing_deducted", "no_reasons"
]


class Claimed(Form):
    """One criterion: what the agent claims, on which ground, and why; seconds of the recording as evidence."""

    criterion: Code
    claimed: GivenValue
    ground: Ground
    reasons: Reasons
    seconds: Annotated[list[Seconds], Field(max_length=20)] = []


class Claims(Form):
    criteria: Annotated[list[Claimed], Field(min_length=1, max_length=100)]


class Stated(Form):
    """What the inspector says to one criterion; conceding it makes it a ruling by consent."""

    criterion: Code
    text: Remark = ""  # type: ignore[assignment]
    concede: bool = False


class Statement(Form):
    criteria: Annotated[list[Stated], Field(min_length=1, max_length=100)]


class Ruled(Form):
    """The decision on one criterion: maintain, accept the claim, another value, or inadmissible on a ground."""

    criterion: Code
    decision: Literal["maintain", "accept", "other", "inadmissible"]
    value: GivenValue | None = None
    ground: Inadmissible | None = None
    reasons: Reasons


class Ruling(Form):
    """`annul`: reasons for which the whole evaluation is annulled (its procedure was broken)."""

    criteria: Annotated[list[Ruled], Field(min_length=1, max_length=100)]
    annul: Remark = ""  # type: ignore[assignment]


class Appealed(Form):
    """A criterion that goes to arbitration, and why the ruling on it is not accepted."""

    criterion: Code
    reasons: Reasons


class Appeal(Form):
    criteria: Annotated[list[Appealed], Field(min_length=1, max_length=100)]


class Awarded(Form):
    """How the arbitration ended: values by criterion and the award, or withdrawn."""

    case: Line = ""
    values: dict[Code, Value] = {}
    document: Line = ""
    withdrawn: bool = False


class Excuse(Form):
    cause: Literal["leave", "sickness", "outage", "not_served"]
    reasons: Reasons
