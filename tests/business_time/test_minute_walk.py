"""A hundred thousand deadlines against an oracle that knows no intervals: it walked along the wall clock once, minute
by minute, and counts the open ones."""

import random
from array import array
from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

import chinese_calendar
import pytest

from casework.domain.calendar import Limit
from tests.business_time.test_golden_deadlines import CALENDARS

EACH = 20_000
BEGINS, DAYS = datetime(2025, 12, 1, tzinfo=UTC), 330
SECOND = timedelta(seconds=1)
# Hours by minutes of the day on which they open, and whether that day is worked.
HOURS = {
    "office": ("Asia/Shanghai", [(540, 720), (780, 1080)], chinese_calendar.is_workday),
    "nights-cn": ("Asia/Shanghai", [(1320, 1800)], chinese_calendar.is_workday),
    "london": ("Europe/London", [(540, 1050)], lambda day: day.weekday() < 5),
    "london-nights": ("Europe/London", [(1320, 1800)], lambda day: True),
    "new-york": ("America/New_York", [(480, 720), (780, 1200)], lambda day: True),
}


class Walk:
    """The open minutes since BEGINS, one after the other."""

    def __init__(self, name):
        zone, self.spans, self.works = HOURS[name]
        zone, self.known = ZoneInfo(zone), {}
        walls = (
            (BEGINS + timedelta(minutes=n)).astimezone(zone).replace(tzinfo=None) for n in range((DAYS + 30) * 1440)
        )
        self.counted = array("L", accumulate((self.is_open(wall) for wall in walls), initial=0))

    def is_open(self, wall):
        minute, today = wall.hour * 60 + wall.minute, wall.date()
        begun = ((minute, today), (minute + 1440, today - timedelta(days=1)))
        return any(self.is_worked(day) and any(a <= at < b for a, b in self.spans) for at, day in begun)

    def is_worked(self, day: date) -> bool:
        if day not in self.known:
            self.known[day] = self.works(day)
        return self.known[day]

    def open_seconds(self, moment):
        """Until that second since BEGINS."""
        minutes, seconds = divmod(moment, 60)
        before = self.counted[minutes]
        return before * 60 + (seconds if self.counted[minutes + 1] > before else 0)

    def end(self, start, length, pauses):
        """The first second by which `length` of them has run outside the pauses."""
        at = start
        for begin, resumed in sorted(pauses):
            begin, resumed = max(begin, at), max(resumed, at)
            ran = self.open_seconds(begin) - self.open_seconds(at)
            if ran >= length:
                break
            length, at = length - ran, resumed
        wanted = self.open_seconds(at) + length
        minute = bisect_left(self.counted, -(-wanted // 60)) - 1
        return minute * 60 + wanted - self.counted[minute] * 60


@pytest.mark.parametrize("name", HOURS)
def test_due_agrees_to_the_second_with_a_walk_along_the_wall_clock(name):
    calendar, walk, lot = CALENDARS[name], Walk(name), random.Random(name)
    last = (DAYS - 60) * 86400

    def moment(second):
        return BEGINS + second * SECOND

    for _ in range(EACH):
        start = lot.randrange(last)
        length = lot.choice([lot.randrange(1, 7200), lot.randrange(1, 12 * 3600)])
        begins = [start + lot.randrange(-40_000, 150_000) for _ in range(lot.randrange(4))]
        pauses = [(max(0, begin), max(0, begin) + lot.randrange(150_000)) for begin in begins]
        limit = Limit.parse(f"{length}/60 minutes")
        found = calendar.due_after_pauses(
            moment(start), limit, [(moment(a), moment(b)) for a, b in pauses], moment(DAYS * 86400)
        )
        wanted = walk.end(start, length, pauses)
        assert found.due_at == moment(wanted), (start, length, pauses)
