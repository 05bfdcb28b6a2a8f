"""One visit to an action's form: what is asked, what was answered, and the pages that show it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from casework.domain.errors import InvalidInput, NotPermitted, Refusal, Stale
from casework.domain.perform import open_case, perform
from casework.domain.wording import spoken
from casework.models import LoginFailure
from casework.queries.doing import Doing, recorded_under
from casework.web import throttle
from casework.web.answers import LAST, Answers, marked, read, shown
from casework.web.fields import Field, Known, Shape, every, shapes_of
from casework.web.recordings import as_they_are, marks_of
from casework.web.refusals import TITLES

UNREAD = -1  # a version that no case has: whoever sends none has seen none


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
        shapes = () if asked.spec.is_system else shapes_of(asked.spec.form)  # nobody fills in what the system sends
        known = Known(asked.rows, asked.choices, _words(asked))
        answers = Answers()
        if posted is not None:
            answers = read(shapes, Known(asked.rows_known, {}, known.words), posted)
        seen = asked.version
        if posted is not None and seen is not None:
            seen = _whole(posted.get("seen"), UNREAD)
        return cls(
            request=request, doing=asked, key=key, seen=seen,
            seq=asked.seen if posted is None else _whole(posted.get("seq"), 0), shapes=shapes, known=known,
            answers=answers, fields=shown(shapes, known, posted),
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
        with self._guessing_is_slow():
            if self.opens:
                result = open_case(self.opens, actor, data, subject=number, key=self.key)
            else:
                result = perform(number, self.doing.spec.name, actor, data, self.key, self.seen)
        return result.number, int(result.entry["id"])

    @contextmanager
    def _guessing_is_slow(self) -> Iterator[None]:
        """Whoever sits down at somebody else's open session guesses their password no faster here than at the login."""
        if not any(shape.kind == "secret" for shape in self.shapes) or self.request.actor.impersonated:
            yield
            return
        subjects = [f"account:{self.request.actor.account}:signing", f"address:{throttle.address_of(self.request)}"]
        if seconds := throttle.seconds_to_wait(subjects, self.request.received_at):
            raise _too_many(seconds)
        tries = throttle.note_try(subjects, self.request.received_at)
        try:
            yield
        except Refusal as refusal:
            if wrong_secret(refusal):
                tries = []
            raise
        finally:
            LoginFailure.objects.filter(pk__in=[one.pk for one in tries]).delete()

    # How it is shown

    def page(self, status: int = 200) -> HttpResponse:
        fresh = self.request.method != "POST"
        unsent = fresh and "unsent" in self.request.GET
        told = {"fields": self.fields, "fresh": fresh, "unsent": unsent, **self._heard()}
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
        now = found()
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
            if now.refused:
                told |= {"words": str(now.refused), "again": False}
        self.doing = now
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

    def _left(self) -> list[tuple[str, str]]:
        """What was written for rows that the form no longer has: (where, what)."""
        names, lists = every(self.fields), {shape.name: shape for shape in self.shapes if shape.fields}
        found = []
        for name in self.request.POST:
            first, _dot, rest = name.partition(".")
            key, _dot, last = rest.partition(".")
            part = next((p for p in lists[first].fields if p.name == last), None) if first in lists else None
            if part is not None and name not in names:
                said = [self.known.words(part.ask.labels, text) for text in self.request.POST.getlist(name) if text]
                found += [(f"{key} · {part.ask.label}", text) for text in said]
        return found

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

    def _heard(self) -> dict[str, Any]:
        """The recording, beside a form that asks about places in it."""
        recordings = self.doing.recordings if self.doing.rows else []
        if not recordings:
            return {}
        return {"recording": as_they_are(recordings[:1])[0], "marks": marks_of(self.doing.case, self.doing.sight)}


def _words(asked: Doing) -> Callable[[str, str], str]:
    """The policy's words for a code; a code that has none stands for itself."""

    def words(group: str, code: str) -> str:
        label = asked.rules.labels.get(group, {}).get(code)
        return spoken(label) if label else code

    return words


def _whole(text: str | None, other: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else other


def wrong_secret(refusal: Refusal) -> bool:
    """Whether it is the password that was wrong, or was guessed at too often."""
    return refusal.reason in ("wrong_credential", "too_many")


def _too_many(seconds: int) -> NotPermitted:
    words = ngettext(
        "Expected fewer attempts, but there were too many; wait %(n)d second and try again",
        "Expected fewer attempts, but there were too many; wait %(n)d seconds and try again", seconds,
    )  # fmt: skip
    refusal = NotPermitted(words % {"n": seconds}, code="too_many")
    refusal.status = 429
    return refusal
