"""The offline verifiers run on Python 3.9, as they say. Seen without one: syntax, and those newer names of the standard
library that are listed here. What else is newer (an argument, a method of str or bytes) is not seen."""

import ast
from pathlib import Path

import pytest

from tests.exports_case.conftest import OFFLINE

NEWER = {
    "tomllib": {"*"}, "datetime": {"UTC"}, "enum": {"StrEnum", "verify"}, "hashlib": {"file_digest"},
    "itertools": {"pairwise", "batched"}, "types": {"NoneType", "UnionType", "EllipsisType"},
    "contextlib": {"aclosing", "chdir"}, "inspect": {"get_annotations"}, "sys": {"stdlib_module_names"},
    "typing": {"Self", "assert_never", "TypeAlias", "ParamSpec", "override", "Never", "LiteralString", "Required"},
    "builtins": {"aiter", "anext", "ExceptionGroup", "BaseExceptionGroup", "EncodingWarning"},
}  # fmt: skip


def newer_than_39(source: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(source, feature_version=(3, 9))):
        names = []
        if isinstance(node, ast.Import):
            names = [(alias.name, "*") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [(node.module or "", alias.name) for alias in node.names] + [(node.module or "", "*")]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names = [(node.value.id, node.attr)]
        elif isinstance(node, ast.Name):
            names = [("builtins", node.id)]
        found |= {f"{module}.{name}" for module, name in names if name in NEWER.get(module, ())}
    return found


@pytest.mark.parametrize("file", sorted(OFFLINE.glob("*.py")), ids=lambda file: file.name)
def test_verifier_uses_nothing_newer_than_python_39(file: Path):
    assert newer_than_39(file.read_text()) == set()


@pytest.mark.parametrize("source", [
    "from datetime import UTC", "import datetime\ndatetime.UTC", "import tomllib", "from tomllib import loads",
    "from enum import StrEnum", "from itertools import pairwise", "raise ExceptionGroup('', [])",
])  # fmt: skip
def test_name_newer_than_python_39_is_seen(source: str):
    assert newer_than_39(source)


@pytest.mark.parametrize("source", ["match 1:\n  case 1: pass", "type Id = int", "try: pass\nexcept* ValueError: pass"])
def test_syntax_newer_than_python_39_is_seen(source: str):
    with pytest.raises(SyntaxError):
        newer_than_39(source)
