"""What a policy says of a clock: how long it runs, what happens along the way, and whose rule that is."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from casework.domain.limits import Counting, Day0, Ends, Rolls
from casework.domain.policy_types import Code, Frozen, PackName, RungAt, Source, Text, Warn, Within

OFFICE = "office"
NORMAL = "normal"  # the usual urgency; policy names the others

Confidence = Literal["high", "medium", "low", "template"]


class Instead(Frozen):
    """A limit that did not decide; `pack` None: the organisation's own."""

    pack: PackName | None
    within: Within


class Regulation(Frozen):
    """Whose rule a clock follows: that of a pack, and which rules would have held without it, the next first."""

    pack: PackName
    source: Text
    confidence: Confidence
    instead_of: list[Instead] = []


class Rung(Frozen):
    """When a rung of the law is reached, before or after its clock is due. One that the sweep comes to too late, when
    a later rung or the deadline itself is due as well, is fired all the same, or skipped as obsolete."""

    label: Text
    at: RungAt
    late: Literal["fire-once-late", "skip-if-obsolete"] = "fire-once-late"
    source: Source


class Extension(Frozen):
    """By how much a deadline may be extended with approval, and how often."""

    by: Within
    at_most: Annotated[int, Field(ge=1, le=9)] = 1


class Urgent(Frozen):
    """The limit of a clock in a case of that urgency. Of a deadline that is thereby brought forward at least `at_least`
    is left from then on, unless it was to end before."""

    within: Within
    at_least: Within
    source: Source


class Hastened(Frozen):
    """Why a clock has another limit than usual: the urgency of its case, and the limit that it has otherwise."""

    urgency: Code
    instead_of: Within


class ClockRule(Frozen):
    """How long one clock of the law runs, and what happens along the way: at each of `warn_at` whoever owes the work
    is reminded, at each of `tell_at` the holders of those roles are told too, and each of `rungs` does what the law
    says. `urgency`: its limit in cases that are not of the usual urgency. `same_as` names a clock of the same file
    whose limit, warnings, calendar and rest it takes over; in a loaded policy they are filled in, and it only says from
    where. `day_0`, `ends` and `rolls` are Counting's. `calendar` is a name of the organisation's, or `site`.
    `regulation` is written by packs alone, `hastened` by `at`."""

    model_config = ConfigDict(
        json_schema_extra=lambda schema: schema.update(
            required=[name for name in schema["required"] if name != "within"],
            anyOf=[{"required": ["within"]}, {"required": ["same_as"]}],
        )
    )

    label: Text
    within: Within
    warn_at: list[Warn] = []
    tell_at: dict[Warn, list[Code]] = {}
    rungs: dict[Code, Rung] = {}
    calendar: Code = OFFICE
    day_0: Day0 = "excluded"
    ends: Ends | None = None
    rolls: Rolls = "forward"
    enabled: bool = True
    source: Source
    minimum_left: Within | None = None
    extension: Extension | None = None
    urgency: dict[Code, Urgent] = {}
    same_as: Code | None = None
    regulation: SkipJsonSchema[Regulation | None] = None
    hastened: SkipJsonSchema[Hastened | None] = None

    @property
    def counting(self) -> Counting:
        return Counting(self.day_0, self.ends, self.rolls)

    def at(self, urgency: str) -> ClockRule:
        """The rule in a case of that urgency; after a pause, too, at least as much is left as when it became so."""
        limit = self.urgency.get(urgency)
        if limit is None:
            return self
        hastened = Hastened(urgency=urgency, instead_of=self.within)
        least = self.minimum_left or limit.at_least
        own = {"within": limit.within, "source": limit.source, "minimum_left": least, "hastened": hastened}
        return self.model_copy(update=own)

    def within_at(self, urgency: str) -> str:
        """The limit that it has, or would have, in a case of that urgency."""
        if urgency in self.urgency:
            return self.urgency[urgency].within
        return self.hastened.instead_of if self.hastened else self.within
