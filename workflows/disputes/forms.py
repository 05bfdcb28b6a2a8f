"""What a dispute's actions take."""

from typing import Annotated, Literal

from pydantic import Field

from casework.domain.forms import Form, Line, Reasons, Remark, Seconds
from workflows.evaluations.forms import Code, GivenValue

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
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


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


class Recusal(Form):
    category: Literal["kinship", "relationship", "interest", "involved_before", "other"]
    text: Remark = ""  # type: ignore[assignment]


class Drafted(Form):
    """A rendered draft. The snapshot itself stands on the document, its digest in the ledger."""

    document: Annotated[str, Field(pattern=r"^[0-9a-f-]{36}$")]
    kind: Literal["ruling", "inadmissibility"]
    snapshot: str
    snapshot_sha256: Digest
    file_sha256: Digest
    fields: list[dict]


class Sealed(Form):
    document: Annotated[str, Field(pattern=r"^[0-9a-f-]{36}$")]
    file_sha256: Digest
    serial: Line


class Excuse(Form):
    cause: Literal["leave", "sickness", "outage", "not_served"]
    reasons: Reasons
