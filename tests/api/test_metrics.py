"""/metrics and /readyz: what they say is in the database, whoever answers; they read no more the longer history is."""

import re
import tomllib
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from casework import __version__
from casework.domain.deliveries import deliver_due
from casework.domain.lags import BOUNDS, CLOCK, lags, note_lags
from casework.domain.now import now
from casework.domain.policy import current_digest
from casework.domain.sweep import fire_due
from casework.models import Case, Clock, ClockWarning, Delivery
from tests.conftest import at_once
from tests.factories import dispute, evaluation

NAME = r"[a-z][a-z0-9_]*"
SAMPLE = re.compile(rf'({NAME})(?:\{{({NAME})="((?:[^"\\\n]|\\.)*)"(?:,({NAME})="((?:[^"\\\n]|\\.)*)")?\}})? (\S+)')
ENDS = {"histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}


def scraped(**headers: str) -> dict[str, float]:
    """Every sample, by its name and its first label's value; the text is as the format wants it."""
    response = Client().get("/metrics", headers=headers)
    assert response.status_code == 200 and response["Content-Type"].startswith("text/plain; version=0.0.4")
    text = response.content.decode()
    assert text.endswith("\n") and "\n\n" not in text
    found: dict[str, float] = {}
    family = kind = ""
    for line in text.splitlines():
        if line.startswith("# HELP "):
            family = line.split(" ", 3)[2]
            assert not any(name.split("{")[0] == family for name in found), "a family stands together"
        elif line.startswith("# TYPE "):
            assert line.split(" ")[2] == family
            kind = line.split(" ")[3]
        else:
            match = SAMPLE.fullmatch(line)
            assert match and match[1] in {family + end for end in ENDS[kind]}, line
            name = match[1].removeprefix("gongduan_") + (f"{{{match[3]}}}" if match[2] else "")
            assert name not in found
            found[name] = float(match[6])
    for lag in ("clock_lag_seconds", "delivery_lag_seconds"):
        rising = [found[f"{lag}_bucket{{{bound}}}"] for bound in (*BOUNDS, "+Inf")]
        assert rising == sorted(rising) and rising[-1] == found[f"{lag}_count"]
    return found


def poisoned(time: Any) -> Clock:
    """A clock that was due a minute ago and could not act."""
    number = evaluation()
    deliver_due()
    clock = Clock.objects.get(case__number=number, name="objection")
    time.to(clock.due_at, seconds=-1)
    fire_due()
    deliver_due()
    Case.objects.filter(number=number).update(head="f" * 64)  # its chain is broken: every step fails
    time.to(clock.due_at, seconds=61)
    fire_due()
    clock.refresh_from_db()
    assert clock.attempts == 1
    return clock


def readiness() -> tuple[int, dict[str, Any]]:
    response = Client().get("/readyz")
    return response.status_code, response.json()["checks"]


def test_metrics_say_what_runs_what_is_overdue_and_what_fails(real_db, time):
    clock = poisoned(time)
    time.on(seconds=539)
    found = scraped()
    assert (found["clocks_overdue"], found["clocks_overdue_oldest_seconds"]) == (1, 600)
    assert (found["clocks_failing"], found["clocks_failing_oldest_seconds"]) == (1, 600)
    assert found["clocks_running"] == Clock.objects.filter(state="running").count()
    assert (found["reminders_late"], found["deliveries_waiting"], found["deliveries_failing"]) == (0, 0, 0)
    assert found["calendar_published_days{office}"] == 56  # from 5 November to the end of the year
    assert found[f"info{{{__version__}}}"] == 1
    body = Client().get("/metrics").content.decode()
    assert current_digest() in body and clock.case.number not in body and "A1001" not in body


def test_metrics_say_what_waits_for_somebody_to_deliver_and_to_remind(db, time):
    evaluation()
    time.set("2026-12-31 10:00")
    evaluation()
    waits = Delivery.objects.count()
    Delivery.objects.create(id=1, kind="x", dedup="x", created_at=now(), due_at=now() + timedelta(1), attempts=3)
    time.on(minutes=5)
    found = scraped()
    assert (found["deliveries_waiting"], found["deliveries_failing"]) == (waits, 1)
    assert found["deliveries_failing_oldest_seconds"] == 300
    late = ClockWarning.objects.filter(done_at=None, due_at__lt=now() - timedelta(seconds=60))
    assert found["reminders_late"] == late.count() > 0
    assert found["reminders_late_oldest_seconds"] == (now() - late.earliest("due_at").due_at).total_seconds()
    assert found["clocks_provisional"] == Clock.objects.filter(state="running", provisional=True).count() > 0


def test_lag_is_from_the_due_moment_to_the_act_and_adds_up_over_sweeps(db, time):
    number = dispute()
    deliver_due()
    before = scraped()
    screen = Clock.objects.get(case__number=number, name="screen")
    time.to(screen.due_at, seconds=63)
    assert fire_due()
    time.on(seconds=7)
    deliver_due()
    found = scraped()
    fired = Clock.objects.filter(state="breached").count()
    assert found["clock_lag_seconds_count"] == fired == 2
    assert [found[f"clock_lag_seconds_bucket{{{bound}}}"] for bound in (62, 65)] == [0, fired]
    assert found["clock_lag_seconds_sum"] == 63 * fired
    assert found["delivery_lag_seconds_bucket{10}"] > before["delivery_lag_seconds_bucket{10}"]


@pytest.mark.parametrize("count", [2])
def test_lag_when_several_count_at_once_loses_nothing(count, real_db):
    late = [timedelta(seconds=bound) for bound in (*BOUNDS, 10**6)]
    calls = [lambda: [note_lags(CLOCK, late) for _ in range(10)]] * count
    assert not [result for result in at_once(*calls) if isinstance(result, BaseException)]
    found = lags(CLOCK)
    assert (found.times, found.upto[0]) == (count * 10 * len(late), count * 10)
    assert found.seconds == count * 10 * sum(lag.total_seconds() for lag in late)


def test_metrics_ask_no_more_than_the_ends_of_indexes(db, time):
    """However many cases are over: each statement on what grows reads by an index, and no more than it counts to."""
    evaluation()
    with CaptureQueriesContext(connection) as captured:
        scraped()
    asked = [query["sql"] for query in captured.captured_queries]
    assert len(asked) < 25, asked
    growing = [sql for sql in asked if re.search(r"casework_(clock|clockwarning|delivery|case|caseevent)\b", sql)]
    assert len(growing) == 9 and all("LIMIT " in sql for sql in growing), growing
    for sql in growing:
        assert reads_by_index(sql), sql


def reads_by_index(sql: str) -> bool:
    """Whether no table is read from end to end."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {sql}")
            return not any("Seq Scan" in line for (line,) in cursor.fetchall())
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        steps = [row[3] for row in cursor.fetchall() if "casework_" in row[3]]
        return bool(steps) and all("INDEX" in step for step in steps)


def test_metrics_from_elsewhere_are_refused_in_words(db, time, settings):
    client = Client(headers={"accept-language": "en"})
    for asked in (
        {"REMOTE_ADDR": "10.0.0.9"}, {"REMOTE_ADDR": ""}, {"headers": {"X-Forwarded-For": "127.0.0.1"}},
        {"headers": {"Forwarded": "for=127.0.0.1"}},
    ):  # fmt: skip
        response = client.get("/metrics", **asked)
        assert response.status_code == 403 and "set GONGDUAN_METRICS_TOKEN" in response.json()["detail"], asked
    settings.PROXIES = 1
    assert client.get("/metrics").status_code == 403
    assert client.post("/metrics").status_code == 405


def test_metrics_with_a_token_are_for_whoever_sends_it(db, time, settings):
    settings.METRICS_TOKEN = "a-token"
    client = Client(headers={"accept-language": "en"})
    for sent in ({}, {"Authorization": "Bearer another"}, {"Authorization": "a-token"}, {"Authorization": "Bearer é"}):
        response = client.get("/metrics", headers=sent)
        assert response.status_code == 401 and "a-token" not in response.content.decode()
        assert response["WWW-Authenticate"].startswith("Bearer")
    response = client.get("/metrics", headers={"Authorization": "Bearer a-token"}, REMOTE_ADDR="10.0.0.9")
    assert response.status_code == 200 and response["Cache-Control"] == "no-store"


def test_version_is_that_of_the_package():
    told = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())
    assert told["project"]["version"] == __version__


# Readiness


def test_readyz_when_a_clock_is_poisoned_turns_red_by_its_age_alone(real_db, time):
    clock = poisoned(time)
    time.to(clock.due_at, seconds=900)
    status, checks = readiness()
    assert status == 200 and (checks["clocks"]["failing"], checks["clocks"]["oldest_failing_s"]) == (1, 900)
    time.on(seconds=1)
    assert readiness()[0] == 503


def test_readyz_when_a_reminder_is_late_turns_red_by_its_age_alone(db, time):
    evaluation()
    deliver_due()
    warning = ClockWarning.objects.filter(done_at=None).earliest("due_at")
    time.to(warning.due_at, seconds=900)
    status, checks = readiness()
    assert status == 200 and checks["reminders"] == {"ok": True, "late": 1, "oldest_late_s": 900}
    time.on(seconds=1)
    status, checks = readiness()
    assert status == 503 and not checks["reminders"]["ok"] and checks["clocks"]["ok"]


def test_readyz_when_nobody_delivers_turns_red_by_the_age_of_what_waits(db, time):
    evaluation(reader=None)
    made = Delivery.objects.get().due_at
    ClockWarning.objects.update(done_at=now())
    time.to(made, seconds=900)
    assert readiness()[0] == 200
    time.on(seconds=1)
    status, checks = readiness()
    assert status == 503 and not checks["deliveries"]["ok"] and checks["deliveries"]["stuck"] == 0
