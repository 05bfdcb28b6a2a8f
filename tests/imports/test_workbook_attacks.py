"""Workbooks made to harm: each is refused in words within seconds, and the next good one is read as ever."""

import io
import resource
import struct
import time
import zipfile

import pytest

from casework.imports import workbooks
from casework.imports.tables import read_table
from tests.imports.books import HEADER, MAIN, parts, rows_xml, sheet_xml, workbook, zipped

MIB = 1024 * 1024
GOOD = workbook(HEADER, ("A1", "Ann"))
SECONDS = 30  # the limit of the child is 15 of processor time


def refusal(data: bytes) -> str:
    """The code of the refusal; our own process stays small, does not wait long and reads the next workbook."""
    assert len(data) < 16 * MIB
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    table = read_table(data)
    assert time.monotonic() - started < SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024  # KiB
    assert table.rows == () and str(table.problems[0].message).startswith("Expected ")
    assert [row.text("name") for row in read_table(GOOD).rows] == ["Ann"]
    return table.problems[0].code


def book(**changed: str | bytes) -> bytes:
    """The good workbook with some parts replaced: sheet, strings, styles, workbook, types."""
    names = {
        "sheet": "xl/worksheets/sheet1.xml", "strings": "xl/sharedStrings.xml", "styles": "xl/styles.xml",
        "workbook": "xl/workbook.xml", "types": "[Content_Types].xml",
    }  # fmt: skip
    given = parts({"scores": sheet_xml(rows_xml(HEADER, ("A1", "Ann")))})
    return zipped({**given, **{names[name]: part for name, part in changed.items()}})


def test_read_zip_bomb_is_refused_before_it_unpacks():
    assert refusal(book(sheet=b" " * 200 * MIB)) == "workbook_too_large"
    assert refusal(book(sheet=b" " * 50 * MIB)) == "workbook_too_large"  # small, but a thousand times its size


def test_read_zip_of_more_parts_than_office_makes_is_refused():
    assert refusal(zipped({f"p{n}": b"" for n in range(1_001)})) == "too_many_parts"


def test_read_zip_that_lies_about_its_size_is_refused():
    data = bytearray(book(sheet=b" " * 30 * MIB))
    place = data.rindex(b"PK\x01\x02", 0, data.rindex(b"xl/worksheets/sheet1.xml"))
    data[place + 24 : place + 28] = struct.pack("<I", 1000)
    assert refusal(bytes(data)) == "damaged_workbook"


@pytest.mark.parametrize("part", ["sheet", "strings", "styles", "workbook", "types"])
def test_read_billion_laughs_are_refused_in_every_part(part):
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    dtd = f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&l9;&f;</x>'
    assert refusal(book(**{part: dtd})) == "damaged_workbook"


def test_read_harmless_dtd_is_refused_too():
    good = sheet_xml(rows_xml(HEADER, ("A1", "&a;"))).replace("&amp;", "&")
    assert refusal(book(sheet=f'<!DOCTYPE worksheet [<!ENTITY a "Ann">]>{good}')) == "damaged_workbook"


@pytest.mark.parametrize("deep", ["<a>" * 100_000, "<a>" * 100 + "</a>" * 100], ids=["never closed", "closed"])
def test_read_deep_xml_is_refused(deep):
    assert refusal(book(sheet=sheet_xml(rows_xml(HEADER, ("A1", "Ann")), after=deep))) == "damaged_workbook"


def test_read_a_hundred_thousand_sheets_are_refused():
    listed = "".join(f'<sheet name="s{n}" sheetId="{n}"/>' for n in range(100_001))
    assert refusal(book(workbook=f'<workbook xmlns="{MAIN}"><sheets>{listed}</sheets></workbook>')) in (
        "too_many_sheets", "damaged_workbook",
    )  # fmt: skip


def test_read_cell_in_the_last_column_is_refused():
    far = '<row r="1"><c r="XFD1" t="inlineStr"><is><t>x</t></is></c></row>'
    assert refusal(book(sheet=sheet_xml(far))) == "too_many_columns"


def test_read_one_shared_text_used_a_million_times_is_refused():
    cells = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 20_000))
    strings = f'<sst xmlns="{MAIN}"><si><t>{"x" * 30_000}</t></si></sst>'
    assert refusal(book(sheet=sheet_xml(cells), strings=strings)) == "too_much_text"


def test_read_endless_shared_texts_are_refused():
    strings = f'<sst xmlns="{MAIN}">{"<si/>" * 1_000_001}</sst>'
    given = {**parts({"scores": sheet_xml(rows_xml(HEADER))}), "xl/sharedStrings.xml": strings}
    assert refusal(zipped({**given, "noise": _noise(50_000)})) == "too_much_text"


def test_read_costly_workbook_is_ended_and_said(monkeypatch):
    monkeypatch.setattr(workbooks, "LIMITS", workbooks.ChildLimits(cpu_seconds=1, wall_seconds=10, memory_mib=512))
    rows = "".join(f'<row r="{n}">{"<c><v/></c>" * 100}</row>' for n in range(1, 12_000))
    data = zipped({**parts({"scores": sheet_xml(rows)}), "noise": _noise(200_000)})
    problem = read_table(data).problems[0]
    assert problem.code == "costly_workbook" and "1 seconds" in str(problem.message)
    assert read_table(GOOD).rows


def test_read_workbook_that_takes_too_much_memory_is_ended_and_said(monkeypatch):
    monkeypatch.setattr(workbooks, "LIMITS", workbooks.ChildLimits(cpu_seconds=15, wall_seconds=25, memory_mib=60))
    name = "n" * 16 * MIB
    data = zipped({**parts({"scores": f"<{name}/>"}), "noise": _noise(100_000)})
    assert read_table(data).problems[0].code == "costly_workbook"
    monkeypatch.undo()
    assert read_table(GOOD).rows


@pytest.mark.parametrize(
    "data",
    [
        GOOD[: len(GOOD) // 2],
        GOOD[:-1],
        b"PK\x03\x04",
        b"PK\x03\x04" + b"\0" * 1000,
        GOOD.replace(b"PK\x01\x02", b"PK\x09\x09"),
    ],
    ids=["half", "last byte", "mark only", "zeros", "no directory"],
)
def test_read_truncated_zip_is_refused(data):
    assert refusal(data) == "damaged_workbook"


def test_read_part_with_a_wrong_checksum_is_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as package:
        for name, part in parts({"scores": sheet_xml(rows_xml(HEADER, ("A1", "Ann")))}).items():
            package.writestr(name, part)
    assert refusal(out.getvalue().replace(b">Ann<", b">Bob<")) == "damaged_workbook"


@pytest.mark.parametrize("name", ["../../etc/cron.d/x", "/etc/passwd", "xl\\..\\..\\x", "C:/x", "XL/Workbook.xml"])
def test_read_zip_with_a_name_that_climbs_out_or_comes_twice_is_refused(name):
    assert refusal(zipped({**parts({"scores": sheet_xml("")}), name: b"x"})) == "damaged_workbook"


def test_read_nothing_at_all_is_refused():
    assert refusal(b"") == "empty_file"


@pytest.mark.parametrize(
    "sheet",
    [
        "not xml",
        "<worksheet",
        sheet_xml('<row r="2"/><row r="1"/>'),
        sheet_xml('<row r="0"/>'),
        sheet_xml('<row r="x"/>'),
        sheet_xml('<row r="1048577"/>'),
        sheet_xml('<row r="1"><c r="B1"/><c r="A1"/></row>'),
        sheet_xml('<row r="1"><c r="A2"/></row>'),
        sheet_xml('<row r="1"><c r="A1" t="s"><v>7</v></c></row>'),
        sheet_xml('<row r="1"><c r="A1" t="s"><v>-1</v></c></row>'),
        sheet_xml('<row r="1"><c r="A1" s="x"><v>1</v></c></row>'),
        sheet_xml("", before='<cols><col hidden="1"/></cols>'),
    ],
)
def test_read_sheet_no_program_writes_is_refused(sheet):
    assert refusal(book(sheet=sheet)) == "damaged_workbook"


def _noise(size: int) -> bytes:
    """What packing cannot make smaller, so that the file as a whole is not suspiciously small."""
    return b"".join(struct.pack(">Q", (n * 0x9E3779B97F4A7C15) % 2**64) for n in range(size // 8 * 4))
