"""What anybody fetches to check documents with, on a site whose web process may not read the private keys."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from django.conf import settings as configured
from django.test import Client

from casework.domain.now import now
from casework.domain.published_keys import published_keys
from casework.models import SigningKey
from tests.commands.conftest import refused, run
from tests.factories import credential

NOBODY = 65534


@pytest.fixture
def folder(db, time, settings) -> Iterator[Path]:
    """The keys, of which whoever owns the tests may read all and another account the certificates."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    settings.PKI_FOLDER = Path(shutil.copytree(configured.PKI_FOLDER, place / "pki"))
    settings.LOG_FOLDER = place / "log"
    settings.PKI_FOLDER.chmod(0o755)
    (settings.PKI_FOLDER / "root.crl.pem").unlink(missing_ok=True)
    yield settings.PKI_FOLDER
    shutil.rmtree(place)


@contextmanager
def another_account(folder: Path) -> Iterator[None]:
    """Root's tests go on as nobody; anybody else takes the rights from themselves."""
    secret = [*folder.glob("*.key.pem"), *folder.glob("*.passphrase")]
    for file in secret:
        file.chmod(0o600 if os.geteuid() == 0 else 0)
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        with pytest.raises(PermissionError):
            secret[0].read_bytes()
        yield
    finally:
        if before == 0:
            os.seteuid(0)


def revoke_one() -> None:
    credential("qin")
    SigningKey.objects.update(revoked_at=now())


@pytest.fixture
def site(folder: Path, settings) -> Client:
    """One that has read what it is made of, where another account may not: it has answered, and refused."""
    client = Client()
    assert client.get("/v").status_code == 200
    settings.PKI_FOLDER = folder / "none"
    assert client.get("/v/keys.txt").status_code == 404
    settings.PKI_FOLDER = folder
    return client


def told(site: Client) -> tuple[int, str]:
    answer = site.get("/v/keys.txt")
    return answer.status_code, answer.content.decode()


def test_keys_are_answered_from_what_is_public_while_the_list_holds(folder: Path, site: Client, time):
    revoke_one()
    text = published_keys()
    with another_account(folder):
        assert told(site) == (200, text)
        time.on(days=20)
        assert told(site) == (200, text), "no newer list can be signed, and this one holds for thirty days"
        assert run("show_keys").out == text


def test_keys_whose_list_has_ended_are_refused_in_words(folder: Path, site: Client, time):
    published_keys()
    with another_account(folder):
        time.on(days=31)
        status, words = told(site)
        assert status == 503 and "cannot be read" in words and "Traceback" not in words
        refused(run("show_keys"), 1, "cannot be read")


def test_keys_are_refused_in_words_while_the_list_does_not_say_who_was_revoked_since(folder: Path, site: Client):
    published_keys()
    revoke_one()
    with another_account(folder):
        assert told(site)[0] == 503, "a list that lacks one would call a revoked certificate good"
    [key] = SigningKey.objects.all()
    assert f"{x509.load_pem_x509_certificate(key.certificate.encode()).serial_number:x}" == key.serial
    published_keys()
    with another_account(folder):
        assert told(site)[0] == 200


def test_keys_before_anybody_signed_a_list_are_refused_in_words(folder: Path, site: Client):
    with another_account(folder):
        status, words = told(site)
    assert status == 503 and "Permission denied" in words


def test_keys_in_a_folder_that_is_closed_are_refused_in_words(folder: Path, site: Client):
    published_keys()
    folder.chmod(0o700 if os.geteuid() == 0 else 0)
    before = os.geteuid()
    try:
        if before == 0:
            os.seteuid(NOBODY)
        status, words = told(site)
    finally:
        if before == 0:
            os.seteuid(0)
        folder.chmod(0o755)
    assert status == 503 and "cannot be read" in words


def test_list_is_signed_anew_where_it_cannot_be_kept(folder: Path, time):
    (folder / "root.crl.pem").mkdir()  # so that no file takes this name
    first = published_keys()
    time.on(minutes=1)
    assert "BEGIN X509 CRL" in first and published_keys() != first
