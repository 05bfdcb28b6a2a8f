"""Time stamps in issued documents: a second file with a stamp behind the issued one, asked for until it is had."""

import json
import subprocess
import threading
from collections.abc import Iterator
from datetime import timedelta
from os import urandom
from pathlib import Path
from time import monotonic

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings as configured
from django.db import connection
from django.test import Client

from casework import store
from casework.documents.check import verdict
from casework.domain import stamping
from casework.domain.deliveries import LEASE, deliver_due
from casework.domain.document_check import check_document
from casework.domain.erased_files import papers_of, take_out
from casework.domain.now import now
from casework.domain.public_check import LIMITS, check_file, check_fingerprint
from casework.domain.sealing import seal_ledger
from casework.domain.verification import verify_ledger
from casework.management.sealing_thread import sealing
from casework.models import Account, CaseEvent, Delivery, Document, StampedEdition
from casework.queries.waiting import failing_deliveries, unstamped_documents
from casework.store.folder import FolderStore
from tests.api.conftest import Caller
from tests.commands.conftest import refused, run
from tests.exports_case.conftest import by_node, by_python, exported_to, unpacked
from tests.exports_case.hostile_pdfs import run as check_offline
from tests.factories import dispute, evaluation
from tests.insider import Insider
from tests.laws.hands import together
from tests.time_authority import TimeAuthority, open_at


@pytest.fixture
def authority(tmp_path: Path, settings) -> Iterator[TimeAuthority]:
    stamping._authorities.clear()
    with open_at(tmp_path / "tsa") as opened:
        settings.TSA, settings.TSA_ROOTS, settings.TSA_CRLS = opened.url, opened.roots, []
        yield opened


@pytest.fixture
def issued(real_db, time, authority) -> Document:
    return Document.objects.select_related("case").get(case__number=dispute(upto="issued"))


def stamp_due() -> int:
    return deliver_due(apart=True)


def edition_of(document: Document) -> bytes:
    return store.documents().get(StampedEdition.objects.get(pk=document.pk).file_sha256)


def file_of(document: Document) -> bytes:
    return store.documents().get(document.file_sha256)


def waiting() -> Delivery:
    return Delivery.objects.get(kind="stamp")


def in_folder() -> set[str]:
    return {file.name for file in configured.DOCUMENT_FOLDER.rglob("*") if file.is_file()}


def refused_with(words: str) -> None:
    """It was tried, nothing is stored, and the delivery says why and waits."""
    before = {file.name for file in configured.DOCUMENT_FOLDER.rglob("*")}
    assert stamp_due() == 0 and not StampedEdition.objects.exists()
    assert words in waiting().problem and waiting().problem.startswith("Expected ") and waiting().due_at > now()
    assert {file.name for file in configured.DOCUMENT_FOLDER.rglob("*")} == before


def test_issued_document_is_stamped_after_the_issue_and_stays_as_it_was(issued, authority):
    assert issued.state == "issued" and authority.asked == 0, "the issue asked nobody"
    data = file_of(issued)
    assert stamp_due() == 1 and not Delivery.objects.exists()
    row, edition = StampedEdition.objects.get(), edition_of(issued)
    assert edition.startswith(data) and len(edition) > len(data) and row.level == "B-T"
    assert Document.objects.get(pk=issued.pk).file_sha256 == issued.file_sha256 and file_of(issued) == data
    entry = json.loads(CaseEvent.objects.get(action="document_stamped").entry)
    assert (entry["stream"], entry["case"], entry["data"]["file_sha256"]) == (
        "org",
        issued.case.number,
        row.file_sha256,
    )
    assert verify_ledger().ok


def test_deliver_stamps_what_was_issued(issued):
    assert waiting() and run("deliver").json["delivered"] >= 1
    assert StampedEdition.objects.filter(pk=issued.pk).exists() and not Delivery.objects.exists()


def test_documents_from_before_the_setting_are_stamped_when_the_command_asks(real_db, time, settings, authority):
    settings.TSA, url = "", settings.TSA
    dispute(upto="issued")
    refused(run("stamp_documents"), 4, "GONGDUAN_TSA")
    settings.TSA = url
    assert run("stamp_documents", "--dry-run").json == {"unstamped": 1, "asked_for_now": 0}
    assert not Delivery.objects.filter(kind="stamp").exists()
    assert run("stamp_documents").json == {"unstamped": 1, "asked_for_now": 1}
    assert run("stamp_documents").json == {"unstamped": 1, "asked_for_now": 0}, "it is asked for once"
    assert stamp_due() == 1 and StampedEdition.objects.count() == 1
    assert run("stamp_documents").json == {"unstamped": 0, "asked_for_now": 0}


def test_stamped_edition_is_genuine_for_command_and_page(issued, authority):
    stamp_due()
    seal_ledger()
    edition = edition_of(issued)
    checks = check_document(edition)
    assert verdict(checks) is True, checks
    assert [check.code for check in checks if check.code == "time_stamp"] == ["time_stamp"]
    answer = check_file(edition, issued.pk)
    assert answer.genuine is True and not answer.other
    found = check_fingerprint(StampedEdition.objects.get().file_sha256, issued.pk)
    assert found.genuine is True and not found.other


def test_issued_file_has_no_more_checks_than_before(issued, authority, settings):
    stamp_due()
    seal_ledger()
    codes = [check.code for check in check_document(file_of(issued))]
    settings.TSA = ""
    assert codes == [check.code for check in check_document(file_of(issued))] and "time_stamp" not in codes


def test_stamped_edition_without_known_roots_cannot_be_told(issued, authority, settings):
    stamp_due()
    seal_ledger()
    settings.TSA, settings.TSA_ROOTS = "", None
    checks = check_document(edition_of(issued))
    assert [check.code for check in checks if not check.ok] == ["time_stamp"] and verdict(checks) is None


def test_document_without_a_time_authority_waits_for_nothing(real_db, time, settings):
    settings.TSA = ""
    dispute(upto="issued")
    assert not Delivery.objects.exists() and not StampedEdition.objects.exists()


def test_authority_that_is_away_is_asked_again_later_without_end(issued, authority, time):
    authority.status, waits = 503, []
    for _ in range(4):
        refused_with("it answers 503")
        waits.append(waiting().due_at - now())
        assert stamp_due() == 0, "not before it is due"
        time.to(waiting().due_at)
    assert waits == sorted(set(waits))
    authority.status = 200
    assert stamp_due() == 1 and StampedEdition.objects.get().document_id == issued.pk


def test_stamp_by_an_authority_of_another_root_is_refused(issued, authority, tmp_path, settings):
    with open_at(tmp_path / "other") as other:
        settings.TSA_ROOTS = other.roots
        refused_with("under the roots that are trusted")


def test_stamp_over_something_else_is_refused(issued, authority):
    kept: list[bytes] = []
    authority.change = lambda answer: kept.append(answer) or kept[0]
    refused_with("another question")


def test_stamp_from_before_the_issue_is_refused(real_db, time, authority):
    time.set("2028-12-05 10:00")
    dispute(upto="issued")
    refused_with("before the document was issued")


@pytest.mark.parametrize("roots", [None, Path("/nowhere"), Path(__file__)])
def test_authority_without_roots_is_refused_in_words(issued, authority, settings, roots):
    settings.TSA_ROOTS = roots
    refused_with("GONGDUAN_TSA_ROOTS")


def test_second_run_does_nothing(issued, authority):
    stamp_due()
    row, asked = StampedEdition.objects.values().get(), authority.asked
    stamping.await_stamp(issued.pk)
    assert stamp_due() == 1 and authority.asked == asked
    assert StampedEdition.objects.values().get() == row and verify_ledger().ok


def test_second_document_takes_one_question(issued, authority):
    stamp_due()
    assert authority.asked == 2, "one to learn who it is, one for the stamp"
    dispute(upto="issued")
    assert stamp_due() == 1 and authority.asked == 3


def test_worker_killed_between_stamp_and_record_leaves_it_to_the_next(issued, authority, time, monkeypatch):
    class Killed(BaseException):
        """As by SIGKILL: nothing catches it."""

    def killed(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(stamping, "_record", killed)
    with pytest.raises(Killed):
        stamp_due()
    monkeypatch.undo()
    assert not StampedEdition.objects.exists() and stamp_due() == 0 and verify_ledger().ok
    time.on(seconds=LEASE.total_seconds() + 1)
    assert stamp_due() == 1 and StampedEdition.objects.count() == 1 and verify_ledger().ok


def test_whoever_issued_and_was_killed_before_asking_is_made_up_for(issued, authority):
    Delivery.objects.all().delete()
    seal = Delivery(kind="seal", payload={"document": str(issued.pk)})
    from casework.domain.papers import seal as handler

    handler(seal)
    assert stamp_due() == 1 and StampedEdition.objects.exists()


def test_worker_stamps_beside_its_other_work(issued, authority):
    stop, until = threading.Event(), monotonic() + 30
    with sealing(stop):
        while not StampedEdition.objects.exists() and monotonic() < until:
            stop.wait(0.2)
    assert StampedEdition.objects.exists() and not Delivery.objects.exists()


def test_what_stands_behind_a_stamp_that_waits_is_done(issued, authority):
    assert waiting().kind == "stamp" and deliver_due() == 0 and authority.asked == 0
    evaluation(reader=None)
    assert deliver_due() == 1 and waiting().attempts == 0


def test_two_workers_at_once_leave_one_edition(issued, authority):
    row, before = waiting(), in_folder()
    done = together(*[lambda: stamping.stamp(row)] * 2)
    assert done == [None, None]
    assert in_folder() - before - {row.file_sha256 for row in StampedEdition.objects.all()} == set()
    assert CaseEvent.objects.filter(action="document_stamped").count() == StampedEdition.objects.count() == 1
    assert verify_ledger().ok


def test_file_of_whoever_was_slower_goes_again(issued, authority, monkeypatch):
    row, made, before = waiting(), stamping._made, in_folder()

    def slow(document: Document):
        monkeypatch.setattr(stamping, "_made", made)
        edition = made(document)
        stamping.stamp(row)
        return edition

    monkeypatch.setattr(stamping, "_made", slow)
    stamping.stamp(row)
    assert in_folder() == before | {StampedEdition.objects.get().file_sha256} and verify_ledger().ok
    assert not Delivery.objects.filter(kind="erase_files").exists()


def test_nobody_waits_for_the_store_in_a_transaction(issued, authority, monkeypatch):
    put, open_then = FolderStore.put, []

    def noted(self: FolderStore, data: bytes) -> str:
        open_then.append(connection.in_atomic_block)
        return put(self, data)

    monkeypatch.setattr(FolderStore, "put", noted)
    assert stamp_due() == 1 and open_then == [False]


def test_store_that_does_not_take_the_edition_is_waited_for(issued, authority, monkeypatch):
    def away(_self: FolderStore, _data: bytes) -> str:
        raise store.StoreAway("the store is away")

    monkeypatch.setattr(FolderStore, "put", away)
    refused_with("the store is away; it is asked again")


@pytest.mark.parametrize("change", [
    "UPDATE casework_stampededition SET file_sha256 = %s", "UPDATE casework_stampededition SET level = %s",
    "UPDATE casework_stampededition SET event_id = 7 WHERE level <> %s",
    "DELETE FROM casework_stampededition WHERE level <> %s",
])  # fmt: skip
def test_row_that_was_changed_or_taken_away_is_found(issued, authority, change):
    stamp_due()
    insider = Insider()
    insider.do(change, "B-LTA")
    insider.leave()
    assert {problem.check for problem in verify_ledger().problems} == {"edition"}


# Level


def revocations(
    authority: TimeAuthority, folder: Path, gone: int | None = None, *, key: rsa.RSAPrivateKey | None = None,
    good_for: timedelta = timedelta(days=60), bulk: bytes = b"",
) -> Path:  # fmt: skip
    """The authority's root, or whoever has the key, signs a list of revoked certificates, on which that serial stands,
    made an hour before the rest of its time."""
    moment = now()
    builder = x509.CertificateRevocationListBuilder().issuer_name(authority.trusted[0].subject)
    builder = builder.last_update(min(moment, moment + good_for - timedelta(hours=1))).next_update(moment + good_for)
    if gone is not None:
        one = x509.RevokedCertificateBuilder().serial_number(gone).revocation_date(moment).build()
        builder = builder.add_revoked_certificate(one)
    if bulk:
        extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), bulk)
        builder = builder.add_extension(extension, critical=False)
    file = folder / "tsa.crl"
    file.write_bytes(builder.sign(key or authority.root_key, hashes.SHA256()).public_bytes(Encoding.DER))
    return file


def test_edition_with_every_list_of_revoked_certificates_is_lasting(issued, authority, tmp_path, settings):
    settings.TSA_CRLS = [str(revocations(authority, tmp_path))]
    assert stamp_due() == 1 and StampedEdition.objects.get().level == "B-LTA"
    seal_ledger()
    assert verdict(check_document(edition_of(issued))) is True


def test_authority_whose_certificate_is_revoked_is_refused(issued, authority, tmp_path, settings):
    certificate = x509.load_pem_x509_certificate((authority.folder / "tsa.crt.pem").read_bytes())
    settings.TSA_CRLS = [str(revocations(authority, tmp_path, certificate.serial_number))]
    refused_with("is revoked")


@pytest.mark.parametrize("source", ["/nowhere", str(Path(__file__)), "http://127.0.0.1:9/crl"])
def test_list_of_revoked_certificates_that_cannot_be_had_is_waited_for(issued, authority, settings, source):
    settings.TSA_CRLS = [source]
    refused_with("; it is asked again")


def test_list_of_revoked_certificates_whose_time_is_over_is_waited_for(issued, authority, tmp_path, settings):
    settings.TSA_CRLS = [str(revocations(authority, tmp_path, good_for=timedelta(seconds=-1)))]
    refused_with("holds a list that was to be replaced by")


def test_list_of_revoked_certificates_that_its_issuer_did_not_sign_is_refused(issued, authority, tmp_path, settings):
    forged = rsa.generate_private_key(65537, 2048)
    settings.TSA_CRLS = [str(revocations(authority, tmp_path, key=forged))]
    refused_with("时间戳根, who did not sign it")


def test_edition_that_the_public_page_would_not_read_is_not_recorded(issued, authority, tmp_path, settings):
    bulk = urandom(LIMITS.file_mib * 1024 * 1024)
    settings.TSA_CRLS = [str(revocations(authority, tmp_path, bulk=bulk))]
    refused_with("larger than 10 MiB")


# What others say of it


def test_others_find_edition_and_earlier_signatures_valid(issued, authority, tmp_path, settings):
    settings.TSA_CRLS = [str(revocations(authority, tmp_path))]
    stamp_due()
    file = tmp_path / "edition.pdf"
    file.write_bytes(edition_of(issued))
    told = subprocess.run(["pdfsig", file], capture_output=True, text=True).stdout
    assert told.count("Signature is Valid") == 2 and "ETSI.RFC3161" not in told
    assert told.count("Total document signed") == 1 and told.index("timestamp") < told.index("Total document signed")


# Exported


def test_export_holds_the_edition_beside_the_issued_file(issued, authority, tmp_path):
    stamp_due()
    folder = unpacked(exported_to(tmp_path / "case.zip", issued.case.number), tmp_path / "case")
    [edition] = folder.glob("documents/*.stamped.pdf")
    assert edition.read_bytes() == edition_of(issued) and (folder / "keys/tsa.crt.pem").is_file()
    assert StampedEdition.objects.get().file_sha256 in (folder / "index.html").read_text()
    for verify in (by_python, by_node):
        assert verify(folder, "--trust-enclosed-keys").code == 0
    told = check_offline(edition, "--trust-enclosed-keys")
    assert told.code == 0 and told.marks["time_stamp"] == "ok", told.said
    told = check_offline(edition, "--trust-enclosed-keys", "--tsa-roots", authority.roots)
    assert told.code == 0 and told.marks["time_stamp"] == "ok", told.said
    assert check_offline(edition).marks["time_stamp"] == "unknown", "its root is known from the export only"
    other = folder / "documents" / "other.stamped.pdf"
    edition.rename(other)
    for verify in (by_python, by_node):
        assert "documents" in verify(folder, "--trust-enclosed-keys").failed
    edition.write_bytes(b"x" + other.read_bytes()[1:])
    other.unlink()
    for verify in (by_python, by_node):
        assert "documents" in verify(folder, "--trust-enclosed-keys").failed


# Doors


def test_case_page_says_pending_and_then_links_the_edition(issued, authority):
    client = Client(headers={"accept-language": "en"})
    client.force_login(Account.objects.get(username="ann"), backend="django.contrib.auth.backends.ModelBackend")
    link, page = f"/documents/{issued.pk}.pdf?stamped", f"/cases/{issued.case.number}"
    assert "time stamp pending" in client.get(page).content.decode()
    assert client.get(link).status_code == 409
    stamp_due()
    shown = client.get(page).content.decode()
    assert link in shown and "PAdES B-T" in shown and "pending" not in shown
    response = client.get(link)
    assert response.content == edition_of(issued) and "-stamped.pdf" in response["Content-Disposition"]
    assert client.get(f"/documents/{issued.pk}.pdf").content == file_of(issued), "its address serves what was issued"


def test_api_gives_the_edition_to_whoever_reads_the_document(issued, authority):
    ann, address = Caller("ann"), f"/documents/{issued.pk}"
    shown = ann.get(address)["time_stamp"]
    assert shown["state"]["code"] == "pending" and shown["at"] is None
    assert ann.get(f"{address}/pdf", 409, stamped=True)["code"] == "no_edition"
    stamp_due()
    shown = ann.get(address)["time_stamp"]
    assert (shown["state"]["code"], shown["level"]) == ("stamped", "B-T")
    assert ann.get(f"{address}/pdf", stamped=True) == edition_of(issued)
    assert ann.get(f"{address}/pdf") == file_of(issued)
    Caller("bo").get(f"{address}/pdf", 404, stamped=True)


def test_command_saves_the_edition(issued, authority, tmp_path, monkeypatch):
    monkeypatch.setenv("GONGDUAN_TOKEN", "token-of-ann")
    Caller("ann")
    words = ("save_document", issued.pk, "--out", tmp_path / "ruling.pdf", "--as", "ann")
    refused(run(*words, "--stamped"), 4, "its time stamp is pending")
    assert not (tmp_path / "ruling.pdf").exists()
    stamp_due()
    assert run(*words, "--stamped").json["time_stamp"]["level"] == "B-T"
    assert (tmp_path / "ruling.pdf").read_bytes() == edition_of(issued)


def test_doctor_counts_documents_that_wait_and_work_stamps_them(issued, authority):
    authority.status = 503
    stamp_due()
    told = run("doctor").out
    assert "1 documents wait for a time stamp: Expected a time stamp from" in told and "outbox" not in told
    assert failing_deliveries().count == 0 and unstamped_documents().count == 1
    authority.status = 200
    Delivery.objects.update(due_at=now())
    assert run("work", "--once").json["delivered"] == 1 and StampedEdition.objects.exists()


def test_edition_of_an_erased_document_goes_out_of_the_store(issued, authority):
    stamp_due()
    row = StampedEdition.objects.get()
    take_out([], papers_of([str(issued.pk)], [issued.case_id]), [str(issued.pk)])
    deliver_due()
    for digest in (row.file_sha256, issued.file_sha256):
        assert not store.documents().holds(digest)


def test_document_erased_while_the_authority_was_asked_leaves_no_edition(issued, authority, monkeypatch):
    made = stamping._made

    def meanwhile(document: Document):
        edition = made(document)
        Document.objects.filter(pk=document.pk).update(snapshot="")
        return edition

    monkeypatch.setattr(stamping, "_made", meanwhile)
    before = in_folder()
    assert stamp_due() == 1 and not StampedEdition.objects.exists()
    assert in_folder() == before
