"""Puts one signature into a document: PAdES B-B, ECDSA or RSA with SHA-256, with a visible stamp."""

from __future__ import annotations

import asyncio
import io
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _
from pyhanko.pdf_utils.content import PdfContent
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import AxisAlignment, BoxConstraints, LayoutError, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter, enumerate_sig_fields
from pyhanko.sign.general import SigningError as PyhankoSigningError
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko.stamp import StaticStampStyle

from casework.documents.errors import SigningError
from casework.documents.pki import serial_of
from casework.documents.render import draw_stamp
from casework.documents.signer import PdfSigner, Signer, subject_of

# Hexadecimal digits kept free for the signature. Ours takes about 2500 with P-256.
RESERVED = 6144
_ARC_SPAN_DEGREES = 215


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
        stamp = _stamp(signer, reason, at, width, height)
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
            stamp_style=stamp,
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


def _stamp(signer: Signer, reason: str, at: datetime, width: float, height: float) -> StaticStampStyle:
    subject = subject_of(signer.certificate)
    name = str(subject["name"])
    facts = {
        **subject,
        "width": str(width),
        "height": str(height),
        "seal": not subject["no"],
        "reason": reason,
        "serial": serial_of(signer.certificate)[:16],
        "at": at.isoformat(),
        **_arc(name),
    }
    edge_to_edge = SimpleBoxLayoutRule(AxisAlignment.ALIGN_MID, AxisAlignment.ALIGN_MID, margins=Margins.uniform(0))
    return StaticStampStyle(background=_Page(draw_stamp(facts)), background_layout=edge_to_edge, border_width=0)


class _Page(PdfContent):
    """The only page of a PDF in memory as content of a stamp; pyHanko's own reads a file."""

    def __init__(self, pdf: bytes) -> None:
        super().__init__()
        self._pdf = pdf

    def render(self) -> bytes:
        drawn = self._ensure_writer.import_page_as_xobject(PdfFileReader(io.BytesIO(self._pdf)), page_ix=0)
        self.resources.xobject["/Stamp"] = drawn
        left, bottom, right, top = drawn.get_object()["/BBox"]
        self.box = BoxConstraints(width=abs(right - left), height=abs(top - bottom))
        return b"/Stamp Do"


def _arc(name: str) -> dict[str, str]:
    """Size and spread of a name along the upper rim of the seal: long names get smaller letters."""
    size = max(4.5, min(13.0, 170 / max(len(name), 1)))
    span = min(_ARC_SPAN_DEGREES, size * 1.75 * (len(name) - 1))
    return {"arc_size": f"{size:.1f}", "arc_radius": f"{50 - size:.1f}", "arc_span": f"{span:.1f}"}


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
