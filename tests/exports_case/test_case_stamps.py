"""The time stamp that travels with an exported case: what is in the export, and what both verifiers say of it and of
everything that somebody may have done to it."""

import asyncio
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from asn1crypto import keys, pem, x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.conf import settings as configured
from django.test import override_settings
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from casework.domain.archiving import archive_log
from casework.domain.checkpoints import LogBroken
from casework.domain.sealing import seal_ledger
from casework.models import CaseEvent
from casework.transparency import key_folder
from casework.transparency.stamps import asked
from tests.conftest import Time, own_database
from tests.exports_case.conftest import CHINESE, ENGLISH, OFFLINE, Exported, by_node, by_python, exported_to, unpacked
from tests.exports_case.hostile import Files, forge, origin_of
from tests.factories import advance, dispute
from tests.time_authority import TimeAuthority, open_at, openssl_agrees

both = pytest.mark.parametrize("verify", [by_python, by_node])
COPY, TOKEN, PROOF = "stamp/checkpoint", "stamp/checkpoint.tst", "stamp/7.tlog-proof"
TRUSTED = "--trust-enclosed-keys"


@dataclass(frozen=True)
class Stamped:
    """An export whose entries are all stamped; `former` is an older copy in the same archive, with its stamp."""

    exported: Exported
    authority: TimeAuthority
    former: Path

    @property
    def options(self) -> tuple[str, ...]:
        return "--log-key", str(self.exported.log_key), TRUSTED, "--tsa-roots", str(self.authority.roots)


@pytest.fixture(scope="module")
def stamped(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[Stamped]:
    home = tmp_path_factory.mktemp("stamped")
    (home / "archive").mkdir()
    places = {"LOG_FOLDER": home / "log", "EVIDENCE_FOLDER": home / "evidence", "LOG_ARCHIVE": home / "archive"}
    with open_at(home / "tsa") as authority:
        with (
            django_db_blocker.unblock(),
            override_settings(**places, TSA=authority.url, TSA_ROOTS=authority.roots),
            own_database(),
        ):
            exported = _exported(home, Time())
        yield Stamped(exported, authority, sorted((home / "archive").glob("*/*.checkpoint"))[0])


def _exported(home: Path, time: Time) -> Exported:
    number = dispute(upto="stated")
    copied()
    time.on(minutes=61)
    for step in ("forwarded", "ruled", "signed", "issued"):
        advance(number, step)
    copied()
    path = exported_to(home / "case.zip", number)
    key = key_folder.private(configured.LOG_FOLDER)
    return Exported(path, unpacked(path, home / "case"), home, configured.LOG_FOLDER / "vkey", home, key)


def copied() -> None:
    """What was written is sealed, and in the archive with a stamp."""
    seal_ledger()
    assert archive_log()["stamped"] == 1


@pytest.fixture
def files(stamped: Stamped, tmp_path: Path) -> Files:
    return Files(tmp_path / "case", stamped.exported)


def sealed_again(files: Files) -> None:
    """As if it had been exported so: only what stands in the stamp itself can tell."""
    forge(files, files.export.key, origin_of(files))


def said(files: Files, stamped: Stamped, code: int, words: str) -> None:
    """Both verifiers say that of the stamp, and that of everything else nothing is wrong."""
    for verify in (by_python, by_node):
        told = verify(files.folder, *stamped.options)
        assert (told.code, words in told.said) == (code, True), told
        assert told.failed == ["time_stamp"] * (code == 1), told
        assert "Traceback" not in told.said and "Error" not in told.said, told
        others = {name: mark for name, mark in told.marks.items() if name not in ("time_stamp", "pdf")}
        assert set(others.values()) == {"ok"}, told


# As it was made


@both
@pytest.mark.parametrize("language, words", [
    (ENGLISH, "entries that a time authority saw; who, when: 7/7, 时间戳, 20"),
    (CHINESE, "时间戳服务机构见过的记录，机构、时间：7/7, 时间戳, 20"),
])  # fmt: skip
def test_stamp_under_the_authoritys_root_is_genuine(stamped: Stamped, verify, language: str, words: str):
    told = verify(stamped.exported.folder, *stamped.options, language=language)
    assert (told.code, told.marks["time_stamp"], words in told.said) == (0, "ok", True), told
    assert not list(stamped.exported.folder.rglob("__pycache__")), "nothing was written"


def test_stamp_in_the_export_is_the_archives_and_openssl_agrees(stamped: Stamped):
    folder = stamped.exported.folder
    assert openssl_agrees(folder / TOKEN, folder / COPY, stamped.authority.roots)
    newest = sorted(stamped.former.parent.glob("*.checkpoint"))[-1]
    assert (folder / COPY).read_bytes() == newest.read_bytes() != stamped.former.read_bytes()
    listed = json.loads((folder / "manifest.json").read_text())["files"]
    assert {name for name in listed if name.startswith("stamp/")} == {COPY, TOKEN, PROOF}
    page, told = (folder / "index.html").read_text(), (folder / "README.txt").read_text()
    assert "第 1 至 7 条记录（导出时共 7 条）" in page and "entries 1 to 7 of this case" in page
    assert "待盖" not in page and page.count("--tsa-roots tsa.crt.pem") == 2 and told.count("tsa.crt.pem") >= 6


@both
def test_stamp_whose_root_is_known_from_the_export_only_cannot_be_told(stamped: Stamped, verify):
    words = stamped.options[:2]
    told = verify(stamped.exported.folder, *words)
    assert told.marks["time_stamp"] == "unknown" and told.code == 2, told
    assert "its root is to be compared with what the authority publishes" in told.said
    assert verify(stamped.exported.folder, *words, TRUSTED).code == 0, "whoever trusts what is enclosed says so"


def test_stamp_without_any_root_cannot_be_told_and_says_so(files: Files, stamped: Stamped):
    files.drop("keys/tsa.crt.pem")
    sealed_again(files)
    for verify in (by_python, by_node):
        told = verify(files.folder, *stamped.options[:3])
        assert (told.code, told.marks["time_stamp"]) == (2, "unknown"), told
        assert "no root of a time authority was given" in told.said


@both
def test_stamp_when_its_program_is_not_at_hand_cannot_be_told(stamped: Stamped, tmp_path: Path, verify):
    program = shutil.copy(OFFLINE / ("verify.py" if verify is by_python else "verify.mjs"), tmp_path)
    told = verify(stamped.exported.folder, *stamped.options, program=Path(program))
    assert (told.code, told.marks["time_stamp"], told.failed) == (2, "unknown", []), told


@both
def test_root_that_is_not_there_or_none_is_told(stamped: Stamped, tmp_path: Path, verify):
    told = verify(stamped.exported.folder, *stamped.options[:4], str(tmp_path / "nowhere"))
    assert (told.code, told.marks["time_stamp"]) == (2, "unknown"), told
    (tmp_path / "empty").write_bytes(b"nothing\n")
    told = verify(stamped.exported.folder, *stamped.options[:4], str(tmp_path / "empty"))
    assert told.code == 2 and "no root of a time authority was given" in told.said, told


# As others made it


def test_stamp_of_an_authority_of_another_root_is_refused(stamped: Stamped, files: Files, tmp_path: Path):
    with open_at(tmp_path / "other") as other:
        files.write(TOKEN, asked(other.url, files.read(COPY)))
    sealed_again(files)
    said(files, stamped, 1, "no time authority under the roots that are trusted")


def test_stamp_over_something_else_is_refused(stamped: Stamped, files: Files):
    files.write(TOKEN, asked(stamped.authority.url, b"something else"))
    sealed_again(files)
    said(files, stamped, 1, "the time stamp is over something else")


def test_stamp_over_an_older_checkpoint_is_refused(stamped: Stamped, files: Files):
    files.write(TOKEN, stamped.former.with_suffix(".tst").read_bytes())
    sealed_again(files)
    said(files, stamped, 1, "the time stamp is over something else")
    files.write(COPY, stamped.former.read_bytes())
    sealed_again(files)
    said(files, stamped, 1, "the proof leads to another checkpoint than was stamped")
    head, _empty, _note = files.read(PROOF).partition(b"\n\n")
    files.write(PROOF, head + b"\n\n" + files.read(COPY))
    sealed_again(files)
    said(files, stamped, 1, "it is no sound proof")  # the older tree does not reach that far


def test_stamp_said_to_be_over_more_entries_than_it_is_is_refused(stamped: Stamped, files: Files):
    files.entries = [*files.entries, files.entries[-1]]
    (files.folder / PROOF).rename(files.folder / "stamp/8.tlog-proof")
    sealed_again(files)
    said(files, stamped, 1, "a proof does not prove its entry")


CUT = {"by a byte": lambda token: token[:-1], "to a byte": lambda token: token[:1], "to nothing": lambda _token: b""}


@pytest.mark.parametrize("how", [*CUT, "and goes on"])
def test_stamp_that_is_cut_short_is_refused(stamped: Stamped, files: Files, how: str):
    files.write(TOKEN, CUT.get(how, lambda token: token + b"\0")(files.read(TOKEN)))
    sealed_again(files)
    said(files, stamped, 1, "the time stamp is cut short, or goes on behind its end")


@pytest.mark.parametrize("name", [COPY, TOKEN, PROOF])
def test_stamp_of_which_a_part_is_missing_is_refused(stamped: Stamped, files: Files, name: str):
    files.drop(name)
    sealed_again(files)
    said(files, stamped, 1, "the time stamp is not complete")


def test_stamp_with_more_beside_it_is_refused(stamped: Stamped, files: Files):
    files.write("stamp/6.tlog-proof", files.read(PROOF))
    sealed_again(files)
    said(files, stamped, 1, "the time stamp is not complete")


@both
def test_stamp_that_was_taken_out_is_missed(stamped: Stamped, files: Files, verify):
    shutil.rmtree(files.folder / "stamp")
    assert verify(files.folder, *stamped.options).failed == ["manifest"]
    sealed_again(files)
    told = verify(files.folder, *stamped.options)
    assert (told.code, told.marks["time_stamp"]) == (2, "unknown") and "there is no time stamp" in told.said, told
    told = verify(files.folder, *stamped.options[:3])
    assert (told.code, told.marks["time_stamp"]) == (0, "note") and "there is no time stamp" in told.said, told


@pytest.mark.parametrize("place", [0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_stamp_with_a_bit_changed_is_refused(stamped: Stamped, files: Files, place: float):
    files.flip(TOKEN, int(len(files.read(TOKEN)) * place))
    sealed_again(files)
    for verify in (by_python, by_node):
        told = verify(files.folder, *stamped.options)
        assert told.code in (1, 2) and told.marks["time_stamp"] != "ok", told


def test_stamp_whose_signature_is_false_is_refused(stamped: Stamped, files: Files):
    files.flip(TOKEN, len(files.read(TOKEN)) - 1)
    sealed_again(files)
    said(files, stamped, 1, "the signature of the time stamp is false")


# By an authority that stamps whatever time it is told


def token_of(authority: TimeAuthority, data: bytes, at: datetime) -> bytes:
    certificate = x509.Certificate.load(pem.unarmor((authority.folder / "tsa.crt.pem").read_bytes())[2])
    key = keys.PrivateKeyInfo.load(pem.unarmor((authority.folder / "tsa.key.pem").read_bytes())[2])
    stamper = DummyTimeStamper(certificate, key, SimpleCertificateStore(), fixed_dt=at)
    return bytes(asyncio.run(stamper.async_timestamp(sha256(data).digest(), "sha256")).dump())


@pytest.mark.parametrize("days, code, words", [
    (0, 0, "entries that a time authority saw"),
    (400, 1, "the certificate was not valid when it stamped"),
    (-3, 1, "the certificate was not valid when it stamped"),
])  # fmt: skip
def test_stamp_of_a_time_when_the_certificate_did_not_hold_is_refused(stamped, files: Files, days, code, words):
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)
    files.write(TOKEN, token_of(stamped.authority, files.read(COPY), at))
    sealed_again(files)
    said(files, stamped, code, words)


@pytest.mark.parametrize("usage, since, words", [
    (ExtendedKeyUsageOID.EMAIL_PROTECTION, 1, "the certificate is not for time stamps"),
    (ExtendedKeyUsageOID.TIME_STAMPING, 90, "the time stamp is older than the entry"),
])  # fmt: skip
def test_stamp_by_another_certificate_or_from_before_the_entry_is_refused(
    stamped: Stamped, files: Files, tmp_path: Path, usage, since: int, words: str
):
    authority = TimeAuthority(tmp_path / "tsa", usage, since=timedelta(days=since))
    authority.server.server_close()
    last = datetime.fromisoformat(json.loads(files.entries[-1])["received_at"])
    at = datetime.now(UTC).replace(microsecond=0) if since == 1 else last.replace(microsecond=0) - timedelta(minutes=6)
    files.write(TOKEN, token_of(authority, files.read(COPY), at))
    sealed_again(files)
    said(files, Stamped(stamped.exported, authority, stamped.former), 1, words)


# In whatever state the archive is


@pytest.fixture
def archive(real_db, time, settings, tmp_path: Path) -> Path:
    settings.LOG_ARCHIVE, settings.EVIDENCE_FOLDER = tmp_path / "archive", tmp_path / "evidence"
    settings.LOG_ARCHIVE.mkdir()
    return settings.LOG_ARCHIVE


@pytest.fixture
def authority(tmp_path: Path, settings) -> Iterator[TimeAuthority]:
    with open_at(tmp_path / "tsa") as opened:
        settings.TSA, settings.TSA_ROOTS = opened.url, opened.roots
        yield opened


def export(number: str, home: Path, name: str = "case") -> Path:
    return unpacked(exported_to(home / f"{name}.zip", number), home / name)


def options(authority: TimeAuthority) -> tuple[str, ...]:
    return TRUSTED, "--tsa-roots", str(authority.roots)


@both
def test_export_while_the_authority_is_away_says_that_the_stamp_is_pending(
    archive: Path, authority: TimeAuthority, tmp_path: Path, verify: Callable
):
    number = dispute()
    seal_ledger()
    authority.status = 503
    archive_log()
    folder = export(number, tmp_path)
    page = (folder / "index.html").read_text()
    assert "待盖 pending" in page and "本案的记录导出时尚待时间戳" in page
    assert "The entries of this case still waited for a time stamp" in page and not (folder / "stamp").exists()
    assert verify(folder, TRUSTED).code == 0 and "there is no time stamp" in verify(folder, TRUSTED).said
    assert verify(folder, *options(authority)).code == 2, "whoever asks for a stamp is told that there is none"


@both
def test_export_of_a_case_that_went_on_since_says_how_far_the_stamp_reaches(
    archive: Path, authority: TimeAuthority, tmp_path: Path, verify: Callable
):
    number = dispute()
    copied()
    advance(number, "stated")
    folder = export(number, tmp_path)
    page = (folder / "index.html").read_text()
    assert "第 1 至 1 条记录（导出时共 2 条）" in page and "其后的记录导出时尚待时间戳" in page
    assert "Later entries still waited for a time stamp" in page and (folder / "stamp/1.tlog-proof").exists()
    told = verify(folder, *options(authority))
    assert told.code == 0 and "who, when: 1/2, " in told.said, told


def test_export_takes_the_oldest_stamp_over_the_whole_case(archive: Path, authority: TimeAuthority, time, tmp_path):
    number = dispute()
    copied()
    first = next(archive.glob("*/*.checkpoint")).read_bytes()
    time.on(minutes=61)
    dispute()
    copied()
    assert (export(number, tmp_path) / COPY).read_bytes() == first


@pytest.mark.parametrize("what", ["archive", "roots", "stamp"])
def test_export_while_the_stamp_cannot_be_had_says_so_and_goes_without(
    archive: Path, authority: TimeAuthority, tmp_path: Path, settings, what: str
):
    number = dispute()
    copied()
    if what == "archive":
        archive.rename(tmp_path / "elsewhere")
    elif what == "roots":
        settings.TSA_ROOTS = tmp_path / "nowhere"
    else:
        [token] = archive.glob("*/*.tst")
        token.unlink()
        token.write_bytes(b"no token")
    folder = export(number, tmp_path)
    page = (folder / "index.html").read_text()
    assert "未附 not enclosed" in page and "it does not count" not in page and "there is none here" in page
    assert not (folder / "stamp").exists() and by_python(folder, TRUSTED).code == by_node(folder, TRUSTED).code == 0


def test_export_where_nobody_stamps_says_nothing_of_it(archive: Path, tmp_path: Path):
    number = dispute()
    seal_ledger()
    archive_log()
    folder = export(number, tmp_path)
    assert "时间戳" not in (folder / "index.html").read_text() + (folder / "README.txt").read_text()


def test_export_with_a_stamp_from_when_there_was_an_authority_has_it(archive, authority, tmp_path: Path, settings):
    number = dispute()
    copied()
    settings.TSA = ""
    advance(number, "stated")
    page = (export(number, tmp_path) / "index.html").read_text()
    assert "第 1 至 1 条记录（导出时共 2 条）" in page and "pending" not in page


def test_export_that_the_archive_contradicts_is_refused_and_not_recorded(archive: Path, authority, tmp_path: Path):
    number = dispute()
    copied()
    [copy] = archive.glob("*/*.checkpoint")
    text = copy.read_text()
    copy.unlink()
    copy.write_text(text.replace("\n", "\n1", 1))
    with pytest.raises(LogBroken, match="is not the log's"):
        export(number, tmp_path)
    assert not CaseEvent.objects.filter(action="exported").exists()
