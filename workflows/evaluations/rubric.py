"""A rubric (评分表): versioned data that says what is scored, with how many points, and what passes."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Literal, Self

import yaml
from django.utils.translation import gettext_lazy as _
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    model_validator,
)

from casework.canonical import canonical_digest
from casework.imports.problems import Problem

DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
DEPTH_AT_MOST = 20
Path = tuple[str | int, ...]


def decimal_text(number: Decimal) -> str:
    """The one way a number is written: no exponent, no trailing zero, no "-0" ("5", "0.5", "100")."""
    return f"{number.normalize():f}" if number else "0"


def _only_iso(value: object) -> object:
    # pydantic would also take a number, as seconds since 1970.
    if isinstance(value, str) and not DAY.fullmatch(value):
        raise ValueError("a day is written like 2026-09-01")
    return value


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


Number = Annotated[Decimal, Field(ge=0, le=1000, decimal_places=4), PlainSerializer(decimal_text)]
Day = Annotated[date, BeforeValidator(_only_iso)]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")]
Words = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_nfc)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Label(_Frozen):
    """One text in the two languages of the documents."""

    zh: Words
    en: Words


class Criterion(_Frozen):
    """What is judged: `normal` with points, or `critical` (致命项) without, whose failure makes the score 0.

    `cls` says who owns the improvement: conduct (服务素质) or ability (服务能力), S-11 and S-12.
    """

    code: Code
    points: Number
    kind: Literal["normal", "critical"]
    cls: Literal["ability", "conduct"] = Field(alias="class")
    not_applicable: bool = False
    name: Label

    @property
    def is_critical(self) -> bool:
        return self.kind == "critical"

    @model_validator(mode="after")
    def _points_fit_the_kind(self) -> Self:
        if self.is_critical and self.points:
            raise ValueError(f"{self.code} is critical, so it has 0 points")
        if not self.is_critical and not self.points:
            raise ValueError(f"{self.code} is normal, so it needs points")
        return self


class Category(_Frozen):
    code: Code
    name: Label
    criteria: tuple[Criterion, ...] = Field(min_length=1)


class Rubric(_Frozen):
    """One version of a rubric, complete and checked; it never changes once something was scored under it.

    `bands` are the bounds of the score bands, half-open, the last one closed. Scores come in steps of `step`.
    """

    code: Code
    version: int = Field(ge=1, le=32767)
    name: Label
    pass_mark: Number
    published_on: Day
    in_force_from: Day
    proof: Label
    step: Number
    bands: tuple[Number, ...]
    categories: tuple[Category, ...] = Field(min_length=1)

    @cached_property
    def criteria(self) -> dict[str, Criterion]:
        """The criteria by code, in the order of the rubric."""
        return {criterion.code: criterion for category in self.categories for criterion in category.criteria}

    def criterion(self, code: str) -> Criterion:
        """The criterion of that code; KeyError when the rubric has none."""
        return self.criteria[code]

    def content(self) -> dict[str, Any]:
        """The whole rubric as plain JSON, numbers as text; `from_content` gives back an equal rubric."""
        return self.model_dump(mode="json", by_alias=True)

    @classmethod
    def from_content(cls, content: dict[str, Any]) -> Self:
        """The rubric `content` was made from; pydantic's ValidationError (a ValueError) if there is none."""
        return cls.model_validate(content)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the content as canonical JSON; equal for equal rubrics, however written."""
        return canonical_digest(self.content())

    def in_force_at(self, day: date) -> bool:
        """Whether this version had come into force by `day`; a later version may have replaced it since."""
        return self.in_force_from <= day

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        listed = [criterion for category in self.categories for criterion in category.criteria]
        codes = [criterion.code for criterion in listed]
        if twice := sorted({code for code in codes if codes.count(code) > 1}):
            raise ValueError(f"criterion {twice[0]} stands there twice")
        if not self.step:
            raise ValueError("step is above 0")
        if uneven := [criterion.code for criterion in listed if criterion.points % self.step]:
            raise ValueError(f"the points of {uneven[0]} are not a multiple of step")
        if all(criterion.is_critical for criterion in listed):
            raise ValueError("at least one criterion is normal")
        if list(self.bands) != sorted(set(self.bands)) or self.bands[:1] != (0,) or self.bands[-1] != 100:
            raise ValueError("bands rise from 0 to 100")
        if not 0 < self.pass_mark <= 100:
            raise ValueError("pass_mark is above 0 and at most 100")
        if self.published_on > self.in_force_from:
            raise ValueError("a rubric is published before it comes into force")
        return self


def rubric_in_force(rubrics: Iterable[Rubric], code: str, day: date) -> Rubric | None:
    """The version of `code` that is in force on `day`: the last one to have come into force."""
    begun = [rubric for rubric in rubrics if rubric.code == code and rubric.in_force_at(day)]
    return max(begun, key=lambda rubric: rubric.in_force_from, default=None)


class RubricProblems(ValueError):
    """The rubrics cannot be used; `problems` says why, with line and path (as column)."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(f"{problem.line}: {problem.column}: {problem.message}" for problem in problems))


def parse_rubrics(text: str) -> list[Rubric]:
    """The rubrics of a YAML text (a list of them), in its order; RubricProblems if anything is wrong.

    Aliases, repeated keys and unknown keys are refused. Numbers are read as written, never as floats.
    """
    lines: dict[Path, int] = {}
    items = _plain(_compose(text), (), lines)
    if not isinstance(items, list) or not items:
        message = _("Expected a list of rubrics, but there is none. Begin each with “- code:”.")
        raise RubricProblems([Problem.at(1, None, "not_a_list", message)])
    rubrics: list[Rubric] = []
    problems: list[Problem] = []
    for place, item in enumerate(items):
        try:
            rubric = Rubric.model_validate(item)
        except ValidationError as error:
            problems += _from_pydantic(error, place, lines)
            continue
        for other in rubrics:
            if other.code == rubric.code and (
                other.version == rubric.version or other.in_force_from == rubric.in_force_from
            ):
                message = _("Expected versions with numbers and days in force of their own. Change one.")
                problems.append(Problem.at(lines[(place,)], "version", "same_version", message).about(rubric.code))
        rubrics.append(rubric)
    if problems:
        raise RubricProblems(problems)
    return rubrics


def _compose(text: str) -> yaml.Node:
    try:
        _refuse_bombs(text)
        return yaml.compose(text, Loader=yaml.SafeLoader) or yaml.ScalarNode("", "")
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        message = _("Expected YAML, but it cannot be read: {reason}. Correct it.")
        reason = str(getattr(error, "problem", None) or error)
        line = mark.line + 1 if mark else None
        raise RubricProblems([Problem.at(line, None, "not_yaml", message, reason=reason)]) from None


def _refuse_bombs(text: str) -> None:
    """A few nested aliases unfold into gigabytes, and deep nesting exhausts the stack."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or depth > DEPTH_AT_MOST:
            message = _("Expected neither aliases nor deep nesting, but here is one. Write it out plainly.")
            line = event.start_mark.line + 1 if event.start_mark else None
            raise RubricProblems([Problem.at(line, None, "alias_or_depth", message)])


def _plain(node: yaml.Node, path: Path, lines: dict[Path, int]) -> Any:
    """The node as lists, dicts and text; notes the line of every path."""
    lines.setdefault(path, node.start_mark.line + 1 if node.start_mark else 1)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(child, (*path, place), lines) for place, child in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return node.value
    found: dict[str, Any] = {}
    for key, child in node.value:
        name = str(key.value)
        if name in found:
            message = _("Expected each key once, but “{name}” stands there twice. Remove one.")
            raise RubricProblems([Problem.at(key.start_mark.line + 1, name, "duplicate_key", message, name=name)])
        found[name] = _plain(child, (*path, name), lines)
        lines[(*path, name)] = key.start_mark.line + 1
    return found


def _from_pydantic(error: ValidationError, place: int, lines: dict[Path, int]) -> list[Problem]:
    problems = []
    for detail in error.errors(include_url=False, include_context=False):
        path: Path = (place, *detail["loc"])
        while path not in lines:
            path = path[:-1]
        column = ".".join(str(part) for part in detail["loc"]) or None
        message = _("Expected a rubric as described, but: {reason}. Correct it.")
        reason = detail["msg"].removeprefix("Value error, ")
        problems.append(Problem.at(lines[path], column, detail["type"], message, reason=reason))
    return problems
