"""What the sources of a case type name in calls such as Notify("ruled"), read from the sources themselves."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.apps import apps

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("casework", "workflows", "demo")


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def product_files() -> list[Path]:
    """Every Python file of the product, migrations left out."""
    files = (file for name in SOURCES for file in sorted((ROOT / name).rglob("*.py")))
    return [file for file in files if "migrations" not in file.parts]


def files_of(app: str) -> list[Path]:
    return sorted(Path(apps.get_app_config(app).path).rglob("*.py"))


def calls(file: Path, name: str) -> Iterator[ast.Call]:
    """Calls of a function or method of that name in the file."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == name:
            yield node


def strings(node: ast.AST) -> set[str]:
    """Every text that stands in an expression: both branches of a condition, too."""
    return {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def outcomes(node: ast.AST) -> set[str]:
    """The texts an expression may come to; a condition's test is no outcome."""
    if isinstance(node, ast.IfExp):
        return outcomes(node.body) | outcomes(node.orelse)
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


def named(app: str, call: str, position: int = 0) -> set[str]:
    """The names that a case type passes at that position of calls of that name."""
    found: set[str] = set()
    for file in files_of(app):
        for node in calls(file, call):
            if len(node.args) > position:
                found |= outcomes(node.args[position])
    return found


def keywords(app: str, call: str, name: str) -> set[str]:
    """The texts that a case type passes as that keyword of calls of that name."""
    found: set[str] = set()
    for file in files_of(app):
        for node in calls(file, call):
            for keyword in node.keywords:
                if keyword.arg == name:
                    found |= strings(keyword.value)
    return found
