"""A time authority of openssl's making, honest and not."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import keys, pem, x509
from cryptography.x509.oid import ExtendedKeyUsageOID as OID
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from casework.transparency import stamps
from casework.transparency.stamps import StampError
from tests.time_authority import TimeAuthority, open_at, openssl_agrees

DATA = "公断\n3\n".encode()


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[TimeAuthority]:
    with open_at(tmp_path / "tsa") as opened:
        yield opened


def test_stamp_over_the_data_tells_the_time_and_openssl_agrees(authority: TimeAuthority, tmp_path: Path):
    token = stamps.asked(authority.url, DATA)
    at = stamps.stamped_at(token, DATA, authority.trusted)
    assert abs(datetime.now(UTC) - at) < timedelta(seconds=30)
    (tmp_path / "token").write_bytes(token)
    (tmp_path / "data").write_bytes(DATA)
    assert openssl_agrees(tmp_path / "token", tmp_path / "data", authority.roots)


def test_stamp_over_other_data_does_not_count(authority: TimeAuthority):
    token = stamps.asked(authority.url, DATA)
    with pytest.raises(StampError, match="over something else"):
        stamps.stamped_at(token, DATA + b" ", authority.trusted)


@pytest.mark.parametrize("place", [0.1, 0.4, 0.6, 0.8, 0.99])
def test_stamp_with_a_bit_changed_does_not_count(authority: TimeAuthority, place: float):
    token = bytearray(stamps.asked(authority.url, DATA))
    token[int(len(token) * place)] ^= 1
    with pytest.raises(StampError):
        stamps.stamped_at(bytes(token), DATA, authority.trusted)


def test_stamp_of_another_authority_does_not_count(authority: TimeAuthority, tmp_path: Path):
    token = stamps.asked(authority.url, DATA)
    with open_at(tmp_path / "other") as other, pytest.raises(StampError, match="under the roots that are trusted"):
        stamps.stamped_at(token, DATA, other.trusted)


@pytest.mark.parametrize("usage, counts", [(OID.TIME_STAMPING, True), (OID.EMAIL_PROTECTION, False)])
def test_stamp_by_a_certificate_that_is_for_something_else_does_not_count(tmp_path: Path, usage: Any, counts: bool):
    """pyHanko's own authority signs with whatever it is given; openssl's would not."""
    authority = TimeAuthority(tmp_path / "tsa", usage)
    authority.server.server_close()
    certificate = x509.Certificate.load(pem.unarmor((authority.folder / "tsa.crt.pem").read_bytes())[2])
    key = keys.PrivateKeyInfo.load(pem.unarmor((authority.folder / "tsa.key.pem").read_bytes())[2])
    stamper = DummyTimeStamper(certificate, key, SimpleCertificateStore())
    token = asyncio.run(stamper.async_timestamp(sha256(DATA).digest(), "sha256")).dump()
    with nullcontext() if counts else pytest.raises(StampError, match="no time authority"):
        stamps.stamped_at(token, DATA, authority.trusted)


@pytest.mark.parametrize("token", [b"", b"x" * 1000, b"0\x82\xff\xff", DATA])
def test_what_is_no_stamp_does_not_count(authority: TimeAuthority, token: bytes):
    with pytest.raises(StampError, match="it is no time stamp"):
        stamps.stamped_at(token, DATA, authority.trusted)


def test_asked_when_the_answer_is_an_old_one_refuses_it(authority: TimeAuthority):
    stamps.asked(authority.url, DATA)
    old = (authority.folder / "answer").read_bytes()
    authority.change = lambda _answer: old
    with pytest.raises(StampError, match="to another question"):
        stamps.asked(authority.url, DATA)


TIME_STAMP, ENVELOPE = bytes.fromhex("2a864886f70d010702"), bytes.fromhex("2a864886f70d010703")
REFUSED = bytes.fromhex("3009300702010203020520")  # status 2, rejection, with an unaccepted policy


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda answer: b"", "the answer is no time stamp"),
        (lambda answer: b"<html>", "the answer is no time stamp"),
        (lambda answer: answer + b"x", "the answer is no time stamp"),
        (lambda answer: answer[:-1], "the answer is no time stamp"),
        (lambda answer: REFUSED, "the authority refuses: rejection"),
        (lambda answer: bytes.fromhex("30053003020100"), "the answer is no time stamp"),
        (lambda answer: answer.replace(TIME_STAMP, ENVELOPE), "the answer is no time stamp"),
    ],
)
def test_asked_when_the_answer_is_no_stamp_says_so(authority: TimeAuthority, change: Callable, said: str):
    authority.change = change
    with pytest.raises(StampError, match=said):
        stamps.asked(authority.url, DATA)


def test_asked_when_the_authority_is_away_or_fails_says_so(authority: TimeAuthority):
    authority.status = 503
    with pytest.raises(StampError, match="it answers 503"):
        stamps.asked(authority.url, DATA)
    for url in ("http://127.0.0.1:1/", "nonsense"):
        with pytest.raises(StampError, match="it does not answer"):
            stamps.asked(url, DATA)
