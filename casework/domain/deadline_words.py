"""A deadline's ledger in words and figures: the one text for page, API and command."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from casework.domain.calendar_files import CalendarSpec
from casework.domain.deadline_steps import SECOND, Step
from casework.domain.deadline_sum import SumError, Term, added_up
from casework.domain.limits import Limit
from casework.domain.policy import current_policy
from casework.domain.reckoning import GRANTED, HASTENED, KEPT
from casework.domain.wording import spoken


def explanation(clock: dict[str, Any], calendar: CalendarSpec) -> list[str]:
    """The limit, each step, the sum, and how the clock stands, a line each; `clock` as queries tell of it. Who and why
    is said as far as its `entries` say so."""
    return _Words(clock, calendar).lines()


def sum_line(steps: Sequence[Step], limit: str, calendar: CalendarSpec) -> str:
    """The sum alone, as the last line of the arithmetic has it."""
    return _Words({"steps": steps, "limit": limit}, calendar).sum()


def hours(seconds: int) -> str:
    """`7:00`, or `7:00:30` where it is not whole minutes; of any length, also of several days."""
    said = f"{seconds // 3600}:{seconds % 3600 // 60:02}"
    return f"{said}:{seconds % 60:02}" if seconds % 60 else said


class _Words:
    """One clock's, in the active language; moments where its calendar is."""

    def __init__(self, clock: dict[str, Any], calendar: CalendarSpec) -> None:
        self._clock, self._calendar, self._zone = clock, calendar, ZoneInfo(calendar.tz)
        self._limit = Limit.parse(clock["limit"])
        self._entries = {(e["kind"], datetime.fromisoformat(e["at"])): e for e in clock.get("entries", ())}

    def lines(self) -> list[str]:
        steps = self._clock["steps"]
        if self._clock["state"] == "paused":
            before = [step for step in steps if step["step"] not in ("provisional", "due")]
            return [*self._rule(), *map(self._step, before), *self._stands_still()]
        return [*self._rule(), *map(self._step, steps), self.sum(), *self._end()]

    # The limit and where it comes from

    def _rule(self) -> list[str]:
        source = self._clock["source"]
        values = {
            "limit": self._clock["limit_label"],
            "source": _("set by the organisation") if source == "designed" else source,
            "calendar": spoken(dict(self._calendar.label)), "zone": self._calendar.tz,
        }  # fmt: skip
        said = [_("limit: %(limit)s (%(source)s), on the calendar %(calendar)s, %(zone)s") % values]
        if hastened := self._clock.get("hastened"):
            values = {"urgency": hastened["label"], "limit": limit_words(hastened["instead_of"])}
            said.append(_("since the case is “%(urgency)s”, instead of %(limit)s") % values)
        if regulation := self._clock.get("regulation"):
            said.append(_regulated(regulation))
        return said

    # Steps

    def _step(self, step: Step) -> str:
        say: Callable[[Step], str] | None = getattr(self, f"say_{step['step']}", None)
        return say(step) if say else str(step["step"])

    def say_start(self, step: Step) -> str:
        values = {"at": self._moment(step["at"]), "by": self._by("start", step["at"])}
        if self._limit.unit in ("hours", "minutes"):
            return _("started %(at)s%(by)s") % values
        if step.get("counts"):
            return _("started %(at)s%(by)s; that day counts") % values
        return _("started %(at)s%(by)s; that day does not count") % values

    def say_due(self, step: Step) -> str:
        return _("due %(at)s") % {"at": self._moment(step["at"])}

    def say_provisional(self, step: Step) -> str:
        return _("provisional: no notice settles days after %(day)s yet") % {"day": step["after"]}

    def say_counted_day(self, step: Step) -> str:
        return _("%(day)s: working day %(n)d") % {"day": _day(step["date"]), "n": step["n"]}

    def say_close(self, step: Step) -> str:
        return _("close of business %(at)s") % {"at": self._moment(step["at"])}

    def say_midnight(self, step: Step) -> str:
        return _("end of that day %(at)s") % {"at": self._moment(step["at"], ends=True)}

    def say_counted_days(self, step: Step) -> str:
        return _("%(n)d calendar days to %(day)s, 24:00") % {"n": step["n"], "day": _day(step["date"])}

    def say_skipped_day(self, step: Step) -> str:
        if step.get("name"):
            return _("%(day)s: off, %(name)s") % {"day": _day(step["date"]), "name": step["name"]}
        return _("%(day)s: off, weekend") % {"day": _day(step["date"])}

    def say_makeup_day(self, step: Step) -> str:
        if step.get("name"):
            values = {"day": _day(step["date"]), "name": step["name"]}
            return _("%(day)s: worked in lieu of a day off (%(name)s)") % values
        return _("%(day)s: worked in lieu of a day off") % {"day": _day(step["date"])}

    def say_ran(self, step: Step) -> str:
        spans = [(self._time(opens), self._time(closes, ends=True)) for opens, closes in step.get("open", ())]
        closed = [f"{one[1]}–{two[0]}" for one, two in zip(spans, spans[1:], strict=False)]
        values = {
            "day": _day(step["date"]), "spans": ", ".join("–".join(span) for span in spans),
            "closed": ", ".join(closed), "time": hours(step["business_seconds"]),
        }  # fmt: skip
        if closed:
            return _("%(day)s: %(spans)s, %(time)s h of working time; closed %(closed)s") % values
        return _("%(day)s: %(spans)s, %(time)s h of working time") % values

    def say_rolled(self, step: Step) -> str:
        return _("moved to the end of the next working day, %(day)s") % {"day": _day(step["date"])}

    def say_kept(self, step: Step) -> str:
        return _("stays at %(at)s: a pause never brings a deadline forward") % {"at": self._moment(step["at"])}

    def say_pause(self, step: Step) -> str:
        begin, end = datetime.fromisoformat(step["from"]), datetime.fromisoformat(step["to"])
        values = {
            "from": self._moment(step["from"]), "by": self._by("pause", step["from"]),
            "to": self._moment(step["to"]), "then": self._by("resume", step["to"]),
            "wall": hours((end - begin) // SECOND), "time": hours(step.get("business_seconds", 0)),
        }  # fmt: skip
        if "business_seconds" in step:
            return _("stood still from %(from)s%(by)s to %(to)s%(then)s: of %(wall)s h, %(time)s h of working time "
                     "are added") % values  # fmt: skip
        return _("stood still from %(from)s%(by)s to %(to)s%(then)s: %(wall)s h are added") % values

    def say_minimum_left(self, step: Step) -> str:
        return _("after the pause at least %(left)s remain") % {"left": limit_words(step["limit"])}

    def say_extended(self, step: Step) -> str:
        if step["reason"] == KEPT:
            values = {"from": self._moment(step["from"]), "to": self._moment(step["to"])}
            return _("stays at %(to)s: the calendar changed so late that %(from)s was over") % values
        if step["reason"] == HASTENED:
            values = {"to": self._moment(step["to"]), "at": self._moment(step["at"])}
            return _("not before %(to)s: so much time was left when the limit changed %(at)s") % values
        values = {
            "from": self._moment(step["from"]), "to": self._moment(step["to"]), "by": self._by("extend", step["at"]),
            "reason": self._reason(step["reason"]),
        }  # fmt: skip
        return _("extended from %(from)s to %(to)s%(by)s, because of: %(reason)s") % values

    def _reason(self, code: str) -> str:
        known = {"leave": _("leave"), GRANTED: _("more time was granted")}
        return known.get(code, code)

    def say_rung(self, step: Step) -> str:
        values = {"due": self._moment(step["from"]), "at": self._moment(step["to"]), **self._cut(step)}
        if values["before"]:
            return _("the deadline is %(due)s; %(before)s before it is %(at)s") % values
        return _("the deadline is %(due)s; %(share)s of the time has passed at %(at)s") % values

    def _cut(self, step: Step) -> dict[str, str]:
        share = step["at"] if step["at"].endswith("%") else ""
        return {"share": share, "before": "" if share else limit_words(step["at"].removesuffix(" before"))}

    # The sum

    def sum(self) -> str:
        steps = self._clock["steps"]
        try:
            terms = added_up(steps, self._limit, self._zone)
        except SumError as error:
            values = {"number": error.number, "step": error.step}
            return _("no sum: step %(number)d (%(step)s) does not follow from those before it") % values
        parts = _("; ").join(self._term(term) for term in terms)
        return _("sum: %(parts)s; due %(at)s") % {"parts": parts, "at": self._moment(steps[-1]["at"])}

    def _term(self, term: Term) -> str:
        at = self._moment(term.due_at.isoformat())
        if term.kind == "pause":
            seconds = term.step["seconds" if self._limit.unit == "days" else "business_seconds"]
            return _("+ %(time)s h stood still → %(at)s") % {"time": hours(seconds), "at": at}
        if term.kind == "extended":
            return _("extended → %(at)s") % {"at": at}
        if term.kind == "rung":
            cut = {"at": at, **self._cut(term.step)}
            return (_("%(before)s before → %(at)s") if cut["before"] else _("%(share)s of it → %(at)s")) % cut
        limit = limit_words(term.step.get("limit", self._clock["limit"]))
        if len(term.ran) > 1:
            limit = f"{' + '.join(map(hours, term.ran))} = {limit}"
        if term.kind == "minimum_left":
            return _("at least %(limit)s → %(at)s") % {"limit": limit, "at": at}
        return f"{limit} → {at}"

    # How it stands

    def _stands_still(self) -> list[str]:
        since = self._clock["pauses"][-1][0]
        values = {
            "at": self._moment(since), "by": self._by("pause", since), "due": self._moment(self._clock["due_at"]),
        }  # fmt: skip
        said = [_("stands still since %(at)s%(by)s: there is no due time until it runs on (it was %(due)s)") % values]
        if bound := self._clock.get("waits_for"):
            values = {"what": bound["label"], "at": self._moment(bound["due_at"])}
            said.append(_("it runs on at the latest when “%(what)s” runs out, %(at)s") % values)
        if least := self._clock["minimum_left"]:
            said.append(_("after the pause at least %(left)s remain") % {"left": limit_words(least)})
        return said

    def _end(self) -> list[str]:
        """What happened to it since: one that ran out and was extended then goes on."""
        said, ends = [], []
        for entry in self._clock["entries"]:
            values = {"at": self._moment(entry["at"]), "by": self._by(entry["kind"], entry["at"])}
            if entry["kind"] == "limit":
                said.append(_("the limit changed %(at)s%(by)s; it is reckoned from the start by the new one") % values)
            elif entry["kind"] == "reckon":
                said.append(_("reckoned again %(at)s, since the calendar changed") % values)
            elif entry["kind"] == "stop":
                ends.append(_("ended %(at)s%(by)s") % values)
            elif entry["kind"] == "breach":
                ends.append(_("ran out; noted %(at)s%(by)s") % values)
        return [*said, *(ends[-1:] if self._clock["state"] != "running" else [])]

    # Who, what and when

    def _by(self, kind: str, at: str) -> str:
        """By which event that was, and who did it; empty where the ledger is not for the reader."""
        entry = self._entries.get((kind, datetime.fromisoformat(at)))
        if entry is None:
            return ""
        values = {"what": entry["what"], "who": entry["by"]["name"] if entry["by"] else _("System")}
        # What was to happen at the deadline did not, so its words do not tell why it was extended.
        return (_(" (%(who)s)") if kind == "extend" else _(" (%(what)s: %(who)s)")) % values

    def _moment(self, text: str, *, ends: bool = False) -> str:
        """`ends`: midnight as 24:00 of the day that it ends."""
        local = datetime.fromisoformat(text).astimezone(self._zone)
        day = (local - SECOND).date() if ends else local.date()
        return f"{day:%Y-%m-%d} {self._time(text, ends=ends)}"

    def _time(self, text: str, *, ends: bool = False) -> str:
        local = datetime.fromisoformat(text).astimezone(self._zone)
        if ends and (local.hour, local.minute, local.second) == (0, 0, 0):
            return "24:00"
        return f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"


def confidence_words(confidence: str) -> str:
    """How sure it is that a pack says what its source says."""
    return {
        "high": _("high confidence"), "medium": _("medium confidence"), "low": _("low confidence"),
        "template": _("a template"),
    }[confidence]  # fmt: skip


def _regulated(regulation: dict[str, Any]) -> str:
    """Which pack decides, and instead of what: a pack never weakens a limit unsaid."""
    said = _("rule of the pack %(pack)s (%(confidence)s)") % {
        "pack": regulation["pack"], "confidence": confidence_words(regulation["confidence"]),
    }  # fmt: skip
    for other in regulation["instead_of"]:
        whose = _("of the pack %(pack)s") % {"pack": other["pack"]} if other["pack"] else _("set by the organisation")
        said += _(", instead of %(limit)s (%(whose)s)") % {"limit": limit_words(other["within"]), "whose": whose}
    return said


def _day(text: str) -> str:
    day = date.fromisoformat(text)
    return f"{day.isoformat()} {date_format(day, 'D')}"


def limit_words(limit: str) -> str:
    """`2 workdays` in the organisation's words."""
    return spoken(current_policy().limit_in_words(str(Limit.parse(limit))))
