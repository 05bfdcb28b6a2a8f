"""The backlog: cases in every state in which one can rest, played in the working days before today.

Everything is done through perform() at moments of those days, clocks included; nothing is inserted. Which evaluations
are disputed is drawn once, by a seed; who decides follows from the rota."""

import random
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from casework.commands import progress
from casework.domain import staff
from casework.domain.directory import local_day
from casework.domain.hours import calendar_named
from casework.domain.now import at, now
from casework.domain.policy import current_policy
from casework.domain.sweep import fire_due
from casework.domain.verification import verify_ledger
from casework.models import Account, Case, Clock
from demo import backlog_script as script
from demo.backlog_acts import Item, do
from demo.backlog_script import Way
from demo.backlog_table import tell
from demo.play import Play, acting, deliver, expect, login_of
from demo.script import ARBITRATORS, REVIEWERS
from workflows.arbitration.votes import panel_size
from workflows.evaluations.models import Evaluation
from workflows.evaluations.rubric import decimal_text

IMPORT = time(8)
BEGIN, SLOT, APART = time(9, 5), timedelta(minutes=58), timedelta(seconds=50)  # one act after the other
SWEEPS = (time(17, 50), time(18, 5))  # reminders before the close of business, then what ran out at it
SWEPT = time(18, 10)


class Days:
    """The working days of the backlog, counted back from the last one that is wholly over."""

    def __init__(self) -> None:
        self._zone = ZoneInfo(settings.TIME_ZONE)

    @cached_property
    def _last_first(self) -> list[date]:
        office, day, found = calendar_named("office"), local_day(now()), []
        while len(found) <= script.DAYS:
            if office.is_working_day(day) and datetime.combine(day, SWEPT, self._zone) <= now():
                found.append(day)
            day -= timedelta(days=1)
        return found

    def day(self, before_last: int) -> date:
        return self._last_first[before_last]

    def moment(self, before_last: int, clock: time) -> datetime:
        return datetime.combine(self.day(before_last), clock, self._zone)

    def start(self) -> datetime:
        """When the organisation came to be, and its evaluations were imported."""
        return self.moment(script.DAYS, IMPORT)


# Before the story


def set_rota(days: Days) -> None:
    """Wherever a seat is drawn, exactly as many may be drawn as there are seats; all of it is over before today."""
    off: dict[str, set[int]] = {login: set() for login in (*REVIEWERS, *ARBITRATORS)}
    for way in script.WAYS:
        if (day := drawn_on(way)) is not None:
            for login in set(REVIEWERS) - {on_rota(day)}:
                off[login].add(day)
        if (day := way.day_of("appeal")) is not None:
            for login in set(ARBITRATORS) - set(panel_on_rota(day)):
                off[login].add(day)
    for login in sorted(off):
        person = Account.objects.select_related("person").get(username=login).person
        for first, last in runs(off[login]):
            staff.record_leave(person, days.day(first), days.day(last), acting("hua"), script.OFF_THE_ROTA)


def runs(days: Iterable[int]) -> Iterator[tuple[int, int]]:
    """(first, last) of days on end, the farthest back first."""
    left = sorted(days, reverse=True)
    while left:
        first = last = left.pop(0)
        while left and left[0] == last - 1:
            last = left.pop(0)
        yield first, last


def drawn_on(way: Way) -> int | None:
    """The day on which a reviewer is drawn for it."""
    return way.day_of("forward", "bypass", "insist")


def on_rota(day: int) -> str:
    return script.REVIEWER_ON_ROTA[day % 3]


def panel_on_rota(day: int) -> tuple[str, ...]:
    return script.PANEL_ON_ROTA if day % 2 == 0 else (script.SOLE_ON_ROTA[day // 2 % 3],)


def choose() -> list[Item]:
    """An evaluation for each way, never the same twice, in an order that the seed gives."""
    left = list(Evaluation.objects.exclude(external_id__in=script.KEPT).order_by("external_id")
                .select_related("concerned__unit", "inspector"))  # fmt: skip
    random.Random(script.SEED).shuffle(left)
    items = []
    for way in script.WAYS:
        evaluation = next(e for e in left if fits(way, e))
        left.remove(evaluation)
        items.append(item_of(way, evaluation))
    return items


def fits(way: Way, evaluation: Evaluation) -> bool:
    """Whether whoever is on the rota may decide on it, a panel is as large as the rota's, and a recording is short."""
    claims, rubric = claims_of(evaluation), evaluation.rubric
    if not claims or any(entry.get("failed") for entry in evaluation.current.values()):
        return False
    if (day := drawn_on(way)) is not None:
        stands_in, scored = evaluation.concerned.unit.code == "T-EC1", evaluation.inspector.no == "Q202"
        if {"qin": False, "qiu": stands_in, "ian2": scored}[on_rota(day)]:
            return False
    if (day := way.day_of("appeal")) is not None:
        given = {code: {"score": points, "na": False, "failed": None} for code, points in claims.items()}
        bands = current_policy().case_type("arbitration").value("pay_bands")
        if panel_size(rubric, evaluation.current, given, bands) != len(panel_on_rota(day)):
            return False
    return not is_heard(way) or evaluation.duration_s <= script.LONGEST_CALL


def is_heard(way: Way) -> bool:
    """Whether somebody decides on it who needs its recording."""
    return way.day_of("rule", "annul") is not None


def claims_of(evaluation: Evaluation) -> dict[str, str]:
    """One or two criteria with a deduction, and their full points."""
    points = {code: criterion.points for code, criterion in evaluation.rubric.criteria.items()}
    deducted = [
        code
        for code, entry in evaluation.current.items()
        if entry["score"] is not None and Decimal(entry["score"]) < points[code]
    ]
    chance = chance_of(evaluation)
    chosen = chance.sample(deducted, min(len(deducted), chance.choice((1, 1, 2))))
    return {code: decimal_text(points[code]) for code in sorted(chosen)}


def chance_of(evaluation: Evaluation) -> random.Random:
    return random.Random(f"{script.SEED} {evaluation.external_id}")


def item_of(way: Way, evaluation: Evaluation) -> Item:
    return Item(
        way=way, evaluation=evaluation.number, card=evaluation.original, claims=claims_of(evaluation),
        step=evaluation.rubric.step, agent=login_of(evaluation.concerned.no),
        inspector=login_of(evaluation.inspector.no), leader=script.LEADERS[evaluation.concerned.unit.code],
        chance=chance_of(evaluation), interaction=evaluation.interaction_id,
    )  # fmt: skip


# After the story


def run(play: Play) -> None:
    """Every case of the backlog rests where its way says, and no clock of theirs is due but the one that is meant."""
    what = f"{len(play.backlog)} disputes of the {script.DAYS} working days before, arbitrations among them 积案"
    with play.stage.step("(everyone)", what) as note:
        acts = sum(len(item.way.acts()) for item in play.backlog)
        with progress(acts, "acts") as done:
            for day in range(script.DAYS, -1, -1):
                with transaction.atomic():
                    play_day(play, day, done)
            play_unseen(play, done)
        for item in play.backlog:
            check(item)
        expect(not Clock.objects.exclude(problem="").exists(), "a clock failed")
        expect(verify_ledger().ok, "the ledger is broken")
        tell(play, note)


def play_day(play: Play, day: int, done: Any) -> None:
    """Slot by slot: what people do, then what follows from it; in the evening the clocks."""
    slots: dict[int, list[tuple[Item, str]]] = {}
    for item in play.backlog:
        for when, slot, act in item.way.acts():
            if when == day and act != script.UNSEEN:
                slots.setdefault(slot, []).append((item, act))
    for slot, acts in sorted(slots.items()):
        for item, act in acts:
            act_at(play, item, day, slot, act)
            done()
        with at(play.days.moment(day, BEGIN) + (slot + 1) * SLOT - APART):
            deliver()
    for clock in SWEEPS:
        with at(play.days.moment(day, clock)):
            while fire_due():
                pass
            deliver()


def play_unseen(play: Play, done: Any) -> None:
    """One limit has run out, and no sweep came after: the overdue one."""
    for item in play.backlog:
        for day, slot, act in item.way.acts():
            if act == script.UNSEEN:
                act_at(play, item, day, slot, act)
                done()
    deliver()


def act_at(play: Play, item: Item, day: int, slot: int, act: str) -> None:
    moment = play.days.moment(day, BEGIN) + slot * SLOT + play.backlog.index(item) * APART
    with at(moment):
        do(act, play, item)


def check(item: Item) -> None:
    """It came to rest where it was meant to."""
    for number, state in ((item.dispute, item.way.dispute), (item.arbitration, item.way.arbitration)):
        if number or state:
            found = Case.objects.get(number=number).state
            expect(found == state, f"{number} is {found}, not {state} ({item.way.days})")
