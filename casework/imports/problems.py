"""What is wrong with a file, said by line and column."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

from django.utils.functional import Promise
from django.utils.text import format_lazy

QUOTED_AT_MOST = 200


@dataclass(frozen=True)
class Problem:
    """One thing wrong in an imported file.

    `line` counts from 1 (the header) as an editor shows it; `column` is the name in the header. `code` is
    stable and for machines, `message` is for people: the reason and the next step. `subject` is the
    evaluation id, staff number or unit code concerned; None means the whole file. Only level "error" stops an
    import. Of a workbook `sheet` names the sheet and `cell` the cell (`B12`), if it is one cell.
    """

    line: int | None
    column: str | None
    code: str
    message: str | Promise
    subject: str | None = None
    level: Literal["error", "warning"] = "error"
    sheet: str | None = None
    cell: str | None = None

    @classmethod
    def at(cls, line: int | None, column: str | None, code: str, message: str | Promise, /, **values: object) -> Self:
        """The problem with values filled into its message, which is translated only when it is shown."""
        shown = {name: quote(value) if isinstance(value, str) else value for name, value in values.items()}
        return cls(line, column, code, format_lazy(message, **shown))  # type: ignore[arg-type]

    def about(self, subject: str) -> Self:
        """The same problem, said of this subject."""
        return replace(self, subject=quote(subject))

    def content(self) -> dict[str, Any]:
        """The problem as plain JSON, its message in the language active now."""
        return {
            "line": self.line,
            "column": self.column,
            "code": self.code,
            "message": str(self.message),
            "subject": self.subject,
            "level": self.level,
            "sheet": self.sheet,
            "cell": self.cell,
        }


class Refused(Exception):
    """The file cannot be read as a table at all."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def refused(code: str, message: str | Promise, line: int | None = None, /, **values: object) -> Refused:
    return Refused(Problem.at(line, None, code, message, **values))


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """Those that stop an import; warnings are left out."""
    return [problem for problem in problems if problem.level == "error"]


def quote(value: str) -> str:
    """A cell's text, short and safe to print.

    Control characters and surrogates would act on a terminal or break its encoding: they are shown escaped.
    """
    short = value if len(value) <= QUOTED_AT_MOST else value[:QUOTED_AT_MOST] + "…"
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in short)
