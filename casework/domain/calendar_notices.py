"""A notice on holidays as people send it: the CSV file of days, or iCalendar with days off and make-up workdays."""

import re
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _

from casework.domain.calendar import CalendarError
from casework.domain.calendar_files import parse_days
from casework.domain.errors import InvalidInput
from casework.imports.csv_text import decode
from casework.imports.problems import Refused, quote

LARGEST = 256 * 1024  # bytes; ten years of notices are a tenth of it
LONGEST_NAME = 40
LONGEST_EVENT = 31  # days
DAY = timedelta(days=1)

# 调休 names the whole exchange of days, so alone it says neither. What a mark leaves over is the holiday's name.
WORKED = re.compile(r"补班|上班|班|make-?up (work)?day|working ?day|work ?day", re.IGNORECASE)
OFF = re.compile(r"放假|休假|假期|休|day off|holiday", re.IGNORECASE)
NO_NAME = re.compile(r"调休|第\s*\d+\s*天.*|[()（）\[\]【】]")

Days = dict[date, tuple[bool, str]]


def read_notice(data: bytes) -> Days:
    """Date -> (working, holiday); the content tells which kind of file it is. InvalidInput says line or event, and why:
    a file is taken whole or not at all."""
    if len(data) > LARGEST:
        raise InvalidInput(
            _("Expected at most %(limit)d bytes, but the file has more; make it smaller") % {"limit": LARGEST}
        )
    try:
        text, _encoding = decode(data)
        days = _of_ical(text) if text.lstrip().upper().startswith("BEGIN:VCALENDAR") else parse_days(text)
    except Refused as refused:
        raise InvalidInput(str(refused.problem.message)) from None
    except CalendarError as error:
        raise InvalidInput(str(error)) from None
    for day, (_working, name) in days.items():
        if len(name) > LONGEST_NAME or not name.isprintable():
            words = _("Expected a holiday's name of at most %(most)d printable characters, but %(day)s has another")
            raise InvalidInput(words % {"most": LONGEST_NAME, "day": day})
    if not days:
        raise InvalidInput(_("Expected days off or make-up workdays, but the file has none; name the notice's file"))
    return days


def _of_ical(text: str) -> Days:
    from icalendar import Calendar  # 0.2 s, for this alone

    try:
        events = Calendar.from_ical(text).walk("VEVENT")
    except ValueError as error:
        words = _("Expected an iCalendar file, but %(problem)s; export it again")
        raise InvalidInput(words % {"problem": quote(str(error))}) from None
    days: Days = {}
    for number, event in enumerate(events, start=1):
        where = _("Event %(number)d (%(summary)s)") % {"number": number, "summary": quote(_summary(event)) or "—"}
        if event.errors:
            words = _("%(where)s: expected an event as iCalendar writes it, but %(problem)s; correct it")
            raise InvalidInput(words % {"where": where, "problem": quote(str(event.errors[0][1]))})
        working, name = _kind(event, where)
        for day in _span(event, where):
            if days.setdefault(day, (working, name))[0] != working:
                raise InvalidInput(
                    _("%(where)s: expected each day off or worked, but %(day)s is both; keep one of the events")
                    % {"where": where, "day": day}
                )
    return days


def _span(event: Any, where: str) -> list[date]:
    """The event's days; its end, as iCalendar has it, is the day after."""
    for name in ("RRULE", "RDATE", "EXDATE", "DURATION"):
        if name in event:
            words = _("%(where)s: expected its days by DTSTART and DTEND, but it has %(name)s; write them out")
            raise InvalidInput(words % {"where": where, "name": name})
    first = getattr(event.get("DTSTART"), "dt", None)
    end = getattr(event["DTEND"], "dt", None) if "DTEND" in event else first
    if type(first) is not date or type(end) is not date:  # a moment is a date to isinstance
        words = _("%(where)s: expected whole days (DTSTART;VALUE=DATE:20270101), but it has others; correct them")
        raise InvalidInput(words % {"where": where})
    length = (end - first).days if "DTEND" in event else 1
    if not 1 <= length <= LONGEST_EVENT:
        words = _("%(where)s: expected 1 to %(most)d days, but DTEND says otherwise; it is the day after the last")
        raise InvalidInput(words % {"where": where, "most": LONGEST_EVENT})
    return [first + number * DAY for number in range(length)]


def _kind(event: Any, where: str) -> tuple[bool, str]:
    """Worked or off, by the event's categories or else by its summary; and the holiday's name."""
    summary = _summary(event)
    for text in (" ".join(map(str, event.categories)), summary):
        said = text.replace("调休", "")
        worked, off = WORKED.search(said), OFF.search(WORKED.sub("", said))
        if worked and not off or off and not worked:
            return bool(worked), _name(summary)
    words = _(
        "%(where)s: expected a day off (休, holiday) or a make-up workday (班, workday), but it says neither or both; "
        "say which in its summary, or take the event out"
    )
    raise InvalidInput(words % {"where": where})


def _name(summary: str) -> str:
    """What is left of the summary without its marks, or all of it."""
    name = OFF.sub("", WORKED.sub("", NO_NAME.sub("", summary)))
    return " ".join(name.split()).strip(",;:-，；：") or summary


def _summary(event: Any) -> str:
    return str(event.get("SUMMARY", ""))
