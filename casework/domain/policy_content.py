"""What a policy may say: the shape of its files and of the content that a case pins.

Nothing here names a case type. Which clocks, actions, texts and parameters a type has is declared by its
law; `policy_files` holds a policy against it.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, PrivateAttr, model_validator

from casework.canonical import canonical_digest
from casework.domain.limits import Counting, Day0, Ends, Rolls
from casework.domain.policy_clocks import ClockRule, Confidence, Extension, Instead, Regulation
from casework.domain.policy_types import Code, Frozen, PackName, Plain, Source, Text, Warn, Within, Words, Zone

SITE = "site"  # the calendar of the unit that a case belongs to


class Parameter(Frozen):
    value: Plain
    source: Source


class Notice(Frozen):
    title: Text
    body: Text


class CaseTypePolicy(Frozen):
    """`<case type>.yaml`. `calendar` is that of its clocks which name none; in a loaded policy each names its own."""

    calendar: Code | None = None
    clocks: dict[Code, ClockRule] = {}
    parameters: dict[Code, Parameter] = {}
    labels: dict[Code, dict[Code, Text]] = {}
    texts: dict[Code, Text] = {}
    timeline: dict[Code, Text] = {}
    notices: dict[Code, Notice] = {}

    def clock(self, name: str) -> ClockRule:
        """The rule of a clock, or of a rung, which the law names `clock.rung`; KeyError where it says nothing of it."""
        clock, _, rung = name.partition(".")
        rule = self.clocks[clock]
        if not rung:
            return rule
        step = rule.rungs[rung]
        own: dict[str, Any] = {"label": step.label, "source": step.source, "warn_at": [], "tell_at": {}, "rungs": {}}
        usual = {"minimum_left": None, "extension": None, "day_0": "excluded", "ends": None, "rolls": "forward"}
        return rule.model_copy(update=own | usual | {"urgency": {}, "hastened": None})

    def value(self, name: str) -> Any:
        """The value of a parameter; KeyError names the parameter that is missing."""
        return self.parameters[name].value

    def label(self, group: str, code: str) -> Text:
        return self.labels[group][code]

    def completed(self, later: CaseTypePolicy) -> CaseTypePolicy:
        """With what only the later one has."""
        labels = {
            group: {**later.labels.get(group, {}), **self.labels.get(group, {})}
            for group in {**later.labels, **self.labels}
        }
        parts = ("clocks", "parameters", "texts", "timeline", "notices")
        return self.model_copy(
            update={part: {**getattr(later, part), **getattr(self, part)} for part in parts} | {"labels": labels}
        )


class PackLimit(Frozen):
    """One limit of a regulation. `source` says where it stands; `confidence`, how sure that is: high (the official
    text was seen), medium (a good secondary source), low (a weak one, from memory), template (to be filled in)."""

    model_config = ConfigDict(
        json_schema_extra=lambda schema: schema.update(required=[n for n in schema["required"] if n != "calendar"])
    )

    label: Text
    within: Within
    warn_at: list[Warn] | None = None
    calendar: Code
    day_0: Day0 = "excluded"
    ends: Ends | None = None
    rolls: Rolls = "forward"
    extension: Extension | None = None
    source: Text
    confidence: Confidence

    @property
    def counting(self) -> Counting:
        return Counting(self.day_0, self.ends, self.rolls)

    def onto(self, rule: ClockRule | None, pack: str) -> ClockRule:
        """The rule with this limit instead of its own: warnings, switch and minimum stay where the pack says nothing;
        a clock that was switched off runs."""
        beneath = rule.regulation if rule else None
        instead = [Instead(pack=beneath.pack if beneath else None, within=rule.within)] if rule else []
        regulation = Regulation(
            pack=pack, source=self.source, confidence=self.confidence,
            instead_of=[*instead, *(beneath.instead_of if beneath else ())],
        )  # fmt: skip
        # What was to happen so long before the end of another limit may lie before this one begins.
        fitting = [mark for mark in rule.warn_at if mark.endswith("%")] if rule else []
        told_at = {mark: told for mark, told in rule.tell_at.items() if mark.endswith("%")} if rule else {}
        rungs = {name: rung for name, rung in rule.rungs.items() if not rung.at.endswith("before")} if rule else {}
        return ClockRule(
            label=rule.label if rule else self.label, within=self.within,
            warn_at=fitting if self.warn_at is None else self.warn_at, tell_at=told_at, rungs=rungs,
            calendar=self.calendar, day_0=self.day_0,
            ends=self.ends, rolls=self.rolls, extension=self.extension, source="designed",
            minimum_left=rule.minimum_left if rule else None, regulation=regulation,
        )  # fmt: skip


class Pack(Frozen):
    """`packs/NAME.yaml`: the limits of one regulation, by case type and clock."""

    label: Text
    calendar: Code | None = None
    clocks: dict[Code, dict[Code, PackLimit]]


class Placement(Frozen):
    """Where a pack holds: for a unit and all below it, or for a case type, or one kind of its cases."""

    pack: PackName
    unit: Words | None = None
    case_type: Code | None = None
    kind: Code | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Placement:
        if (self.unit is None) == (self.case_type is None) or (self.kind and not self.case_type):
            raise ValueError("expected either 'unit', or 'case_type' and perhaps its 'kind'")
        return self

    @property
    def place(self) -> tuple[str | None, str | None, str | None]:
        return self.unit, self.case_type, self.kind


class Role(Frozen):
    label: Text
    sees: Literal["own", "unit", "all", "none"]
    sees_restricted: bool = False
    leads: bool = False
    decides: bool = False
    source: Source


class Edition(Frozen):
    """Which edition of the policy this is, as documents print it."""

    version: Annotated[int, Field(ge=1)]
    published_on: Annotated[date, Field(strict=False)]
    proof: Text


class LimitWords(Frozen):
    """How a limit is said for each unit; `{n}` is the number."""

    minute: Text
    minutes: Text
    hour: Text
    hours: Text
    day: Text
    days: Text
    workday: Text
    workdays: Text


class Organisation(Frozen):
    """`organisation.yaml`. `calendars` says which file of policies/calendars each calendar is in; `sites`, by unit
    code, which of them `site` means there and below; `packs`, where regulation packs hold; `decision_years`, for how
    long a signed decision is kept whatever is asked (None: for ever)."""

    name: Text
    time_zone: Zone
    edition: Edition
    calendars: Annotated[dict[Code, Words], Field(min_length=1)]
    limits: LimitWords
    decision_years: Annotated[int, Field(ge=1, le=200)] | None = None
    sites: dict[Words, Code] = {}
    packs: list[Placement] = []
    texts: dict[Code, Text] = {}


class Policy(Frozen):
    """One whole policy. Build it with `policy_files.load` or `from_content`; never change what it holds:
    it is shared by every case that pins it."""

    format: Literal[1] = 1
    organisation: Organisation
    roles: dict[Code, Role]
    case_types: dict[Code, CaseTypePolicy]
    packs: dict[PackName, Pack] = {}
    _content: dict[str, Any] = PrivateAttr(default_factory=dict)

    @classmethod
    def from_content(cls, content: Mapping[str, Any]) -> Policy:
        """The policy that a stored version holds. Its digest is that of the content as it was stored, also
        when a later release knows more fields. pydantic.ValidationError when it is no policy."""
        kept = copy.deepcopy(dict(content))
        policy = cls.model_validate(kept)
        policy._content = kept
        return policy

    def completed(self, later: Policy) -> Policy:
        """With the roles and case types, and the parts of them, that only the later one has; the digest stays."""
        types = {
            label: self.case_types[label].completed(rules) if label in self.case_types else rules
            for label, rules in later.case_types.items()
        }
        roles = {**later.roles, **self.roles}
        return self.model_copy(update={"case_types": {**self.case_types, **types}, "roles": roles})

    @property
    def content(self) -> dict[str, Any]:
        """A JSON-able copy: text, whole numbers, booleans, lists and objects; never a float."""
        return copy.deepcopy(self._content)

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical content, 64 hex digits."""
        return canonical_digest(self._content)

    def case_type(self, label: str) -> CaseTypePolicy:
        """KeyError, in words, for a case type that this policy says nothing about."""
        if label not in self.case_types:
            known = ", ".join(sorted(self.case_types))
            raise KeyError(f"the policy has no file {label}.yaml; it knows {known}")
        return self.case_types[label]

    def limit_in_words(self, limit: str) -> dict[str, str]:
        """'2 workdays' -> {'zh': '2个工作日', 'en': '2 working days'}, in the organisation's words."""
        amount, unit = limit.split()
        words: Text = getattr(self.organisation.limits, unit)
        return words.fill(n=amount)
