"""import_calendar: what a notice of the State Council changes, shown, done, and done once."""

import json
from datetime import date
from pathlib import Path

import pytest
from django.conf import settings

from casework.domain.hours import published_through
from casework.models import CalendarDay, CaseEvent, Clock
from tests.commands.conftest import Outcome, refused, run
from tests.factories import evaluation

NOTICE = "date,kind,holiday\n2027-01-01,off,元旦\n2027-01-02,off,元旦\n2027-01-03,off,元旦\n"


@pytest.fixture
def notice(tmp_path) -> Path:
    file = tmp_path / "2027.csv"
    file.write_text(NOTICE)
    return file


def bring(file: Path | str, *words: str, login: str = "hua") -> Outcome:
    return run("import_calendar", "office", file, "--as", login, *words)


def test_import_calendar_by_hr_settles_the_year_and_shows_what_moves(token_of, time, notice):
    time.set("2026-12-30 10:00")
    number = evaluation()
    token_of("hua")
    done = bring(notice, "--published-through", "2027-12-31", "--source", "国办发明电〔2026〕7号")
    assert (done.status, done.err) == (0, ""), done
    assert "2027-01-01\t—\toff 元旦" in done.out and "Published through: 2026-12-31 → 2027-12-31" in done.out
    old, new = "2027-01-01 18:00 +08:00 (provisional)", "2027-01-04 18:00 +08:00"
    assert f"{number}\tobjection 1\t{old}\t{new}\n" in done.out
    assert "3 days change, 1 deadline moves (1 no longer provisional)." in done.out
    assert published_through("office") == date(2027, 12, 31)
    told = json.loads(CaseEvent.objects.get(action="calendar_imported").entry)["data"]
    assert (told["source"], len(told["days"]), len(told["sha256"])) == ("国办发明电〔2026〕7号", 3, 64)
    again = bring(notice, "--published-through", "2027-12-31")
    assert again.status == 0 and "Nothing changes" in again.out
    assert CaseEvent.objects.filter(action="calendar_imported").count() == 1


def test_import_calendar_with_dry_run_shows_the_same_and_writes_nothing(token_of, time, notice):
    time.set("2026-12-30 10:00")
    evaluation()
    token_of("root")
    before = CalendarDay.objects.count(), CaseEvent.objects.count(), Clock.objects.get(name="objection").due_at
    done = bring(notice, "--published-through", "2027-12-31", "--dry-run", login="root")
    assert done.status == 0 and "1 deadline moves" in done.out and done.out.endswith("Nothing was written.\n")
    after = CalendarDay.objects.count(), CaseEvent.objects.count(), Clock.objects.get(name="objection").due_at
    assert before == after


def test_import_calendar_without_a_horizon_says_that_deadlines_stay_provisional(token_of, time, notice):
    time.set("2026-12-30 10:00")
    evaluation()
    token_of("fang")
    done = bring(notice, login="fang")
    assert done.status == 0 and "settled through 2026-12-31 only" in done.err
    assert Clock.objects.get(name="objection").provisional


def test_import_calendar_of_the_file_that_is_known_changes_nothing(token_of, time):
    token_of("hua")
    assert "Nothing changes" in bring(settings.CALENDAR_FOLDER / "cn-days.csv").out


def test_import_calendar_by_anybody_else_or_of_a_bad_file_is_refused(token_of, time, notice, tmp_path):
    token_of("qin")
    refused(bring(notice, login="qin"), 3, "Expected HR, a director or the administrator")
    token_of("hua")
    refused(bring(tmp_path / "none.csv"), 2, "Expected a readable file")
    refused(bring(notice, "--source", "x" * 201), 2, "Expected a source of at most 200")
    refused(bring(notice, "--published-through", "soon"), 2, "expected a day")
    notice.write_text(NOTICE + "2026-10-01,work,国庆节\n")
    refused(bring(notice), 2, "2026-10-01 is another; days that have passed stay")
    assert not CaseEvent.objects.filter(action="calendar_imported").exists()
    assert not CalendarDay.objects.filter(date__year=2027).exists()


def country(*words: str, calendar: str = "uk") -> Outcome:
    return run("import_calendar", calendar, *words, "--as", "hua")


def test_import_calendar_of_a_country_adds_the_year_to_the_days_of_its_file(token_of, time):
    token_of("hua")
    time.set("2026-12-30 10:00")
    words = ("--country", "GB-ENG", "--year", "2028", "--published-through", "2028-12-31")
    assert not CalendarDay.objects.filter(calendar="uk").exists()
    done = country(*words)
    assert done.status == 0 and "2028-04-14\t—\toff Good Friday" in done.out, done
    days = CalendarDay.objects.filter(calendar="uk")
    assert set(days.values_list("date__year", flat=True)) == {2024, 2025, 2026, 2027, 2028}
    assert days.get(date="2028-04-14").source.endswith(": GB-ENG 2028")
    assert published_through("uk") == date(2028, 12, 31)
    assert "Nothing changes" in country(*words).out


def test_import_calendar_of_a_year_that_its_file_has_changes_nothing(token_of, time):
    token_of("hua")
    assert "Nothing changes" in country("--country", "GB-ENG", "--year", "2027").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--country", "XX", "--year", "2027"), "Expected a country such as US or GB-ENG, but 'XX' is none"),
        (("--country", "GB-LON", "--year", "2027"), "Expected a part of GB (ENG, NIR, SCT, WLS), but got 'LON'"),
        (("--country", "GB", "--year", "99999"), "Expected public holidays of GB in 99999"),
        (("--country", "GB"), "Expected either a file, or --country with --year"),
        (("--year", "2027"), "Expected either a file, or --country with --year"),
        (("days.csv", "--country", "GB", "--year", "2027"), "Expected either a file, or --country with --year"),
    ],
)
def test_import_calendar_of_no_country_is_refused(token_of, time, words, said):
    token_of("hua")
    refused(country(*words), 2, said)
