"""Puts one signature into a document: PAdES B-B, ECDSA or RSA with SHA-256, with a visible stamp."""

from __future__ import annotations

import asyncio
import io
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import LayoutError
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter, enumerate_sig_fields
from pyhanko.sign.general import SigningError as PyhankoSigningError
from pyhanko.sign.signers.pdf_signer import PdfSigningSession

from casework.documents.errors import SigningError
from casework.documents.signer import PdfSigner, Signer, subject_of
from casework.documents.stamp import stamp

# Hexadecimal digits kept free for the signature. Ours takes about 2500 with P-256.
RESERVED = 6144


def sign(
    pdf: bytes,
    field: str,
    signer: Signer,
    *,
    reason: str,
    location: str,
    certify: bool,
    at: datetime | None = None,
) -> bytes:
    """The file with `field` signed; everything before it keeps its bytes.

    `certify`: this first signature certifies the file, so that only further signing may follow (DocMDP P=2).
    `at` (aware, default now) is the time printed and claimed; only a time stamp would prove it.
    Raises SigningError when the file has no such field, it is signed already, or `certify` comes second.
    """
    at = at or datetime.now(UTC)
    if at.tzinfo is None:
        raise SigningError(_("The time of signing must carry its offset. Pass an aware time."))
    try:
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        width, height = _free_field_size(writer.prev, field, certify)
        pdf_signer = _SignerAt(
            at,
            signers.PdfSignatureMetadata(
                field_name=field,
                md_algorithm="sha256",
                subfilter=SigSeedSubFilter.PADES,
                reason=reason,
                location=location,
                name=str(subject_of(signer.certificate)["name"]),
                certify=certify,
                docmdp_permissions=MDPPerm.FILL_FORMS,
            ),
            signer=PdfSigner(signer),
            stamp_style=stamp(signer, reason, at, width, height),
        )
        return run(pdf_signer.async_sign_pdf(writer, existing_fields_only=True, bytes_reserved=RESERVED)).getvalue()
    except (PdfError, PyhankoSigningError, LayoutError) as problem:
        raise SigningError(
            _("The file cannot be signed: %(problem)s. Draft the document again.") % {"problem": problem}
        ) from None


def unsigned_fields(pdf: bytes) -> list[str]:
    """Names of the fields still to be signed, in the order they were added."""
    return [name for name, value, _ref in enumerate_sig_fields(PdfFileReader(io.BytesIO(pdf))) if value is None]


class _SignerAt(signers.PdfSigner):
    """Signs at a given time; pyHanko itself asks the machine's clock."""

    def __init__(self, at: datetime, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._at = at

    def init_signing_session(self, *args: Any, **kwargs: Any) -> PdfSigningSession:
        session = super().init_signing_session(*args, **kwargs)
        session.system_time = self._at
        return session


def _free_field_size(reader: PdfFileReader, field: str, certify: bool) -> tuple[float, float]:
    if certify and reader.embedded_signatures:
        raise SigningError(_("Only the first signature can certify a file, but it is signed already."))
    for name, value, reference in enumerate_sig_fields(reader):
        if name == field:
            if value is not None:
                raise SigningError(
                    _("The field %(field)s is signed already. A correction is a new document.") % {"field": field}
                )
            left, bottom, right, top = (float(edge) for edge in reference.get_object()["/Rect"])
            return right - left, top - bottom
    raise SigningError(_("The file has no signature field %(field)s. Add it before signing.") % {"field": field})


def run(work: Any) -> Any:
    """Signing is a coroutine in pyHanko; ours waits for nothing, so a running loop does not matter."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    raise SigningError(_("Signing waits for an outside service here. Call it from a worker thread."))
