"""What a dispute's actions take."""

from typing import Annotated, Literal

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from casework.domain.forms import Ask, Form, Line, Reasons, Remark, Seconds
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
    claimed: Annotated[GivenValue, Ask(_("What you claim"))]
    ground: Annotated[Ground, Ask(_("Ground"), labels="grounds")]
    reasons: Annotated[Reasons, Ask(_("Why"))]
    seconds: Annotated[
        list[Seconds], Field(max_length=20),
        Ask(_("Where in the recording"), _("Such as 0:35, or several: 0:35, 1:20.")),
    ] = []  # fmt: skip


class Claims(Form):
    criteria: Annotated[
        list[Claimed], Field(min_length=1, max_length=100),
        Ask(_("What do you dispute?"), _("Tick each criterion and say what is wrong with it.")),
    ]  # fmt: skip


class Stated(Form):
    """What the inspector says to one criterion; conceding it makes it a ruling by consent."""

    criterion: Code
    text: Annotated[Remark, Ask(_("What you say to it"))] = ""  # type: ignore[assignment]
    concede: Annotated[bool, Ask(_("I concede the claim"), _("It then becomes a ruling by consent."))] = False


class Statement(Form):
    criteria: Annotated[
        list[Stated], Field(min_length=1, max_length=100),
        Ask(_("What do you say to each criterion?"), _("State your view, or concede the claim.")),
    ]  # fmt: skip


class Ruled(Form):
    """The decision on one criterion: maintain, accept the claim, another value, or inadmissible on a ground."""

    criterion: Code
    decision: Annotated[Literal["maintain", "accept", "other", "inadmissible"], Ask(_("Decision"), labels="decisions")]
    value: Annotated[GivenValue | None, Ask(_("The value ruled"), shown_with="decision=other")] = None
    ground: Annotated[
        Inadmissible | None,
        Ask(_("Ground of inadmissibility"), labels="inadmissibility", shown_with="decision=inadmissible"),
    ] = None
    reasons: Annotated[Reasons, Ask(_("Reasons"), _("The parties read them in the ruling."))]


class Ruling(Form):
    """`annul`: reasons for which the whole evaluation is annulled (its procedure was broken)."""

    criteria: Annotated[list[Ruled], Field(min_length=1, max_length=100), Ask(_("How do you rule on each criterion?"))]
    annul: Annotated[
        Remark,
        Ask(
            _("Annul the whole evaluation, because"),
            _("Only where its procedure was broken; left empty, it is not annulled."),
        ),
    ] = ""  # type: ignore[assignment]


class Appealed(Form):
    """A criterion that goes to arbitration, and why the ruling on it is not accepted."""

    criterion: Code
    reasons: Annotated[Reasons, Ask(_("Why you do not accept the ruling"))]


class Appeal(Form):
    criteria: Annotated[
        list[Appealed], Field(min_length=1, max_length=100),
        Ask(_("What goes to arbitration?"), _("What the ruling granted in full is yours already.")),
    ]  # fmt: skip


class Awarded(Form):
    """How the arbitration ended: values by criterion and the award, or withdrawn."""

    case: Line = ""
    values: dict[Code, Value] = {}
    document: Line = ""
    withdrawn: bool = False


class Excuse(Form):
    cause: Annotated[
        Literal["leave", "sickness", "outage", "not_served"],
        Ask(_("Why you were late"), labels="reinstatement_causes"),
    ]
    reasons: Annotated[Reasons, Ask(_("What happened"), _("Name the proof that you can show."))]
