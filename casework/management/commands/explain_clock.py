from argparse import ArgumentTypeError
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework import queries
from casework.commands import DoorCommand, actor_as, add_actor
from casework.domain.deadline_words import explanation, hours, limit_words, sum_line
from casework.domain.errors import InvalidInput, OutOfScope
from casework.domain.hours import calendar_named, calendar_specs
from casework.domain.limits import Limit
from casework.domain.now import now
from casework.domain.what_if import Otherwise, deadline_otherwise


class Command(DoorCommand):
    help = gettext_lazy(
        "Explains a deadline of a case in words and figures; with --start, --within, --calendar or --pause also what "
        "it would be then. Changes nothing."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("case")
        parser.add_argument("clock", metavar="NAME", help="as in `clocks` of show_case, e.g. review")
        add_actor(parser)
        parser.add_argument("--generation", type=int, metavar="N", help="which start of that clock (else the last)")
        parser.add_argument("--start", type=moment, metavar="MOMENT", help="what if it had started then")
        parser.add_argument("--within", type=limit, metavar="LIMIT", help="what if the limit were, e.g. '3 workdays'")
        parser.add_argument("--calendar", metavar="CALENDAR", help="what if it ran on that calendar")
        parser.add_argument("--pause", type=pause, action="append", default=[], metavar="FROM/TO",
                            help="what if it had also stood still, e.g. '2026-11-23 09:00/2026-11-24 12:00'; "
                                 "may be given several times")  # fmt: skip

    def do(
        self, *, case: str, clock: str, login: str, generation: int | None, start: datetime | None,
        within: Limit | None, calendar: str | None, pause: list[tuple[datetime, datetime]], **_o: Any,
    ) -> None:  # fmt: skip
        actor, _account = actor_as(login)
        found = _one(queries.clocks_of(case, actor), clock, generation)
        number = f" {found['generation']}" if found["generation"] else ""
        lines = [f"{case} {found['label']} ({found['name']}{number})"]
        if start or within or calendar or pause:
            other = Otherwise(_calendar(calendar or found["calendar"]), start, within, pause)
            lines += _compared(found, other)
        else:
            lines += found["explanation"]
        self.stdout.write("\n".join(lines))


def _one(clocks: list[dict[str, Any]], name: str, generation: int | None) -> dict[str, Any]:
    named = [clock for clock in clocks if clock["name"] == name]
    if not named:
        known = ", ".join(dict.fromkeys(clock["name"] for clock in clocks)) or "–"
        words = _("Expected a deadline of this case (%(known)s), but there is no '%(name)s'; name one of these")
        raise OutOfScope(words % {"known": known, "name": name[:40]}, code="unknown_clock")
    for clock in reversed(named):
        if generation in (None, clock["generation"]):
            return clock
    words = _("Expected one of the %(n)d starts of '%(name)s', but got number %(number)d; leave it out for the last")
    raise OutOfScope(words % {"n": len(named), "name": name, "number": generation}, code="unknown_clock")


def _calendar(name: str) -> Any:
    if name not in calendar_specs():
        known = ", ".join(sorted(calendar_specs()))
        words = _("Expected a calendar (%(known)s), but there is no '%(name)s'; name one of these")
        raise InvalidInput(words % {"known": known, "name": name[:40]}, code="unknown_calendar")
    return calendar_named(name)


def _compared(clock: dict[str, Any], other: Otherwise) -> list[str]:
    """The sum as it is, the whole of what would be, and by how much they differ."""
    due_at, steps, as_it_is = datetime.fromisoformat(clock["due_at"]), clock["steps"], _("As it is:")
    if clock["state"] == "paused":
        runs_on = deadline_otherwise(clock, Otherwise(_calendar(clock["calendar"])), now())
        due_at, steps, as_it_is = runs_on.due_at, runs_on.steps, _("As it is, if it ran on now:")
    deadline, limit = deadline_otherwise(clock, other, now()), str(other.within or clock["limit"])
    supposed = {
        **clock, "state": "running", "steps": deadline.steps, "limit": limit, "source": _("supposed"),
        "regulation": None, "limit_label": limit_words(limit),
    }  # fmt: skip
    return [
        as_it_is, sum_line(steps, clock["limit"], calendar_specs()[clock["calendar"]]),
        _("What if:"), *explanation(supposed, calendar_specs()[other.calendar.name]),
        _difference(deadline.due_at - due_at),
    ]  # fmt: skip


def _difference(later: timedelta) -> str:
    time = hours(abs(later) // timedelta(seconds=1))
    if later > timedelta(0):
        return _("Difference: %(time)s h later") % {"time": time}
    if later < timedelta(0):
        return _("Difference: %(time)s h earlier") % {"time": time}
    return _("Difference: none")


def moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        words = _("expected a moment such as '2026-11-23 09:00', but it is '%(text)s'")
        raise ArgumentTypeError(words % {"text": text}) from None


def pause(text: str) -> tuple[datetime, datetime]:
    begin, slash, end = text.partition("/")
    if not slash:
        words = _("expected a pause such as '2026-11-23 09:00/2026-11-24 12:00', but it is '%(text)s'")
        raise ArgumentTypeError(words % {"text": text})
    return moment(begin), moment(end)


def limit(text: str) -> Limit:
    try:
        return Limit.parse(text)
    except ValueError:
        words = _("expected a limit such as '3 workdays', '15 days' or '4 hours', but it is '%(text)s'")
        raise ArgumentTypeError(words % {"text": text}) from None
