"""Worlds that differ in nothing but what an arbitrator may not know before the reveal.

In each the same person sits blind at the same hour over the same list of criteria, after the same number of steps. All
else is different: agent, unit, inspector, leader, the rest of the panel and its size, the seat, what was scored,
claimed, stated and ruled, when the call was and when the dispute was filed, and which of the criteria are disputed."""

import io
import re
import wave
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import Q

from casework import store
from casework.domain.actor import system
from casework.domain.perform import open_case, perform
from casework.domain.staff import grant
from casework.models import Account, Case, CaseEvent, Document, Party, Person, Unit
from tests.conftest import SHANGHAI, Time, acting, forget
from tests.factories import TEN, credential, deliver_all, evaluation, panel, recording, scorecard
from tests.seen import case, parties, revoke_all
from workflows.evaluations.models import Recording

LOOKED_AT = "abe"
BEFORE, NOON = "2026-11-02 09:10", "2026-11-03 10:00"
LISTED = ("QC1", "QC2", "QA5", "QA6")
OWN_SCORES = {"criteria": [{"criterion": code, "value": "7"} for code in LISTED]}
# What LOOKED_AT holds besides: nothing; the posts that see most, and that some action asks for; half of the units.
GRANTS = {
    "plain": [], "importer": [("qa_lead", "OC")], "over P-EC": [("supervisor", "P-EC")],
    "laden": [(role, "OC") for role in ("qa_lead", "director", "hr", "auditor", "supervisor", "inspector")],
}  # fmt: skip
TRIES = 200


def _sound() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 1, 8000, 0, "NONE", ""))
        file.writeframes(b"\x80" * 8000)
    return out.getvalue()


SOUND = _sound()


@dataclass(frozen=True)
class World:
    """`matters` go before the panel, everything but them and the controls is disputed and left at that."""

    name: str
    agent: str
    inspector: str
    leader: str
    unit: str
    pool: tuple[str, ...]
    seat: str
    panel: int
    matters: tuple[str, str]
    controls: tuple[str, str]
    scored: tuple[str, str]
    other: str
    claimed: tuple[str, str]
    ruled: tuple[str, str]
    ground: str
    call_at: str
    filed_at: str

    @property
    def external_id(self) -> str:
        return f"EV-SECRET-{self.name}"

    @property
    def interaction_id(self) -> str:
        return f"CALL-SECRET-{self.name}"

    def words(self, what: str) -> str:
        """A text of that kind, found nowhere else, as long as it happens to be."""
        return f"{what}-{self.name}-" + "语速" * len(self.name)


NORTH = World(
    name="north", agent="ann", inspector="ian", leader="lee", unit="T-EC1", pool=("abe", "cui", "gu", "shi"),
    seat="arbitrator_1", panel=3, matters=("QC1", "QC2"), controls=("QA5", "QA6"), scored=("3.5", "2.5"), other="8.5",
    claimed=("9.5", "9.5"), ruled=("6.5", "2.5"), ground="fact_wrong", call_at="2026-10-20 11:07",
    filed_at="2026-11-03 10:00",
)  # fmt: skip
# The list is the same, but what is disputed in it is not; three sit as in the north, in other seats.
SOUTHERN = World(
    name="southern", agent="chen", inspector="feng", leader="liang", unit="T-SC1", pool=("abe", "bai", "tang", "luo"),
    seat="arbitrator_3", panel=3, matters=("QA5", "QA6"), controls=("QC1", "QC2"), scored=("1.5", "4.5"), other="8.5",
    claimed=("9.5", "9.5"), ruled=("1.5", "5.5"), ground="rule_misread", call_at="2026-10-19 15:41",
    filed_at="2026-11-02 16:20",
)  # fmt: skip
# So little is claimed that one decides alone.
EAST = World(
    name="east", agent="bo", inspector="ivy", leader="luo", unit="T-EC2", pool=("abe", "cui", "gu", "tang"),
    seat="arbitrator_1", panel=1, matters=("QC1", "QA6"), controls=("QC2", "QA5"), scored=("5.5", "2.5"), other="6.5",
    claimed=("8.5", "4.5"), ruled=("7.5", "3.5"), ground="evidence_overlooked", call_at="2026-10-21 09:30",
    filed_at="2026-11-02 10:05",
)  # fmt: skip
WORLDS = (NORTH, SOUTHERN, EAST)


@dataclass(frozen=True)
class Numbers:
    """What there is to ask for."""

    evaluation: str
    dispute: str
    arbitration: str
    foreign: str
    ruling: str
    recording: str


def play(world: World, time: Time, seat: str = "") -> Numbers:
    """The panel was just seated, LOOKED_AT among it in that seat; it is NOON."""
    time.set(BEFORE)
    _leave_in_the_pool(world.pool)
    foreign = evaluation(
        agent="H503", inspector="D501", reader=None, deductions={"QC3": "9"}, external_id="EV-FOREIGN",
        interaction_id="CALL-FOREIGN",
    )  # fmt: skip
    time.set(world.filed_at)
    number = _scored(world)
    dispute = _ruled(world, number)
    time.set(NOON)
    perform(dispute, "read", acting(world.agent))
    arbitration = _seated(world, dispute, seat or world.seat)
    ruling = Document.objects.get(case__number=dispute)
    sound = Recording.objects.get(interaction_id=world.interaction_id)
    assert case(arbitration).panel == world.panel and set(case(arbitration).controls["codes"]) == set(world.controls)
    return Numbers(number, dispute, arbitration, foreign, str(ruling.pk), sound.sha256)


def _leave_in_the_pool(logins: Iterable[str]) -> None:
    staying = set(Account.objects.filter(username__in=logins).values_list("person__no", flat=True))
    for no in Person.objects.filter(grants__role="arbitrator").exclude(no__in=staying).values_list("no", flat=True):
        revoke_all(no, "arbitrator")


def _scored(world: World) -> str:
    disputed = [code for code in TEN if code not in world.controls]
    values = dict.fromkeys(disputed, world.other) | dict(zip(world.matters, world.scored, strict=True))
    card = scorecard(values)
    card = {code: line | {"comment": world.words("comment")} if code in values else line for code, line in card.items()}
    number = evaluation(
        agent=no_of(world.agent), inspector=no_of(world.inspector), reader=world.agent, scores=card,
        external_id=world.external_id, interaction_id=world.interaction_id, customer_ref=world.words("customer"),
        started_at=datetime.fromisoformat(world.call_at).replace(tzinfo=SHANGHAI),
    )  # fmt: skip
    recording(number)
    _heard_alike(world)
    return number


def _heard_alike(world: World) -> None:
    """The recording tells who speaks to whoever knows the voice; every world plays the same."""
    digest = store.evidence().put(SOUND)
    Recording.objects.filter(interaction_id=world.interaction_id).update(sha256=digest, size=len(SOUND))


def _ruled(world: World, number: str) -> str:
    """The number of a dispute whose ruling was issued."""
    codes = [code for code in TEN if code not in world.controls]
    wanted = dict.fromkeys(codes, "10") | dict(zip(world.matters, world.claimed, strict=True))
    claims = [
        {"criterion": code, "claimed": wanted[code], "ground": world.ground, "reasons": world.words("claim")}
        for code in codes
    ]
    dispute = open_case("disputes.ScoreDispute", acting(world.agent), {"criteria": claims}, subject=number).number
    said = [{"criterion": code, "text": world.words("statement")} for code in codes]
    perform(dispute, "give_statement", acting(world.inspector), {"criteria": said})
    perform(dispute, "forward", acting(world.leader))
    deliver_all()
    reviewer = login_of(next(no for role, no in parties(dispute) if role == "reviewer"))
    values = dict(zip(world.matters, world.ruled, strict=True))
    decided = [
        {"criterion": code, "reasons": world.words("ruling"), "decision": "maintain"}
        | ({"decision": "other", "value": values[code]} if values.get(code) not in (None, *world.scored) else {})
        for code in codes
    ]
    perform(dispute, "rule", acting(reviewer), {"criteria": decided})
    deliver_all()
    draft = Document.objects.get(case__number=dispute, state="drafted")
    signature = {"document_sha256": draft.file_sha256, "credential": credential(reviewer)}
    perform(dispute, "sign", acting(reviewer), signature)
    deliver_all()
    return dispute


def _seated(world: World, dispute: str, seat: str) -> str:
    """The appeal, taken back and made again until the lot seats LOOKED_AT there."""
    asked = [{"criterion": code, "reasons": world.words("appeal")} for code in world.matters]
    for _ in range(TRIES):
        with transaction.atomic():
            perform(dispute, "appeal", acting(world.agent), {"criteria": asked})
            number = Case.objects.get(type="arbitration.Arbitration", subject__number=dispute).number
            if panel(number).get(seat) == LOOKED_AT:
                break
            transaction.set_rollback(True)
        forget()
    else:
        raise AssertionError(f"{LOOKED_AT} is never seated as {seat}")
    deliver_all()
    return number


def beside(number: str) -> list[str]:
    """Logins of the rest of the panel, by seat."""
    return [login for login in panel(number).values() if login != LOOKED_AT]


def laden_with(hand: str) -> None:
    for role, unit in GRANTS[hand]:
        grant(Person.objects.get(no=no_of(LOOKED_AT)), role, Unit.objects.get(code=unit), system())


@contextmanager
def undone() -> Iterator[None]:
    """Whatever was done inside never was."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    forget()


def secrets_of(world: World, numbers: Numbers, scorer: str = LOOKED_AT) -> re.Pattern[str]:
    """Everything of the family that a blind scorer may not learn, wherever it stands between other letters and
    digits."""
    words = {numbers.evaluation, numbers.dispute, world.external_id, world.interaction_id, world.ground}
    words |= {world.words(what) for what in ("customer", "comment", "claim", "statement", "ruling", "appeal")}
    words |= {*world.scored, *world.claimed, *world.ruled, world.other, utc(world.call_at)}
    scored = case(numbers.evaluation)
    words |= {str(scored.score), str(scored.original_score), scored.band}
    words |= _people(world, numbers, scorer) | _units(world) | _marks(numbers)
    every = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.compile(rf"(?<![A-Za-z0-9.])(?:{every})(?![A-Za-z0-9])")


def _people(world: World, numbers: Numbers, scorer: str) -> set[str]:
    part = Party.objects.filter(case__family=case(numbers.evaluation).family).values("person")
    others = Q(accounts__username__in=(*world.pool, world.leader, world.agent, world.inspector))
    found = Person.objects.filter(Q(pk__in=part) | others).exclude(no=no_of(scorer)).distinct()
    logins = Account.objects.filter(person__in=found).values_list("username", flat=True)
    return {*logins, *(word for person in found for word in (person.no, person.name, person.email) if word)}


def _units(world: World) -> set[str]:
    """The agent's team and project; that it is all one company is no secret."""
    unit, words = Unit.objects.get(code=world.unit), set()
    while unit.parent is not None:
        words |= {unit.code, unit.name}
        unit = unit.parent
    return words


def _marks(numbers: Numbers) -> set[str]:
    """Digests and keys by which somebody could find the rest, or try out guesses."""
    family = case(numbers.evaluation).family
    papers = Document.objects.filter(case__family=family)
    words = {str(value) for row in papers.values_list("pk", "file_sha256", "draft_sha256", "snapshot_sha256")
             for value in row if value}  # fmt: skip
    words |= set(CaseEvent.objects.filter(case__family=family).values_list("digest", flat=True))
    words |= {str(pk) for pk in Party.objects.filter(case__family=family).values_list("pk", flat=True)}
    others = Case.objects.filter(family=family).exclude(number=numbers.arbitration)
    return words | {str(pk) for pk in others.values_list("pk", flat=True)} | {str(family.pk)}


def no_of(login: str) -> str:
    return Account.objects.get(username=login).person.no


def login_of(no: str) -> str:
    return Account.objects.filter(person__no=no).order_by("id")[0].username


def utc(local: str) -> str:
    """A moment of Shanghai as answers write it, up to the minute."""
    return datetime.fromisoformat(local).replace(tzinfo=SHANGHAI).astimezone(UTC).strftime("%Y-%m-%dT%H:%M")
