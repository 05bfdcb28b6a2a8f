"""Reads the bytes of an uploaded CSV file or workbook into rows that know their line."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from django.utils.translation import gettext_lazy as _

from casework.imports.csv_text import FieldTooLong, decode, guessed, records
from casework.imports.problems import Problem, Refused, errors, refused
from casework.imports.workbooks import Sheet, column_letters, is_workbook, read_sheet

# Tab and line breaks are text. The other control characters, surrogates and noncharacters can be neither
# stored on every database nor printed in every document.
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Limits:
    """How much one file may hold: bytes in all, rows below the header, columns, characters in one cell."""

    file_bytes: int = 16 * 1024 * 1024
    rows: int = 100_000
    columns: int = 100
    cell_characters: int = 4_000


@dataclass(frozen=True)
class Row:
    """One record: the line it starts on, its cells by column (NFC, otherwise as written), its own problems.

    A cell that is too long is empty here and named in `problems`.
    """

    line: int
    cells: Mapping[str, str]
    problems: tuple[Problem, ...] = ()

    def text(self, column: str) -> str:
        """The cell as written; empty when the file has no such column."""
        return self.cells.get(column, "")

    def value(self, column: str) -> str:
        """The cell without space around it, for codes, numbers, dates and names."""
        return self.text(column).strip()


@dataclass(frozen=True)
class Table:
    """A file that was read: header, rows in file order, encoding ("utf-8", "utf-8-sig", "gb18030" or "xlsx"), and of a
    workbook the sheet.

    `problems` concern the whole file. If one of them is an error there are no rows.
    """

    header: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    encoding: str | None = None
    problems: tuple[Problem, ...] = ()
    sheet: str | None = None
    header_line: int = 1

    def located(self, problems: Iterable[Problem]) -> list[Problem]:
        """The same problems; those of a workbook name sheet and cell too."""
        return [self._located(problem) for problem in problems] if self.sheet is not None else list(problems)

    def _located(self, problem: Problem) -> Problem:
        if problem.line is None or problem.column not in self.header:
            return replace(problem, sheet=self.sheet)
        letters = column_letters(self.header.index(problem.column) + 1)
        return replace(problem, sheet=self.sheet, cell=f"{letters}{problem.line}")


def read_table(data: bytes, limits: Limits | None = None, *, sheet: str | None = None) -> Table:
    """The table in `data`: an xlsx workbook, or comma-separated UTF-8 (with or without BOM) or GB18030, any line
    ending. Which of them shows in the bytes, whatever the file is called. `sheet` chooses one of a workbook.

    Never raises: a file that cannot be read comes back without rows and with the reason in `problems`; a row
    with a wrong number of cells, an illegal character or an overlong cell carries its own. A GB18030 file is
    said to be one by a warning, because that encoding is a guess. Rows without any text are skipped.
    """
    limits = limits or Limits()
    try:
        if len(data) > limits.file_bytes:
            message = _("Expected at most {limit} bytes, but the file has {size}. Split it.")
            raise refused("file_too_large", message, limit=limits.file_bytes, size=len(data))
        if is_workbook(data):
            return _from_sheet(read_sheet(data, sheet, limits), limits)
        if sheet is not None:
            message = _("Expected a workbook to take the sheet “{name}” from, but the file is none. Name no sheet.")
            raise refused("no_such_sheet", message, name=sheet)
        return _from_text(data, limits)
    except FieldTooLong as problem:
        return Table(problems=(_too_long(problem.line, None, limits),))
    except Refused as reason:
        return Table(problems=(reason.problem,))


def column_problems(table: Table, required: Iterable[str], optional: Iterable[str] = ()) -> list[Problem]:
    """One error for each required column the header lacks and each column that nothing is known about; none of a file
    that could not be read."""
    if errors(table.problems):
        return []
    required, line = list(required), table.header_line
    known = {*required, *optional}
    missing = _("Expected a column “{name}”, but the header has none. Add it.")
    unknown = _("Expected only known columns, but the header has “{name}”. Remove or rename it.")
    return [
        Problem.at(line, name, "missing_column", missing, name=name) for name in required if name not in table.header
    ] + [Problem.at(line, name, "unknown_column", unknown, name=name) for name in table.header if name not in known]


def _from_text(data: bytes, limits: Limits) -> Table:
    text, encoding = decode(data)
    lines = records(text, limits.rows)
    line, header = _first(lines, limits)
    rows = _some(_row(line, header, cells, limits) for line, cells in lines)
    return Table(header, rows, encoding, (guessed(),) if encoding == "gb18030" else (), header_line=line)


def _from_sheet(sheet: Sheet, limits: Limits) -> Table:
    """The same of a sheet, whose rows end where their text ends."""
    lines = iter(sheet.rows)
    line, header = _first(lines, limits)
    rows = _some(_sheet_row(sheet, line, header, cells, limits) for line, cells in lines)
    problems = tuple(sheet.problems(line, header))
    return Table(header, () if problems else rows, "xlsx", problems, sheet=sheet.name, header_line=line)


def _first(lines: Iterator[tuple[int, list[str]]], limits: Limits) -> tuple[int, tuple[str, ...]]:
    first = next(lines, None)
    if first is None:
        raise refused("empty_file", _("Expected a table, but the file is empty. Choose another file."))
    return first[0], _header(first[1], first[0], limits)


def _some(rows: Iterable[Row]) -> tuple[Row, ...]:
    found = tuple(rows)
    if not found:
        raise refused("no_rows", _("Expected rows below the header, but there are none. Add some."))
    return found


def _sheet_row(sheet: Sheet, line: int, header: tuple[str, ...], cells: list[str], limits: Limits) -> Row:
    width = len(header)
    row = _row(line, header, (cells + [""] * width)[:width], limits, is_text=False)
    return replace(row, problems=(*sheet.flaws_of(line, header, cells), *row.problems))


def _header(cells: list[str], line: int, limits: Limits) -> tuple[str, ...]:
    names = [name.strip() for name in cells]
    while names and not names[-1]:  # spreadsheets leave empty columns at the end
        names.pop()
    if len(names) > limits.columns:
        message = _("Expected at most {limit} columns, but there are more. Remove those that are not needed.")
        raise refused("too_many_columns", message, line, limit=limits.columns)
    for name in names:
        if ILLEGAL.search(name):
            message = _("Expected column names, but the header holds control characters. Save it as “CSV UTF-8”.")
            raise refused("not_a_table", message, line)
        if names.count(name) > 1:
            message = _("Expected each column once, but “{name}” stands there twice. Remove one.")
            raise Refused(Problem.at(line, name, "duplicate_column", message, name=name))
    if len(names) == 1 and re.search(r"[;\t|，]", names[0]):
        message = _("Expected columns separated by commas, but there are none. Save the file as “CSV UTF-8”.")
        raise refused("wrong_separator", message, line)
    return tuple(names)


def _row(line: int, header: tuple[str, ...], cells: list[str], limits: Limits, *, is_text: bool = True) -> Row:
    problems: list[Problem] = []
    if len(cells) < len(header) or any(cells[len(header) :]):
        message = _("Expected {expected} cells, but there are {found}. Put text with commas into quotation marks.")
        problems.append(
            Problem.at(line, None, "wrong_number_of_cells", message, expected=len(header), found=len(cells))
        )
    by_column = dict(zip(header, cells, strict=False))
    for column, cell in by_column.items():
        if len(cell) > limits.cell_characters:
            problems.append(_too_long(line, column, limits))
            by_column[column] = ""
        elif not cell.isprintable() and (found := ILLEGAL.search(cell)):
            at = line + cell.count("\n", 0, found.start()) if is_text else line
            problems.append(_illegal(at, column, found.group()))
    return Row(line, by_column, tuple(problems))


def _illegal(line: int, column: str, letter: str) -> Problem:
    if letter == "\0":
        message = _("Expected text, but the cell holds a NUL character. Remove it.")
        return Problem.at(line, column, "nul_character", message)
    if "\ud800" <= letter <= "\udfff":
        message = _("Expected whole characters, but the cell holds half of one (a lone surrogate). Type it again.")
        return Problem.at(line, column, "lone_surrogate", message)
    message = _("Expected text, but the cell holds the control character U+{code}. Remove it.")
    return Problem.at(line, column, "control_character", message, code=f"{ord(letter):04X}")


def _too_long(line: int, column: str | None, limits: Limits) -> Problem:
    message = _(
        "Expected at most {limit} characters in a cell, but there are more. "
        "Shorten the text, or close its quotation mark."
    )
    return Problem.at(line, column, "field_too_long", message, limit=limits.cell_characters)
