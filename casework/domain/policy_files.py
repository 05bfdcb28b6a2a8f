"""Reads a policy folder and says, with file and line, everything that is wrong with it.

`load` is pure: it reads files and returns a Policy or raises PolicyError. It stores nothing and needs no
Django. `python -m casework.domain.policy_files FILE` writes the JSON Schema of the files.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from casework.domain import pack_files
from casework.domain.policy_content import SITE, CaseTypePolicy, Organisation, Pack, Policy, Role
from casework.domain.policy_problems import check_ladder, check_limit, check_urgency, in_words, one_of, validated
from casework.domain.policy_types import CODE, Code, Text
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
    `parameters` is the model that {name: value} of the parameters must fit; `kinds` are those of the type's cases.
    """

    clocks: Mapping[str, str]
    actions: Mapping[str, bool]
    texts_needed: AbstractSet[str] | Mapping[str, AbstractSet[str]] = frozenset()
    parameters: type[BaseModel] | None = None
    kinds: AbstractSet[str] = frozenset()


@dataclass(frozen=True)
class Law:
    types: Mapping[str, LawOfType] = field(default_factory=dict)


class PolicyError(Exception):
    """A policy that cannot be used. `problems` holds every one that was found, in file order."""

    def __init__(self, problems: list[Problem]):
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


def load(
    folder: Path, *, law: Law | None = None, fills_in: Mapping[str, AbstractSet[str]] | None = None,
    packs: Path | None = None, units: AbstractSet[str] | None = None,
) -> Policy:  # fmt: skip
    """The policy in `folder`: organisation.yaml, roles.yaml and one file per case type, each value checked
    and `same_as` filled in; held against `law` when one is given. `fills_in` says for each case type what its texts
    and notices may speak of besides what any may. `packs` is the folder of the regulation packs: those that the
    organisation puts somewhere are part of the policy, the others are read only to be held against the law. `units`:
    every unit's code, where somebody can tell. PolicyError names every problem at once."""
    files, problems = _read_folder(folder)
    parts: dict[str, Any] = {}
    for stem, file in files.items():
        problems += _fill_in_same_as(file)
        if isinstance(file.data, dict) and stem not in CONTENT:
            pack_files.fill_in_calendar(file.data.get("clocks"), file.data.get("calendar"))
        parts[stem] = validated(CONTENT.get(stem, CASE_TYPE), file, problems)
    for stem, part in parts.items():
        if stem not in CONTENT and part is not None:
            own = (fills_in or {}).get(stem, frozenset())
            problems += _check_case_type(files[stem], part, parts.get(ORGANISATION), own)
            for name, rule in part.clocks.items():
                problems += check_ladder(files[stem], ("clocks", name), rule, parts.get(ROLES) or {})
            if law is not None:
                problems += _check_against_law(files[stem], part, law.types.get(stem))
    put: dict[str, Pack] = {}
    if (organisation := parts.get(ORGANISATION)) is not None:
        put, found = _packs(files[ORGANISATION], organisation, packs, law, units)
        problems += found
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
            "packs": {name: pack.model_dump(mode="json") for name, pack in put.items()},
        }
    )


def from_content(content: Mapping[str, Any], name: str = "stored policy") -> Policy:
    """As Policy.from_content, with PolicyError in words instead of pydantic's error."""
    try:
        return Policy.from_content(content)
    except ValidationError as error:
        raise PolicyError(list(in_words(error, YamlFile(name, content, {})))) from None


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the files. `$defs` has Organisation, Roles, CaseTypePolicy and Pack."""
    adapters = [
        ("organisation", CONTENT[ORGANISATION]), ("roles", CONTENT[ROLES]), ("case_type", CASE_TYPE),
        ("pack", pack_files.PACK),
    ]  # fmt: skip
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


def _packs(
    file: YamlFile, organisation: Organisation, folder: Path | None, law: Law | None, units: AbstractSet[str] | None
) -> tuple[dict[str, Pack], list[Problem]]:
    """The packs that are put somewhere, and what is wrong with them or, given a law, with any."""
    known, put = pack_files.names_in(folder), {placement.pack for placement in organisation.packs}
    packs, problems = pack_files.read_packs(folder, known if law else put)
    types = law.types if law else {}
    kinds = {label: of_type.kinds for label, of_type in types.items()}
    problems += pack_files.check_places(file, organisation, packs, known, kinds, units)
    problems += pack_files.check_against_law(packs, {label: of.clocks.keys() for label, of in types.items()})
    for pack_file, pack in packs.values():
        problems += _check_labels(pack_file, pack)
    return {name: pack for name, (_file, pack) in packs.items() if name in put}, problems


def _check_labels(file: YamlFile, pack: Pack) -> Iterable[Problem]:
    yield from _check_texts(file, "", {"label": pack.label}, frozenset())
    for case_type, limits in pack.clocks.items():
        for name, limit in limits.items():
            texts = {"label": limit.label, "source": limit.source}
            yield from _check_texts(file, f"clocks.{case_type}.{name}", texts, frozenset())


def _check_case_type(
    file: YamlFile, policy: CaseTypePolicy, organisation: Organisation | None, own: AbstractSet[str]
) -> Iterator[Problem]:
    calendars = organisation.calendars if organisation is not None else {}
    for name, rule in policy.clocks.items():
        if calendars and rule.calendar not in calendars and rule.calendar != SITE:
            where = ("clocks", name, "calendar")
            yield file.problem(where, f"no calendar {rule.calendar!r}", one_of(calendars))
        if rule.regulation is not None:
            yield file.problem(("clocks", name, "regulation"), "is written by packs alone", "remove it")
        if rule.hastened is not None:
            yield file.problem(("clocks", name, "hastened"), "is written by the engine alone", "remove it")
        yield from check_limit(file, ("clocks", name), rule)
        yield from check_urgency(file, ("clocks", name), rule, policy.labels.get("urgencies", {}))
    for group, labels in policy.labels.items():
        yield from _check_texts(file, f"labels.{group}", labels, frozenset())
    yield from _check_texts(file, "timeline", policy.timeline, frozenset())
    yield from _check_texts(file, "texts", policy.texts, TEXT_VALUES | own)
    for name, notice in policy.notices.items():
        both = {"title": notice.title, "body": notice.body}
        yield from _check_texts(file, f"notices.{name}", both, NOTICE_VALUES | own)


def _check_texts(
    file: YamlFile, section: str, texts: Mapping[Any, Text], allowed: AbstractSet[str]
) -> Iterator[Problem]:
    for name, text in texts.items():
        path = (*filter(None, section.split(".")), name)
        try:
            used = text.placeholders()
        except ValueError as error:
            yield file.problem(path, str(error), "write braces that are meant as text twice: {{ }}")
            continue
        for language, names in used.items():
            for unknown in sorted(names - allowed):
                yield file.problem((*path, language), f"unknown placeholder {{{unknown}}}", one_of(allowed))
        if used["zh"] != used["en"]:
            odd = ", ".join(f"{{{name}}}" for name in sorted(used["zh"] ^ used["en"]))
            yield file.problem(path, f"{odd} stands in one language only", "use the same ones in both")


def _check_against_law(file: YamlFile, policy: CaseTypePolicy, law: LawOfType | None) -> Iterator[Problem]:
    if law is None:
        yield file.problem((), f"no case type {file.stem!r}", "remove the file or install its case type")
        return
    rungs = {f"{name}.{rung}" for name, rule in policy.clocks.items() if name in law.clocks for rung in rule.rungs}
    for section, said, known in (
        ("clocks", policy.clocks.keys() | rungs, law.clocks.keys()),
        ("timeline", policy.timeline.keys(), law.actions.keys()),
    ):
        what = "clock" if section == "clocks" else "action"
        for name in sorted(said - known):
            yield file.problem((section, name), f"the law has no {what} {name!r}", one_of(known))
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
        yield from in_words(error, file.below("parameters"))


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(schema_text(), encoding="utf-8")
