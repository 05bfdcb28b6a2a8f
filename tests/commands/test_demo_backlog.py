"""The backlog that the demo plays: every state, the same people and outcomes in each run, and nothing that moves by
itself once the worker begins."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from demo.backlog_script import DAYS, UNSEEN, WAYS
from tests.commands.demo_run import Demo
from workflows.arbitration.states import State as ArbitrationState
from workflows.disputes.states import State as DisputeState

EXPECTED = Path(__file__).with_name("demo_backlog.csv")
PASSING = {DisputeState.SEALING, DisputeState.DISMISSING}  # states in which no case rests
COLUMNS = ("place", "type", "evaluation", "state", "outcome", "people")
BACKLOG = """
    SELECT c.type, e.external_id, c.state, coalesce(d.outcome, a.outcome), c.id
    FROM casework_case c
    JOIN casework_case of ON of.family_id = c.family_id
    JOIN evaluations_evaluation e ON e.case_ptr_id = of.id
    LEFT JOIN disputes_scoredispute d ON d.case_ptr_id = c.id
    LEFT JOIN arbitration_arbitration a ON a.case_ptr_id = c.id
    WHERE c.type != 'evaluations.Evaluation' AND e.external_id != 'EV-202610-0011'
    ORDER BY c.type, c.number"""
PEOPLE = """
    SELECT DISTINCT p.no, r.role FROM casework_party r JOIN casework_person p ON p.id = r.person_id
    WHERE r.case_id = ? AND r.role != 'leader'"""  # who leads a unit, deputies too, hangs on the day


def table(demo: Demo) -> list[dict[str, str]]:
    """The backlog in the order of the numbers; which of the seats somebody has is the lot's, so seats are all one."""
    rows = []
    for place, (case_type, evaluation, state, outcome, pk) in enumerate(demo.rows(BACKLOG), 1):
        people = {f"{role.rstrip('_123')} {no}" for no, role in demo.rows(PEOPLE, pk)}
        row = (str(place), case_type, evaluation, state, outcome, "; ".join(sorted(people)))
        rows.append(dict(zip(COLUMNS, row, strict=True)))
    return rows


def test_load_demo_plays_the_backlog_of_the_stored_table(demo):
    """To write it anew: GONGDUAN_HOME=FOLDER manage.py load_demo; python -m tests.commands.test_demo_backlog FOLDER"""
    with EXPECTED.open(encoding="utf-8", newline="") as file:
        assert table(demo) == list(csv.DictReader(file))


def test_load_demo_has_a_case_in_every_state_in_which_one_rests(demo):
    found = [(row["type"], row["state"]) for row in table(demo)]
    assert len(found) == 60
    for case_type, states in (("disputes.ScoreDispute", DisputeState), ("arbitration.Arbitration", ArbitrationState)):
        resting = {state.value for state in states} - PASSING
        assert {state for kind, state in found if kind == case_type} == resting


def test_load_demo_tells_of_an_overdue_a_reported_a_paused_and_a_deferred_deadline(demo):
    told = " ".join(demo.out.split())
    for words in (
        "overdue 逾期: ARB-",
        "逾期已报告: DSP-",
        "paused 中止: EVL-",
        "on leave 顺延: DSP-",
        "provisional 暂定: ",
    ):
        assert words in told, words


def test_load_demo_goes_on_in_time_within_each_case(demo):
    last: dict[str, str] = {}
    for entry in demo.entries():
        if entry["stream"] not in ("org", "access"):
            assert last.get(entry["stream"], "") <= entry["received_at"], entry["stream"]
            last[entry["stream"]] = entry["received_at"]


def test_work_after_load_demo_reports_the_overdue_deadline_and_moves_no_case(demo, tmp_path):
    loaded = max(entry["received_at"] for entry in demo.entries())
    if due(demo, loaded) != due(demo, datetime.now(UTC).isoformat()):
        pytest.skip("the office closed since the demo was loaded, so more is due by now")
    assert [name for _number, name in due(demo, loaded)] == ["reopening"]
    copy = demo.copy(tmp_path / "var")
    done = copy.run("work", "--once")
    assert done.returncode == 0, done.stderr
    states = "SELECT number, state FROM casework_case ORDER BY number"
    assert copy.rows(states) == demo.rows(states)
    assert due(copy, loaded) == []


def due(demo: Demo, moment: str) -> list[tuple]:
    """Running clocks that had run out at the moment."""
    late = (
        "SELECT number, name FROM casework_clock k JOIN casework_case c ON c.id = k.case_id WHERE k.state = 'running' "
    )
    return demo.rows(late + "AND k.due_at < ? ORDER BY number", moment.replace("T", " ")[:19])


def test_ways_of_the_backlog_draw_nobody_on_the_last_day():
    """Nobody is off the rota on it, since it may be today: the story draws a reviewer and a panel then."""
    for way in WAYS:
        drawn = {day for day, _slot, act in way.acts() if act in ("forward", "bypass", "insist", "appeal")}
        assert 0 not in drawn and max(day for day, _slot, _act in way.acts()) < DAYS, way
    assert sum(way.day_of(UNSEEN) is not None for way in WAYS) == 1


if __name__ == "__main__":
    import sys

    with EXPECTED.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        out.writeheader()
        out.writerows(table(Demo(Path(sys.argv[1]))))
