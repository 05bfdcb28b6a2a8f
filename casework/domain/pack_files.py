"""Reads regulation packs, and says what is wrong with them and with where the organisation puts them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from casework.domain.policy_content import SITE, Organisation, Pack, Placement
from casework.domain.policy_problems import check_limit, one_of, validated
from casework.domain.yaml_lines import YamlFile, read_yaml
from casework.domain.yaml_lines import YamlProblem as Problem

PACK = TypeAdapter[Any](Pack)

Packs = dict[str, tuple[YamlFile, Pack]]


def names_in(folder: Path | None) -> set[str]:
    """The packs that the folder holds."""
    return {path.stem for path in folder.glob("*.yaml")} if folder else set()


def read_packs(folder: Path | None, names: AbstractSet[str]) -> tuple[Packs, list[Problem]]:
    """Those of these names that are there and right, each with its file; and what is wrong with the others."""
    packs: Packs = {}
    problems: list[Problem] = []
    for path in sorted(folder / f"{name}.yaml" for name in names & names_in(folder)) if folder else ():
        file, found = read_yaml(path)
        problems += found
        if file is None:
            continue
        _fill_in_calendar(file)
        if (pack := validated(PACK, file, problems)) is not None:
            packs[path.stem] = (file, pack)
            for case_type, limits in pack.clocks.items():
                for name, limit in limits.items():
                    problems += check_limit(file, ("clocks", case_type, name), limit)
    return packs, problems


def check_against_law(packs: Packs, clocks: Mapping[str, AbstractSet[str]]) -> Iterator[Problem]:
    """Clocks that the law of their type does not have; `clocks` by case type. A type without a law is let be."""
    for file, pack in packs.values():
        for case_type, limits in pack.clocks.items():
            for name in sorted(limits.keys() - clocks.get(case_type, limits.keys())):
                said = f"the law of {case_type} has no clock {name!r}"
                yield file.problem(("clocks", case_type, name), said, one_of(clocks[case_type]))


def check_places(
    file: YamlFile, organisation: Organisation, packs: Packs, known: AbstractSet[str],
    kinds: Mapping[str, AbstractSet[str]], units: AbstractSet[str] | None,
) -> Iterator[Problem]:  # fmt: skip
    """What organisation.yaml says of packs and sites. `known`: every pack there is; `kinds`: those of the types that
    have a law; `units`: every unit's code, None where nobody can tell."""
    calendars = organisation.calendars
    if SITE in calendars:
        yield file.problem(("calendars", SITE), "is the word for the calendar of a unit", "name it otherwise")
    for code, name in organisation.sites.items():
        if name not in calendars:
            yield file.problem(("sites", code), f"no calendar {name!r}", one_of(calendars))
        if units is not None and code not in units:
            yield file.problem(("sites", code), f"no unit {code!r}", "name the code of a unit")
    for position, placement in enumerate(organisation.packs):
        where = ("packs", position)
        if units is not None and placement.unit is not None and placement.unit not in units:
            yield file.problem((*where, "unit"), f"no unit {placement.unit!r}", "name the code of a unit")
        if placement.pack not in known:
            yield file.problem((*where, "pack"), f"no pack {placement.pack!r}", one_of(known))
        elif placement.pack in packs:
            pack = packs[placement.pack][1]
            yield from _check_place(file.below("packs"), position, placement, pack, kinds)
            for other in organisation.packs[:position]:
                if other.place == placement.place and other.pack in packs and (both := _shared(pack, packs, other)):
                    said = f"{other.pack} and {placement.pack} both give {', '.join(both)} in one place"
                    yield file.problem((*where, "pack"), said, "keep one of them")
    for name in sorted({placement.pack for placement in organisation.packs} & packs.keys()):
        yield from _check_calendars(*packs[name], calendars)


def _check_place(
    file: YamlFile, position: int, placement: Placement, pack: Pack, kinds: Mapping[str, AbstractSet[str]]
) -> Iterator[Problem]:
    case_type, kind = placement.case_type, placement.kind
    if case_type is not None and case_type not in pack.clocks:
        said = f"{placement.pack} has no limits for the case type {case_type!r}"
        yield file.problem((position, "case_type"), said, one_of(pack.clocks))
    elif case_type in kinds and kind is not None and kind not in kinds[str(case_type)]:
        said = f"{case_type} has no cases of the kind {kind!r}"
        yield file.problem((position, "kind"), said, one_of(kinds[str(case_type)]))


def _check_calendars(file: YamlFile, pack: Pack, calendars: Mapping[str, str]) -> Iterator[Problem]:
    for case_type, limits in pack.clocks.items():
        for name, limit in limits.items():
            if limit.calendar not in calendars and limit.calendar != SITE:
                said = f"no calendar {limit.calendar!r} in organisation.yaml"
                yield file.problem(("clocks", case_type, name, "calendar"), said, one_of({*calendars, SITE}))


def _shared(pack: Pack, packs: Packs, other: Placement) -> list[str]:
    before = packs[other.pack][1].clocks
    return [f"{t}.{name}" for t, limits in pack.clocks.items() for name in sorted(limits.keys() & before.get(t, {}))]


def _fill_in_calendar(file: YamlFile) -> None:
    data = file.data if isinstance(file.data, dict) else {}
    types = data.get("clocks")
    for limits in types.values() if isinstance(types, dict) else ():
        fill_in_calendar(limits, data.get("calendar"))


def fill_in_calendar(clocks: Any, calendar: Any) -> None:
    """The calendar of a file is that of its clocks which name none."""
    for rule in clocks.values() if isinstance(clocks, dict) and calendar is not None else ():
        if isinstance(rule, dict):
            rule.setdefault("calendar", calendar)
