"""Adding a file to a case: one page, sent once. What was read of a file that is refused is not kept, so nothing can be
checked before it is sent; the page that confirms it says what was recorded."""

import secrets
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from casework import queries
from casework.domain.adding import ADD_EVIDENCE
from casework.domain.errors import InvalidInput, NotAllowedNow, Refusal
from casework.domain.evidence_files import MIB, kinds_in_words, largest
from casework.queries.doing import Doing, doing, recorded_under
from casework.receiving import asked_for, bound, file_of, give
from casework.web.acting import SeeOther
from casework.web.answers import read, shown
from casework.web.fields import Field, shapes_of
from casework.web.forms import Form
from casework.web.visitor import page

FILE = "file"


class Upload(Form):
    """The form of an action that takes a file beside what is written."""

    @classmethod
    def of(cls, request: Any, asked: Doing, key: str) -> "Upload":
        form = super().of(request, asked, key)
        posted = request.POST if request.method == "POST" else None
        form.shapes = tuple(shape for shape in shapes_of(asked.spec.form) if shape.kind != FILE)
        if posted is not None:
            form.answers = read(form.shapes, form.known, posted)
        form.fields = (_file_field(asked), *shown(form.shapes, form.known, posted))
        return form

    def page(self, status: int = 200) -> HttpResponse:
        unsent, file = self.request.method != "POST" and "unsent" in self.request.GET, self.fields[0]
        if self.problems and not file.error:
            file.error = _("Please choose the file again; browsers do not keep it.")
        return self._rendered("act_upload", {"fields": self.fields, "unsent": unsent}, status)

    def added(self) -> tuple[str, int]:
        """The file is part of the case: (case number, event)."""
        try:
            file = file_of(self.request, self.doing)
            result = give(self.doing, file, self.answers.data, self.key)
        except InvalidInput as refusal:
            for problem in refusal.problems:
                problem["field"] = FILE if problem["field"] == "sha256" else problem["field"]
            raise
        return result.number, int(result.entry["id"])


@csrf_exempt  # until it is known how much may be read: the mark stands in what is read
@require_http_methods(["GET", "HEAD", "POST"])
def do(request: Any, number: str) -> HttpResponse:
    """The page that takes a file for the case."""
    if request.method == "POST":
        bound(request)
    return _checked(request, number)


@csrf_protect
@page
def _checked(request: Any, number: str) -> HttpResponse:
    return _sent(request, number) if request.method == "POST" else _first(request, number)


def _first(request: Any, number: str) -> HttpResponse:
    asked = doing(number, request.actor, ADD_EVIDENCE)
    if queries.reads_for_service(asked.sight, asked.case, request.actor):
        return redirect("case", number)
    form = Upload.of(request, asked, secrets.token_urlsafe(16))
    return form.stopped(asked.refused, lambda: asked) if asked.refused else form.page()


def _sent(request: Any, number: str) -> HttpResponse:
    key = request.POST.get("key") or secrets.token_urlsafe(16)
    try:
        asked = asked_for(number, request.actor, key)
    except NotAllowedNow as refusal:
        return _stopped(request, number, key, refusal)
    form = Upload.of(request, asked, key)
    try:
        return SeeOther(reverse("done", args=form.added()))
    except InvalidInput as refusal:
        return form.page_with(refusal)
    except NotAllowedNow as refusal:
        if (before := recorded_under(key, request.actor, number)) is not None:
            return SeeOther(reverse("done", args=before))
        return _stopped(request, number, key, refusal)


def _stopped(request: Any, number: str, key: str, refusal: Refusal) -> HttpResponse:
    asked = doing(number, request.actor, ADD_EVIDENCE)
    return Upload.of(request, asked, key).stopped(refusal, lambda: asked)


def _file_field(asked: Doing) -> Field:
    hint = _("At most %(most)d MB: %(kinds)s. What it is called is not shown to whoever decides.")
    values = {"most": largest(asked.rules) // MIB, "kinds": kinds_in_words(asked.rules)}
    return Field(name=FILE, kind=FILE, label=_("File"), hint=hint % values if largest(asked.rules) else "")
