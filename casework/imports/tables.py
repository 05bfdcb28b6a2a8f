"""Reads the bytes of an uploaded CSV file into rows that know their line."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from casework.imports.problems import Problem

UTF8_BOM = b"\xef\xbb\xbf"
NOT_TEXT = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\xff\xfe", b"\xfe\xff")  # workbooks, PDF, UTF-16
# Tab and line breaks are text. The other control characters, surrogates and noncharacters can be neither
# stored on every database nor printed in every document.
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
UTF8_HANZI = re.compile(rb"[\xe0-\xef][\x80-\xbf]{2}")


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
    """A file that was read: header, rows in file order, encoding ("utf-8", "utf-8-sig" or "gb18030").

    `problems` concern the whole file. If one of them is an error there are no rows.
    """

    header: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    encoding: str | None = None
    problems: tuple[Problem, ...] = ()


class _Refused(Exception):
    def __init__(self, problem: Problem) -> None:
        self.problem = problem


def read_table(data: bytes, limits: Limits | None = None) -> Table:
    """The table in `data`: comma-separated, UTF-8 (with or without BOM) or GB18030, any line ending.

    Never raises: a file that cannot be read comes back without rows and with the reason in `problems`; a row
    with a wrong number of cells, an illegal character or an overlong cell carries its own. A GB18030 file is
    said to be one by a warning, because that encoding is a guess. Rows without any text are skipped.
    """
    try:
        return _read(data, limits or Limits())
    except _Refused as refused:
        return Table(problems=(refused.problem,))


def column_problems(table: Table, required: Iterable[str], optional: Iterable[str] = ()) -> list[Problem]:
    """One error for each required column the header lacks and each column that nothing is known about."""
    required = list(required)
    known = {*required, *optional}
    missing = _("Expected a column “{name}”, but the header has none. Add it.")
    unknown = _("Expected only known columns, but the header has “{name}”. Remove or rename it.")
    return [
        Problem.at(1, name, "missing_column", missing, name=name) for name in required if name not in table.header
    ] + [Problem.at(1, name, "unknown_column", unknown, name=name) for name in table.header if name not in known]


def _read(data: bytes, limits: Limits) -> Table:
    if len(data) > limits.file_bytes:
        message = _("Expected at most {limit} bytes, but the file has {size}. Split it.")
        raise _refused("file_too_large", message, limit=limits.file_bytes, size=len(data))
    text, encoding = _decode(data)
    records = _records(text, limits)
    first = next(records, None)
    if first is None:
        raise _refused("empty_file", _("Expected a table, but the file is empty. Choose another file."))
    header = _header(first[1], first[0], limits)
    rows = tuple(_row(line, header, cells, limits) for line, cells in records)
    if not rows:
        raise _refused("no_rows", _("Expected rows below the header, but there are none. Add some."))
    problems = (_guessed(),) if encoding == "gb18030" else ()
    return Table(header, rows, encoding, problems)


def _guessed() -> Problem:
    message = _("The file is not UTF-8 and was read as GB18030. Check that the names look right.")
    return replace(Problem.at(None, None, "read_as_gb18030", message), level="warning")


def _decode(data: bytes) -> tuple[str, str]:
    if data.startswith(NOT_TEXT):
        message = _("Expected CSV text, but this is a workbook, a PDF or UTF-16. Save it as “CSV UTF-8”.")
        raise _refused("not_a_table", message)
    encoding = "utf-8-sig" if data.startswith(UTF8_BOM) else "utf-8"
    data = data.removeprefix(UTF8_BOM)
    try:
        # Surrogates pass here, so that the cell which holds one can be named.
        return data.decode("utf-8", "surrogatepass"), encoding
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    if encoding == "utf-8-sig" or _was_utf8_once(data):
        message = _("Expected UTF-8 text, but this line holds bytes that are not. Export the file again.")
        raise _refused("damaged_text", message, line)
    try:
        return data.decode("gb18030").removeprefix("\ufeff"), "gb18030"
    except UnicodeDecodeError:
        message = _("Expected UTF-8 or GB18030 text, but the file is neither. Save it as “CSV UTF-8”.")
        raise _refused("not_text", message) from None


def _was_utf8_once(data: bytes) -> bool:
    """GB18030 would read nearly any bytes and turn every name of a damaged UTF-8 file into another one."""
    damaged = data.decode("utf-8", "replace").count("\ufffd")
    return len(UTF8_HANZI.findall(data)) > damaged


def _records(text: str, limits: Limits) -> Iterator[tuple[int, list[str]]]:
    """Each record that holds any text, with the line it starts on."""
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    count, line = 0, 1
    try:
        for cells in reader:
            if any(cells):
                count += 1
                if count > limits.rows + 1:
                    message = _("Expected at most {limit} rows, but there are more. Split the file.")
                    raise _refused("too_many_rows", message, line, limit=limits.rows)
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        if "field larger" in str(error):
            raise _Refused(_too_long(line, None, limits)) from None
        message = _("Expected quotation marks in pairs, but here one is left over. Correct or double it.")
        raise _refused("broken_quotes", message, line) from None


def _header(cells: list[str], line: int, limits: Limits) -> tuple[str, ...]:
    names = [name.strip() for name in cells]
    while names and not names[-1]:  # spreadsheets leave empty columns at the end
        names.pop()
    if len(names) > limits.columns:
        message = _("Expected at most {limit} columns, but there are more. Remove those that are not needed.")
        raise _refused("too_many_columns", message, line, limit=limits.columns)
    for name in names:
        if ILLEGAL.search(name):
            message = _("Expected column names, but the header holds control characters. Save it as “CSV UTF-8”.")
            raise _refused("not_a_table", message, line)
        if names.count(name) > 1:
            message = _("Expected each column once, but “{name}” stands there twice. Remove one.")
            raise _Refused(Problem.at(line, name, "duplicate_column", message, name=name))
    if len(names) == 1 and re.search(r"[;\t|，]", names[0]):
        message = _("Expected columns separated by commas, but there are none. Save the file as “CSV UTF-8”.")
        raise _refused("wrong_separator", message, line)
    return tuple(names)


def _row(line: int, header: tuple[str, ...], cells: list[str], limits: Limits) -> Row:
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
            problems.append(_illegal(line + cell.count("\n", 0, found.start()), column, found.group()))
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


def _refused(code: str, message: str | Promise, line: int | None = None, **values: object) -> _Refused:
    return _Refused(Problem.at(line, None, code, message, **values))
