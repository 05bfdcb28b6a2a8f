"""The organisation's seal under another key, of the same root: what was sealed before stays as good as it was."""

from __future__ import annotations

import os
import secrets
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from django.utils.translation import gettext as _

from casework.documents.errors import PkiError
from casework.documents.hardware_key import HardwareKey, hardware_key
from casework.documents.pki import (
    ROOT,
    ROOT_YEARS,
    SEAL,
    SEAL_KEY,
    load_pki,
    new_certificate,
    pem_of,
    serial_of,
    stored_key,
)
from casework.documents.private_key import PrivateKey, lock

LEAST_RSA = 2048


def renewed_seal(folder: Path, uri: str, since: datetime) -> tuple[x509.Certificate, dict[str, str]]:
    """(the certificate of a new seal, the files that make it the seal): its key in the token that `uri` names, else
    made now. Nothing is written. PkiError where the token or the root cannot be used."""
    pki = load_pki(folder)
    root = x509.load_pem_x509_certificate(pki.root_pem.encode())
    if root.not_valid_after_utc <= since:
        words = _(
            "Expected a root that still holds, but it ended on %(day)s; make new keys in another folder (make_pki)"
        )
        raise PkiError(words % {"day": root.not_valid_after_utc.date()})
    subject = list(x509.load_pem_x509_certificate(pki.seal_pem.encode()).subject)
    own, files = _key_in_token(uri) if uri else _key_in_folder()
    certificate = new_certificate(subject, own, root, stored_key(folder, ROOT), ROOT_YEARS, since)
    return certificate, {**files, f"{SEAL}.crt.pem": pem_of(certificate)}


def _key_in_token(uri: str) -> tuple[HardwareKey, dict[str, str]]:
    hardware_key.cache_clear()  # another key may lie there since
    key = hardware_key(uri)
    _tried(key)
    return key, {f"{SEAL}.uri": uri}


def _key_in_folder() -> tuple[PrivateKey, dict[str, str]]:
    key, passphrase = ec.generate_private_key(ec.SECP256R1()), secrets.token_urlsafe(32)
    return key, {f"{SEAL}.passphrase": passphrase, f"{SEAL}.key.pem": lock(key, passphrase)}


def _tried(key: HardwareKey) -> None:
    """It is of a kind that our verifiers take, and what it signs fits its public half."""
    public, digest = key.public_key(), sha256(b"gongduan").digest()
    try:
        if isinstance(public, rsa.RSAPublicKey) and public.key_size >= LEAST_RSA:
            return public.verify(key.sign_digest(digest), digest, PKCS1v15(), Prehashed(SHA256()))
        if isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, ec.SECP256R1):
            return public.verify(key.sign_digest(digest), digest, ec.ECDSA(Prehashed(SHA256())))
    except InvalidSignature:
        raise PkiError(
            _("Expected a pair of keys, but what the one signs does not fit the other; make a pair")
        ) from None
    raise PkiError(_("Expected a key of P-256 or of RSA with 2048 bits or more, but it is another; make such a one"))


def put_in_place(folder: Path, files: dict[str, str]) -> None:
    """The files are there, the certificate last, and no other key of a seal. Who seals in between is refused, since key
    and certificate do not belong together, and tries again."""
    for name, text in files.items():
        draft = folder / f".{name}.new"
        mode = 0o600 if name in SEAL_KEY else 0o644
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, folder / name)
    for name in {f"{SEAL}.uri", *SEAL_KEY} - files.keys():
        (folder / name).unlink(missing_ok=True)


def serial_in(folder: Path) -> str:
    """Of the seal as it is now."""
    return serial_of(x509.load_pem_x509_certificate(load_pki(folder).seal_pem.encode()))
