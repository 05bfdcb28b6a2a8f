"""The ledger's log, for whoever checks it: anybody reads checkpoints and tiles, which hold nothing but hashes."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from casework.api.cases import who
from casework.queries import log

router = Router(tags=["ledger"])
TEXT, BYTES = "text/plain; charset=utf-8", "application/octet-stream"


@router.get(
    "/ledger/checkpoint", auth=None, summary="The log's last checkpoint",
    openapi_extra={"responses": {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}},
)  # fmt: skip
def get_checkpoint(request: HttpRequest) -> HttpResponse:
    """A C2SP checkpoint: how many entries the ledger has and their root, signed by the log and its witnesses."""
    return HttpResponse(log.checkpoint_note(), content_type=TEXT)


@router.get(
    "/ledger/key", auth=None, summary="The log's key",
    openapi_extra={"responses": {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}},
)  # fmt: skip
def get_key(request: HttpRequest) -> HttpResponse:
    """What checkpoints are checked with, and keys that signed before, one a line. Compare it with what was published
    elsewhere: whoever forges a checkpoint here would show their own key here, too."""
    return HttpResponse(log.keys(), content_type=TEXT)


@router.get(
    "/ledger/tile/{int:level}/{path:place}", auth=None, summary="A tile of the log's tree",
    openapi_extra={
        "responses": {200: {"content": {BYTES: {"schema": {"type": "string", "format": "binary"}}}}}
    },
)  # fmt: skip
def get_tile(request: HttpRequest, level: int, place: str) -> HttpResponse:
    """C2SP tlog-tiles: `N` as 000 or x001/234, `.p/W` behind it for a tile of W hashes. Hashes only: entries are read
    with the case."""
    response = HttpResponse(log.tile(level, place), content_type=BYTES)
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@router.get(
    "/ledger/events/{int:event_id}/proof", summary="Proof that an entry is in the log",
    openapi_extra={"responses": {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}},
)  # fmt: skip
def get_proof(request: HttpRequest, event_id: int) -> HttpResponse:
    """A C2SP `.tlog-proof` file, for entries that you may read as they were hashed. With the entry and the log's key it
    proves offline that the entry was in the ledger when the checkpoint was signed."""
    response = HttpResponse(log.proof_of(event_id, who(request)), content_type=TEXT)
    response["Content-Disposition"] = f'attachment; filename="{event_id}.tlog-proof"'
    return response
