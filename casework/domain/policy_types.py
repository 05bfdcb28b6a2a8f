"""The values that policy files are made of: lengths of time, codes, and texts in two languages."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, WithJsonSchema

from casework.domain.limits import Limit

WITHIN = r"^[1-9][0-9]{0,3} (workdays?|days?|hours?|minutes?)$"
WARNING = r"^([1-9][0-9]?%|[1-9][0-9]{0,3} (workdays?|days?|hours?|minutes?) before)$"
RUNG = r"^([1-9][0-9]?%|[1-9][0-9]{0,3} (workdays?|days?|hours?|minutes?) (before|after))$"
SOURCE = r"^(designed|handbook S-[0-9]{2,3}(, S-[0-9]{2,3})*)$"
CODE = r"^[a-z][a-z0-9_]*$"
PACK = r"^[a-z][a-z0-9-]*$"


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
RungAt = Annotated[str, _matching(RUNG, "'90%', '1 workday before' or '1 workday after'"), _pattern(RUNG)]
Source = Annotated[str, _matching(SOURCE, "'designed' or 'handbook S-02'"), _pattern(SOURCE)]
Code = Annotated[str, _matching(CODE, "a code in lower case such as 'fact_wrong'"), _pattern(CODE)]
PackName = Annotated[str, _matching(PACK, "the name of a pack such as 'cn-telecom'"), _pattern(PACK)]
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
