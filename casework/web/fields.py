"""The fields of an action's form, as its pydantic form asks for them. What only the case knows (rows, people who may be
named, words of codes) is added when a page shows them."""

import types
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, SecretStr
from pydantic_core import PydanticUndefined

from casework.domain.forms import Ask

KINDS: dict[Any, str] = {
    str: "line", bool: "yes", int: "whole", Decimal: "number", date: "day", datetime: "moment", SecretStr: "secret",
}  # fmt: skip
RADIOS_AT_MOST = 7


@dataclass(frozen=True)
class Shape:
    """One field before anybody filled it in. `many`: a list of such; `fields`: those of a group or of each row."""

    name: str
    kind: str
    ask: Ask
    required: bool = True
    many: bool = False
    codes: tuple[str, ...] = ()
    fields: tuple["Shape", ...] = ()
    default: Any = None

    @property
    def key(self) -> "Shape | None":
        """The field that names the row, in lists that have a row for each of something."""
        return next((field for field in self.fields if field.kind == "key"), None)


@cache
def shapes_of(form: type[BaseModel]) -> tuple[Shape, ...]:
    """The fields of the form, in its order."""
    hints = get_type_hints(form, include_extras=True)
    return tuple(_shape(name, hints[name], field) for name, field in form.model_fields.items())


def _shape(name: str, hint: Any, field: Any) -> Shape:
    shape = _of_type(Shape(name=name, kind="", ask=Ask()), hint)
    default = None if field.default is PydanticUndefined else field.default
    return replace(shape, required=shape.required and field.is_required(), default=default)


def _of_type(shape: Shape, hint: Any) -> Shape:
    """The shape with what the type says; words nearest to the field win."""
    if get_origin(hint) is Annotated:
        inner, *said = get_args(hint)
        for ask in reversed([extra for extra in said if isinstance(extra, Ask)]):
            shape = replace(shape, ask=_first_said(shape.ask, ask))
        return _of_type(shape, inner)
    if get_origin(hint) in (Union, types.UnionType):
        [inner] = [part for part in get_args(hint) if part is not type(None)]
        return _of_type(replace(shape, required=False), inner)
    if get_origin(hint) is list:
        return _of_type(replace(shape, many=True), get_args(hint)[0])
    if get_origin(hint) is Literal:
        return replace(shape, kind="choice", codes=get_args(hint))
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        fields = shapes_of(hint)
        keyed = any(field.kind == "key" for field in fields)
        return replace(shape, kind=("rows" if keyed else "entries") if shape.many else "group", fields=fields)
    kind = shape.ask.kind or KINDS.get(hint, "")
    if not kind:
        raise TypeError(f"no field asks for {shape.name}: {hint!r}; give it an Ask(kind=…) or another type")
    return replace(shape, kind=kind)


def _first_said(ask: Ask, other: Ask) -> Ask:
    return Ask(**{name: getattr(ask, name) or getattr(other, name) for name in vars(ask)})


@dataclass
class Option:
    value: str
    label: str
    chosen: bool = False


@dataclass
class Field:
    """One field as a page shows it, with what was answered (`values`) and what is wrong with that."""

    name: str
    kind: str
    label: str
    hint: str = ""
    required: bool = True
    many: bool = False
    values: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    fields: tuple["Field", ...] = ()
    rows: tuple["Row", ...] = ()
    error: str = ""
    shown_with: str = ""
    within: str = ""
    most: str = ""
    step: str = ""

    @property
    def id(self) -> str:
        return "f-" + self.name.replace(".", "-")

    @property
    def value(self) -> str:
        return self.values[0] if self.values else ""

    @property
    def rows_first(self) -> list["Row"]:
        """Those that anybody comes for, and whatever is ticked or wrong."""
        return [row for row in self.rows if not row.aside]

    @property
    def rows_aside(self) -> list["Row"]:
        return [row for row in self.rows if row.aside]

    @property
    def typed(self) -> str:
        """What stands in the box of a number that has options beside it."""
        return "" if any(option.value == self.value for option in self.options) else self.value

    @property
    def as_select(self) -> bool:
        return len(self.options) > RADIOS_AT_MOST

    @property
    def title(self) -> str:
        """Where it stands, for the list of what is wrong."""
        return f"{self.within} · {self.label}" if self.within else self.label

    @property
    def described_by(self) -> str:
        parts = [f"{self.id}-hint"] * bool(self.hint) + [f"{self.id}-error"] * bool(self.error)
        return " ".join(parts)

    @property
    def answered(self) -> str:
        """The answer in words, as the page that asks to check it shows it."""
        if self.kind == "choice" or (self.kind == "points" and any(o.chosen for o in self.options)):
            return " · ".join(option.label for option in self.options if option.chosen)
        return self.value

    @property
    def leads_to(self) -> str:
        """What a link to the field puts the cursor on."""
        if self.rows:
            return self.rows[0].id if not self.rows[0].needed else f"{self.id}-title"
        return f"{self.id}-1" if self.kind == "choice" and not self.as_select else self.id


@dataclass
class Row:
    """One of the things a list asks about, such as a criterion."""

    name: str
    key: str
    title: str
    facts: tuple[dict[str, Any], ...] = ()
    needed: bool = False
    ticked: bool = False
    critical: bool = False
    full: bool = False
    fields: tuple[Field, ...] = ()
    error: str = ""

    @property
    def id(self) -> str:
        return "f-" + self.name.replace(".", "-")

    @property
    def aside(self) -> bool:
        return self.full and not (self.ticked or self.error)

    @property
    def leads_to(self) -> str:
        return self.id


@dataclass(frozen=True)
class Known:
    """What the case adds to a form's fields: rows, the people who may be named, and the words of codes."""

    rows: list[dict[str, Any]] | None
    choices: dict[str, list[dict[str, Any]]]
    words: Callable[[str, str], str]

    def by_key(self) -> dict[str, dict[str, Any]]:
        return {row["key"]: row for row in self.rows or []}


def every(fields: tuple[Field, ...]) -> dict[str, Field | Row]:
    """All fields and rows by name, those of rows and groups too."""
    found: dict[str, Field | Row] = {}
    for field in fields:
        found[field.name] = field
        found |= every(field.fields)
        for row in field.rows:
            found[row.name] = row
            found |= every(row.fields)
    return found
