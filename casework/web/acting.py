"""Doing something on a case: fill in, check, send, see what came of it.

GET only shows. What is typed is checked as perform() would, without writing; the page that asks to check it again then
sends it to perform() under a key that was made when the form was first shown, so that sending twice does it once."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from casework import queries
from casework.domain.errors import InvalidInput, NotAllowedNow, NotPermitted, OutOfScope, Refusal, Stale
from casework.domain.perform import open_case, perform
from casework.domain.wording import spoken
from casework.queries.doing import Doing, doing, recorded_under
from casework.queries.doing import done as what_was_done
from casework.web.answers import LAST, Answers, marked, read, shown
from casework.web.fields import Field, Known, Shape, every, shapes_of
from casework.web.refusals import TITLES
from casework.web.visitor import page

UNREAD = -1  # a version that no case has: whoever sends none has seen none


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
    return render(request, "casework/pages/act_done.html", {"done": told, "draft_owner": request.actor.no})


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
    asked.refuse()
    form = Form.of(request, asked, secrets.token_urlsafe(16))
    return form.page() if form.asks else form.last_page()


def _sent(request: Any, found: Callable[[], Doing]) -> HttpResponse:
    asked, step = found(), request.POST.get("step", "check")
    form = Form.of(request, asked, request.POST.get("key", ""))
    if step == "change":
        return form.page()
    try:
        if step == "send" and not form.answers.problems:
            return _to(*form.sent())
        form.check()
    except InvalidInput as refusal:
        return form.page_with(refusal)
    except (NotAllowedNow, NotPermitted, Stale) as refusal:
        if refusal.reason == "wrong_credential":
            return form.last_page(refusal)
        if recorded_under(form.key, request.actor, asked.case.number, form.opens):
            raise
        return form.stopped(refusal, found)
    return form.last_page()


def _to(number: str, event: int) -> HttpResponse:
    return SeeOther(reverse("done", args=[number, event]))


@dataclass
class Form:
    """One visit to an action's form: what is asked, what was answered, and the pages that show it."""

    request: Any
    doing: Doing
    key: str
    seen: int | None
    seq: int
    shapes: tuple[Shape, ...]
    known: Known
    answers: Answers
    fields: tuple[Field, ...]
    problems: list[dict[str, str]] = field(default_factory=list)

    @classmethod
    def of(cls, request: Any, asked: Doing, key: str) -> "Form":
        posted = request.POST if request.method == "POST" else None
        shapes, known = shapes_of(asked.spec.form), Known(asked.rows, asked.choices, _words(asked))
        seen = asked.version
        if posted is not None and seen is not None:
            seen = _whole(posted.get("seen"), UNREAD)
        return cls(
            request=request, doing=asked, key=key, seen=seen,
            seq=asked.seen if posted is None else _whole(posted.get("seq"), 0), shapes=shapes, known=known,
            answers=read(shapes, known, posted) if posted is not None else Answers(),
            fields=shown(shapes, known, posted),
        )  # fmt: skip

    @property
    def asks(self) -> bool:
        """Whether there is anything to fill in before the last page."""
        return any(f.rows or f.kind not in ("rows", "entries") for f in self.fields)

    @property
    def opens(self) -> str:
        return self.doing.law.label if self.doing.spec.opening else ""

    # What is done with it

    def check(self) -> None:
        """Raises what perform() would refuse it with; nothing is written. What only the last page asks for is taken as
        given."""
        self.doing.refuse_stale(self.seen)
        kept = {shape.name: "" for shape in self.shapes if shape.kind == "secret"}
        if self.doing.draft:
            kept |= {shape.name: self.doing.draft["file_sha256"] for shape in self.shapes if shape.kind == "draft"}
        if self.shapes and not self.asks and all(shape.kind in LAST for shape in self.shapes):
            return self.doing.refuse()
        self.doing.refuse({**self.answers.data, **kept})
        if self.answers.problems:
            raise InvalidInput("", problems=[])
        return None

    def sent(self) -> tuple[str, int]:
        """It was performed: (case number, event)."""
        actor, number, data = self.request.actor, self.doing.case.number, self.answers.data
        if self.opens:
            result = open_case(self.opens, actor, data, subject=number, key=self.key)
        else:
            result = perform(number, self.doing.spec.name, actor, data, self.key, self.seen)
        return result.number, int(result.entry["id"])

    # How it is shown

    def page(self, status: int = 200) -> HttpResponse:
        fresh = self.request.method != "POST"
        unsent = fresh and "unsent" in self.request.GET
        told = {"fields": self.fields, "fresh": fresh, "unsent": unsent, "recordings": self._recordings()}
        return self._rendered("act", told, status)

    def page_with(self, refusal: InvalidInput) -> HttpResponse:
        """The form that says what is wrong where; what is wrong with no field of it, on the last page."""
        if refusal.reason == "key_reused":
            return self.stopped(refusal, lambda: self.doing)
        self.problems = marked(self.fields, refusal.problems, self.answers)
        if not self.problems:
            self.problems = [{"leads_to": "", "title": "", "words": str(refusal)}]
        return self.page(refusal.status) if self.asks else self.last_page(refusal)

    def last_page(self, refusal: Refusal | None = None) -> HttpResponse:
        """What was answered, to be checked, and what must not travel: the credential."""
        told = {"answers": self.fields, "hidden": self._hidden(), "secrets": self._secrets(refusal), "refusal": ""}
        if refusal is not None:
            told["refusal"] = str(refusal)
        return self._rendered("act_check", told, refusal.status if refusal else 200)

    def stopped(self, refusal: Refusal, found: Callable[[], Doing]) -> HttpResponse:
        """It cannot be done as it was sent: why, what has changed since, and what was typed, to be sent again or
        copied."""
        self.doing = now = found()
        told = {
            "title": TITLES.get(refusal.code, TITLES["invalid_input"]), "words": str(refusal), "since": [],
            "answers": self.fields, "hidden": self._hidden(), "left": self._left(), "again": False, "before": None,
            "has_secrets": any(shape.kind in LAST for shape in self.shapes), "asks": self.asks,
        }  # fmt: skip
        if refusal.reason == "key_reused":
            told["before"] = recorded_under(self.key, self.request.actor, now.case.number, self.opens)
        else:
            told["since"] = now.since(self.seq)
        if isinstance(refusal, Stale):
            self.seen, self.seq, told["again"] = now.version, now.seen, True
            try:
                now.refuse()
            except Refusal as closed:
                told |= {"words": str(closed), "again": False}
        return self._rendered("act_stopped", told, 409 if refusal.reason == "key_reused" else refusal.status)

    def _rendered(self, template: str, told: dict[str, Any], status: int) -> HttpResponse:
        spec, actor = self.doing.spec, self.request.actor
        kept = {
            "case": self.doing.head, "label": capfirst(str(spec.label)), "key": self.key, "seen": self.seen,
            "seq": self.seq, "problems": self.problems, "impersonated": actor.impersonated, "document": self._draft(),
            "draft_owner": actor.no, "decides": spec.decides,
        }  # fmt: skip
        return render(self.request, f"casework/pages/{template}.html", kept | told, status=status)

    def _hidden(self) -> list[tuple[str, str]]:
        """What was posted for this form's own fields; nothing secret is among them."""
        names, posted = every(self.fields), self.request.POST if self.request.method == "POST" else {}
        own = [name for name in posted if name.removesuffix(".instead") in names]
        return [(name, value) for name in own for value in posted.getlist(name)]

    def _left(self) -> list[str]:
        """What was written for rows that the form no longer has."""
        names, secret = every(self.fields), {shape.name for shape in self.shapes if shape.kind in LAST}
        gone = [name for name in self.request.POST if "." in name and name.removesuffix(".instead") not in names]
        found = [value for name in gone if name not in secret for value in self.request.POST.getlist(name)]
        return [value for value in found if value.strip() and value != "yes"]

    def _secrets(self, refusal: Refusal | None) -> list[Field]:
        wrong = str(refusal) if isinstance(refusal, NotPermitted) else ""
        hint = _("You came here by one click: leave it empty, and the demo's own key signs.")
        return [
            Field(
                name=shape.name, kind="secret", label=str(shape.ask.label), error=wrong,
                hint=hint if self.request.actor.impersonated else str(shape.ask.hint),
                required=not self.request.actor.impersonated,
            )
            for shape in self.shapes if shape.kind == "secret"
        ]  # fmt: skip

    def _draft(self) -> dict[str, Any] | None:
        """The document that is signed, under the name of the field that says which file was read."""
        name = next((shape.name for shape in self.shapes if shape.kind == "draft"), None)
        return {**self.doing.draft, "field": name} if name and self.doing.draft else None

    def _recordings(self) -> list[dict[str, Any]]:
        return self.doing.recordings if self.doing.rows else []


def _words(asked: Doing) -> Callable[[str, str], str]:
    """The policy's words for a code; a code that has none stands for itself."""

    def words(group: str, code: str) -> str:
        label = asked.rules.labels.get(group, {}).get(code)
        return spoken(label) if label else code

    return words


def _whole(text: str | None, other: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else other


__all__ = ["OutOfScope", "do", "done", "open_on"]
