"""Refusals as pages: what was expected, what is, what to do next. One page for what is not there and what is not
yours to see."""

import logging
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_htmx.http import push_url, reselect, reswap, retarget

from casework.domain import ledger
from casework.domain.errors import Conflict, OutOfScope, Refusal
from casework.queries.sight import nothing_there

log = logging.getLogger(__name__)
TITLES = {
    "out_of_scope": gettext_lazy("Nothing here"),
    "unknown_action": gettext_lazy("Nothing here"),
    "not_permitted": gettext_lazy("Not for you to do"),
    "not_allowed_now": gettext_lazy("Not possible now"),
    "stale": gettext_lazy("Somebody was first"),
    "invalid_input": gettext_lazy("Something is missing or wrong"),
}


def refused(request: Any, refusal: Refusal) -> HttpResponse:
    """The refusal's own words and status."""
    words: Any = refusal
    if isinstance(refusal, OutOfScope):
        _remember(request)
        words = nothing_there()
    return refusal_page(request, refusal.status, TITLES.get(refusal.code, TITLES["invalid_input"]), words)


def refusal_page(request: Any, status: int, title: Any, words: Any) -> HttpResponse:
    """A page of its own; where only a part of the page was asked for, a message above what stands there."""
    told = {"title": title, "words": str(words), "status": status}
    if not getattr(request, "htmx", False):
        return render(request, "casework/pages/refusal.html", told, status=status)
    response = render(request, "casework/pages/message.html", told, status=status)
    reswap(retarget(reselect(response, ".alert"), "#messages"), "innerHTML")
    return push_url(response, False)


def _remember(request: Any) -> None:
    """Reads of what is out of scope stand in the access stream; refused actions were put there by perform()."""
    actor = getattr(request, "actor", None)
    if request.method != "GET" or actor is None or actor.person_id is None:
        return
    told = {"case": ascii(request.path[-60:]), "attempted": "read", "reason": {"code": OutOfScope.code, "bars": []}}
    try:
        ledger.note("access", "refused", told, actor=actor)
    except Conflict:
        log.warning("a refused read could not be recorded: the access stream was too busy")


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return refusal_page(request, 404, TITLES["out_of_scope"], nothing_there())


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    words = _("Expected a readable request, but it is not; go back and try again")
    return refusal_page(request, 400, TITLES["invalid_input"], words)


def forbidden(request: HttpRequest, exception: Any = None) -> HttpResponse:
    words = _("Expected somebody who may open this page, but you may not; ask your administrator")
    return refusal_page(request, 403, TITLES["not_permitted"], words)


def server_error(request: HttpRequest) -> HttpResponse:
    words = _(
        "Expected to answer, but something went wrong here and was logged; try again, then tell the administrator"
    )
    return refusal_page(request, 500, gettext_lazy("Something went wrong"), words)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form came without its token: the session ended, cookies are off, or the request is not from our page."""
    words = _("Expected a form of this site, but it was sent without its mark; open the page again and send it anew")
    return refusal_page(request, 403, gettext_lazy("Please send it again"), words)
