"""The recording of a case, heard in parts and drawn as a line: only for whoever may see the case."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, BinaryIO

from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from casework import queries
from casework.domain.evidence import note_unreadable
from casework.evidence.sending import HEAD, WAVE, sent_as
from casework.queries.papers import FileUnavailable
from casework.queries.presenting import paged
from casework.queries.sight import nothing_there
from casework.sound import Unheard, peaks_of
from casework.store import StoreAway
from casework.web.visitor import page

RECORDING, INTACT = "recording", "intact"
FILE_STATES = {
    "intact": gettext_lazy("as it was received"), "missing": gettext_lazy("missing"),
    "altered": gettext_lazy("altered since it was received"), "away": gettext_lazy("not to be had now"),
}  # fmt: skip
PART = 64 * 1024
RANGE = re.compile(r"bytes=(?:(\d{1,15})-(\d{1,15})?|-(\d{1,15}))", re.ASCII)
# A file from elsewhere is never a page of this site, whatever a browser takes it for.
LOCKED_UP = "default-src 'none'; sandbox"


class _Part:
    """Some bytes of a file, read as they are sent; closed also when nobody reads them."""

    def __init__(self, file: BinaryIO, start: int, length: int) -> None:
        self.file, self.left = file, length
        file.seek(start)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece = self.file.read(min(PART, self.left))
        if not piece:
            raise StopIteration
        self.left -= len(piece)
        return piece

    def close(self) -> None:
        self.file.close()


@require_safe
@page
def play(request: Any, number: str, sha256: str) -> Any:
    """The recording, whole or the one part that was asked for."""
    item, file = found(request.actor, number, sha256)
    if item["kind"] != RECORDING:
        file.close()
        raise nothing_there()
    return sent(request, file, item, number, "inline")


@require_safe
@page
def peaks(request: Any, number: str) -> HttpResponse:
    """{"duration_s", "peaks"}: how loud the recording is along its time, 0 to 100; none where it cannot be drawn."""
    listed = queries.evidence_of(number, request.actor)
    item = next((item for item in listed if item["kind"] == RECORDING), None)
    if item is None:
        raise nothing_there()
    loudness: list[int] = []
    if heard(item["sha256"]) == INTACT:
        with suppress(Unheard):
            loudness = peaks_of(item["sha256"])
    return JsonResponse({"duration_s": item.get("duration_s"), "peaks": loudness})


def heard(sha256: str) -> str:
    """How the file is now; that it cannot be read stands in the ledger."""
    state = queries.state_of(sha256)
    if state != INTACT:
        note_unreadable(sha256, state)
    return state


def as_they_are(items: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is listed of files of the evidence, each with how it is this moment. Of a store that does not answer nothing
    more is asked: whoever waits for the page waits for it once."""
    told, away = [], ""
    for item in items:
        try:
            now = away or heard(item["sha256"])
        except StoreAway as problem:  # which says nothing of the file
            now = away = problem.code
        state = FILE_STATES.get(item.get("state") or "")
        told.append({**item, "now": now, "now_label": FILE_STATES[now], "state_label": state})
    return told


def marks_of(case: Any, sight: Any) -> list[dict[str, Any]]:
    """The places of the recording that somebody named, in the order in which they are heard; none for the blind."""
    return [] if sight.blind else sorted(paged(case, "marks", sight) or [], key=lambda mark: mark["at"])


def found(actor: Any, number: str, sha256: str) -> tuple[dict[str, Any], BinaryIO]:
    """(what is listed of the evidence, the open file); that it cannot be read stands in the ledger."""
    try:
        return queries.evidence_file(number, sha256, actor)
    except FileUnavailable as problem:
        note_unreadable(sha256, problem.reason.removeprefix("file_"))
        raise


def sent(request: Any, file: BinaryIO, item: dict[str, Any], number: str, how: str) -> Any:
    """The file as a response: nothing but sound or bytes to any browser, and only one part at a time."""
    size = file.seek(0, 2)
    start, length, status = _asked_part(request, size, item["sha256"])
    if status == 416:
        file.close()
        response: Any = HttpResponse(_("Expected one part of the file, but it is not; ask for one"), status=416)
        response["Content-Range"] = f"bytes */{size}"
        return _locked_up(response)
    file.seek(0)
    kind, suffix = sent_as(file.read(HEAD))
    response = StreamingHttpResponse(_Part(file, start, length), status=status, content_type=kind)
    response["Content-Length"], response["Accept-Ranges"] = str(length), "bytes"
    response["ETag"] = f'"{item["sha256"]}"'
    if status == 206:
        response["Content-Range"] = f"bytes {start}-{start + length - 1}/{size}"
    shown = how if kind == WAVE[0] else "attachment"
    response["Content-Disposition"] = f'{shown}; filename="{number}-{item["sha256"][:12]}{suffix}"'
    return _locked_up(response)


def _asked_part(request: Any, size: int, sha256: str) -> tuple[int, int, int]:
    """(start, length, status) by RFC 9110. What is no range of bytes is passed over; several at once, which would send
    the same bytes many times over, are refused."""
    asked, whole = request.headers.get("Range", ""), (0, size, 200)
    if request.method != "GET" or not asked.startswith("bytes="):
        return whole
    if request.headers.get("If-Range", f'"{sha256}"') != f'"{sha256}"':
        return whole
    if "," in asked:
        return 0, 0, 416
    parts = RANGE.fullmatch(asked.strip())
    if parts is None:
        return whole
    first, last, suffix = (None if part is None else int(part) for part in parts.groups())
    if first is None:
        start, end = max(0, size - (suffix or 0)), size - 1
    else:
        start, end = first, min(size - 1, size - 1 if last is None else last)
        if last is not None and last < first:
            return whole
    return (start, end - start + 1, 206) if start <= end else (0, 0, 416)


def _locked_up(response: Any) -> Any:
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = LOCKED_UP
    return response
