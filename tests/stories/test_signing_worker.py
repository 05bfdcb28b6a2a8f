"""A site whose keys a signing worker holds: all that needs a key works, and the site has none."""

import hashlib
import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from casework import store
from casework.documents.pki import IssuedCertificate
from casework.domain import ledger
from casework.domain.deliveries import deliver_due
from casework.domain.document_check import check_document
from casework.domain.errors import NotAllowedNow, NotPermitted
from casework.domain.passwords import set_password
from casework.domain.perform import perform
from casework.domain.published_keys import published_keys
from casework.domain.sealing import seal_ledger
from casework.management.commands.create_token import new_token, revoke_tokens
from casework.models import Account, CaseEvent, Delivery, Document, Installation, SigningKey
from tests.commands.conftest import refused as command_refused
from tests.commands.conftest import run, token_of  # noqa: F401  (a fixture)
from tests.conftest import BEFORE_ALL, acting
from tests.factories import credential, deliver_all, dispute
from tests.leaver import ended
from tests.seen import case, dump, refused
from tests.signing_worker import Worker, signing_worker

NEW = "another password of qin"
_opened: list[str] | None = None


def _watch(event: str, args: tuple) -> None:
    if event == "open" and _opened is not None and isinstance(args[0], str | bytes):
        _opened.append(args[0] if isinstance(args[0], str) else args[0].decode())


sys.addaudithook(_watch)


@contextmanager
def unwatched() -> Iterator[None]:
    """What is done inside is not done as the site."""
    global _opened
    opened, _opened = _opened, None
    yield
    _opened = opened


@contextmanager
def as_the_worker(worker: Worker, settings) -> Iterator[None]:
    """Inside, this is a process of the account that has the keys, or of one before there was a signing worker."""
    settings.KEY_HOLDER, settings.PKI_FOLDER = "", worker.pki
    with unwatched():
        yield
    settings.KEY_HOLDER, settings.PKI_FOLDER = worker.address, worker.public


@pytest.fixture(scope="module")
def started() -> Iterator[Worker]:
    with signing_worker(demo=True, since=BEFORE_ALL) as worker:
        yield worker


@pytest.fixture
def worker(real_db, time, settings, started: Worker) -> Iterator[Worker]:
    """A demo, since a real one's certificates are dated by the clock on the wall, and the tests' time stands still."""
    global _opened
    where = " ON casework_installation" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:  # a real installation says so before there are people
        cursor.execute(f"DROP TRIGGER casework_only_before_people{where}")
    Installation.objects.create(demo=True, created_at=BEFORE_ALL)
    settings.PKI_FOLDER, settings.KEY_HOLDER = started.public, started.address
    settings.DOCUMENT_FOLDER, settings.EVIDENCE_FOLDER = started.site / "documents", started.site / "evidence"
    _opened = []
    yield started
    started.start_again()
    opened, _opened = _opened, None
    assert not [file for file in opened if file.startswith(str(started.home))], "the site reads nothing of the worker's"


@pytest.fixture
def drafted(worker: Worker) -> str:
    paper = dispute(upto="ruled")
    deliver_all()
    return paper


def sign(number: str, secret: str, login: str = "qin", **actor: object) -> None:
    draft = Document.objects.get(case__number=number, state="drafted")
    perform(number, "sign", acting(login, **actor), {"document_sha256": draft.file_sha256, "credential": secret})


def genuine(number: str, settings) -> bool:
    seal_ledger()
    file = store.documents().get(Document.objects.get(case__number=number, state="issued").file_sha256)
    return all(check.ok for check in check_document(file))


def key_of(login: str = "qin") -> SigningKey:
    return SigningKey.objects.get(account__username=login, revoked_at=None)


def everything(worker: Worker, tmp_path: Path) -> str:
    """All rows of all tables, and all files of the site."""
    with connection.cursor() as cursor:
        rows = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows += [str(bytes(v) if isinstance(v, memoryview) else v) for row in cursor.fetchall() for v in row]
    files = [file for folder in (worker.site, tmp_path / "home") for file in folder.rglob("*") if file.is_file()]
    assert files
    return "\n".join([*rows, *(file.read_bytes().decode("latin-1") for file in files)])


def signed_attributes(signature: EmbeddedPdfSignature) -> str:
    """Their SHA-256, as docs/operating.md has it."""
    return hashlib.sha256(signature.signer_info["signed_attrs"].untag().dump()).hexdigest()


# Everything works


def test_password_set_ruling_signed_and_sealed_list_published_and_no_key_on_the_site(worker, settings, tmp_path, time):
    number = dispute(upto="issued")
    assert case(number).state == "ruled" and genuine(number, settings)
    first, digests = key_of(), {line["digest"] for line in worker.did("signed")}
    assert (first.private_key, first.serial in worker.kept(), len(digests) >= 1) == ("", True, True)
    fields = {f["name"]: f["serial"] for f in Document.objects.get(case__number=number).fields}
    assert fields["reviewer"] == first.serial == worker.did("signed")[-1]["serial"]
    assert fields["organisation"] == worker.did("sealed")[-1]["serial"]
    file = store.documents().get(Document.objects.get(case__number=number, state="issued").file_sha256)
    logged = [worker.did(what)[-1]["digest"] for what in ("signed", "sealed")]
    assert [signed_attributes(one) for one in PdfFileReader(io.BytesIO(file)).embedded_signatures] == logged

    time.on(minutes=1)
    set_password(Account.objects.get(username="qin"), NEW, acting("qin"))
    deliver_all()
    assert first.serial not in worker.kept() and key_of().serial in worker.kept()
    assert worker.did("forgot")[-1]["serial"] == first.serial
    assert "X509 CRL" in published_keys() and worker.did("listed as revoked")[-1]["serials"] == 1
    assert Client().get("/v/keys.txt").status_code == 200
    assert genuine(number, settings), "signed before, good for ever"

    new_token(Account.objects.get(username="qin"), 90)
    found = everything(worker, tmp_path)
    assert "PRIVATE KEY" not in found
    with unwatched():
        secrets = worker.secrets()
    assert len(secrets) > 10 and not [line for line in secrets if line in found]


def test_sign_by_token_and_not_once_it_was_revoked(worker, drafted, settings):
    account = Account.objects.get(username="qin")
    text, _token, signs = new_token(account, 90)
    assert signs and text not in worker.log.read_text()
    serial = key_of().serial
    other, *_ = new_token(account, 90)
    sign(drafted, text)
    deliver_all()
    assert genuine(drafted, settings) and worker.did("signed")[-1]["serial"] == serial
    revoke_tokens(account)
    deliver_all()
    assert not {key.serial for key in SigningKey.objects.filter(account=account)} & worker.kept()


def test_sign_by_a_click_in_a_demo_needs_its_secret_alone(worker, drafted, settings):
    secret = worker.public / "demo.secret"
    with pytest.raises(NotAllowedNow, match="No such file.*demo.secret.*copy it there"):
        sign(drafted, "", impersonated=True)
    secret.write_text("a secret of the demo")
    try:
        sign(drafted, "", impersonated=True)
    finally:
        secret.unlink()
    deliver_all()
    assert genuine(drafted, settings)


def test_sign_by_a_click_without_the_root_certificate_says_so(worker, drafted, settings, tmp_path):
    settings.PKI_FOLDER = tmp_path
    (tmp_path / "demo.secret").write_text("a secret of the demo")
    before = worker.kept()
    with pytest.raises(NotAllowedNow, match="are incomplete: root.crt.pem"):
        sign(drafted, "", impersonated=True)
    assert worker.kept() == before


def test_password_and_token_without_the_root_certificate_are_refused(worker, settings, tmp_path):
    credential("qin")
    account = Account.objects.get(username="qin")
    before, kept = dump(), worker.kept()
    # Even root cannot look into the second one: who may not enter a folder sees as much.
    for folder, holder in (
        (tmp_path, worker.address),
        (tmp_path / ("x" * 300), worker.address),
        (tmp_path / ("x" * 300), ""),
    ):
        settings.PKI_FOLDER, settings.KEY_HOLDER = folder, holder
        with pytest.raises(NotAllowedNow, match="The keys in"):
            set_password(account, NEW)
        with pytest.raises(NotAllowedNow, match="The keys in"):
            new_token(account, 90)
    assert (dump(), worker.kept()) == (before, kept)


def test_keys_are_not_there_without_a_root_and_unavailable_where_they_cannot_be_used(worker, settings, tmp_path):
    root = worker.pki / "root.crt.pem"
    root.rename(worker.home / "away")
    try:
        answer = Client().get("/v/keys.txt")
    finally:
        (worker.home / "away").rename(root)
    assert answer.status_code == 503 and b"incomplete: root.crt.pem" in answer.content
    settings.PKI_FOLDER = tmp_path
    assert Client().get("/v/keys.txt").status_code == 404
    (tmp_path / "root.crt.pem").write_text("broken")
    answer = Client().get("/v/keys.txt")
    assert answer.status_code == 503 and b"cannot be read" in answer.content


def test_renew_seal_works_where_the_keys_are_alone(worker, token_of, settings):  # noqa: F811
    token_of("root")
    words = ("renew_seal", "--as", "root", "--reason", "seen")
    command_refused(run(*words), 1, "a signing worker holds them")
    command_refused(run("make_pki"), 1, "a signing worker holds them")
    with as_the_worker(worker, settings):
        done = run(*words)
    assert done.status == 0, done
    number = dispute(upto="issued")
    assert genuine(number, settings) and worker.did("sealed")[-1]["serial"] == done.json["after"]


# It is away


def test_worker_away_nothing_is_signed_and_the_rest_waits(worker, drafted, settings, time):
    good, account = credential("qin"), Account.objects.get(username="qin")
    worker.kill()
    before = dump()
    with pytest.raises(NotAllowedNow, match="nothing was recorded"):
        sign(drafted, good)
    with refused(NotAllowedNow, "no_key_now"):
        set_password(account, NEW)
    with refused(NotAllowedNow, "no_key_now"):
        new_token(account, 90)
    assert dump() == before
    answer = Client().get("/v/keys.txt")
    assert answer.status_code == 503 and b"try again in a minute" in answer.content
    assert Client().get("/readyz").json()["checks"]["keys"] == {"ok": True, "answers": False}
    assert any(
        line.startswith("error") and "Expected the signing worker" in line for line in run("doctor").out.split("\n")
    )

    worker.start()
    sign(drafted, good)
    worker.kill()
    deliver_due()
    waiting = Delivery.objects.get(kind="seal")
    assert case(drafted).state == "sealing" and "HolderAway" in waiting.problem
    worker.start()
    time.to(waiting.due_at, 1)
    deliver_due()
    deliver_all()
    assert case(drafted).state == "ruled" and genuine(drafted, settings)
    assert Client().get("/readyz").json()["checks"]["keys"] == {"ok": True, "answers": True}


def test_key_that_was_guessed_at_is_closed_and_said_so(worker, drafted):
    good = credential("qin")
    for _ in range(5):
        with pytest.raises(Exception, match="does not open"):
            worker.asked().signer(_held(), "guessed").sign_digest(b"\0" * 32)
    with pytest.raises(NotAllowedNow, match="fewer wrong secrets"):
        sign(drafted, good)
    with refused(NotPermitted, "wrong_credential"):
        sign(drafted, "never asked of the worker")


def _held():
    key = key_of()
    return IssuedCertificate(key.certificate, "", "", key.serial)


def test_key_of_a_change_that_failed_is_gone_again(worker, monkeypatch):
    before = worker.kept()
    _fail_to_set_a_password(monkeypatch)
    assert worker.kept() == before and not SigningKey.objects.exists() and not Delivery.objects.exists()


def test_key_of_a_change_that_failed_where_only_workers_destroy_goes_by_a_delivery(worker, settings, monkeypatch):
    theirs = worker.folder / "workers.sock"
    assert worker.stop() == 0
    worker.start(None, "--listen-workers", str(theirs))
    try:
        before = worker.kept()
        _fail_to_set_a_password(monkeypatch)
        assert len(worker.kept() - before) == 1 and not SigningKey.objects.exists()
        settings.KEY_HOLDER = f"unix:{theirs}"
        deliver_all()
        assert worker.kept() == before and len(worker.did("forgot")) >= 1
    finally:
        worker.stop()


def test_key_of_a_change_that_failed_as_the_worker_went_away_goes_once_it_is_back(worker, monkeypatch):
    before = worker.kept()
    _fail_to_set_a_password(monkeypatch, worker.kill)
    worker.start()
    assert len(worker.kept() - before) == 1
    deliver_all()
    assert worker.kept() == before


def _fail_to_set_a_password(monkeypatch, meanwhile=lambda: None) -> None:
    def full(*_args: object, **_words: object) -> None:
        meanwhile()
        raise OSError("no space left")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="no space left"):
        patched.setattr(ledger, "note", full)
        set_password(Account.objects.get(username="qin"), NEW)


# Keys go


def test_erased_persons_key_is_gone_from_the_worker(worker, token_of):  # noqa: F811
    ended()
    serial = SigningKey.objects.get(account__username="ann").serial
    assert serial in worker.kept()
    token_of("hua")
    assert run("erase_person", "A1001", "--as", "hua", "--reason", "本人来函").status == 0
    deliver_all()
    assert serial not in worker.kept()


def test_hand_over_keys_that_were_made_before_empties_the_database(worker, drafted, settings, tmp_path):
    with as_the_worker(worker, settings):
        command_refused(run("hand_over_keys"), 4, "names none")
        good = credential("qin")
        set_password(Account.objects.get(username="qin"), NEW)
        old = SigningKey.objects.filter(revoked_at__isnull=False)
        old.update(private_key=key_of().private_key)  # as it was once kept
        credential("qiu")
        SigningKey.objects.filter(account__username="qiu").update(certificate="broken")
    with refused(NotAllowedNow, "no_key_now"):
        sign(drafted, NEW)
    assert "hand_over_keys" in run("doctor").out
    done = run("hand_over_keys")
    broken = SigningKey.objects.exclude(private_key="").get()
    assert (done.status, done.json["handed_over"], done.json["destroyed"]) == (1, 1, 1), done
    assert list(done.json["refused"]) == [broken.serial] and broken.account.username == "qiu"
    broken.delete()
    again = run("hand_over_keys")
    assert (again.status, again.json) == (0, {"handed_over": 0, "destroyed": 0, "refused": {}})
    assert "PRIVATE KEY" not in everything(worker, tmp_path)
    said = json.loads(CaseEvent.objects.get(stream="org", action="keys_handed_over").entry)["data"]
    assert said == {"handed_over": 1, "destroyed": 1} and good != NEW
    sign(drafted, NEW)
    deliver_all()
    assert genuine(drafted, settings)


def test_hand_over_keys_to_a_worker_that_is_away_keeps_them_and_records_what_was_done(worker, settings):
    settings.KEY_HOLDER = "unix:/nowhere/keys.sock"
    handed_over = CaseEvent.objects.filter(stream="org", action="keys_handed_over")
    for serial, ended_at in (("ab", None), ("cd", BEFORE_ALL), ("ef", None)):
        SigningKey.objects.create(
            person=Account.objects.get(username="qin").person, account=None, credential="demo", serial=serial,
            certificate="x", private_key="locked", created_at=BEFORE_ALL, revoked_at=ended_at,
        )  # fmt: skip
    command_refused(run("hand_over_keys"), 1, "Expected the signing worker")
    assert SigningKey.objects.filter(private_key="locked").count() == 3 and not handed_over.exists()
    SigningKey.objects.get(serial="ab").delete()
    command_refused(run("hand_over_keys"), 1, "Expected the signing worker")
    assert [key.serial for key in SigningKey.objects.filter(private_key="locked")] == ["ef"]
    assert json.loads(handed_over.get().entry)["data"] == {"handed_over": 0, "destroyed": 1}


def test_hold_keys_without_keys_or_beside_another_is_refused(worker, settings):
    command_refused(run("hold_keys", "--listen", worker.folder / "other.sock"), 1, "a signing worker holds them")
    settings.KEY_HOLDER = ""
    command_refused(run("hold_keys", "--listen", worker.folder / "other.sock"), 1, "incomplete")
    same = (worker.folder / "other.sock", "--listen-workers", worker.folder / "x" / ".." / "other.sock")
    command_refused(run("hold_keys", "--listen", *same), 2, "is the site's; name another")
    assert not (worker.folder / "other.sock").exists()


def test_setting_that_names_no_socket_is_refused():
    from casework.config.environment import key_holder

    with pytest.raises(ValueError, match="expected unix:/PATH"):
        key_holder("127.0.0.1:8090")
    assert key_holder("") == ""
