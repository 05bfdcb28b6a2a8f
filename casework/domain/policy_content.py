"""What a policy may say: the shape of its files and of the content that a case pins.

Nothing here names a case type. Which clocks, actions, texts and parameters a type has is declared by its
law; `policy_files` holds a policy against it.
"""

from __future__ import annotations

import copy
import re
import string
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    StringConstraints,
    WithJsonSchema,
)

from casework.canonical import canonical_digest
from casework.domain.limits import Limit

WITHIN = r"^[1-9][0-9]{0,3} (workdays?|days?|hours?|minutes?)$"
WARNING = r"^([1-9][0-9]?%|[1-9][0-9]{0,3} (workdays?|days?|hours?|minutes?) before)$"
SOURCE = r"^(designed|handbook S-[0-9]{2,3}(, S-[0-9]{2,3})*)$"
CODE = r"^[a-z][a-z0-9_]*$"


def _matching(pattern: str, expected: str) -> AfterValidator:
    """A check that refuses in words; the pattern itself goes into the schema."""

    def check(value: str) -> str:
        if re.fullmatch(pattern, value) is None:
            raise ValueError(f"expected {expected}, found {value!r}")
        return value

    return AfterValidator(check)


def _within(value: str) -> str:
    if str(Limit.parse(value)) != value:
        raise ValueError(f"expected {str(Limit.parse(value))!r}, found {value!r}")
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"expected a time zone such as 'Asia/Shanghai', found {value!r}") from None
    return value


def _plain_value(value: Any) -> Any:
    whole = isinstance(value, list) and all(isinstance(item, str) for item in value)
    if not (whole or isinstance(value, bool | int | str)):
        raise ValueError("expected yes/no (true, false), a whole number, a text or a list of texts")
    return value


def _pattern(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern})


Within = Annotated[str, AfterValidator(_within), _pattern(WITHIN)]
Warn = Annotated[str, _matching(WARNING, "'50%' or '1 workday before'"), _pattern(WARNING)]
Source = Annotated[str, _matching(SOURCE, "'designed' or 'handbook S-02'"), _pattern(SOURCE)]
Code = Annotated[str, _matching(CODE, "a code in lower case such as 'fact_wrong'"), _pattern(CODE)]
Zone = Annotated[str, AfterValidator(_zone)]
Words = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Plain = Annotated[
    Any,
    AfterValidator(_plain_value),
    WithJsonSchema(
        {"type": ["boolean", "integer", "string", "array"], "items": {"type": "string"}},
    ),
]


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Text(Frozen):
    """One thing said in both languages; `{name}` in it is filled in by the engine."""

    zh: Words
    en: Words

    def placeholders(self) -> dict[str, set[str]]:
        """Names used per language. ValueError for anything but a bare `{name}`: attributes, indexes,
        conversions and formats would let a text reach into objects."""
        return {language: _names_in(words) for language, words in (("zh", self.zh), ("en", self.en))}

    def fill(self, **values: Text | Mapping[str, str] | str) -> dict[str, str]:
        """Both languages with the values put in; a value may itself have two languages.
        ValueError when the text asks for a value that was not given."""
        filled = {}
        for language, words in (("zh", self.zh), ("en", self.en)):
            chosen = {name: _in_language(value, language) for name, value in values.items()}
            try:
                filled[language] = words.format(**chosen)
            except KeyError as missing:
                raise ValueError(f"expected a value for {missing} in the text {words!r}") from None
        return filled


def _names_in(words: str) -> set[str]:
    names = set()
    for _, name, spec, conversion in string.Formatter().parse(words):
        if name is None:
            continue
        if spec or conversion or re.fullmatch(CODE, name) is None:
            raise ValueError(f"expected a bare placeholder such as {{number}}, found {{{name}}}")
        names.add(name)
    return names


def _in_language(value: Text | Mapping[str, str] | str, language: str) -> str:
    if isinstance(value, Text):
        return value.zh if language == "zh" else value.en
    return value if isinstance(value, str) else value[language]


class ClockRule(Frozen):
    """How long one clock of the law runs. `same_as` names a clock of the same file whose limit, warnings,
    calendar and rest it takes over; in a loaded policy they are filled in, and it only says from where."""

    model_config = ConfigDict(
        json_schema_extra=lambda schema: schema.update(
            required=[name for name in schema["required"] if name != "within"],
            anyOf=[{"required": ["within"]}, {"required": ["same_as"]}],
        )
    )

    label: Text
    within: Within
    warn_at: list[Warn] = []
    calendar: Code = "office"
    enabled: bool = True
    source: Source
    minimum_left: Within | None = None
    same_as: Code | None = None


class Parameter(Frozen):
    value: Plain
    source: Source


class Notice(Frozen):
    title: Text
    body: Text


class CaseTypePolicy(Frozen):
    """`<case type>.yaml`."""

    clocks: dict[Code, ClockRule] = {}
    parameters: dict[Code, Parameter] = {}
    labels: dict[Code, dict[Code, Text]] = {}
    texts: dict[Code, Text] = {}
    timeline: dict[Code, Text] = {}
    notices: dict[Code, Notice] = {}

    def value(self, name: str) -> Any:
        """The value of a parameter; KeyError names the parameter that is missing."""
        return self.parameters[name].value

    def label(self, group: str, code: str) -> Text:
        return self.labels[group][code]

    def completed(self, later: CaseTypePolicy) -> CaseTypePolicy:
        """With what only the later one has."""
        labels = {
            group: {**later.labels.get(group, {}), **self.labels.get(group, {})}
            for group in {**later.labels, **self.labels}
        }
        parts = ("clocks", "parameters", "texts", "timeline", "notices")
        return self.model_copy(
            update={part: {**getattr(later, part), **getattr(self, part)} for part in parts} | {"labels": labels}
        )


class Role(Frozen):
    label: Text
    sees: Literal["own", "unit", "all", "none"]
    sees_restricted: bool = False
    leads: bool = False
    decides: bool = False
    source: Source


class Edition(Frozen):
    """Which edition of the policy this is, as documents print it."""

    version: Annotated[int, Field(ge=1)]
    published_on: Annotated[date, Field(strict=False)]
    proof: Text


class LimitWords(Frozen):
    """How a limit is said for each unit; `{n}` is the number."""

    minute: Text
    minutes: Text
    hour: Text
    hours: Text
    day: Text
    days: Text
    workday: Text
    workdays: Text


class Organisation(Frozen):
    """`organisation.yaml`. `calendars` says which file of policies/calendars each calendar is in."""

    name: Text
    time_zone: Zone
    edition: Edition
    calendars: Annotated[dict[Code, Words], Field(min_length=1)]
    limits: LimitWords
    texts: dict[Code, Text] = {}


class Policy(Frozen):
    """One whole policy. Build it with `policy_files.load` or `from_content`; never change what it holds:
    it is shared by every case that pins it."""

    format: Literal[1] = 1
    organisation: Organisation
    roles: dict[Code, Role]
    case_types: dict[Code, CaseTypePolicy]
    _content: dict[str, Any] = PrivateAttr(default_factory=dict)

    @classmethod
    def from_content(cls, content: Mapping[str, Any]) -> Policy:
        """The policy that a stored version holds. Its digest is that of the content as it was stored, also
        when a later release knows more fields. pydantic.ValidationError when it is no policy."""
        kept = copy.deepcopy(dict(content))
        policy = cls.model_validate(kept)
        policy._content = kept
        return policy

    def completed(self, later: Policy) -> Policy:
        """With the roles and case types, and the parts of them, that only the later one has; the digest stays."""
        types = {
            label: self.case_types[label].completed(rules) if label in self.case_types else rules
            for label, rules in later.case_types.items()
        }
        roles = {**later.roles, **self.roles}
        return self.model_copy(update={"case_types": {**self.case_types, **types}, "roles": roles})

    @property
    def content(self) -> dict[str, Any]:
        """A JSON-able copy: text, whole numbers, booleans, lists and objects; never a float."""
        return copy.deepcopy(self._content)

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical content, 64 hex digits."""
        return canonical_digest(self._content)

    def case_type(self, label: str) -> CaseTypePolicy:
        """KeyError, in words, for a case type that this policy says nothing about."""
        if label not in self.case_types:
            known = ", ".join(sorted(self.case_types))
            raise KeyError(f"the policy has no file {label}.yaml; it knows {known}")
        return self.case_types[label]

    def limit_in_words(self, limit: str) -> dict[str, str]:
        """'2 workdays' -> {'zh': '2个工作日', 'en': '2 working days'}, in the organisation's words."""
        amount, unit = limit.split()
        words: Text = getattr(self.organisation.limits, unit)
        return words.fill(n=amount)
