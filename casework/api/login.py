"""Who is at the door: a bearer token, or a session with its CSRF token. Either way one statement tells account, person
and the stamp under which grants are held in memory."""

from collections import OrderedDict
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.http import HttpRequest
from django.utils import translation
from django.utils.crypto import constant_time_compare
from ninja.security import APIKeyCookie, HttpBearer

from casework.domain.actor import Actor, actor_for
from casework.domain.now import now
from casework.models import Account
from casework.queries.accounts import account_in_session, account_of_token


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
        return _at_the_door(request, account, "session") if account and account.is_active else None


def account_of_session(request: Any) -> Any:
    """The session's account, or None. A session names its account only inside its signed data, so the two are read
    together by who it was the last time; Django decides whenever that does not hold."""
    key = request.session.session_key or ""
    if (before := _accounts.get(key)) is not None:
        found = account_in_session(before, key)
        if found and _is_of(request.session.decode(found[1]), found[0]):
            return found[0]
        _accounts.pop(key, None)
    if not request.user.is_authenticated:
        return None
    _accounts[key] = request.user.pk
    while len(_accounts) > ACCOUNTS:
        _accounts.popitem(last=False)
    return request.user


ACCOUNTS = 10_000
_accounts: OrderedDict[str, int] = OrderedDict()  # by session key; a guess that every request has confirmed


def _is_of(data: dict[str, Any], account: Account) -> bool:
    """Whether Django would take the session's data as this account's login, its password unchanged since."""
    return (
        data.get(SESSION_KEY) == str(account.pk)
        and data.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS
        and constant_time_compare(data.get(HASH_SESSION_KEY, ""), account.get_session_auth_hash())
    )


def _at_the_door(request: HttpRequest, account: Any, authenticated: str) -> Actor:
    """The actor, their time of receipt that of the request; in their own language unless the request asks for one."""
    request.account = account  # type: ignore[attr-defined]
    if "Accept-Language" not in request.headers and translation.check_for_language(account.language):
        translation.activate(account.language)
    actor = actor_for(account, door="api", authenticated=authenticated)
    return Actor(**{**vars(actor), "received_at": request.received_at, "stamp": getattr(account, "stamp", None)})  # type: ignore[attr-defined]


LOGINS = [BearerToken(), SessionCookie()]
