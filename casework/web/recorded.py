"""What stands in the ledger of an act, in the words of the form that asked for it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from casework.domain.policy import current_policy
from casework.domain.wording import spoken
from casework.web.answers import LAST
from casework.web.fields import Shape
from casework.web.templatetags.gongduan import at_second, listed, moment

Line = tuple[str, Any]


def recorded(shapes: Iterable[Shape], data: Mapping[str, Any], app: str) -> list[tuple[str, list[Line]]]:
    """[(title of a row or "", [(label, answer)])], blank answers left out."""
    plain: list[Line] = []
    rows: list[tuple[str, list[Line]]] = []
    for shape in shapes:
        value = data.get(shape.name)
        if shape.kind in ("rows", "entries"):
            rows += [_row(shape, item, number, app) for number, item in enumerate(value or [], start=1)]
        else:
            plain += _lines(shape, value, app)
    return [*rows, *([("", plain)] if plain else [])]


def _row(shape: Shape, item: Mapping[str, Any], number: int, app: str) -> tuple[str, list[Line]]:
    title = str(item.get(shape.key.name, "")) if shape.key else str(number)
    parts = (part for part in shape.fields if part.kind != "key")
    return title, [line for part in parts for line in _lines(part, item.get(part.name), app)]


def _lines(shape: Shape, value: Any, app: str) -> Iterator[Line]:
    if shape.kind in LAST or value is None or value is False or value in ("", []):
        return
    if shape.kind == "group":
        answered = ((part, value.get(part.name)) for part in shape.fields)
        words = [_answer(part, given, app) for part, given in answered if given not in ("", part.default)]
        yield str(shape.ask.label), " · ".join(words)
    elif isinstance(value, list):
        yield str(shape.ask.label), listed(_answer(shape, one, app) for one in value)
    else:
        yield str(shape.ask.label), _answer(shape, value, app)


def _answer(shape: Shape, value: Any, app: str) -> Any:
    if shape.kind == "yes":
        return str(shape.ask.label) if value else _("%(what)s: no") % {"what": shape.ask.label}
    if shape.kind == "seconds":
        return at_second(value)
    if shape.kind == "moment":
        return moment(value)
    label = current_policy().case_type(app).labels.get(str(shape.ask.labels), {}).get(str(value))
    return spoken(label) if label else str(value)
