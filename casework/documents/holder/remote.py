"""A signing worker is asked: what other processes have in place of the keys."""

from __future__ import annotations

import json
import socket
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from casework.documents.errors import HolderAway, PkiError
from casework.documents.holder import frames, requests
from casework.documents.holder.port import AskedSigner
from casework.documents.pki import IssuedCertificate, load_root, serial_of
from casework.documents.signer import Signer

SCHEME = "unix:"
PATIENCE = 20.0  # seconds: a key takes a tenth of one to open, and others may be before us


class SigningWorker:
    """`KeyHolder` at `address` (unix:/PATH); `folder` has the root certificate."""

    def __init__(self, address: str, folder: Path) -> None:
        self._address, self._folder = address, folder

    def enrol(self, name: str, no: str, secret: str, demo: bool, since: datetime) -> IssuedCertificate:
        chain = load_root(self._folder).pem  # first: without it no key may come to be
        asked = requests.Enrol(name=name, no=no, secret=secret, demo=demo, since=since)
        answer = self._ask(asked, "certificate", "serial")
        self._issued(answer["certificate"])
        return IssuedCertificate(answer["certificate"], "", chain, answer["serial"])

    def signer(self, key: IssuedCertificate, secret: str) -> Signer:
        def sign(digest: bytes) -> bytes:
            return self._signature(requests.Sign(serial=key.serial, secret=secret, digest=digest.hex()))

        return AskedSigner(x509.load_pem_x509_certificate(key.certificate_pem.encode()), [], sign)

    def seal(self, at: datetime) -> Signer:
        certificate = self._issued(self._ask(requests.ShowSeal(), "certificate")["certificate"])
        if certificate.not_valid_after_utc < at:
            raise PkiError(_("The seal of the signing worker has run out. Renew it (renew_seal)."))

        def seal(digest: bytes) -> bytes:
            return self._signature(requests.Seal(serial=serial_of(certificate), digest=digest.hex()))

        return AskedSigner(certificate, [self._root()], seal)

    def revocation_list(self, revoked: Mapping[str, datetime], at: datetime) -> str:
        return str(self._ask(requests.Revoke(revoked=dict(revoked), at=at), "list")["list"])

    def forget(self, serials: Collection[str]) -> None:
        self._ask(requests.Forget(serials=list(serials)), "forgotten")

    def adopt(self, key: IssuedCertificate) -> bool:
        """The worker has the key, as it is locked; whether it had not before."""
        return bool(self._ask(requests.Adopt(certificate=key.certificate_pem, key=key.key_pem), "adopted")["adopted"])

    def _signature(self, asked: requests.Asked) -> bytes:
        try:
            return bytes.fromhex(self._ask(asked, "signature")["signature"])
        except (TypeError, ValueError):
            raise self._away(_("it gave no signature")) from None

    def _root(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(load_root(self._folder).pem.encode())

    def _issued(self, pem: object) -> x509.Certificate:
        """The certificate, issued by our own root."""
        try:
            certificate = x509.load_pem_x509_certificate(str(pem).encode())
            certificate.verify_directly_issued_by(self._root())
        except (ValueError, TypeError, InvalidSignature):
            words = _(
                "Expected the signing worker at %(where)s to have the root in %(folder)s, but it has another; copy its "
                "root.crt.pem here"
            )
            raise PkiError(words % {"where": self._address, "folder": self._folder}) from None
        return certificate

    def _ask(self, asked: requests.Asked, *expected: str) -> dict[str, Any]:
        language = "zh-hans" if (get_language() or "").startswith("zh") else "en"
        body = asked.model_copy(update={"language": language}).model_dump_json().encode()
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(PATIENCE)
                connection.connect(self._address.removeprefix(SCHEME))
                frames.send(connection, body, PATIENCE)
                answer = json.loads(frames.receive(connection, PATIENCE))
        except (OSError, frames.BadFrame, ValueError, RecursionError) as problem:
            raise self._away(getattr(problem, "strerror", "") or str(problem)) from None
        if not isinstance(answer, dict):
            raise self._away(_("it gave no answer"))
        if kind := requests.REFUSALS.get(str(answer.get("refused"))):
            raise kind(str(answer.get("words"))[:1000])
        if missing := set(expected) - answer.keys():
            raise self._away(_("its answer lacks %(what)s") % {"what": ", ".join(sorted(missing))})
        return cast(dict[str, Any], answer)

    def _away(self, problem: str) -> HolderAway:
        words = _(
            "Expected the signing worker to answer at %(where)s, but %(problem)s; try again in a minute, nothing was "
            "recorded"
        )
        return HolderAway(words % {"where": self._address, "problem": problem})
