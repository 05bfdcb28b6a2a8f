"""The calendar goes wrong: whoever imports a notice is killed, a year of days is gone. Deadlines are still given, and
every case follows the calendar once."""

import random
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from django.test import Client

from casework.domain.clocks import GRACE
from casework.domain.deadline_moves import reckon_all
from casework.domain.deliveries import deliver_due
from casework.domain.hours import published_through
from casework.domain.now import now
from casework.domain.sweep import fire_due
from casework.domain.verification import verify_ledger
from casework.management.commands.create_token import new_token
from casework.models import Account, CalendarDay, CalendarHorizon, Case, CaseEvent, Clock, Delivery
from tests.commands.conftest import Outcome, run
from tests.conftest import SHANGHAI
from tests.factories import evaluation
from tests.faults.aftermath import everything, settle
from tests.faults.killing import survives
from tests.web.visiting import browser

NOTICE = "date,kind,holiday\n2027-01-01,off,元旦\n2027-01-02,off,元旦\n2027-01-03,off,元旦\n"
CASES = 12
# What a run wants of the database is more than this until it is nearly done, so it dies and gets on, again and again.
FURTHEST = 60


@pytest.fixture
def notice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, real_db: None, time) -> Path:
    """The notice on 2027 as a file; the shell holds hua's token."""
    monkeypatch.setenv("GONGDUAN_TOKEN", new_token(Account.objects.get(username="hua"), 90)[0])
    file = tmp_path / "2027.csv"
    file.write_text(NOTICE)
    return file


def bring(file: Path, through: str) -> Outcome:
    return run("import_calendar", "office", file, "--published-through", through, "--as", "hua")


def due(number: str) -> str:
    clock = Clock.objects.get(case__number=number, name="objection")
    return f"{clock.due_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}{'?' if clock.provisional else ''}"


def reckoned() -> Counter[str]:
    return Counter(CaseEvent.objects.filter(action="reckon_clocks").values_list("case__number", flat=True))


def is_there() -> bool:
    """Whether all of the notice is, as far as anybody can tell."""
    return CaseEvent.objects.filter(action="calendar_imported").exists()


def test_import_of_a_notice_that_is_killed_again_and_again_is_whole_or_not_there(notice, time):
    """At each statement and around each commit until the notice is there, then anywhere among the cases that follow it;
    whoever is interrupted runs it again until it is through."""
    time.set("2026-12-30 10:00")
    numbers = [evaluation() for _ in range(CASES)]
    assert {due(number) for number in numbers} == {"2027-01-01 18:00?"}
    clocks, dice, kills = Clock.objects.count(), random.Random(3), 0

    def imported() -> None:
        done = bring(notice, "2027-12-31")
        assert done.status == 0, done

    seen = set()
    while not survives(dice.randint(1, FURTHEST) if is_there() else kills + 1, imported):
        kills += 1
        days = CalendarDay.objects.filter(calendar="office", date__year=2027).count()
        events = CaseEvent.objects.filter(action="calendar_imported").count()
        owed = Delivery.objects.filter(kind="reckon").count()
        seen.add((days, published_through("office"), CalendarHorizon.objects.get(pk="office").published_through))
        assert (days, events, owed) in {(0, 0, 0), (3, 1, 1)}
        assert not set(reckoned().values()) - {1}, "a case followed twice"
    assert kills > 5 and seen == {(0, *[date(2026, 12, 31)] * 2), (3, *[date(2027, 12, 31)] * 2)}
    assert {due(number) for number in numbers} == {"2027-01-04 18:00"}
    settle(time, papers=False)
    assert reckoned() == dict.fromkeys(numbers, 1) and Clock.objects.count() == clocks
    assert bring(notice, "2027-12-31").out.startswith("Published through: 2027-12-31 → 2027-12-31")
    assert reckoned() == dict.fromkeys(numbers, 1)
    assert verify_ledger().ok
    everything()


def gone(year: int, horizon: bool) -> None:
    """Days of the year are deleted from the database, and with `horizon` so is that it was settled."""
    CalendarDay.objects.filter(calendar="office", date__year=year).delete()
    if horizon:
        CalendarHorizon.objects.filter(pk="office").update(published_through=date(year - 1, 12, 31))


@pytest.mark.parametrize("horizon", [True, False])
def test_year_that_is_gone_makes_deadlines_provisional_until_it_is_imported_again(horizon, notice, time):
    """Also where only its days are gone, and where it is the year that runs."""
    days = list(CalendarDay.objects.filter(calendar="office", date__year=2026).order_by("date"))
    before = evaluation()
    settled = due(before)
    assert not settled.endswith("?")
    gone(2026, horizon)
    assert published_through("office") == date(2025, 12, 31)
    number = evaluation()
    assert due(number) == f"{settled}?", "a deadline is given, and says that it is a guess"
    assert due(before) == settled
    assert reckon_all("office") == [] and due(before) == f"{settled}?" and reckoned()[before] == 1
    page = browser("ann").get(f"/cases/{number}").content.decode()
    assert "the notice on that year’s holidays is not published yet" in page
    told = [line for line in run("doctor").out.splitlines() if "calendar" in line]
    assert any(line.startswith("warning") and "2025-12-31" in line and "import_calendar" in line for line in told), told
    assert b'gongduan_calendar_published_days{calendar="office"} -307' in Client().get("/metrics").content

    notice.write_text("date,kind,holiday\n" + "".join(
        f"{day.date},{'work' if day.working else 'off'},{day.holiday}\n" for day in days
    ))  # fmt: skip
    done = bring(notice, "2026-12-31")
    assert done.status == 0 and f"{len(days)} days change, 2 deadlines move (2 no longer provisional)" in done.out, done
    assert due(number) == due(before) == settled
    assert reckoned() == {before: 2, number: 1}
    assert CalendarDay.objects.filter(calendar="office", date__year=2026).count() == len(days)
    settle(time, papers=False)
    assert reckoned() == {before: 2, number: 1}
    assert not Clock.objects.filter(state="running", provisional=True).exists()
    everything()


def test_sweeps_go_on_while_a_year_is_gone(notice, time):
    numbers = [evaluation() for _ in range(3)]
    deliver_due()
    gone(2026, True)
    later = [evaluation() for _ in range(2)]
    latest = Clock.objects.filter(name="objection").latest("due_at").due_at
    time.to(latest + GRACE)
    sweeps = 0
    while fire_due() + deliver_due():
        sweeps += 1
        assert sweeps < 20, "it goes on for ever"
    assert not Clock.objects.exclude(problem="").exists() and not Delivery.objects.filter(due_at__lte=now()).exists()
    assert set(Case.objects.filter(number__in=numbers + later).values_list("state", flat=True)) == {"final"}
    everything()
