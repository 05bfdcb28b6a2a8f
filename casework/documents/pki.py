"""The organisation's own certificates: a root, its seal, and one certificate for each person who signs."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.utils.translation import gettext as _

from casework.documents.errors import PkiError
from casework.documents.hardware_key import HardwareKey
from casework.documents.private_key import PrivateKey, lock, unlock

ROOT_YEARS = 10
PERSON_YEARS = 5
DEMO_MARK = "DEMO 演示"
ROOT, SEAL = "root", "seal"
_FILES = [f"{name}.{kind}" for name in (ROOT, SEAL) for kind in ("crt.pem", "key.pem", "passphrase")]
SEAL_KEY = (f"{SEAL}.key.pem", f"{SEAL}.passphrase")
_SECRET_FILES = (".key.pem", ".passphrase")
_PRINTABLE = re.compile(r"[A-Za-z0-9 '()+,./:=?-]+")  # X.680, PrintableString
_LONGEST_NAME = 64  # X.520, ub-common-name and ub-organization-name, which libraries count in bytes


@dataclass(frozen=True)
class Root:
    """The organisation's root certificate, all that whoever holds no keys has to have."""

    pem: str
    demo: bool


@dataclass(frozen=True)
class Pki:
    """The public half of a folder of keys."""

    folder: Path
    root_pem: str
    seal_pem: str
    demo: bool
    seal_uri: str = ""  # of its key in a PKCS#11 token (RFC 7512); without one the key is in the folder


@dataclass(frozen=True)
class IssuedCertificate:
    """What one person signs with. `key_pem` opens only with the secret it was issued under; it is empty where whoever
    holds the keys keeps it."""

    certificate_pem: str
    key_pem: str
    chain_pem: str
    serial: str  # lower-case hexadecimal, without a prefix


def make_pki(folder: Path, organisation: dict[str, str], demo: bool, since: datetime | None = None) -> Pki:
    """The keys in `folder`, made now if it has none: a root (P-256, self-signed, 10 years) and the seal. They are good
    from the day before `since` (a demo plays days gone by), or from yesterday.

    Nothing is ever overwritten. Key and passphrase files are 0600, the folder 0700. Raises PkiError when the
    folder holds something else, only a part, or keys of the other kind (demo or not).
    """
    folder = Path(folder)
    if not _has_any(folder):
        _make(folder, organisation, demo, since)
    pki = load_pki(folder)
    if pki.demo != demo:
        raise PkiError(
            _("The keys in %(folder)s are of the other kind (demo or not). Name another folder.") % {"folder": folder}
        )
    return pki


def has_root(folder: Path) -> bool:
    """Whether a root certificate lies in `folder`. Raises PkiError where that cannot be told."""
    try:
        return (Path(folder) / "root.crt.pem").exists()
    except OSError as problem:
        raise _unreadable(folder, problem) from None


def load_root(folder: Path) -> Root:
    """The root certificate in `folder`, whatever else is there. Raises PkiError when it is missing or unreadable."""
    try:
        pem = (Path(folder) / "root.crt.pem").read_text()
        subject = _attribute(x509.load_pem_x509_certificate(pem.encode()), NameOID.ORGANIZATION_NAME)
    except FileNotFoundError:
        raise _incomplete(folder, ["root.crt.pem"]) from None
    except (OSError, ValueError) as problem:
        raise _unreadable(folder, problem) from None
    return Root(pem, DEMO_MARK in subject)


def load_pki(folder: Path) -> Pki:
    """The public half of the keys in `folder`, and that the private one is there. Raises PkiError when a file is
    missing or unreadable."""
    folder = Path(folder)
    uri = folder / f"{SEAL}.uri"
    try:
        needed = [name for name in _FILES if name not in SEAL_KEY] if uri.is_file() else _FILES
        if missing := [name for name in needed if not (folder / name).is_file()]:
            raise _incomplete(folder, missing)
        root = load_root(folder)
        seal = (folder / "seal.crt.pem").read_text()
        seal_uri = uri.read_text().strip() if uri.is_file() else ""
    except (OSError, ValueError) as problem:
        raise _unreadable(folder, problem) from None
    return Pki(folder, root.pem, seal, root.demo, seal_uri)


def issue_person_certificate(
    folder: Path, name: str, staff_no: str, secret: str, demo: bool, since: datetime | None = None
) -> IssuedCertificate:
    """A new key and certificate (P-256, 5 years) for one person, signed by the root; nothing is stored. Good from the
    day before `since`, or from yesterday.

    Raises PkiError when the names do not fit into a certificate or `demo` is not what the root was made for,
    WrongSecret when `secret` is empty.
    """
    pki = load_pki(folder)
    if pki.demo != demo:
        raise PkiError(
            _("The keys in %(folder)s are of the other kind (demo or not). Name another folder.") % {"folder": folder}
        )
    key = ec.generate_private_key(ec.SECP256R1())
    locked = lock(key, secret)
    root = x509.load_pem_x509_certificate(pki.root_pem.encode())
    subject = [
        *(_name_part(part.oid, str(part.value)) for part in root.subject if part.oid in _ORGANISATION_PARTS),
        _name_part(NameOID.COMMON_NAME, name),
        # A serial number takes no letters but these; a user id takes all.
        _name_part(NameOID.SERIAL_NUMBER if _PRINTABLE.fullmatch(staff_no) else NameOID.USER_ID, staff_no),
    ]
    certificate = new_certificate(subject, key, root, stored_key(Path(folder), ROOT), PERSON_YEARS, since)
    return IssuedCertificate(pem_of(certificate), locked, pki.root_pem, serial_of(certificate))


def serial_of(certificate: x509.Certificate) -> str:
    """The serial number as lower-case hexadecimal, as records and `verify` compare it."""
    return f"{certificate.serial_number:x}"


_ORGANISATION_PARTS = (NameOID.COUNTRY_NAME, NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME)


def _incomplete(folder: Path, missing: list[str]) -> PkiError:
    words = _(
        "The keys in %(folder)s are incomplete: %(missing)s. Restore them from a backup, or run "
        "make_pki on an empty folder."
    )
    return PkiError(words % {"folder": folder, "missing": ", ".join(missing)})


def _unreadable(folder: Path, problem: Exception) -> PkiError:
    words = _("The keys in %(folder)s cannot be read: %(problem)s. Check the owner of the folder.")
    return PkiError(words % {"folder": folder, "problem": problem})


def _has_any(folder: Path) -> bool:
    return folder.is_dir() and any((folder / name).exists() for name in _FILES)


def _make(folder: Path, organisation: dict[str, str], demo: bool, since: datetime | None) -> None:
    """Everything is made beside the folder and moved in place at once: no half-made set is ever found."""
    mark = f" ({DEMO_MARK})" if demo else ""
    parts = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
        _name_part(NameOID.ORGANIZATION_NAME, organisation["zh"] + mark),
        _name_part(NameOID.ORGANIZATIONAL_UNIT_NAME, organisation["en"]),
    ]
    root_key, seal_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = new_certificate(
        [*parts, _name_part(NameOID.COMMON_NAME, "Gongduan Root CA")], root_key, None, root_key, ROOT_YEARS, since
    )
    seal = new_certificate(
        [*parts, _name_part(NameOID.COMMON_NAME, organisation["zh"])], seal_key, root, root_key, ROOT_YEARS, since
    )
    folder.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, key, certificate in ((ROOT, root_key, root), (SEAL, seal_key, seal)):
            passphrase = secrets.token_urlsafe(32)
            _write(making / f"{name}.crt.pem", pem_of(certificate))
            _write(making / f"{name}.key.pem", lock(key, passphrase))
            _write(making / f"{name}.passphrase", passphrase)
        os.rename(making, folder)
    except OSError as problem:
        if not _has_any(folder):  # else somebody else made them in the meantime, and theirs are used
            raise PkiError(
                _("Keys cannot be made in %(folder)s: %(problem)s. Name a folder that is new or empty.")
                % {"folder": folder, "problem": problem.strerror}
            ) from None
    finally:
        shutil.rmtree(making, ignore_errors=True)


def new_certificate(
    subject: list[x509.NameAttribute[str]],
    key: PrivateKey | HardwareKey,
    issuer: x509.Certificate | None,
    issuer_key: PrivateKey,
    years: int,
    since: datetime | None,
) -> x509.Certificate:
    """For that public key; of the root itself where there is no issuer."""
    # A day's grace for clocks that disagree; never longer than the root that answers for it.
    today = datetime.now(UTC)
    start = min(since or today, today) - timedelta(days=1)
    end = start + timedelta(days=round(years * 365.25))
    if issuer is not None:
        end = min(end, issuer.not_valid_after_utc)
    is_root = issuer is None
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(subject))
        .issuer_name(issuer.subject if issuer else x509.Name(subject))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=0 if is_root else None), critical=True)
        # No extended key usage: with documentSigning alone poppler calls a good signature unknown.
        .add_extension(_key_usage(is_root), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    return builder.sign(issuer_key, hashes.SHA256())


def _key_usage(is_root: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_root,
        content_commitment=not is_root,
        key_cert_sign=is_root,
        crl_sign=is_root,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name_part(kind: x509.ObjectIdentifier, text: str) -> x509.NameAttribute[str]:
    if not text.strip() or len(text.encode()) > _LONGEST_NAME:
        words = _(
            "A certificate takes names of 1 to %(longest)d bytes (a Chinese character has 3), but got %(name)s. "
            "Shorten it."
        )
        raise PkiError(words % {"longest": _LONGEST_NAME, "name": repr(text[:80])})
    return x509.NameAttribute(kind, text)


def stored_key(folder: Path, name: str) -> PrivateKey:
    """The key of the root or the seal, unlocked. Raises PkiError where it cannot be read."""
    try:
        locked, secret = (folder / f"{name}.key.pem").read_text(), (folder / f"{name}.passphrase").read_text()
    except (OSError, ValueError) as problem:
        raise _unreadable(folder, problem) from None
    return unlock(locked, secret)


def _attribute(certificate: x509.Certificate, kind: x509.ObjectIdentifier) -> str:
    found = certificate.subject.get_attributes_for_oid(kind)
    return str(found[0].value) if found else ""


def pem_of(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _write(path: Path, text: str) -> None:
    mode = 0o600 if path.name.endswith(_SECRET_FILES) else 0o644
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(text)
