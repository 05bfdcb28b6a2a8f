"""Asks everybody for everything in every state, at the domain and at the doors; nothing of what is done stays.

Every cell is listed by the API's list of actions, and the domain is asked for it; save that of those who are not
permitted by that list, or by its silence about what is left to SYSTEM, one in twelve is asked, others at every stop.
GONGDUAN_EVERY_CELL=1, or writing the table, asks them all. API and commands are asked for each answer to each action
once, and for whatever is allowed once at every stop."""

import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client

from casework.domain import now
from casework.domain.action import ActionSpec
from casework.domain.actor import actor_for
from casework.domain.errors import OutOfScope, Refusal
from casework.domain.law import Law, law_by_number, laws
from casework.domain.perform import open_case, perform
from casework.domain.reading import read_family
from casework.domain.signing import token_digest
from casework.models import Account, Token
from tests.conftest import Time, _copied, _drop, forget
from tests.laws.permissions import Stop, cast, stops, store_cast

DONE, ASKED = "done", "invalid_input"
NOWHERE = "no case yet"
EVERY_CELL = any(os.environ.get(name) for name in ("GONGDUAN_EVERY_CELL", "GONGDUAN_WRITE_TABLE"))
API, COMMAND, LISTED, LISTED_BY_COMMAND = "api", "command", "list of the api", "list of the command"


@dataclass(frozen=True)
class Answer:
    """What somebody hears: a code, as HTTP and as exit status; `then` is what the list of actions holds against it
    where the domain asks for the data first."""

    code: str
    status: int
    exit_status: int
    then: str = ""


REFUSED = Answer("not_permitted", 403, 3)


@dataclass
class Matrix:
    """Answers by (type, action, where) and part in the cast; what strangers hear; which answers the doors were asked
    for, how often, and where they differ."""

    cells: dict[tuple[str, str, str], dict[str, Answer]] = field(default_factory=lambda: defaultdict(dict))
    wheres: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    doors: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    strangers: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    asked: Counter[str] = field(default_factory=Counter)
    differences: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def compare(self, door: str, what: str, heard: Any, expected: Any) -> None:
        self.asked[door] += 1
        if heard != expected:
            self.differences[door].append(f"{what}: {heard}, but {expected} at the domain")


def measured() -> Matrix:
    """The whole matrix, in a database of its own that is gone afterwards."""
    matrix, original = Matrix(), str(connection.settings_dict["NAME"])
    token = now._fixed.set(None)
    time = Time()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("GONGDUAN_PASSWORD", "no password of anybody")
        copy = _copied(original)
        forget()
        try:
            store_cast()
            for account in Account.objects.all():
                digest, until = token_digest(account.username), now.now() + timedelta(days=60)
                Token.objects.create(account=account, digest=digest, created_at=now.now(), expires_at=until)
            for stop in stops(time):
                Visit(stop, matrix, environment).ask_everybody()
        finally:
            connection.close()
            connection.settings_dict["NAME"] = original
            _drop(copy)
            forget()
            now._fixed.reset(token)
    return matrix


@contextmanager
def undone() -> Iterator[None]:
    """What is done in here leaves nothing behind, whether refused or not."""
    with transaction.atomic():
        try:
            yield
        finally:
            transaction.set_rollback(True)


class Visit:
    """Everything that is asked at one stop: of everybody, every action that the law leaves to people; what it leaves to
    SYSTEM, once in each type and state."""

    def __init__(self, stop: Stop, matrix: Matrix, environment: pytest.MonkeyPatch) -> None:
        self.number, self.where, self.matrix, self.environment = stop.number, stop.where, matrix, environment
        self.law, self.cast = law_by_number(stop.number), cast(stop.number)
        self.blind = {party.person_id for party in read_family(stop.number).parties if party.blind}

    @cached_property
    def actions(self) -> dict[str, tuple[ActionSpec, Law | None]]:
        """What is asked of the case, with the type that it opens, if it does."""
        found = {name: (spec, None) for name, spec in self.law.actions.items() if not spec.opening}
        for law in laws().values():
            found |= {
                f"{law.app}.{name}": (spec, law)
                for name, spec in law.openings.items()
                if spec.subject == self.law.label
            }
        known = {where.split(",")[0] for where in self.matrix.wheres[self.law.label]}
        again = self.where.split(",")[0] in known
        return {name: item for name, item in found.items() if not (again and item[0].is_system)}

    def ask_everybody(self) -> None:
        if not self.matrix.wheres[self.law.label]:
            self.ask_for_a_first_case()
        seeing = {}
        for part in self.cast:
            listed = self.listed(part)
            if listed is None:
                self.ask_as_a_stranger(part)
            else:
                seeing[part] = listed
                self.ask_for_everything(part, listed)
        self.ask_at_the_doors()
        self.list_by_command(seeing)
        self.matrix.wheres[self.law.label].append(self.where)

    # At the domain

    def ask_for_a_first_case(self) -> None:
        """Of a type that needs no other case."""
        for spec in self.law.openings.values():
            for part in self.cast if not spec.subject else ():
                self.matrix.cells[self.law.label, spec.name, NOWHERE][part] = self.heard(part, spec, self.law, None)

    def ask_for_everything(self, part: str, listed: dict[str, dict[str, Any]]) -> None:
        for action, (spec, opens) in self.actions.items():
            shown = listed.get(action)
            if self.is_passed_over(part, action, shown):
                self.matrix.cells[self.law.label, action, self.where][part] = REFUSED
                continue
            heard = self.heard(part, spec, opens, self.number)
            self.compare_list(part, action, heard, shown)
            if heard.code == ASKED and shown and not shown["allowed"]:
                heard = replace(heard, then=shown["code"])
            self.matrix.cells[self.law.label, action, self.where][part] = heard

    def is_passed_over(self, part: str, action: str, shown: dict[str, Any] | None) -> bool:
        """Of those who are not permitted some are asked, at each stop others."""
        refused = shown["code"] == REFUSED.code if shown else self.actions[action][0].is_system
        if EVERY_CELL or not refused:
            return False
        turn = len(self.matrix.wheres[self.law.label]) + list(self.actions).index(action) + list(self.cast).index(part)
        return bool(turn % 12)

    def ask_as_a_stranger(self, part: str) -> None:
        """Sight comes before everything else: no action is any different, not even one that does not exist."""
        turn = len(self.matrix.wheres[self.law.label]) + list(self.cast).index(part)
        names = [*self.law.actions, "nonsense"]
        spec = ActionSpec(names[turn % len(names)], "", "", (), ())
        self.matrix.strangers[part].add(self.heard(part, spec, None, self.number).code)

    def heard(self, part: str, spec: ActionSpec, opens: Law | None, number: str | None) -> Answer:
        """What the domain says to it, with no data."""
        actor = actor_for(self.cast[part], door="api", authenticated="token")
        try:
            with undone():
                if opens:
                    open_case(opens.label, actor, {}, subject=number)
                else:
                    perform(self.number, spec.name, actor, {})
        except Refusal as refusal:
            return Answer(refusal.reason, refusal.status, refusal.exit_status)
        return Answer(DONE, 201 if opens else 200, 0)

    # At the doors

    def listed(self, part: str) -> dict[str, dict[str, Any]] | None:
        """The API's list of actions by name; None where it says that there is no such case."""
        with undone():
            answer = self.client(part).get(f"/api/v1/cases/{self.number}/actions")
        return None if answer.status_code == OutOfScope.status else _by_name(answer.json())

    def compare_list(self, part: str, action: str, heard: Answer, shown: dict[str, Any] | None) -> None:
        """What is offered can be done, what is not is refused with the reason that was told; the list does not ask for
        data, so it may know a reason that the domain comes to later. Who sits blind is told of nothing else."""
        if shown is None:
            silent = self.actions[action][0].is_system or self.cast[part].person_id in self.blind
            told = heard.code if silent and heard.code != DONE else "not listed"
        elif shown["allowed"]:
            told = heard.code if heard.code in (DONE, ASKED) else "allowed"
        else:
            told = ASKED if heard.code == ASKED and shown["code"] != "not_permitted" else shown["code"]
        self.matrix.compare(LISTED, f"{self.number} {self.where}: {part}, {action}", told, heard.code)

    def ask_at_the_doors(self) -> None:
        """Each answer to each action once, and whatever is allowed once at every stop."""
        for action in self.actions:
            here = set()
            for part, answer in self.matrix.cells[self.law.label, action, self.where].items():
                known = here if answer.code in (DONE, ASKED) else self.matrix.doors[self.law.label, action]
                if answer.code not in known:
                    known.add(answer.code)
                    what = f"{self.number} {self.where}: {part}, {action}"
                    self.matrix.compare(API, what, self.by_api(part, action), (answer.status, answer.code))
                    self.matrix.compare(COMMAND, what, self.by_command(part, action), answer.exit_status)

    def by_api(self, part: str, action: str) -> tuple[int, str]:
        spec, opens = self.actions[action]
        path, body = f"/api/v1/cases/{self.number}/actions/{spec.name}", {"data": {}}
        if opens:
            path, body = "/api/v1/cases", body | {"type": opens.label, "subject": self.number}
        elif spec.decides:
            body |= {"version": read_family(self.number).version}
        with undone():
            answer = self.client(part).post(path, json.dumps(body), content_type="application/json")
        return answer.status_code, answer.json().get("code", DONE)

    def by_command(self, part: str, action: str) -> int:
        spec, opens = self.actions[action]
        with undone():
            if opens:
                return self.run(part, "open_case", opens.label, "--subject", self.number)[0]
            return self.run(part, "perform", self.number, spec.name)[0]

    def list_by_command(self, seeing: dict[str, dict[str, dict[str, Any]]]) -> None:
        """As the API lists it: once for each list by which anything is allowed."""
        shown: list[dict[str, Any]] = []
        for part, listed in seeing.items():
            told = _allowed(listed)
            if told in shown or not any(allowed for allowed, _code in told.values()):
                continue
            shown.append(told)
            with undone():
                _status, text = self.run(part, "actions", self.number)
            heard = _allowed(_by_name(json.loads(text)))
            self.matrix.compare(LISTED_BY_COMMAND, f"{self.number} {self.where}: {part}", heard, told)

    def run(self, part: str, *words: str) -> tuple[int, str]:
        """The command's exit status and what it printed."""
        login, out = self.cast[part].username, StringIO()
        self.environment.setenv("GONGDUAN_TOKEN", login)
        try:
            call_command(*words, "--as", login, stdout=out, stderr=StringIO())
        except SystemExit as end:
            return int(end.code or 0), out.getvalue()
        return 0, out.getvalue()

    def client(self, part: str) -> Client:
        return Client(headers={"authorization": f"Bearer {self.cast[part].username}", "accept-language": "en"})


def _by_name(actions: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    apps = {law.label: law.app for law in laws().values()}
    return {f"{apps[a['opens']]}.{a['action']}" if a["opens"] else a["action"]: a for a in actions}


def _allowed(listed: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {name: (shown["allowed"], shown["code"]) for name, shown in listed.items()}
