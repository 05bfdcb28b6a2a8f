"""Guessing passwords is slow work; the person whose password is guessed notices nothing.

Tries are counted by account and by address. A browser in which the account has logged in before (it keeps a signed
cookie that says so) is counted by itself alone, so whoever guesses from elsewhere, or from behind the same address,
never keeps the owner out; and nobody is locked out, they wait: longer each time, at most MOST."""

import ipaddress
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpResponse
from django.utils.crypto import salted_hmac

from casework.models import LoginFailure

WINDOW = timedelta(minutes=15)
FREE = {"account": 5, "address": 20, "check": 20}  # before one has to wait
MOST = timedelta(minutes=1)
COOKIE, SALT = "device", "casework.web.device"
YEAR = 365 * 24 * 3600
KNOWN = 8  # accounts that one browser remembers: shifts share desks


def subjects_of(request: Any, login: str) -> list[str]:
    """What the try is counted under, the account first."""
    name = _name(login)
    device, accounts = _device(request)
    if _mark(name) in accounts:
        return [f"account:{name}:{device}"]
    return [f"account:{name}", f"address:{address_of(request)}"]


def seconds_to_wait(subjects: list[str], at: datetime) -> int:
    """How long until the next try is looked at; 0 is now."""
    longest = max(_wait(subject, at) for subject in subjects)
    return max(0, int(longest.total_seconds() + 0.999))


def note_try(subjects: list[str], at: datetime) -> list[LoginFailure]:
    """Counted before it is looked at, so that a hundred at once are a hundred."""
    LoginFailure.objects.filter(at__lt=at - WINDOW).delete()
    return LoginFailure.objects.bulk_create([LoginFailure(subject=subject, at=at) for subject in subjects])


def note_success(request: Any, response: HttpResponse, login: str, tries: list[LoginFailure]) -> None:
    """The account's count begins anew here, the address has one try less, and the browser is known from now on."""
    take_back(tries)
    device, accounts = _device(request)
    mark = _mark(_name(login))
    accounts = [mark, *(other for other in accounts if other != mark)][:KNOWN]
    value = signing.dumps([device or secrets.token_hex(8), *accounts], salt=SALT)
    response.set_cookie(COOKIE, value, max_age=YEAR, secure=settings.BEHIND_TLS, httponly=True, samesite="Lax")


def take_back(tries: list[LoginFailure]) -> None:
    """They were no guesses; neither were those before of the same account."""
    LoginFailure.objects.filter(subject=tries[0].subject).delete()
    LoginFailure.objects.filter(pk__in=[one.pk for one in tries]).delete()


def address_of(request: Any) -> str:
    """The address that our outermost own proxy saw; without proxies whoever connects. Of IPv6 the network, since one
    machine has as many addresses there as it likes."""
    told = str(request.META.get("REMOTE_ADDR", ""))
    if settings.PROXIES:
        passed = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
        told = passed[-settings.PROXIES] if len(passed) >= settings.PROXIES else told
    try:
        address = ipaddress.ip_address(told)
    except ValueError:
        return "unreadable"
    if isinstance(address, ipaddress.IPv6Address) and not address.ipv4_mapped:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(getattr(address, "ipv4_mapped", None) or address)


def _wait(subject: str, at: datetime) -> timedelta:
    tries = (
        LoginFailure.objects.filter(subject=subject, at__gt=at - WINDOW).order_by("-at").values_list("at", flat=True)
    )
    over = len(last := list(tries[:100])) - FREE[subject.partition(":")[0]]
    if over < 0:
        return timedelta(0)
    return last[0] + min(MOST, timedelta(seconds=2 ** min(over + 1, 10))) - at


def _name(login: str) -> str:
    return login.replace("\x00", "").strip().casefold()[:150]


def _mark(name: str) -> str:
    """The account as the cookie names it: a shared browser does not tell who else was here."""
    return salted_hmac(SALT, name).hexdigest()[:24]


def _device(request: Any) -> tuple[str, list[str]]:
    """(the browser's own number, marks of the accounts that have logged in there)."""
    try:
        device, *accounts = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=YEAR)
    except (signing.BadSignature, TypeError, ValueError):
        return "", []
    return str(device), accounts
