"""The seal's key in a PKCS#11 token: it signs there, and every refusal says what to look at without the PIN."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from casework.documents import pki, seal_renewal, signer, signing
from casework.documents.errors import PkiError, WrongSecret
from casework.documents.hardware_key import HardwareSigner, hardware_key
from casework.documents.verify import verify
from tests import soft_token

from .conftest import SIGNED_AT, Issued

WORDS = {"reason": "出具", "location": "上海", "at": SIGNED_AT, "certify": False}


@pytest.fixture(scope="module")
def key() -> str:
    return soft_token.made("seal")


@pytest.fixture
def folder(keys: pki.Pki, tmp_path: Path) -> Path:
    return shutil.copytree(keys.folder, tmp_path / "keys")


def renew(folder: Path, uri: str) -> str:
    """The seal has that key; the serial number of its certificate."""
    certificate, files = seal_renewal.renewed_seal(folder, uri, SIGNED_AT)
    seal_renewal.put_in_place(folder, files)
    return pki.serial_of(certificate)


def sealed(issued: Issued, folder: Path) -> bytes:
    return signing.sign(issued.first_signed, "organisation", signer.seal_signer(folder, SIGNED_AT), **WORDS)


@pytest.mark.parametrize("kind", ["P-256", "RSA-3072"])
def test_seal_by_a_token_is_genuine(issued: Issued, folder: Path, kind: str) -> None:
    serial = renew(folder, soft_token.made(f"a key of {kind}", kind))
    assert isinstance(signer.seal_signer(folder, SIGNED_AT), HardwareSigner)
    file = sealed(issued, folder)
    fields = [issued.expected["fields"][0], {"name": "organisation", "serial": serial}]
    expected = {**issued.expected, "fields": fields, "sha256": ""}
    checks = {check.code: check.ok for check in verify(file, roots=[issued.root_pem], expected=expected)}
    assert checks.pop("file_hash") is False and all(checks.values()), checks


def test_folder_holds_no_key_once_a_token_does(folder: Path, key: str) -> None:
    renew(folder, key)
    assert {file.name for file in folder.iterdir()} == {
        "root.crt.pem", "root.key.pem", "root.passphrase", "seal.crt.pem", "seal.uri",
    }  # fmt: skip
    assert pki.load_pki(folder).seal_uri == key and soft_token.PIN not in (folder / "seal.uri").read_text()
    assert pki.make_pki(folder, {"zh": "x", "en": "x"}, demo=True).seal_uri == key  # which is whole


def test_seal_goes_back_from_a_token_to_a_file(issued: Issued, folder: Path, key: str) -> None:
    renew(folder, key)
    renew(folder, "")
    assert pki.load_pki(folder).seal_uri == "" and not (folder / "seal.uri").exists()
    assert (folder / "seal.key.pem").stat().st_mode & 0o777 == 0o600
    assert sealed(issued, folder)


def test_sign_when_the_session_broke_opens_another(issued: Issued, folder: Path, key: str) -> None:
    renew(folder, key)
    assert sealed(issued, folder)
    hardware_key(key)._private.session.close()  # as a token that was pulled out and put in again
    assert sealed(issued, folder)


def test_certificate_of_another_key_is_refused(folder: Path, key: str) -> None:
    renew(folder, key)
    (folder / "seal.uri").write_text(soft_token.made("another"))
    with pytest.raises(WrongSecret, match="do not belong together"):
        signer.seal_signer(folder, SIGNED_AT)


@pytest.mark.parametrize("other, words", [
    ({"token": "nobody's"}, "NoSuchToken"), ({"module": "/nowhere.so"}, "nowhere"),
    ({"pin": "file:/nowhere/pin"}, "No such file"),
], ids=["token", "module", "pin_file"])  # fmt: skip
def test_key_that_cannot_be_reached_is_refused_by_name(other: dict[str, str], words: str) -> None:
    with pytest.raises(PkiError, match=words) as refusal:
        hardware_key(soft_token.uri("seal", **other))
    assert soft_token.PIN not in str(refusal.value) and "check token, PIN file and module" in str(refusal.value)


def test_wrong_pin_and_unknown_key_are_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(PkiError, match="NoSuchKey"):
        hardware_key(soft_token.uri("nobody's"))
    (tmp_path / "pin").write_text("wrong")
    program = "import django.conf as c; c.settings.configure(); from casework.documents.hardware_key import *; "
    asked = soft_token.uri("seal", pin=f"file:{tmp_path / 'pin'}")
    words = [sys.executable, "-c", program + f"hardware_key({asked!r})"]  # a process that has not logged in yet
    assert "PinIncorrect" in subprocess.run(words, capture_output=True, text=True, check=False).stderr


@pytest.mark.parametrize("uri", [
    "", "seal", "pkcs11:", "pkcs11:token=a;object=b", "pkcs11:token=a?module-path=/m&pin-source=file:/p",
    "pkcs11:token=a;object=b?module-path=/m&pin-source=|cat",
    "pkcs11:token=a;object=b?module-path=/m&pin-source=", "https://token=a;object=b?module-path=/m&pin-source=file:/p",
])  # fmt: skip
def test_uri_that_names_no_key_is_refused(uri: str) -> None:
    with pytest.raises(PkiError, match="a part is missing"):
        hardware_key(uri)


def test_pin_in_the_uri_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(PkiError, match="change the PIN") as refusal:
        hardware_key(f"{key}&pin-value=4711")
    assert "4711" not in str(refusal.value)


def test_another_key_under_the_same_name_is_taken_up(issued: Issued, folder: Path) -> None:
    uri = soft_token.made("replaced")
    renew(folder, uri)
    assert sealed(issued, folder)
    soft_token.unmade("replaced")
    soft_token.made("replaced")
    renew(folder, uri)
    assert sealed(issued, folder)


def test_worker_that_holds_the_key_before_takes_up_the_one_that_another_process_put_there(
    issued: Issued, folder: Path
) -> None:
    uri = soft_token.made("replaced by another")
    before = hardware_key(uri)
    soft_token.unmade("replaced by another")
    soft_token.made("replaced by another")
    renew(folder, uri)
    hardware_key(uri)._private, hardware_key(uri)._public = before._private, before._public
    assert sealed(issued, folder)


@pytest.mark.parametrize("kind", ["P-384", "RSA-1024"])
def test_key_that_no_verifier_takes_is_refused(folder: Path, kind: str) -> None:
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    with pytest.raises(PkiError, match="P-256"):
        renew(folder, soft_token.made(f"weak {kind}", kind))
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_renewal_after_the_root_has_ended_is_refused(folder: Path) -> None:
    with pytest.raises(PkiError, match="it ended on"):
        seal_renewal.renewed_seal(folder, "", SIGNED_AT.replace(year=2040))
