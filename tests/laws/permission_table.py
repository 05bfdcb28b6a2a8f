"""The measured permissions of a case type as a table that a person can read and judge."""

from collections.abc import Iterable, Mapping

from casework.domain.action import ActionSpec
from casework.domain.law import Law, laws
from tests.laws.permission_matrix import ASKED, DONE, Answer, Matrix

HEADER = """# {title}: who may do what

Written by `GONGDUAN_WRITE_TABLE=1 pytest tests/laws/test_permissions.py` from what the engine answered, then reviewed:
each line was read against the rules (who may, who decides, who is barred, what time and state allow), not against the
code. Whoever changes a line reads it in the same way and says in the commit why it is right.

Everybody was asked for everything, with no data. **Done**: it was done. **May, given data**: permitted, only the data
were missing. **Not now**: permitted, but state, time or what went before forbids it, with the code of the reason
where it is not `not_allowed_now`; \\* where the data are asked for first. **Seat**: somebody else was seated to
decide. **Barred**: may not decide in this family of cases. Whoever sees the case and stands in no column is not
permitted. Whoever does not see the case hears of everything that there is no such case. An account without a person
(root) is refused everything.

Behind the comma of a state: what else matters there. "machine": a machine's account of the same person.
"""
COLUMNS = ("Where", "Done", "May, given data", "Not now", "Seat", "Barred", "Otherwise refused")
LATER = {"not_permitted", "barred", "seat_taken", "own_score"}


def table(law: Law, matrix: Matrix) -> str:
    """The table of that case type, in Markdown."""
    asked = list(dict.fromkeys(action for of, action, _where in matrix.cells if of == law.label))
    mine, systems = [], []
    for action in asked:
        (systems if _spec(law, action).is_system else mine).append(action)
    return "\n".join(
        [
            HEADER.format(title=law.label), "## Who sees the case", "", *_sight(law, matrix), "",
            *(line for action in mine for line in _section(law, action, matrix)),
            "## Left to the system", "", "Nobody may: " + ", ".join(f"`{name}`" for name in systems) + ".", "",
        ]
    )  # fmt: skip


def _sight(law: Law, matrix: Matrix) -> list[str]:
    seen = {}
    for where in matrix.wheres[law.label]:
        cells = (answers for (of, _action, at), answers in matrix.cells.items() if (of, at) == (law.label, where))
        seen[where] = (", ".join(next(cells)),)
    return _rows(("Where", "Seen by"), seen)


def _section(law: Law, action: str, matrix: Matrix) -> Iterable[str]:
    rows = {}
    for (of, name, where), answers in matrix.cells.items():
        if (of, name) == (law.label, action):
            rows[where] = _columns(answers)
    rows = {where: columns for where, columns in rows.items() if any(columns)}
    yield from (f"## {action}", "", _terms(_spec(law, action)), "")
    yield from (*_rows(COLUMNS, rows), "") if rows else ("Nobody.", "")


def _columns(answers: Mapping[str, Answer]) -> tuple[str, ...]:
    """Who stands in which column."""
    found: dict[str, list[str]] = {name: [] for name in COLUMNS[1:]}
    for part, answer in answers.items():
        column, shown = _place(part, answer)
        if column:
            found[column].append(shown)
    return tuple(", ".join(parts) for parts in found.values())


def _place(part: str, answer: Answer) -> tuple[str, str]:
    match answer.code:
        case "not_permitted":
            return "", part
        case code if code == DONE:
            return "Done", part
        case code if code == ASKED and not answer.then:
            return "May, given data", part
        case code if code == ASKED:
            return "Not now", f"{part}\\* {_reason(answer.then)}".strip()
        case "seat_taken":
            return "Seat", part
        case "barred":
            return "Barred", part
    if answer.status == 409:
        return "Not now", f"{part} {_reason(answer.code)}".strip()
    return "Otherwise refused", f"{part} ({answer.code})"


def _reason(code: str) -> str:
    return "" if code == "not_allowed_now" else f"({code})"


def _rows(columns: tuple[str, ...], rows: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Where the same holds in several places, one row; a column that is empty throughout is left out."""
    kept = [n for n in range(len(columns) - 1) if any(row[n] for row in rows.values())]
    merged: dict[tuple[str, ...], list[str]] = {}
    for where, row in rows.items():
        merged.setdefault(tuple(row[n] for n in kept), []).append(where)
    heads = [columns[0], *(columns[n + 1] for n in kept)]
    lines = [heads, ["---"] * len(heads), *(["; ".join(wheres), *row] for row, wheres in merged.items())]
    return ["| " + " | ".join(line) + " |" for line in lines]


def _terms(spec: ActionSpec) -> str:
    """What the law says of it."""
    terms = [
        *([f"role {spec.role.replace('|', ', ')}"] if spec.role else []),
        *([f"relation {spec.relation.replace('|', ', ')}"] if spec.relation else []),
        *([f"seat {spec.seat.replace('|', ', ')}"] if spec.seat else []),
        *(["takes an empty seat"] if spec.takes_seat else []),
        "decides" if spec.decides else "act of a party or office",
    ]
    return "; ".join(terms) + "."


def _spec(law: Law, action: str) -> ActionSpec:
    """Also of an action that opens a case on this one, `app.action`."""
    app, _dot, name = action.rpartition(".")
    of = next((other for other in laws().values() if other.app == app), law)
    return of.actions[name]
