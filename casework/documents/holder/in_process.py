"""This process holds the keys: root and seal in the folder, those of persons, locked, in whatever it is given."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path

from django.utils.translation import gettext as _

from casework.documents.errors import NoSuchKey
from casework.documents.pki import IssuedCertificate, issue_person_certificate
from casework.documents.revocation import revocation_list
from casework.documents.signer import LocalSigner, Signer, seal_signer


class InProcess:
    """`KeyHolder` with the keys of a folder made by `make_pki`; it keeps none of a person."""

    def __init__(self, folder: Path) -> None:
        self._folder = Path(folder)

    def enrol(self, name: str, no: str, secret: str, demo: bool, since: datetime | None) -> IssuedCertificate:
        return issue_person_certificate(self._folder, name, no, secret, demo, since)

    def signer(self, key: IssuedCertificate, secret: str) -> Signer:
        if not key.key_pem:
            words = _(
                "Expected the signing key here, but a signing worker has it or it was destroyed; set "
                "GONGDUAN_KEY_HOLDER, or set the password or token anew"
            )
            raise NoSuchKey(words)
        return LocalSigner.from_encrypted(key.certificate_pem, key.key_pem, secret)

    def seal(self, at: datetime) -> Signer:
        return seal_signer(self._folder, at)

    def revocation_list(self, revoked: Mapping[str, datetime], at: datetime) -> str:
        return revocation_list(self._folder, revoked, at)

    def forget(self, serials: Collection[str]) -> None:
        """Whoever gave the keys has them."""
