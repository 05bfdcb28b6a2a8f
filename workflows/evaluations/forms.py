"""What an evaluation's actions take."""

from typing import Annotated, Any, Literal

from django.utils.translation import gettext_lazy as _
from pydantic import BeforeValidator, Field

from casework.domain.forms import Amount, Ask, Form, Line, Moment, Readable, Reasons, Remark, Seconds


def _as_value(given: Any) -> Any:
    """ "10" or 10 for {"score": "10"}."""
    return given if isinstance(given, dict | Form) else {"score": given}


class Value(Form):
    """The value of a criterion: points, not applicable, or (critical) failed or not."""

    score: Annotated[Amount | None, Ask(_("Points"))] = None
    na: Annotated[bool, Ask(_("Not applicable"))] = False
    failed: Annotated[bool | None, Ask(_("Failed"))] = None

    def plain(self) -> dict[str, Any]:
        """As scorecards hold it."""
        # + 0 makes 0 of -0, which would pass for another value than 0.
        score = None if self.score is None else format(self.score.normalize() + 0, "f")
        return {"score": score, "na": self.na, "failed": self.failed}


GivenValue = Annotated[Value, BeforeValidator(_as_value)]
Code = Annotated[str, Field(pattern=r"^[A-Z0-9]{1,12}$"), Ask(_("Criterion"), kind="key")]


class Score(Value):
    """One line of a scorecard."""

    at: Seconds | None = None
    comment: Remark = ""  # type: ignore[assignment]

    def plain(self) -> dict[str, Any]:
        return {**super().plain(), "at": self.at, "comment": str(self.comment)}


# As long as their columns.
Id = Annotated[str, Field(min_length=1, max_length=60), Readable]
Mark = Annotated[str, Field(max_length=60), Readable]
Channel = Annotated[str, Field(min_length=1, max_length=20), Readable]


class Scorecard(Form):
    """A scored interaction, complete."""

    external_id: Id
    purpose: Literal["regular", "recheck", "calibration"] = "regular"
    rubric: Line
    rubric_version: Annotated[int, Field(ge=1, le=32_767)]
    interaction_id: Id
    channel: Channel
    started_at: Moment
    duration_s: Seconds
    customer_ref: Mark = ""
    agent_no: Line
    inspector_no: Line
    scored_at: Moment
    team: Mark = ""
    scores: Annotated[dict[Code, Score], Field(min_length=1, max_length=200)]
    content_digest: Annotated[str, Field(pattern=r"^[0-9a-f]{0,64}$")] = ""
    historical: bool = False


class Receipt(Form):
    """HR's record that the agent received it."""

    received_at: Annotated[Moment | None, Ask(_("When it was received"), _("Left empty, it is now."))] = None
    proof: Annotated[Reasons, Ask(_("Proof of the receipt"), _("Such as who handed it over, and what was signed."))]


class Question(Form):
    text: Annotated[Reasons, Ask(_("Your question"), _("The objection window stands still until it is answered."))]


class Answer(Form):
    text: Annotated[Reasons, Ask(_("Your answer"))]


class Change(Form):
    criterion: Code
    value: Annotated[GivenValue, Ask(_("Corrected value"))]
    reasons: Annotated[Reasons, Ask(_("Why it is corrected"))]


class Correction(Form):
    changes: Annotated[list[Change], Field(min_length=1, max_length=200), Ask(_("What is corrected"))]


class Rescore(Form):
    """From a ruling or an award that was issued: new values by criterion. An award is the last word: what it leaves is
    not corrected any more."""

    values: dict[Code, Value] = {}
    outcome: Literal["maintained", "adjusted", "annulled"]
    document: Line = ""
    last_word: bool = False


class Cause(Form):
    """The case that moved this one."""

    case: Line = ""


class RecordingState(Form):
    state: Literal["intact", "missing", "altered"]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{0,64}$")] = ""
