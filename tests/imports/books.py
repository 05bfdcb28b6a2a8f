"""Workbooks put together part by part, so that a test can make each of them right or wrong."""

import io
import zipfile
from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

from casework.imports.workbooks import column_letters

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
HEADER = "no", "name"


def text(value: str) -> str:
    return f't="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is>'


def number(value: object, style: int = 0) -> str:
    return f's="{style}"><v>{value}</v>'


def rows_xml(*rows: object, first: int = 1) -> str:
    """Each row is a tuple of cells: text as such, None for no cell, or XML from `text`, `number` or by hand (which is
    what holds a `>`)."""
    written = []
    for line, row in enumerate(rows, first):
        cells = ""
        for column, cell in enumerate(row, 1):
            if cell is not None:
                inside = cell if ">" in cell else text(cell)
                cells += f'<c r="{column_letters(column)}{line}" {inside}</c>'
        written.append(f'<row r="{line}">{cells}</row>')
    return "".join(written)


def sheet_xml(rows: str, before: str = "", after: str = "", namespace: str = MAIN) -> str:
    return f'<worksheet xmlns="{namespace}">{before}<sheetData>{rows}</sheetData>{after}</worksheet>'


def parts(
    sheets: Mapping[str, str], *, states: Mapping[str, str] | None = None, formats: tuple[str, ...] = (),
    shared: str = "", properties: str = "", kind: str = f"{SHEET_TYPE}.sheet.main+xml", namespace: str = MAIN,
) -> dict[str, str | bytes]:  # fmt: skip
    """The parts of a workbook with these sheets ({name: sheet_xml(…)}); number formats are used as styles 1, 2, …"""
    states = states or {}
    listed = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{i}" r:id="rId{i}" state="{states.get(name, "visible")}"/>'
        for i, name in enumerate(sheets, 1)
    )
    related = "".join(
        f'<Relationship Id="rId{i}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{i}.xml"/>'
        for i in range(1, len(sheets) + 1)
    )
    own = "".join(f'<numFmt numFmtId="{164 + i}" formatCode={quoteattr(code)}/>' for i, code in enumerate(formats))
    used = "".join(f'<xf numFmtId="{code if code.isdigit() and len(code) < 3 and code != "00" else 164 + i}"/>'
                   for i, code in enumerate(formats))  # fmt: skip
    return {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="/xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{namespace}" xmlns:r="{OFFICE}">{properties}'
        f"<sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{related}'
        f'<Relationship Id="rIdS" Type="{OFFICE}/styles" Target="styles.xml"/>'
        f'<Relationship Id="rIdT" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{namespace}"><numFmts>{own}</numFmts>'
        f'<cellXfs><xf numFmtId="0"/>{used}</cellXfs></styleSheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{namespace}">{shared}</sst>',
        **{f"xl/worksheets/sheet{i}.xml": content for i, content in enumerate(sheets.values(), 1)},
    }


def zipped(content: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, part in content.items():
            package.writestr(name, part)
    return out.getvalue()


def workbook(*rows: object, **options: object) -> bytes:
    """A workbook of one sheet, `scores`, with these rows."""
    return zipped(parts({"scores": sheet_xml(rows_xml(*rows))}, **options))  # type: ignore[arg-type]
