"""Whatever is wrong with a form is said in the reader's language, with what to do about it."""

import re
from collections.abc import Iterator
from datetime import date, datetime, time
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from django.utils import translation
from pydantic import AwareDatetime, BaseModel, Field, ValidationError
from pydantic_core import PydanticCustomError

from casework.domain.decide import parse
from casework.domain.errors import InvalidInput
from casework.domain.form_words import WORDS, problems_of
from casework.domain.forms import Form, Reasons
from casework.domain.law import laws

CHINESE = re.compile(r"[\u4e00-\u9fff]")
HOSTILE: list[Any] = [
    None, True, -1, 10**30, 1.5, "", "x", "\x00", "\ud800", "二", "x" * 20_001, "2026-13-01", "2026-11-03T10:00:00",
    [], [1], [[]], [None] * 300, {}, {"x": 1}, {1: 1}, {"A1": {}}, {"A1": None}, b"x", object(),
]  # fmt: skip


def refused(form: type[BaseModel], data: dict[str, Any]) -> list[dict[str, Any]]:
    try:
        parse(form, data)
    except InvalidInput as refusal:
        return refusal.problems
    return []


def nested(form: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """The form and every form inside it."""
    yield form
    for field in form.model_fields.values():
        waiting = [field.annotation]
        while waiting:
            kind = waiting.pop()
            waiting += getattr(kind, "__args__", ())
            if isinstance(kind, type) and issubclass(kind, BaseModel) and kind is not form:
                yield from nested(kind)


@pytest.mark.parametrize("label", list(laws()))
def test_no_form_of_a_case_type_answers_in_english(label: str) -> None:
    """Every field of every form, nested ones too, under every hostile value."""
    forms = {inner for spec in laws()[label].actions.values() for inner in nested(spec.form)}
    english = set()
    with translation.override("zh-hans"):
        for form in forms:
            for data in [{}, {"nonsense": 1}, *({name: value} for name in form.model_fields for value in HOSTILE)]:
                for problem in refused(form, data):
                    if not CHINESE.search(problem["message"]):
                        english.add((form.__name__, problem["field"], problem["code"], problem["message"]))
    assert not english


class Colour(Enum):
    RED = "red"


class Everything(Form):
    number: Annotated[int, Field(gt=0, lt=10)] = 1
    within: Annotated[int, Field(ge=1, le=9)] = 1
    flag: bool = False
    words: Annotated[str, Field(min_length=2, max_length=3)] = "ok"
    code: Annotated[str, Field(pattern="^[A-Z]$")] = "A"
    items: Annotated[list[int], Field(min_length=1, max_length=2)] = [1]
    named: dict[str, int] = {}
    one: Literal["a", "b", "c"] = "a"
    colour: Colour = Colour.RED
    day: date = date(2026, 11, 3)
    hour: time = time(10)
    moment: datetime = datetime(2026, 11, 3)
    exact: AwareDatetime | None = None
    key: UUID | None = None
    nothing: None = None


@pytest.mark.parametrize(
    ("data", "code", "english", "chinese"),
    [
        ({"number": 0}, "greater_than", "it is not above 0; write a larger number", "应大于0，请填写较大的数"),
        ({"number": 10}, "less_than", "it is not below 10; write a smaller number", "应小于10，请填写较小的数"),
        ({"within": 0}, "greater_than_equal", "it is below 1; write a larger number", "小于1，请填写较大的数"),
        ({"within": 99}, "less_than_equal", "it is above 9; write a smaller number", "大于9，请填写较小的数"),
        ({"number": "x"}, "int_parsing", "it is no whole number; write one such as 7", "不是整数，请填写整数，如7"),
        ({"words": "x"}, "string_too_short", "it has fewer than 2 characters; write more", "不足2个字符，请补充"),
        ({"words": "long"}, "string_too_long", "it has more than 3 characters; shorten it", "超过3个字符，请缩短"),
        ({"items": []}, "too_short", "it has fewer than 1 entries; add some", "不足1项，请补充"),
        ({"items": [1, 2, 3]}, "too_long", "it has more than 2 entries; remove some", "超过2项，请删减"),
        ({"one": "d"}, "literal_error", "it is none of a, b, c; choose one of these", "不属于a、b、c，请从中选择"),
        ({"colour": 1}, "enum", "it is none of red; choose one of these", "不属于red，请从中选择"),
        ({"misspelt": 1}, "extra_forbidden", "there is no such field; correct its name or leave it out",
         "没有该字段，请更正字段名，或者删去"),
    ],
)  # fmt: skip
def test_words_name_what_was_expected(data: dict[str, Any], code: str, english: str, chinese: str) -> None:
    for language, words in (("en", english), ("zh-hans", chinese)):
        with translation.override(language):
            (problem,) = refused(Everything, data)
        assert (problem["field"], problem["code"], problem["message"]) == (*data, code, words)


def test_known_types_are_pydantics_and_can_be_filled() -> None:
    """A type misspelt here would leave its error in English."""
    types = {
        problem["code"]
        for name in Everything.model_fields
        for value in [*HOSTILE, 0, 99, "2026-11-03T10:00:00.5", "25:00", UUID(int=0), date(2026, 11, 3)]
        for problem in refused(Everything, {name: value})
    }
    assert len(types) > 30
    assert types <= set(WORDS)


def test_own_words_of_a_form_come_first() -> None:
    class WithReasons(Form):
        reasons: Reasons

    with translation.override("zh-hans"):
        (problem,) = refused(WithReasons, {"reasons": "x" * 20_001})
    assert (problem["code"], problem["message"]) == ("too_long", "共20001个字符，超过上限；最多20000个")


def test_unknown_type_keeps_the_words_it_came_with() -> None:
    new = PydanticCustomError("quite_new", "Something pydantic may learn to say")
    error = ValidationError.from_exception_data("Form", [{"type": new, "loc": ("a", 0), "input": 1}])
    assert problems_of(error) == [
        {"field": "a.0", "code": "quite_new", "message": "Something pydantic may learn to say"}
    ]


def test_refusal_names_at_most_five_problems_and_carries_all() -> None:
    many = {f"nonsense{number}": 1 for number in range(9)}
    with translation.override("zh-hans"), pytest.raises(InvalidInput) as refusal:
        parse(Everything, many)
    assert len(refusal.value.problems) == 9
    assert str(refusal.value).startswith("所填内容有误：nonsense0：没有该字段，")
    assert str(refusal.value).count("没有该字段") == 5
