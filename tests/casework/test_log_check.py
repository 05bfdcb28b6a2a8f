"""An insider who rewrites the database knowing how it is built, and who takes one key after the other: each time
another check finds it, up to the witness, whose key is not to be had here."""

import shutil
from pathlib import Path

import pytest
from django.conf import settings as configured

from casework.domain import checkpoints, ledger
from casework.domain.log_check import Outside, log_problems
from casework.domain.log_leaves import Leaves
from casework.domain.log_tree import size_of_log
from casework.domain.sealing import seal_ledger
from casework.domain.verification import verify_ledger
from casework.models import Case, CaseEvent, Checkpoint
from tests.factories import dispute
from tests.insider import Backup, Insider
from tests.witness import Watched, watched_by


def found() -> list[str]:
    """The checks that failed."""
    return [problem.check for problem in verify_ledger().problems]


@pytest.fixture
def sealed(real_db, time) -> str:
    """A dispute whose entries are signed; its number."""
    number = dispute(upto="forwarded")
    seal_ledger()
    assert found() == []
    return number


def second(number: str) -> CaseEvent:
    return CaseEvent.objects.get(stream=f"case:{number}", seq=2)


CHANGE = ("Q202", "Q203")


def test_edit_with_the_chain_anew_is_found_by_its_place(sealed: str):
    event = second(sealed)
    Insider().rewrite(event, CHANGE)
    assert [(p.stream, p.check) for p in verify_ledger().problems] == [(event.stream, "leaf")]
    assert [p.check for p in verify_ledger(sealed).problems] == ["leaf"]


def test_edit_with_chain_and_tiles_anew_is_found_by_the_checkpoint(sealed: str):
    insider = Insider()
    insider.rewrite(second(sealed), CHANGE)
    insider.rebuild_tiles()
    assert found() == ["checkpoint"]
    assert [p.check for p in verify_ledger(sealed).problems] == ["checkpoint"]


def test_edit_signed_again_with_the_stolen_key_is_found_by_what_the_folder_remembers(sealed: str):
    insider = Insider()
    insider.rewrite(second(sealed), CHANGE)
    insider.rebuild_tiles()
    insider.sign_again()
    assert found() == ["signed"]


def test_edit_signed_again_everywhere_is_found_by_the_witness(sealed: str, tmp_path: Path, settings):
    with watched_by(tmp_path / "witness", settings) as witness:
        seal_ledger()
        insider = Insider()
        insider.rewrite(second(sealed), CHANGE)
        insider.rebuild_tiles()
        insider.sign_again(in_folder=True)
        assert found() == [], "nothing is left here that could tell"
        seal_ledger()
        assert found() == ["witness"]
        assert "does not begin with" in witness.alarms[0]
        assert any(line.startswith("ALARM ") for line in witness.status().splitlines())


def test_delete_of_one_entry_is_found(sealed: str):
    insider, event = Insider(), second(sealed)
    insider.do("DELETE FROM casework_eventtext WHERE event_id = %s", event.pk)
    insider.do("DELETE FROM casework_caseevent WHERE id = %s", event.pk)
    assert found() == ["sequence", "place"]


def test_swap_of_two_places_is_found(sealed: str):
    insider = Insider()
    insider.do('UPDATE casework_logleaf SET "index" = -1 WHERE "index" = 1')
    insider.do('UPDATE casework_logleaf SET "index" = 1 WHERE "index" = 2')
    insider.do('UPDATE casework_logleaf SET "index" = 2 WHERE "index" = -1')
    assert found()[0] in ("leaf", "checkpoint")


def test_place_beyond_the_log_is_found(sealed: str):
    """However far beyond: what is held in memory goes by the number of entries."""
    insider = Insider()
    insider.do('UPDATE casework_logleaf SET "index" = %s WHERE "index" = 1', 10**15)
    problem = verify_ledger().problems[0]
    assert (problem.check, problem.seq) == ("place", 1)


def test_place_that_two_entries_have_is_found(sealed: str):
    """The database lets none be given twice, until somebody has dropped that constraint."""
    leaves = Leaves(2)
    for entry in (b"one", b"another"):
        leaves.put(1, entry)
    problem = next(found for found in log_problems(Outside(), leaves) if found.check == "place")
    assert problem.seq == 1 and "two" in problem.message


def test_entry_written_past_the_line_is_found(sealed: str):
    """Its place in the line is taken away before it has one in the log."""
    insider = Insider()
    ledger.note("org", "test", {"about": "nothing"})
    insider.do("DELETE FROM casework_unsequenced")
    assert found() == ["place"]


def test_entry_that_waits_and_is_gone_is_found(sealed: str):
    event = ledger.note("org", "test", {"about": "nothing"})
    insider = Insider()
    insider.do("DELETE FROM casework_caseevent WHERE id = %s", event.pk)
    insider.do("UPDATE casework_streamhead SET seq = %s, head = %s WHERE stream = 'org'", event.seq - 1, event.previous)
    assert found() == ["line"]
    assert seal_ledger()["sequenced"] == 0, "nothing else waits for it"


def test_tail_dropped_is_found_by_the_database_own_checkpoint(sealed: str):
    insider = Insider()
    insider.drop_tail(sealed)
    insider.rebuild_tiles()
    assert found() == ["row", "checkpoint"]


def test_tail_dropped_with_its_checkpoints_is_found_by_the_folder_and_stops_the_log(sealed: str):
    insider = Insider()
    insider.drop_tail(sealed)
    insider.rebuild_tiles()
    insider.do("DELETE FROM casework_checkpoint")
    assert found() == ["row", "signed"]
    with pytest.raises(checkpoints.LogBroken):
        seal_ledger()


def test_tail_dropped_everywhere_is_found_by_the_witness(sealed: str, tmp_path: Path, settings):
    with watched_by(tmp_path / "witness", settings) as witness:
        seal_ledger()
        insider = Insider()
        insider.drop_tail(sealed)
        insider.rebuild_tiles()
        insider.sign_again(in_folder=True)
        assert found() == ["row"], "whose salt as it was is gone for good"
        seal_ledger()
        assert found() == ["row", "witness"]
        assert "entries are gone" in witness.alarms[0]


def test_yesterday_restored_with_the_folder_is_found_by_the_witness(real_db, time, tmp_path: Path, settings):
    """Both the database and the key's folder are those of yesterday: the witness is not."""
    with watched_by(tmp_path / "witness", settings) as witness:
        number = dispute(upto="forwarded")
        seal_ledger()
        yesterday, folder = Backup(), tmp_path / "yesterday"
        shutil.copytree(configured.LOG_FOLDER, folder)
        ledger.note("org", "test", {"about": "today"})
        seal_ledger()
        yesterday.restore()
        shutil.rmtree(configured.LOG_FOLDER)
        shutil.copytree(folder, configured.LOG_FOLDER)
        assert found() == [] and Case.objects.filter(number=number).exists()
        for _ in range(size_of_log()):
            ledger.note("org", "test", {"about": "another day"})
        seal_ledger()
        assert found() == ["witness"] and witness.alarms


def test_yesterday_restored_without_the_folder_stops_the_log(sealed: str):
    yesterday = Backup()
    ledger.note("org", "test", {"about": "today"})
    seal_ledger()
    yesterday.restore()
    assert found() == ["signed"]
    with pytest.raises(checkpoints.LogBroken, match="backup was restored"):
        seal_ledger()


@pytest.mark.parametrize("table, change, check", [
    ("checkpoint", "root = '" + "0" * 64 + "'", "checkpoint"),
    ("checkpoint", "note = REPLACE(note, 'ledger', 'lodger')", "signature"),
    ("tile", "level = level + 3", "tile"),
])  # fmt: skip
def test_rows_of_the_log_when_changed_are_found(sealed: str, table: str, change: str, check: str):
    Insider().do(f"UPDATE casework_{table} SET {change}")
    assert check in found()


def test_cosignature_when_forged_is_found(sealed: str, tmp_path: Path, settings):
    with watched_by(tmp_path / "witness", settings):
        seal_ledger()
        assert found() == []
        Insider().do("UPDATE casework_cosignature SET line = REPLACE(line, 'AAAA', 'AAAB')")
        assert found() == ["cosignature"]


def test_verify_ledger_tells_how_much_is_signed(sealed: str):
    ledger.note("org", "test", {"about": "nothing"})
    verdict, case = verify_ledger(), verify_ledger(sealed)
    assert (verdict.placed, verdict.waiting, verdict.checkpoints) == (CaseEvent.objects.count() - 1, 1, 1)
    assert (case.placed, case.waiting) == (3, 0)
    assert Checkpoint.objects.get().size == verdict.placed


def test_watched_witness_has_a_key_that_is_not_here(sealed: str, tmp_path: Path, settings):
    with watched_by(tmp_path / "witness", settings) as witness:
        assert isinstance(witness, Watched) and not list(Path(configured.LOG_FOLDER).glob("*witness*"))
