"""Writes rows of text as CSV or xlsx, row by row and the same bytes for the same rows.

Every cell is text and stays text: in xlsx by its type and style, in CSV by an apostrophe where a spreadsheet would see
a formula. `casework.imports.tables.read_table` reads both back as they were."""

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO
from xml.sax.saxutils import escape, quoteattr

from django.utils.translation import gettext as _

from casework.domain.errors import InvalidInput
from casework.imports.formulas import guarded, is_like_a_formula
from casework.imports.workbooks import column_letters

MOST_ROWS = 1_048_575  # of a sheet, below its header
# What XML cannot hold or would change, and what reads like the escape of such a character.
NOT_IN_XML = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
SAME_DATE = (1980, 1, 1, 0, 0, 0)
HEADING, TEXT, LIKE_A_FORMULA = 1, 2, 3  # the styles below, by place

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{TYPE}.styles+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>',
    # Format 49 is text: what is typed into such a cell later stays text as well.
    "xl/styles.xml": f'<styleSheet xmlns="{SPREADSHEET}">'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" quotePrefix="1" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}  # fmt: skip

Write = Callable[[Sequence[str]], None]


def write_rows(out: BinaryIO, form: str, title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """The table stands in `out`, in the form `csv` or `xlsx`; how many rows it has."""
    count = 0
    with FORMS[form](out, title) as write:
        write(header)
        for row in rows:
            count += 1
            if form == "xlsx" and count > MOST_ROWS:
                words = _("Expected at most %(most)d rows in a sheet, but there are more; narrow it, or export CSV")
                raise InvalidInput(words % {"most": MOST_ROWS}, code="too_many_rows")
            write([unicodedata.normalize("NFC", text) for text in row])
    return count


@contextmanager
def _csv(out: BinaryIO, _title: str) -> Iterator[Write]:
    """Every cell in quotation marks, so that no other separator splits one, and marked as UTF-8 for Excel."""
    text = io.TextIOWrapper(out, encoding="utf-8-sig", newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    yield lambda row: writer.writerow([guarded(cell) for cell in row])
    text.flush()
    text.detach()


@contextmanager
def _xlsx(out: BinaryIO, title: str) -> Iterator[Write]:
    with zipfile.ZipFile(out, "w") as package:
        for name, content in {**PARTS, "xl/workbook.xml": _workbook(title)}.items():
            package.writestr(_entry(name), DECLARATION + content)
        with package.open(_entry("xl/worksheets/sheet1.xml"), "w") as sheet:
            sheet.write(
                f'{DECLARATION}<worksheet xmlns="{SPREADSHEET}"><sheetViews><sheetView workbookViewId="0">'
                '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
                '<sheetFormatPr defaultRowHeight="15" defaultColWidth="20"/><sheetData>'.encode()
            )
            line = 0

            def write(row: Sequence[str]) -> None:
                nonlocal line
                line += 1
                sheet.write(_row(line, row).encode())

            yield write
            sheet.write(b"</sheetData></worksheet>")


FORMS = {"csv": _csv, "xlsx": _xlsx}


def _row(line: int, row: Sequence[str]) -> str:
    cells = "".join(_cell(f"{column_letters(column)}{line}", text, line) for column, text in enumerate(row, 1) if text)
    return f'<row r="{line}">{cells}</row>'


def _cell(address: str, text: str, line: int) -> str:
    style = LIKE_A_FORMULA if is_like_a_formula(text) else HEADING if line == 1 else TEXT
    inside = escape(NOT_IN_XML.sub(lambda found: f"_x{ord(found.group()):04X}_", text))
    return f'<c r="{address}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{inside}</t></is></c>'


def _workbook(title: str) -> str:
    return (
        f'<workbook xmlns="{SPREADSHEET}" xmlns:r="{OFFICE}"><bookViews><workbookView/></bookViews>'
        f'<sheets><sheet name={quoteattr(title)} sheetId="1" r:id="rId1"/></sheets></workbook>'
    )


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, SAME_DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 0  # the same on every system
    return entry
