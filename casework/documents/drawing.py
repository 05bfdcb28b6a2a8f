"""Draws a snapshot as PDF. Runs only in a child process of `workshop`, never in our own."""

from __future__ import annotations

import io
import logging
from datetime import UTC, datetime
from functools import cache
from typing import Any

import django
import pikepdf
from django.conf import settings
from django.template import Context, Engine, TemplateDoesNotExist
from weasyprint import CSS, HTML, Attachment, Document
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from casework.canonical import parse_canonical
from casework.documents import printed
from casework.documents.limits import Limits
from casework.documents.snapshot import Snapshot
from casework.documents.workshop import ROOT

ATTACHMENT = "decision.json"
TEMPLATES = ROOT / "templates"
KEPT = 8


class NothingIsFetched(URLFetcher):
    """Refuses every address: fonts come from the font configuration, the rest stands in the page itself."""

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        raise FatalURLFetchingError(f"A document may load nothing, but its template asks for {url[:200]}")


def prepare() -> None:
    """Once, before any job: load what every job needs, so that a fork starts warm."""
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    settings.configure(USE_I18N=False, USE_TZ=False)
    django.setup()
    for template in TEMPLATES.glob("*/documents/*.html"):
        _engine().get_template(str(template.relative_to(TEMPLATES)))
    # One empty document, so that every fork finds the fonts configured and the libraries' caches filled.
    empty: Snapshot = {}
    printed.missing(empty, _written(_laid_out("casework/documents/base.html", empty), b"{}"))


def work(head: dict[str, Any], blob: bytes, limits: Limits) -> tuple[dict[str, Any], bytes]:
    """`head` = {template}, `blob` = canonical snapshot; answers {pages} and a PDF, or {refused}."""
    snapshot = parse_canonical(blob)
    try:
        document = _laid_out(head["template"], snapshot)
    except TemplateDoesNotExist as problem:
        return {"refused": "template", "detail": str(problem)}, b""
    except FatalURLFetchingError as problem:
        return {"refused": "fetch", "detail": str(problem)}, b""
    if len(document.pages) > limits.pages:
        return {"refused": "pages", "detail": str(len(document.pages))}, b""
    pdf = _written(document, blob)
    if strange := {name for name in printed.fonts(pdf) if "NotoSansSC" not in name.replace("-", "")}:
        return {"refused": "font", "detail": ", ".join(sorted(strange))}, b""
    if lost := printed.missing(snapshot, pdf):
        return {"refused": "text", "detail": "; ".join(lost[:5])}, b""
    return {"pages": len(document.pages)}, pdf


def _laid_out(template: str, snapshot: Snapshot) -> Document:
    page = _engine().get_template(template)
    # Neither language nor zone of the machine may change a document.
    html = page.render(Context(printed.printable_snapshot(snapshot), autoescape=True, use_l10n=False, use_tz=False))
    return HTML(string=html, url_fetcher=NothingIsFetched()).render(
        font_config=_fonts(), stylesheets=[_look()], pdf_variant="pdf/a-3u", pdf_tags=True
    )


def _written(document: Document, attachment: bytes) -> bytes:
    # A fixed date: the attachment's age is the snapshot's business, and equal snapshots give equal files.
    born = datetime(2000, 1, 1, tzinfo=UTC)
    attached = Attachment(
        string=attachment,
        name=ATTACHMENT,
        relationship="Source",
        created=born,
        modified=born,
        description="The decision as data (canonical JSON)",
        url_fetcher=NothingIsFetched(),
    )
    # Neither compressed nor with an identifier: the file that is written anew below gets both.
    drawn = document.write_pdf(
        pdf_variant="pdf/a-3u", pdf_tags=True, attachments=[attached], uncompressed_pdf=True, pdf_identifier=False
    )
    return _rewritten(drawn)


def _rewritten(drawn: bytes) -> bytes:
    """The same file compressed, with its attachment listed once (WeasyPrint 70 does it twice), in small object streams.

    WeasyPrint writes one object stream for all; a verifier that reads objects one by one then needs time that
    grows with the square of the document.
    """
    output = io.BytesIO()
    with pikepdf.open(io.BytesIO(drawn)) as opened:
        if "/AF" in opened.Root:
            opened.Root.AF = pikepdf.Array({entry.objgen: entry for entry in opened.Root.AF}.values())
        opened.save(output, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
    return output.getvalue()


@cache
def _fonts() -> FontConfiguration:
    return FontConfiguration()


@cache
def _look() -> CSS:
    sheet = (TEMPLATES / "casework" / "documents" / "document.css").read_text(encoding="utf-8")
    return CSS(string=sheet, url_fetcher=NothingIsFetched(), font_config=_fonts())


@cache
def _engine() -> Engine:
    return Engine(dirs=[str(TEMPLATES)], builtins=["casework.documents.template_tags"], string_if_invalid="")
