"""What may be asked at the doors: numbers, guesses, data for every form, commands."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.core.management import get_commands, load_command_class

from casework.domain.law import laws
from casework.models import CaseEvent, Person
from casework.queries.inbox import VIEWS
from casework.queries.paging import to_cursor
from tests.arbitration.worlds import LISTED, NORTH, OWN_SCORES, SOUTHERN, WORLDS, Numbers, no_of
from tests.conftest import DATA
from tests.factories import TEN, scorecard

SEATED = "ARB"
NO_ID = "00000000-0000-4000-8000-000000000000"
NOBODY = "A1030"
OUR_APPS = {"casework", "workflows", "demo"}
# Fields of forms by name; whatever is not here is made up from the form's schema.
KNOWN: dict[str, Any] = {
    "criterion": LISTED[0], "value": "7", "scores": scorecard({}), "rubric": "ten-item", "rubric_version": 1,
    "agent_no": NOBODY, "inspector_no": "Q203", "person": NOBODY, "against": NOBODY, "external_id": "EV-NEW",
    "interaction_id": "CALL-NEW", "started_at": "2026-10-20T10:00:00+08:00", "scored_at": "2026-10-22T10:00:00+08:00",
    "received_at": "2026-11-03T09:30:00+08:00", "document_sha256": "0" * 64, "document": NO_ID, "channel": "phone",
    "duration_s": 300, "known_since": "2026-11-02", "content_digest": "", "reasons": "因为", "text": "因为",
}  # fmt: skip
WHOLE = {"score_blind": OWN_SCORES}


@dataclass(frozen=True)
class Places:
    """What stands for the parameters of a path: {parameter: {how it is called here: value}}; `people`, `calls` and
    `units` are guesses that somebody might try."""

    path: dict[str, dict[str, str]]
    people: tuple[str, ...] = ()
    calls: tuple[dict[str, str], ...] = ()
    units: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()

    def queries(self) -> dict[str, list[str]]:
        return {
            "type": list(laws()), "state": ["scoring", "appealed"], "unit": list(self.units), "overdue": ["true"],
            "view": [*VIEWS, "nonsense"], "limit": ["1"], "cursor": ["nonsense", to_cursor(2**62)], "after": ["1"],
            "q": [*self.path["number"].values(), "EVL", *self.searches], "stamped": ["true"],
        }  # fmt: skip


def places_of(numbers: Numbers) -> Places:
    """What there is, what there is not, and guesses at what there might be in any of the worlds."""
    calls = [
        {"external_id": w.external_id, "interaction_id": w.interaction_id, "agent_no": no_of(w.agent)} for w in WORLDS
    ]
    return Places(
        path={
            "number": {
                SEATED: numbers.arbitration, "EVL": numbers.evaluation, "DSP": numbers.dispute,
                "no EVL": "EVL-2026-000099", "no DSP": "DSP-2026-000099",
            },
            "document_id": {"ruling": numbers.ruling, "no ruling": NO_ID},
            "sha256": {"recording": numbers.recording, "no recording": "0" * 64},
            "import_id": {"nothing": NO_ID},
            "event_id": {
                "entry of ARB": entry_of(numbers.arbitration), "entry of EVL": entry_of(numbers.evaluation),
                "entry of DSP": entry_of(numbers.dispute), "no entry": "1",
            },
            "level": {"leaves": "0"}, "place": {"first": "000.p/1", "none": "999"},
        },
        people=tuple(no_of(login) for login in (NORTH.agent, SOUTHERN.agent, NORTH.pool[1], SOUTHERN.pool[1])),
        calls=tuple(calls), units=("OC", "P-EC", "T-EC1", "T-SC1"),
        searches=tuple(name for call in calls[:2] for name in (call["external_id"], call["interaction_id"])),
    )  # fmt: skip


def entry_of(number: str) -> str:
    """The id of the case's first entry in the ledger."""
    return str(CaseEvent.objects.get(stream=f"case:{number}", seq=1).pk)


@cache
def openapi() -> dict[str, Any]:
    from casework.api.urls import api

    schema: dict[str, Any] = api.get_openapi_schema()
    return schema


def commands_as() -> set[str]:
    """Commands of ours that somebody calls in their own name."""
    ours = [(name, app) for name, app in get_commands().items() if str(app).split(".")[0] in OUR_APPS]
    parsers = {name: load_command_class(app, name).create_parser("manage.py", name) for name, app in ours}
    return {name for name, parser in parsers.items() if any("--as" in a.option_strings for a in parser._actions)}


def made_up(schema: dict[str, Any], top: dict[str, Any]) -> Any:
    """Data that the form might take, by the names of its fields or by their kind."""
    if "$ref" in schema:
        return made_up(top["$defs"][schema["$ref"].rsplit("/", 1)[1]], top)
    if "anyOf" in schema:
        return made_up(schema["anyOf"][0], top)
    if "enum" in schema or "const" in schema:
        return schema["enum"][0] if "enum" in schema else schema["const"]
    match schema.get("type"):
        case "object":
            fields = schema.get("properties", {})
            return {name: KNOWN[name] if name in KNOWN else made_up(kind, top) for name, kind in fields.items()}
        case "array":
            return [made_up(schema["items"], top)]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return False
    return "x"


def as_rows(call: dict[str, str]) -> str:
    """An evaluation with full marks as the CSV import takes it."""
    columns = (DATA / "evaluations-2026-10.csv").read_text("utf-8-sig").splitlines()[0].split(",")
    person = Person.objects.get(no=call["agent_no"])
    usual = {name: str(value) for name, value in KNOWN.items()} | {
        **call, "evaluation_id": call["external_id"], "agent_name": person.name, "inspector_name": "",
        "team": person.unit.name, "score": "10",
    }  # fmt: skip
    rows = [usual | {"criterion": code} for code in TEN]
    return "\n".join([",".join(columns), *(",".join(row.get(name, "") for name in columns) for row in rows)])
