"""Files of a case: its evidence to take away, its documents to read."""

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from casework import queries
from casework.queries.log import proof_of_document
from casework.serving import serve
from casework.web.recordings import found, sent
from casework.web.visitor import page

# Browsers draw a PDF with a viewer of their own, which `sandbox` keeps from starting (Safari) or from showing anything
# at all; its styles stand in the page that they make up around it.
ONLY_SHOWN = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


@require_safe
@page
def evidence(request: Any, number: str, sha256: str) -> Any:
    """The file as it was received, never opened by the browser itself."""
    item, file = found(request.actor, number, sha256)
    return sent(request, file, item, number, "attachment")


@require_safe
@page
def proof(request: Any, document_id: str) -> HttpResponse:
    """The proof that the document was issued, to be checked by anybody without us."""
    paper, text = proof_of_document(document_id, request.actor)
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{paper.case.number}-{paper.kind}.tlog-proof"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_safe
@page
def document(request: Any, document_id: str) -> HttpResponse:
    """The PDF as it now is, with `?stamped` its stamped edition. Opening an issued decision is its service where it
    waits to be served on this person."""
    actor = request.actor
    sight, case, paper = queries.find_document(document_id, actor)
    stamped = "stamped" in request.GET
    served = queries.edition_of(paper) if stamped else paper
    data = queries.bytes_of(served)
    if paper.issued_at is not None:
        serve(sight, case, actor)
    response = HttpResponse(data, content_type="application/pdf")
    name = f"{case.number}-{paper.kind}{'-stamped' if stamped else ''}.pdf"
    response["Content-Disposition"] = f'inline; filename="{name}"'
    response["ETag"] = f'"{served.file_sha256}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = ONLY_SHOWN
    return response
