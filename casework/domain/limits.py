"""Lengths of time as policies write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Literal, cast

Unit = Literal["workdays", "days", "hours", "minutes"]

# About ten years each: more is a slip of the keyboard, and would leave every calendar's table.
LONGEST: dict[str, int] = {"workdays": 2_500, "days": 3_650, "hours": 20_000, "minutes": 1_200_000}
SECONDS: dict[str, int] = {"hours": 3600, "minutes": 60}

Day0 = Literal["excluded", "counts"]
Ends = Literal["close", "midnight"]
Rolls = Literal["forward", "never"]

NUMBER = r"[0-9]{1,9}(?:\.[0-9]{1,9}|/[1-9][0-9]{0,8})?"
LIMIT = re.compile(rf"({NUMBER})\s+(workday|day|hour|minute)s?")


@dataclass(frozen=True)
class Limit:
    """More than zero, at most about ten years; hours and minutes of business time, `days` of the calendar."""

    amount: int | Fraction
    unit: Unit

    def __post_init__(self) -> None:
        if self.unit not in LONGEST:
            raise ValueError(f"Expected a limit in {', '.join(LONGEST)}, but its unit is {self.unit!r}.")
        if not 0 < self.amount <= LONGEST[self.unit]:
            raise ValueError(
                f"Expected more than 0 and at most {LONGEST[self.unit]} {self.unit}, but it is {self.amount}."
            )
        if self.amount * SECONDS.get(self.unit, 1) % 1:
            whole = "seconds" if self.unit in SECONDS else self.unit
            raise ValueError(f"Expected a whole number of {whole}, but it is {self.amount} {self.unit}.")

    @classmethod
    def parse(cls, text: str) -> Limit:
        """The limit a text names: "2 workdays", "1 workday", "15 days", "1.5 hours"; else ValueError."""
        match = LIMIT.fullmatch(str(text).strip())
        if match is None:
            raise ValueError(f'Expected a limit such as "2 workdays" or "4 hours", but it is {text!r}.')
        amount = Fraction(match[1])
        return cls(int(amount) if amount.denominator == 1 else amount, cast(Unit, f"{match[2]}s"))

    def __str__(self) -> str:
        return f"{self.amount} {self.unit[:-1] if self.amount == 1 else self.unit}"

    @property
    def length(self) -> timedelta:
        """The business time of a limit in hours or minutes."""
        return timedelta(seconds=int(self.amount * SECONDS[self.unit]))


@dataclass(frozen=True)
class Counting:
    """How a limit in days is counted; one in hours or minutes has nothing to count.

    day_0   counts: the day of the start is the first one, unless business is over on it by then and it ends at close
    ends    close: business on the last day (a day off has none: 24:00); midnight: 24:00 of it;
            None: working days at close, calendar days at 24:00, and at close where they were rolled forward
    rolls   forward: calendar days whose last one is off end with the next working day
    """

    day_0: Day0 = "excluded"
    ends: Ends | None = None
    rolls: Rolls = "forward"


USUAL = Counting()
