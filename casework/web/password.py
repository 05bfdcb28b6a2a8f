"""A person changes their password."""

from typing import Any

from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from casework.domain.errors import InvalidInput, NotAllowedNow, NotPermitted, Refusal
from casework.domain.passwords import set_password
from casework.models import Account
from casework.web import throttle
from casework.web.visitor import page


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@page
def change(request: Any) -> HttpResponse:
    """The new password holds, this session goes on under a new key, and every other one is over."""
    was_no_click(request)
    told: dict[str, Any] = {}
    if request.method == "POST":
        try:
            _change(request)
            told["done"] = True
        except Refusal as refusal:
            told["problem"], told["status"] = str(refusal), refusal.status
    return render(request, "casework/pages/password.html", told, status=told.get("status", 200))


def _change(request: Any) -> None:
    account = confirmed(request, request.POST.get("old", ""))
    new = request.POST.get("new", "")
    if new != request.POST.get("again", ""):
        raise InvalidInput(_("Expected the new password twice alike, but they differ; enter both once more"))
    set_password(account, new, request.actor)
    update_session_auth_hash(request, account)


def was_no_click(request: Any) -> None:
    if request.account.impersonated:
        words = _("Expected whoever logged in by the password, but this login was a click; log in by it first")
        raise NotPermitted(words)


def confirmed(request: Any, password: str) -> Account:
    """The account of the session, which began with the password and whose password this is; guessing it here is as slow
    as at the login."""
    was_no_click(request)
    account = Account.objects.select_related("person").get(pk=request.account.pk)
    subjects = throttle.subjects_of(request, account.username)
    if throttle.seconds_to_wait(subjects, request.received_at):
        raise NotAllowedNow(_("Expected fewer attempts, but there were too many; wait a minute and try again"))
    tries = throttle.note_try(subjects, request.received_at)
    if not account.check_password(password[:1000]):
        raise InvalidInput(_("Expected your present password, but it is not; enter it once more"))
    throttle.take_back(tries)
    return account
