"""A deadline's arithmetic in words: each step that the calendar took, and the sum."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from casework.domain.limits import Limit
from casework.domain.policy import current_policy
from casework.domain.wording import spoken


def explained(clock: dict[str, Any]) -> dict[str, Any]:
    """The clock with `lines`, one a step."""
    return {**clock, "lines": [line for step in clock["steps"] if (line := _line(step))]}


def _line(step: dict[str, Any]) -> str:
    return _SAID[step["step"]](step) if step["step"] in _SAID else step["step"]


def _day(text: str) -> str:
    day = date.fromisoformat(text)
    return f"{day.isoformat()} {date_format(day, 'D')}"


def _moment(text: str) -> str:
    local = datetime.fromisoformat(text).astimezone(ZoneInfo(settings.TIME_ZONE))
    return f"{local:%Y-%m-%d %H:%M}"


def _time(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds % 3600 // 60:02}"


def _skipped(step: dict[str, Any]) -> str:
    if step.get("name"):
        return _("%(day)s: off, %(name)s") % {"day": _day(step["date"]), "name": step["name"]}
    return _("%(day)s: off, weekend") % {"day": _day(step["date"])}


def _paused(step: dict[str, Any]) -> str:
    seconds = step.get("business_seconds", step.get("seconds", 0))
    words = _("stood still from %(from)s to %(to)s: %(time)s h are added")
    return words % {"from": _moment(step["from"]), "to": _moment(step["to"]), "time": _time(seconds)}


def _least(step: dict[str, Any]) -> str:
    left = spoken(current_policy().limit_in_words(str(Limit.parse(step["limit"]))))
    return _("after the pause at least %(left)s remain") % {"left": left}


_SAID = {
    "start": lambda s: _("started %(at)s; that day does not count") % {"at": _moment(s["at"])},
    "due": lambda s: _("due %(at)s") % {"at": _moment(s["at"])},
    "provisional": lambda s: _("provisional: no notice settles days after %(day)s yet") % {"day": s["after"]},
    "counted_day": lambda s: _("%(day)s: working day %(n)d") % {"day": _day(s["date"]), "n": s["n"]},
    "counted_days": lambda s: _("%(n)d calendar days to %(day)s") % {"n": s["n"], "day": _day(s["date"])},
    "ran": lambda s: (
        _("%(day)s: %(time)s h of working time") % {"day": _day(s["date"]), "time": _time(s["business_seconds"])}
    ),
    "skipped_day": _skipped,
    "makeup_day": lambda s: _("%(day)s: worked in lieu of a day off") % {"day": _day(s["date"])},
    "rolled": lambda s: _("moved to the end of the next working day, %(day)s") % {"day": _day(s["date"])},
    "pause": _paused,
    "minimum_left": _least,
    "leave": lambda s: _("moved for leave to %(until)s") % {"until": _moment(s["until"])},
}  # fmt: skip
