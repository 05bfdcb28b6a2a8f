"""A walk through everything people, time and machines can do to one family of cases.

It is played from cards: each says what kind of thing happens and what its dice show, so that a walk that fails shrinks
to the few cards it takes."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from casework import queries
from casework.domain import deliveries
from casework.domain.actor import Actor, system
from casework.domain.authority import may
from casework.domain.directory import directory
from casework.domain.errors import Refusal
from casework.domain.law import law_of
from casework.domain.now import now
from casework.domain.perform import open_case, perform
from casework.domain.reading import read_family
from casework.domain.staff import record_leave
from casework.domain.sweep import fire_due
from casework.models import Account, CaseEvent, CaseRead, Clock, Delivery, Evidence, Person, Task
from tests.conftest import SHANGHAI, Time, acting
from tests.laws import invariants
from tests.laws.walk_data import claims_on, data_for
from tests.seen import revoke_all

AGENTS = {"A1001": "ann", "A1002": "bo", "A1003": "chen"}
ARBITRATORS = ("M403", "M404", "M405", "M406", "M407", "L302", "L303", "T951")
KINDS = {
    "rest": 1, "duty": 50, "lawful": 14, "wild": 4, "file": 3, "look": 2, "wait": 3, "sweep": 6, "deliver": 8,
    "go_away": 1, "leave_job": 2,
}  # fmt: skip
DECK = [kind for kind, cards in KINDS.items() for _ in range(cards)]
LIKELY = {"ARB": 6, "DSP": 4, "EVL": 1}
EARLY = {
    "withdraw", "recuse", "release", "revise", "add_criteria", "return_to_agent", "accept", "challenge",
    "refuse_reinstatement", "refuse_reopening",
}  # fmt: skip
EDGES = (-1, 0, 1, 59, 60, 61)
TRIES = 4


class Walk:
    """A family, a clock and the cards; `trace` is what was done, for whoever must understand it."""

    def __init__(self, root: str, time: Time) -> None:
        self.root, self.time, self.dice = root, time, random.Random(0)
        self.trace: list[str] = []
        self.refused = 0
        self.visited: set[tuple[str, str]] = set()
        self.logins: dict[int, str] = {}
        for login, person in Account.objects.exclude(person=None).order_by("id").values_list("username", "person_id"):
            self.logins.setdefault(person, login)
        self.cast = [self.logins[p] for p in _concerned()]
        self.actors = {login: acting(login) for login in self.cast}
        self.checked = 0

    def play(self, kind: str, seed: int) -> None:
        """One card; afterwards everything that must hold, holds."""
        self.dice = random.Random(seed)
        what = getattr(self, kind)()
        self.trace.append(f"{now().astimezone(SHANGHAI):%m-%d %H:%M:%S} {kind} {seed}: {what}")
        self.check()
        self.visited |= {(case.type, str(case.state)) for case in self.family.cases}

    def check(self) -> None:
        """A family whose version is the one that was checked has not changed since."""
        if (version := self.family.version) != self.checked:
            invariants.check(self.root)
            self.checked = version

    @property
    def family(self) -> Any:
        return read_family(self.root)

    # What people do

    def duty(self) -> str:
        """Somebody does what a task asks of them; where nobody owes anything now, machines and time go on."""
        said = ""
        for _ in range(TRIES):
            tasks = list(Task.objects.filter(number__in=[c.number for c in self.family.cases], finished=None))
            if not tasks:
                break
            task = self._weighed(sorted(tasks, key=lambda t: t.pk), lambda t: LIKELY[t.number[:3]])
            case = self.family.case(task.number)
            law = law_of(case)
            name = self._weighed(getattr(law.flow.instance, task.node).actions, _ease)
            people = [self.logins[task.person_id]] if task.person_id else self._able(case, law.actions[name])
            if not people:
                continue
            said = self.act(case, self.dice.choice(people), law.actions[name])
            if said.endswith("done"):
                return said
        return f"{said}; {self.deliver() if Delivery.objects.exists() else self.sweep()}"

    def lawful(self) -> str:
        """Something that the law, the state and the person's grants allow."""
        said = "nothing to do"
        for _ in range(TRIES):
            open_ones = [
                (case, spec) for case in self.family.cases for spec in law_of(case).actions.values()
                if not (spec.is_system or spec.opening) and ("*" in spec.sources or case.state in spec.sources)
            ]  # fmt: skip
            case, spec = self._weighed(open_ones, lambda move: LIKELY[move[0].prefix] * _ease(move[1].name))
            if not (people := self._able(case, spec)):
                continue
            said = self.act(case, self.dice.choice(people), spec)
            if said.endswith("done"):
                break
        return said

    def wild(self) -> str:
        """Anybody, anything, anywhere."""
        case = self.dice.choice(self.family.cases)
        spec = self.dice.choice([s for s in law_of(case).actions.values() if not s.opening])
        return self.act(case, self.dice.choice(self.cast), spec)

    def file(self) -> str:
        case = self.family.case(self.root)
        login = AGENTS[directory().persons[case.concerned_id].no]
        if self.dice.random() < 0.15:
            login = self.dice.choice(self.cast)
        data = claims_on(self.dice, case)
        return self._tried(
            f"{login} files on {self.root}",
            lambda: open_case("disputes.ScoreDispute", self._at_the_door(login), data, subject=self.root),
        )

    def look(self) -> str:
        """Somebody opens a case, which bars them from its panel."""
        case, login = self.dice.choice(self.family.cases), self.dice.choice(self.cast)
        try:
            queries.opened(case.number, self._at_the_door(login))
        except Refusal as refusal:
            return f"{login} opens {case.number}: {refusal}"
        return f"{login} opens {case.number}"

    def act(self, case: Any, login: str, spec: Any) -> str:
        data = data_for(self.dice, case, spec.name, login)
        version = self.family.version if spec.decides else None
        if spec.decides and self.dice.random() < 0.05:
            version = version - 1
        return self._tried(
            f"{login} performs {spec.name} on {case.number}",
            lambda: perform(case.number, spec.name, self._at_the_door(login), data, version=version),
        )

    def _able(self, case: Any, spec: Any) -> list[str]:
        """Whose grants or part in the case allow it."""
        family, able = self.family, []
        book = directory(family.stamp)
        for login in self.cast:
            try:
                may(spec, self._at_the_door(login), case, family.parties_of(case), family, book)
            except Refusal:
                continue
            able.append(login)
        return able

    def _tried(self, what: str, call: Callable[[], Any]) -> str:
        """A refusal changes nothing of the family, in no way that anybody could tell."""
        before = self._everything()
        try:
            call()
        except Refusal as refusal:
            self.refused += 1
            assert self._everything() == before
            return f"{what}: {type(refusal).__name__} {refusal.reason} ({refusal})"
        return f"{what}: done"

    def _everything(self) -> Any:
        family = self.family
        return (
            family.version, [vars(case)["as_read"] | {"_state": None} for case in family.cases],
            [(p.pk, p.until, p.ended_by, p.blind) for p in family.parties],
            [(c.pk, c.state, c.due_at) for c in family.clocks], [(t.pk, t.due_at) for t in family.tasks],
            [(str(d.pk), d.state, d.file_sha256) for d in family.documents],
            CaseEvent.objects.filter(case__in=[case.pk for case in family.cases]).count(), Delivery.objects.count(),
            CaseRead.objects.count(), Evidence.objects.exclude(added_at=None).count(),
        )  # fmt: skip

    def _at_the_door(self, login: str) -> Actor:
        return Actor(**{**vars(self.actors[login]), "received_at": now()})

    def _weighed(self, things: Any, weight: Callable[[Any], int]) -> Any:
        return self.dice.choices(list(things), [weight(thing) for thing in things])[0]

    # What becomes of people

    def go_away(self) -> str:
        """Somebody is on leave from today."""
        person = Person.objects.get(no=self.dice.choice([*ARBITRATORS, "M401", "F801", *AGENTS]))
        today = now().astimezone(SHANGHAI).date()
        record_leave(person, today, today + timedelta(days=self.dice.randrange(12)), system())
        return f"{person.no} is on leave"

    def leave_job(self) -> str:
        """Somebody is no arbitrator any more; whoever sits is the likeliest."""
        sitting = [
            directory().persons[p.person_id].no
            for p in self.family.parties if p.until is None and p.role.startswith("arbitrator_")
        ]  # fmt: skip
        no = self.dice.choice(sitting or ARBITRATORS)
        revoke_all(no, "arbitrator")
        return f"{no} is no arbitrator any more"

    # What time and machines do

    def rest(self) -> str:
        return "nothing happens"

    def wait(self) -> str:
        """To the edge of a deadline, or some hours on; never back."""
        recent = Clock.objects.filter(state="running", due_at__gt=now() - timedelta(minutes=2))
        due = sorted(recent.filter(case__in=self.family.cases).values_list("due_at", flat=True))
        if due and self.dice.random() < 0.7:
            soonest = due[: self.dice.choice([1, 1, 3])][-1]
            moment: datetime = soonest + timedelta(seconds=self.dice.choice(EDGES))
        else:
            moment = now() + timedelta(hours=self.dice.choice([0.5, 2, 5, 15]))
        self.time.to(max(moment, now()))
        return "time moves"

    def sweep(self) -> str:
        """A sweeper runs, or two after one another, early or late."""
        if self.dice.random() < 0.5:
            self.wait()
        fired = [fire_due() for _ in range(self.dice.choice([1, 2, 3]))]
        assert not any(fired[1:]), "a second sweep found something to fire"
        problems = list(Clock.objects.exclude(problem="").values_list("name", "problem"))
        assert not problems, problems
        return f"{fired[0]} clocks fire"

    def deliver(self) -> str:
        """What waits is delivered; now and then a worker dies before it could say so, and another does it again."""
        if self.dice.random() < 0.2:
            for delivery in list(Delivery.objects.order_by("id")[:3]):
                deliveries._handlers[delivery.kind](delivery)
        done = deliveries.deliver_due()
        problems = list(Delivery.objects.exclude(problem="").values_list("kind", "payload", "problem"))
        assert not problems, problems
        return f"{done} delivered"


def _ease(action: str) -> int:
    """The moves that end a matter early are rarer, so that decisions are reached."""
    return 1 if action in EARLY else 8


def _concerned() -> list[int]:
    """Everybody who has any role but an agent's, and three agents; by staff number."""
    named = set(Person.objects.filter(no__in=[*AGENTS, "A1004"]).values_list("id", flat=True))
    held = {g.person_id for role, grants in directory().by_role.items() if role != "agent" for g in grants}
    return sorted(named | held, key=lambda person: directory().persons[person].no)
