"""What is wrong with a policy file, in words: with file and line, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from pydantic import TypeAdapter, ValidationError

from casework.domain.policy_clocks import NORMAL, ClockRule
from casework.domain.policy_content import PackLimit, Role
from casework.domain.yaml_lines import Place, YamlFile
from casework.domain.yaml_lines import YamlProblem as Problem


def validated(adapter: TypeAdapter[Any], file: YamlFile, problems: list[Problem]) -> Any:
    """The file's data as the adapter makes it; None where it is wrong, and `problems` says why."""
    try:
        return adapter.validate_python(file.data)
    except ValidationError as error:
        problems += in_words(error, file)
        return None


def in_words(error: ValidationError, file: YamlFile) -> Iterator[Problem]:
    for detail in error.errors():
        path = tuple(part for part in detail["loc"] if part != "[key]")
        found = detail["input"]
        match detail["type"]:
            case "missing" if path[-1] == "within" and "same_as" in found:
                continue  # its reference is reported already
            case "missing":
                yield file.problem(path, "missing", "add it")
            case "extra_forbidden":
                yield file.problem(path, "unknown key", "correct it (policies/schema.json lists the keys)")
            case "string_type" if isinstance(found, int | bool):
                yield file.problem(path, f"expected a text, found {found!r}", "put it in quotes")
            case "value_error":
                yield file.problem(path, str(detail["ctx"]["error"]), "correct it")
            case _:
                shown = type(found).__name__ if isinstance(found, list | dict) else repr(found)
                said = detail["msg"][:1].lower() + detail["msg"][1:]
                yield file.problem(path, f"{said}, found {shown}", "correct it")


def check_limit(file: YamlFile, path: Place, rule: ClockRule | PackLimit) -> Iterator[Problem]:
    """Warnings that lie inside the limit, and counting that its unit knows."""
    unit = rule.within.split()[1].rstrip("s")
    yield from _check_warnings(file, path, rule.within, rule.warn_at or ())
    said = "is about days, but the limit is in business time"
    if unit in ("hour", "minute"):
        usual = {"day_0": "excluded", "ends": None, "rolls": "forward"}
        for key in (key for key, value in usual.items() if getattr(rule, key) != value):
            yield file.problem((*path, key), said, "remove it")
    elif unit == "workday" and rule.rolls == "never":
        yield file.problem((*path, "rolls"), "is about calendar days, but these are working days", "remove it")


def _check_warnings(file: YamlFile, path: Place, within: str, warn_at: Sequence[str]) -> Iterator[Problem]:
    for position, warning in enumerate(warn_at):
        where = (*path, "warn_at", position)
        if warning in warn_at[:position]:
            yield file.problem(where, f"{warning!r} stands there twice", "remove one")
        else:
            yield from _check_inside(file, where, warning, within)


def check_ladder(file: YamlFile, path: Place, rule: ClockRule, roles: Mapping[str, Role]) -> Iterator[Problem]:
    """Whom a clock tells are roles that see cases, and what happens before its deadline happens inside the limit. Where
    the roles cannot be read, that is problem enough."""
    for mark, told in rule.tell_at.items():
        yield from _check_inside(file, (*path, "tell_at", mark), mark, rule.within)
        for role in told if roles else ():
            if role not in roles or roles[role].sees == "none":
                known = {code for code, found in roles.items() if found.sees != "none"}
                yield file.problem((*path, "tell_at", mark), f"no role {role!r} that sees cases", one_of(known))
    for name, rung in rule.rungs.items():
        yield from _check_inside(file, (*path, "rungs", name, "at"), rung.at, rule.within)


def check_urgency(file: YamlFile, path: Place, rule: ClockRule, labels: Mapping[str, Any]) -> Iterator[Problem]:
    """Every urgency has its words, and what happens before a deadline also happens inside the limit of the urgent."""
    for code, limit in rule.urgency.items():
        where = (*path, "urgency", code)
        if code == NORMAL:
            yield file.problem(where, "is the usual limit, which 'within' gives", "remove it")
        elif missing := {code, NORMAL} - labels.keys():
            words = f"no words for {', '.join(sorted(missing))}"
            yield file.problem(where, words, "add them to labels.urgencies in both languages")
        marks = [*rule.warn_at, *rule.tell_at, *(rung.at for rung in rule.rungs.values())]
        for mark in marks:
            yield from _check_inside(file, where, mark, limit.within)
        yield from check_limit(file, where, rule.model_copy(update={"within": limit.within, "warn_at": []}))


def _check_inside(file: YamlFile, path: Place, mark: str, within: str) -> Iterator[Problem]:
    amount, unit = within.split()
    if mark.endswith("before"):
        earlier, its_unit = mark.split()[:2]
        if its_unit.rstrip("s") == unit.rstrip("s") and int(earlier) >= int(amount):
            yield file.problem(path, f"{mark!r} is not inside {within!r}", "name a later one")


def one_of(names: AbstractSet[str] | Mapping[Any, Any]) -> str:
    return f"use one of: {', '.join(sorted(names))}" if names else "remove it"
