"""Cases whose files lie in a bucket: from the evidence to the export, while it is away, and when somebody is erased."""

import io
import socket
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from casework import s3, store
from casework.api.health import _store
from casework.domain.deliveries import deliver_due
from casework.domain.erasing import erase_person
from casework.domain.errors import NotAllowedNow
from casework.domain.perform import perform
from casework.domain.verification import verify_ledger
from casework.exports.case_file import export_case
from casework.models import Case, CaseEvent, Delivery, Document, Evidence, Person, StampedEdition
from casework.queries import documents_of, evidence_of
from casework.store import StoreAway
from tests import files
from tests.bucket import asked_at, keys_in, new_bucket
from tests.commands.conftest import refused, run
from tests.conftest import acting
from tests.factories import advance, credential, deliver_all, dispute, evaluation, received, recording
from tests.leaver import ended, office
from tests.web.visiting import browser

AWAY = "http://127.0.0.1:9"


@pytest.fixture
def bucket(storage_server: str, db, time, monkeypatch, settings, tmp_path: Path) -> Iterator[str]:
    """All files lie in this one, which keeps versions; nothing may be written to the folders."""
    for name in ("EVIDENCE", "DOCUMENT", "PEAKS", "CACHE"):
        setattr(settings, f"{name}_FOLDER", tmp_path / name.lower())
    with asked_at(storage_server, monkeypatch):
        settings.STORE = f"s3://{(name := new_bucket(versions=True))}/site"
        yield name


def on_disk(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


def test_case_with_evidence_is_decided_signed_issued_and_exported(bucket: str, settings):
    paper = dispute()
    given = received(paper, "ann")
    perform(paper, "add_evidence", acting("ann"), {"sha256": given, "shows": "见附件"})
    for step in ("stated", "forwarded", "ruled", "signed", "issued"):
        advance(paper, step)
    [document] = Document.objects.filter(case__number=paper)
    assert document.state == "issued" and store.documents().get(document.file_sha256).startswith(b"%PDF")
    out = io.BytesIO()
    export_case(out, paper, acting("aud"), with_evidence=True)
    with zipfile.ZipFile(out) as package:
        names = package.namelist()
        assert package.read(f"evidence/{given}") == b"received"
    digests = {item["sha256"] for item in evidence_of(paper, acting("aud"))}
    assert len(digests) == 2 and {f"evidence/{digest}" for digest in digests} <= set(names)
    kept = keys_in(bucket)
    assert {key.rsplit("/", 1)[1] for key in kept if key.startswith("site/evidence/")} == digests
    assert len([key for key in kept if key.startswith("site/documents/")]) == 3, "drafted, signed, sealed"
    assert verify_ledger().ok
    assert on_disk(settings.DOCUMENT_FOLDER) == [] and not digests & set(on_disk(settings.EVIDENCE_FOLDER))


# Heard in parts


def test_recording_heard_in_parts_is_fetched_once_and_drawn(bucket: str):
    number = evaluation()
    digest = recording(number)
    whole, fetched = store.evidence().get(digest), []
    s3.client().meta.events.register("before-call.s3.GetObject", lambda **_: fetched.append("once"))
    ann = browser("ann")
    for start in range(0, 6000, 1000):
        response = ann.get(f"/cases/{number}/recording/{digest}", headers={"range": f"bytes={start}-{start + 999}"})
        assert response.status_code == 206 and b"".join(response.streaming_content) == whole[start : start + 1000]
    drawn = ann.get(f"/cases/{number}/recording/peaks.json").json()
    assert drawn["peaks"] and len(fetched) == 1
    assert ann.get(f"/cases/{number}").status_code == 200 and len(fetched) == 1, "a page needs no file"


def test_recording_that_somebody_altered_in_the_bucket_is_not_heard(bucket: str):
    number = evaluation()
    digest = recording(number)
    b"".join(browser("ann").get(f"/cases/{number}/recording/{digest}").streaming_content)
    s3.client().put_object(Bucket=bucket, Key=f"site/evidence/{digest[:2]}/{digest}", Body=b"another")
    assert browser("ann").get(f"/cases/{number}/recording/{digest}").status_code == 503
    assert CaseEvent.objects.filter(action="evidence_unreadable").count() == 1


# While it is away


def test_nothing_is_recorded_that_could_not_be_stored_and_it_goes_on_afterwards(
    bucket: str, monkeypatch, storage_server, time
):
    paper = dispute(upto="stated")
    given = received(paper, "ann")
    version = Case.objects.get(number=paper).family.version
    with asked_at(AWAY, monkeypatch):
        with pytest.raises(StoreAway, match="Expected the store of files to answer"):
            perform(paper, "add_evidence", acting("ann"), {"sha256": given, "shows": "见附件"})
        assert Case.objects.get(number=paper).family.version == version
    with asked_at(storage_server, monkeypatch):
        perform(paper, "add_evidence", acting("ann"), {"sha256": given, "shows": "见附件"})
    with asked_at(AWAY, monkeypatch):
        perform(paper, "forward", acting("lee"))
        deliver_due()
        assert [(d.kind, d.problem[:9]) for d in Delivery.objects.all()] == [("check_recording", "StoreAway")]
    with asked_at(storage_server, monkeypatch):
        time.on(hours=2)
        advance(paper, "ruled")
        with asked_at(AWAY, monkeypatch):
            deliver_due()
            assert not Document.objects.exists() and Delivery.objects.filter(kind="draft").exists()
    with asked_at(storage_server, monkeypatch):
        time.on(hours=2)
        deliver_all()
        draft = Document.objects.get()
        with asked_at(AWAY, monkeypatch), pytest.raises(StoreAway):
            signed = {"document_sha256": draft.file_sha256, "credential": credential("qin")}
            perform(paper, "sign", acting("qin"), signed)
    with asked_at(storage_server, monkeypatch):
        assert Document.objects.get().state == "drafted"
        advance(paper, "signed")
        advance(paper, "issued")
        assert Document.objects.get().state == "issued"


def test_doors_say_in_words_that_it_is_away_and_no_file_is_called_missing(bucket: str, monkeypatch, storage_server):
    paper = dispute(upto="issued")
    number = Case.objects.get(number=paper).subject.number
    [document] = documents_of(paper, acting("ann"))
    digest = evidence_of(number, acting("ann"))[0]["sha256"]
    ann, token = browser("ann"), {"HTTP_AUTHORIZATION": f"Bearer {_token()}"}
    with asked_at(AWAY, monkeypatch):
        page = ann.get(f"/cases/{number}")
        assert page.status_code == 200 and "the store of files does not answer" in page.content.decode()
        for address in (f"/cases/{number}/recording/{digest}", f"/documents/{document['id']}.pdf"):
            response = ann.get(address)
            assert response.status_code == 503 and "Expected the store of files to answer" in response.content.decode()
        form = {"file": SimpleUploadedFile("a.png", files.png()), "shows": "排班系统截图"}
        other = dispute(evaluation())
        for call in (
            Client().get(f"/api/v1/cases/{number}/evidence/{digest}", **token),
            Client().get(f"/api/v1/documents/{document['id']}/pdf", **token),
            Client().post(f"/api/v1/cases/{other}/evidence", form, **token),
        ):
            assert (call.status_code, call.json()["code"]) == (503, "store_away"), call.content
        assert not Evidence.objects.exists()
        assert _store() == {"ok": True, "answers": False}
        assert "Expected the store of files to answer" in run("doctor").out
    assert not CaseEvent.objects.filter(action="evidence_unreadable").exists()
    with asked_at(storage_server, monkeypatch):
        assert _store()["answers"] and f"files lie in s3://{bucket}/site, which answers" in run("doctor").out


def test_page_and_readyz_of_a_store_that_swallows_every_question_come_soon(bucket: str, monkeypatch):
    paper = dispute(upto="stated")
    for name in (b"one", b"two", b"three", b"four"):
        perform(paper, "add_evidence", acting("ann"), {"sha256": received(paper, "ann", name), "shows": "见附件"})
    ann = browser("ann")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with asked_at(address, monkeypatch):
            begun = monotonic()
            page = ann.get(f"/cases/{paper}")
            assert page.status_code == 200 and page.content.decode().count("not to be had now") >= 5
            assert monotonic() - begun < 12, "it waits for one file"
            begun = monotonic()
            assert _store() == {"ok": True, "answers": False}
            assert monotonic() - begun < 12


def _token() -> str:
    from casework.domain.now import now
    from casework.domain.signing import token_digest
    from casework.models import Account, Token

    Token.objects.create(
        account=Account.objects.get(username="ann"), digest=token_digest("secret"), created_at=now(),
        expires_at=now() + timedelta(days=1),
    )  # fmt: skip
    return "secret"


# Erased


def test_erase_takes_every_version_out_of_the_bucket(bucket: str, settings):
    ended()
    for key in keys_in(bucket):
        s3.client().put_object(Bucket=bucket, Key=key, Body=b"a later version")
    before = set(keys_in(bucket))
    told = erase_person(office(), "A1001", "本人来函")
    left = {key.rsplit("/", 1)[1] for key in keys_in(bucket)}
    assert told.files and not Delivery.objects.exists() and len(left) < len(before)
    assert not left & {*told.files, *on_disk(settings.EVIDENCE_FOLDER)}
    assert not {path[:64] for path in on_disk(settings.CACHE_FOLDER)} & set(told.files)


def test_erase_of_a_file_under_a_lock_is_refused_before_anything_is_recorded(bucket: str, settings, storage_server):
    settings.STORE = f"s3://{(name := new_bucket(lock=True))}"
    ended()
    evidence = [key for key in keys_in(name) if key.startswith("evidence/")]
    lock = {"Mode": "GOVERNANCE", "RetainUntilDate": datetime.now(UTC) + timedelta(days=400)}
    s3.client().put_object_retention(Bucket=name, Key=evidence[0], Retention=lock)
    for rehearse in (True, False):
        with pytest.raises(NotAllowedNow, match="Expected to erase file .* object lock keeps it until"):
            erase_person(office(), "A1001", "本人来函", rehearse=rehearse)
    assert Person.objects.get(no="A1001").erased_at is None and not Delivery.objects.exists()
    assert len(keys_in(name)) == len(set(keys_in(name))) and evidence[0] in keys_in(name)


def test_erase_while_the_store_is_away_is_refused(bucket: str, monkeypatch):
    ended()
    with asked_at(AWAY, monkeypatch), pytest.raises(StoreAway):
        erase_person(office(), "A1001", "本人来函")
    assert Person.objects.get(no="A1001").erased_at is None


def test_doctor_warns_of_a_bucket_that_keeps_everything(bucket: str, settings):
    settings.STORE = f"s3://{(name := new_bucket(lock=True))}"
    rule = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Years": 3}}}
    s3.client().put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=rule)
    assert "keeps every file for COMPLIANCE 3 Years; until then nobody in it can be erased" in run("doctor").out


# Moved there


def test_copy_files_brings_all_that_cases_name_and_twice_changes_nothing(bucket: str, settings):
    place, settings.STORE = settings.STORE, ""
    paper = dispute(upto="issued")
    number = Case.objects.get(number=paper).subject.number
    digest = evidence_of(number, acting("ann"))[0]["sha256"]
    refused(run("copy_files"), 4, "GONGDUAN_STORE")
    settings.STORE = place
    assert run("copy_files").json == {"copied": 4, "there_before": 0, "altered": 0, "missing": 0, "unnamed": 0}
    assert run("copy_files").json == {"copied": 0, "there_before": 4, "altered": 0, "missing": 0, "unnamed": 0}
    assert len(keys_in(bucket)) == 4 and store.evidence().get(digest)


def test_copy_files_names_what_is_altered_or_missing_and_copies_the_rest(bucket: str, settings):
    place, settings.STORE = settings.STORE, ""
    dispute(upto="issued")
    document = Document.objects.get()
    store.documents().path_of(document.file_sha256).write_bytes(b"altered")
    settings.STORE = place
    done = run("copy_files")
    assert done.status == 1 and done.json == {"copied": 3, "there_before": 0, "altered": 1, "missing": 1, "unnamed": 0}
    assert f"Expected file {document.file_sha256[:16]} as it was received" in done.err
    assert f"{document.file_sha256} is named by a case, but lies nowhere" in done.err


def test_copy_files_misses_what_lies_behind_a_delete_marker(bucket: str):
    dispute(upto="issued")
    document = Document.objects.get()
    digest = document.file_sha256
    s3.client().delete_object(Bucket=bucket, Key=f"site/documents/{digest[:2]}/{digest}")
    assert store.documents().holds(digest), "an earlier version"
    done = run("copy_files")
    assert (done.status, done.json["missing"]) == (1, 1) and f"{digest} is named by a case" in done.err


def test_copy_files_misses_a_stamped_edition_until_it_was_erased(bucket: str):
    dispute(upto="issued")
    document, event = Document.objects.get(), CaseEvent.objects.last()
    StampedEdition.objects.create(
        document=document, file_sha256="ab" * 32, at=datetime.now(UTC), level="B-T", event=event
    )
    done = run("copy_files")
    assert (done.status, done.json["missing"]) == (1, 1) and "ab" * 32 in done.err
    Document.objects.filter(pk=document.pk).update(snapshot="")
    assert run("copy_files").json["missing"] == 0


def test_copy_files_calls_a_file_missing_that_vanishes_meanwhile(bucket: str, settings):
    dispute(upto="issued")
    (folder := settings.EVIDENCE_FOLDER / "ab").mkdir(parents=True, exist_ok=True)
    (folder / ("ab" * 32)).symlink_to(folder / "vanished")
    counts = run("copy_files").json
    assert (counts["altered"], counts["missing"]) == (0, 1)


def test_copy_files_leaves_papers_that_nothing_names(bucket: str, settings):
    place, settings.STORE = settings.STORE, ""
    dispute(upto="issued")
    dropped = store.documents().put(b"an edition that nobody recorded")
    settings.STORE = place
    assert run("copy_files").json == {"copied": 4, "there_before": 0, "altered": 0, "missing": 0, "unnamed": 1}
    assert not store.documents().holds(dropped)
    Document.objects.update(snapshot="")
    assert run("copy_files").json["unnamed"] == 4, "drafted, signed, sealed: none comes back once it was erased"


@pytest.mark.parametrize("copied", [True, False])
def test_erase_takes_files_out_of_the_folders_from_before_the_bucket(bucket: str, settings, copied: bool):
    place, settings.STORE = settings.STORE, ""
    ended()
    before = on_disk(settings.EVIDENCE_FOLDER)
    settings.STORE = place
    if copied:
        run("copy_files")
    told = erase_person(office(), "A1001", "本人来函")
    assert told.files and set(told.files) <= set(before), "also what was never copied"
    assert not set(told.files) & set(on_disk(settings.EVIDENCE_FOLDER))
    run("copy_files")
    assert not set(told.files) & {key.rsplit("/", 1)[1] for key in keys_in(bucket)}


def test_copy_files_while_the_store_is_away_is_refused_in_words(bucket: str, settings, monkeypatch):
    dispute()
    with asked_at(AWAY, monkeypatch):
        settings.EVIDENCE_FOLDER.mkdir(exist_ok=True)
        (settings.EVIDENCE_FOLDER / "ab").mkdir()
        (settings.EVIDENCE_FOLDER / "ab" / ("ab" * 32)).write_bytes(b"something")
        refused(run("copy_files"), 1, "Expected the store of files to answer")
