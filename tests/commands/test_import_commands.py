"""import_evaluations and import_recordings: what is taken, what is refused, by line and column."""

import csv
import io
import json
import wave
from collections.abc import Callable
from pathlib import Path

import pytest

from casework.models import Case
from tests.commands.conftest import refused, run
from tests.conftest import DATA
from workflows.evaluations.models import Evaluation, Recording

GOOD = DATA / "evaluations-2026-10.csv"
BAD = Path(__file__).parent.parent / "data" / "evaluations-bad.csv"
CODES = {
    "EV-202610-9001": {"score_above_maximum"},
    "EV-202610-9002": {"unknown_criterion"},
    "EV-202610-9003": {"not_a_number", "beyond_recording"},
    "EV-202610-0004": {"changed_without_correction"},
    "EV-202610-9005": {"inspector_is_agent"},
    "EV-202610-9006": {"criterion_missing"},
    "EV-202610-9007": {"already_scored"},
}


def rows_of(*ids: str, source: Path = GOOD) -> str:
    """The header and the lines of these evaluations."""
    rows = list(csv.reader(io.StringIO(source.read_text("utf-8-sig"))))
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(row for n, row in enumerate(rows) if n == 0 or row[0] in ids)
    return out.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str | bytes], Path]:
    def write(content: str | bytes) -> Path:
        path = tmp_path / "evaluations.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


# import_evaluations


def test_import_evaluations_makes_drafts_in_the_inspectors_name(token_of, time, file):
    token_of("qin")
    done = run("import_evaluations", file(rows_of("EV-202610-0011", "EV-202610-0016")), "--as", "qin")
    assert (done.status, done.json["imported"], done.json["errors"], done.err) == (0, 2, 0, "")
    imported = Evaluation.objects.get(external_id="EV-202610-0011")
    assert (imported.state, imported.inspector.no, str(imported.score)) == ("draft", "Q202", "84.00")
    assert done.json["numbers"] == [imported.number, Evaluation.objects.get(external_id="EV-202610-0016").number]
    again = run("import_evaluations", file(rows_of("EV-202610-0011")), "--as", "qin")
    assert (again.status, again.json["imported"], again.json["unchanged"]) == (0, 0, 1)


def test_import_evaluations_with_dry_run_changes_nothing(token_of, time, file):
    token_of("ivy")
    done = run("import_evaluations", file(rows_of("EV-202610-0011")), "--as", "ivy", "--dry-run")
    assert (done.status, done.json["dry_run"], Case.objects.count()) == (0, True, 0)


def test_import_evaluations_historical_are_final_at_once(token_of, time, file):
    token_of("qin")
    assert run("import_evaluations", file(rows_of("EV-202610-0011")), "--as", "qin", "--historical").status == 0
    assert Evaluation.objects.get().state == "final"


def test_import_evaluations_with_errors_names_each_and_imports_nothing_unless_partial(token_of, time, file):
    token_of("qin")
    known = rows_of("EV-202610-0004", already_scored_before())
    assert run("import_evaluations", file(known), "--as", "qin").status == 0
    before = Case.objects.count()
    done = run("import_evaluations", BAD, "--as", "qin")
    assert done.status == 2 and done.json["imported"] == 0 and Case.objects.count() == before
    assert set(done.json["refused"]) == set(CODES)
    for line in done.err.splitlines():
        place, code, rest = line.split(": ", 2)
        subject = rest.rsplit("(", 1)[1].rstrip(")")
        assert code in CODES[subject] and place.startswith("line ") and ", column " in place, line
    assert {(subject, code) for subject, codes in CODES.items() for code in codes} == {
        (line.rsplit("(", 1)[1].rstrip(")"), line.split(": ")[1]) for line in done.err.splitlines()
    }
    partial = run("import_evaluations", BAD, "--as", "qin", "--partial")
    assert (partial.status, partial.json["imported"]) == (2, 2)
    assert set(Evaluation.objects.order_by("-id").values_list("external_id", flat=True)[:2]) == {
        "EV-202610-9101",
        "EV-202610-9102",
    }


def already_scored_before() -> str:
    """The evaluation that scored the call of the bad EV-202610-9007."""
    with BAD.open(encoding="utf-8-sig") as bad:
        call = next(row["interaction_id"] for row in csv.DictReader(bad) if row["evaluation_id"] == "EV-202610-9007")
    with GOOD.open(encoding="utf-8-sig") as good:
        return next(row["evaluation_id"] for row in csv.DictReader(good) if row["interaction_id"] == call)


@pytest.mark.parametrize("encoding, newline", [("utf-8-sig", "\n"), ("utf-8", "\r\n"), ("gb18030", "\r\n")])
def test_import_evaluations_in_another_encoding_are_the_same_and_said(token_of, time, file, encoding, newline):
    token_of("qin")
    text = rows_of("EV-202610-0011")
    assert run("import_evaluations", file(text), "--as", "qin").json["imported"] == 1
    done = run("import_evaluations", file(text.replace("\n", newline).encode(encoding)), "--as", "qin")
    assert (done.status, done.json["unchanged"], done.json["encoding"]) == (0, 1, encoding)
    assert ("read_as_gb18030" in done.err) == (encoding == "gb18030")


@pytest.mark.parametrize(
    "content, code",
    [
        (b"PK\x03\x04", "damaged_workbook"),
        (b"", "empty_file"),
        (b"a,b\n1,2\n", "missing_column"),
        (b"\xff\x00\xff", "not_t"),
    ],
)
def test_import_evaluations_of_what_is_no_table_ends_with_2(token_of, time, file, content, code):
    token_of("qin")
    done = run("import_evaluations", file(content), "--as", "qin")
    assert done.status == 2 and code in done.err, done


def test_import_evaluations_with_html_a_formula_and_a_nul_takes_text_and_refuses_the_nul(token_of, time, file):
    token_of("qin")
    text = rows_of("EV-202610-0011").replace("未致歉", "=1+1 <b>x</b>")
    assert run("import_evaluations", file(text), "--as", "qin").status == 0
    assert Evaluation.objects.get().original["QC4"]["comment"] == "=1+1 <b>x</b>"
    done = run("import_evaluations", file(rows_of("EV-202610-0016").replace("CALL-", "CA\0LL-")), "--as", "qin")
    assert done.status == 2 and "nul_character" in done.err


@pytest.mark.parametrize("login", ["ann", "hua", "root", "lee"])
def test_import_evaluations_by_who_may_not_score_is_refused_before_the_file_is_read(token_of, time, login):
    token_of(login)
    refused(run("import_evaluations", "/nowhere.csv", "--as", login), 3, "Expected an inspector or a QA lead")


# import_recordings


def tone(seconds: int = 1) -> bytes:
    sound = io.BytesIO()
    with wave.open(sound, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(1)
        out.setframerate(8000)
        out.writeframes(b"\x80" * 8000 * seconds)
    return sound.getvalue()


@pytest.fixture
def scored(token_of, time, file) -> None:
    token_of("qin")
    run("import_evaluations", file(rows_of("EV-202610-0011")), "--as", "qin")


def test_import_recordings_stores_each_once(scored, tmp_path):
    (tmp_path / "CALL-88010.wav").write_bytes(tone())
    assert run("import_recordings", tmp_path, "--as", "qin").json == {"new": 1, "unchanged": 0, "errors": 0}
    assert run("import_recordings", tmp_path, "--as", "qin").json == {"new": 0, "unchanged": 1, "errors": 0}


def test_import_recordings_lists_what_is_wrong_and_keeps_the_rest(scored, tmp_path):
    (tmp_path / "CALL-88010.wav").write_bytes(tone())
    (tmp_path / "CALL-99999.wav").write_bytes(tone())
    (tmp_path / "note.wav").write_bytes(b"not sound")
    done = run("import_recordings", tmp_path, "--as", "qin")
    assert (done.status, json.loads(done.out)) == (2, {"new": 1, "unchanged": 0, "errors": 2})
    assert "CALL-99999.wav: unknown_interaction: " in done.err and "note.wav: not_a_recording: " in done.err
    (tmp_path / "CALL-88010.wav").write_bytes(tone(2))
    differs = run("import_recordings", tmp_path, "--as", "qin")
    assert "CALL-88010.wav: recording_differs: " in differs.err and Recording.objects.get().duration_s == 1


def test_import_recordings_of_no_folder_or_by_an_agent_is_refused(scored, token_of, tmp_path):
    refused(run("import_recordings", tmp_path / "none", "--as", "qin"), 2, "Expected a folder")
    empty = tmp_path / "empty"
    empty.mkdir()
    refused(run("import_recordings", empty, "--as", "qin"), 2, "has none")
    (empty / "CALL-88010.wav").write_bytes(tone())
    token_of("ann")
    refused(run("import_recordings", empty, "--as", "ann"), 3, "Expected an inspector or a QA lead")
