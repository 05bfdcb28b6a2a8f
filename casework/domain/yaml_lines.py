"""YAML read strictly, with the line of every value kept for messages.

Stricter than YAML: what two readers may understand differently (floats, `yes`, 010, duplicate keys, anchors,
tags) is refused, so that the digest of a policy means what its author sees.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

LARGEST_FILE = 1_000_000
DEEPEST = 40
NOT_TEXT = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
TAG = "tag:yaml.org,2002:"
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Place = tuple[str | int, ...]


@dataclass(frozen=True)
class YamlProblem:
    """One thing wrong with a file: where, what, and what to do about it. Lines count from 1."""

    file: str
    line: int | None
    path: str
    message: str
    next_step: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        said = f"{self.path}: {self.message}" if self.path else self.message
        return f"{place}: {said}; {self.next_step}"


@dataclass(frozen=True)
class YamlFile:
    name: str
    data: Any
    lines: dict[Place, int]
    above: Place = ()

    @property
    def stem(self) -> str:
        return self.name.removesuffix(".yaml")

    def has(self, path: Place) -> bool:
        return (*self.above, *path) in self.lines

    def below(self, key: str) -> YamlFile:
        """The same file for paths that are counted from `key`."""
        return YamlFile(self.name, self.data, self.lines, (*self.above, key))

    def problem(self, path: Place, message: str, next_step: str) -> YamlProblem:
        """A problem at the line of `path`, or of the nearest thing above it that stands in the file."""
        whole = (*self.above, *path)
        near = (self.lines[whole[:end]] for end in range(len(whole), -1, -1) if whole[:end] in self.lines)
        return YamlProblem(self.name, next(near, None), path_in_words(whole), message, next_step)


Read = tuple[YamlFile | None, list[YamlProblem]]


def path_in_words(path: Place) -> str:
    """('clocks', 'screen', 'warn_at', 0) -> 'clocks.screen.warn_at[0]'."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def read_yaml(path: Path) -> Read:
    """The file's data in NFC with the lines of its values. With problems the file is None: values that
    could not be read would only raise false complaints further on."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        said = f"cannot be read: {error.strerror}"
        return None, [YamlProblem(path.name, None, "", said, "check its rights")]
    if len(raw) > LARGEST_FILE:
        return None, [YamlProblem(path.name, None, "", f"is larger than {LARGEST_FILE} bytes", "shorten it")]
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return None, [YamlProblem(path.name, line, "", "is not UTF-8", "save it as UTF-8")]
    return parse_yaml(path.name, text)


def parse_yaml(name: str, text: str) -> Read:
    """As `read_yaml`, for text that was read already."""
    if strange := NOT_TEXT.search(text):
        line = text.count("\n", 0, strange.start()) + 1
        return None, [YamlProblem(name, line, "", f"holds the character {strange.group()!r}", "remove it")]
    try:
        if forbidden := next(_forbidden_in(name, text), None):
            return None, [forbidden]
        root = yaml.compose(text, Loader=Loader)
    except yaml.MarkedYAMLError as error:
        return None, [_not_yaml(name, error)]
    if root is None:
        return None, [YamlProblem(name, 1, "", "is empty", "fill it or remove it")]
    file = YamlFile(name, None, {})
    problems: list[YamlProblem] = []
    data = _value(root, (), file, problems)
    return (None, problems) if problems else (YamlFile(name, data, file.lines), [])


def _not_yaml(name: str, error: yaml.MarkedYAMLError) -> YamlProblem:
    begun = f", begun in line {error.context_mark.line + 1}" if error.context_mark else ""
    said = " ".join(part for part in (error.context, error.problem) if part)
    line = error.problem_mark.line + 1 if error.problem_mark else None
    return YamlProblem(name, line, "", f"is not YAML: {said}{begun}", "correct the line")


def _forbidden_in(name: str, text: str) -> Iterator[YamlProblem]:
    """Looked for before the tree is built: aliases can make it endless, depth can exhaust the stack."""
    depth = 0
    for event in yaml.parse(text, Loader=Loader):
        line = event.start_mark.line + 1 if event.start_mark else None
        if anchor := getattr(event, "anchor", None):
            said = f"uses the anchor {anchor!r}"
            yield YamlProblem(name, line, "", said, "write it out, or use same_as")
        if tag := getattr(event, "tag", None):
            yield YamlProblem(name, line, "", f"uses the tag {tag!r}", "write the plain value")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            yield YamlProblem(name, line, "", f"is nested deeper than {DEEPEST}", "make it flatter")


def _value(node: yaml.Node, path: Place, file: YamlFile, problems: list[YamlProblem]) -> Any:
    file.lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, file, problems)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, place), file, problems) for place, item in enumerate(node.value)]
    return _scalar(node, path, file, problems)


def _mapping(node: yaml.MappingNode, path: Place, file: YamlFile, problems: list[YamlProblem]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line, key = key_node.start_mark.line + 1, key_node.value
        if key_node.tag != f"{TAG}str" or NOT_TEXT.search(key):
            said = f"the key {key!r} is not read as text"
            problems.append(YamlProblem(file.name, line, path_in_words(path), said, "put it in quotes"))
            continue
        key = unicodedata.normalize("NFC", key)
        below = (*path, key)
        if key in result:
            said = f"stands in line {file.lines[below]} already"
            problems.append(YamlProblem(file.name, line, path_in_words(below), said, "keep one of them"))
            continue
        file.lines[below] = line
        result[key] = _value(value_node, below, file, problems)
    return result


def _scalar(node: yaml.Node, path: Place, file: YamlFile, problems: list[YamlProblem]) -> Any:
    kind, written = node.tag.removeprefix(TAG), node.value
    if kind in ("str", "timestamp") and NOT_TEXT.search(written) is None:
        return unicodedata.normalize("NFC", written)
    if kind == "int" and re.fullmatch(r"-?(0|[1-9][0-9]{0,14})", written):
        return int(written)
    if kind == "bool" and written in ("true", "false"):
        return written == "true"
    if kind == "null" and written in ("", "null", "~"):
        return None
    said = f"{written!r} may be read in more than one way"
    problems.append(file.problem(path, said, "put it in quotes, or write true, false or a whole number"))
    return None
