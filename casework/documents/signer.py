"""Who signs: the port behind which a key may lie in a file, in a token or with an outside service."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from asn1crypto import tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.x509.oid import NameOID
from django.utils.translation import gettext as _
from pyhanko.sign import signers
from pyhanko.sign.attributes import CMSAttributeProvider, SigningCertificateV2Provider
from pyhanko.sign.general import as_signing_certificate_v2
from pyhanko.sign.signers.pdf_cms import SignedAttributeProviderSpec
from pyhanko_certvalidator.registry import SimpleCertificateStore

from casework.documents.errors import PkiError, WrongSecret
from casework.documents.hardware_key import HardwareSigner, hardware_key
from casework.documents.pki import DEMO_MARK, SEAL, load_pki
from casework.documents.private_key import PrivateKey, unlock


class Signer(Protocol):
    """Anything that can sign a SHA-256 digest in the name of a certificate."""

    @property
    def certificate(self) -> x509.Certificate: ...

    @property
    def chain(self) -> list[x509.Certificate]:
        """The certificates above it, up to the root."""

    def sign_digest(self, digest: bytes) -> bytes:
        """The signature of a SHA-256 digest (32 bytes): ECDSA as DER, or RSA PKCS#1 v1.5."""


class LocalSigner:
    """A key in memory, loaded once: loading an RSA key for each signature costs 0.13 s."""

    def __init__(self, certificate: x509.Certificate, key: PrivateKey, chain: list[x509.Certificate]) -> None:
        if _public_bytes(certificate.public_key()) != _public_bytes(key.public_key()):
            raise WrongSecret(_("The key and the certificate do not belong together. Issue a new certificate."))
        self.certificate = certificate
        self.chain = chain
        self._key = key

    @classmethod
    def from_encrypted(cls, certificate_pem: str, key_pem: str, secret: str, chain_pem: str = "") -> LocalSigner:
        """The signer of `certificate_pem`. Raises WrongSecret when `secret` does not open `key_pem`."""
        certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
        chain = x509.load_pem_x509_certificates(chain_pem.encode()) if chain_pem.strip() else []
        return cls(certificate, unlock(key_pem, secret), chain)

    def sign_digest(self, digest: bytes) -> bytes:
        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            return self._key.sign(digest, ec.ECDSA(Prehashed(SHA256())))
        return self._key.sign(digest, padding.PKCS1v15(), Prehashed(SHA256()))


def seal_signer(folder: Path, at: datetime) -> Signer:
    """The organisation's seal from a folder made by `make_pki`, to seal with at that time; loaded once a process.
    Raises PkiError, also where its certificate has run out."""
    pki = load_pki(folder)
    if pki.seal_uri:
        seal = _seal_in_token(pki.seal_pem, pki.root_pem, pki.seal_uri)
    else:
        seal = _seal_from(pki.seal_pem, pki.root_pem, Path(folder))
    if seal.certificate.not_valid_after_utc < at:
        words = _("The seal in %(folder)s has run out. Put a new seal of the same root in its place.")
        raise PkiError(words % {"folder": folder})
    return seal


@lru_cache(maxsize=8)
def _seal_in_token(seal_pem: str, root_pem: str, uri: str) -> Signer:
    key, certificate = hardware_key(uri), x509.load_pem_x509_certificate(seal_pem.encode())
    if _public_bytes(certificate.public_key()) != _public_bytes(key.public_key()):
        hardware_key.cache_clear()  # another key may lie there since
        key = hardware_key(uri)
    if _public_bytes(certificate.public_key()) != _public_bytes(key.public_key()):
        raise WrongSecret(_("The key and the certificate do not belong together. Issue a new certificate."))
    return HardwareSigner(certificate, key, x509.load_pem_x509_certificates(root_pem.encode()))


@lru_cache(maxsize=8)
def _seal_from(seal_pem: str, root_pem: str, folder: Path) -> Signer:
    try:
        key_pem, secret = (
            (folder / f"{SEAL}.key.pem").read_text(),
            (folder / f"{SEAL}.passphrase").read_text(),
        )
    except OSError as problem:
        raise PkiError(
            _("The seal in %(folder)s cannot be read: %(problem)s. Check the owner of the folder.")
            % {"folder": folder, "problem": problem.strerror}
        ) from None
    return LocalSigner.from_encrypted(seal_pem, key_pem, secret, root_pem)


class PdfSigner(signers.Signer):
    """Our port as pyHanko wants it."""

    def __init__(self, port: Signer) -> None:
        # The root stays out of the file: nobody may trust it from there, and no signature covers its bytes.
        super().__init__(
            signing_cert=_for_pyhanko(port.certificate),
            embed_roots=False,
            cert_registry=SimpleCertificateStore.from_certs([_for_pyhanko(above) for above in port.chain]),
        )
        self._port = port
        self.signed_attr_prov_spec = _SignedAttributes(port.certificate)

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        if digest_algorithm != "sha256":
            raise ValueError(f"Expected SHA-256, but was asked for {digest_algorithm}.")
        if dry_run:
            return bytes(512)
        digest = Hash(SHA256())
        digest.update(data)
        return self._port.sign_digest(digest.finalize())


class _SignedAttributes(SignedAttributeProviderSpec):
    """What PAdES B-B has signed besides the kind and the digest of the content: which certificate it is."""

    def __init__(self, certificate: x509.Certificate) -> None:
        self._certificate = certificate

    def signed_attr_providers(self, data_digest: bytes, digest_algorithm: str) -> list[CMSAttributeProvider]:
        return [_SigningCertificate(_for_pyhanko(self._certificate))]


class _SigningCertificate(SigningCertificateV2Provider):
    """Encoded once for a certificate. asn1crypto encodes each part of what is built anew twice as often as the one
    around it: the name of the issuer, eight parts deep, some hundred times a signature."""

    async def build_attr_value(self, dry_run: bool = False) -> tsp.SigningCertificateV2:
        return tsp.SigningCertificateV2.load(_signing_certificate(self.signing_cert.dump()))


@lru_cache(maxsize=64)
def _signing_certificate(certificate: bytes) -> bytes:
    encoded: bytes = as_signing_certificate_v2(asn1_x509.Certificate.load(certificate)).dump()
    return encoded


def subject_of(certificate: x509.Certificate) -> dict[str, str | bool]:
    """{name, no, demo}: who a certificate is for. `no` is empty for the organisation's seal."""

    def part(kind: x509.ObjectIdentifier) -> str:
        found = certificate.subject.get_attributes_for_oid(kind)
        return str(found[0].value) if found else ""

    return {
        "name": part(NameOID.COMMON_NAME),
        "no": part(NameOID.SERIAL_NUMBER) or part(NameOID.USER_ID),
        "demo": DEMO_MARK in part(NameOID.ORGANIZATION_NAME),
    }


def _for_pyhanko(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))


def _public_bytes(key: object) -> bytes:
    return key.public_bytes(  # type: ignore[attr-defined,no-any-return]
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
