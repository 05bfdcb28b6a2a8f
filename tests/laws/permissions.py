"""A case of every type in every state of its law, and somebody for every role and relation that matters.

The families are played as people would play them. The lots are left alone: who is drawn is known by the part they
have, and QA leads who are to stay free are on leave, so that no seat falls to them."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from casework.domain.actor import system
from casework.domain.directory import local_day
from casework.domain.law import Law, laws
from casework.domain.now import now
from casework.domain.perform import perform
from casework.domain.policy import current_policy
from casework.domain.staff import record_leave, store_people
from casework.imports.people import parse_people
from casework.imports.tables import read_table
from casework.keys import new_key
from casework.models import Account, Case, CaseRead, Document, Party, Person, Unit
from tests.conftest import Time, acting
from tests.factories import (
    APPEAL,
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
from tests.seen import sweep

# Who is in the table, by what they are to the agent's cases, with their logins. Whom a lot draws comes from the case.
CAST = {
    "agent": "ann", "agent's machine": "ann-machine", "teammate": "a1004", "other agent": "bo", "leader": "lee",
    "other leader": "leader2", "deputy leader": "qiu", "inspector": "ian", "inspector as lead": "ian2",
    "other inspector": "ivy", "reviewer": "qin", "free lead": "lead", "lead's machine": "lead-machine",
    "lead elsewhere": "lead-sc", "former lead": "lead-was", "lead and arbitrator": "lead-arb",
    "free arbitrator": "arb", "director": "fang", "barred director": "director-was-leader", "hr": "hua",
    "auditor": "aud", "supervisor": "sun", "duty manager": "dai", "project manager": "peng",
    "other project manager": "pan", "trainer": "trainer", "complaint handler": "tou", "department handler": "bi",
    "root": "root",
}  # fmt: skip
DRAWN = ("arbitrator_1", "arbitrator_2", "arbitrator_3", "challenge_ruler")

# Whom the demo lacks: people with one role and nothing else, or with two that do not go together.
PEOPLE = Path(__file__).with_name("permissions") / "people.csv"
ON_LEAVE = ("M490", "M491", "M493", "M494")
WHY = {"reasons": "理由充分"}


@dataclass(frozen=True)
class Stop:
    """A case that rests: its state, and behind a comma what else matters there."""

    number: str
    where: str


def store_cast() -> None:
    """Everybody of CAST has an account; the machines' belong to persons who may much."""
    table = read_table(PEOPLE.read_bytes())
    people = parse_people(table, list(Unit.objects.values_list("code", flat=True)), list(current_policy().roles))
    assert not people.problems, people.problems
    store_people([], people, system())
    for login in ("ann-machine", "lead-machine"):
        owner = Account.objects.get(username=login.removesuffix("-machine")).person
        Account.objects.create(username=login, person=owner, is_machine=True)
    for no in ON_LEAVE:
        record_leave(Person.objects.get(no=no), date(2026, 11, 1), date(2027, 1, 31), system())


def cast(number: str) -> dict[str, Account]:
    """Accounts of the cast; those whom a lot drew by the seat they hold, or held last, in the case's family."""
    family = Case.objects.get(number=number).family_id
    persons = {}
    for party in Party.objects.filter(case__family_id=family).order_by("id"):
        if party.role in DRAWN:
            persons["named arbitrator" if party.named else party.role] = party.person_id
            if party.ended_by in ("replaced", "recused"):
                persons[f"{party.ended_by} arbitrator"] = party.person_id
    accounts = Account.objects.select_related("person")
    known = {account.username: account for account in accounts.filter(username__in=CAST.values())}
    drawn = {account.person_id: account for account in accounts.filter(person_id__in=persons.values()).order_by("-id")}
    return {label: known[login] for label, login in CAST.items()} | {
        label: drawn[person_id] for label, person_id in sorted(persons.items())
    }


def stops(time: Time) -> Iterator[Stop]:
    """Every state of every law, one after the other; nothing moves while somebody looks. Time only goes on.

    GONGDUAN_TYPE=rewards plays that type alone, which brings its own stops."""
    only = os.environ.get("GONGDUAN_TYPE")
    if not only:
        yield from _score_and_answer()
        yield from _withdraw()
        yield from _maintain()
        yield from _annul()
        yield from _dispute_and_arbitrate(time)
        yield from _run_out_of_time(time)
    for law in laws().values():
        if only in (None, law.app):
            yield from stops_of(law, time)


def stops_of(law: Law, time: Time) -> Iterator[Stop]:
    """What a type plays by itself: stops() of stops.py in its folder of tests."""
    module = f"tests.{law.app}.stops"
    return import_module(module).stops(time) if find_spec(module) else iter(())


def _score_and_answer() -> Iterator[Stop]:
    number = evaluation(publisher=None)
    yield Stop(number, "draft")
    perform(number, "publish", acting("qin"))
    yield Stop(number, "standing")
    perform(number, "read", acting("ann"))
    yield Stop(number, "standing, served")
    perform(number, "question", acting("ann"), {"text": "为什么扣分？"})
    yield Stop(number, "standing, questioned")
    perform(number, "answer", acting("ian"), {"text": "语速过快"})
    raised = {"changes": [{"criterion": "QC4", "value": "5", **WHY}]}
    perform(number, "propose_correction", acting("ian"), raised)
    yield Stop(number, "standing, correction proposed")


def _withdraw() -> Iterator[Stop]:
    paper = _filed()
    perform(paper, "withdraw", acting("ann"))
    yield Stop(paper, "withdrawn")


def _maintain() -> Iterator[Stop]:
    """The ruling is appealed against, the appeal withdrawn."""
    paper = _filed("forwarded")
    lines = [{**line, "decision": "maintain", "value": None} for line in RULING["criteria"]]
    _rule(paper, {"criteria": lines})
    _sign(paper, "qin")
    yield Stop(_subject(paper), "maintained")
    perform(paper, "appeal", acting("ann"), APPEAL)
    deliver_all()
    number = _on(paper)
    perform(number, "withdraw", acting("ann"))
    yield Stop(number, "withdrawn")


def _annul() -> Iterator[Stop]:
    paper = _filed("forwarded")
    _rule(paper, {**RULING, "annul": "程序违反规定"})
    _sign(paper, "qin")
    yield Stop(_subject(paper), "annulled")


def _dispute_and_arbitrate(time: Time) -> Iterator[Stop]:
    """From filing to a request to reopen the award, with a challenge of the reviewer on the way."""
    paper = _filed()
    yield Stop(paper, "screening")
    yield Stop(_subject(paper), "provisional")
    perform(paper, "return_to_agent", acting("lee"), WHY)
    yield Stop(paper, "returned")
    perform(paper, "insist", acting("ann"))
    deliver_all()
    yield Stop(paper, "reviewing")
    perform(paper, "give_statement", acting("ian"), STATEMENT)
    perform(paper, "challenge", acting("ann"), {"against": "M401", **WHY})
    yield Stop(paper, "reviewing, challenged")
    perform(paper, "reject_challenge", _drawn(paper, "challenge_ruler"), {"against": "M401", **WHY})
    perform(paper, "release", acting("qin"))
    yield Stop(paper, "reviewing, seat empty")
    perform(paper, "claim", acting("qin"))
    _rule(paper, RULING)
    yield Stop(paper, "signing")
    yield from _signed_and_sealed(paper)
    yield from _appeal(paper)
    yield from _arbitrate(_on(paper), paper, time)


def _signed_and_sealed(paper: str) -> Iterator[Stop]:
    perform(paper, "sign", acting("qin"), signature_of(paper, "qin"))
    yield Stop(paper, "sealing")
    deliver_all()
    yield Stop(paper, "ruled")
    yield Stop(_subject(paper), "adjusted")
    perform(paper, "read", acting("ann"))
    yield Stop(paper, "ruled, served")


def _appeal(paper: str) -> Iterator[Stop]:
    """While the panel scores blind, a QA lead who may arbitrate has read the ruling."""
    reader = Account.objects.get(username="lead-arb").person
    CaseRead.objects.create(id=new_key(), case=Case.objects.get(number=paper), person=reader, at=now())
    perform(paper, "appeal", acting("ann"), APPEAL)
    deliver_all()
    yield Stop(_on(paper), "scoring")
    yield Stop(paper, "appealed, panel blind")
    yield Stop(_subject(paper), "provisional, panel blind")


def _arbitrate(number: str, paper: str, time: Time) -> Iterator[Stop]:
    """The second arbitrator lets the time pass and is replaced, the third recuses, and somebody from outside is
    named in their place."""
    for seat in ("arbitrator_1", "arbitrator_3"):
        perform(number, "score_blind", _drawn(number, seat), blind_scores(number))
    against = {"against": _drawn(number, "arbitrator_3").no, **WHY}
    perform(number, "challenge", acting("ann"), against)
    yield Stop(number, "scoring, challenged")
    perform(number, "reject_challenge", _drawn(number, "challenge_ruler"), against)
    time.set("2026-11-06 10:02")
    sweep()
    perform(number, "score_blind", _drawn(number, "arbitrator_2"), blind_scores(number))
    _everybody_else_away(number)
    perform(number, "recuse", _drawn(number, "arbitrator_3"), {"category": "other"})
    yield Stop(number, "scoring, seat empty")
    perform(number, "name_arbitrator", acting("fang"), {"person": "B790", **WHY})
    perform(number, "score_blind", acting("outsider"), blind_scores(number))
    for party in ("ann", "ian"):
        perform(number, "waive_challenge", acting(party))
    perform(number, "vote", _drawn(number, "arbitrator_1"), ballot(number))
    yield Stop(number, "voting")
    yield Stop(paper, "appealed, panel sees")
    yield from _award(number, paper)


def _award(number: str, paper: str) -> Iterator[Stop]:
    for login in list(panel(number).values())[1:]:
        perform(number, "vote", acting(login), ballot(number))
    deliver_all()
    first, *others = panel(number).values()
    perform(number, "sign", acting(first), signature_of(number, first))
    yield Stop(number, "signing")
    for login in others:
        perform(number, "sign", acting(login), signature_of(number, login))
    yield Stop(number, "sealing")
    deliver_all()
    yield Stop(number, "awarded")
    yield Stop(paper, "final")
    yield Stop(_subject(paper), "final, awarded")
    perform(number, "read", acting("ann"))
    yield Stop(number, "final")
    perform(number, "ask_reopening", acting("ann"), {"cause": "procedural_fault", **WHY})
    yield Stop(number, "reopening")


def _run_out_of_time(time: Time) -> Iterator[Stop]:
    """A window closes; a returned dispute lapses; another comes late and asks to be heard all the same."""
    card, late, paper = evaluation(), evaluation(), _filed()
    perform(paper, "return_to_agent", acting("lee"), WHY)
    time.set("2026-11-13 10:00")
    sweep()
    yield Stop(card, "final")
    yield Stop(paper, "lapsed")
    recording(late)
    paper = dispute(late)
    yield Stop(paper, "dismissing")
    deliver_all()
    yield Stop(paper, "inadmissible")
    perform(paper, "read", acting("ann"))
    perform(paper, "ask_reinstatement", acting("ann"), {"cause": "sickness", **WHY})
    yield Stop(paper, "reinstating")
    perform(paper, "refuse_reinstatement", acting("qin"), WHY)
    yield Stop(paper, "dismissed")


def _filed(upto: str = "filed") -> str:
    card = evaluation()
    recording(card)
    return dispute(card, upto=upto)


def _rule(paper: str, ruling: dict[str, Any]) -> None:
    deliver_all()
    perform(paper, "rule", acting("qin"), ruling)
    deliver_all()


def _sign(paper: str, login: str) -> None:
    """Signed, sealed, issued and read by the agent."""
    draft = Document.objects.get(case__number=paper, state="drafted")
    signed = {"document_sha256": draft.file_sha256, "credential": credential(login)}
    perform(paper, "sign", acting(login), signed)
    deliver_all()
    perform(paper, "read", acting("ann"))


def _subject(number: str) -> str:
    return Case.objects.select_related("subject").get(number=number).subject.number


def _on(number: str) -> str:
    """The arbitration of that dispute."""
    return Case.objects.get(subject__number=number, type="arbitration.Arbitration").number


def _drawn(number: str, seat: str) -> Any:
    """Whoever sits there now."""
    person = Party.objects.get(case__number=number, role=seat, until=None).person_id
    return acting(Account.objects.filter(person_id=person).order_by("id")[0].username)


def _everybody_else_away(number: str) -> None:
    """Of those who could take a seat of the panel, whoever does not sit is on leave today."""
    sitting, today = set(panel(number).values()), local_day(now())
    for account in Account.objects.filter(person__grants__role="arbitrator").distinct():
        if account.username not in sitting:
            record_leave(account.person, today, today, system())
