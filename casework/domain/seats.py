"""Who takes part in a case: parties join and leave, seats are filled by choice, the blind are made to see."""

from typing import Any

from casework.domain import effects as fx
from casework.domain.authority import choose
from casework.domain.step import Changes, Step
from casework.keys import new_key
from casework.models import Party


def join(step: Step, case: Any, role: str, person_id: Any, changes: Changes, *, named: bool = False) -> None:
    """The person has that part now; whoever had it before has it still."""
    if any(p.person_id == person_id for p in step.family.parties_of(case, role)):
        return
    party = Party(
        id=new_key(), case_id=case.pk, person_id=person_id, role=role, since=step.at, named=named,
        blind=role in case.blind_seats,
    )  # fmt: skip
    step.family.parties.append(party)
    step.recorder.insert(party)
    shown = {"change": "joined", "role": role, "person": step.book.persons[person_id].no}
    changes.parties.append(shown | ({"named": True} if named else {}))


def leave(step: Step, case: Any, role: str, reason: str, changes: Changes) -> None:
    """Nobody has that part any more."""
    for party in step.family.parties_of(case, role):
        party.until, party.ended_by = step.at, reason
        step.recorder.update(party, ("until", "ended_by"))
        no = step.book.persons[party.person_id].no
        changes.parties.append({"change": "left", "role": role, "person": no, "reason": reason})


def fill(step: Step, case: Any, wanted: fx.Seat, at: Any, rules: Any, changes: Changes) -> None:
    """The seat has a decider, or stands empty in plain sight; how it was chosen stands in `changes`."""
    sitting = step.family.holder(case, wanted.seat) if wanted.replaces else None
    choice = choose(
        case=case, seat=wanted.seat, role=wanted.role, family=step.family, book=step.book, at=at, loads=step.loads,
        not_again=(*wanted.not_again, *([sitting] if sitting else ())),
    )  # fmt: skip
    changes.choices.append(choice.shown(step.book))
    if choice.person_id is None:
        kind = wanted.vacancy or f"no_{wanted.seat}"
        told = {"kind": kind, "roles": ["director", "auditor"], "clock": wanted.waits}
        step.deliver(case, "notify", told)
        if wanted.waits and not step.family.is_running(case, wanted.waits):
            changes.clocks += step.clocks.start(case, wanted.waits, rules, step.at)
        return
    if sitting:
        leave(step, case, wanted.seat, "replaced", changes)
    join(step, case, wanted.seat, choice.person_id, changes)
    if wanted.clock:
        changes.clocks += step.clocks.start(case, wanted.clock, rules, step.at)


def reveal(step: Step, case: Any, changes: Changes) -> None:
    """Nobody in the case is blind any more."""
    for party in step.family.parties_of(case):
        if party.blind:
            party.blind = False
            step.recorder.update(party, ("blind",))
            no = step.book.persons[party.person_id].no
            changes.parties.append({"change": "saw", "role": party.role, "person": no})
