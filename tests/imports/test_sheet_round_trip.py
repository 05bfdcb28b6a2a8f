"""What an export writes an import reads the same, and no spreadsheet takes any of it for a formula."""

import csv
import io
import unicodedata

import openpyxl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from casework.domain.errors import InvalidInput
from casework.exports import sheets
from casework.exports.sheets import write_rows
from casework.imports.tables import ILLEGAL, read_table
from casework.imports.xlsx.sheet import unescaped

SIGNS = "=+-@\t\r\n|＝＋－＠"
HEADER = ("no", "text", "more")
NASTY = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "＝1+1",
    "－1",
    "＠x",
    "|x",
    "'=1",
    "''=1",
    "'",
    "'a",
    "\ufeff=1",
    '=HYPERLINK("http://x","y")',
    "=cmd|' /C calc'!A0",
    "a;=1+1",
    'a","=1',
    "_x0041_",
    "_x005F_",
    "x\r\ny",
    "a\u2028b",
    "]]>&<",
    "00012",
    "1E5",
    "１２",
    " around ",
    "😀 中文",
    "#N/A",
]


@st.composite
def texts(draw: st.DrawFn) -> str:
    start = draw(st.sampled_from(["", "'", "''", " ", *SIGNS, *NASTY]))
    rest = draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
    return unicodedata.normalize("NFC", ILLEGAL.sub("", start + rest))


def written(form: str, rows: list[list[str]]) -> bytes:
    out = io.BytesIO()
    assert write_rows(out, form, "cases", HEADER, rows) == len(rows)
    return out.getvalue()


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@given(st.lists(st.tuples(texts(), texts()), min_size=1, max_size=8))
@example([(text, text) for text in NASTY])
@settings(deadline=None, max_examples=60)
def test_read_of_what_was_written_is_the_same(form, given_rows):
    rows = [[f"R{n}", *row] for n, row in enumerate(given_rows)]
    table = read_table(written(form, rows))
    assert not table.problems and not any(row.problems for row in table.rows)
    assert [[row.text(column) for column in HEADER] for row in table.rows] == rows


@pytest.mark.parametrize("text", NASTY)
def test_write_csv_never_begins_a_cell_with_what_starts_a_formula(text):
    data = written("csv", [["1", text, text]])
    for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")):
        assert not any(cell.lstrip(" \ufeff").startswith(tuple(SIGNS)) for cell in row), row
    assert data.startswith("\ufeff".encode()) and b'"1"' in data


def test_write_xlsx_has_text_in_every_cell_and_marks_what_looks_like_a_formula():
    rows = openpyxl.load_workbook(io.BytesIO(written("xlsx", [[str(n), t, "x"] for n, t in enumerate(NASTY)]))).active
    for row in rows.iter_rows(min_row=2):
        assert {cell.data_type for cell in row} == {"s"} and {cell.number_format for cell in row} == {"@"}
        assert row[1].quotePrefix is (unescaped(row[1].value).lstrip(" \ufeff")[:1] in SIGNS)
    assert rows.freeze_panes == "A2" and rows["A1"].font.b


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_write_same_rows_gives_the_same_bytes(form):
    rows = [[str(n), text, "x"] for n, text in enumerate(NASTY)]
    assert written(form, rows) == written(form, rows)


def test_write_control_character_spoils_no_workbook():
    data = written("xlsx", [["1", "bell\x07 half\ud83d", "x"]])
    assert [p.code for row in read_table(data).rows for p in row.problems] == ["control_character"]


def test_write_ten_thousand_rows_one_by_one():
    """Rows are asked for as they are written; nothing of them is kept."""
    alive, most = 0, 0

    class Cell(str):
        def __new__(cls, text: str) -> "Cell":
            nonlocal alive, most
            alive += 1
            most = max(most, alive)
            return super().__new__(cls, text)

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    out = io.BytesIO()
    assert write_rows(out, "xlsx", "cases", HEADER, ([Cell(f"R{n}"), "=1", "x"] for n in range(10_000))) == 10_000
    assert most < 10
    assert read_table(out.getvalue()).rows[-1].text("no") == "R9999"


def test_write_more_rows_than_a_sheet_takes_is_refused_and_csv_takes_them(monkeypatch):
    monkeypatch.setattr(sheets, "MOST_ROWS", 2)
    with pytest.raises(InvalidInput, match="Expected at most 2 rows in a sheet"):
        written("xlsx", [["1", "x", "y"]] * 3)
    assert written("csv", [["1", "x", "y"]] * 3)
