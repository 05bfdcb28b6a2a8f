"""What goes in and out, for validation and for the OpenAPI document. Moments are ISO 8601 in UTC."""

from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import ConfigDict, Field


class In(Schema):
    model_config = ConfigDict(extra="forbid", strict=True)


class Opening(In):
    """`data` is what the type's opening action takes: see `schema` of an entry with `opens` in /actions."""

    type: Annotated[str, Field(max_length=60, examples=["disputes.ScoreDispute"])]
    subject: Annotated[str | None, Field(max_length=40, description="number of the case it hangs on")] = None
    data: dict[str, Any] = {}


class Doing(In):
    """`version` is the case's version you saw; required where `version_required`."""

    data: dict[str, Any] = {}
    version: int | None = None


class Label(Schema):
    code: str
    label: str


class Unit(Schema):
    code: str
    name: str


class Named(Schema):
    """`no` is null and `name` a part in the case where the reader decides and may not know who it is."""

    no: str | None
    name: str


class CaseHead(Schema):
    number: str
    type: str
    type_label: str
    state: Label
    restricted: bool
    erased: bool
    urgency: Label | None
    unit: Unit
    opened_at: str
    updated_at: str
    closed_at: str | None


class CaseRow(CaseHead):
    subject: str | None
    concerned: Named | None
    masked: bool
    blind: Literal[False]


class BlindRow(Schema):
    """A case that the reader scores blind: neither its unit nor whom it concerns is shown before the reveal."""

    number: str
    type: str
    type_label: str
    state: Label
    opened_at: str
    masked: bool
    blind: Literal[True]


class CasePage(Schema):
    cases: list[CaseRow | BlindRow]
    next: str | None


class PartyOut(Schema):
    role: str
    label: str
    person: Named
    since: str
    until: str | None
    ended_by: str


class ClockEntryOut(Schema):
    """`what` the event was, in words, and `by` whom; null: the system."""

    kind: str
    at: str
    due_at: str | None
    reason: str
    event_seq: int
    what: str
    by: Named | None


class ClockOut(Schema):
    """`steps` is the arithmetic by which `due_at` came about, `explanation` the same and the sum in words, a line each;
    `source`: where the policy has the limit from; `regulation`: the pack that gave it, and the limits that it stands
    before; `hastened`: the urgency of the case that gave it, and the usual limit; `counting`: how its days are counted
    (day_0, ends, rolls, as policies say it); `minimum_left`: what remains at least after a pause; `provisional`: beyond
    the published calendar; `rung_of`: the clock before or after whose deadline it acts; `extensions`: [by how much,
    when, why] of the time that was granted; `waits_for`: what ends a standstill at the latest. Whoever scores blind
    gets neither `generation` nor `entries`."""

    name: str
    rung_of: str | None
    label: str
    generation: int | None
    state: str
    started_at: str
    due_at: str
    provisional: bool
    limit: str
    limit_label: str
    source: str
    regulation: dict[str, Any] | None
    hastened: dict[str, str] | None
    counting: dict[str, str | None]
    minimum_left: str | None
    calendar: str
    time_left_s: int | None
    pauses: list[Any]
    extensions: list[list[str]]
    waits_for: dict[str, str] | None
    steps: list[dict[str, Any]]
    explanation: list[str]
    entries: list[ClockEntryOut]


class TaskOut(Schema):
    task: str
    label: str
    actions: list[str]
    role: str | None
    role_label: str | None
    person: Named | None
    due_at: str | None
    provisional: bool
    time_left_s: int | None


class InboxTask(TaskOut):
    """`unit` and `urgency` are null where the person scores `blind`; `urgency` also where it is the usual."""

    case: str
    type: str
    type_label: str
    unit: Unit | None
    urgency: Label | None
    blind: bool


class InboxPage(Schema):
    tasks: list[InboxTask]
    next: str | None
    count: int | str = Field(description='at most 1000, then "1000+"')


class Signature(Schema):
    field: str
    person: str | None
    serial: str | None


class TimeStamp(Schema):
    """`state`: pending or stamped; `at` by the authority's clock, `level` of PAdES; `file_sha256`: the edition's."""

    state: Label
    at: str | None
    level: str | None
    file_sha256: str | None


class DocumentOut(Schema):
    """`time_stamp` is null where no time authority is asked for one."""

    id: str
    case: str
    kind: str
    state: Label
    file_sha256: str
    snapshot_sha256: str
    drafted_at: str
    issued_at: str | None
    supersedes: str | None
    superseded_by: str | None
    time_stamp: TimeStamp | None
    signatures: list[Signature]


class EventOut(Schema):
    """`entry` as it was hashed into `digest`, unless `masked` or `withheld`; `texts` prove its commitments."""

    seq: int
    digest: str
    entry: dict[str, Any]
    texts: list[dict[str, str]]
    masked: bool
    withheld: bool


class CaseOut(CaseHead):
    """`details` are the type's own; wherever a score stands in them, `provisional` stands beside it."""

    version: int
    concerned: Named | None
    policy: str
    head: dict[str, Any]
    masked: bool
    blind: Literal[False]
    parties: list[PartyOut]
    clocks: list[ClockOut]
    tasks: list[TaskOut]
    documents: list[DocumentOut]
    family: list[CaseHead]
    details: dict[str, Any]
    events: list[EventOut]


class BlindCase(BlindRow):
    """The case as whoever scores it blind sees it before the reveal; `details` say what to score."""

    version: int
    clocks: list[ClockOut]
    tasks: list[TaskOut]
    documents: list[DocumentOut]
    family: list[CaseHead]
    details: dict[str, Any]
    events: list[EventOut]


class EvidenceOut(Schema):
    """The file itself: /evidence/{sha256}. `received_at` is null where the reader scores blind. What a party added has
    the kind `file`; `name`, which is what they called it, is null for whoever may not know the parties."""

    kind: str
    sha256: str
    size: int
    duration_s: int | None = None
    channel: str | None = None
    received_at: str | None
    state: str | None
    case: str | None = None
    label: str | None = None
    name: str | None = None
    media: Label | None = None
    by: Named | None = None
    part: str | None = None
    shows: str | None = None
    seconds: list[int] = []


class ActionOut(Schema):
    """`opens`: the action opens a case of that type, by POST /cases with this case as its subject."""

    action: str
    opens: str | None
    label: str
    allowed: bool
    why: str | None
    code: str | None
    decides: bool
    version_required: bool
    form: dict[str, Any] = Field(alias="schema", description="JSON Schema of the action's data")


class Done(Schema):
    """The event as it stands in the ledger; `repeated`: the key was known, nothing was done again."""

    case: str
    version: int
    event: dict[str, Any]
    repeated: bool
