"""What tests read back of cases: rows, clocks, events and notices as they now stand."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pytest
from django.apps import apps
from django.db import models

from casework.domain.errors import Refusal
from casework.domain.law import law_by_number
from casework.domain.sweep import fire_due
from casework.models import (
    Case,
    CaseEvent,
    Clock,
    Document,
    EventText,
    Lag,
    Notice,
    Party,
    Person,
    StreamHead,
    Task,
    Unsequenced,
)
from tests.conftest import SHANGHAI


def case(number: str) -> Any:
    """The typed case."""
    return law_by_number(number).model.objects.get(number=number)


def local(moment: datetime) -> str:
    """Shanghai's wall time, e.g. `2026-11-05 18:00`."""
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def clock(number: str, name: str) -> Clock:
    """The latest generation."""
    return Clock.objects.filter(case__number=number, name=name).latest("generation")


def due(number: str, name: str) -> str:
    """When the running clock is due, in Shanghai's wall time."""
    found = clock(number, name)
    assert found.state == "running", f"{name} is {found.state}"
    return local(found.due_at)


def running(number: str) -> set[str]:
    return set(Clock.objects.filter(case__number=number, state="running").values_list("name", flat=True))


def sweep() -> int:
    """Every clock and warning that is due has acted; how many did."""
    done = 0
    while more := fire_due():
        done += more
    assert not Clock.objects.exclude(problem="").exists(), list(
        Clock.objects.exclude(problem="").values("name", "problem")
    )
    return done


def parties(number: str) -> set[tuple[str, str]]:
    """Present parties as (part, staff number)."""
    return set(Party.objects.filter(case__number=number, until=None).values_list("role", "person__no"))


def told(no: str, number: str) -> list[str]:
    """Kinds of the notices of that case in a person's inbox, oldest first."""
    return list(Notice.objects.filter(person__no=no, case__number=number).order_by("id").values_list("kind", flat=True))


def events(number: str) -> list[str]:
    """Actions of the case's chain, in order."""
    return list(CaseEvent.objects.filter(stream=f"case:{number}").order_by("seq").values_list("action", flat=True))


def entry(number: str, action: str) -> dict[str, Any]:
    """The last entry of that action."""
    event = CaseEvent.objects.filter(stream=f"case:{number}", action=action).latest("seq")
    return json.loads(event.entry)


def tasks(number: str) -> set[tuple[str, str]]:
    """Open tasks as (node, staff number or role)."""
    rows = Task.objects.filter(number=number, finished=None).values_list("node", "person__no", "role")
    return {(node, no or role) for node, no, role in rows}


def documents(number: str) -> list[tuple[str, str]]:
    """Documents of the case as (kind, state), sorted."""
    return sorted(Document.objects.filter(case__number=number).values_list("kind", "state"))


def person(no: str) -> Person:
    return Person.objects.get(no=no)


def dump() -> dict[str, list[tuple]]:
    """Every row of every table, but for the access stream, where refusals are remembered, and how late the work was."""
    found = {}
    for model in (*apps.get_app_config("casework").get_models(), *_case_types()):
        if model is Lag:
            continue
        rows = model.objects.all()
        if model is CaseEvent or model is StreamHead:
            rows = rows.exclude(stream="access")
        elif model is EventText:
            rows = rows.exclude(event__stream="access")
        elif model is Unsequenced:
            rows = rows.exclude(pk__in=CaseEvent.objects.filter(stream="access").values("pk"))
        found[model._meta.label] = sorted(map(str, rows.values_list(*_columns(model))))
    return found


def _case_types() -> Iterable[type[models.Model]]:
    return [m for m in apps.get_models() if m.__module__.startswith("workflows.")]


def _columns(model: type[models.Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


class refused:
    """The block raises that refusal, with that code and problem codes, in words that say what to do, and changes
    nothing."""

    def __init__(self, kind: type[Refusal], code: str = "", problems: Iterable[str] = ()) -> None:
        self.kind, self.code, self.problems = kind, code, set(problems)
        self.error: Any = None

    def __enter__(self) -> "refused":
        self._before = dump()
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        if error is None:
            pytest.fail(f"Expected {self.kind.__name__}, but nothing was refused")
        if not isinstance(error, Refusal):
            return False
        self.error = error
        assert type(error) is self.kind, f"{type(error).__name__}: {error}"
        assert not self.code or error.reason == self.code, f"{error.reason}: {error}"
        codes = {problem["code"] for problem in getattr(error, "problems", [])}
        assert self.problems <= codes, f"{codes}: {error}"
        assert str(error).startswith("Expected ") and len(str(error)) < 2_000, str(error)[:300]
        after = dump()
        assert {t for t in after if after[t] != self._before[t]} == set()
        return True


def cases() -> int:
    return Case.objects.count()


def second_lead() -> str:
    """Cui Ying is a QA lead as well, and free: there is a next reviewer. Her login."""
    from casework.domain.actor import system
    from casework.domain.staff import grant
    from casework.models import Unit

    grant(person("M405"), "qa_lead", Unit.objects.get(code="OC"), system())
    return "cui"


def revoke_all(no: str, role: str) -> None:
    """The person's grants of that role hold no longer."""
    from casework.domain.actor import system
    from casework.domain.staff import revoke
    from casework.models import Grant

    for given in Grant.objects.filter(person__no=no, role=role, revoked_at=None):
        revoke(given, system())


def reviewer(number: str) -> str | None:
    """Staff number of whoever sits."""
    return next((no for role, no in parties(number) if role == "reviewer"), None)


LOGINS = {"M401": "qin", "M402": "qiu", "M405": "cui"}
