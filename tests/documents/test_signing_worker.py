"""The signing worker as a process: what it signs, what it refuses, and that nothing sent to it ends it."""

import json
import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from django.utils import translation

from casework.documents import pki, seal_renewal
from casework.documents.errors import HolderAway, NoSuchKey, PkiError, TooManyTries, WrongSecret
from casework.documents.holder import SigningWorker, frames, in_process, remote, server
from casework.documents.holder.keeper import Keeper
from casework.documents.holder.store import KeyStore
from tests import soft_token
from tests.conftest import at_once
from tests.signing_worker import NAMES, Worker, signing_worker

SECRET, DIGEST = "a secret of 秦明", bytes(range(32))
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with signing_worker(demo=False) as started:
        yield started


def enrolled(worker: Worker, no: str = "M401") -> pki.IssuedCertificate:
    return worker.asked().enrol("秦明", no, SECRET, False, NOW)


def signed(worker: Worker, key: pki.IssuedCertificate, secret: str = SECRET) -> bytes:
    return worker.asked().signer(key, secret).sign_digest(DIGEST)


def sent(worker: Worker, data: bytes, *, whole: bool = True) -> bytes:
    """What comes back for these bytes; `whole`: as one frame."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(worker.socket))
        connection.sendall((struct.pack(">I", len(data)) if whole else b"") + data)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer[4:]


# What it does


def test_sign_with_the_right_secret_fits_the_certificate_and_is_logged(worker: Worker) -> None:
    key = enrolled(worker)
    assert key.key_pem == "" and key.serial in worker.kept()
    public = x509.load_pem_x509_certificate(key.certificate_pem.encode()).public_key()
    public.verify(signed(worker, key), DIGEST, ec.ECDSA(Prehashed(SHA256())))
    facts = {"serial": key.serial, "no": "M401"}
    assert any(facts.items() <= line.items() for line in worker.did("enrolled"))
    assert any({**facts, "digest": DIGEST.hex()}.items() <= line.items() for line in worker.did("signed"))
    assert SECRET not in worker.log.read_text()


def test_key_is_kept_in_a_file_of_its_owner(worker: Worker) -> None:
    file = worker.pki / "people" / f"{enrolled(worker).serial}.pem"
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert "ENCRYPTED PRIVATE KEY" in file.read_text()
    assert worker.socket.stat().st_mode & 0o777 == 0o660


def test_sign_with_a_wrong_secret_is_refused_in_the_language_of_who_asks(worker: Worker) -> None:
    key = enrolled(worker)
    with pytest.raises(WrongSecret, match="does not open"):
        signed(worker, key, "another")
    with translation.override("zh-hans"), pytest.raises(WrongSecret, match="密"):
        signed(worker, key, "another")
    assert any(line["serial"] == key.serial for line in worker.did("refused a secret"))
    assert signed(worker, key)


def test_wrong_secrets_close_the_key_for_a_while_and_no_other(worker: Worker) -> None:
    key, other = enrolled(worker), enrolled(worker, "Q202")
    found = at_once(*(lambda: signed(worker, key, "guessed") for _ in range(8)))
    kinds = [type(one) for one in found]
    assert (kinds.count(WrongSecret), kinds.count(TooManyTries)) == (5, 3), found
    with pytest.raises(TooManyTries, match="wait [0-9]+ seconds"):
        signed(worker, key)  # even the right one
    assert signed(worker, other)


def test_two_at_once_both_sign(worker: Worker) -> None:
    key = enrolled(worker)
    found = at_once(*(lambda: signed(worker, key) for _ in range(4)), *(lambda: enrolled(worker) for _ in range(2)))
    assert not [one for one in found if isinstance(one, Exception)]


def test_forget_twice_leaves_no_key(worker: Worker) -> None:
    key = enrolled(worker)
    for _ in range(2):
        worker.asked().forget([key.serial])
    assert key.serial not in worker.kept()
    with pytest.raises(NoSuchKey):
        signed(worker, key)
    assert [line["serial"] for line in worker.did("forgot")].count(key.serial) == 1


def test_dates_are_those_of_its_own_clock(worker: Worker) -> None:
    past = datetime(2020, 1, 1, tzinfo=UTC)
    made = worker.asked().enrol("秦明", "M401", SECRET, False, past)
    start = x509.load_pem_x509_certificate(made.certificate_pem.encode()).not_valid_before_utc
    listed = x509.load_pem_x509_crl(worker.asked().revocation_list({made.serial: past}, past).encode())
    assert start > NOW - timedelta(days=2) and listed.last_update_utc > NOW - timedelta(days=2)
    assert [f"{entry.serial_number:x}" for entry in listed] == [made.serial]
    assert worker.did("listed as revoked")


def test_enrol_for_the_other_kind_or_a_name_that_does_not_fit_is_refused(worker: Worker) -> None:
    before = worker.kept()
    for name, demo in (("秦明", True), ("x" * 65, False), ("", False)):
        with pytest.raises(PkiError):
            worker.asked().enrol(name, "M401", SECRET, demo, NOW)
    assert worker.kept() == before


# The seal


def test_seal_fits_and_is_another_once_it_was_renewed(worker: Worker) -> None:
    old = worker.asked().seal(NOW)
    assert old.sign_digest(DIGEST)
    _certificate, files = seal_renewal.renewed_seal(worker.pki, "", NOW)
    seal_renewal.put_in_place(worker.pki, files)
    with pytest.raises(PkiError, match="another has taken its place"):
        old.sign_digest(DIGEST)
    new = worker.asked().seal(NOW)
    assert new.sign_digest(DIGEST) and new.certificate != old.certificate
    assert worker.did("sealed")[-1]["serial"] == pki.serial_of(new.certificate)


def test_seal_in_a_token_signs_there() -> None:
    uri = soft_token.made("seal of the worker")
    with signing_worker(demo=False) as other:
        _certificate, files = seal_renewal.renewed_seal(other.pki, uri, NOW)
        seal_renewal.put_in_place(other.pki, files)
        assert not (other.pki / "seal.key.pem").exists()
        assert other.asked().seal(NOW).sign_digest(DIGEST)


# Adopting


def test_adopt_takes_a_locked_key_once_and_signs_with_it(worker: Worker) -> None:
    key = pki.issue_person_certificate(worker.pki, "白航", "Q202", SECRET, False)
    assert (worker.asked().adopt(key), worker.asked().adopt(key)) == (True, False)
    assert signed(worker, key)


def test_adopt_of_anything_else_is_refused(worker: Worker, tmp_path: Path) -> None:
    before = worker.kept()
    other = pki.make_pki(tmp_path / "other", NAMES, False)
    foreign = pki.issue_person_certificate(other.folder, "白航", "Q202", SECRET, False)
    own = pki.issue_person_certificate(worker.pki, "白航", "Q202", SECRET, False)
    seal = (worker.pki / "seal.crt.pem").read_text()
    for certificate, key in (
        (foreign.certificate_pem, foreign.key_pem), (seal, own.key_pem), ("", own.key_pem), (own.certificate_pem, ""),
        (own.certificate_pem, "-----BEGIN PRIVATE KEY-----\n"),
    ):  # fmt: skip
        with pytest.raises(PkiError, match="leave it out"):
            worker.asked().adopt(pki.IssuedCertificate(certificate, key, "", ""))
    assert worker.kept() == before


# What may be sent to it


@pytest.mark.parametrize("data", [
    b"", b"{}", b"[]", b"null", b"\xff\xfe", b"{" * 100_000, b"[" * 1_000_000, b'{"do": "rm"}',
    b'{"do": "sign", "serial": "../../root", "secret": "x", "digest": "%s"}' % (b"0" * 64),
    b'{"do": "sign", "serial": "ab\\n", "secret": "x", "digest": "%s"}' % (b"0" * 64),
    b'{"do": "sign", "serial": "ab", "secret": "x", "digest": "%s"}' % (b"0" * 62),
    b'{"do": "sign", "serial": "ab", "secret": "x", "digest": "%s", "more": 1}' % (b"0" * 64),
    b'{"do": "sign", "serial": "ab", "secret": 1, "digest": "%s"}' % (b"0" * 64),
    b'{"do": "show_seal", "language": "../x"}', b'{"do": "forget", "serials": ["*"]}',
    b'{"do": "revoke", "revoked": {"ab": "yesterday"}, "at": "now"}',
], ids=range(16))  # fmt: skip
def test_request_that_is_none_is_refused_in_words(worker: Worker, data: bytes) -> None:
    answer = json.loads(sent(worker, data))
    assert answer["refused"] == "PkiError" and "Expected a request" in answer["words"]


@pytest.mark.parametrize(
    "data", [b"", b"\x00\x00", b"\xff\xff\xff\xff", b"GET / HTTP/1.1\r\n\r\n", b"\x00\x00\x00\x09abc"]
)
def test_frame_that_is_none_ends_the_connection_and_nothing_else(worker: Worker, data: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(worker.socket))
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            assert connection.recv(100) == b""
    assert signed(worker, enrolled(worker))


def test_who_sends_nothing_or_drips_holds_up_nobody_and_is_let_go(worker: Worker) -> None:
    key = enrolled(worker)
    quiet = [socket.socket(socket.AF_UNIX) for _ in range(20)]
    began = time.monotonic()
    for connection in quiet:
        connection.connect(str(worker.socket))
        connection.sendall(b"\x00")
    assert signed(worker, key) and time.monotonic() - began < 4
    ended: list[float] = []

    def drip(connection: socket.socket) -> None:
        try:
            while time.monotonic() - began < 15:
                connection.sendall(b"\x00")
                time.sleep(0.5)
        except OSError:
            ended.append(time.monotonic() - began)

    threads = [threading.Thread(target=drip, args=[connection]) for connection in quiet[:2]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for connection in quiet:
        connection.close()
    assert len(ended) == 2 and max(ended) < server.PATIENCE + 4


def test_more_than_it_has_room_for_are_turned_away_and_it_goes_on(worker: Worker) -> None:
    key = enrolled(worker)
    crowd = [socket.socket(socket.AF_UNIX) for _ in range(server.AT_ONCE + 10)]
    try:
        for connection in crowd:
            connection.connect(str(worker.socket))
            time.sleep(0.002)
        with pytest.raises(HolderAway, match="try again in a minute"):
            signed(worker, key)
    finally:
        for connection in crowd:
            connection.close()
    time.sleep(0.5)
    assert signed(worker, key)


# Away, and back


def test_killed_and_started_again_has_its_keys(worker: Worker) -> None:
    key = enrolled(worker)
    (worker.pki / "people" / "tmpabcdef").write_text("half a key")
    worker.kill()
    assert worker.socket.exists()
    with pytest.raises(HolderAway, match="Connection refused.*nothing was recorded"):
        signed(worker, key)
    worker.start()
    assert signed(worker, key)
    assert not list((worker.pki / "people").glob("tmp*"))


def test_killed_while_it_signs_is_told_as_away(worker: Worker) -> None:
    key, found = enrolled(worker), []

    def sign() -> None:
        try:
            found.append(signed(worker, key))
        except HolderAway as problem:
            found.append(problem)

    threads = [threading.Thread(target=sign) for _ in range(6)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    worker.kill()
    for thread in threads:
        thread.join()
    assert any(isinstance(one, HolderAway) for one in found)
    worker.start()
    assert signed(worker, key)


def test_told_to_stop_ends_well_and_leaves_no_socket(worker: Worker) -> None:
    assert worker.stop() == 0 and not worker.socket.exists()
    with pytest.raises(HolderAway, match="No such file"):
        worker.asked().seal(NOW)
    worker.start()
    assert worker.asked().seal(NOW)


def test_worker_that_never_answers_is_given_up(tmp_path: Path, worker: Worker, monkeypatch) -> None:
    monkeypatch.setattr(remote, "PATIENCE", 0.3)
    deaf = worker.folder / "deaf"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(deaf))
        listening.listen()
        with pytest.raises(HolderAway, match="timed out"):
            SigningWorker(f"unix:{deaf}", worker.public).seal(NOW)


@pytest.mark.parametrize("answer", [
    b"", b"\xff\xff\xff\xff", b"\x00\x00\x00\x02[]", b"\x00\x00\x00\x02{}", b"\x00\x00\x00\x04abcd",
    b"\x00\x00\x00\x17" + b'{"signature": "no hex"}', b"\x00\x00\x00\x11" + b'{"signature": 12}',
])  # fmt: skip
def test_answer_that_is_none_is_told_as_away(worker: Worker, answer: bytes) -> None:
    key = enrolled(worker)
    with answering(worker.folder / "liar", answer) as address, pytest.raises(HolderAway):
        SigningWorker(address, worker.public).signer(key, SECRET).sign_digest(DIGEST)


def test_signature_of_another_key_is_refused(worker: Worker) -> None:
    key, body = enrolled(worker), json.dumps({"signature": signed(worker, enrolled(worker)).hex()}).encode()
    with (
        answering(worker.folder / "liar", struct.pack(">I", len(body)) + body) as address,
        pytest.raises(PkiError, match="do not belong together"),
    ):
        SigningWorker(address, worker.public).signer(key, SECRET).sign_digest(DIGEST)


class answering:
    """Somebody else at a socket, who says the same to everybody."""

    def __init__(self, path: Path, answer: bytes) -> None:
        self.path, self.answer = path, answer

    def __enter__(self) -> str:
        self.path.unlink(missing_ok=True)
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(str(self.path))
        self.listening.listen()
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()
        return f"unix:{self.path}"

    def serve(self) -> None:
        connection, _where = self.listening.accept()
        with connection:
            frames.receive(connection, 5)
            connection.sendall(self.answer)

    def __exit__(self, *_: object) -> None:
        self.thread.join()
        self.listening.close()


# A socket of the workers' own


def test_site_cannot_seal_or_destroy_where_workers_have_their_own_socket(worker: Worker) -> None:
    theirs = worker.folder / "workers.sock"
    assert worker.stop() == 0
    worker.start(None, "--listen-workers", str(theirs))
    site, workers, key = worker.asked(), SigningWorker(f"unix:{theirs}", worker.public), enrolled(worker)
    assert signed(worker, key) and site.revocation_list({}, NOW)
    locked = pki.issue_person_certificate(worker.pki, "白航", "Q202", SECRET, False)
    for ask in (
        lambda: site.seal(NOW).sign_digest(DIGEST), lambda: site.forget([key.serial]), lambda: site.adopt(locked)
    ):  # fmt: skip
        with pytest.raises(PkiError, match="--listen-workers"):
            ask()
    assert workers.seal(NOW).sign_digest(DIGEST) and workers.adopt(locked)
    workers.forget([key.serial])
    assert key.serial not in worker.kept()
    assert worker.stop() == 0 and not theirs.exists()
    worker.start()


def test_started_at_a_relative_path_names_the_whole_one(worker: Worker) -> None:
    whole = worker.socket
    assert worker.stop() == 0
    said = len(worker.log.read_text())
    worker.listen_at(Path(os.path.relpath(whole)))
    worker.start(None, "--listen-workers", os.path.relpath(whole.with_name("workers.sock")))
    assert worker.asked().seal(NOW), "it answers once it has said where"
    lines = worker.log.read_text()[said:].splitlines()
    names = [Path(line.partition("=unix:")[2]) for line in lines if "=unix:" in line]
    assert len(names) == 2 and all(name.is_absolute() for name in names)
    assert [name.resolve() for name in names] == [whole.resolve(), whole.with_name("workers.sock").resolve()]
    assert worker.stop() == 0
    worker.listen_at(whole)
    worker.start()


# Another at the same place


def test_second_worker_on_the_same_keys_is_refused(worker: Worker) -> None:
    with pytest.raises(PkiError, match="another signing worker has them"):
        KeyStore(worker.pki / "people")


def test_listening_where_somebody_listens_or_something_lies_is_refused(worker: Worker, tmp_path: Path) -> None:
    with pytest.raises(PkiError, match="somebody listens there already"):
        server.server(worker.socket, lambda _: b"")
    file = worker.folder / "file"
    file.write_text("kept")
    with pytest.raises(PkiError, match="something else lies there"):
        server.server(file, lambda _: b"")
    assert file.read_text() == "kept"
    for where in (Path("/nowhere/keys.sock"), worker.folder / ("x" * 200)):
        with pytest.raises(PkiError, match="name another --listen PATH"):
            server.server(where, lambda _: b"")


def test_root_of_another_installation_is_told(worker: Worker, tmp_path: Path) -> None:
    other = pki.make_pki(tmp_path / "other", NAMES, False)
    with pytest.raises(PkiError, match="but it has another"):
        SigningWorker(worker.address, other.folder).seal(NOW)


def test_what_cannot_be_logged_is_not_done(tmp_path: Path) -> None:
    folder = pki.make_pki(tmp_path / "pki", NAMES, False).folder

    room = ["for one line"]

    def full(_line: str) -> None:
        if not room:
            raise OSError(28, "No space left on device")
        room.pop()

    with closing(Keeper(folder, full)) as keeper:
        asked = {"do": "enrol", "name": "秦明", "no": "M401", "secret": SECRET, "demo": False, "since": NOW.isoformat()}
        kept = json.loads(keeper.answered(json.dumps(asked).encode()))["serial"]
        answer = json.loads(keeper.answered(json.dumps(asked).encode()))
        assert answer["refused"] == "PkiError" and keeper.count() == 1
        answer = json.loads(keeper.answered(json.dumps({"do": "forget", "serials": [kept]}).encode()))
        assert answer["refused"] == "PkiError" and keeper.count() == 1
        shown = json.loads(keeper.answered(b'{"do": "show_seal"}'))["certificate"]
        serial = pki.serial_of(x509.load_pem_x509_certificate(shown.encode()))
        asked = {"do": "seal", "serial": serial, "digest": DIGEST.hex()}
        assert "signature" not in json.loads(keeper.answered(json.dumps(asked).encode()))


def test_key_that_is_not_here_is_told_without_a_worker(worker: Worker) -> None:
    with pytest.raises(NoSuchKey, match="a signing worker has it"):
        in_process.InProcess(worker.pki).signer(enrolled(worker), SECRET)


def test_root_alone_is_no_pki_to_hold(worker: Worker) -> None:
    assert pki.load_root(worker.public).pem == (worker.pki / "root.crt.pem").read_text()
    assert {"root.crt.pem", "seal.crt.pem"} == set(os.listdir(worker.public))
    with pytest.raises(PkiError, match="incomplete"):
        Keeper(worker.public, lambda _line: None)
