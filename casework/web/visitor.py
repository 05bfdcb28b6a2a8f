"""Who asks for a page: the person of the session, in their language, at the time the request came in."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy

from casework.domain.actor import Actor, actor_for
from casework.domain.errors import Refusal
from casework.domain.now import now
from casework.queries.sight import nothing_there
from casework.sessions import account_of_session
from casework.store import StoreProblem
from casework.web.refusals import refusal_page, refused

View = Callable[..., HttpResponse]


def page(view: View) -> View:
    """Only for people who are logged in: `request.actor` and `request.account` are theirs. Others log in first and come
    back; a refusal becomes a page that says why and what to do."""

    @wraps(view)
    def asked(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        request.received_at = now()
        account = account_of_session(request)
        if account is None:
            return _to_login(request)
        request.account, request.actor = account, _actor(request, account)
        speak(request, account.language)
        try:
            if "\0" in request.path:  # no database takes it, and so nothing has it in its address
                raise nothing_there()
            response = view(request, *args, **kwargs)
        except Refusal as refusal:
            response = refused(request, refusal)
        except StoreProblem as problem:
            response = refusal_page(request, 503, gettext_lazy("Files cannot be had now"), problem)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return asked


def public(view: View) -> View:
    """For everybody; whoever is logged in is known."""

    @wraps(view)
    def asked(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        request.received_at = now()
        request.account = account_of_session(request) if settings.SESSION_COOKIE_NAME in request.COOKIES else None
        if request.account is not None:
            speak(request, request.account.language)
        return view(request, *args, **kwargs)

    return asked


def speak(request: Any, language: str) -> None:
    """The rest of the request is in that language, if it is one of ours; else as the browser asked."""
    if language and translation.check_for_language(language):
        translation.activate(language)
        request.LANGUAGE_CODE = translation.get_language()


def _actor(request: Any, account: Any) -> Actor:
    actor = actor_for(account, door="web", authenticated="session", impersonated=account.impersonated)
    return Actor(**{**vars(actor), "received_at": request.received_at, "stamp": getattr(account, "stamp", None)})


def _to_login(request: HttpRequest) -> HttpResponse:
    """To the login, and from there back here; of what was being sent, to where it was written, with a mark (`unsent`)
    so that the page there can say that it did not arrive."""
    back = own_path(request, request.get_full_path() if request.method == "GET" else request.headers.get("Referer", ""))
    if request.method == "POST" and "unsent" not in back:
        back += "&unsent=1" if "?" in back else "?unsent=1"
    address = f"{reverse('login')}?{urlencode({'next': back})}"
    if getattr(request, "htmx", False):
        response = HttpResponse(status=204)
        response["HX-Redirect"] = address
        return response
    return redirect(address)


def own_path(request: HttpRequest, address: str) -> str:
    """The address if it is one of this site, without the site; else the inbox."""
    if not url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure()):
        return reverse("inbox")
    parts = urlsplit(address.strip())
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    return path if re.match(r"/(?![/\\])", path) else reverse("inbox")
