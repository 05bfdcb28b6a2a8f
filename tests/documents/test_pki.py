"""Keys and certificates: made once, kept apart, opened only by their secret."""

from __future__ import annotations

import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto.keys import EncryptedPrivateKeyInfo
from asn1crypto.pem import unarmor
from cryptography import x509
from django.conf import settings

from casework.documents import pki
from casework.documents.errors import PkiError, WrongSecret
from casework.documents.private_key import change_secret, lock, unlock
from casework.documents.signer import LocalSigner, seal_signer, subject_of

from .conftest import SECRET, SIGNED_AT

ORGANISATION = {"zh": "公断示范客服中心", "en": "Gongduan Model Contact Centre"}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_make_pki_twice_changes_nothing(keys: pki.Pki) -> None:
    before = contents(keys.folder)
    assert pki.make_pki(keys.folder, {"zh": "别家", "en": "Other"}, demo=True).root_pem == keys.root_pem
    assert contents(keys.folder) == before


def test_make_pki_keeps_keys_to_their_owner(keys: pki.Pki) -> None:
    assert stat.S_IMODE(keys.folder.stat().st_mode) == 0o700
    for path in keys.folder.iterdir():
        if path.name.endswith((".key.pem", ".passphrase")):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
            assert b"BEGIN EC PRIVATE KEY" not in path.read_bytes() and b"BEGIN PRIVATE KEY" not in path.read_bytes()


def test_make_pki_at_once_from_two_sides_gives_both_the_same(tmp_path: Path) -> None:
    made: list[str] = []
    sides = [
        threading.Thread(target=lambda: made.append(pki.make_pki(tmp_path / "keys", ORGANISATION, True).root_pem))
        for _ in range(2)
    ]
    for side in sides:
        side.start()
    for side in sides:
        side.join()
    assert len(made) == 2 and made[0] == made[1]
    assert [path.name for path in tmp_path.iterdir()] == ["keys"]


def test_make_pki_with_a_missing_file_is_refused_and_names_it(tmp_path: Path) -> None:
    pki.make_pki(tmp_path / "keys", ORGANISATION, demo=True)
    (tmp_path / "keys" / "seal.key.pem").unlink()
    before = contents(tmp_path / "keys")
    with pytest.raises(PkiError, match="seal.key.pem"):
        pki.make_pki(tmp_path / "keys", ORGANISATION, demo=True)
    assert contents(tmp_path / "keys") == before


def test_make_pki_in_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not keys")
    with pytest.raises(PkiError):
        pki.make_pki(tmp_path, ORGANISATION, demo=True)
    assert contents(tmp_path) == {"notes.txt": b"not keys"}


def test_demo_keys_do_not_serve_in_earnest(keys: pki.Pki) -> None:
    with pytest.raises(PkiError):
        pki.make_pki(keys.folder, ORGANISATION, demo=False)
    with pytest.raises(PkiError):
        pki.issue_person_certificate(keys.folder, "秦明", "M401", SECRET, demo=False)


def test_issue_person_certificate_names_person_and_demo(keys: pki.Pki, reviewer: pki.IssuedCertificate) -> None:
    certificate = x509.load_pem_x509_certificate(reviewer.certificate_pem.encode())
    subject = certificate.subject.rfc4514_string()
    assert "CN=秦明" in subject and "M401" in subject and "DEMO 演示" in subject
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature and usage.content_commitment and not usage.key_cert_sign
    assert not any(isinstance(extension.value, x509.ExtendedKeyUsage) for extension in certificate.extensions)
    assert reviewer.serial == f"{certificate.serial_number:x}"
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(keys.root_pem.encode()))


@pytest.mark.parametrize(("name", "number"), [("", "M1"), ("秦" * 65, "M1"), ("秦明", " ")])
def test_issue_person_certificate_with_a_name_that_does_not_fit_is_refused(
    keys: pki.Pki, name: str, number: str
) -> None:
    with pytest.raises(PkiError):
        pki.issue_person_certificate(keys.folder, name, number, SECRET, demo=True)


@pytest.mark.parametrize("wrong", ["", "A secret of 秦明", SECRET + " ", "\x00"])
def test_signer_with_a_wrong_secret_is_refused(reviewer: pki.IssuedCertificate, wrong: str) -> None:
    with pytest.raises(WrongSecret):
        LocalSigner.from_encrypted(reviewer.certificate_pem, reviewer.key_pem, wrong)


def test_signer_with_somebody_elses_key_is_refused(keys: pki.Pki, reviewer: pki.IssuedCertificate) -> None:
    other = pki.issue_person_certificate(keys.folder, "白航", "Q202", "other", demo=True)
    with pytest.raises(WrongSecret):
        LocalSigner.from_encrypted(reviewer.certificate_pem, other.key_pem, "other")


def test_issue_person_certificate_without_a_secret_is_refused(keys: pki.Pki) -> None:
    with pytest.raises(WrongSecret):
        pki.issue_person_certificate(keys.folder, "秦明", "M401", "", demo=True)


def test_change_secret_locks_the_same_key_anew(reviewer: pki.IssuedCertificate) -> None:
    changed = change_secret(reviewer.key_pem, SECRET, "new")
    assert LocalSigner.from_encrypted(reviewer.certificate_pem, changed, "new")
    with pytest.raises(WrongSecret):
        unlock(changed, SECRET)


def test_locked_key_opens_with_openssl(keys: pki.Pki) -> None:
    read = subprocess.run(
        [
            "openssl",
            "pkey",
            "-in",
            keys.folder / "seal.key.pem",
            "-passin",
            f"file:{keys.folder / 'seal.passphrase'}",
            "-noout",
            "-text",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "prime256v1" in read.stdout


def test_seal_signer_loads_the_key_once(keys: pki.Pki) -> None:
    assert seal_signer(keys.folder, SIGNED_AT) is seal_signer(keys.folder, SIGNED_AT)


def test_lock_makes_every_guess_cost_600_000_rounds() -> None:
    """In a process of its own, since the tests' locks are quicker."""
    key = "from cryptography.hazmat.primitives.asymmetric import ec; key = ec.generate_private_key(ec.SECP256R1())"
    locked = f"{key}; from casework.documents.private_key import lock; print(lock(key, 'secret'))"
    made = subprocess.run([sys.executable, "-c", locked], cwd=settings.BASE_DIR, capture_output=True, check=True)
    info = EncryptedPrivateKeyInfo.load(unarmor(made.stdout)[2])
    assert info["encryption_algorithm"].kdf == "pbkdf2"
    assert info["encryption_algorithm"].kdf_iterations >= 600_000


def test_lock_never_writes_the_same_bytes_twice(reviewer: pki.IssuedCertificate) -> None:
    key = unlock(reviewer.key_pem, SECRET)
    assert lock(key, SECRET) != lock(key, SECRET)


def test_certificates_of_days_gone_by_are_good_from_then(tmp_path):
    then = datetime.now(UTC) - timedelta(days=30)
    keys = pki.make_pki(tmp_path / "keys", ORGANISATION, demo=True, since=then)
    person = pki.issue_person_certificate(keys.folder, "秦明", "M401", SECRET, demo=True, since=then)
    for pem in (keys.root_pem, keys.seal_pem, person.certificate_pem):
        assert x509.load_pem_x509_certificate(pem.encode()).not_valid_before_utc < then


def test_certificate_of_days_to_come_is_good_today(keys):
    to_come = datetime.now(UTC) + timedelta(days=30)
    person = pki.issue_person_certificate(keys.folder, "秦明", "M401", SECRET, demo=True, since=to_come)
    assert x509.load_pem_x509_certificate(person.certificate_pem.encode()).not_valid_before_utc < datetime.now(UTC)


@pytest.mark.parametrize(("name", "fits"), [("名" * 21, True), ("名" * 22, False), ("N" * 64, True), ("N" * 65, False)])
def test_name_that_is_too_long_for_a_certificate_is_refused_in_words(keys: pki.Pki, name: str, fits: bool) -> None:
    """Libraries count bytes, of which a Chinese character has three."""
    if fits:
        assert pki.issue_person_certificate(keys.folder, name, "M401", "a secret", demo=True).certificate_pem
        return
    with pytest.raises(pki.PkiError, match="1 to 64 bytes"):
        pki.issue_person_certificate(keys.folder, name, "M401", "a secret", demo=True)


@pytest.mark.parametrize("no", ["A_1", "工号1", "a@b", "A-1"])
def test_staff_number_of_any_letters_stands_in_the_certificate(keys: pki.Pki, no: str) -> None:
    """An import takes letters of any script, and . @ + - _ ."""
    made = pki.issue_person_certificate(keys.folder, "秦明", no, "a secret", demo=True)
    assert subject_of(x509.load_pem_x509_certificate(made.certificate_pem.encode()))["no"] == no
