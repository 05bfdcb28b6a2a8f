"""The main job, one thing after the other, with the database as it was before each."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections

from casework.domain.clocks import GRACE
from casework.domain.deliveries import deliver_due
from casework.domain.now import now
from casework.domain.perform import open_case, perform
from casework.domain.sweep import fire_due
from casework.imports.tables import read_table
from casework.models import Clock, Delivery
from casework.receiving import asked_for, give
from tests.conftest import Time, _copied, _drop, acting, forget
from tests.factories import (
    APPEAL,
    CLAIMS,
    RULING,
    STATEMENT,
    ballot,
    blind_scores,
    credential,
    deliver_all,
    dispute,
    evaluation,
    panel,
    recording,
    signature_of,
)
from workflows.arbitration.models import Arbitration
from workflows.disputes.models import ScoreDispute
from workflows.evaluations.importing import open_evaluations, read_evaluations

SIGNERS = ("qin", "abe", "bai", "cui", "gu", "shi", "luo", "liang", "tang")
STEPS = (
    "file", "add_evidence", "give_statement", "forward", "rule", "draw_ruling", "sign_ruling", "issue_ruling", "read",
    "appeal", "reveal", "draw_award", "sign_award", "issue_award", "fire_clocks", "import_evaluations",
)  # fmt: skip


@dataclass(frozen=True)
class Moment:
    """Just before `act`: a database, the time."""

    database: str
    at: datetime
    act: Callable[[], Any]


class Story:
    """Plays the main job once and keeps a moment before each of STEPS; each act may be repeated, as whoever got no
    answer repeats it: under the same key."""

    def __init__(self) -> None:
        self.moments: dict[str, Moment] = {}
        self.time = Time()

    def tell(self) -> None:
        for login in SIGNERS:
            credential(login)
        self.keep("import_evaluations", import_two)
        score = evaluation()
        recording(score)
        self.go("file", lambda: open_case("disputes.ScoreDispute", acting("ann"), CLAIMS, subject=score, key="file"))
        number = ScoreDispute.objects.get().number
        deliver_all()
        self.keep_fired()
        self.keep("add_evidence", lambda: give_a_note(number))
        self.go("give_statement", self.does(number, "give_statement", "ian", STATEMENT))
        self.go("forward", self.does(number, "forward", "lee"))
        deliver_all()
        self.go("rule", self.does(number, "rule", "qin", RULING))
        self.go("draw_ruling", deliver_until_idle)
        self.go("sign_ruling", self.does(number, "sign", "qin", signature_of(number, "qin")))
        self.go("issue_ruling", deliver_until_idle)
        self.go("read", self.does(number, "read", "ann"))
        self.go("appeal", self.does(number, "appeal", "ann", APPEAL))
        deliver_all()
        self.arbitrate(Arbitration.objects.get().number)

    def arbitrate(self, number: str) -> None:
        for login in panel(number).values():
            perform(number, "score_blind", acting(login), blind_scores(number))
        perform(number, "waive_challenge", acting("ann"))
        self.go("reveal", self.does(number, "waive_challenge", "ian"))
        for login in panel(number).values():
            perform(number, "vote", acting(login), ballot(number))
        self.go("draw_award", deliver_until_idle)
        *others, last = panel(number).values()
        for login in others:
            perform(number, "sign", acting(login), signature_of(number, login))
        self.go("sign_award", self.does(number, "sign", last, signature_of(number, last)))
        self.go("issue_award", deliver_until_idle)

    def keep_fired(self) -> None:
        """Two leaders let the time run out; what is due of both is written together."""
        at, due = now(), Clock.objects.get(case__type="disputes.ScoreDispute", name="screen").due_at
        with elsewhere(str(connection.settings_dict["NAME"])):
            dispute(evaluation(agent="A1003", inspector="Q201", reader="chen"), agent="chen")
            deliver_all()
            self.time.to(due + GRACE + timedelta(seconds=1))
            self.keep("fire_clocks", fire_due)
        self.time.to(at)

    def does(self, number: str, action: str, login: str, data: Any = None) -> Callable[[], Any]:
        return lambda: perform(number, action, acting(login), data, key=action)

    def go(self, name: str, act: Callable[[], Any]) -> None:
        self.keep(name, act)
        act()

    def keep(self, name: str, act: Callable[[], Any]) -> None:
        with elsewhere(str(connection.settings_dict["NAME"]), drop=False) as kept:
            self.moments[name] = Moment(kept, now(), act)


@contextmanager
def elsewhere(original: str, *, drop: bool = True) -> Iterator[str]:
    """Inside, the database is a copy of that one."""
    here = str(connection.settings_dict["NAME"])
    copy = _copied(original)
    forget()
    try:
        yield copy
    finally:
        connections.close_all()
        connection.settings_dict["NAME"] = here
        forget()
        if drop:
            _drop(copy)


def give_a_note(number: str) -> None:
    """As the doors take a file from its giver."""
    file, actor = SimpleUploadedFile("note.txt", b"said at 0:35"), acting("ann")
    give(asked_for(number, actor, "add_evidence"), file, {"shows": "What was said"}, key="add_evidence")


def import_two() -> None:
    """As the command imports a file; of what is there already, nothing."""
    lines = (settings.BASE_DIR / "demo/data/evaluations-2026-10.csv").read_bytes().splitlines(keepends=True)
    heads = list(dict.fromkeys(line.split(b",")[0] for line in lines))[:3]
    table = read_table(b"".join(line for line in lines if line.split(b",")[0] in heads))
    found = read_evaluations(table)
    assert not found.problems and len(found.records) + len(found.unchanged) == 2
    open_evaluations(found.records, acting("qin"))


def deliver_until_idle() -> None:
    while Delivery.objects.filter(due_at__lte=now()).exists():
        deliver_due()
