"""Logging in and out; in a demo, with one click."""

from typing import Any

from django.contrib.auth import authenticate
from django.contrib.auth import login as begin
from django.contrib.auth import logout as end
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from casework.domain import ledger
from casework.domain.actor import actor_for
from casework.domain.directory import directory
from casework.domain.now import now
from casework.domain.wording import role_label
from casework.models import Account
from casework.sessions import IMPERSONATED
from casework.web import throttle
from casework.web.frame import is_demo
from casework.web.visitor import own_path, public

BACKEND = "django.contrib.auth.backends.ModelBackend"


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@public
def login(request: Any) -> HttpResponse:
    """A session of the account's own begins, under a new key; or the form says what is wrong, alike for a wrong name
    and a wrong password."""
    back = own_path(request, request.POST.get("next") or request.GET.get("next", ""))
    if request.method != "POST":
        if request.account is not None and "switch" not in request.GET:
            return redirect(back)
        return _form(request, back)
    name, password = request.POST.get("username", "")[:150], request.POST.get("password", "")[:1000]
    subjects = throttle.subjects_of(request, name)
    if seconds := throttle.seconds_to_wait(subjects, request.received_at):
        words = ngettext(
            "Expected fewer attempts, but there were too many; wait %(n)d second and try again",
            "Expected fewer attempts, but there were too many; wait %(n)d seconds and try again", seconds,
        ) % {"n": seconds}  # fmt: skip
        return _form(request, back, name, words, 429)
    tries = throttle.note_try(subjects, request.received_at)
    account = authenticate(request, username=name.replace("\x00", ""), password=password)
    if account is None or account.is_machine:
        words = _("Expected a known name and its password, but they are not; check both and try again")
        return _form(request, back, name, words, 422)
    response = redirect(back)
    throttle.note_success(request, response, name, tries)
    begin(request, account, backend=BACKEND)
    return response


@require_POST
@public
def logout(request: Any) -> HttpResponse:
    """The session is gone, here and in the database."""
    end(request)
    return redirect("login")


@require_POST
@public
def switch(request: Any) -> HttpResponse:
    """In a demo database whoever clicks is that person, and everything they do says that it was a click."""
    name = request.POST.get("as", "")[:150].replace("\x00", "")
    account = Account.objects.filter(username=name, is_active=True, is_machine=False).first() if is_demo() else None
    if account is None:
        raise Http404
    end(request)
    begin(request, account, backend=BACKEND)
    request.session[IMPERSONATED] = True
    actor = actor_for(account, door="web", authenticated="session", impersonated=True)
    ledger.note("access", "switched", {"to": account.username}, actor=actor)
    return redirect(own_path(request, request.POST.get("next", "")))


def _form(request: Any, back: str, name: str = "", words: str = "", status: int = 200) -> HttpResponse:
    told = {"next": back, "username": name, "words": words, "roles": roles() if is_demo() else []}
    return render(request, "casework/pages/login.html", told, status=status)


def roles() -> list[dict[str, Any]]:
    """Whom one may be in a demo, with what they do there; the many whose login is a number come last."""
    book, moment = directory(), now()
    found = []
    for account in Account.objects.filter(is_active=True, is_machine=False).select_related("person").order_by("id"):
        held = sorted({g.role for g in book.grants_of(account.person_id, moment)}) if account.person_id else []
        labels = [role_label(role) for role in held]
        found.append(
            {"username": account.username, "person": account.person, "roles": labels or [_("may decide nothing")]}
        )
    return sorted(found, key=lambda role: role["username"][-1].isdigit())


def front(request: Any) -> HttpResponse:
    return redirect(reverse("inbox"))
