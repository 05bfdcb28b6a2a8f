"""Text that a spreadsheet would take for a formula, and how a CSV file says that it is none.

Excel, WPS and LibreOffice run whatever begins with one of these signs (full-width ones too, after an input method). In
CSV nothing but an apostrophe in front keeps them from it, so exports put one there and imports take it away again. Text
that had apostrophes of its own there gets one more: whatever is written is read back the same."""

import re

SIGNS = "=+\\-@\t\r\n|＝＋－＠﹦﹢﹣﹫−"
LIKE_A_FORMULA = re.compile(rf"[\s\ufeff]*[{SIGNS}]")
GUARDED_OR_LIKE_ONE = re.compile(rf"'*[\s\ufeff]*[{SIGNS}]")


def is_like_a_formula(text: str) -> bool:
    return LIKE_A_FORMULA.match(text) is not None


def guarded(text: str) -> str:
    """For a cell of a CSV file."""
    return f"'{text}" if GUARDED_OR_LIKE_ONE.match(text) else text


def unguarded(text: str) -> str:
    """What was guarded, from a cell of a CSV file."""
    return text[1:] if text.startswith("'") and GUARDED_OR_LIKE_ONE.match(text) else text
