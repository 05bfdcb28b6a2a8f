"""Imports through the API: 202, a result to ask for, problems by line and column."""

import io
import wave

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from casework.models import Case, ImportRun, Person, Unit
from tests.conftest import DATA
from tests.factories import evaluation
from workflows.evaluations.models import Evaluation, Recording

BAD = (DATA.parent.parent / "tests" / "data" / "evaluations-bad.csv").read_bytes()


def good(rows: int = 21) -> bytes:
    """The demo's first lines: two evaluations."""
    return b"\n".join((DATA / "evaluations-2026-10.csv").read_bytes().splitlines()[:rows])


def file(data: bytes, name: str = "evaluations.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def whole() -> bytes:
    """The demo's evaluations up to the fifth."""
    lines = (DATA / "evaluations-2026-10.csv").read_bytes().splitlines()
    last = max(i for i, line in enumerate(lines) if line.startswith(b"EV-202610-0005"))
    return b"\n".join(lines[: last + 1])


def test_import_evaluations_makes_drafts_and_tells_the_result(api):
    qin = api("qin")
    run = qin.send("/imports", kind="evaluations", file=file(whole()))
    assert qin.response["Location"] == f"/api/v1/imports/{run['id']}"
    assert run["state"] == "done" and run["counts"]["imported"] == 5 and run["finished_at"]
    assert Evaluation.objects.filter(state="draft").count() == 5
    assert qin.get(f"/imports/{run['id']}") == run
    again = qin.send("/imports", kind="evaluations", file=file(whole()))
    assert again["counts"]["imported"] == 0 and again["counts"]["unchanged"] == 5


def test_import_evaluations_when_dry_changes_nothing(api):
    run = api("qin").send("/imports", kind="evaluations", file=file(whole()), dry_run="true")
    assert run["counts"]["evaluations"] == 5 and run["options"]["dry_run"] and not Case.objects.exists()


def test_import_evaluations_when_bad_names_line_and_column(api):
    run = api("qin").send("/imports", kind="evaluations", file=file(BAD))
    assert run["state"] == "refused" and not Case.objects.exists()
    found = [p for p in run["problems"] if p["level"] == "error"]
    assert any(p["line"] and p["column"] and p["code"] and p["message"] for p in found)
    assert {p["file"] for p in found} == {"evaluations.csv"}


def test_import_evaluations_when_partial_takes_what_is_right(api):
    run = api("qin").send("/imports", kind="evaluations", file=file(BAD), partial="true")
    assert run["state"] == "done" and run["counts"]["errors"] > 0
    assert Case.objects.count() == run["counts"]["imported"]


def test_import_evaluations_when_historical_are_final_at_once(api):
    api("qin").send("/imports", kind="evaluations", file=file(whole()), historical="true")
    assert set(Evaluation.objects.values_list("state", flat=True)) == {"final"}


@pytest.mark.parametrize("login", ["ann", "lee", "aud"])
@pytest.mark.parametrize("kind", ["people", "evaluations", "recordings"])
def test_import_when_not_permitted_learns_nothing(api, login, kind):
    assert api(login).send("/imports", 403, kind=kind, file=file(whole()))["code"] == "not_permitted"
    assert not ImportRun.objects.exists()


def test_import_people_adds_units_and_persons(api):
    units = file(b"code,name,parent\nT-NEW,New team,OC\n", "units.csv")
    people = file(
        b"no,name,login,role,unit,acts_on,from,until,principal,email\nA9001,Nia,nia,agent,T-NEW,,,,,\n", "people.csv"
    )
    run = api("hua").send("/imports", kind="people", file=[units, people])
    assert run["state"] == "done" and run["counts"]["new"]["persons"] == 1
    assert Person.objects.get(no="A9001").unit == Unit.objects.get(code="T-NEW")


def test_import_people_when_bad_is_refused_whole(api):
    people = file(
        b"no,name,login,role,unit,acts_on,from,until,principal,email\nA9001,Nia,nia,king,T-NO,,,,,\n", "people.csv"
    )
    run = api("root").send("/imports", kind="people", file=people)
    assert run["state"] == "refused" and {p["code"] for p in run["problems"]} >= {"unknown_role", "unknown_unit"}
    assert not Person.objects.filter(no="A9001").exists()


def test_import_recordings_keeps_the_good_and_tells_the_rest(api):
    evaluation()
    call = Evaluation.objects.get().interaction_id
    sound = io.BytesIO()
    with wave.open(sound, "wb") as out:
        out.setparams((1, 1, 8000, 0, "NONE", ""))
        out.writeframes(b"\0" * 8000)
    files = [
        file(sound.getvalue(), f"{call}.wav"),
        file(b"no sound", "CALL-X.wav"),
        file(sound.getvalue(), "{odd}.wav"),
    ]
    run = api("ian").send("/imports", kind="recordings", file=files)
    assert run["counts"] == {"new": 1, "unchanged": 0, "errors": 2} and Recording.objects.count() == 1
    assert [p["code"] for p in run["problems"]] == ["not_a_recording", "unknown_interaction"]


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "evaluations"}, {"file": file(b"x")}, {"kind": "no", "file": file(b"x")},
        {"kind": "evaluations", "file": [file(b"x"), file(b"y", "z")]},
        {"kind": "recordings", "file": file(b"x"), "historical": "true"},
        {"kind": "evaluations", "file": file(b"x"), "partial": "perhaps"},
    ],
    ids=range(6),
)  # fmt: skip
def test_import_when_asked_wrongly_is_invalid(api, fields):
    assert api("qin").send("/imports", 422, **fields)["code"] == "invalid_input"


def test_import_of_someone_else_is_not_found(api):
    run = api("qin").send("/imports", kind="evaluations", file=file(whole()), dry_run="true")
    there = api("qiu").get(f"/imports/{run['id']}", 404)
    assert there == api("qiu").get("/imports/x", 404)
