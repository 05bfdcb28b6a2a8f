"""What the acts of the demo share: the people and cases of one run, and how they act through perform()."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from casework import store
from casework.documents.check import verdict
from casework.domain.actor import Actor, actor_for
from casework.domain.deliveries import deliver_due
from casework.domain.document_check import check_document
from casework.domain.errors import Refusal
from casework.domain.perform import perform
from casework.domain.sealing import seal_ledger
from casework.management.commands.verify_document import MARKS
from casework.models import Account, Clock, Delivery, Document
from demo.home import AWARD, RULING
from demo.stage import Stage
from workflows.evaluations.models import Evaluation


class DemoFailed(Exception):
    """Something came out otherwise than the demo shows."""


class Play:
    """One run; what a step learns and a later one needs stands in its attributes."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.passwords: dict[str, str] = {}
        self.evaluation = self.dispute = self.arbitration = ""
        self.ruling: Path = settings.HOME / RULING
        self.award: Path = settings.HOME / AWARD
        self.days: Any = None  # the working days of the backlog
        self.backlog: list[Any] = []  # what is played in them

    def score(self) -> Evaluation:
        return Evaluation.objects.get(number=self.evaluation)

    def document(self, number: str) -> Document:
        """The last one of the case, as it now stands."""
        return Document.objects.filter(case__number=number).latest("drafted_at")

    def sign(self, number: str, login: str) -> None:
        """With their own key, which their password unlocks."""
        data = {"document_sha256": self.document(number).file_sha256, "credential": self.passwords[login]}
        perform(number, "sign", acting(login), data)

    def verify(self, number: str, file: Path) -> None:
        """The issued document lies there, and is genuine."""
        with self.stage.step("(anyone)", f"verifies {file.name} 验真") as note:
            file.write_bytes(store.documents().get(self.document(number).file_sha256))
            seal_ledger()  # its entry gets its place in the log, which workers do within a second
            checks = check_document(file.read_bytes())
            for check in checks:
                note(f"{MARKS[check.ok]:<7} {check.code:<18} {check.message}")
            expect(verdict(checks) is True, f"{file.name} does not verify")
            note(f"genuine: {shown(file)}")


def acting(login: str) -> Actor:
    """The demo acts as its people without their tokens, and every event says so."""
    account = Account.objects.select_related("person").get(username=login)
    return actor_for(account, door="command", authenticated="demo", impersonated=True)


def refusal_of(number: str, action: str, login: str, data: dict[str, Any] | None = None) -> str:
    try:
        perform(number, action, acting(login), data)
    except Refusal as refusal:
        return str(refusal)
    return ""


def all_refused(number: str, login: str, tries: Iterable[tuple[str, dict[str, Any] | None]]) -> str:
    """Why the first of the actions was refused; DemoFailed if any was not."""
    reasons = [refusal_of(number, action, login, data) for action, data in tries]
    expect(all(reasons), f"{login} was not refused")
    return reasons[0]


def deliver(at_most: int = 100) -> None:
    """Everything that follows from what was done is done too; DemoFailed if anything could not be."""
    with transaction.atomic():
        while deliver_due(at_most):
            pass
    if failed := Delivery.objects.exclude(problem="").first():
        raise DemoFailed(f"Delivery {failed.kind} failed: {failed.problem}")


def due(number: str, clock: str) -> str:
    """When a clock ends, in the organisation's time."""
    moment = Clock.objects.filter(case__number=number, name=clock).latest("generation").due_at
    return moment.astimezone(ZoneInfo(settings.TIME_ZONE)).strftime("%A %Y-%m-%d %H:%M")


def named(login: str) -> str:
    """Login and name, as soon as there is one."""
    person = Account.objects.filter(username=login).values_list("person__name", flat=True).first()
    return f"{login} {person}" if person else login


def shown(path: Path) -> str:
    """The path as one would type it here."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def whose(no: str) -> str:
    """Login and number of a person."""
    return "/".join(Account.objects.filter(person__no=no).order_by("id").values_list("username", flat=True)) + f" {no}"


def login_of(no: str) -> str:
    """The first account of a person."""
    return Account.objects.filter(person__no=no).order_by("id").values_list("username", flat=True)[0]


def person_no(login: str) -> str:
    return Account.objects.values_list("person__no", flat=True).get(username=login)


def expect(holds: object, otherwise: str) -> None:
    if not holds:
        raise DemoFailed(f"The demo did not come out as it should: {otherwise}")
