"""Business time: when a limit ends.

Moments go in aware and come out in UTC; sums are made in UTC, so a night on which the clocks change has the
hours it really has. Windows are half-open [open, close). Wall times that occur twice or never on such a night
are read with the offset in force before the change. Days that no notice has settled yet are guessed from the
weekly pattern, and a deadline that reaches them is provisional.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from casework.domain import deadline_steps, limit_ends
from casework.domain.deadline_steps import DAY, Step, iso
from casework.domain.limits import USUAL, Counting, Limit
from casework.domain.open_hours import (
    TICK,
    CalendarError,
    OpenHours,
    Span,
    dates,
    joined,
    local,
    moment_of,
    spans_of,
    ticks,
    utc,
)

__all__ = ["Calendar", "CalendarError", "Counting", "Deadline", "Limit", "Pause"]

Pause = tuple[datetime, datetime | None]

MON_TO_FRI = frozenset(range(5))


@dataclass(frozen=True)
class Deadline:
    """When a limit ends, and how that was reckoned: `steps` as in deadline_steps.

    A provisional one reaches days that no notice has settled: reckon again when one is imported.
    """

    due_at: datetime
    provisional: bool
    steps: tuple[Step, ...]


@dataclass(frozen=True, eq=False)
class Calendar:
    """The open hours of one service; made by `compile`, never changed afterwards.

    It answers for moments from the start of `first` to the end of `horizon`, and raises CalendarError beyond.
    """

    name: str
    tz: str
    first: date
    horizon: date
    published_through: date | None
    zone: ZoneInfo = field(repr=False)
    windows: tuple[Span, ...] = field(repr=False)
    weekly: frozenset[int] = field(repr=False)
    days: Mapping[date, bool] = field(repr=False)
    names: Mapping[date, str] = field(repr=False)
    working: tuple[int, ...] = field(repr=False)
    hours: OpenHours = field(repr=False)

    @classmethod
    def compile(
        cls,
        name: str,
        tz: str,
        windows: Sequence[tuple[time | str, time | str]],
        days: Mapping[date, bool],
        first: date,
        last: date,
        published_through: date | None,
        *,
        weekly: Collection[int] = MON_TO_FRI,
        names: Mapping[date, str] | None = None,
        guess_years: int = 20,
    ) -> Calendar:
        """A calendar whose horizon is the end of the year `guess_years` after `last`; else CalendarError.

        `days` (True: working) overrules `weekly` (0 = Monday) and lies between `first` and `last`.
        `published_through=None`: the weekly pattern is the whole truth, so no deadline is provisional.
        A window that closes at or before its opening crosses midnight and belongs to the day it opens on.
        """
        known = [last, *days, *([published_through] if published_through else [])]
        if outside := [day for day in known if not first <= day <= last]:
            raise CalendarError(
                f"Expected the days of calendar {name} from {first} to {last}, but it names {outside[0]}: "
                "import the notice of that year, or correct the date."
            )
        zone, spans = _zone(tz), spans_of(windows)
        horizon = date(min(last.year + guess_years, 9000), 12, 31)
        working = [day for day in dates(first, horizon) if days.get(day, day.weekday() in weekly)]
        hours = OpenHours.of(zone, spans, working, first, horizon)
        if not hours.opens:
            raise CalendarError(f"Expected open hours in calendar {name}, but it has none: add some.")
        return cls(
            name=name,
            tz=tz,
            first=first,
            horizon=horizon,
            published_through=published_through,
            zone=zone,
            windows=spans,
            weekly=frozenset(weekly),
            days=dict(days),
            names=dict(names or {}),
            working=tuple(day.toordinal() for day in working),
            hours=hours,
        )

    # Days

    def is_working_day(self, day: date) -> bool:
        """True for working days, make-up workdays included; beyond the notices a guess by weekday."""
        return self.days.get(day, day.weekday() in self.weekly)

    def next_working_day(self, day: date, n: int = 1) -> date:
        """The n-th working day after `day`."""
        if n < 1:
            raise ValueError(f"Expected the first or a later working day, but it is number {n}.")
        index = bisect_right(self.working, day.toordinal()) + n - 1
        if day < self.first or index >= len(self.working):
            raise CalendarError(
                f"Expected working day {n} after {day}, but calendar {self.name} runs from {self.first} "
                f"to {self.horizon}: import the days of those years."
            )
        return date.fromordinal(self.working[index])

    def day_of(self, moment: datetime) -> date:
        """The calendar's own date of a moment; a night shift after midnight is on the later date."""
        return utc(moment).astimezone(self.zone).date()

    def last_day(self, end: datetime) -> date:
        """The date that a deadline ends: 24:00 belongs to the day before it."""
        return self.day_of(end - TICK)

    def close_of(self, day: date) -> datetime:
        """The end of business of a working day; it may lie after midnight."""
        if not self.is_working_day(day):
            raise CalendarError(f"Expected a working day of calendar {self.name}, but {day} is off.")
        return local(self.zone, day, self.windows[-1][1])

    # Hours

    def next_opening(self, moment: datetime) -> datetime:
        """The moment itself where open, else the next opening."""
        return self.hours.next_opening(moment)

    def elapsed(self, begin: datetime, end: datetime) -> timedelta:
        """The business time from `begin` to `end`; negative when `end` is the earlier one."""
        return (self.hours.passed(end) - self.hours.passed(begin)) * TICK

    def add(self, start: datetime, length: timedelta) -> datetime:
        """The first moment by which `length` of business time has passed since `start`.

        So a length that ends exactly at close ends on that day, and none at all ends at `start`, open or not.
        """
        if length < timedelta(0):
            raise ValueError("Expected a length of zero or more, but it is negative: use before().")
        if not length:
            return utc(start)
        return self.hours.first_moment(self.hours.passed(start) + length // TICK)

    # Limits

    def due(self, start: datetime, limit: Limit, *, counting: Counting = USUAL) -> Deadline:
        """The deadline of a limit that starts at `start`, whose day does not count unless `counting` says so.

        workdays: close of business of the n-th working day. hours, minutes: business time from `start`.
        days: 24:00 of the n-th calendar day; where that is off, close of business of the next working day, or midnight
        if that is earlier. `counting` may say otherwise of both.
        """
        return self.due_after_pauses(start, limit, (), start, counting=counting)

    def due_after_pauses(
        self,
        start: datetime,
        limit: Limit,
        pauses: Iterable[Pause],
        now: datetime,
        minimum_left: Limit | None = None,
        *,
        counting: Counting = USUAL,
    ) -> Deadline:
        """The deadline of a limit whose clock stood still during `pauses`.

        A pause moves the deadline by its business time; where the limit is in calendar days, by its whole
        length, since such a limit runs at night too. Overlapping pauses count once; what lies before `start`
        or begins at the deadline or later does not count. An open pause (`None`) counts up to `now`: the
        deadline is that of a clock resumed now. After each pause at least `minimum_left`, a limit of its own,
        remains; it is counted as usual, whatever `counting` says of the limit.
        """
        counts = limit_ends.start_counts(self, start, limit, counting)
        end = limit_ends.end(self, start, limit, counting)
        due_at = limit_ends.settled(self, end, limit, counting)
        steps = [deadline_steps.started(start, counts), *self._steps_to(start, end, due_at, limit, counting)]
        for begin, resumed in _standstills(start, pauses, now):
            if begin >= due_at:
                break
            if limit.unit == "days":
                steps.append(deadline_steps.paused(begin, resumed, "seconds", resumed - begin))
                end += resumed - begin
            else:
                stood = self.elapsed(begin, resumed)
                later = self.add(end, stood)
                steps.append(deadline_steps.paused(begin, resumed, "business_seconds", stood))
                steps += deadline_steps.hours_run(self, end, later, told=self.last_day(end))
                end = later
            # A day that was rolled forward may settle earlier once its end has moved off the day off; never shorten.
            settled = limit_ends.settled(self, end, limit, counting)
            due_at = max(due_at, settled)
            steps += deadline_steps.settled(self, end, settled, due_at)
            least = self.due(resumed, minimum_left) if minimum_left else None
            if least and least.due_at > due_at:
                steps.append({"step": "minimum_left", "from": iso(resumed), "limit": str(minimum_left)})
                steps += deadline_steps.without_ends(least.steps)
                end = due_at = least.due_at
        guessed = self.guessed(due_at)
        return Deadline(due_at, bool(guessed), (*steps, *guessed, {"step": "due", "at": iso(due_at)}))

    def inside(self, end: datetime) -> datetime:
        """The end itself as the start of another limit: of one at 24:00, the last second of the day that it ends."""
        return end if self.day_of(end) == self.last_day(end) else end - deadline_steps.SECOND

    def guessed(self, due_at: datetime) -> list[dict[str, str]]:
        """The step that says so of a deadline which reaches days that no notice has settled; none of any other."""
        if self.published_through is None or self.last_day(due_at) <= self.published_through:
            return []
        return [{"step": "provisional", "after": str(self.published_through)}]

    def before(self, moment: datetime, limit: Limit) -> datetime:
        """The moment `limit` before another, for warnings.

        workdays: close of business of the n-th working day before, the moment's own day not counted.
        hours, minutes: business time. days: the same wall time n calendar days earlier.
        """
        if limit.unit in ("hours", "minutes"):
            return self.hours.last_moment(self.hours.passed(moment) - limit.length // TICK)
        if limit.unit == "days":
            return utc(utc(moment).astimezone(self.zone) - int(limit.amount) * DAY)
        index = bisect_left(self.working, self.last_day(moment).toordinal())
        if index and self.close_of(date.fromordinal(self.working[index - 1])) >= moment:
            index -= 1  # the moment lies in a night shift that began the day before
        if index < limit.amount:
            raise CalendarError(f"Expected {limit} before {moment}, but {self.name} begins on {self.first}.")
        return self.close_of(date.fromordinal(self.working[index - int(limit.amount)]))

    def _steps_to(
        self, start: datetime, end: datetime, due_at: datetime, limit: Limit, counting: Counting
    ) -> Iterator[Step]:
        if limit.unit in ("hours", "minutes"):
            yield from deadline_steps.hours_run(self, start, end)
            return
        if limit.unit == "workdays":
            before, last = limit_ends.days_of(self, start, limit, counting)
            yield from deadline_steps.workdays_counted(self, before, last, end)
        else:
            yield from deadline_steps.days_counted(int(limit.amount), self.last_day(end), end)
            yield from deadline_steps.settled(self, end, due_at, due_at)


def _standstills(start: datetime, pauses: Iterable[Pause], now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Pauses in order and apart, cut to the time from `start` to `now`."""
    cut = ((max(ticks(begin), ticks(start)), min(ticks(end or now), ticks(now))) for begin, end in pauses)
    return ((moment_of(begin), moment_of(end)) for begin, end in joined(cut))


def _zone(tz: str) -> ZoneInfo:
    try:
        return ZoneInfo(tz)
    except (KeyError, ValueError, OSError):
        raise CalendarError(f"Expected a time zone such as Asia/Shanghai, but it is {tz!r}.") from None
