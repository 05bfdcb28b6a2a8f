"""What is wrong with a form, in the reader's language: pydantic says it in English only."""

from typing import Any, NoReturn

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from casework.domain.errors import InvalidInput

SHOWN_AT_MOST = 5

_TEXT = gettext_lazy("it is not text; write it as text")
_OBJECT = gettext_lazy("it is no object; give one with named fields")
_WHOLE = gettext_lazy("it is no whole number; write one such as 7")
_YES_OR_NO = gettext_lazy("it is neither true nor false; give one of the two")
_DAY = gettext_lazy("it is no day; write one such as 2026-11-03")
_HOUR = gettext_lazy("it is no time of day; write one such as 10:00")
_MOMENT = gettext_lazy("it is no time; write day, time and offset such as 2026-11-03T10:00:00+08:00")
_CHOICE = gettext_lazy("it is none of %(expected)s; choose one of these")
_LONG = gettext_lazy("it has more than %(max_length)d characters; shorten it")
_SHORT = gettext_lazy("it has fewer than %(min_length)d characters; write more")

# pydantic's error types -> words; what stands in %()s is in the error's own context.
WORDS = {
    "missing": gettext_lazy("it is missing; add it"),
    "extra_forbidden": gettext_lazy("there is no such field; correct its name or leave it out"),
    "none_required": gettext_lazy("nothing belongs here; leave it out"),
    "invalid_key": gettext_lazy("its name is not text; write it as text"),
    "string_type": _TEXT,
    "string_sub_type": _TEXT,
    "string_unicode": _TEXT,
    "string_too_long": _LONG,
    "string_too_short": _SHORT,
    "string_pattern_mismatch": gettext_lazy("it does not have the form %(pattern)s; correct it"),
    "list_type": gettext_lazy("it is no list; give a list"),
    "too_long": gettext_lazy("it has more than %(max_length)d entries; remove some"),
    "too_short": gettext_lazy("it has fewer than %(min_length)d entries; add some"),
    "dict_type": _OBJECT,
    "mapping_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "literal_error": _CHOICE,
    "enum": _CHOICE,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": gettext_lazy("the number is too large; write a smaller one"),
    "bool_type": _YES_OR_NO,
    "bool_parsing": _YES_OR_NO,
    "greater_than": gettext_lazy("it is not above %(gt)s; write a larger number"),
    "greater_than_equal": gettext_lazy("it is below %(ge)s; write a larger number"),
    "less_than": gettext_lazy("it is not below %(lt)s; write a smaller number"),
    "less_than_equal": gettext_lazy("it is above %(le)s; write a smaller number"),
    "date_type": _DAY,
    "date_parsing": _DAY,
    "date_from_datetime_parsing": _DAY,
    "date_from_datetime_inexact": _DAY,
    "time_type": _HOUR,
    "time_parsing": _HOUR,
    "datetime_type": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "datetime_object_invalid": _MOMENT,
    "timezone_aware": gettext_lazy("the offset from UTC is missing; add one such as +08:00"),
    "uuid_type": gettext_lazy("it is no id; copy it as it was shown"),
    "uuid_parsing": gettext_lazy("it is no id; copy it as it was shown"),
}


def problems_of(error: ValidationError) -> list[dict[str, Any]]:
    """[{"field": "criteria.0.value", "code": "off_step", "message": …}], in the order of the form."""
    return [
        {
            "field": ".".join(str(part) for part in detail["loc"]) or "data",
            "code": (detail.get("ctx") or {}).get("code") or detail["type"],
            "message": words_of(detail),
        }
        for detail in error.errors(include_url=False, include_input=False)
    ]


def words_of(detail: ErrorDetails) -> str:
    """The form's own words if it raised the error, else those above; a type that is new to us keeps pydantic's."""
    context = detail.get("ctx") or {}
    if "words" in context:
        return str(context["words"])
    if detail["type"] not in WORDS:
        return str(context.get("error") or detail["msg"])
    if "expected" in context:
        context = {**context, "expected": _plain_list(str(context["expected"]))}
    return str(WORDS[detail["type"]]) % context


def _plain_list(expected: str) -> str:
    """Pydantic's `'a', 'b' or 'c'` without its English."""
    return expected.replace("' or '", "', '").replace("', '", _(", ")).strip("'")


def problem(field: str, code: str, message: Any) -> dict[str, Any]:
    """One thing that is wrong with one field."""
    return {"field": field, "code": code, "message": str(message)}


def refuse(field: str, code: str, words: Any) -> NoReturn:
    """InvalidInput for the one thing that is wrong."""
    raise invalid([problem(field, code, words)])


def invalid(problems: list[dict[str, Any]]) -> InvalidInput:
    """The refusal that names the first problems in its text and carries them all."""
    said = (
        _("%(field)s: %(message)s") % {**problem, "message": str(problem["message"]).rstrip(".。")}
        for problem in problems[:SHOWN_AT_MOST]
    )
    return InvalidInput(
        _("Expected valid data, but %(problems)s. Correct it and try again") % {"problems": _("; ").join(said)},
        problems=problems,
    )
