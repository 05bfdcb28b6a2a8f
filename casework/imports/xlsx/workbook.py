"""The job of the child process: the bytes of a workbook in, the rows of one sheet out."""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from typing import Any

from casework.documents.limits import Limits
from casework.imports.xlsx.package import Package
from casework.imports.xlsx.refused import Refused
from casework.imports.xlsx.sheet import Book, Most, Rows, SharedTexts, is_empty, read_rows
from casework.imports.xlsx.values import BUILT_IN, kind_of
from casework.imports.xlsx.xml import Attributes, attributes_at, has_true, walk

MOST_SHEETS = 255
SHEET, PROPERTIES = "workbook/sheets/sheet", "workbook/workbookPr"
FORMAT, STYLE = "styleSheet/numFmts/numFmt", "styleSheet/cellXfs/xf"
# What the standard library raises at bytes that only look like a workbook.
DAMAGED = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, LookupError, OverflowError, NotImplementedError
)  # fmt: skip


def prepare() -> None:
    """Nothing to load: the standard library is there."""


def work(head: dict[str, Any], blob: bytes, limits: Limits) -> tuple[dict[str, Any], bytes]:
    """`head` = {sheet, most}, `blob` = the file; answers {sheet, hidden_rows, hidden_columns, merged} and the rows as
    JSON, or {refused, line, values}."""
    try:
        name, found = _read(blob, head["sheet"], Most(**head["most"]))
    except Refused as refused:
        return {"refused": refused.code, "line": refused.line, "values": refused.values}, b""
    except DAMAGED as error:
        return {"refused": "damaged_workbook", "line": None, "values": {}, "detail": repr(error)[:200]}, b""
    answer = {
        "sheet": name, "hidden_rows": found.hidden_rows[:1], "hidden_columns": found.hidden_columns,
        "merged": found.merged,
    }  # fmt: skip
    return answer, json.dumps(found.rows).encode()


def _read(data: bytes, wanted: str | None, most: Most) -> tuple[str, Rows]:
    package = Package(data)
    main = package.main_part()
    relations = package.relations(main)
    found = attributes_at(package.open(main), SHEET, PROPERTIES)
    sheets = _sheets(found[SHEET], relations)
    is_1904 = any(has_true(given, "date1904") for given in found[PROPERTIES])
    parts = {kind: part for kind, part in relations.values()}
    book = Book(_texts(package, parts.get("sharedStrings"), most), _kinds(package, parts.get("styles")), is_1904)
    name = wanted if wanted is not None else _only_one(package, sheets, book, most)
    if name not in sheets:
        raise Refused("no_such_sheet", names=_listed(sheets))
    with package.open(sheets[name][0]) as stream:
        return name, read_rows(stream, book, most)


def _sheets(given: list[Attributes], relations: dict[str, tuple[str, str]]) -> dict[str, tuple[str, bool]]:
    """{name: (part, whether it is visible)} of every sheet of cells, in their order."""
    found: dict[str, tuple[str, bool]] = {}
    if len(given) > MOST_SHEETS:
        raise Refused("too_many_sheets", limit=MOST_SHEETS)
    for sheet in given:
        kind, part = relations.get(sheet.get("id", ""), ("", ""))
        if kind == "xlMacrosheet":
            raise Refused("workbook_with_macros")
        if kind == "worksheet":
            found[sheet.get("name", "")] = (part, sheet.get("state", "visible") == "visible")
    if not found:
        raise Refused("damaged_workbook")
    return found


def _only_one(package: Package, sheets: dict[str, tuple[str, bool]], book: Book, most: Most) -> str:
    """The one visible sheet that is not empty; the first visible one when all are."""
    visible = [name for name, (_part, is_visible) in sheets.items() if is_visible]
    filled = []
    for name in visible:
        with package.open(sheets[name][0]) as stream:
            if not is_empty(stream, book, most):
                filled.append(name)
    if len(filled) > 1:
        raise Refused("several_sheets", names=_listed(filled))
    return (filled or visible or list(sheets))[0]


def _texts(package: Package, part: str | None, most: Most) -> list[str]:
    if part is None:
        return []
    texts = SharedTexts(most)
    walk(package.open(part), texts.asked())
    return texts.found


def _kinds(package: Package, part: str | None) -> list[str]:
    """For each style of a cell, as what its numbers are meant."""
    if part is None:
        return []
    found = attributes_at(package.open(part), FORMAT, STYLE)
    codes = BUILT_IN | {int(given["numFmtId"]): given.get("formatCode", "") for given in found[FORMAT]}
    kinds = {number: kind_of(code) for number, code in codes.items()}
    return [kinds.get(int(given.get("numFmtId", "0")), "number") for given in found[STYLE]]


def _listed(names: Any) -> str:
    return ", ".join(f"“{name[:31]}”" for name in list(names)[:10])
