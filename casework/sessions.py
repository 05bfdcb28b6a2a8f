"""Who is logged in, by the session's cookie, in one statement; used by every door that has sessions."""

from collections import OrderedDict
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from casework.models import Account
from casework.queries.accounts import account_in_session

ACCOUNTS = 10_000
_accounts: OrderedDict[str, int] = OrderedDict()  # by session key; a guess that every request has confirmed
IMPERSONATED = "impersonated"  # in a session that a demo's one-click login began
MOVED_EVERY = timedelta(minutes=5)  # so that not every request writes


def account_of_session(request: Any) -> Any:
    """The session's active account, `impersonated` on it, or None; the session then ends that much later. A session
    names its account only inside its signed data, so the two are read together by who it was the last time; Django
    decides whenever that does not hold."""
    key = request.session.session_key or ""
    if (before := _accounts.get(key)) is not None:
        found = account_in_session(before, key)
        if found and _is_of(data := request.session.decode(found[1]), found[0]):
            return _admitted(found[0], key, data, found[2])
        _accounts.pop(key, None)
    if not request.user.is_authenticated:
        return None
    _accounts[key] = request.user.pk
    while len(_accounts) > ACCOUNTS:
        _accounts.popitem(last=False)
    return _admitted(request.user, key, request.session, None)


def _admitted(account: Any, key: str, data: Any, ends: Any) -> Any:
    """A machine has tokens, never a session."""
    if not account.is_active or account.is_machine:
        return None
    account.impersonated = bool(data.get(IMPERSONATED))
    _keep_alive(key, ends)
    return account


def _keep_alive(key: str, ends: Any) -> None:
    """Idle time counts from now. A session that ended meanwhile stays ended: no row, nothing to move."""
    wanted = timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE)
    if ends is not None and wanted - ends >= MOVED_EVERY:
        Session.objects.filter(session_key=key).update(expire_date=wanted)


def _is_of(data: dict[str, Any], account: Account) -> bool:
    """Whether Django would take the session's data as this account's login, its password unchanged since."""
    return (
        data.get(SESSION_KEY) == str(account.pk)
        and data.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS
        and constant_time_compare(data.get(HASH_SESSION_KEY, ""), account.get_session_auth_hash())
    )
