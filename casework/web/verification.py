"""The page whose address is printed in every document: anybody may check there what they hold."""

import re
import threading
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from casework.documents.errors import DocumentError
from casework.documents.pki import has_root
from casework.domain.errors import InvalidInput, Refusal
from casework.domain.public_check import LIMITS, Answer, check_code, check_file, check_fingerprint
from casework.domain.published_keys import published_keys
from casework.transparency import notes
from casework.web import throttle
from casework.web.visitor import public, speak

LARGEST = LIMITS.file_mib * 1024 * 1024
ROOM = 64 * 1024  # for what a form sends around the file
LANGUAGES = {"en": "en", "zh": "zh-hans", "zh-hans": "zh-hans", "zh-cn": "zh-hans"}
TITLES = {
    "parse": gettext_lazy("The file can be read"),
    "file_hash": gettext_lazy("It is the file that was issued"),
    "signatures": gettext_lazy("Its signatures hold"),
    "expected_signers": gettext_lazy("All have signed who had to"),
    "covers_whole_file": gettext_lazy("The signatures cover all of it"),
    "modifications": gettext_lazy("Nothing but signatures was added after signing"),
    "snapshot": gettext_lazy("Print and data say the same"),
    "on_record": gettext_lazy("It is on record"),
    "ledger": gettext_lazy("The record is whole"),
    "log": gettext_lazy("It stands in the signed log"),
    "witnesses": gettext_lazy("Others have cosigned the log"),
    "time_stamp": gettext_lazy("A time authority saw it"),
    "proof": gettext_lazy("The proof that came with it"),
    "code": gettext_lazy("The code is on record"),
    "printed": gettext_lazy("The print is what was issued"),
}
_at_work = threading.BoundedSemaphore(2)  # strangers' files never keep all of a server's threads


# Whoever sends this form changes nothing, and a file that is too large has to be refused before its body is read.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@public
def show(request: Any, document_id: UUID | None = None) -> HttpResponse:
    """What can be checked, the same for every id; or what came of a check."""
    asked = str(request.GET.get("lang", "")).lower()
    if asked in LANGUAGES:
        speak(request, LANGUAGES[asked])
    told: dict[str, Any] = {"id": document_id, "most": LIMITS.file_mib, "lang": asked if asked in LANGUAGES else ""}
    status = 200
    if request.method == "POST":
        try:
            answer = _checked(request, document_id)
            told |= {"answer": answer, "lines": [(TITLES[check.code], check) for check in answer.checks]}
        except Refusal as refusal:
            told["problem"], status = str(refusal), refusal.status
        told["at"] = request.received_at
    response = render(request, "casework/pages/verification.html", told, status=status)
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex"
    return response


@require_safe
@public
def keys(request: Any) -> HttpResponse:
    """What the documents are checked with, without us: one text."""
    try:
        if not has_root(settings.PKI_FOLDER):
            raise Http404
        response = HttpResponse(published_keys(), content_type="text/plain; charset=utf-8")
    except DocumentError as problem:
        return HttpResponse(f"{problem}\n", status=503, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="gongduan-keys.txt"'
    return response


class TooMuch(Refusal):
    code, status = "too_much", 429


class TooLarge(Refusal):
    code, status = "too_large", 413


def _checked(request: Any, page: UUID | None) -> Answer:
    length = str(request.META.get("CONTENT_LENGTH") or "")
    if length.isdecimal() and int(length[:20]) > LARGEST + ROOM:
        raise _too_large()
    _wait_for_turn(request)
    file = request.FILES.get("file")
    if file is not None and file.size:
        if file.size > LARGEST:
            raise _too_large()
        return _alone(file.read(), page, _proof(request.FILES.get("proof")))
    code = re.sub(r"\s|^.*#", "", request.POST.get("code", "")[:500])
    if code and page is not None:
        if not re.fullmatch(r"[0-9a-fA-F]{32}", code):
            raise InvalidInput(
                _("Expected the 32 digits and letters after # in the QR code's address, but it is not; scan it again")
            )
        return check_code(code, page)
    fingerprint = re.sub(r"\s", "", request.POST.get("sha256", "")[:500])
    if fingerprint:
        if not re.fullmatch(r"[0-9a-fA-F]{64}", fingerprint):
            raise InvalidInput(
                _("Expected a SHA-256 of 64 digits and letters a to f, but it is not; copy it whole and try again")
            )
        return check_fingerprint(fingerprint, page)
    raise InvalidInput(_("Expected a file, a fingerprint or a code, but there is none; choose one of them"))


def _proof(file: Any) -> str:
    """What came as a .tlog-proof; none but an empty one if there is none."""
    if file is None or not file.size:
        return ""
    if file.size > notes.LONGEST:
        raise _no_proof()
    try:
        return str(file.read().decode())
    except UnicodeDecodeError:
        raise _no_proof() from None


def _no_proof() -> InvalidInput:
    return InvalidInput(
        _("Expected a proof (.tlog-proof), but it is none; send the file without it, or fetch it again")
    )


def _alone(data: bytes, page: UUID | None, proof: str) -> Answer:
    if not _at_work.acquire(blocking=False):
        raise TooMuch(_("Expected to look at your file, but others are being looked at; try again in a minute"))
    try:
        return check_file(data, page, proof)
    finally:
        _at_work.release()


def _wait_for_turn(request: Any) -> None:
    subjects = [f"check:{throttle.address_of(request)}"]
    if seconds := throttle.seconds_to_wait(subjects, request.received_at):
        raise TooMuch(
            ngettext(
                "Expected fewer checks, but there were too many; wait %(n)d second and try again",
                "Expected fewer checks, but there were too many; wait %(n)d seconds and try again", seconds,
            ) % {"n": seconds}
        )  # fmt: skip
    throttle.note_try(subjects, request.received_at)


def _too_large() -> TooLarge:
    words = _("Expected a PDF of at most %(most)d MiB, but it is larger; none of our documents is, so check the file")
    return TooLarge(words % {"most": LIMITS.file_mib})
