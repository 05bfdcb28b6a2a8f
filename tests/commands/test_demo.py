"""The demo's story, and what it leaves behind."""

import csv
import hashlib
import json
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.db import connection

from casework.domain.deadline_sum import added_up
from casework.domain.deadline_words import explanation
from casework.domain.hours import calendar_specs
from casework.domain.limits import Limit
from demo import home as demo_home
from demo import organisation as demo_organisation
from demo import script
from demo.stage import Stage, columns, padded
from tests.commands.demo_run import Demo


def test_load_demo_in_a_new_home_ends_with_the_verified_award(demo):
    assert (demo.status, demo.err) == (0, ""), demo.out + demo.err
    assert demo.out.count("genuine: ") == 2 and "FAILED" not in demo.out
    assert "84.00 -> 90.00" in demo.out and "90.00 -> 93.50" in demo.out
    score = demo.rows("SELECT score, passed, state FROM evaluations_evaluation e JOIN casework_case c ON c.id = "
                      "e.case_ptr_id WHERE external_id = 'EV-202610-0011'")  # fmt: skip
    assert (float(score[0][0]), score[0][1], score[0][2]) == (93.5, 1, "final")


def test_load_demo_leaves_the_ruling_and_the_award_as_they_were_issued(demo):
    for kind, prefix in (("ruling", "DSP"), ("award", "ARB")):
        file = demo.folder / f"{kind}.pdf"
        issued = demo.rows("SELECT file_sha256 FROM casework_document d JOIN casework_case c ON c.id = d.case_id "
                           "WHERE d.state = 'issued' AND c.number = ?", demo.story(prefix))  # fmt: skip
        assert issued == [(hashlib.sha256(file.read_bytes()).hexdigest(),)], kind
        assert str(file) in demo.out


@pytest.mark.parametrize("part", ["TRY_TO_RULE", "TRY_TO_ARBITRATE"])
def test_load_demo_refuses_everybody_who_may_not_decide(demo, part):
    told = " ".join(demo.out.split())
    for login, does in getattr(script, part).items():
        assert f" {login} {does}: Expected " in told, login


def test_load_demo_seats_three_who_score_before_anybody_votes_and_sign_with_their_own_keys(demo):
    number = demo.story("ARB")
    entries = [e for e in demo.entries() if e["stream"] == f"case:{number}"]
    panel = [choice["chosen"] for choice in entries[0]["choices"]]
    assert len(set(panel)) == 3
    by = {action: [e["actor"] for e in entries if e["action"] == action] for action in ("score_blind", "vote", "sign")}
    assert by == dict.fromkeys(by, panel)
    ends = [(e["action"], e["to"]) for e in entries if e["from"] != e["to"]]
    assert ends == [("open", "scoring"), ("score_blind", "voting"), ("vote", "signing"), ("sign", "sealing"),
                    ("issue", "awarded"), ("read", "final")]  # fmt: skip
    (fields,) = demo.rows("SELECT fields FROM casework_document d JOIN casework_case c ON c.id = d.case_id "
                          "WHERE c.number = ?", number)[0]  # fmt: skip
    own = demo.rows("SELECT p.no, k.serial FROM casework_signingkey k JOIN casework_person p ON p.id = k.person_id "
                    "WHERE k.credential = 'password'")  # fmt: skip
    signed = [(f["person"], f["serial"]) for f in json.loads(fields) if f["name"] != "organisation"]
    assert [no for no, _serial in signed] == panel and set(signed) <= set(own)


def test_demo_has_words_and_keys_for_whoever_may_be_drawn():
    with (Path(demo_organisation.DATA) / "people.csv").open(encoding="utf-8", newline="") as file:
        may_sit = {row["login"] for row in csv.DictReader(file) if row["role"] == "arbitrator"}
    assert (
        may_sit == set(script.ARBITRATORS) <= set(script.SIGNERS) & {x for part in script.CAST.values() for x in part}
    )
    assert set(script.BLIND) == {*(f"QC{n}" for n in range(1, 5)), *(f"QA{n}" for n in range(1, 7))}
    assert {len(given) for given in (*script.BLIND.values(), *script.VOTES.values())} == {3}


def test_load_demo_left_every_case_with_its_whole_chain(demo):
    cases = demo.rows("SELECT number, type, state, seq, head FROM casework_case")
    assert len(cases) == 302
    for number, type_label, state, seq, head in cases:
        stream = f"case:{number}"
        events = demo.rows("SELECT seq, digest, entry FROM casework_caseevent WHERE stream = ? ORDER BY seq", stream)
        entries = [json.loads(entry) for _seq, _digest, entry in events]
        assert [s for s, _d, _e in events] == list(range(1, seq + 1)), number
        assert entries[0]["from"] == "" and entries[0]["action"] in ("record_score", "file", "open"), number
        assert all(after["from"] == before["to"] for before, after in zip(entries, entries[1:], strict=False)), number
        assert (entries[-1]["to"], events[-1][1], {e["type"] for e in entries}) == (state, head, {type_label}), number


def test_load_demo_inserted_nothing_past_perform(demo):
    told: dict[str, set] = {"parties": set(), "clocks": set(), "documents": set()}
    for entry in demo.entries():
        number = entry["stream"].removeprefix("case:")
        for party in entry.get("parties", ()):
            told["parties"].add((number, party["role"], party["person"]))
        for clock in entry.get("clocks", ()):
            told["clocks"].add((number, clock["clock"], clock["generation"]))
        for document in entry.get("documents", ()):
            told["documents"].add((number, document["document"].replace("-", "")))
    join = "JOIN casework_case c ON c.id = r.case_id"
    persons = "JOIN casework_person p ON p.id = r.person_id"
    rows = {
        "parties": f"SELECT c.number, r.role, p.no FROM casework_party r {join} {persons}",
        "clocks": f"SELECT c.number, r.name, r.generation FROM casework_clock r {join}",
        "documents": f"SELECT c.number, r.id FROM casework_document r {join}",
    }
    for kind, sql in rows.items():
        found = set(demo.rows(sql))
        assert found and found == told[kind], kind
    numbers = {number for (number,) in demo.rows("SELECT number FROM casework_case")}
    assert {e["stream"] for e in demo.entries()} == {f"case:{n}" for n in numbers} | {"org", "access"}


def test_load_demo_left_no_deadline_whose_sum_is_not_its_due_time(demo):
    """Every clock of every case explains itself to its due time; one that stands still says that it has none."""
    fields = ("name", "state", "limit", "calendar", "due_at", "pauses", "steps")
    rows = demo.rows('SELECT name, state, "limit", calendar, due_at, pauses, steps FROM casework_clock')
    assert {state for _name, state, *_rest in rows} == {"running", "paused", "stopped", "breached"}
    for row in rows:
        clock = dict(zip(fields, row, strict=True))
        clock |= {"steps": json.loads(clock["steps"]), "pauses": json.loads(clock["pauses"])}
        due, spec = datetime.fromisoformat(clock["due_at"]).replace(tzinfo=UTC), calendar_specs()[clock["calendar"]]
        terms = added_up(clock["steps"], Limit.parse(clock["limit"]), ZoneInfo(spec.tz))
        assert terms[-1].due_at == due, clock
        told = {"due_at": due.isoformat(), "limit_label": "", "source": "designed", "minimum_left": None, "entries": []}
        said = explanation({**clock, **told}, spec)
        if clock["state"] == "paused":
            assert "there is no due time until it runs on" in said[-1], said
        else:
            assert said[-1].startswith("sum: ") and said[-1].endswith(said[-2]), said


def test_load_demo_says_in_every_persons_event_that_it_was_impersonated(demo):
    acted = [e for e in demo.entries() if e["actor"] != "SYSTEM"]
    assert acted and all(e["impersonated"] and e["authenticated"] == "demo" for e in acted)


def test_command_in_a_demo_needs_no_token_but_refuses_a_wrong_one(demo):
    number = demo.story("DSP")
    shown = demo.run("show_case", number, "--as", "ann")
    assert shown.returncode == 0 and json.loads(shown.stdout)["state"]["code"] == "final", shown.stderr
    wrong = demo.run("inbox", "--as", "ann", GONGDUAN_TOKEN="gd_wrong")
    assert (wrong.returncode, wrong.stdout, wrong.stderr.count("\n")) == (3, "", 1)
    system = demo.run("perform", number, "finalise", "--as", "SYSTEM")
    assert (system.returncode, system.stderr.count("\n")) == (5, 1)


def test_work_ends_cleanly_when_told_to_stop(demo, tmp_path):
    words, copy = [sys.executable, "manage.py", "work"], demo.copy(tmp_path / "var")
    with subprocess.Popen(words, env=copy.env(), cwd=settings.BASE_DIR, stdout=subprocess.PIPE) as worker:
        assert worker.stdout.readline()  # it says so once it works
        time.sleep(1)
        assert worker.poll() is None
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=20) == 0


def test_command_without_a_database_says_what_to_do(tmp_path):
    done = Demo(tmp_path / "new").run("inbox", "--as", "ann")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1 and "run migrate first" in done.stderr


def test_load_demo_refuses_a_home_that_is_no_demos(db):
    kept = sorted(path.name for path in settings.HOME.iterdir())
    with pytest.raises(demo_home.ForeignHome, match="Expected"):
        demo_home.start_afresh()
    assert sorted(path.name for path in settings.HOME.iterdir()) == kept


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="the demo's database is a file")
def test_load_demo_refuses_a_home_with_the_mark_but_other_peoples_data(db):
    mark = settings.HOME / demo_home.MARK
    mark.write_text("")
    try:
        with pytest.raises(demo_home.ForeignHome, match=re.escape(Path(connection.settings_dict["NAME"]).name)):
            demo_home.start_afresh()
    finally:
        mark.unlink()


def test_load_demo_refuses_documents_without_the_mark(tmp_path):
    folder = Demo(tmp_path)
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "x").write_text("kept")
    done = folder.run("load_demo")
    assert done.returncode == 1 and "has documents of its own" in done.stderr
    assert (tmp_path / "documents" / "x").read_text() == "kept" and not (tmp_path / "gongduan.sqlite3").exists()


def test_stage_prints_aligned_lines_and_marks_a_failure():
    lines: list[str] = []
    stage = Stage(lines.append)
    with stage.step("ann 王喆堃", "opens 查阅") as note:
        note("served 送达")
    with pytest.raises(ValueError), stage.step("ian", "fails"):
        raise ValueError
    assert columns("王a") == 3 and columns(padded("王a", 9)) == 9
    assert lines[1].strip() == "served 送达" and lines[2].endswith("FAILED")
    assert columns(lines[0]) - len("  0.0 s") == columns(lines[2]) - len("FAILED")
