"""The log's key is renewed and retired while the log goes on: who signs what, who still believes whom."""

import json
import os
from pathlib import Path

import pytest
from django.conf import settings as configured

from casework import store
from casework.documents.check import verdict
from casework.domain import ledger
from casework.domain.archiving import archive_log
from casework.domain.checkpoints import LogBroken
from casework.domain.document_check import check_document
from casework.domain.errors import NotAllowedNow
from casework.domain.log_keys import log_key, log_keys
from casework.domain.log_tree import size_of_log
from casework.domain.new_log_key import renew_log_key
from casework.domain.published_keys import published_keys
from casework.domain.sealing import seal_ledger
from casework.domain.verification import verify_ledger
from casework.models import CaseEvent, Checkpoint, Cosignature, Document
from casework.queries.log import proof_of_document
from casework.transparency import key_folder, notes
from tests.commands.conftest import refused, run, token_for
from tests.conftest import acting, at_once
from tests.exports_case.hostile_pdfs import run as verify_offline
from tests.factories import dispute
from tests.insider import Insider
from tests.witness import serving, watched_by

REASON = ["--reason", "按年更换"]


@pytest.fixture
def root(real_db, time, monkeypatch):
    """A sealed ledger, and a shell that holds the administrator's token."""
    monkeypatch.setenv("GONGDUAN_TOKEN", token_for("root"))
    seal_ledger()
    return "root"


def renewed() -> str:
    done = run("renew_log_key", "--as", "root", *REASON)
    assert done.status == 0, done
    return done.out.strip()


def retired(*words: str) -> dict:
    done = run("retire_log_key", "--as", "root", *REASON, *words)
    assert done.status == 0, done
    return done.json


def more() -> Checkpoint:
    ledger.note("org", "test", {"about": "nothing"})
    seal_ledger()
    return Checkpoint.objects.latest("size")


def signers_of(checkpoint: Checkpoint, *who: notes.Verifier) -> set[notes.Verifier]:
    return set(notes.opened(checkpoint.note, *who)[1])


def entry(action: str) -> dict:
    return json.loads(CaseEvent.objects.get(stream="org", action=action).entry)


def test_renewed_key_signs_beside_the_old_one_until_that_is_retired(root):
    old = log_key()
    new = notes.verifier(renewed())
    assert new == log_key() != old and new.name == old.name
    announced = CaseEvent.objects.get(action="log_key_renewed")
    first = Checkpoint.objects.filter(size__gt=announced.leaf.index).earliest("size")
    assert signers_of(first, old, new) == {old}, "the old key itself vouches for the new one"
    assert signers_of(more(), old, new) == {old, new}
    told = retired()
    assert told == {"key": str(old), "leaked": False, "last": told["last"]} and told["last"] > first.size
    assert signers_of(more(), old, new) == {new}
    assert verify_ledger().ok and "whole" in run("verify_ledger").out
    said = entry("log_key_renewed")["data"]
    assert (said["key"], said["key_before"], set(said["reason"])) == (str(new), str(old), {"sha256"})
    assert entry("log_key_retired")["data"]["key"] == str(old)
    assert [file.name for file in configured.LOG_FOLDER.glob("*.pem")] == [f"key-{new.id.hex()}.pem"]
    assert run("show_log_key").out.strip() == str(new)


def test_key_is_renewed_again_and_again(root):
    keys = [log_key()]
    for _turn in range(3):
        keys.append(notes.verifier(renewed()))
        more()
        retired()
        more()
    assert log_keys().all == [keys[3], *keys[:3]] and log_keys().first == keys[0] and verify_ledger().ok
    assert len(list(configured.LOG_FOLDER.glob("*.pem"))) == 1


def test_renew_while_the_earlier_key_still_signs_is_refused(root):
    renewed()
    assert "earlier key" in run("doctor").out
    refused(run("renew_log_key", "--as", "root", *REASON), 4, "retire_log_key")
    retired()
    refused(run("retire_log_key", "--as", "root", *REASON), 4, "renew_log_key")
    assert "earlier key" not in run("doctor").out


def test_renew_before_the_first_checkpoint_is_refused(root):
    (configured.LOG_FOLDER / key_folder.VKEY).unlink()
    Insider().do("DELETE FROM casework_checkpoint")
    refused(run("renew_log_key", "--as", "root", *REASON), 4, "key")
    assert not CaseEvent.objects.filter(action="log_key_renewed").exists()


def test_renew_when_the_log_cannot_go_on_is_refused(root):
    folder = configured.LOG_FOLDER
    body = notes.Checkpoint(log_key().name, size_of_log() + 5, b"x" * 32).body
    key_folder.remember(folder, notes.signed(body, [notes.signature(log_key(), key_folder.private(folder), body)]))
    refused(run("renew_log_key", "--as", "root", *REASON), 4, "begin_log")
    refused(run("retire_log_key", "--as", "root", *REASON), 4, "begin_log")


@pytest.mark.parametrize("command", ["renew_log_key", "retire_log_key"])
def test_log_key_commands_for_whoever_is_no_administrator_are_refused(root, monkeypatch, command):
    monkeypatch.setenv("GONGDUAN_TOKEN", token_for("aud"))
    refused(run(command, "--as", "aud", *REASON), 3, "the administrator")


def test_key_that_was_prepared_and_never_taken_is_gone_with_the_next(root):
    """Whoever renews it is killed in between."""
    never = key_folder.prepared(configured.LOG_FOLDER)
    more()
    new = renewed()
    assert never.id.hex() not in {file.stem.partition("-")[2] for file in configured.LOG_FOLDER.glob("*.pem")}
    assert str(log_key()) == new and verify_ledger().ok


@pytest.mark.parametrize("file", [key_folder.EARLIER, key_folder.VKEY])
def test_renew_that_ends_between_two_files_has_changed_nothing(root, monkeypatch, file):
    """The disk is full, or the process is killed, at either of the two lines that change."""
    before, whole = log_key(), key_folder.written

    def full(target: Path):
        if target.name == file:
            raise OSError(28, "No space left on device")
        return whole(target)

    monkeypatch.setattr(key_folder, "written", full)
    refused(run("renew_log_key", "--as", "root", *REASON), 4, "No space left on device")
    monkeypatch.undo()
    monkeypatch.setenv("GONGDUAN_TOKEN", token_for("root"))
    assert log_key() == before and "earlier key" not in run("doctor").out
    refused(run("retire_log_key", "--as", "root", *REASON), 4, "renew_log_key")
    assert signers_of(more(), before) == {before}
    new = renewed()
    retired()
    assert signers_of(more(), before, log_key()) == {log_key()} and str(log_key()) == new and verify_ledger().ok


def test_retire_that_cannot_write_is_not_recorded(root, monkeypatch):
    renewed()

    def full(target: Path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(key_folder, "written", full)
    refused(run("retire_log_key", "--as", "root", *REASON), 4, "No space left on device")
    monkeypatch.undo()
    monkeypatch.setenv("GONGDUAN_TOKEN", token_for("root"))
    assert not CaseEvent.objects.filter(action="log_key_retired").exists()
    retired()


def test_key_that_was_given_up_and_not_deleted_goes_with_the_next_renewal(root, monkeypatch):
    renewed()
    old = (configured.LOG_FOLDER / key_folder.KEY).read_bytes()
    retired()
    (configured.LOG_FOLDER / key_folder.KEY).write_bytes(old)  # killed before it was unlinked
    assert [one.still_signs for one in log_keys().earlier] == [False]
    renewed()
    assert not (configured.LOG_FOLDER / key_folder.KEY).exists()
    retired()
    more()
    assert verify_ledger().ok


def test_renewed_by_two_at_once_one_key_follows_and_the_log_goes_on(root):
    actor = acting("root")
    found = at_once(*[lambda: renew_log_key(actor, "按年更换")] * 3)
    keys = [one for one in found if isinstance(one, notes.Verifier)]
    assert len(keys) <= 1 and all(isinstance(one, (notes.Verifier, NotAllowedNow)) for one in found), found
    if not keys:  # each saw that another was there
        keys = [notes.verifier(renewed())]
    assert keys == [log_key()] and len(log_keys().all) == 2
    more()
    retired()
    assert signers_of(more(), *log_keys().all) == {log_key()} and verify_ledger().ok


def test_what_is_published_of_the_folder_can_be_read_by_others_and_keys_cannot(root):
    renewed()
    modes = {file.name: file.stat().st_mode & 0o777 for file in configured.LOG_FOLDER.iterdir()}
    keys = {name for name in modes if name.endswith(".pem")}
    assert len(keys) == 2 and all(modes[name] == 0o600 for name in keys)
    assert modes[key_folder.VKEY] == modes[key_folder.EARLIER] == 0o644


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_renew_by_another_account_than_the_folders_is_refused(root):
    """What root writes there, workers cannot read."""
    os.chown(configured.LOG_FOLDER, 12345, 12345)
    refused(run("renew_log_key", "--as", "root", *REASON), 4, "another account")
    assert not CaseEvent.objects.filter(action="log_key_renewed").exists()


def test_witness_that_knows_the_old_key_cosigns_until_it_is_retired_then_wants_the_new_one(root, tmp_path, settings):
    with watched_by(tmp_path / "witness", settings) as witness:
        renewed()
        assert Cosignature.objects.filter(checkpoint=more()).exists()
        retired()
        unknown = more()
        assert not Cosignature.objects.filter(checkpoint=unknown).exists() and witness.alarms == []
    with serving(tmp_path / "witness", log_keys().all) as knowing:
        settings.WITNESSES = [knowing.setting]
        from casework.models import Witness

        Witness.objects.update(busy_until=None)
        last = more()
        assert Cosignature.objects.filter(checkpoint=last).exists() and knowing.alarms == [], "it goes on from the same"


def test_copies_of_a_log_go_on_in_their_place_after_its_key_was_renewed(root, tmp_path, settings, time):
    settings.LOG_ARCHIVE = tmp_path / "archive"
    settings.LOG_ARCHIVE.mkdir()
    archive_log()
    renewed()
    retired()
    time.on(minutes=61)
    more()
    assert archive_log()["copied"] and len(list(settings.LOG_ARCHIVE.iterdir())) == 1
    assert len(list(settings.LOG_ARCHIVE.glob("*/*.checkpoint"))) == 2 and verify_ledger().ok


def test_checkpoint_signed_with_a_retired_key_alone_counts_no_more(root):
    """An insider who kept a copy of it signs another history."""
    old, key = log_key(), key_folder.private(configured.LOG_FOLDER)
    renewed()
    retired()
    last = more()
    insider = Insider()
    body = last.note.rpartition("\n\n")[0] + "\n"
    insider.do("UPDATE casework_checkpoint SET note = %s WHERE size = %s", _forged(old, key, body), last.size)
    insider.leave()
    assert [problem.check for problem in verify_ledger().problems] == ["signature"]
    key_folder.remember(configured.LOG_FOLDER, _forged(old, key, body))
    ledger.note("org", "test", {"about": "nothing"})
    with pytest.raises(LogBroken, match="given up"):
        seal_ledger()


def _forged(who, key, body: str) -> str:
    return notes.signed(body, [notes.signature(who, key, body)])


@pytest.fixture
def issued(root) -> Document:
    document = Document.objects.select_related("case").get(case__number=dispute(upto="issued"))
    seal_ledger()
    return document


def kept(folder: Path, document: Document) -> tuple[Path, Path, Path]:
    """What an outsider has: file, proof, and the keys as published now."""
    folder.mkdir(exist_ok=True)
    pdf, proof, keys = folder / "ruling.pdf", folder / "ruling.tlog-proof", folder / "keys.txt"
    pdf.write_bytes(store.documents().get(document.file_sha256))
    proof.write_text(proof_of_document(str(document.pk), acting("aud"))[1])
    keys.write_text(published_keys())
    return pdf, proof, keys


def offline(pdf: Path, proof: Path, keys: Path) -> int:
    words = ("--keys", keys, "--trust-enclosed-keys")  # that there is no witness is no objection here
    return verify_offline(pdf, proof, *words).code


def test_proof_of_before_holds_with_the_keys_published_after(root, issued, tmp_path):
    pdf, before, keys_before = kept(tmp_path / "before", issued)
    renewed()
    retired()
    more()
    _pdf, after, keys_after = kept(tmp_path / "after", issued)
    assert offline(pdf, before, keys_after) == offline(pdf, after, keys_after) == 0
    assert offline(pdf, after, keys_before) == 1, "whoever did not learn the new key does not believe it"
    assert verdict(check_document(pdf.read_bytes(), proof=before.read_text())) is True


def test_proof_of_before_is_fetched_again_where_the_old_key_leaked(root, issued, tmp_path):
    pdf, before, _keys = kept(tmp_path / "before", issued)
    old = log_key()
    renewed()
    retired("--leaked")
    more()
    _pdf, after, keys_after = kept(tmp_path / "after", issued)
    assert str(old) not in keys_after.read_text()
    assert offline(pdf, before, keys_after) == 1 and offline(pdf, after, keys_after) == 0
    assert verdict(check_document(pdf.read_bytes(), proof=before.read_text())) is False
    assert verdict(check_document(pdf.read_bytes(), proof=after.read_text())) is True
    assert verify_ledger().ok, "what it signed while it was nobody else's is still checked with it"


def test_document_is_told_of_while_a_witness_does_not_know_the_key_after_a_leak(root, issued, tmp_path, settings):
    """What the witness has cosigned is signed with the key that leaked; what is signed now waits for the witness."""
    with watched_by(tmp_path / "witness", settings):
        more()
        renewed()
        retired("--leaked")
        more()
        pdf, proof, _keys = kept(tmp_path / "after", issued)
        found = {check.code: check.ok for check in check_document(pdf.read_bytes(), proof=proof.read_text())}
        assert found["log"] is True and found["witnesses"] is None and False not in found.values()


def test_log_begun_again_leaves_its_key_for_what_it_signed_and_no_more(root):
    old, key = log_key(), key_folder.private(configured.LOG_FOLDER)
    signed = Checkpoint.objects.latest("size").size
    body = notes.Checkpoint(old.name, signed + 5, b"x" * 32).body
    key_folder.remember(configured.LOG_FOLDER, _forged(old, key, body))
    assert run("begin_log", "--as", "root", *REASON).status == 0
    (kept_key,) = log_keys().earlier
    assert (kept_key.who, kept_key.last, kept_key.still_signs) == (old, signed + 5, False)
    with pytest.raises(notes.NoteError, match="given up"):
        log_keys().opened(_forged(old, key, notes.Checkpoint(old.name, signed + 6, b"x" * 32).body))
    more()
    assert verify_ledger().ok


def test_renewed_while_others_seal_nothing_breaks(root):
    at_once(*[more] * 3, renewed, *[more] * 3)
    assert len(log_keys().all) == 2 and verify_ledger().ok
    at_once(*[more] * 3, retired, *[more] * 3)
    more()
    assert verify_ledger().ok and signers_of(Checkpoint.objects.latest("size"), *log_keys().all) == {log_key()}
