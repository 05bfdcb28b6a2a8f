"""Why a workbook is not taken."""

from __future__ import annotations


class Refused(Exception):
    """`code` is one of `casework.imports.workbooks.MESSAGES`; `values` fill its words; `line` is a row of the sheet."""

    def __init__(self, code: str, line: int | None = None, **values: object) -> None:
        super().__init__(code)
        self.code, self.line, self.values = code, line, values
