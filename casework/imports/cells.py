"""Reads single cells. A cell that is refused is None, and the reason is appended to `problems`."""

import re
from datetime import UTC, date, datetime

from django.utils.translation import gettext_lazy as _

from casework.imports.problems import Problem
from casework.imports.tables import Row

IDENTIFIER = re.compile(r"[\w.@+-]{1,64}")
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)", re.ASCII)
COUNT = re.compile(r"\d{1,9}", re.ASCII)  # fits a 32-bit column


def read_identifier(row: Row, column: str, problems: list[Problem]) -> str | None:
    """1 to 64 letters (of any script), digits or . @ + - _ without spaces."""
    text = row.value(column)
    if IDENTIFIER.fullmatch(text):
        return text
    message = _("Expected 1 to 64 letters, digits or . @ + - _, but it is “{text}”. Correct it.")
    problems.append(Problem.at(row.line, column, "bad_identifier", message, text=text))
    return None


def read_text(row: Row, column: str, problems: list[Problem], *, at_most: int, required: bool = True) -> str | None:
    """The text without space around it, at most so many characters."""
    text = row.value(column)
    if required and not text:
        message = _("Expected a value, but the cell is empty. Fill it in.")
        problems.append(Problem.at(row.line, column, "value_missing", message))
        return None
    if len(text) > at_most:
        message = _("Expected at most {limit} characters, but there are more. Shorten it.")
        problems.append(Problem.at(row.line, column, "value_too_long", message, limit=at_most))
        return None
    return text


def read_count(row: Row, column: str, problems: list[Problem]) -> int | None:
    """A whole number from 0 to 999999999 in the digits 0-9."""
    text = row.value(column)
    if COUNT.fullmatch(text):
        return int(text)
    message = _("Expected a whole number in the digits 0-9, but it is “{text}”. Correct it.")
    problems.append(Problem.at(row.line, column, "not_a_number", message, text=text))
    return None


def read_day(row: Row, column: str, problems: list[Problem]) -> date | None:
    """A day as YYYY-MM-DD; an empty cell is None and no problem."""
    text = row.value(column)
    if not text:
        return None
    try:
        if DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    message = _("Expected a day such as 2026-11-01, but it is “{text}”. Correct it.")
    problems.append(Problem.at(row.line, column, "bad_date", message, text=text))
    return None


def read_time(row: Row, column: str, problems: list[Problem]) -> datetime | None:
    """An ISO 8601 instant that states its offset; the offset is kept."""
    text = row.value(column)
    try:
        if TIME.fullmatch(text):
            time = datetime.fromisoformat(text)
            time.astimezone(UTC)  # overflows at the edges of the first and last year
            return time
    except (ValueError, OverflowError):
        pass
    message = _("Expected a time with offset such as 2026-10-27T09:50:00+08:00, but it is “{text}”. Correct it.")
    problems.append(Problem.at(row.line, column, "bad_time", message, text=text))
    return None
