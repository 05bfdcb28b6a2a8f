"""Which sheet is read, and which files are told apart by what they hold."""

import pytest

from casework.imports.tables import Table, read_table
from tests.imports.books import HEADER, OFFICE, SHEET_TYPE, parts, rows_xml, sheet_xml, workbook, zipped

FILLED = sheet_xml(rows_xml(HEADER, ("A1", "Ann")))
OTHER = sheet_xml(rows_xml(HEADER, ("B2", "Bo")))
EMPTY = sheet_xml('<row r="1"><c r="A1" s="0"/></row>')
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


def numbers(table: Table) -> list[str]:
    return [row.text("no") for row in table.rows]


def code_of(data: bytes, sheet: str | None = None) -> str:
    table = read_table(data, sheet=sheet)
    assert table.rows == () and len(table.problems) == 1
    assert str(table.problems[0].message).startswith("Expected ")
    return table.problems[0].code


def test_read_takes_the_one_visible_sheet_with_anything_in_it():
    book = zipped(parts({"about": EMPTY, "scores": FILLED, "lists": OTHER}, states={"lists": "hidden"}))
    table = read_table(book)
    assert (numbers(table), table.sheet) == (["A1"], "scores")


def test_read_takes_the_sheet_that_was_named():
    book = zipped(parts({"scores": FILLED, "分数": OTHER}))
    assert (numbers(read_table(book, sheet="分数")), numbers(read_table(book, sheet="scores"))) == (["B2"], ["A1"])


def test_read_with_several_filled_sheets_names_them_and_takes_none():
    table = read_table(zipped(parts({"scores": FILLED, "分数": OTHER})))
    assert [p.code for p in table.problems] == ["several_sheets"]
    assert "“scores”, “分数”" in str(table.problems[0].message)


def test_read_of_a_sheet_that_is_not_there_names_those_that_are():
    table = read_table(zipped(parts({"scores": FILLED})), sheet="Scores")
    assert table.problems[0].code == "no_such_sheet" and "“scores”" in str(table.problems[0].message)
    assert code_of(b"no,name\nA1,Ann\n", sheet="scores") == "no_such_sheet"


@pytest.mark.parametrize(
    "sheet, code", [(EMPTY, "empty_file"), (sheet_xml(""), "empty_file"), (sheet_xml(rows_xml(HEADER)), "no_rows")]
)
def test_read_empty_sheet_says_so(sheet, code):
    assert code_of(zipped(parts({"scores": sheet}))) == code


def test_read_more_sheets_than_anybody_keeps_is_refused():
    assert code_of(zipped(parts({f"s{n}": EMPTY for n in range(256)}))) == "too_many_sheets"


def test_read_other_kinds_of_files_says_how_to_save_them():
    assert code_of(OLE) == "old_workbook"
    assert code_of(OLE + "EncryptedPackage".encode("utf-16-le")) == "encrypted_workbook"
    assert code_of(zipped({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"})) == "not_a_workbook"
    word = SHEET_TYPE.replace("spreadsheetml", "wordprocessingml") + ".document.main+xml"
    assert code_of(workbook(HEADER, ("A1", "x"), kind=word)) == "not_a_workbook"
    assert code_of(b"%PDF-1.7") == "not_a_table"


def test_read_workbook_with_macros_is_refused_whatever_it_calls_itself():
    macros = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"
    assert code_of(workbook(HEADER, ("A1", "x"), kind=macros)) == "workbook_with_macros"
    assert code_of(zipped({**parts({"scores": FILLED}), "xl/vbaProject.bin": b"x"})) == "workbook_with_macros"
    old = parts({"scores": FILLED})
    old["xl/_rels/workbook.xml.rels"] = str(old["xl/_rels/workbook.xml.rels"]).replace(
        f"{OFFICE}/worksheet", "http://schemas.microsoft.com/office/2006/relationships/xlMacrosheet"
    )
    assert code_of(zipped(old)) == "workbook_with_macros"
