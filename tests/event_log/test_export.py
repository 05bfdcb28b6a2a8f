"""What a log says and what it never says, who may take one, and that it stands on record."""

import hashlib
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from casework.domain.actor import system
from casework.domain.errors import NotPermitted
from casework.domain.law import laws
from casework.domain.staff import grant
from casework.event_log import scope
from casework.event_log.export import FORMATS, export_log
from casework.models import Account, Case, CaseEvent, EventText, Person, Unit
from tests.arbitration.conftest import below
from tests.commands.conftest import run
from tests.conftest import acting
from tests.factories import deliver_all, panel
from tests.seen import case

XES = "{http://www.xes-standard.org/}"


def traces(file: Path) -> dict[str, list[dict[str, str]]]:
    """{case number: its events} of an XES log."""
    found = {}
    for trace in ET.parse(file).getroot().iter(f"{XES}trace"):
        events = [{e.get("key", ""): e.get("value", "") for e in event} for event in trace.iter(f"{XES}event")]
        (name,) = (e.get("value", "") for e in trace if e.get("key") == "concept:name")
        found[name] = events
    return found


def taken(login: str, folder: Path, format: str = "xes") -> Path:
    file = folder / f"{login}.{format}"
    with file.open("w+b") as out:
        export_log(out, format, acting(login))
    return file


def exports() -> list[dict[str, Any]]:
    rows = CaseEvent.objects.filter(stream="access", action="exported").order_by("seq")
    return [json.loads(row.entry) for row in rows]


def test_xes_when_the_auditor_takes_it_is_the_ledger_of_every_case(played, tmp_path):
    found = traces(taken("aud", tmp_path))
    assert set(found) == set(Case.objects.values_list("number", flat=True))
    for number, events in found.items():
        rows = CaseEvent.objects.filter(stream=f"case:{number}").order_by("seq")
        app = case(number)._meta.app_label
        assert [e["concept:name"] for e in events] == [f"{app}.{row.action}" for row in rows], number
        assert [e["time:timestamp"] for e in events] == [row.at.isoformat(timespec="microseconds") for row in rows]
        assert all(re.search(r"T.*[+-]\d\d:\d\d$", e["time:timestamp"]) for e in events)
        assert events[-1]["to"] == case(number).state
    bypassed = next(e for e in found[played.open] if e["concept:name"] == "disputes.bypass")
    assert (bypassed["clock"], bypassed["org:resource"]) == ("screen", "SYSTEM")


def test_ocel_when_taken_names_no_object_that_is_not_there_and_links_the_family(played, tmp_path):
    log = json.loads(taken("aud", tmp_path, "ocel2").read_text(encoding="utf-8"))
    objects = {found["id"]: found for found in log["objects"]}
    assert len(objects) == len(log["objects"]) and len({e["id"] for e in log["events"]}) == len(log["events"])
    named = [r["objectId"] for found in (*log["objects"], *log["events"]) for r in found["relationships"]]
    assert set(named) <= set(objects)
    held = {*Case.objects.values_list("type", flat=True), "person"}
    assert {o["type"] for o in log["objects"]} == held <= {t["name"] for t in log["objectTypes"]} == {*laws(), "person"}
    assert {e["type"] for e in log["events"]} <= {t["name"] for t in log["eventTypes"]}
    paper, evaluation = below(played.whole)
    assert objects[played.whole]["relationships"] == [{"objectId": paper, "qualifier": "about"}]
    assert objects[paper]["relationships"] == [{"objectId": evaluation, "qualifier": "about"}]
    states = [a["value"] for a in objects[paper]["attributes"] if a["name"] == "state"]
    assert states == ["screening", "reviewing", "signing", "sealing", "ruled", "appealed", "final"]
    roles = {r["qualifier"] for e in log["events"] if e["type"] == "disputes.rule" for r in e["relationships"]}
    assert roles == {"acts on", "qa_lead"}


@pytest.mark.parametrize("format", FORMATS)
def test_log_when_taken_says_nothing_of_who_or_what(played, tmp_path, format):
    """No name, no number of a person, no login, nothing anybody wrote, no score."""
    text = taken("aud", tmp_path, format).read_text(encoding="utf-8")
    people = {word for person in Person.objects.all() for word in (person.no, person.name)}
    logins = set(Account.objects.values_list("username", flat=True))
    written = {part["text"] for texts in EventText.objects.values_list("texts", flat=True) for part in texts} - {""}
    assert people and logins and written
    said = set(re.findall(r'"([^"]*)"', text)) | set(re.findall(r"[\w-]+", text))
    assert not (people | logins) & said
    assert not [words for words in written if words in text]
    assert not re.search(r"[\u4e00-\u9fff]|\d\.\d\d\b", re.sub(r"\d\d\.\d{6}", "", text))
    assert "person-" in text


@pytest.mark.parametrize("format", FORMATS)
def test_log_when_taken_twice_is_the_same_however_it_is_read(played, tmp_path, monkeypatch, format):
    first = taken("aud", tmp_path, format).read_bytes()
    monkeypatch.setattr(scope, "CHUNK", 2)
    assert taken("aud", tmp_path, format).read_bytes() == first
    assert list(tmp_path.iterdir()) == [tmp_path / f"aud.{format}"], "nothing unfinished is left"


def test_log_when_taken_stands_in_the_access_stream(played, tmp_path):
    file = taken("aud", tmp_path)
    (entry,) = exports()
    found = traces(file)
    assert entry["actor"] == Account.objects.get(username="aud").person.no
    assert entry["data"] == {
        "what": "event log", "format": "xes", "cases": len(found), "events": sum(map(len, found.values())),
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
    }  # fmt: skip


@pytest.mark.parametrize("login", ["ann", "feng", "lee", "hua", "tang"])
def test_log_asked_for_without_a_role_that_looks_over_is_refused_on_record(played, tmp_path, login):
    with pytest.raises(NotPermitted, match="Expected a role that looks over"):
        taken(login, tmp_path)
    assert not (tmp_path / f"{login}.xes").read_bytes() and not exports()
    row = CaseEvent.objects.filter(stream="access", action="refused").latest("seq")
    assert json.loads(row.entry)["data"]["attempted"] == "export_log"


def test_log_of_the_superuser_is_refused(played, tmp_path):
    with pytest.raises(NotPermitted, match="belongs to no person"):
        taken("root", tmp_path)


def test_log_of_a_director_holds_no_case_that_they_may_not_see(played, tmp_path):
    from casework.domain.scope import visible

    for login in ("fang", "fei"):
        seen = Case.objects.filter(visible(acting(login).person_id)).values_list("number", flat=True)
        assert set(traces(taken(login, tmp_path))) == set(seen)


def test_log_of_who_decides_leaves_that_family_out(played, tmp_path):
    """qin reviews one dispute: neither it nor its evaluation is in her log; what is over is."""
    reviewing = case(played.open).family_id
    reviewer = case(played.open).parties.get(role="reviewer", until=None).person
    login = reviewer.accounts.order_by("id")[0].username
    found = traces(taken(login, tmp_path))
    assert not set(found) & set(Case.objects.filter(family_id=reviewing).values_list("number", flat=True))
    assert found


def test_log_of_who_sits_blind_leaves_that_family_out(played, tmp_path):
    deliver_all()
    seated = next(iter(panel(played.blind).values()))
    grant(Account.objects.get(username=seated).person, "director", Unit.objects.get(code="OC"), system())
    found = traces(taken(seated, tmp_path))
    family = Case.objects.filter(family_id=case(played.blind).family_id).values_list("number", flat=True)
    assert len(family) == 3 and not set(found) & set(family)
    assert played.withdrawn in found


def test_export_log_to_where_nothing_can_be_written_is_refused(played, tmp_path, token_of):
    token_of("aud")
    nowhere = tmp_path / "nowhere" / "log.xes"
    refused = run("export_log", "--format", "xes", "--out", nowhere, "--as", "aud")
    assert refused.status == 2 and "Expected to write" in refused.err
    assert not exports()


def test_export_log_when_called_says_what_it_wrote(played, tmp_path, token_of):
    token_of("aud")
    out = tmp_path / "log.xes"
    words = ("--format", "xes", "--out", out, "--type", "disputes.ScoreDispute", "--as", "aud")
    told = run("export_log", *words).json
    assert set(traces(out)) == set(Case.objects.filter(number__startswith="DSP").values_list("number", flat=True))
    assert (told["cases"], told["sha256"]) == (len(traces(out)), hashlib.sha256(out.read_bytes()).hexdigest())
    token_of("ann")
    refused = run("export_log", "--format", "ocel2", "--out", tmp_path / "no.json", "--as", "ann")
    assert (refused.status, refused.out) == (3, "") and refused.err.count("\n") == 1
    assert run("export_log", "--format", "csv", "--out", out, "--as", "aud").status == 2
    assert run("export_log", "--format", "xes", "--out", out, "--type", "no.Type", "--as", "aud").status == 2
