"""The stamped edition of an issued file: its bytes, unchanged, and behind them one revision with what its signatures
will be checked with (DSS) and a time stamp over all of it (PAdES, ETSI EN 319 142-1)."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import cms, crl
from asn1crypto import x509 as asn1_x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate, CertificateRevocationList, load_der_x509_certificate
from django.utils.translation import gettext as _
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.general import SigningError as PyhankoSigningError
from pyhanko.sign.signers.pdf_signer import PdfTimeStamper
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore

from casework.documents.errors import SigningError
from casework.documents.signing import run
from casework.transparency.stamps import StampError, certificates_in, stamped_over

FIELD = "timestamp"
RESERVED = 32_768  # hexadecimal digits kept free for the token; those of known authorities take 4,000 to 14,000
STAMPED, LASTING = "B-T", "B-LTA"
Ask = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Edition:
    """`at` is the authority's time. `level`: B-LTA where every certificate below a root has its list of revoked ones in
    the file, under the stamp; else B-T. `authority`: its certificates, up to the root."""

    file: bytes
    at: datetime
    level: str
    authority: list[Certificate]


def stamped_edition(
    issued: bytes, ask: Ask, roots: Sequence[Certificate], *,
    certificates: Sequence[Certificate], lists: Sequence[CertificateRevocationList],
) -> Edition:  # fmt: skip
    """Made with a token that `ask` gives over a SHA-256, which has to be an authority's under `roots`. `certificates`
    and `lists` of revoked ones go into the file, and so do the authority's own. StampError where there is no stamp that
    counts, SigningError where the file cannot take one."""
    known = list(certificates)
    # The store stands before the stamp and is to hold the authority's certificates, which come with the stamp.
    for _attempt in range(2):
        stamper = _Stamper(ask)
        file = _stamped(issued, stamper, known, lists)
        at = stamped_over(stamper.token, stamper.digest, roots)
        authority = _chain(stamper.token, roots)
        if not (more := [one for one in authority if one not in known]):
            break
        known += more
    _must_be_signed(lists, known)
    _must_hold(authority, lists, at)
    complete = not more and _is_complete([*authority, *_signers(issued)], known, lists, at)
    return Edition(file, at, LASTING if complete else STAMPED, authority)


class _Stamper(TimeStamper):
    """pyHanko's own asks by `requests`; ours is given how to ask."""

    def __init__(self, ask: Ask) -> None:
        super().__init__()
        self._ask, self.token, self.digest = ask, b"", b""

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        self.digest, self.token = message_digest, self._ask(message_digest)
        if 2 * len(self.token) > RESERVED:
            words = _("its stamp of %(size)d bytes is larger than the %(most)d that are kept free")
            raise StampError(words % {"size": len(self.token), "most": RESERVED // 2})
        return cms.ContentInfo.load(self.token)


def _stamped(
    issued: bytes, stamper: _Stamper, certificates: Sequence[Certificate], lists: Sequence[CertificateRevocationList]
) -> bytes:
    try:
        writer = IncrementalPdfFileWriter(io.BytesIO(issued))
        DocumentSecurityStore.supply_dss_in_writer(
            writer, None,
            certs=[asn1_x509.Certificate.load(one.public_bytes(Encoding.DER)) for one in certificates],
            crls=[crl.CertificateList.load(one.public_bytes(Encoding.DER)) for one in lists],
        )  # fmt: skip
        work = PdfTimeStamper(stamper, FIELD).async_timestamp_pdf(writer, "sha256", bytes_reserved=RESERVED)
        return bytes(run(work).getvalue())
    except (PdfError, PyhankoSigningError) as problem:
        raise SigningError(_("The file cannot be stamped: %(problem)s.") % {"problem": problem}) from None


def _chain(token: bytes, roots: Sequence[Certificate]) -> list[Certificate]:
    came = certificates_in(token)
    return came + [root for root in roots if root not in came and any(_issued(one, root) for one in came)]


def _signers(issued: bytes) -> list[Certificate]:
    """The certificates that the file's signatures were made with."""
    found = PdfFileReader(io.BytesIO(issued)).embedded_signatures
    return [load_der_x509_certificate(signature.signer_cert.dump()) for signature in found]


def _must_be_signed(lists: Sequence[CertificateRevocationList], known: Sequence[Certificate]) -> None:
    """By whom each list names, where that is somebody known; a list of others counts for nothing."""
    for listed in lists:
        named = [one for one in known if one.subject == listed.issuer]
        if named and not any(_has_signed(one, listed) for one in named):
            words = _("a list of revoked certificates names %(issuer)s, who did not sign it")
            raise StampError(words % {"issuer": listed.issuer.rfc4514_string()})


def _must_hold(authority: Sequence[Certificate], lists: Sequence[CertificateRevocationList], at: datetime) -> None:
    for one in authority:
        for listed in lists:
            gone = listed.get_revoked_certificate_by_serial_number(one.serial_number)
            if listed.issuer == one.issuer and gone is not None and gone.revocation_date_utc <= at:
                raise StampError(_("the authority's certificate is revoked"))


def _is_complete(
    used: Sequence[Certificate], known: Sequence[Certificate], lists: Sequence[CertificateRevocationList], at: datetime
) -> bool:
    """Of each certificate that was used, but for roots, there is its issuer's list of revoked ones, which held then."""
    return all(
        _issued(one, one) or any(_lists(listed, one, issuer, at) for issuer in known for listed in lists)
        for one in used
    )


def _lists(listed: CertificateRevocationList, one: Certificate, issuer: Certificate, at: datetime) -> bool:
    until = listed.next_update_utc
    held = until is not None and listed.last_update_utc <= at <= until
    return held and listed.issuer == issuer.subject and _has_signed(issuer, listed) and _issued(one, issuer)


def _has_signed(issuer: Certificate, listed: CertificateRevocationList) -> bool:
    try:
        return listed.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False


def _issued(one: Certificate, issuer: Certificate) -> bool:
    try:
        one.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
