"""Guessing passwords is slow work; the person whose password is guessed notices nothing.

Failures are counted by address and by account. A browser that has logged in before (it keeps a signed cookie that
names the account) is counted apart, so whoever guesses from elsewhere never keeps the owner out; and nobody is locked
out, they wait: longer each time, at most MOST."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpResponse

from casework.models import LoginFailure

WINDOW = timedelta(minutes=15)
FREE = {"account": 5, "address": 20}  # failures before one has to wait
MOST = timedelta(minutes=1)
COOKIE, SALT = "device", "casework.web.device"
YEAR = 365 * 24 * 3600


def subjects_of(request: Any, login: str) -> list[str]:
    """What the attempt is counted under."""
    name = login.strip().casefold()[:150]
    device = "known" if _names(request) == name else "unknown"
    return [f"account:{name}:{device}", f"address:{address_of(request)}"]


def seconds_to_wait(subjects: list[str], at: datetime) -> int:
    """How long until the next attempt is looked at; 0 is now."""
    waits = [_wait(subject, at) for subject in subjects]
    return max(0, *(int(wait.total_seconds() + 0.999) for wait in waits))


def note_failure(subjects: list[str], at: datetime) -> None:
    LoginFailure.objects.filter(at__lt=at - WINDOW).delete()
    LoginFailure.objects.bulk_create([LoginFailure(subject=subject, at=at) for subject in subjects])


def note_success(request: Any, response: HttpResponse, login: str, subjects: list[str]) -> None:
    """The account's count begins anew here, and the browser is known from now on."""
    LoginFailure.objects.filter(subject=subjects[0]).delete()
    value = signing.dumps(login.strip().casefold(), salt=SALT)
    response.set_cookie(COOKIE, value, max_age=YEAR, secure=settings.BEHIND_TLS, httponly=True, samesite="Lax")


def address_of(request: Any) -> str:
    """The address that our outermost own proxy saw; without proxies whoever connects."""
    if settings.PROXIES:
        told = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
        if len(told) >= settings.PROXIES:
            return told[-settings.PROXIES][:60]
    return str(request.META.get("REMOTE_ADDR", ""))[:60]


def _wait(subject: str, at: datetime) -> timedelta:
    failures = list(
        LoginFailure.objects.filter(subject=subject, at__gt=at - WINDOW).order_by("at").values_list("at", flat=True)
    )
    over = len(failures) - FREE[subject.partition(":")[0]]
    if over < 0:
        return timedelta(0)
    return failures[-1] + min(MOST, timedelta(seconds=2 ** min(over + 1, 10))) - at


def _names(request: Any) -> str:
    try:
        return str(signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=YEAR))
    except signing.BadSignature:
        return ""
