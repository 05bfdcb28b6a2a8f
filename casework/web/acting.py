"""Doing something on a case: fill in, check, send, see what came of it.

GET only shows. What is typed is checked as perform() would, without writing; the page that asks to check it again then
sends it to perform() under a key that was made when the form was first shown, so that sending twice does it once."""

import secrets
from collections.abc import Callable
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from casework import queries
from casework.domain.errors import InvalidInput, NotAllowedNow, NotPermitted, Refusal, Stale
from casework.queries.doing import Doing, doing, recorded_under
from casework.queries.doing import done as what_was_done
from casework.web.fields import shapes_of
from casework.web.forms import Form, wrong_secret
from casework.web.recorded import recorded
from casework.web.visitor import page


class SeeOther(HttpResponseRedirect):
    status_code = 303


@sensitive_post_parameters("credential")
@require_http_methods(["GET", "HEAD", "POST"])
@page
def do(request: Any, number: str, action: str) -> HttpResponse:
    """An action of the case."""
    return _met(request, lambda: doing(number, request.actor, action), number)


@sensitive_post_parameters("credential")
@require_http_methods(["GET", "HEAD", "POST"])
@page
def open_on(request: Any, number: str, type: str) -> HttpResponse:
    """The opening of another case on this one."""
    return _met(request, lambda: doing(number, request.actor, opens=type), number, type)


@require_safe
@page
def done(request: Any, number: str, event: int) -> HttpResponse:
    """What was recorded and what happens next, for whoever did it."""
    told = what_was_done(number, event, request.actor)
    given = recorded(shapes_of(told["form"]), told["data"], told["app"]) if told["form"] else []
    return render(request, "casework/pages/act_done.html", {"done": told, "recorded": given})


def _met(request: Any, found: Callable[[], Doing], number: str, opens: str = "") -> HttpResponse:
    """The page for what was asked; whatever was sent under a key that is known leads to what it did."""
    if request.method != "POST":
        return _first(request, found())
    try:
        return _sent(request, found)
    except Refusal as refusal:
        before = recorded_under(request.POST.get("key", ""), request.actor, number, opens)
        if before is None or refusal.reason == "key_reused":
            raise
        return _to(*before)


def _first(request: Any, asked: Doing) -> HttpResponse:
    """The empty form. What would be served by opening the case is opened there, since looking at a form changes
    nothing."""
    if queries.reads_for_service(asked.sight, asked.case, request.actor):
        return redirect("case", asked.case.number)
    form = Form.of(request, asked, secrets.token_urlsafe(16))
    if asked.refused:
        return form.stopped(asked.refused, lambda: asked)
    return form.page() if form.asks else form.last_page()


def _sent(request: Any, found: Callable[[], Doing]) -> HttpResponse:
    asked, step = found(), request.POST.get("step", "check")
    form = Form.of(request, asked, request.POST.get("key", ""))
    if step == "change":
        return form.stopped(asked.refused, found) if asked.refused else form.page()
    try:
        if step == "send" and not form.answers.problems:
            return _to(*form.sent())
        form.check()
    except InvalidInput as refusal:
        return form.page_with(refusal)
    except (NotAllowedNow, NotPermitted, Stale) as refusal:
        if wrong_secret(refusal):
            return form.last_page(refusal)
        if recorded_under(form.key, request.actor, asked.case.number, form.opens):
            raise
        return form.stopped(refusal, found)
    return form.last_page()


def _to(number: str, event: int) -> HttpResponse:
    return SeeOther(reverse("done", args=[number, event]))
