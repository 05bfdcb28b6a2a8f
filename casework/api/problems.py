"""Every error of the API as an RFC 9457 problem document with a stable code."""

import json
import logging
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, Throttled, ValidationError

from casework.domain import ledger
from casework.domain.errors import Conflict, OutOfScope, Refusal
from casework.queries.sight import nothing_there
from casework.store import StoreProblem

log = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"


class Problem(Schema):
    """RFC 9457. Codes: out_of_scope, unknown_action, not_permitted, barred, not_allowed_now, stale, invalid_input,
    not_authenticated and finer ones of each action."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    problems: list[dict[str, Any]] = []


def problem(
    status: int, code: str, detail: Any, *, problems: list[dict[str, Any]] | None = None, **details: Any
) -> HttpResponse:
    """{type, title, status, detail, code, …details, problems}. `code` is stable, `detail` is for people."""
    body = {
        **details, "type": f"urn:gongduan:problem:{code}", "title": HTTPStatus(status).phrase, "status": status,
        "detail": str(detail), "code": code, "problems": problems or [],
    }  # fmt: skip
    text = json.dumps(body, default=str, ensure_ascii=False)
    content = text.encode("utf-8", "backslashreplace")
    response = HttpResponse(content, status=status, content_type=MEDIA_TYPE)
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = 'Bearer realm="gongduan"'
    return response


def handle_errors(api: NinjaAPI) -> None:
    """The API answers every exception with a problem document; only what nobody foresaw is a 500, and is logged."""
    handlers = {
        Refusal: _refused, StoreProblem: _no_file, AuthenticationError: _unauthenticated, HttpError: _http,
        ValidationError: _invalid, Http404: _no_path, RequestDataTooBig: _too_large,
        MultiPartParserError: _unreadable, SuspiciousOperation: _unreadable, UnreadablePostError: _unreadable,
        Throttled: _http, Exception: _unforeseen,
    }  # fmt: skip
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)


def _refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    if isinstance(refusal, OutOfScope):
        # One text for all, so that nobody learns from the words whether there is something.
        _remember(request)
        return problem(refusal.status, OutOfScope.code, nothing_there())
    found = getattr(refusal, "problems", [])
    return problem(refusal.status, refusal.reason, refusal, problems=found, **refusal.details)


def _no_file(request: HttpRequest, found: StoreProblem) -> HttpResponse:
    return problem(503, "store_away" if found.code == "away" else f"file_{found.code}", found)


def _remember(request: HttpRequest) -> None:
    """Reads of what is out of scope stand in the access stream; refused actions were put there by perform()."""
    actor = getattr(request, "auth", None)
    if request.method != "GET" or actor is None:
        return
    told = {"case": ascii(request.path[-60:]), "attempted": "read", "reason": {"code": OutOfScope.code, "bars": []}}
    try:
        ledger.note("access", "refused", told, actor=actor)
    except Conflict:
        log.warning("a refused read could not be recorded: the access stream was too busy")


def _unauthenticated(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return problem(
        401, "not_authenticated",
        _("Expected a valid token or session, but there is none; send Authorization: Bearer TOKEN or log in"),
    )  # fmt: skip


def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    if isinstance(error.__cause__, Refusal):  # what our parser found in the body
        return _refused(request, error.__cause__)
    if error.status_code == HTTPStatus.FORBIDDEN:
        words = _("Expected a CSRF token with a session's request, but it is missing or wrong; send X-CSRFToken")
        return problem(403, "csrf_failed", words)
    if error.status_code == HTTPStatus.BAD_REQUEST:
        return _unreadable(request, error)
    return problem(error.status_code, "refused", error)


def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    problems = [
        {"field": ".".join(str(part) for part in e["loc"][1:]) or "body", "code": e["type"], "message": e["msg"]}
        for e in error.errors
    ]
    where = "; ".join(f"{p['field']}: {p['message']}" for p in problems[:5])
    words = _("Expected a valid request, but %(problems)s. Correct it and try again") % {"problems": where}
    return problem(422, "invalid_input", words, problems=problems)


def _no_path(request: HttpRequest, error: Http404) -> HttpResponse:
    return no_path(request)


@csrf_exempt
def no_path(request: HttpRequest, **_kwargs: Any) -> HttpResponse:
    return problem(
        404, "no_such_path", _("Expected an address of this API, but this is none; see /api/v1/openapi.json")
    )


def wrong_method(allowed: str) -> HttpResponse:
    words = _("Expected %(allowed)s, but the request has another method; use one of them") % {"allowed": allowed}
    response = problem(405, "method_not_allowed", words)
    response["Allow"] = allowed
    return response


def _too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return problem(413, "too_large", _("Expected a smaller request, but its body is too large; send less at a time"))


def _unreadable(request: HttpRequest, error: Exception) -> HttpResponse:
    words = _("Expected a readable body (JSON, or multipart for files), but it is not; correct it and try again")
    return problem(422, "invalid_input", words, problems=[{"field": "body", "code": "unreadable", "message": words}])


def _unforeseen(request: HttpRequest, error: Exception) -> HttpResponse:
    log.exception("unforeseen error at %s %s", request.method, request.path, exc_info=error)
    words = _(
        "Expected to answer, but something went wrong here and was logged; try again, then tell the administrator"
    )
    return problem(500, "internal_error", words)
