"""Deadlines of the regulation packs, worked out by hand from what they say and from the holidays of their places."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from casework.domain.calendar_files import parse_calendars, parse_days
from casework.domain.deadline_sum import added_up
from casework.domain.limits import Limit
from casework.domain.pack_files import names_in, read_packs

HERE = Path(__file__).parent
POLICIES = HERE.parents[1] / "policies"
PACKS, PROBLEMS = read_packs(POLICIES / "packs", names_in(POLICIES / "packs"))
ROWS = list(csv.DictReader((HERE / "pack-deadlines.csv").read_text(encoding="utf-8").splitlines()))


def calendars():
    folder = POLICIES / "calendars"
    for file in folder.glob("*.yaml"):
        for name, spec in parse_calendars(file.read_text(encoding="utf-8")).items():
            days = parse_days((folder / spec.days_file).read_text(encoding="utf-8")) if spec.days_file else None
            yield name, spec.compile(days)


CALENDARS = dict(calendars())


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_deadline_of_a_pack_is_the_one_worked_out_by_hand(row):
    limit = PACKS[row["pack"]][1].clocks["complaints"][row["clock"]]
    calendar = CALENDARS[limit.calendar]
    start, due = (datetime.fromisoformat(row[key]).replace(tzinfo=calendar.zone) for key in ("start", "due"))
    found = calendar.due(start, Limit.parse(limit.within), counting=limit.counting)
    assert found.due_at == due.astimezone(UTC), row["derivation"]
    assert found.provisional is (row["provisional"] == "yes"), row["derivation"]
    assert added_up(found.steps, Limit.parse(limit.within), calendar.zone)[-1].due_at == found.due_at


def test_every_limit_of_every_pack_has_deadlines_worked_out():
    assert not PROBLEMS
    limits = {(name, clock) for name, (_file, pack) in PACKS.items() for clock in pack.clocks["complaints"]}
    assert {(row["pack"], row["clock"]) for row in ROWS} == limits
    for name in PACKS:
        assert len([row for row in ROWS if row["pack"] == name]) >= 4
