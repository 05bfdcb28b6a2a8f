"""Copies of what was signed, in a folder that stands for storage written once, and the stamps over them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as configured

from casework.domain import ledger
from casework.domain.archiving import archive_log, log_archive
from casework.domain.checkpoints import LogBroken
from casework.domain.log_keys import log_key
from casework.domain.log_tree import size_of_log
from casework.domain.new_log import begin_log
from casework.domain.sealing import seal_ledger
from casework.domain.verification import verify_ledger
from casework.models import CaseEvent, Checkpoint
from casework.transparency import notes
from casework.transparency.archive import ArchiveProblem
from tests.commands.conftest import refused, run
from tests.conftest import acting
from tests.factories import dispute
from tests.insider import Backup, Insider
from tests.time_authority import TimeAuthority, open_at, openssl_agrees
from tests.witness import watched_by

DONE = {"copied": True, "stamped": 0, "waiting": 0, "problem": ""}
NOTHING = {**DONE, "copied": False}


@pytest.fixture
def place(real_db, time, tmp_path: Path, settings) -> Path:
    """An empty archive, and a ledger with a dispute that is sealed."""
    settings.LOG_ARCHIVE = tmp_path / "archive"
    settings.LOG_ARCHIVE.mkdir()
    dispute(upto="forwarded")
    seal_ledger()
    return settings.LOG_ARCHIVE


@pytest.fixture
def authority(tmp_path: Path, settings) -> Iterator[TimeAuthority]:
    with open_at(tmp_path / "tsa") as opened:
        settings.TSA, settings.TSA_ROOTS = opened.url, opened.roots
        yield opened


def more() -> None:
    """Something happens and is sealed."""
    ledger.note("org", "test", {"about": "nothing"})
    seal_ledger()


def copies(place: Path) -> list[Path]:
    return sorted(place.glob("*/*.checkpoint"))


def found() -> list[str]:
    return [problem.check for problem in verify_ledger().problems]


def test_archive_log_copies_what_was_signed_last_and_once_an_hour(place: Path, time):
    assert archive_log() == DONE
    [copy] = copies(place)
    assert copy.read_text() == Checkpoint.objects.get().note and copy.stat().st_mode & 0o777 == 0o444
    assert (copy.parent / "vkey").read_text().strip() == str(log_key())
    more()
    assert archive_log() == NOTHING, "it is too soon"
    time.on(minutes=61)
    more()
    assert archive_log() == DONE and [int(copy.stem) for copy in copies(place)] == [size_of_log() - 2, size_of_log()]
    time.on(minutes=61)
    assert archive_log() == NOTHING, "the log has not grown"
    assert found() == []


def test_archive_log_before_anything_is_sealed_does_nothing(real_db, tmp_path: Path, settings):
    settings.LOG_ARCHIVE = tmp_path
    assert archive_log() == NOTHING and list(tmp_path.iterdir()) == []


def test_copy_holds_the_cosignatures_too(place: Path, tmp_path: Path, settings):
    with watched_by(tmp_path / "witness", settings) as witness:
        seal_ledger()
        archive_log()
        _body, signers = notes.opened(copies(place)[0].read_text(), log_key(), witness.who)
        assert set(signers) == {log_key(), witness.who}
        assert found() == []


def test_copy_that_is_there_is_never_written_again(place: Path):
    archive_log()
    archive = log_archive()
    [size] = archive.sizes()
    archive.add(size, "something else")
    assert archive.checkpoint(size).decode() == Checkpoint.objects.get().note
    assert not list(place.glob("*/.*")), "nothing is left of the attempt"


def test_archive_that_is_not_mounted_is_not_made_anew(place: Path):
    place.rename(place.with_name("elsewhere"))
    with pytest.raises(ArchiveProblem, match="is the storage mounted?"):
        archive_log()
    assert not place.exists() and found() == ["away"]
    done = run("verify_ledger")
    assert done.status == 1 and "log: away: " in done.out and "the rest is whole" in done.out
    assert not CaseEvent.objects.filter(action="verification_failed").exists()
    refused(run("archive_log"), 1, "is the storage mounted?")
    assert "is the storage mounted?" in run("doctor").out


def test_other_things_beside_the_copies_are_passed_over_and_copies_without_their_key_told(place: Path):
    archive_log()
    [copy] = copies(place)
    for folder in ("lost+found", "reports", "0123ABCD", "0123abcd0"):
        (place / folder).mkdir()
        (place / folder / "anything").write_bytes(b"")
    assert found() == []
    (copy.parent / "vkey").unlink()
    [problem] = verify_ledger().problems
    assert copy.parent.name in problem.message and "vkey is missing" in problem.message


# Time stamps


def test_copy_is_stamped_and_openssl_agrees(place: Path, authority: TimeAuthority):
    assert archive_log() == {**DONE, "stamped": 1}
    [copy] = copies(place)
    assert openssl_agrees(copy.with_suffix(".tst"), copy, authority.roots)
    assert archive_log() == NOTHING and authority.asked == 1 and found() == []


def test_copies_wait_for_a_time_authority_that_is_away_and_the_newest_comes_first(
    place: Path, authority: TimeAuthority, time
):
    authority.status = 503
    assert archive_log() == {**DONE, "waiting": 1, "problem": "it answers 503"}
    time.on(minutes=61)
    more()
    assert run("archive_log").json == {**DONE, "waiting": 2, "problem": "it answers 503"}
    assert "2 copies in the archive wait for a time stamp" in run("doctor").out
    assert found() == [], "a copy without a stamp is a copy"
    authority.status, authority.change = 200, lambda answer: answer if authority.asked == 3 else b""
    done = run("archive_log").json
    assert (done["stamped"], done["waiting"]) == (1, 1)
    assert [copy.with_suffix(".tst").exists() for copy in copies(place)] == [False, True]
    authority.change = lambda answer: answer
    assert run("archive_log").json == {**NOTHING, "stamped": 1}
    assert "copies in the archive wait" not in run("doctor").out and found() == []


def test_stamp_that_does_not_count_is_not_kept(place: Path, authority: TimeAuthority, tmp_path: Path, settings):
    with open_at(tmp_path / "other") as other:
        settings.TSA_ROOTS = other.roots
        done = archive_log()
    assert (done["stamped"], done["waiting"]) == (0, 1) and "under the roots that are trusted" in done["problem"]
    assert not list(place.glob("*/*.tst"))


@pytest.mark.parametrize("roots", [None, Path("/nowhere"), Path(__file__)])
def test_time_authority_without_roots_is_refused_in_words(place: Path, authority: TimeAuthority, settings, roots):
    settings.TSA_ROOTS = roots
    with pytest.raises(LogBroken, match="GONGDUAN_TSA_ROOTS"):
        archive_log()
    assert len(copies(place)) == 1, "it is copied all the same"
    assert "GONGDUAN_TSA_ROOTS" in run("doctor").out and found() == ["away"]


def test_time_authority_without_an_archive_is_told_by_doctor(real_db, authority: TimeAuthority, settings):
    settings.LOG_ARCHIVE = None
    assert "GONGDUAN_LOG_ARCHIVE names no place" in run("doctor").out
    refused(run("archive_log"), 4, "GONGDUAN_LOG_ARCHIVE")


def test_stamp_of_another_copy_or_from_before_the_signature_is_found(place: Path, authority: TimeAuthority, time):
    archive_log()
    time.on(minutes=61)
    more()
    archive_log()
    first, last = copies(place)
    first.with_suffix(".tst").rename(last.with_suffix(".kept"))
    shutil.copy(last.with_suffix(".tst"), first.with_suffix(".tst"))
    assert found() == ["stamp"]
    last.with_suffix(".kept").replace(first.with_suffix(".tst"))
    assert found() == []
    time.set("2046-11-03 10:00")
    more()
    archive_log()
    assert found() == ["stamp"], "it was stamped twenty years before it was signed"


# An insider who has everything but the archive


def test_edit_signed_again_everywhere_is_found_by_the_archive(place: Path):
    archive_log()
    insider = Insider()
    insider.rewrite(CaseEvent.objects.get(stream__startswith="case:DSP", seq=2), ("Q202", "Q203"))
    insider.rebuild_tiles()
    insider.sign_again(in_folder=True)
    assert found() == ["archive"]
    with pytest.raises(LogBroken, match="are not the ones that were signed"):
        archive_log()
    assert "are not the ones that were signed" in run("doctor").out


def test_yesterday_restored_with_the_folder_is_found_by_the_archive(place: Path, tmp_path: Path, time):
    archive_log()
    yesterday, folder = Backup(), tmp_path / "yesterday"
    shutil.copytree(configured.LOG_FOLDER, folder)
    time.on(minutes=61)
    more()
    archive_log()
    yesterday.restore()
    shutil.rmtree(configured.LOG_FOLDER)
    shutil.copytree(folder, configured.LOG_FOLDER)
    assert found() == ["archive"]
    assert "backup was restored" in run("doctor").out
    with pytest.raises(LogBroken, match="backup was restored"):
        archive_log()


def test_log_begun_in_secret_under_another_key_is_found_by_the_archive(place: Path):
    archive_log()
    insider = Insider()
    for table in ("cosignature", "checkpoint"):
        insider.do(f"DELETE FROM casework_{table}")
    insider.leave()
    shutil.rmtree(configured.LOG_FOLDER)
    seal_ledger()
    assert found() == ["archive"]


def test_log_begun_again_after_an_honest_restore_is_copied_beside_the_old_one(place: Path, time):
    archive_log()
    yesterday = Backup()
    more()
    yesterday.restore()
    begin_log(acting("root"), "备份恢复")
    seal_ledger()
    assert archive_log() == DONE and len(list(place.iterdir())) == 2 and found() == []


CHANGES = [
    lambda note: note.replace(b"\n", b"\n1", 1),
    lambda note: note[:-9],
    lambda _note: b"",
    lambda _note: b"\xff",
]


@pytest.mark.parametrize("change", CHANGES)
def test_copy_that_was_changed_is_found(place: Path, change):
    archive_log()
    [copy] = copies(place)
    text = copy.read_bytes()
    copy.unlink()
    copy.write_bytes(change(text))
    assert found() == ["archive"]
