"""What the backlog came to: how many cases rest in which state, and what their deadlines show."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings

from casework.domain.law import laws
from casework.domain.now import now
from casework.models import Case, Clock, Document
from demo.play import Play

TYPES = {"disputes.ScoreDispute": "disputes 申诉", "arbitration.Arbitration": "arbitrations 仲裁"}
State = Clock.State
SHOWN = 3  # deadlines of a kind


def tell(play: Play, note: Callable[[str], None]) -> None:
    """The main story's own cases are not counted."""
    own = {play.evaluation, play.dispute, play.arbitration}
    for type_label, title in TYPES.items():
        states = Counter(
            Case.objects.filter(type=type_label).exclude(number__in=own).order_by("id").values_list("state", flat=True)
        )
        known = laws()[type_label].model.State
        told = ", ".join(f"{states[state]} {state}" for state in known.values if states[state])
        note(f"{states.total()} {title}: {told}")
    for title, lines in deadlines():
        more = f"; and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
        note(f"{title}: {'; '.join(lines[:SHOWN]) or 'none now'}{more}")
    papers = Document.objects.exclude(case__number__in=own)
    kinds = Counter(f"{kind} {state}" for kind, state in papers.values_list("kind", "state"))
    note(f"{kinds.total()} documents 文书: " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())))


def deadlines() -> Iterator[tuple[str, list[str]]]:
    """The clocks of the whole demo, by what is to be seen of them."""
    clocks = Clock.objects.select_related("case").order_by("case__number", "name")
    running = clocks.filter(state=State.RUNNING)
    yield "overdue 逾期", [f"{named(c)} since {shown(c.due_at)}" for c in running.filter(due_at__lt=now())]
    again = clocks.filter(state=State.BREACHED, name__in=("reinstating", "reopening"))
    yield "ran out and reported 逾期已报告", [f"{named(c)} on {shown(c.due_at)}" for c in again]
    yield "paused 中止", [named(c) for c in clocks.filter(state=State.PAUSED)]
    away = [c for c in running if c.postponed_to is not None]
    yield "waiting for somebody on leave 顺延", [f"{named(c)} until {shown(c.due_at)}" for c in away]
    # From December on: before, no limit reaches the next year, whose days off nobody has settled.
    yield "provisional 暂定", [f"{named(c)} {shown(c.due_at)}" for c in running.filter(provisional=True)]


def named(clock: Clock) -> str:
    return f"{clock.case.number} {clock.name}"


def shown(moment: datetime) -> str:
    return moment.astimezone(ZoneInfo(settings.TIME_ZONE)).strftime("%Y-%m-%d %H:%M")
