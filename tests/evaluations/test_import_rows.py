import csv
import io
import time
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from casework.imports.problems import errors
from casework.imports.tables import Limits, read_table
from workflows.evaluations.import_rows import KnownPerson, parse_evaluations
from workflows.evaluations.rubric import Rubric, parse_rubrics
from workflows.evaluations.scoring import total

ROOT = Path(__file__).parents[2]
GOOD = (ROOT / "demo/data/evaluations-2026-10.csv").read_bytes()
BAD = (ROOT / "tests/data/evaluations-bad.csv").read_bytes()
RUBRICS = [
    rubric
    for file in sorted((ROOT / "policies/rubrics").glob("*.yaml"))
    for rubric in parse_rubrics(file.read_text(encoding="utf-8"))
]
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture(autouse=True, scope="module")
def english():
    with translation.override("en"):
        yield


def known_people():
    with (ROOT / "demo/data/people.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    roles = {number: {row["role"] for row in rows if row["no"] == number} for number in {row["no"] for row in rows}}
    return {
        row["no"]: KnownPerson(row["name"], "agent" in roles[row["no"]], "inspector" in roles[row["no"]])
        for row in rows
    }


PEOPLE = known_people()


def parse(data, *, existing=None, calls=None, rubrics=RUBRICS, people=PEOPLE):
    return parse_evaluations(read_table(data), rubrics, people, existing or {}, calls or {}, zone=SHANGHAI)


@pytest.fixture(scope="module")
def good():
    return parse(GOOD)


@pytest.fixture(scope="module")
def imported(good):
    """What the database knows after the good file: digests by id, ids by call."""
    existing = {record.external_id: record.content_digest for record in good.records}
    calls = {
        (record.interaction_id, record.agent_no, record.rubric_code): record.external_id for record in good.records
    }
    return {"existing": existing, "calls": calls}


def file_of(of="EV-202610-0011", change=None, **cells):
    """One evaluation of the good file: `cells` are set on every line, `change` edits the list of rows."""
    rows = list(csv.DictReader(io.StringIO(GOOD.decode("utf-8-sig"), newline="")))
    columns = list(rows[0])
    rows = [{**row, **cells} for row in rows if row["evaluation_id"] == of]
    if change:
        change(rows)
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def found_in(data, **known):
    return [(problem.line, problem.column, problem.code) for problem in parse(data, **known).problems]


# -- the files of the data


def test_good_file_gives_240_evaluations_and_no_problem(good):
    assert (len(good.records), good.problems, good.unchanged) == (240, [], [])
    assert Counter(len(record.scorecard) for record in good.records) == {36: 190, 10: 50}


def test_good_file_holds_the_demo_case(good):
    (case,) = [record for record in good.records if record.external_id == "EV-202610-0011"]
    result = total(next(rubric for rubric in RUBRICS if rubric.code == "ten-item"), case.scorecard)
    assert (str(result.score), result.passed) == ("84.00", False)
    assert (case.agent_no, case.inspector_no, case.team, case.duration_s) == (
        "A1001",
        "Q202",
        "华东一组",
        212,
    )
    assert case.started_at.isoformat() == "2026-10-27T01:50:00+00:00"
    assert case.scorecard["QC4"] == {"score": "0", "na": False, "failed": None, "at": 54, "comment": "未致歉"}
    assert case.lines == tuple(range(336, 346))


def test_bad_file_gives_exactly_the_documented_codes(imported):
    bad = parse(BAD, **imported)
    assert [record.external_id for record in bad.records] == ["EV-202610-9101", "EV-202610-9102"]
    assert [(problem.subject, problem.line, problem.column, problem.code) for problem in bad.problems] == [
        ("EV-202610-9001", 41, "score", "score_above_maximum"),
        ("EV-202610-9002", 110, "criterion", "unknown_criterion"),
        ("EV-202610-9003", 113, "score", "not_a_number"),
        ("EV-202610-9003", 115, "at_seconds", "beyond_recording"),
        ("EV-202610-0004", 147, "evaluation_id", "changed_without_correction"),
        ("EV-202610-9005", 183, "inspector_no", "inspector_is_agent"),
        ("EV-202610-9006", 219, "criterion", "criterion_missing"),
        ("EV-202610-9007", 254, "interaction_id", "already_scored"),
    ]
    assert "OT4" in str(bad.problems[6].message)


def test_bad_file_into_an_empty_database_accepts_what_only_clashed(good):
    accepted = [record.external_id for record in parse(BAD).records]
    assert accepted == ["EV-202610-9101", "EV-202610-0004", "EV-202610-9007", "EV-202610-9102"]


def test_import_again_changes_nothing(good, imported):
    again = parse(GOOD, **imported)
    assert (again.records, again.problems, len(again.unchanged)) == ([], [], 240)


def test_import_again_is_unchanged_after_people_and_rubrics_moved_on(imported):
    newer = [
        Rubric.from_content({**rubric.content(), "version": 2, "in_force_from": "2026-09-02"}) for rubric in RUBRICS
    ]
    again = parse(GOOD, rubrics=RUBRICS + newer, people={}, **imported)
    assert (again.records, again.problems, len(again.unchanged)) == ([], [], 240)


def test_import_takes_7340_rows_in_time():
    began = time.process_time()
    assert len(parse(GOOD).records) == 240
    assert time.process_time() - began < 2


# -- encodings and forms

TEXT = GOOD.decode("utf-8-sig")


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8-sig"),
        (TEXT.replace("\r\n", "\n").encode(), "utf-8"),
        (TEXT.replace("\r\n", "\n").replace("\n", "\r\n").encode("utf-8-sig"), "utf-8-sig"),
        (TEXT.encode("gb18030"), "gb18030"),
        (("\ufeff" + TEXT).encode("gb18030"), "gb18030"),
    ],
    ids=["no BOM", "BOM", "LF", "CRLF", "GB18030", "GB18030 with BOM"],
)
def test_encoding_and_line_ends_do_not_change_the_evaluations(good, data, encoding):
    table = read_table(data)
    assert table.encoding == encoding
    parsed = parse(data)
    assert parsed.records == good.records
    said = [(problem.code, problem.level) for problem in parsed.problems]
    assert said == ([("read_as_gb18030", "warning")] if encoding == "gb18030" else [])


def test_order_of_lines_and_of_columns_does_not_change_the_content(imported):
    def change(rows):
        rows.reverse()

    assert parse(file_of(change=change), **imported).unchanged == ["EV-202610-0011"]
    lines = list(csv.reader(io.StringIO(file_of().decode(), newline="")))
    out = io.StringIO(newline="")
    csv.writer(out).writerows(line[::-1] for line in lines)
    assert parse(out.getvalue().encode(), **imported).unchanged == ["EV-202610-0011"]


def test_other_offsets_spaces_and_zeros_are_the_same_content(imported):
    def change(rows):
        for row in rows:
            row["score"] = f" {row['score']}.0 "

    data = file_of(change=change, started_at="2026-10-27T01:50:00Z", scored_at="2026-10-30 13:25+08:00")
    assert parse(data, **imported).unchanged == ["EV-202610-0011"]


def test_other_line_ends_inside_a_comment_are_the_same_content():
    one, two = (parse(file_of(comment=f"一{end}二")).records[0] for end in ("\n", "\r\n"))
    assert one.content_digest == two.content_digest


def test_a_changed_comment_is_changed_content(imported):
    def change(rows):
        rows[3]["comment"] += "！"

    assert found_in(file_of(change=change), **imported) == [(2, "evaluation_id", "changed_without_correction")]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "=1+1",
        '=HYPERLINK("http://x")',
        "a,b\nc",
        "喆堃璟彧龑犇頔",
        "O'Brien",
        "{0} %s",
        " x ",
        "𠮷",
    ],
)
def test_comment_passes_as_text(text):
    parsed = parse(file_of(comment=text))
    assert not parsed.problems
    assert {entry["comment"] for entry in parsed.records[0].scorecard.values()} == {text}


# -- one wrong thing each


def on_line(place, **cells):
    return lambda rows: rows[place].update(cells)


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        ({"rubric": "no-such"}, "rubric", "unknown_rubric"),
        ({"rubric_version": "2"}, "rubric", "unknown_rubric"),
        ({"rubric_version": "one"}, "rubric_version", "not_a_number"),
        ({"rubric_version": "１"}, "rubric_version", "not_a_number"),
        ({"started_at": "2026-08-31T23:59:59+08:00"}, "rubric_version", "rubric_not_in_force"),
        ({"started_at": "2026-08-31T15:59:59Z"}, "rubric_version", "rubric_not_in_force"),
        ({"started_at": "2026-10-27T09:50:00"}, "started_at", "bad_time"),
        ({"started_at": "27/10/2026"}, "started_at", "bad_time"),
        ({"started_at": "2026-02-30T09:50:00+08:00"}, "started_at", "bad_time"),
        ({"started_at": "0001-01-01T00:00:00+14:00"}, "started_at", "bad_time"),
        ({"scored_at": ""}, "scored_at", "bad_time"),
        ({"scored_at": "2026-10-27T09:49:59+08:00"}, "scored_at", "scored_before_call"),
        ({"duration_s": "212.5"}, "duration_s", "not_a_number"),
        ({"duration_s": "9" * 10}, "duration_s", "not_a_number"),
        ({"interaction_id": ""}, "interaction_id", "bad_identifier"),
        ({"interaction_id": "x" * 65}, "interaction_id", "bad_identifier"),
        ({"evaluation_id": "EV 1"}, "evaluation_id", "bad_identifier"),
        ({"channel": ""}, "channel", "value_missing"),
        ({"team": "组" * 101}, "team", "value_too_long"),
        ({"agent_no": "A9999"}, "agent_no", "unknown_person"),
        ({"agent_no": "L301", "agent_name": ""}, "agent_no", "not_an_agent"),
        ({"inspector_no": ""}, "inspector_no", "unknown_person"),
        ({"inspector_no": "M401", "inspector_name": "秦明"}, "inspector_no", "not_an_inspector"),
        ({"agent_no": "Q202", "agent_name": "白航"}, "inspector_no", "inspector_is_agent"),
    ],
)
def test_head_is_refused_with_line_and_column(cells, column, code):
    assert found_in(file_of(**cells)) == [(2, column, code)]


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        ({"score": "9.3"}, "score", "off_step"),
        ({"score": "10.5"}, "score", "score_above_maximum"),
        ({"score": "-1"}, "score", "below_zero"),
        ({"score": "Infinity"}, "score", "not_a_number"),
        ({"score": "1e1"}, "score", "not_a_number"),
        ({"score": "５"}, "score", "not_a_number"),
        ({"score": ""}, "score", "score_missing"),
        ({"score": "", "not_applicable": "1"}, "not_applicable", "not_applicable_not_allowed"),
        ({"not_applicable": "yes"}, "not_applicable", "not_a_flag"),
        ({"critical_failed": "0"}, "critical_failed", "failed_on_normal"),
        ({"critical_failed": "x"}, "critical_failed", "not_a_flag"),
        ({"at_seconds": "213"}, "at_seconds", "beyond_recording"),
        ({"at_seconds": "-1"}, "at_seconds", "not_a_number"),
        ({"at_seconds": "1.5"}, "at_seconds", "not_a_number"),
        ({"agent_no": "A1002"}, "agent_no", "inconsistent_rows"),
        ({"comment": "a\0b"}, "comment", "nul_character"),
        ({"comment": "a\x1b[2Jb"}, "comment", "control_character"),
        ({"comment": "长" * 4001}, "comment", "field_too_long"),
    ],
)
def test_criterion_is_refused_with_line_and_column(cells, column, code):
    data = file_of(change=on_line(2, **cells))
    assert found_in(data) == [(4, column, code)]
    assert not parse(data).records


@pytest.mark.parametrize("cells", [{"scored_at": "2026-10-27T09:50:00+08:00"}, {"started_at": "2026-08-31T16:00:00Z"}])
def test_times_at_the_very_edge_are_allowed(cells):
    assert not parse(file_of(**cells)).problems


def test_second_of_the_end_of_the_recording_is_inside_it():
    assert not parse(file_of(change=on_line(2, at_seconds="212"))).problems


@pytest.mark.parametrize(
    ("place", "cells", "column", "code"),
    [
        (1, {"critical_failed": ""}, "critical_failed", "critical_needs_failed_flag"),
        (1, {"score": "0"}, "score", "score_on_critical"),
        (28, {"score": "4", "not_applicable": "1"}, "score", "score_with_not_applicable"),
        (28, {"critical_failed": "0"}, "critical_failed", "failed_with_not_applicable"),
    ],
)
def test_critical_and_not_applicable_are_refused_with_what_they_cannot_hold(place, cells, column, code):
    data = file_of("EV-202610-0001", change=on_line(place, **cells))
    assert found_in(data) == [(place + 2, column, code)]


def test_criterion_twice_is_refused():
    assert found_in(file_of(change=lambda rows: rows.append(dict(rows[0])))) == [(12, "criterion", "duplicate_row")]


def test_lone_surrogate_is_refused_with_line_and_column():
    data = file_of(change=on_line(2, comment="半@个")).replace(b"@", b"\xed\xa0\x80")
    assert found_in(data) == [(4, "comment", "lone_surrogate")]
    str(parse(data).problems[0].message).encode()


@pytest.mark.parametrize("column", ["evaluation_id", "rubric", "started_at", "agent_no", "agent_name", "criterion"])
def test_control_characters_never_reach_a_message(column):
    parsed = parse(file_of(change=on_line(0, **{column: "\x1b[2J\0"})))
    assert parsed.problems
    for problem in parsed.problems:
        assert str(problem.message).isprintable() and problem.subject.isprintable()


def test_another_name_is_a_warning_and_the_evaluation_is_taken():
    parsed = parse(file_of(agent_name="王喆坤"))
    assert [(problem.code, problem.level, problem.column) for problem in parsed.problems] == [
        ("name_mismatch", "warning", "agent_name")
    ]
    assert len(parsed.records) == 1 and not errors(parsed.problems)


def test_same_call_twice_in_one_file_is_refused_the_second_time():
    first, second = file_of(), file_of().split(b"\r\n", 1)[1]
    data = first + second.replace(b"EV-202610-0011", b"EV-202610-9999")
    parsed = parse(data)
    assert [record.external_id for record in parsed.records] == ["EV-202610-0011"]
    assert [(problem.subject, problem.code) for problem in parsed.problems] == [("EV-202610-9999", "already_scored")]


def test_line_without_id_is_an_error_of_the_whole_file():
    parsed = parse(file_of(change=on_line(2, evaluation_id="")))
    (lost,) = [problem for problem in parsed.problems if problem.subject is None]
    assert (lost.line, lost.column, lost.code) == (4, "evaluation_id", "value_missing")
    assert not parsed.records


def test_later_version_is_demanded_from_the_day_it_came_into_force():
    ten = next(rubric for rubric in RUBRICS if rubric.code == "ten-item")
    second = Rubric.from_content({**ten.content(), "version": 2, "in_force_from": "2026-10-27"})
    assert found_in(file_of(), rubrics=[ten, second]) == [(2, "rubric_version", "rubric_not_in_force")]
    assert not parse(file_of(rubric_version="2"), rubrics=[ten, second]).problems


# -- files that are not this table


HEADER, REST = TEXT.split("\r\n", 1)


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (b"", "empty_file", None),
        (b"\xef\xbb\xbf", "empty_file", None),
        (b"\r\n\r\n", "empty_file", None),
        (HEADER.encode(), "no_rows", None),
        (b"PK\x03\x04\x14\x00\x06\x00", "damaged_workbook", None),
        ("评分".encode("utf-16"), "not_a_table", None),
        (bytes(range(256)) * 10, "not_text", None),
        (b"\x00\x01\x02\n\x03\x04", "not_a_table", 1),
        (TEXT.replace(",", ";").encode(), "wrong_separator", 1),
        (TEXT.encode("utf-8-sig").replace("喆".encode(), b"\xe5\x96", 1), "damaged_text", None),
        (TEXT.encode()[:-40] + "评".encode()[:2], "damaged_text", 7341),
        ((HEADER + "\r\n" + '"EV' + REST.replace('"', "")).encode(), "field_too_long", 2),
        ((HEADER + "\r\n" + 'a,"b"c,d\r\n').encode(), "broken_quotes", 2),
        (HEADER.replace("team", "score").encode() + b"\r\n1", "duplicate_column", 1),
        (HEADER.replace("team", "squad").encode() + b"\r\n1", "missing_column", 1),
        (b"hello", "no_rows", None),
        (b"a," * 5_000_000, "too_many_columns", 1),
        (b"x" * (10 * 1024 * 1024), "field_too_long", 1),
        (b"x" * (16 * 1024 * 1024 + 1), "file_too_large", None),
    ],
)  # fmt: skip
def test_file_that_is_no_such_table_is_refused_in_words(data, code, line):
    parsed = parse(data)
    assert (parsed.records, parsed.unchanged) == ([], [])
    first = parsed.problems[0]
    assert first.code == code and first.subject is None and first.level == "error"
    assert line is None or first.line == line
    assert str(first.message).startswith("Expected ") and str(first.message).endswith(".")


def test_unknown_and_missing_columns_are_each_named():
    data = (HEADER.replace("team", "squad").replace("comment", "remark") + "\r\n" + REST).encode()
    assert found_in(data) == [
        (1, "team", "missing_column"),
        (1, "comment", "missing_column"),
        (1, "squad", "unknown_column"),
        (1, "remark", "unknown_column"),
    ]


def test_too_many_rows_are_refused():
    assert [problem.code for problem in read_table(GOOD, Limits(rows=7339)).problems] == ["too_many_rows"]
    assert len(read_table(GOOD, Limits(rows=7340)).rows) == 7340


def test_empty_lines_and_empty_columns_of_spreadsheets_are_skipped(good):
    text = TEXT.replace("\r\n", ",,\r\n").replace("\r\n", "\r\n\r\n,,,\r\n", 5)
    assert [record.content_digest for record in parse(text.encode()).records] == [
        record.content_digest for record in good.records
    ]


def test_line_with_too_many_cells_is_refused():
    data = file_of().replace("未致歉".encode(), "未致歉,两次".encode())
    assert found_in(data) == [(5, None, "wrong_number_of_cells")]


def test_line_with_too_few_cells_is_refused():
    data = file_of() + b"EV-202610-0011,ten-item\r\n"
    assert (12, None, "wrong_number_of_cells") in found_in(data)
    assert not parse(data).records


def test_lines_are_counted_as_an_editor_shows_them():
    data = file_of(change=lambda rows: (rows[0].update(comment="one\ntwo\nthr\0ee"), rows[1].update(score="x")))
    assert found_in(data) == [(4, "comment", "nul_character"), (5, "score", "not_a_number")]


DEMO_CASE = file_of()


@given(st.binary(max_size=60), st.integers(0, 1500), st.integers(0, 60))
def test_no_bytes_whatever_raise(noise, place, length):
    for damaged in (noise, DEMO_CASE[:place] + noise + DEMO_CASE[place + length :]):
        parsed = parse(damaged)
        assert parsed.records or errors(parsed.problems)
        assert all(str(problem.message).isprintable() for problem in parsed.problems)
