"""A country's public holidays as a notice: what the library `holidays` knows of them."""

from typing import Any

from django.utils.translation import gettext as _

from casework.domain.calendar_notices import LONGEST_NAME, Days
from casework.domain.errors import InvalidInput
from casework.imports.problems import quote

OBSERVED = " (observed)"


def country_days(country: str, year: int) -> Days:
    """Date -> (working, holiday) of that year, for a code such as `GB-ENG` or `US`: days off, and weekends that are
    worked in lieu of them. Names are English where the library has them so. InvalidInput where it has no such country
    or year."""
    import holidays  # 0.1 s, for this alone

    code, _dash, part = country.partition("-")
    kind: Any = getattr(holidays, code, None) if len(code) == 2 and code.isupper() else None
    if kind is None:
        words = _("Expected a country such as US or GB-ENG, but '%(country)s' is none that is known; take its code")
        raise InvalidInput(words % {"country": quote(country)})
    if part and part not in kind.subdivisions:
        words = _("Expected a part of %(country)s (%(known)s), but got '%(part)s'; name one of these")
        known = ", ".join(kind.subdivisions) or "–"
        raise InvalidInput(words % {"country": code, "known": known, "part": quote(part)})
    if not kind.start_year <= year <= kind.end_year:
        words = _("Expected public holidays of %(country)s in %(year)d, but none are known; import the notice's file")
        raise InvalidInput(words % {"country": country, "year": year})
    own = kind.default_language or ""
    language = own if own.startswith("en") or "en_US" not in kind.supported_languages else "en_US"
    found = kind(years=year, subdiv=part or None, language=language or None)
    days = {day: (False, _short(name)) for day, name in found.items() if day.year == year}
    days |= {day: (True, "") for day in found.weekend_workdays if day.year == year}
    return dict(sorted(days.items()))


def days_csv(days: Days) -> str:
    """The days as policies/calendars keeps them."""
    rows = [f"{day},{'work' if working else 'off'},{_quoted(name)}" for day, (working, name) in days.items()]
    return "\n".join(["date,kind,holiday", *rows]) + "\n"


def _short(name: str) -> str:
    """A name as long as a calendar's day may have."""
    if len(name) > LONGEST_NAME:
        name = name.replace(OBSERVED, "")
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if "," in name or '"' in name else name
