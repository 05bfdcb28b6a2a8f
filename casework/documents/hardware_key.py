"""A key in a PKCS#11 token (an HSM, a smart card), named by a URI of RFC 7512: it signs there and never leaves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl, unquote

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key
from django.utils.translation import gettext as _

from casework.documents.errors import PkiError

SCHEME = "pkcs11:"
# DigestInfo of SHA-256 (RFC 8017, 9.2), which a token's RSA mechanism expects before the digest.
SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


@dataclass(frozen=True)
class Place:
    """Where a key lies: the module to ask, the token and the key by their labels, the file with the PIN."""

    module: str
    token: str
    label: str
    pin_file: Path


def place_of(uri: str) -> Place:
    """`pkcs11:token=…;object=…?module-path=…&pin-source=file:…`. PkiError for anything else, above all for a PIN in the
    URI itself, which stands in shells and lists of processes."""
    path, _mark, query = uri.strip().removeprefix(SCHEME).partition("?")
    named = {name: unquote(value) for name, _eq, value in (part.partition("=") for part in path.split(";"))}
    asked = dict(parse_qsl(query))
    pin_file = asked.get("pin-source", "").removeprefix("file:").replace("//", "/", 1)
    if "pin-value" in named or "pin-value" in asked:
        raise PkiError(
            _("Expected the PIN in a file, but it is in the URI; write pin-source=file:/… and change the PIN")
        )
    if not uri.strip().startswith(SCHEME) or not all(
        (named.get("token"), named.get("object"), asked.get("module-path"), pin_file.startswith("/"))
    ):
        words = _(
            "Expected pkcs11:token=…;object=…?module-path=…&pin-source=file:/…, but a part is missing; name them all"
        )
        raise PkiError(words)
    return Place(asked["module-path"], named["token"], named["object"], Path(pin_file))


@lru_cache(maxsize=8)
def hardware_key(uri: str) -> HardwareKey:
    """The key, opened once a process: a token lets nobody log in twice."""
    return HardwareKey(place_of(uri))


class HardwareKey:
    """A key pair in a token, of P-256 or RSA. A session that broke is opened anew, once for each signature."""

    def __init__(self, place: Place) -> None:
        self._place, self._lock = place, Lock()
        self._open()

    def public_key(self) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey:
        return self._public

    def sign_digest(self, digest: bytes) -> bytes:
        """The signature of a SHA-256 digest: ECDSA as DER, or RSA PKCS#1 v1.5."""
        from pkcs11.exceptions import PKCS11Error

        with self._lock:
            try:
                return self._sign(digest)
            except PKCS11Error:
                self._open()
                with _told(self._place):
                    return self._sign(digest)

    def _open(self) -> None:
        try:
            import pkcs11
            from pkcs11.util.ec import encode_ec_public_key
            from pkcs11.util.rsa import encode_rsa_public_key
        except ImportError:
            raise PkiError(
                _("Expected the package python-pkcs11, but it is not there; install gongduan[hsm]")
            ) from None
        with _told(self._place):
            token = pkcs11.lib(self._place.module).get_token(token_label=self._place.token)
            pin = self._place.pin_file.read_text().strip()
            try:
                session = token.open(user_pin=pin)
            except pkcs11.exceptions.UserAlreadyLoggedIn:  # for another key of the token: a login is the process's
                session = token.open()
            self._private = session.get_key(pkcs11.ObjectClass.PRIVATE_KEY, label=self._place.label)
            public = session.get_key(pkcs11.ObjectClass.PUBLIC_KEY, label=self._place.label)
            is_rsa = public.key_type == pkcs11.KeyType.RSA
            encoded = encode_rsa_public_key(public) if is_rsa else encode_ec_public_key(public)
            self._public: Any = load_der_public_key(_as_spki(encoded) if is_rsa else encoded)

    def _sign(self, digest: bytes) -> bytes:
        from pkcs11 import Mechanism

        if isinstance(self._public, rsa.RSAPublicKey):
            return bytes(self._private.sign(SHA256_INFO + digest, mechanism=Mechanism.RSA_PKCS))
        raw = self._private.sign(digest, mechanism=Mechanism.ECDSA)
        half = len(raw) // 2
        return encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))


class HardwareSigner:
    """The port of a signature over a key in a token."""

    def __init__(self, certificate: x509.Certificate, key: HardwareKey, chain: list[x509.Certificate]) -> None:
        self.certificate, self.chain, self._key = certificate, chain, key

    def sign_digest(self, digest: bytes) -> bytes:
        return self._key.sign_digest(digest)


def _as_spki(pkcs1: bytes) -> bytes:
    from asn1crypto.keys import PublicKeyInfo, RSAPublicKey

    return bytes(PublicKeyInfo.wrap(RSAPublicKey.load(pkcs1), "rsa").dump())


class _told:
    """What a token refuses is told with the token's name, and without its PIN."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def __enter__(self) -> None: ...

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        from pkcs11.exceptions import PKCS11Error

        if isinstance(error, PKCS11Error | OSError | ValueError):
            what = " ".join(filter(None, (type(error).__name__, str(error))))
            words = _("Expected key %(key)s in token %(token)s, but %(problem)s; check token, PIN file and module")
            told = {"key": self._place.label, "token": self._place.token, "problem": what}
            raise PkiError(words % told) from None
