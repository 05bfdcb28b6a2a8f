"""A table of open hours, and the sums over it.

Inside, moments and lengths are whole microseconds since 1970 in UTC, so no sum is ever rounded.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
MINUTES_A_DAY = 24 * 60

Span = tuple[int, int]


class CalendarError(ValueError):
    """A calendar that cannot be used, or a question it cannot answer; the text says why and what to do."""


@dataclass(frozen=True)
class OpenHours:
    """Sorted, disjoint intervals [opens, closes); `before` and `after` hold the time passed at either end."""

    begins: int
    ends: int
    opens: tuple[int, ...]
    closes: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]

    @classmethod
    def of(cls, zone: ZoneInfo, spans: Sequence[Span], working: Iterable[date], first: date, last: date) -> OpenHours:
        """The open hours of the working days; it answers from the start of `first` to the end of `last`."""
        hours = joined(
            (ticks(local(zone, day, opens)), ticks(local(zone, day, closes)))
            for day in working
            for opens, closes in spans
        )
        total = list(accumulate((closes - opens for opens, closes in hours), initial=0))
        return cls(
            begins=ticks(local(zone, first, 0)),
            ends=ticks(local(zone, last, MINUTES_A_DAY)),
            opens=tuple(opens for opens, _ in hours),
            closes=tuple(closes for _, closes in hours),
            before=tuple(total[:-1]),
            after=tuple(total[1:]),
        )

    def passed(self, moment: datetime) -> int:
        """The business time from the start of the table to the moment."""
        tick = self._inside(moment)
        index = bisect_right(self.opens, tick) - 1
        return 0 if index < 0 else self.before[index] + min(tick, self.closes[index]) - self.opens[index]

    def within(self, begin: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """What is open from `begin` to `end`, in order."""
        first, last = self._inside(begin), self._inside(end)
        found = range(bisect_right(self.closes, first), bisect_left(self.opens, last)) if first < last else ()
        return [(moment_of(max(self.opens[i], first)), moment_of(min(self.closes[i], last))) for i in found]

    def first_moment(self, passed: int) -> datetime:
        """The first moment by which so much time has passed: a close, not the opening after it."""
        index = bisect_left(self.after, passed)
        if index == len(self.after):
            raise CalendarError("Expected a moment inside the calendar, but it is later: import newer days.")
        return moment_of(self.opens[index] + passed - self.before[index])

    def last_moment(self, passed: int) -> datetime:
        """The last moment by which no more time has passed: an opening, not the close before it."""
        index = bisect_right(self.before, passed) - 1
        if index < 0:
            raise CalendarError("Expected a moment inside the calendar, but it is earlier: import older days.")
        return moment_of(self.opens[index] + passed - self.before[index])

    def next_opening(self, moment: datetime) -> datetime:
        """The moment itself where open, else the next opening."""
        tick = self._inside(moment)
        index = bisect_right(self.closes, tick)
        if index == len(self.closes):
            raise CalendarError("Expected a next opening, but the calendar has none: import newer days.")
        return moment_of(max(tick, self.opens[index]))

    def _inside(self, moment: datetime) -> int:
        tick = ticks(moment)
        if not self.begins <= tick <= self.ends:
            raise CalendarError(
                f"Expected a moment from {moment_of(self.begins).isoformat()} "
                f"to {moment_of(self.ends).isoformat()}, but it is {moment.isoformat()}: "
                "import the days of that year."
            )
        return tick


def spans_of(windows: Iterable[tuple[time | str, time | str]]) -> tuple[Span, ...]:
    """Windows of a day as minutes after its midnight; a close before its opening lies in the next day."""
    spans: list[Span] = []
    for opens, closes in windows:
        begin, end = _minutes(opens), _minutes(closes)
        if begin == end:
            raise CalendarError(
                f"Expected a window with a length, but it is {opens}-{closes}: write 00:00-24:00 for all day."
            )
        if spans and begin < spans[-1][1]:
            raise CalendarError(
                f"Expected windows in order and apart, but {opens}-{closes} begins before the one above ends."
            )
        spans.append((begin, end if end > begin else end + MINUTES_A_DAY))
    if spans and spans[-1][1] - spans[0][0] > MINUTES_A_DAY:
        raise CalendarError(
            "Expected the windows of a day within 24 hours, but they reach into the windows of the next day."
        )
    return tuple(spans)


def _minutes(wall: time | str) -> int:
    if wall == "24:00":
        return MINUTES_A_DAY
    try:
        wall = wall if isinstance(wall, time) else time.fromisoformat(wall)
    except ValueError:
        raise CalendarError(f"Expected a time from 00:00 to 24:00, but it is {wall!r}.") from None
    if wall.second or wall.microsecond or wall.tzinfo:
        raise CalendarError(f"Expected a time in hours and minutes without a zone, but it is {wall}.")
    return wall.hour * 60 + wall.minute


def joined(intervals: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same time as disjoint intervals in order; empty ones are gone and touching ones are one."""
    result: list[tuple[int, int]] = []
    for begin, end in sorted(interval for interval in intervals if interval[0] < interval[1]):
        if result and begin <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((begin, end))
    return result


def utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise CalendarError(f"Expected a moment with a time zone, but {moment.isoformat()} has none.")
    return moment.astimezone(UTC)


def ticks(moment: datetime) -> int:
    return (utc(moment) - EPOCH) // TICK


def moment_of(tick: int) -> datetime:
    return EPOCH + tick * TICK


def local(zone: ZoneInfo, day: date, minutes: int) -> datetime:
    """The moment, in UTC, when the wall clock shows so many minutes after the day's midnight."""
    days, rest = divmod(minutes, MINUTES_A_DAY)
    wall = datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60), tzinfo=zone)
    return wall.astimezone(UTC)


def dates(first: date, last: date) -> Iterator[date]:
    """Every date from `first` to `last`, both included."""
    return (date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1))
