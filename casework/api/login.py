"""Who is at the door: a bearer token, or a session with its CSRF token. Either way one statement tells account, person
and the stamp under which grants are held in memory."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation
from ninja.security import APIKeyCookie, HttpBearer

from casework.domain.actor import Actor, actor_for
from casework.domain.now import now
from casework.queries.accounts import account_of_token
from casework.sessions import account_of_session


class BearerToken(HttpBearer):
    """An unexpired, unrevoked token of an active account."""

    def __call__(self, request: HttpRequest) -> Actor | None:
        request.received_at = now()  # type: ignore[attr-defined]  # before anything of the body is read
        return super().__call__(request)

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        account = account_of_token(token)
        return _at_the_door(request, account, "token") if account else None


class SessionCookie(APIKeyCookie):
    """A logged-in session. Whoever sends an Authorization header wants to be judged by that alone."""

    param_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> Actor | None:
        if "Authorization" in request.headers or self.param_name not in request.COOKIES:
            return None
        return super().__call__(request)

    def authenticate(self, request: HttpRequest, key: str | None) -> Actor | None:
        account = account_of_session(request)
        return _at_the_door(request, account, "session") if account else None


def _at_the_door(request: HttpRequest, account: Any, authenticated: str) -> Actor:
    """The actor, their time of receipt that of the request; in their own language unless the request asks for one."""
    request.account = account  # type: ignore[attr-defined]
    if "Accept-Language" not in request.headers and translation.check_for_language(account.language):
        translation.activate(account.language)
    impersonated = getattr(account, "impersonated", False)
    actor = actor_for(account, door="api", authenticated=authenticated, impersonated=impersonated)
    return Actor(**{**vars(actor), "received_at": request.received_at, "stamp": getattr(account, "stamp", None)})  # type: ignore[attr-defined]


LOGINS = [BearerToken(), SessionCookie()]
