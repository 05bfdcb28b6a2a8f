"""A walk at random through everything people and time can do to a few evaluations and their disputes."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from casework.domain import deliveries
from casework.domain.actor import Actor
from casework.domain.authority import may
from casework.domain.directory import directory
from casework.domain.errors import Refusal
from casework.domain.law import law_of
from casework.domain.now import now
from casework.domain.perform import open_case, perform
from casework.domain.reading import read_family
from casework.domain.sweep import fire_due
from casework.models import Case, CaseEvent, Clock, Delivery, Document
from tests.conftest import SHANGHAI, Time, acting
from tests.factories import credential, evaluation, recording
from tests.laws import invariants

CAST = (
    "ann", "bo", "chen", "lee", "luo", "liang", "ivy", "ian", "ian2", "feng", "qin", "qiu", "abe", "dai", "tou", "sun",
    "fang", "fei", "hua", "tang", "aud",
)  # fmt: skip
GROUNDS = ("fact_wrong", "rule_misread", "evidence_overlooked", "procedure_broken")
EDGES = (-1, 0, 1, 59, 60, 61)


class Walk:
    """Families, a clock and a hand of cards; `trace` is what was done, for whoever must repeat it."""

    def __init__(self, seed: int, time: Time) -> None:
        self.dice, self.time = random.Random(seed), time
        self.trace: list[str] = []
        self.drafts, self.done, self.refused = 0, 0, 0
        self.visited: set[tuple[str, str]] = set()
        first = evaluation()
        recording(first)
        second = evaluation(agent="A1003", inspector="Q201", reader=None, deductions={"QC1": "4", "QA2": "7.5"})
        third = evaluation(agent="A1002", inspector="Q203", publisher=None)
        recording(second)
        self.roots = [first, second, third]
        self.actors = {login: acting(login) for login in CAST}

    def step(self) -> None:
        """One thing happens; afterwards everything that must hold, holds."""
        moves: list[tuple[Callable[[], str], int]] = [
            (self.lawful, 7), (self.urged, 12), (self.wild, 3), (self.wait, 1), (self.sweep, 3), (self.deliver, 4),
            (self.file, 3),
        ]  # fmt: skip
        kinds, weights = zip(*moves, strict=True)
        what = self.dice.choices(kinds, weights)[0]()
        self.trace.append(f"{now().astimezone(SHANGHAI):%m-%d %H:%M:%S} {what}")
        for number in self.roots:
            invariants.check(number)
        self.visited |= set(Case.objects.values_list("type", "state"))

    # What people do

    def lawful(self) -> str:
        """Something that the law, the state and the person's grants allow; data as a sensible person gives it."""
        return self._one_of(self._open_moves())

    def urged(self) -> str:
        """The same, without the moves that end a dispute early, so that rulings are reached."""
        early = {"withdraw", "recuse", "release", "revise", "add_criteria", "return_to_agent"}
        return self._one_of([move for move in self._open_moves() if move[2].name not in early])

    def wild(self) -> str:
        """Anybody, anything, anywhere."""
        case = self.dice.choice(list(self._cases()))
        login = self.dice.choice(CAST)
        spec = self.dice.choice([s for s in law_of(case).actions.values() if not s.opening])
        return self.act(case, login, spec)

    def file(self) -> str:
        number = self.dice.choice(self.roots)
        case = read_family(number).case(number)
        login = {"A1001": "ann", "A1002": "bo", "A1003": "chen"}[directory().persons[case.concerned_id].no]
        if self.dice.random() < 0.15:
            login = self.dice.choice(CAST)
        data = {"criteria": self._claims(case)}
        return self._tried(
            f"{login} files on {number}",
            lambda: open_case("disputes.ScoreDispute", self._at_the_door(login), data, subject=number),
            number,
        )

    def act(self, case: Any, login: str, spec: Any) -> str:
        data = self._data(case, spec.name, login)
        version = read_family(case.number).version if spec.decides else None
        if spec.decides and self.dice.random() < 0.1:
            version = version - 1
        return self._tried(
            f"{login} performs {spec.name} on {case.number}",
            lambda: perform(case.number, spec.name, self._at_the_door(login), data, version=version),
            case.number,
        )

    def _one_of(self, moves: list[tuple[Any, str, Any]]) -> str:
        """The first of a few that is done. Each kind of action is as likely as any other, however many people may do
        it; a dispute's likelier than an evaluation's."""
        said = "nothing to do"
        for _ in range(6):
            names = sorted({(case.prefix, spec.name) for case, _login, spec in moves})
            if not names:
                break
            weights = [4 if prefix == "DSP" else 1 for prefix, _name in names]
            chosen = self.dice.choices(names, weights)[0]
            case, login, spec = self.dice.choice([m for m in moves if (m[0].prefix, m[2].name) == chosen])
            said = self.act(case, login, spec)
            if said.endswith("done"):
                break
            moves = [move for move in moves if move != (case, login, spec)]
        return said

    def _open_moves(self) -> list[tuple[Any, str, Any]]:
        found = []
        for number in self.roots:
            family = read_family(number)
            book = directory(family.stamp)
            for case in family.cases:
                for spec in law_of(case).actions.values():
                    if spec.is_system or spec.opening or not ("*" in spec.sources or case.state in spec.sources):
                        continue
                    if spec.name in ("rule", "sign") and self.drafts > 8:
                        continue
                    for login in CAST:
                        try:
                            may(spec, self._at_the_door(login), case, family.parties_of(case), family, book)
                        except Refusal:
                            continue
                        found.append((case, login, spec))
        return found

    def _tried(self, what: str, call: Callable[[], Any], number: str) -> str:
        """A refusal changes nothing of the family, in no way that anybody could tell."""
        before = self._everything(number)
        try:
            call()
        except Refusal as refusal:
            self.refused += 1
            assert self._everything(number) == before
            return f"{what}: {type(refusal).__name__} {refusal.reason} ({refusal})"
        self.done += 1
        if " rule " in what:
            self.drafts += 1
        return f"{what}: done"

    def _everything(self, number: str) -> Any:
        family = read_family(number)
        streams = [f"case:{case.number}" for case in family.cases]
        return (
            family.version, [vars(case)["as_read"] | {"_state": None} for case in family.cases],
            [(p.pk, p.until, p.ended_by) for p in family.parties], [(c.pk, c.state, c.due_at) for c in family.clocks],
            [(t.pk, t.due_at) for t in family.tasks], [(str(d.pk), d.state, d.file_sha256) for d in family.documents],
            CaseEvent.objects.filter(stream__in=streams).count(), Delivery.objects.count(),
        )  # fmt: skip

    def _at_the_door(self, login: str) -> Actor:
        return Actor(**{**vars(self.actors[login]), "received_at": now()})

    def _cases(self) -> list[Any]:
        return [case for number in self.roots for case in read_family(number).cases]

    # What they say

    def _data(self, case: Any, action: str, login: str) -> dict[str, Any]:
        reasons, dice = {"reasons": "理由充分"}, self.dice
        match action:
            case "add_criteria" | "amend":
                return {"criteria": self._claims(read_family(case.number).by_id[case.subject_id])}
            case "give_statement":
                concede = dice.random() < 0.3
                return {
                    "criteria": [{"criterion": code, "text": "如实评分", "concede": concede} for code in case.claims]
                }
            case "rule":
                annul = "程序违反规定" if dice.random() < 0.1 else ""
                return {
                    "criteria": [self._decision(code, claim) for code, claim in case.claims.items()],
                    "annul": annul,
                }
            case "sign":
                draft = Document.objects.filter(case_id=case.pk, state="drafted").first()
                return {
                    "document_sha256": draft.file_sha256 if draft else "0" * 64,
                    "credential": self._secret(login, draft),
                }
            case "recuse":
                return {"category": "other", "text": "相识"}
            case "ask_reinstatement":
                return {"cause": "outage", **reasons}
            case "question" | "answer":
                return {"text": "为什么扣分？"}
            case "record_receipt":
                return {"proof": "签收单"}
            case "propose_correction":
                code = dice.choice(sorted(case.current))
                return {"changes": [{"criterion": code, "value": dice.choice(["10", "9.5", "3"]), **reasons}]}
            case "return_to_agent" | "reinstate" | "refuse_reinstatement" | "refuse_correction":
                return reasons
        return {}

    def _claims(self, case: Any) -> list[dict[str, Any]]:
        codes = case.open_criteria or sorted(case.current)
        cut = [code for code in codes if case.current[code].get("score") not in (None, "10")] or codes
        chosen = self.dice.sample(cut, self.dice.randint(1, min(2, len(cut))))
        return [
            {"criterion": c, "claimed": "10", "ground": self.dice.choice(GROUNDS), "reasons": "见录音", "seconds": [35]}
            for c in chosen
        ]

    def _decision(self, code: str, claim: dict[str, Any]) -> dict[str, Any]:
        line = {"criterion": code, "reasons": "经复听录音"}
        if (claim["statement"] or {}).get("conceded"):
            return {**line, "decision": "accept"}
        kind = self.dice.choice(["maintain", "accept", "other", "other", "inadmissible"])
        if kind == "other":
            return {**line, "decision": kind, "value": self.dice.choice(["10", "9", claim["original"]["score"], "0"])}
        return {**line, "decision": kind, **({"ground": "no_reasons"} if kind == "inadmissible" else {})}

    def _secret(self, login: str, draft: Any) -> str:
        if draft is None or self.dice.random() < 0.1:
            return "no password of anybody"
        return credential(login)

    # What time and machines do

    def wait(self) -> str:
        """To the edge of a deadline, or some hours on; never back."""
        due = list(
            Clock.objects.filter(state="running", due_at__gt=now() - timedelta(minutes=2)).values_list(
                "due_at", flat=True
            )
        )
        if due and self.dice.random() < 0.7:
            soonest = sorted(due)[: self.dice.choice([1, 1, 3])][-1]
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
        assert not Clock.objects.exclude(problem="").exists(), Clock.objects.exclude(problem="").values(
            "name", "problem"
        )
        return f"{fired[0]} clocks fire"

    def deliver(self) -> str:
        """What waits is delivered; now and then a worker dies before it could say so, and another does it again."""
        if self.dice.random() < 0.3:
            for delivery in list(Delivery.objects.order_by("id")[:3]):
                deliveries._handlers[delivery.kind](delivery)
        done = deliveries.deliver_due()
        problems = list(Delivery.objects.exclude(problem="").values_list("kind", "problem"))
        assert not problems, problems
        return f"{done} delivered"
