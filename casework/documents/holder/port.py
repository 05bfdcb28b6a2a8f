"""What is asked of whoever holds the keys, and a signature that somebody else makes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from django.utils.translation import gettext as _

from casework.documents.errors import PkiError
from casework.documents.pki import IssuedCertificate
from casework.documents.signer import Signer


class KeyHolder(Protocol):
    """All that needs a private key. Each may raise PkiError, where the keys cannot be used, and HolderAway."""

    def enrol(self, name: str, no: str, secret: str, demo: bool, since: datetime) -> IssuedCertificate:
        """A new key that `secret` opens, and its certificate, good from the day before `since`."""

    def signer(self, key: IssuedCertificate, secret: str) -> Signer:
        """Who signs with that key. WrongSecret, NoSuchKey or TooManyTries, at the latest when it signs."""

    def seal(self, at: datetime) -> Signer:
        """The organisation's seal, to seal with at that time."""

    def revocation_list(self, revoked: Mapping[str, datetime], at: datetime) -> str:
        """The root's list of these serial numbers (PEM)."""

    def forget(self, serials: Collection[str]) -> None:
        """The holder keeps no key of these certificates. Done twice, it changes nothing."""


class AskedSigner:
    """Signs by asking; what comes back fits the certificate."""

    def __init__(
        self, certificate: x509.Certificate, chain: list[x509.Certificate], ask: Callable[[bytes], bytes]
    ) -> None:
        self.certificate, self.chain, self._ask = certificate, chain, ask

    def sign_digest(self, digest: bytes) -> bytes:
        signature = self._ask(digest)
        try:
            self._fits(signature, digest)
        except (InvalidSignature, TypeError):
            raise PkiError(_("The key and the certificate do not belong together. Issue a new certificate.")) from None
        return signature

    def _fits(self, signature: bytes, digest: bytes) -> None:
        public = self.certificate.public_key()
        if isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(signature, digest, ec.ECDSA(Prehashed(SHA256())))
        else:
            public.verify(signature, digest, padding.PKCS1v15(), Prehashed(SHA256()))  # type: ignore[union-attr,call-arg]
