"""What a stored number says as text, given its format: plain numbers, percentages, days, times.

A number keeps the 15 digits a spreadsheet keeps, not the two places its format may show: what is stored is what was
entered. A moment has no offset in a spreadsheet, and none is made up here."""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta
from decimal import Decimal

BUILT_IN = {
    9: "0%", 10: "0.00%", 14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm", 19: "h:mm:ss",
    20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd h:mm", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0",
    # The Chinese editions keep their own dates and times under these numbers and write no format code.
    **dict.fromkeys((27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58), "yyyy-mm-dd"),
    **dict.fromkeys((32, 33, 34, 35, 55, 56), "h:mm:ss"),
}  # fmt: skip
NOT_SHOWN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
DIGITS = 15
DAY_ZERO, DAY_ZERO_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)
FEBRUARY_29_1900 = 60  # a day that only spreadsheets know
MILLISECONDS = 24 * 60 * 60 * 1000
MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?", re.ASCII)


class Unreadable(Exception):
    """The cell says nothing an import could take; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def kind_of(code: str) -> str:
    """`number`, `percent`, `date`, `time`, `elapsed`, or the zeros of a number that is shown with leading ones."""
    shown = NOT_SHOWN.sub("", code.split(";")[0]).lower()
    if shown in ("", "general", "@"):
        return "number"
    if "[" in shown:
        return "elapsed"
    if re.search(r"[yd]|^[^hs]*m[^hs]*$", shown):
        return "date"
    if re.search(r"[hs]", shown):
        return "time"
    if "%" in shown:
        return "percent"
    return shown if re.fullmatch("00+", shown) else "number"


def shown_number(stored: str, kind: str, is_1904: bool) -> str:
    """The text of a number cell; Unreadable if it is none, or a day no calendar has."""
    try:
        value = float(stored)
    except ValueError:
        raise Unreadable("bad_cell") from None
    if not math.isfinite(value):
        raise Unreadable("bad_cell")
    if kind in ("date", "time", "elapsed"):
        return _moment(value, kind, is_1904)
    if kind == "percent":
        return f"{_plain(value * 100)}%"
    text = _plain(value)
    return text.zfill(len(kind)) if kind.startswith("0") and text.isdigit() else text


def iso_moment(stored: str) -> str:
    """The text of a cell of type `d`."""
    try:
        if MOMENT.fullmatch(stored):
            return _shown(datetime.fromisoformat(stored))
    except ValueError:
        pass
    raise Unreadable("bad_cell")


def _plain(value: float) -> str:
    if abs(value) >= 10**DIGITS:
        raise Unreadable("digits_lost")
    text = format(Decimal(f"{value:.{DIGITS}g}"), "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _moment(value: float, kind: str, is_1904: bool) -> str:
    if value < 0:
        raise Unreadable("bad_cell")
    if kind == "elapsed" or (kind == "time" and value < 1):
        return _elapsed(value)
    if not is_1904 and (value < 1 or FEBRUARY_29_1900 <= value < FEBRUARY_29_1900 + 1):
        raise Unreadable("bad_cell")
    if not is_1904 and value < FEBRUARY_29_1900:
        value += 1
    try:
        return _shown((DAY_ZERO_1904 if is_1904 else DAY_ZERO) + timedelta(milliseconds=round(value * MILLISECONDS)))
    except OverflowError:
        raise Unreadable("bad_cell") from None


def _shown(moment: datetime) -> str:
    text = moment.isoformat(sep=" ")
    return text.removesuffix(" 00:00:00")


def _elapsed(value: float) -> str:
    if value > DAY_ZERO.max.toordinal():
        raise Unreadable("bad_cell")
    seconds, rest = divmod(round(value * MILLISECONDS), 1000)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{text}.{rest:03}" if rest else text
