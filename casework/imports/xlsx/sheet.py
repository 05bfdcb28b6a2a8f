"""One sheet as rows of text. What cannot be taken as text stands there as [code, text]."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import IO

from casework.imports.xlsx.refused import Refused
from casework.imports.xlsx.values import Unreadable, iso_moment, shown_number
from casework.imports.xlsx.xml import Attributes, On, has_true, walk

Cell = str | list[str]

ROW = "worksheet/sheetData/row"
CELL = f"{ROW}/c"
VALUE, FORMULA, INLINE = f"{CELL}/v", f"{CELL}/f", (f"{CELL}/is/t", f"{CELL}/is/r/t")
COLUMN, MERGED = "worksheet/cols/col", "worksheet/mergeCells/mergeCell"
LETTERS = re.compile("[A-Z]{1,3}")
ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_", re.ASCII)
LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
MOST_SHARED = 1_000_000


@dataclass(frozen=True)
class Most:
    """How much one sheet may hold; the same as of a CSV file."""

    rows: int
    columns: int
    characters: int
    cell_characters: int


@dataclass(frozen=True)
class Book:
    """What the cells of every sheet refer to: texts by number, kind of number by style."""

    texts: Sequence[str] = ()
    kinds: Sequence[str] = ()
    is_1904: bool = False


@dataclass
class Rows:
    """The rows with anything in them, by their number; which of them are hidden; the first merged range."""

    rows: list[tuple[int, list[Cell]]] = field(default_factory=list)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    merged: str = ""


class SomethingThere(Exception):
    """The sheet is not empty."""


def read_rows(stream: IO[bytes], book: Book, most: Most) -> Rows:
    reader = _SheetReader(book, most)
    walk(stream, reader.asked())
    return reader.found


def is_empty(stream: IO[bytes], book: Book, most: Most) -> bool:
    """Whether nothing stands in the sheet; it is read up to the first cell only."""
    reader = _SheetReader(book, most, stop_at_first=True)
    try:
        walk(stream, reader.asked())
    except SomethingThere:
        return False
    return True


class _SheetReader:
    def __init__(self, book: Book, most: Most, *, stop_at_first: bool = False) -> None:
        self.book, self.most, self.stop_at_first = book, most, stop_at_first
        self.found = Rows()
        self.line = self.column = self.characters = 0
        self.digits = ""
        self.cells: list[Cell] = []
        self.inline: list[str] = []
        self.is_hidden = False

    def asked(self) -> dict[str, On]:
        inline = On(end=self._take_inline, text=True)
        return {
            ROW: On(self._start_row, self._end_row), CELL: On(self._start_cell, self._end_cell),
            VALUE: On(end=self._take_value, text=True), FORMULA: On(self._take_formula),
            **dict.fromkeys(INLINE, inline), COLUMN: On(self._take_column), MERGED: On(self._take_merged),
        }  # fmt: skip

    def _take_value(self, text: str) -> None:
        self.value = text

    def _take_inline(self, text: str) -> None:
        self.inline.append(unescaped(text))

    def _take_formula(self, _attributes: Attributes) -> None:
        self.has_formula = True

    def _take_merged(self, attributes: Attributes) -> None:
        self.found.merged = self.found.merged or attributes.get("ref", "")[:40]

    def _take_column(self, attributes: Attributes) -> None:
        if has_true(attributes, "hidden") and len(self.found.hidden_columns) < LAST_COLUMN:
            self.found.hidden_columns.append((int(attributes["min"]), int(attributes["max"])))

    def _start_row(self, attributes: Attributes) -> None:
        line = int(attributes.get("r", self.line + 1))
        if not self.line < line <= LAST_ROW:
            raise Refused("damaged_workbook")
        self.line, self.digits, self.column, self.cells = line, str(line), 0, []
        self.is_hidden = has_true(attributes, "hidden")

    def _end_row(self, _text: str) -> None:
        if self.cells:
            self.found.rows.append((self.line, self.cells))
            if self.is_hidden:
                self.found.hidden_rows.append(self.line)

    def _start_cell(self, attributes: Attributes) -> None:
        """`r` is the cell's address, such as C12; without one it follows the cell before."""
        address = attributes.get("r")
        column = self.column + 1 if address is None else self._column_of(address)
        if not self.column < column <= LAST_COLUMN:
            raise Refused("damaged_workbook", self.line)
        self.column, self.kind, self.style = column, attributes.get("t", "n"), attributes.get("s", "0")
        self.value, self.has_formula = "", False
        if self.inline:
            self.inline.clear()

    def _column_of(self, address: str) -> int:
        if not address.endswith(self.digits):
            raise Refused("damaged_workbook", self.line)
        return column_of(address.removesuffix(self.digits))

    def _end_cell(self, _text: str) -> None:
        cell = self._cell()
        if not cell:
            return
        if self.stop_at_first:
            raise SomethingThere
        if self.column > self.most.columns:
            raise Refused("too_many_columns", self.line, limit=self.most.columns)
        if not self.cells and len(self.found.rows) > self.most.rows:
            raise Refused("too_many_rows", self.line, limit=self.most.rows)
        if isinstance(cell, str):
            cell = cell[: self.most.cell_characters + 1]
            self.characters += len(cell)
            if self.characters > self.most.characters:
                raise Refused("too_much_text", self.line, limit=self.most.characters)
        self.cells += [""] * (self.column - 1 - len(self.cells))
        self.cells.append(cell)

    def _cell(self) -> Cell:
        """What was stored beside a formula is what somebody's program last made of it, or nothing: never taken."""
        if self.has_formula:
            return ["formula", ""]
        if self.kind == "inlineStr":
            return "".join(self.inline)
        if not self.value:
            return ""
        if self.kind == "s":
            return self._shared()
        if self.kind == "str":
            return unescaped(self.value)
        if self.kind == "e":
            return ["error_value", self.value[:40]]
        if self.kind == "b":
            return "TRUE" if self.value == "1" else "FALSE"
        try:
            return iso_moment(self.value) if self.kind == "d" else shown_number(self.value, *self._format())
        except Unreadable as error:
            return [error.code, self.value[:40]]

    def _shared(self) -> str:
        index = int(self.value)
        if not 0 <= index < len(self.book.texts):
            raise Refused("damaged_workbook", self.line)
        return self.book.texts[index]

    def _format(self) -> tuple[str, bool]:
        index = int(self.style)
        kind = self.book.kinds[index] if 0 <= index < len(self.book.kinds) else "number"
        return kind, self.book.is_1904


class SharedTexts:
    """The texts cells share, in order. How they are pronounced stands beside some of them and is not read."""

    def __init__(self, most: Most) -> None:
        self.most = most
        self.found: list[str] = []
        self.pieces: list[str] = []

    def asked(self) -> dict[str, On]:
        piece = On(end=self._take_piece, text=True)
        return {"sst/si": On(end=self._end_text), "sst/si/t": piece, "sst/si/r/t": piece}

    def _take_piece(self, text: str) -> None:
        self.pieces.append(unescaped(text))

    def _end_text(self, _text: str) -> None:
        if len(self.found) >= MOST_SHARED:
            raise Refused("too_much_text", limit=self.most.characters)
        self.found.append("".join(self.pieces)[: self.most.cell_characters + 1])
        self.pieces.clear()


def unescaped(text: str) -> str:
    """`_x000D_` as the character it stands for."""
    return ESCAPE.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


@lru_cache(maxsize=1024)
def column_of(letters: str) -> int:
    """`AB` is 28."""
    if not LETTERS.fullmatch(letters):
        raise Refused("damaged_workbook")
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - ord("A") + 1
    return column
