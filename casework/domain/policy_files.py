"""Reads a policy folder and says, with file and line, everything that is wrong with it.

`load` is pure: it reads files and returns a Policy or raises PolicyError. It stores nothing and needs no
Django. `python -m casework.domain.policy_files FILE` writes the JSON Schema of the files.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from casework.domain.policy_content import (
    CODE,
    CaseTypePolicy,
    ClockRule,
    Code,
    Organisation,
    Policy,
    Role,
    Text,
)
from casework.domain.yaml_lines import YamlFile, read_yaml
from casework.domain.yaml_lines import YamlProblem as Problem

__all__ = ["Law", "LawOfType", "Policy", "PolicyError", "Problem", "from_content", "load", "schema"]

ORGANISATION, ROLES = "organisation", "roles"
CONTENT = {ORGANISATION: TypeAdapter[Any](Organisation), ROLES: TypeAdapter[Any](dict[Code, Role])}
CASE_TYPE = TypeAdapter[Any](CaseTypePolicy)

# What the engine can fill in; a type may have more of its own. A text that asks for more would fail while a ruling is
# being drawn up.
TEXT_VALUES = frozenset(
    {"number", "evaluation", "limit", "until", "issued_at", "organisation", "pool", "lot", "reason", "names"}
)
NOTICE_VALUES = frozenset(
    {"number", "evaluation", "criteria", "score", "outcome", "until", "limit", "reason", "decider", "clock"}
)


@dataclass(frozen=True)
class LawOfType:
    """What the law of one case type lets a policy say.

    `texts_needed` names texts (`ruling_title`) or, with dots, any entry (`labels.grounds.fact_wrong`,
    `notices.returned`); given as a mapping, its values are the placeholders that such a text may use.
    `parameters` is the model that {name: value} of the parameters must fit.
    """

    clocks: Mapping[str, str]
    actions: Mapping[str, bool]
    texts_needed: AbstractSet[str] | Mapping[str, AbstractSet[str]] = frozenset()
    parameters: type[BaseModel] | None = None


@dataclass(frozen=True)
class Law:
    types: Mapping[str, LawOfType] = field(default_factory=dict)


class PolicyError(Exception):
    """A policy that cannot be used. `problems` holds every one that was found, in file order."""

    def __init__(self, problems: list[Problem]):
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


def load(folder: Path, *, law: Law | None = None, fills_in: Mapping[str, AbstractSet[str]] | None = None) -> Policy:
    """The policy in `folder`: organisation.yaml, roles.yaml and one file per case type, each value checked
    and `same_as` filled in; held against `law` when one is given. `fills_in` says for each case type what its texts
    and notices may speak of besides what any may. PolicyError names every problem at once."""
    files, problems = _read_folder(folder)
    parts: dict[str, Any] = {}
    for stem, file in files.items():
        problems += _fill_in_same_as(file)
        parts[stem] = _validated(CONTENT.get(stem, CASE_TYPE), file, problems)
    for stem, part in parts.items():
        if stem not in CONTENT and part is not None:
            own = (fills_in or {}).get(stem, frozenset())
            problems += _check_case_type(files[stem], part, parts.get(ORGANISATION), own)
            if law is not None:
                problems += _check_against_law(files[stem], part, law.types.get(stem))
    if (organisation := parts.get(ORGANISATION)) is not None:
        problems += _check_texts(files[ORGANISATION], "limits", dict(organisation.limits), frozenset({"n"}))
        problems += _check_texts(files[ORGANISATION], "texts", organisation.texts, TEXT_VALUES)
    for label in sorted(law.types) if law is not None else []:
        if not (folder / f"{label}.yaml").is_file():
            said = "missing, the law has this case type"
            problems.append(Problem(f"{label}.yaml", None, "", said, "add it"))
    if problems:
        raise PolicyError(sorted(problems, key=lambda problem: (problem.file, problem.line or 0)))
    case_types = {stem: part.model_dump(mode="json") for stem, part in parts.items() if stem not in CONTENT}
    return Policy.from_content(
        {
            "format": 1,
            "organisation": parts[ORGANISATION].model_dump(mode="json"),
            "roles": {code: role.model_dump(mode="json") for code, role in parts[ROLES].items()},
            "case_types": case_types,
        }
    )


def from_content(content: Mapping[str, Any], name: str = "stored policy") -> Policy:
    """As Policy.from_content, with PolicyError in words instead of pydantic's error."""
    try:
        return Policy.from_content(content)
    except ValidationError as error:
        raise PolicyError(list(_in_words(error, YamlFile(name, content, {})))) from None


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the files. `$defs` has Organisation, Roles and CaseTypePolicy."""
    adapters = [("organisation", CONTENT[ORGANISATION]), ("roles", CONTENT[ROLES]), ("case_type", CASE_TYPE)]
    shapes, shared = TypeAdapter.json_schemas([(name, "validation", adapter) for name, adapter in adapters])
    definitions = shared["$defs"] | {"Roles": shapes[("roles", "validation")]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Policy files",
        "$defs": definitions,
    }


def schema_text() -> str:
    return json.dumps(schema(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _read_folder(folder: Path) -> tuple[dict[str, YamlFile], list[Problem]]:
    if not folder.is_dir():
        raise PolicyError([Problem(str(folder), None, "", "no such folder", "name a folder of policy files")])
    files, problems = {}, []
    for path in sorted(folder.iterdir()):
        if path.suffix == ".yml":
            problems.append(Problem(path.name, None, "", "not read", f"rename it to {path.stem}.yaml"))
        elif path.suffix == ".yaml" and re.fullmatch(CODE, path.stem) is None:
            said = "is not named like a case type"
            problems.append(Problem(path.name, None, "", said, "name it as the app, such as disputes.yaml"))
        elif path.suffix == ".yaml":
            file, found = read_yaml(path)
            problems += found
            if file is not None:
                files[path.stem] = file
    for name in (f"{stem}.yaml" for stem in CONTENT):
        if not (folder / name).is_file():
            problems.append(Problem(name, None, "", "missing", f"add it to the folder {folder.name}"))
    return files, problems


def _fill_in_same_as(file: YamlFile) -> list[Problem]:
    """Puts what `same_as` refers to into the clocks of `file`. A clock whose reference leads nowhere or in a
    circle is left as it is and reported at the clock whose reference is wrong."""
    clocks = file.data.get("clocks") if isinstance(file.data, dict) else None
    if not isinstance(clocks, dict):
        return []
    problems: dict[Problem, None] = {}
    filled: dict[str, Any] = {}
    for name, rule in clocks.items():
        if isinstance(rule, dict) and "same_as" in rule and "within" in rule:
            where = ("clocks", name, "same_as")
            problems[file.problem(where, "stands beside 'within'", "keep one of the two")] = None
        chain, wrong = _follow_same_as(clocks, name)
        if wrong:
            where = ("clocks", chain[-1], "same_as")
            problems[file.problem(where, wrong, "name another clock of this file, or give 'within'")] = None
        elif len(chain) > 1 and all(isinstance(clocks[link], dict) for link in chain):
            whole: dict[str, Any] = {}
            for link in reversed(chain):
                whole = {key: whole[key] for key in whole if key not in ("label", "source")} | clocks[link]
            filled[name] = whole
    clocks.update(filled)
    return list(problems)


def _follow_same_as(clocks: Mapping[str, Any], name: str) -> tuple[list[str], str | None]:
    """The clocks from `name` along `same_as`, and what is wrong with the last one's reference."""
    chain = [name]
    while isinstance(rule := clocks[chain[-1]], dict) and isinstance(target := rule.get("same_as"), str):
        if target not in clocks:
            return chain, f"no clock {target!r} in this file"
        if target in chain:
            return chain, f"refers to itself: {' -> '.join([*chain[chain.index(target) :], target])}"
        chain.append(target)
    return chain, None


def _validated(adapter: TypeAdapter[Any], file: YamlFile, problems: list[Problem]) -> Any:
    try:
        return adapter.validate_python(file.data)
    except ValidationError as error:
        problems += _in_words(error, file)
        return None


def _in_words(error: ValidationError, file: YamlFile) -> Iterator[Problem]:
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


def _check_case_type(
    file: YamlFile, policy: CaseTypePolicy, organisation: Organisation | None, own: AbstractSet[str]
) -> Iterator[Problem]:
    calendars = organisation.calendars if organisation is not None else {}
    for name, rule in policy.clocks.items():
        if calendars and rule.calendar not in calendars:
            where = ("clocks", name, "calendar")
            yield file.problem(where, f"no calendar {rule.calendar!r}", _one_of(calendars))
        yield from _check_warnings(file, name, rule)
    for group, labels in policy.labels.items():
        yield from _check_texts(file, f"labels.{group}", labels, frozenset())
    yield from _check_texts(file, "timeline", policy.timeline, frozenset())
    yield from _check_texts(file, "texts", policy.texts, TEXT_VALUES | own)
    for name, notice in policy.notices.items():
        both = {"title": notice.title, "body": notice.body}
        yield from _check_texts(file, f"notices.{name}", both, NOTICE_VALUES | own)


def _check_warnings(file: YamlFile, name: str, rule: ClockRule) -> Iterator[Problem]:
    amount, unit = rule.within.split()
    for position, warning in enumerate(rule.warn_at):
        path = ("clocks", name, "warn_at", position)
        if warning in rule.warn_at[:position]:
            yield file.problem(path, f"{warning!r} stands there twice", "remove one")
        elif warning.endswith("before"):
            earlier, its_unit = warning.split()[:2]
            if its_unit.rstrip("s") == unit.rstrip("s") and int(earlier) >= int(amount):
                yield file.problem(path, f"{warning!r} is not inside {rule.within!r}", "warn later")


def _check_texts(
    file: YamlFile, section: str, texts: Mapping[Any, Text], allowed: AbstractSet[str]
) -> Iterator[Problem]:
    for name, text in texts.items():
        path = (*section.split("."), name)
        try:
            used = text.placeholders()
        except ValueError as error:
            yield file.problem(path, str(error), "write braces that are meant as text twice: {{ }}")
            continue
        for language, names in used.items():
            for unknown in sorted(names - allowed):
                yield file.problem((*path, language), f"unknown placeholder {{{unknown}}}", _one_of(allowed))
        if used["zh"] != used["en"]:
            odd = ", ".join(f"{{{name}}}" for name in sorted(used["zh"] ^ used["en"]))
            yield file.problem(path, f"{odd} stands in one language only", "use the same ones in both")


def _check_against_law(file: YamlFile, policy: CaseTypePolicy, law: LawOfType | None) -> Iterator[Problem]:
    if law is None:
        yield file.problem((), f"no case type {file.stem!r}", "remove the file or install its case type")
        return
    for section, said, known in (
        ("clocks", policy.clocks.keys(), law.clocks.keys()),
        ("timeline", policy.timeline.keys(), law.actions.keys()),
    ):
        what = "clock" if section == "clocks" else "action"
        for name in sorted(said - known):
            yield file.problem((section, name), f"the law has no {what} {name!r}", _one_of(known))
        for name in sorted(known - said):
            yield file.problem((section, name), f"missing for the {what} {name!r} of the law", "add it")
    for name in sorted(law.texts_needed):
        path = tuple(name.split(".")) if "." in name else ("texts", name)
        if not file.has(path):
            yield file.problem(path, "missing, the law needs it", "add it in both languages")
    if isinstance(law.texts_needed, Mapping):
        needed = {name: values for name, values in law.texts_needed.items() if name in policy.texts}
        for name, values in needed.items():
            yield from _check_texts(file, "texts", {name: policy.texts[name]}, values)
    if law.parameters is not None:
        yield from _check_parameters(file, policy, law.parameters)


def _check_parameters(file: YamlFile, policy: CaseTypePolicy, model: type[BaseModel]) -> Iterator[Problem]:
    try:
        model.model_validate({name: parameter.value for name, parameter in policy.parameters.items()})
    except ValidationError as error:
        # The model knows only the values, so the file's path has one part more at the front.
        yield from _in_words(error, file.below("parameters"))


def _one_of(names: AbstractSet[str] | Mapping[Any, Any]) -> str:
    return f"use one of: {', '.join(sorted(names))}" if names else "remove it"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(schema_text(), encoding="utf-8")
