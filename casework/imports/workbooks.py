"""Reads one sheet of an xlsx workbook. The workbook itself is opened in a child process only, under limits."""

import json
import logging
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from casework.documents.limits import Limits as ChildLimits
from casework.documents.workshop import Workshop
from casework.imports.problems import Problem, Refused, refused

if TYPE_CHECKING:
    from casework.imports.tables import Limits

log = logging.getLogger(__name__)

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")  # the stream of that name in an OLE file
# Less than a web server waits for an answer. Half a million cells take about five seconds.
LIMITS = ChildLimits(cpu_seconds=15, wall_seconds=25, memory_mib=512)
_reading = Workshop("casework.imports.xlsx.workbook")

MESSAGES = {
    "not_a_workbook": _("Expected an xlsx workbook or CSV, but this is another kind of file. Save it as xlsx."),
    "old_workbook": _("Expected an xlsx workbook, but this is an old one (xls). Save it as xlsx."),
    "encrypted_workbook": _("Expected a workbook anybody can open, but this one has a password. Save it without."),
    "workbook_with_macros": _("Expected a workbook without macros, but this one has some. Save it as xlsx."),
    "damaged_workbook": _("Expected a whole workbook, but this one is damaged. Open it and save it again as xlsx."),
    "workbook_too_large": _("Expected a workbook that unpacks to at most {limit} bytes, but it has {size}. Split it."),
    "too_many_parts": _("Expected a workbook of at most {limit} parts, but there are more. Keep the sheet to import."),
    "too_many_sheets": _("Expected at most {limit} sheets, but there are more. Keep the one to import."),
    "several_sheets": _("Expected one sheet with data, but there are several: {names}. Choose one, or keep one only."),
    "no_such_sheet": _("Expected the name of a sheet, but there is none of that name; there are {names}. Correct it."),
    "too_many_rows": _("Expected at most {limit} rows, but there are more. Split the file."),
    "too_many_columns": _("Expected at most {limit} columns, but there are more. Remove those that are not needed."),
    "too_much_text": _("Expected at most {limit} characters in a sheet, but there are more. Split it."),
    "costly_workbook": _(
        "Expected a workbook that is read within {seconds} seconds and {memory} MiB, but this one takes more. Split it."
    ),
    "reader_not_started": _("Expected to read the workbook, but its reader did not start. Try again, or send CSV."),
}
FLAWS = {
    "formula": _("Expected a value, but the cell holds a formula. Copy the column and paste it as values."),
    "error_value": _("Expected a value, but the cell shows the error {text}. Correct it."),
    "bad_cell": _("Expected text, a number or a day, but the cell holds {text}. Type it again."),
    "digits_lost": _(
        "Expected at most 15 digits, since spreadsheets keep no more of a number. "
        "Format the column as text and type the number again."
    ),
}
BESIDE = _("Expected nothing beside the columns of the header, but something stands in {cell}. Remove it.")
MERGED = _("Expected a value in every cell, but {cells} are merged. Unmerge them and fill each.")
HIDDEN_ROW = _("Expected that all can see what is imported, but row {line} is hidden. Show or delete it.")
HIDDEN_COLUMN = _("Expected that all can see what is imported, but column {letters} is hidden. Show or delete it.")


@dataclass(frozen=True)
class Sheet:
    """One sheet: its rows that hold anything, each with its number. What could not be taken as text is an empty cell
    and a flaw: {row: {place in the row: (code, text)}}."""

    name: str
    rows: list[tuple[int, list[str]]]
    flaws: dict[int, dict[int, tuple[str, str]]]
    hidden_rows: list[int]
    hidden_columns: list[tuple[int, int]]
    merged: str

    def flaws_of(self, line: int, header: tuple[str, ...], cells: list[str]) -> Iterator[Problem]:
        """What is wrong with the row's cells, those beside the header too."""
        for place, (code, text) in sorted(self.flaws.get(line, {}).items()):
            if place < len(header):
                yield Problem.at(line, header[place], code, FLAWS[code], text=text)
        beside = {place for place, cell in enumerate(cells) if cell} | set(self.flaws.get(line, {}))
        if place := min((place for place in beside if place >= len(header)), default=None):
            yield Problem.at(line, None, "beside_the_header", BESIDE, cell=f"{column_letters(place + 1)}{line}")

    def problems(self, header_line: int, header: tuple[str, ...]) -> Iterator[Problem]:
        """What is wrong with the sheet as a whole, its header included."""
        for place, (code, text) in sorted(self.flaws.get(header_line, {}).items()):
            yield Problem.at(header_line, column_letters(place + 1), code, FLAWS[code], text=text)
        if self.merged:
            yield Problem.at(None, None, "merged_cells", MERGED, cells=self.merged)
        for line in self.hidden_rows:
            yield Problem.at(line, None, "hidden_row", HIDDEN_ROW, line=line)
        for first, last in self.hidden_columns:
            if first <= len(header):
                letters = column_letters(first) if first == last else f"{column_letters(first)}:{column_letters(last)}"
                yield Problem.at(None, None, "hidden_column", HIDDEN_COLUMN, letters=letters)


def is_workbook(data: bytes) -> bool:
    """Whether it is, by its first bytes, a zip or what Office wrote before xlsx; neither is ever text."""
    return data.startswith((ZIP, OLE))


def read_sheet(data: bytes, wanted: str | None, limits: "Limits") -> Sheet:
    """The sheet of that name, or the one visible sheet that holds anything. Refused if it cannot be read."""
    if data.startswith(OLE):
        code = "encrypted_workbook" if ENCRYPTED in data else "old_workbook"
        raise refused(code, MESSAGES[code])
    most = {
        "rows": limits.rows, "columns": limits.columns, "characters": limits.file_bytes,
        "cell_characters": limits.cell_characters,
    }  # fmt: skip
    answer, rows = _reading.do({"sheet": wanted, "most": most}, data, LIMITS)
    if "sheet" not in answer:
        raise _reason(answer)
    return _sheet(answer, json.loads(rows))


def column_letters(column: int) -> str:
    """`AB` for 28."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _reason(answer: dict[str, Any]) -> Refused:
    if code := answer.get("refused"):
        return refused(code, MESSAGES[code], answer["line"], **answer["values"])
    log.warning("a workbook was not read: %s %s", answer["failed"], answer.get("detail", ""))
    if answer["failed"] in ("cpu", "time", "memory"):
        values = {"seconds": LIMITS.cpu_seconds, "memory": LIMITS.memory_mib}
        return refused("costly_workbook", MESSAGES["costly_workbook"], **values)
    code = "reader_not_started" if answer["failed"] == "start" else "damaged_workbook"
    return refused(code, MESSAGES[code])


def _sheet(answer: dict[str, Any], found: list[Any]) -> Sheet:
    rows, flaws = [], {}
    for line, cells in found:
        if spoilt := {place: (cell[0], cell[1]) for place, cell in enumerate(cells) if not isinstance(cell, str)}:
            flaws[line] = spoilt
        rows.append((line, [_composed(cell) if isinstance(cell, str) else "" for cell in cells]))
    return Sheet(
        answer["sheet"], rows, flaws, answer["hidden_rows"], [tuple(span) for span in answer["hidden_columns"]],
        answer["merged"],
    )  # fmt: skip


def _composed(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)
