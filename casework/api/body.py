"""JSON as the API takes it: one object, not too deep, numbers that every database can hold."""

import json
import math
from typing import Any, NoReturn

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.parser import Parser

from casework.domain.errors import InvalidInput

DEEPEST = 32
LARGEST = 2**63 - 1


class StrictJson(Parser):
    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        return read_json(request.body)


def read_json(raw: bytes) -> dict[str, Any]:
    """The object in `raw`, or InvalidInput."""
    try:
        content = json.loads(
            raw.decode("utf-8"), parse_constant=_no_number, parse_int=_whole, parse_float=_finite,
        )  # fmt: skip
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        raise _invalid("not_json", _("it is not JSON (%(problem)s)") % {"problem": str(error)[:200]}) from None
    if not isinstance(content, dict):
        raise _invalid("not_an_object", _("it is JSON, but not an object {…}"))
    _check_depth(content)
    return content


def _check_depth(content: Any) -> None:
    level = [content]
    for _depth in range(DEEPEST):
        level = [
            item for value in level if isinstance(value, dict | list)
            for item in (value.values() if isinstance(value, dict) else value)
        ]  # fmt: skip
        if not level:
            return
    if any(isinstance(value, dict | list) for value in level):
        raise _too_deep()


def _whole(text: str) -> int:
    if len(text) > 20 or abs(int(text)) > LARGEST:
        raise ValueError(_("a number of more than 64 bits"))
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(_("a number beyond all bounds"))
    return number


def _no_number(name: str) -> NoReturn:
    raise ValueError(_("%(name)s is no number") % {"name": name})


def _too_deep() -> InvalidInput:
    return _invalid("too_deep", _("it is nested more than %(most)d levels deep") % {"most": DEEPEST})


def _invalid(code: str, words: str) -> InvalidInput:
    return InvalidInput(
        _("Expected a JSON object in the body, but %(problem)s; correct it and try again") % {"problem": words},
        problems=[{"field": "body", "code": code, "message": words}],
    )
