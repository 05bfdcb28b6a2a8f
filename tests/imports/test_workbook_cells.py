"""What the cells of a workbook say as text, and which say nothing that can be taken."""

import io

import openpyxl
import pytest
from openpyxl.styles import Alignment

from casework.imports.problems import Problem
from casework.imports.tables import Limits, Table, read_table
from tests.imports.books import HEADER, number, parts, rows_xml, sheet_xml, text, workbook, zipped


def read(*rows: object, **options: object) -> Table:
    return read_table(workbook(*rows, **options))


def value_of(cell: str, *formats: str, properties: str = "") -> str:
    """The text of that one cell, without a problem."""
    table = read(HEADER, ("A1", cell), formats=formats, properties=properties)
    assert not table.problems and not table.rows[0].problems, table
    return table.rows[0].text("name")


def found_in(table: Table) -> list[tuple[int | None, str | None, str]]:
    problems = [*table.problems, *(problem for row in table.rows for problem in row.problems)]
    return [(problem.line, problem.cell, problem.code) for problem in table.located(problems)]


@pytest.mark.parametrize(
    "stored, shown",
    [
        ("1", "1"),
        ("1.0", "1"),
        ("84.5", "84.5"),
        ("0.30000000000000004", "0.3"),
        ("84.0000000000000142", "84"),
        ("1E-3", "0.001"),
        ("-0", "0"),
        ("-2.50", "-2.5"),
        ("1e14", "100000000000000"),
        ("123456789012345", "123456789012345"),
    ],
)
def test_read_number_is_its_digits_without_the_noise_of_floats(stored, shown):
    assert value_of(number(stored)) == shown


@pytest.mark.parametrize(
    "stored, code, shown",
    [
        ("45000", "14", "2023-03-15"),
        ("45000", "yyyy/m/d;@", "2023-03-15"),
        ("45000", 'yyyy"年"m"月"d"日"', "2023-03-15"),
        ("45000", "31", "2023-03-15"),
        ("45000", "57", "2023-03-15"),
        ("45000", "[$-804]aaaa d", "2023-03-15"),
        ("45000.5", "14", "2023-03-15 12:00:00"),
        ("45000.25", "22", "2023-03-15 06:00:00"),
        ("45000", "22", "2023-03-15"),
        ("0.5", "20", "12:00:00"),
        ("0.5", "32", "12:00:00"),
        ("1.5", "[h]:mm:ss", "36:00:00"),
        ("59", "14", "1900-02-28"),
        ("61", "14", "1900-03-01"),
        ("0.85", "9", "85%"),
        ("0.8505", "0.00%", "85.05%"),
        ("7", "00000", "00007"),
        ("84.456", "0.00", "84.456"),
        ("84", '0"分"', "84"),
        ("84", "#,##0.00_);[Red](#,##0.00)", "84"),
        ("1200", "0.00E+00", "1200"),
    ],
)
def test_read_number_with_a_format_is_what_it_stands_for(stored, code, shown):
    assert value_of(number(stored, 1), code) == shown


def test_read_day_of_the_1904_system_is_the_day_it_shows():
    dates_1904 = '<workbookPr date1904="1"/>'
    assert value_of(number("43538", 1), "14", properties=dates_1904) == "2023-03-15"
    assert value_of(number("0", 1), "14", properties=dates_1904) == "1904-01-01"


@pytest.mark.parametrize(
    "cell, shown",
    [
        ('t="b"><v>1</v>', "TRUE"),
        ('t="d"><v>2026-11-01</v>', "2026-11-01"),
        ('t="str"><v>00012</v>', "00012"),
        ('t="d"><v>2026-11-01T09:30:00</v>', "2026-11-01 09:30:00"),
        ('t="s"><v>0</v>', "王喆堃"),
        ('t="s"><v>1</v>', "粗 and plain"),
        (text("００１２"), "００１２"),
        (text("e\u0301te\u0301"), "été"),
        (text("a_x000D_b _x005F_x0041_"), "a\rb _x0041_"),
        ('t="inlineStr"><is><r><t>two </t></r><r><t>runs</t></r><rPh><t>how it sounds</t></rPh></is>', "two runs"),
        ("><v></v>", ""),
    ],
)
def test_read_text_is_taken_as_it_stands(cell, shown):
    shared = (
        "<si><t>王喆堃</t><rPh><t>wang</t></rPh></si><si><r><rPr><b/></rPr><t>粗</t></r><r><t> and plain</t></r></si>"
    )
    table = read(HEADER, ("A1", cell), shared=shared)
    assert (table.rows[0].text("name"), table.rows[0].problems) == (shown, ())


@pytest.mark.parametrize(
    "cell, code",
    [
        ("><f>B1+1</f><v>3</v>", "formula"),
        ("><f>B1</f>", "formula"),
        ('t="str"><f>HYPERLINK("x")</f><v>x</v>', "formula"),
        ('t="e"><v>#N/A</v>', "error_value"),
        (number("1e15"), "digits_lost"),
        (number("110101199003071000"), "digits_lost"),
        (number("NaN"), "bad_cell"),
        (number("inf"), "bad_cell"),
        (number("-1", 1), "bad_cell"),
        (number("60", 1), "bad_cell"),
        (number("9e9", 1), "bad_cell"),
        (number("1e300", 1), "bad_cell"),
        ('t="d"><v>2026-02-30</v>', "bad_cell"),
    ],
)
def test_read_cell_that_says_nothing_sure_is_refused_by_its_address(cell, code):
    table = read(HEADER, ("A1", cell), formats=("14",))
    assert found_in(table) == [(2, "B2", code)] and table.rows[0].text("name") == ""
    assert table.located(table.rows[0].problems)[0].sheet == "scores"


def test_read_table_ends_where_its_text_ends():
    empty = sheet_xml(
        rows_xml(HEADER, ("A1", "Ann", "", "><v></v>"))
        + '<row r="3"><c r="A3" s="1"/></row><row r="4"/>'
        + rows_xml(("A2", "Bo"), first=9)
        + '<row r="1048576"><c r="XFD1048576"/></row>'
    )
    table = read_table(zipped(parts({"scores": empty})))
    assert [(row.line, row.text("no")) for row in table.rows] == [(2, "A1"), (9, "A2")]
    assert (table.header, found_in(table), table.encoding) == (HEADER, [], "xlsx")


def test_read_row_beside_the_header_is_refused_with_its_address():
    table = read(HEADER, ("A1", "Ann", None, "note"), ("A2", "Bo", "><f>1</f>"))
    assert found_in(table) == [(2, None, "beside_the_header"), (3, None, "beside_the_header")]
    assert "D2" in str(table.rows[0].problems[0].message)


def test_read_header_below_a_gap_keeps_the_sheets_own_lines():
    rows = rows_xml(("no", "nam", "><f>1</f>"), ("A1", "Ann"), first=3)
    table = read_table(zipped(parts({"scores": sheet_xml(rows)})))
    assert found_in(table) == [(3, None, "formula")] and table.rows == ()


@pytest.mark.parametrize(
    "before, hidden, after, code",
    [
        ("", "", '<mergeCells><mergeCell ref="A2:A3"/></mergeCells>', "merged_cells"),
        ("", ' hidden="1"', "", "hidden_row"),
        ('<cols><col min="2" max="2" hidden="1"/></cols>', "", "", "hidden_column"),
    ],
)
def test_read_what_not_everybody_sees_the_same_way_is_refused(before, hidden, after, code):
    rows = rows_xml(HEADER, ("A1", "Ann")).replace('<row r="2"', f'<row r="2"{hidden}')
    table = read_table(zipped(parts({"scores": sheet_xml(rows, before, after)})))
    assert [problem.code for problem in table.problems] == [code] and table.rows == ()


def test_read_hidden_row_or_column_without_anything_is_no_matter():
    rows = rows_xml(HEADER, ("A1", "Ann")) + '<row r="3" hidden="1"><c r="A3"/></row>'
    before = '<cols><col min="3" max="16384" hidden="1"/></cols>'
    assert found_in(read_table(zipped(parts({"scores": sheet_xml(rows, before)})))) == []


def test_read_limits_are_those_of_csv():
    limits = Limits(rows=2, columns=2, cell_characters=5)
    long = read_table(workbook(HEADER, ("A1", "x" * 6)), limits)
    assert found_in(long) == [(2, "B2", "field_too_long")]
    many = read_table(workbook(HEADER, *[("A1", "x")] * 3), limits)
    assert [(p.line, p.code) for p in many.problems] == [(4, "too_many_rows")]
    wide = read_table(workbook((*HEADER, "third"), ("A1", "x")), limits)
    assert [p.code for p in wide.problems] == ["too_many_columns"]


def test_read_control_character_is_named_as_in_csv():
    assert found_in(read(HEADER, ("A1", text("line\nbell_x0007_")))) == [(2, "B2", "control_character")]
    assert found_in(read(HEADER, ("A1", text("half_xD83D_")))) == [(2, "B2", "lone_surrogate")]


@pytest.mark.parametrize("prefix, namespace", [("x:", None), ("", "http://purl.oclc.org/ooxml/spreadsheetml/main")])
def test_read_workbook_of_another_dialect_is_the_same(prefix, namespace):
    given = parts({"scores": sheet_xml(rows_xml(HEADER, ("A1", "Ann")))})
    for name in ("xl/worksheets/sheet1.xml", "xl/workbook.xml"):
        part = str(given[name])
        if namespace:
            given[name] = part.replace("http://schemas.openxmlformats.org/spreadsheetml/2006/main", namespace)
        else:
            part = part.replace("xmlns=", "xmlns:x=").replace("</", f"</{prefix}")
            for tag in ("worksheet", "sheetData", "row", "c ", "is>", "t ", "workbook ", "sheets", "sheet "):
                part = part.replace(f"<{tag}", f"<{prefix}{tag}")
            given[name] = part
    assert [row.text("name") for row in read_table(zipped(given)).rows] == ["Ann"]


def test_read_workbook_that_another_program_saved_is_the_same():
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["no", "name", "score", "day"])
    sheet.append(["00012", "王喆堃", 84.5, None])
    sheet["D2"] = openpyxl.utils.datetime.from_excel(45000)
    sheet["B2"].alignment = Alignment(wrap_text=True)
    out = io.BytesIO()
    book.save(out)
    (row,) = read_table(out.getvalue()).rows
    assert dict(row.cells) == {"no": "00012", "name": "王喆堃", "score": "84.5", "day": "2023-03-15"}


def test_problem_of_csv_names_no_cell():
    table = read_table(b"no,name\nA1,Ann\n")
    assert table.located([Problem.at(2, "name", "x", "y")])[0].content()["cell"] is None
