"""What is to do, and documents."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from casework import queries
from casework.api import shapes
from casework.api.cases import who
from casework.queries import log
from casework.serving import serve

router = Router()


@router.get("/inbox", response=shapes.InboxPage, tags=["inbox"], summary="What is to do")
def get_inbox(request: HttpRequest, view: str = "mine", cursor: str | None = None, limit: int = 25) -> Any:
    """`view`: mine, claimable, team or overdue. Soonest due first. A page of claimable tasks may be shorter than
    `limit`, since decisions you are barred from are left out."""
    actor = who(request)
    return queries.inbox(actor.person_id, view, cursor, limit, actor.received_at, actor.stamp)


@router.get("/documents/{document_id}", response=shapes.DocumentOut, tags=["documents"], summary="A document")
def get_document(request: HttpRequest, document_id: str) -> Any:
    return queries.show_document(document_id, who(request))


@router.get(
    "/documents/{document_id}/pdf", tags=["documents"], summary="The document as PDF",
    openapi_extra={
        "responses": {200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}}
    },
)  # fmt: skip
def get_pdf(request: HttpRequest, document_id: str, stamped: bool = False) -> HttpResponse:
    """**Opening it counts as service** where an issued decision waits to be served on you. `stamped`: its edition that
    bears a time authority's stamp, a file that begins with the issued one; 409 where there is none (yet)."""
    actor = who(request)
    sight, case, document = queries.find_document(document_id, actor)
    paper = queries.edition_of(document) if stamped else document
    data = queries.bytes_of(paper)
    if document.issued_at is not None:
        serve(sight, case, actor)
    response = HttpResponse(data, content_type="application/pdf")
    name = f"{case.number}-{document.kind}{'-stamped' if stamped else ''}.pdf"
    response["Content-Disposition"] = f'inline; filename="{name}"'
    response["ETag"] = f'"{paper.file_sha256}"'
    return response


@router.get(
    "/documents/{document_id}/proof", tags=["documents"], summary="Proof that the document was issued",
    openapi_extra={"responses": {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}},
)  # fmt: skip
def get_proof_of_document(request: HttpRequest, document_id: str) -> HttpResponse:
    """A C2SP `.tlog-proof` file with the ledger's entry in it, which names the file by its SHA-256. With it, the PDF
    and our published keys anybody can check the document offline (`verify_pdf.py`)."""
    document, proof = log.proof_of_document(document_id, who(request))
    response = HttpResponse(proof, content_type="text/plain; charset=utf-8")
    name = f"{document.case.number}-{document.kind}.tlog-proof"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
