"""Nothing but the domain writes cases, and nothing at all writes a state past the law. Read from the sources: simple
patterns that a careless change would run into, not a proof against a malicious one; the database's own guards and
the random walk stand behind them."""

import ast
import re
from collections.abc import Iterator

import pytest

from casework.domain.law import laws
from tests.laws.declared import ROOT, product_files, tree

GUARDED = {
    "Case", "CaseEvent", "EventText", "Family", "Party", "Clock", "ClockEntry", "ClockWarning", "Task", "Document",
} | {law.model.__name__ for law in laws().values()}  # fmt: skip
WRITES = {
    "create", "bulk_create", "update", "bulk_update", "update_or_create", "get_or_create", "delete", "save", "raw",
    "acreate", "aupdate", "asave", "adelete", "abulk_create", "abulk_update", "aupdate_or_create",
}  # fmt: skip
# A clock that failed is set aside so that it does not block the others, and let go again; a warning is told. Nothing of
# the case.
EXCEPTIONS = {
    ("casework/domain/sweep.py", "Clock.update"), ("casework/domain/stuck.py", "Clock.update"),
    ("casework/domain/reminders.py", "ClockWarning.update"),
    # The words beside an entry may go; that they did is an entry.
    ("casework/domain/forgetting.py", "EventText.delete"),
}  # fmt: skip
# An effect carries a new document; reads fill views of families. Either is only written where the domain sends it.
MAY_INSTANTIATE = {"Document": ("workflows/",), "Family": ("casework/queries",)}
# Whatever else is saved as a row goes by a name that says what it is.
SAVED = {"account", "token", "notice", "run", "super"}
SQL = re.compile(r"\b(INSERT\s+(OR\s+\w+\s+)?INTO|UPDATE\s+[\w{\"]+\s+SET|DELETE\s+FROM|TRUNCATE)\b", re.IGNORECASE)
# The recorder writes what a step decided; openings gives numbers away; lags counts how late the work was; erasing
# empties SQLite's journal.
MAY_SPEAK_SQL = {f"casework/domain/{name}.py" for name in ("recorder", "recorder_cte", "openings", "lags", "erasing")}


def problems(name: str, module: ast.Module) -> Iterator[str]:
    """What a file does that only the domain may, or nobody."""
    inside = name.startswith(("casework/domain/", "casework/flow/"))
    rows = any(isinstance(n, ast.ImportFrom) and "models" in (n.module or "") for n in ast.walk(module))
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            yield from _call_problems(name, node, inside, rows)
        if isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if (
                    isinstance(target, ast.Attribute)
                    and target.attr == "state"
                    and not inside
                    and _root(target) not in SAVED
                ):
                    yield f"{name}:{node.lineno} assigns a state"
        if isinstance(node, ast.ImportFrom) and not inside:
            for alias in node.names:
                if alias.name in ("run_law", "_deciding") or (alias.name == "Recorder" and _sends(module)):
                    yield f"{name}:{node.lineno} imports {alias.name} of the domain"
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and name not in MAY_SPEAK_SQL
            and SQL.search(node.value)
        ):
            yield f"{name}:{node.lineno} writes in SQL"


def _call_problems(name: str, node: ast.Call, inside: bool, rows: bool) -> Iterator[str]:
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    root = _root(node.func)
    recorded = (name, root) == ("casework/domain/clocks.py", "self")  # Recorder.update names fields
    if called in ("update", "bulk_update", "save") and root not in SAVED and not recorded and _names_state(node):
        yield f"{name}:{node.lineno} updates a state"
    if root in GUARDED and called in WRITES and (name, f"{root}.{called}") not in EXCEPTIONS:
        yield f"{name}:{node.lineno} calls {root}…{called}()"
    made = node.func.id if isinstance(node.func, ast.Name) and node.keywords else ""
    if made in GUARDED and not inside and not name.startswith(MAY_INSTANTIATE.get(made, ())):
        yield f"{name}:{node.lineno} makes a {made}"
    if called in ("save", "save_base", "bulk_update") and rows and not inside and root not in SAVED:
        yield f"{name}:{node.lineno} saves something"


def _names_state(node: ast.Call) -> bool:
    """`state=…`, or a list of field names with it."""
    given = [*node.args, *(k.value for k in node.keywords)]
    listed = any(isinstance(a, ast.List | ast.Tuple) and "state" in _texts(a) for a in given)
    return listed or any(k.arg == "state" for k in node.keywords)


def _root(func: ast.AST) -> str:
    while isinstance(func, ast.Attribute | ast.Call | ast.Subscript):
        func = func.func if isinstance(func, ast.Call) else func.value
    return func.id if isinstance(func, ast.Name) else ""


def _texts(node: ast.AST) -> set[str]:
    return {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def _sends(module: ast.Module) -> bool:
    """A recorder that is never sent writes nothing: reads make one to be able to ask."""
    return any(isinstance(n, ast.Call) and getattr(n.func, "attr", "") == "send" for n in ast.walk(module))


@pytest.mark.parametrize("file", product_files(), ids=lambda file: str(file.relative_to(ROOT)))
def test_source_when_read_writes_no_case_past_the_domain(file):
    assert list(problems(str(file.relative_to(ROOT)), tree(file))) == []


WRONG = {
    "case.state = 'ruled'": "assigns a state",
    "Case.objects.filter(pk=1).update(closed_at=None)": "Case…update",
    "cases.update(state='ruled')": "updates a state",
    "Case.objects.bulk_update(cases, ['state'])": "updates a state",
    "case.save(update_fields=['state'])": "updates a state",
    "from casework.models import Case\ncase.save()": "saves something",
    "CaseEvent.objects.create(seq=1)": "CaseEvent…create",
    "Party(case=case, role='agent')": "makes a Party",
    "Task.objects.all().delete()": "Task…delete",
    "cursor.execute('UPDATE casework_case SET seq = 1')": "writes in SQL",
    "cursor.execute(f'INSERT INTO {table} VALUES (1)')": "writes in SQL",
    "from casework.domain.recorder import Recorder\nrecorder.send()": "imports Recorder",
    "from casework.domain.action import run_law": "imports run_law",
    "Evaluation.objects.filter(pk=1).update(score=100)": "Evaluation…update",
}


@pytest.mark.parametrize("line", WRONG)
def test_check_when_a_door_writes_by_itself_says_so(line):
    found = list(problems("casework/web/pages.py", ast.parse(line)))
    assert any(WRONG[line] in problem for problem in found), found


def test_check_when_anything_updates_a_state_says_so_inside_the_domain_too():
    for line in (
        "Case.objects.update(state='x')",
        "case.save(update_fields=['state'])",
        "qs.bulk_update(x, fields=['state'])",
    ):
        assert list(problems("casework/domain/anything.py", ast.parse(line)))
