"""What was posted for the fields that were asked for: shown again as it was typed, and read as an action's data."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import QueryDict
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from casework.domain.wording import bracketed
from casework.web.fields import Field, Known, Option, Row, Shape, every
from casework.web.templatetags.gongduan import at_second

LAST = ("secret", "draft")  # asked for on the last page, or not at all
BLANK_ENTRIES = 3
SEVERAL = re.compile(r"[\s,，、;；]+")
TIME = re.compile(r"(?:(?:(\d{1,3}):)?(\d{1,2}):)?(\d{1,6})", re.ASCII)


@dataclass
class Answers:
    """The data that was given; `problems` are places that could not be read at all, and `order` says which row or entry
    each element of a list came from."""

    data: dict[str, Any] = field(default_factory=dict)
    problems: list[dict[str, Any]] = field(default_factory=list)
    order: dict[str, list[str]] = field(default_factory=dict)


# --- shown


def shown(shapes: Iterable[Shape], known: Known, posted: QueryDict | None) -> tuple[Field, ...]:
    """The fields to fill in, with what was posted, or else with what stands in them at first."""
    return tuple(_shown(shape, shape.name, known, posted, {}, "") for shape in shapes if shape.kind not in LAST)


def _shown(
    shape: Shape, name: str, known: Known, posted: QueryDict | None, row: Mapping[str, Any], within: str
) -> Field:
    asked = row.get("inputs", {}).get(shape.name, {})
    values = _values(shape, name, posted, row.get("defaults", {}))
    made = Field(
        name=name, kind=asked.get("kind", shape.kind), label=str(shape.ask.label), hint=str(shape.ask.hint),
        required=shape.required, many=shape.many, values=values, within=within, most=asked.get("most", ""),
        step=asked.get("step", ""), shown_with=_sibling(name, str(shape.ask.shown_with)),
    )  # fmt: skip
    made.options = tuple(_options(shape, asked, name, known, values, posted))
    if made.options and made.kind == "line":
        made.kind = "choice"
    if shape.kind == "rows":
        made.rows = tuple(_row(shape, name, known, posted, told) for told in known.rows or [])
    elif shape.kind == "entries":
        count = max([BLANK_ENTRIES, *(number + 1 for number in _numbers(name, posted))])
        made.rows = tuple(_entry(shape, f"{name}.{number}", known, posted, number) for number in range(count))
    elif shape.kind == "group" and not asked:
        made.fields = tuple(_shown(part, f"{name}.{part.name}", known, posted, {}, within) for part in shape.fields)
    return made


def _row(shape: Shape, name: str, known: Known, posted: QueryDict | None, told: dict[str, Any]) -> Row:
    place = f"{name}.{told['key']}"
    within = f"{told['key']} {told['title']}"
    fields = (
        _shown(part, f"{place}.{part.name}", known, posted, told, within) for part in shape.fields if part.kind != "key"
    )
    return Row(
        name=place, key=told["key"], title=told["title"], facts=tuple(told["facts"]), needed=told["needed"],
        ticked=told["needed"] or (posted is not None and place in posted), critical=told.get("critical", False),
        full=told.get("full", False), fields=tuple(fields),
    )  # fmt: skip


def _entry(shape: Shape, place: str, known: Known, posted: QueryDict | None, number: int) -> Row:
    title = str(number + 1)
    fields = (_shown(part, f"{place}.{part.name}", known, posted, {}, title) for part in shape.fields)
    return Row(name=place, key="", title=title, needed=True, ticked=True, fields=tuple(fields))


def _values(shape: Shape, name: str, posted: QueryDict | None, defaults: Mapping[str, Any]) -> tuple[str, ...]:
    if posted is not None:
        return tuple(posted.getlist(name))
    value = defaults.get(shape.name, "" if shape.default is None or shape.fields or shape.many else shape.default)
    if isinstance(value, bool):
        return ("yes",) if value else ()
    if isinstance(value, list):
        return (", ".join(at_second(v) if shape.kind == "seconds" else str(v) for v in value),) if value else ()
    return (str(value),) if value != "" else ()


def _options(
    shape: Shape, asked: Mapping[str, Any], name: str, known: Known, values: tuple[str, ...], posted: QueryDict | None
) -> Iterable[Option]:
    chosen = set(values) | (set(posted.getlist(f"{name}.instead")) if posted is not None else set())
    if asked:
        return [Option(value, str(label), value in chosen) for value, label, _means in asked["options"]]
    if people := known.choices.get(name):
        return [Option(p["no"], p.get("label") or p["name"] + bracketed(p["no"]), p["no"] in chosen) for p in people]
    codes = [(code, known.words(shape.ask.labels or shape.name, code)) for code in shape.codes]
    return [Option(code, label, code in chosen) for code, label in codes]


def _sibling(name: str, shown_with: str) -> str:
    """`decision=other` as the whole name of that field: `criteria.QC4.decision=other`."""
    return f"{name.rpartition('.')[0]}.{shown_with}".removeprefix(".") if shown_with else ""


def _numbers(name: str, posted: QueryDict | None) -> set[int]:
    found = (re.match(rf"{re.escape(name)}\.(\d{{1,3}})\.", key) for key in posted or ())
    return {int(match.group(1)) for match in found if match}


# --- read


def read(shapes: Iterable[Shape], known: Known, posted: QueryDict) -> Answers:
    """The data for perform(); what was left blank is left out, so that the form itself says what is missing."""
    answers = Answers()
    for shape in shapes:
        _read(shape, shape.name, known, posted, {}, answers, answers.data)
    return answers


def _read(
    shape: Shape, name: str, known: Known, posted: QueryDict, row: Mapping[str, Any], answers: Answers,
    into: dict[str, Any],
) -> None:  # fmt: skip
    asked = row.get("inputs", {}).get(shape.name)
    if shape.kind in ("rows", "entries"):
        into[shape.name] = _read_list(shape, name, known, posted, answers)
    elif asked:
        _read_value(asked, shape.name, name, posted, into)
    elif shape.kind == "group":
        inside: dict[str, Any] = {}
        for part in shape.fields:
            _read(part, f"{name}.{part.name}", known, posted, {}, answers, inside)
        if inside or shape.required:
            into[shape.name] = inside
    elif shape.kind == "yes":
        if shape.required or name in posted:
            into[shape.name] = posted.get(name) == "yes"
    elif shape.kind == "secret":
        into[shape.name] = posted.get(name, "")
    elif (text := _text(shape, posted.get(name, ""))).strip():
        parts = [part for part in SEVERAL.split(text) if part] if shape.many else [text]
        values = [_given(shape, part, name, answers) for part in parts]
        into[shape.name] = values if shape.many else values[0]


def _read_list(shape: Shape, name: str, known: Known, posted: QueryDict, answers: Answers) -> list[dict[str, Any]]:
    rows = known.by_key() if shape.kind == "rows" else {str(n): {} for n in sorted(_numbers(name, posted))}
    found, order = [], []
    for key, told in rows.items():
        place, item = f"{name}.{key}", {}
        if told and not told["needed"] and place not in posted:
            continue
        for part in shape.fields:
            if part.kind == "key":
                item[part.name] = key
            else:
                _read(part, f"{place}.{part.name}", known, posted, told, answers, item)
        if told or any(value not in ({}, False) for value in item.values()):
            found.append(item)
            order.append(key)
    answers.order[name] = order
    return found


def _read_value(asked: Mapping[str, Any], key: str, name: str, posted: QueryDict, into: dict[str, Any]) -> None:
    """One of the options stands for what it means; else what was typed stands for itself."""
    means = {value: meaning for value, _label, meaning in asked["options"]}
    chosen = posted.get(f"{name}.instead") or posted.get(name, "")
    if chosen in means:
        into[key] = means[chosen]
    elif typed := unicodedata.normalize("NFKC", posted.get(name, "")).strip():
        into[key] = typed


def _text(shape: Shape, text: str) -> str:
    text = text.replace("\r\n", "\n")
    if shape.kind == "text":
        return text
    return unicodedata.normalize("NFKC", text).strip() if shape.kind in ("number", "whole", "seconds") else text.strip()


def _given(shape: Shape, text: str, name: str, answers: Answers) -> Any:
    if shape.kind == "seconds":
        if (found := TIME.fullmatch(text)) is None:
            _unreadable(name, _("it is no time of the recording; write minutes and seconds such as 1:05"), answers)
            return text
        hours, mins, secs = (int(part or 0) for part in found.groups())
        return hours * 3600 + mins * 60 + secs
    if shape.kind == "moment":
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            _unreadable(name, _("it is no day and time; write them such as 2026-11-03 10:00"), answers)
            return text
        return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(settings.TIME_ZONE))).isoformat()
    return text


def _unreadable(name: str, words: str, answers: Answers) -> None:
    answers.problems.append({"field": name, "code": "unreadable", "message": words})


# --- what is wrong


def marked(fields: tuple[Field, ...], problems: Iterable[dict[str, Any]], answers: Answers) -> list[dict[str, str]]:
    """Each field says what is wrong with it; the list for the top of the page, in the order of the form, links to them.
    A place that could not be read says that, and not what it was then taken for."""
    by_name, unread = every(fields), {problem["field"] for problem in answers.problems}
    placed = [(_placed(problem, answers, by_name), problem) for problem in problems]
    wrong = [(p["field"], p) for p in answers.problems] + [(n, p) for n, p in placed if n not in unread]
    listed, order = [], list(by_name)
    for name, problem in sorted(wrong, key=lambda pair: order.index(pair[0]) if pair[0] in by_name else -1):
        place = by_name.get(name)
        words = _said(problem, place)
        if place is not None and not place.error:
            place.error = words
        title = place.title if place is not None else ""
        listed.append({"leads_to": place.leads_to if place else "", "title": title, "words": words})
    return listed


def _placed(problem: dict[str, Any], answers: Answers, by_name: Mapping[str, Any]) -> str:
    """The field that a problem's path (`criteria.0.claimed.score`) belongs to."""
    first, _dot, rest = problem["field"].partition(".")
    number, _dot, inner = rest.partition(".")
    order = answers.order.get(first, [])
    if number.isdigit() and int(number) < len(order):
        path = ".".join(part for part in (first, order[int(number)], inner) if part)
    else:
        path = problem["field"]
    while path and path not in by_name:
        path = path.rpartition(".")[0]
    return path


def _said(problem: dict[str, Any], place: Field | Row | None) -> str:
    if isinstance(place, Field) and place.rows and problem["code"] == "too_short":
        return _("Nothing is chosen; tick at least one.")
    return capfirst(str(problem["message"]).rstrip(".。")) + "."
