"""A regulation pack in words: its limits, how they are counted, where each stands and how sure that is."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from casework.domain.case_rules import site_calendar
from casework.domain.deadline_words import confidence_words, explanation, limit_words
from casework.domain.errors import InvalidInput
from casework.domain.hours import calendar_named, calendar_specs
from casework.domain.limits import Limit
from casework.domain.pack_files import names_in, read_packs
from casework.domain.policy import current_policy
from casework.domain.policy_content import SITE, Pack, PackLimit, Placement
from casework.domain.policy_files import PolicyError
from casework.domain.wording import spoken


def packs() -> dict[str, Pack]:
    """Every pack of the installation, put somewhere or not. PolicyError names what is wrong with any."""
    found, problems = read_packs(settings.PACK_FOLDER, names_in(settings.PACK_FOLDER))
    if problems:
        raise PolicyError(problems)
    return {name: pack for name, (_file, pack) in found.items()}


def places(name: str) -> list[str]:
    """Where the policy in force puts that pack."""
    return [_place(placement) for placement in current_policy().organisation.packs if placement.pack == name]


def limit_lines(pack: Pack, start: datetime | None = None) -> Iterator[str]:
    """Each limit of the pack, three lines a limit; given a start, also its deadline and how that comes about."""
    for case_type, limits in pack.clocks.items():
        for clock, limit in limits.items():
            yield f"{case_type} {clock}: {spoken(limit.label)}"
            yield "  " + _("; ").join([limit_words(limit.within), *_counting(limit), *_extension(limit)])
            yield "  " + _("%(source)s (%(confidence)s)") % {
                "source": spoken(limit.source), "confidence": confidence_words(limit.confidence),
            }  # fmt: skip
            if start is not None:
                yield from (f"  {line}" for line in _deadline(limit, start))


def _place(placement: Placement) -> str:
    if placement.unit:
        return _("unit %(unit)s and below") % {"unit": placement.unit}
    if placement.kind:
        return _("%(type)s of the kind %(kind)s") % {"type": placement.case_type, "kind": placement.kind}
    return _("every case of %(type)s") % {"type": placement.case_type}


def _counting(limit: PackLimit) -> list[str]:
    unit = Limit.parse(limit.within).unit
    if unit in ("hours", "minutes"):
        return []
    counts, closes = limit.day_0 == "counts", (limit.ends or ("close" if unit == "workdays" else "")) == "close"
    said = [
        _("the day of the start counts") if counts else _("the day of the start does not count"),
        _("ends at close of business") if closes else _("ends at 24:00"),
    ]
    if unit == "days" and limit.rolls == "forward":
        said.append(_("from a day off it moves to the next working day"))
    elif unit == "days":
        said.append(_("a day off does not move it"))
    return said


def _extension(limit: PackLimit) -> list[str]:
    if limit.extension is None:
        return []
    times = limit.extension.at_most
    words = ngettext(
        "may be extended by %(by)s, %(times)d time at most", "may be extended by %(by)s, %(times)d times at most", times
    )
    return [words % {"by": limit_words(limit.extension.by), "times": times}]


def _deadline(limit: PackLimit, start: datetime) -> list[str]:
    """As explain_clock tells of a clock that started then; a start without an offset is the calendar's."""
    calendar = site_calendar(current_policy().organisation, ()) if limit.calendar == SITE else limit.calendar
    if calendar not in calendar_specs():
        words = _("Expected a calendar (%(known)s), but there is no '%(name)s'; name one of these")
        known = ", ".join(sorted(calendar_specs()))
        raise InvalidInput(words % {"known": known, "name": calendar}, code="unknown_calendar")
    hours = calendar_named(calendar)
    start = start if start.tzinfo else start.replace(tzinfo=hours.zone)
    deadline = hours.due(start, Limit.parse(limit.within), counting=limit.counting)
    clock: dict[str, Any] = {
        "state": "running", "steps": deadline.steps, "limit": limit.within, "limit_label": limit_words(limit.within),
        "source": spoken(limit.source), "regulation": None, "minimum_left": None, "entries": [],
        "due_at": deadline.due_at.isoformat(),
    }  # fmt: skip
    return explanation(clock, calendar_specs()[calendar])
