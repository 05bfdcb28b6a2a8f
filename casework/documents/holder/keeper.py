"""The signing worker's own side: it does what it is asked for, and first says so in its log."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import assert_never

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from django.utils import translation
from django.utils.translation import gettext as _

from casework.documents.errors import DocumentError, PkiError, WrongSecret
from casework.documents.holder import requests
from casework.documents.holder.in_process import InProcess
from casework.documents.holder.requests import Answer
from casework.documents.holder.store import BEGIN_KEY, KeyStore
from casework.documents.holder.tries import Tries
from casework.documents.pki import IssuedCertificate, load_pki, load_root, pem_of, serial_of
from casework.documents.signer import subject_of

PEOPLE = "people"
log = logging.getLogger(__name__)


class Keeper:
    """`tell` gets a line of JSON for all that was done with a key, before anybody gets the result: `at`, `did`, and
    what with, never a secret. What could not be told is not done.

    Its own clock dates certificates and lists; only the keys of a demo believe whoever asks, since a demo plays days
    gone by. PkiError where the folder has no keys, or another signing worker has them."""

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        self._demo = load_pki(folder).demo
        self._folder, self._tell = folder, tell
        self._own, self._tries = InProcess(folder), Tries()
        self._people, self._adopting = KeyStore(folder / PEOPLE), Lock()
        self._listing, self._listed = Lock(), ""

    def close(self) -> None:
        self._people.close()

    def count(self) -> int:
        """How many persons' keys it has."""
        return self._people.count()

    def answered(self, frame: bytes, by_worker: bool = True) -> bytes:
        """The answer to whatever was sent, which may be anything; who is no worker is refused what only workers do."""
        try:
            asked = requests.read(frame)
        except ValueError:
            return _refused(PkiError("Expected a request to a signing worker, but it is none; use the same version"))
        with translation.override(asked.language):
            try:
                if isinstance(asked, requests.OF_WORKERS) and not by_worker:
                    raise _not_here()
                return json.dumps(self._answer(asked)).encode()
            except DocumentError as refusal:
                return _refused(refusal)
            except Exception as problem:  # a full disk, say; whatever it was, the next one is answered
                log.error("could not %s: %s", type(asked).__name__, type(problem).__name__, exc_info=True)
                words = _("Expected the keys to be at hand, but %(problem)s; ask whoever runs the signing worker")
                return _refused(PkiError(words % {"problem": type(problem).__name__}))

    def _answer(self, asked: requests.Request) -> Answer:
        match asked:
            case requests.Enrol():
                return self._enrol(asked)
            case requests.Sign():
                return self._sign(asked)
            case requests.ShowSeal():
                return {"certificate": pem_of(self._own.seal(datetime.now(UTC)).certificate)}
            case requests.Seal():
                return self._seal(asked)
            case requests.Revoke():
                return self._revoke(asked)
            case requests.Adopt():
                return self._adopt(asked)
            case requests.Forget():
                return {"forgotten": sum(self._forget(serial) for serial in asked.serials)}
            case _:
                assert_never(asked)

    def _enrol(self, asked: requests.Enrol) -> Answer:
        since = asked.since if self._demo else datetime.now(UTC)
        made = self._own.enrol(asked.name, asked.no, asked.secret, asked.demo, since)
        self._told("enrolled", serial=made.serial, no=asked.no)
        self._people.put(made)
        return {"certificate": made.certificate_pem, "serial": made.serial}

    def _sign(self, asked: requests.Sign) -> Answer:
        key = self._people.get(asked.serial)
        try:
            with self._tries.counted(asked.serial):
                signer = self._own.signer(key, asked.secret)
        except WrongSecret:
            self._told("refused a secret", serial=asked.serial)
            raise
        signature = signer.sign_digest(bytes.fromhex(asked.digest))
        no = subject_of(signer.certificate)["no"]
        self._told("signed", serial=asked.serial, no=no, digest=asked.digest)
        return {"signature": signature.hex()}

    def _seal(self, asked: requests.Seal) -> Answer:
        seal = self._own.seal(datetime.now(UTC))
        if serial_of(seal.certificate) != asked.serial:
            raise PkiError(_("Expected the seal that is in use, but another has taken its place; try again"))
        signature = seal.sign_digest(bytes.fromhex(asked.digest))
        self._told("sealed", serial=asked.serial, digest=asked.digest)
        return {"signature": signature.hex()}

    def _revoke(self, asked: requests.Revoke) -> Answer:
        with self._listing:
            made = self._own.revocation_list(asked.revoked, asked.at if self._demo else datetime.now(UTC))
            if made != self._listed:
                self._told("listed as revoked", serials=len(asked.revoked))
                self._listed = made
        return {"list": made}

    def _adopt(self, asked: requests.Adopt) -> Answer:
        """A key made before there was a signing worker; its certificate is the root's. It takes no other's place."""
        try:
            certificate = x509.load_pem_x509_certificate(asked.certificate.encode())
            certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(self._root()))
        except (ValueError, TypeError, InvalidSignature):
            raise PkiError(_("Expected a certificate of this root, but it is none; leave it out")) from None
        serial, no = serial_of(certificate), subject_of(certificate)["no"]
        if not no or not asked.key.startswith(BEGIN_KEY):
            raise PkiError(_("Expected a person's key that a secret locks, but it is something else; leave it out"))
        with self._adopting:
            if self._people.has(serial):
                return {"adopted": False}
            self._told("adopted", serial=serial, no=no)
            self._people.put(IssuedCertificate(asked.certificate, asked.key, "", serial))
        return {"adopted": True}

    def _root(self) -> bytes:
        return load_root(self._folder).pem.encode()

    def _forget(self, serial: str) -> bool:
        """Whether it was there."""
        if there := self._people.has(serial):
            self._told("forgot", serial=serial)
            self._people.drop(serial)
        self._tries.forget(serial)
        return there

    def _told(self, did: str, **facts: object) -> None:
        self._tell(json.dumps({"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "did": did, **facts}))


def _not_here() -> PkiError:
    words = _(
        "Expected a worker, but this socket of the signing worker is the site's; set GONGDUAN_KEY_HOLDER of workers to "
        "the other one (--listen-workers)"
    )
    return PkiError(words)


def _refused(problem: DocumentError) -> bytes:
    return json.dumps({"refused": type(problem).__name__, "words": str(problem)}).encode()
