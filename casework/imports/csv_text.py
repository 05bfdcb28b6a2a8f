"""Reads the bytes of a CSV file into records that know their line.

It is done in our own process, unlike a workbook: nothing is unpacked or expanded, so 16 MiB of text are never more
than 16 MiB of text, and the time grows with the length alone."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace

from django.utils.translation import gettext_lazy as _

from casework.imports.formulas import unguarded
from casework.imports.problems import Problem, refused

UTF8_BOM = b"\xef\xbb\xbf"
NOT_TEXT = (b"%PDF", b"\xff\xfe", b"\xfe\xff")  # PDF, UTF-16
UTF8_HANZI = re.compile(rb"[\xe0-\xef][\x80-\xbf]{2}")


class FieldTooLong(Exception):
    """A cell so long that its quotation mark was surely never closed."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def guessed() -> Problem:
    message = _("The file is not UTF-8 and was read as GB18030. Check that the names look right.")
    return replace(Problem.at(None, None, "read_as_gb18030", message), level="warning")


def decode(data: bytes) -> tuple[str, str]:
    if data.startswith(NOT_TEXT):
        message = _("Expected a table, but this is a PDF or UTF-16. Save it as “CSV UTF-8” or xlsx.")
        raise refused("not_a_table", message)
    encoding = "utf-8-sig" if data.startswith(UTF8_BOM) else "utf-8"
    data = data.removeprefix(UTF8_BOM)
    try:
        # Surrogates pass here, so that the cell which holds one can be named.
        return data.decode("utf-8", "surrogatepass"), encoding
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    if encoding == "utf-8-sig" or _was_utf8_once(data):
        message = _("Expected UTF-8 text, but this line holds bytes that are not. Export the file again.")
        raise refused("damaged_text", message, line)
    try:
        return data.decode("gb18030").removeprefix("\ufeff"), "gb18030"
    except UnicodeDecodeError:
        message = _("Expected UTF-8 or GB18030 text, but the file is neither. Save it as “CSV UTF-8”.")
        raise refused("not_text", message) from None


def _was_utf8_once(data: bytes) -> bool:
    """GB18030 would read nearly any bytes and turn every name of a damaged UTF-8 file into another one."""
    damaged = data.decode("utf-8", "replace").count("\ufffd")
    return len(UTF8_HANZI.findall(data)) > damaged


def records(text: str, most_rows: int) -> Iterator[tuple[int, list[str]]]:
    """Each record that holds any text, with the line it starts on."""
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    count, line = 0, 1
    try:
        for cells in reader:
            if any(cells):
                count += 1
                if count > most_rows + 1:
                    message = _("Expected at most {limit} rows, but there are more. Split the file.")
                    raise refused("too_many_rows", message, line, limit=most_rows)
                yield line, [unguarded(cell) for cell in cells]
            line = reader.line_num + 1
    except csv.Error as error:
        if "field larger" in str(error):
            raise FieldTooLong(line) from None
        message = _("Expected quotation marks in pairs, but here one is left over. Correct or double it.")
        raise refused("broken_quotes", message, line) from None
