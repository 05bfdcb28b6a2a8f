"""Which certificates of the organisation no longer hold, as a list (X.509 CRL) that any verifier of PDFs reads."""

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from casework.documents.errors import PkiError
from casework.documents.pki import ROOT, load_root, stored_key
from casework.store.folder import written

FILE = "root.crl.pem"
RENEWED, HOLDS = timedelta(days=1), timedelta(days=30)


def revocation_list(folder: Path, revoked: Mapping[str, datetime], at: datetime) -> str:
    """PEM of the root's list of these serial numbers (hexadecimal), each with since when it is revoked.

    It lies in the folder and is signed anew only when another serial is to stand on it, or after a day, since that
    takes the root's key. Who may not read that gets the last list for as long as it says the same and holds. Raises
    PkiError where there is none to be had."""
    root = x509.load_pem_x509_certificate(load_root(folder).pem.encode())
    stored = _stored(folder)
    if stored is not None and _says(stored) == set(revoked) and _is_young(stored, at):
        return _pem(stored)
    try:
        key = stored_key(folder, ROOT)
    except PkiError:
        if stored is not None and _says(stored) == set(revoked) and _holds(stored, at):
            return _pem(stored)
        raise
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(root.subject)
        .last_update(at)
        .next_update(at + HOLDS)
        .add_extension(x509.CRLNumber(int(at.timestamp())), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key()), critical=False)
    )
    for serial, since in sorted(revoked.items()):
        entry = x509.RevokedCertificateBuilder().serial_number(int(serial, 16)).revocation_date(since)
        builder = builder.add_revoked_certificate(entry.build())
    made = _pem(builder.sign(key, hashes.SHA256()))
    with suppress(OSError), written(folder / FILE) as out:  # whoever may not write there signs anew each time
        out.write(made.encode())
        os.fchmod(out.fileno(), 0o644)  # for everybody, like the certificates
    return made


def _stored(folder: Path) -> x509.CertificateRevocationList | None:
    try:
        return x509.load_pem_x509_crl((folder / FILE).read_bytes())
    except (OSError, ValueError):
        return None


def _is_young(crl: x509.CertificateRevocationList, at: datetime) -> bool:
    return crl.last_update_utc <= at < crl.last_update_utc + RENEWED  # no list of a day to come, by a wrong clock


def _holds(crl: x509.CertificateRevocationList, at: datetime) -> bool:
    return crl.next_update_utc is not None and crl.last_update_utc <= at < crl.next_update_utc


def _says(crl: x509.CertificateRevocationList) -> set[str]:
    return {f"{entry.serial_number:x}" for entry in crl}


def _pem(crl: x509.CertificateRevocationList) -> str:
    return crl.public_bytes(serialization.Encoding.PEM).decode()
