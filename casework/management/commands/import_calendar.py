import hashlib
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from casework.commands import CHECK_FAILED, DoorCommand, actor_as, add_actor, day, progress, read_bytes
from casework.domain.calendar_days import Change, Day, change_by, import_days
from casework.domain.calendar_notices import LARGEST, read_notice
from casework.domain.country_days import country_days, days_csv
from casework.domain.deadline_moves import Move, moves, reckon_all
from casework.domain.errors import InvalidInput
from casework.domain.office import office_of
from casework.domain.wording import local_text

LONGEST_SOURCE = 200


class Command(DoorCommand):
    help = _(
        "Imports a notice on holidays (CSV, iCalendar, or a country's public holidays), all or nothing, and moves "
        "running deadlines; prints the days and the deadlines that change."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("calendar", help="as policies/calendars name it, e.g. office")
        parser.add_argument(
            "file", nargs="?",
            help="date,kind,holiday with kind off or work; or .ics, days told by 休/班 or holiday/workday",
        )  # fmt: skip
        parser.add_argument(
            "--country", metavar="CODE", help="instead of a file: the public holidays of e.g. US, GB-ENG, FR (--year)"
        )
        parser.add_argument("--year", type=int, metavar="N", help="the year of --country")
        parser.add_argument(
            "--published-through", type=day, metavar="DAY", help="the last day that notices settle from now on"
        )
        parser.add_argument("--source", help="number and date of the notice; default: the file's name")
        parser.add_argument("--dry-run", action="store_true", help="shows what would change")
        add_actor(parser)

    def do(
        self, *, calendar: str, file: str | None, country: str | None, year: int | None,
        published_through: date | None, source: str | None, dry_run: bool, login: str, **_options: Any,
    ) -> None:  # fmt: skip
        office = office_of(*actor_as(login))
        data, days, name = notice(file, country, year)
        source = is_short(source or name)
        change = change_by(office, calendar, days, published_through)
        moved = moves(change.becomes)
        if not dry_run:
            digest = hashlib.sha256(data).hexdigest()
            import_days(office, calendar, days, published_through, source=source, sha256=digest)
        self.tell(change, moved, dry_run)
        if (last := max(days)) > change.through[1]:
            self.say(gettext(
                "Days to %(last)s are there, but the calendar is settled through %(day)s only; where this is the whole "
                "notice, say --published-through"
            ) % {"last": last, "day": change.through[1]})  # fmt: skip
        if dry_run:
            return
        with progress(len({move.number for move in moved}), "cases") as done:
            lost = reckon_all(calendar, done)
        if lost:
            words = gettext("The deadlines of %(cases)s could not be moved; run it again")
            self.fail(words % {"cases": gettext(", ").join(lost)}, CHECK_FAILED)

    def tell(self, change: Change, moved: list[Move], dry_run: bool) -> None:
        """The days, how far they reach, and every deadline that moves."""
        days = [(day.isoformat(), _kind(before), _kind(after)) for day, (before, after) in change.days.items()]
        self.table((gettext("Day"), gettext("before"), gettext("after")), days)
        before, after = change.through
        self.stdout.write(gettext("Published through: %(before)s → %(after)s") % {"before": before, "after": after})
        rows = [
            (
                move.number, f"{move.clock} {move.generation}" + (gettext(" (paused)") if move.is_paused else ""),
                _due(*move.before), _due(*move.after),
            )
            for move in moved
        ]  # fmt: skip
        self.table((gettext("Case"), gettext("Deadline"), gettext("before"), gettext("after")), rows)
        self.stdout.write(self.summary(change, moved, dry_run))

    def summary(self, change: Change, moved: list[Move], dry_run: bool) -> str:
        if change.is_empty and not moved:
            return gettext("Nothing changes: the calendar has all of it, and no deadline moves.")
        settled = sum(move.before[1] and not move.after[1] for move in moved)
        deadlines = ngettext("%(n)d deadline moves", "%(n)d deadlines move", len(moved)) % {"n": len(moved)}
        words = gettext("%(days)d days change, %(deadlines)s (%(settled)d no longer provisional).")
        said = words % {"days": len(change.days), "deadlines": deadlines, "settled": settled}
        return said + (gettext(" Nothing was written.") if dry_run else "")

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Columns apart by tabs; nothing where there is no row."""
        for row in (head, *rows) if rows else ():
            self.stdout.write("\t".join(row))


def notice(file: str | None, country: str | None, year: int | None) -> tuple[bytes, dict[date, Day], str]:
    """What is imported, as bytes and as days, and what it is called."""
    if (file is None) == (country is None) or (country is None) != (year is None):
        words = gettext("Expected either a file, or --country with --year; say one of them")
        raise InvalidInput(words)
    if file is not None:
        data = read_bytes(file, LARGEST)
        return data, read_notice(data), Path(file).name
    days = country_days(str(country), int(year or 0))
    return days_csv(days).encode(), days, f"holidays {version('holidays')}: {country} {year}"


def is_short(source: str) -> str:
    if len(source) > LONGEST_SOURCE or not source.isprintable():
        words = gettext("Expected a source of at most %(most)d printable characters, but it has others; shorten it")
        raise InvalidInput(words % {"most": LONGEST_SOURCE})
    return source


def _kind(day: Day | None) -> str:
    if day is None:
        return "—"
    working, holiday = day
    kind = gettext("worked") if working else gettext("off")
    return f"{kind} {holiday}".strip()


def _due(moment: Any, provisional: bool) -> str:
    return local_text(moment) + (gettext(" (provisional)") if provisional else "")
