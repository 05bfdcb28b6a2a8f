"""The panel: its seats, whom they belong to, what is before it, and when it may see."""

import hashlib
from typing import Any

from casework.domain import challenging
from casework.domain.action import Act
from casework.domain.authority import digest_before
from casework.domain.effects import Notify, Reveal, StartClock
from casework.domain.law import law_of
from casework.domain.vacating import why_left
from workflows.arbitration import votes
from workflows.evaluations.scoring import clean_value

SEATS = ("arbitrator_1", "arbitrator_2", "arbitrator_3")
SCORE_CLOCKS = ("score_1", "score_2", "score_3")
VOTE_CLOCKS = ("vote_1", "vote_2", "vote_3")
PARTIES = {"agent", "inspector"}


def seats(case: Any) -> tuple[str, ...]:
    """The seats of this panel, filled or not."""
    return SEATS[: case.panel]


def score_clock(seat: str) -> str:
    return SCORE_CLOCKS[SEATS.index(seat)]


def vote_clock(seat: str) -> str:
    return VOTE_CLOCKS[SEATS.index(seat)]


def seat_of_clock(fired: tuple[str, int]) -> str:
    """Whose limit ran out."""
    name, _generation = fired
    clocks = SCORE_CLOCKS if name in SCORE_CLOCKS else VOTE_CLOCKS
    return SEATS[clocks.index(name)]


def seat_of(case: Any, family: Any, person_id: int | None) -> str:
    """The seat that the person holds, or ""."""
    return next((seat for seat in seats(case) if family.holder(case, seat) == person_id is not None), "")


def empty(case: Any, family: Any) -> list[str]:
    return [seat for seat in seats(case) if family.holder(case, seat) is None]


def still_sits(act: Act, seat: str) -> bool:
    """Whether somebody holds the seat and may still act."""
    return not any(why_left(p, law_of(act.case), act.book, act.at) for p in act.family.parties_of(act.case, seat))


def size(case: Any, act: Act) -> int:
    evaluation = case.evaluation(act.family)
    claimed = {code: matter["claimed"] for code, matter in case.matters.items()}
    return votes.panel_size(evaluation.rubric, evaluation.current, claimed, act.policy.value("pay_bands"))


def controls(case: Any, act: Act) -> dict[str, Any]:
    """Undisputed criteria, drawn by lot (SHA-256 of the case number and the digest of the event before), so that nobody
    can tell from the list what is disputed."""
    disputed = case.dispute(act.family).claims
    left = [code for code in case.evaluation(act.family).rubric.criteria if code not in disputed]
    lot = hashlib.sha256(f"{case.number}{digest_before(case, act.family)}".encode()).hexdigest()
    number, drawn = int(lot, 16), []
    while left and len(drawn) < act.policy.value("controls"):
        number, place = divmod(number, len(left))
        drawn.append(left.pop(place))
    return {"codes": drawn, "lot": lot}


def listed(case: Any, family: Any) -> list[str]:
    """What is scored blind, in the rubric's order: what is before the panel and the check criteria."""
    wanted = {*case.matters, *case.controls["codes"]}
    return [code for code in case.evaluation(family).rubric.criteria if code in wanted]


def may_reveal(case: Any, family: Any, unchallenged: bool) -> bool:
    """Every seat is filled and has submitted, no challenge is open, and none can come any more."""
    if empty(case, family) or set(seats(case)) - set(case.scores):
        return False
    if challenging.is_open(case):
        return False
    return unchallenged or set(case.waived) == PARTIES or not family.is_running(case, "challenge")


def to_vote(case: Any) -> list:
    """All see, and whoever has not voted yet owes a vote."""
    owing = [seat for seat in seats(case) if seat not in case.votes]
    return [
        Reveal(), *(StartClock(vote_clock(seat)) for seat in owing),
        *(Notify("to_vote", parties=(seat,), clock=vote_clock(seat)) for seat in owing),
    ]  # fmt: skip


def findings(case: Any, evaluation: Any) -> dict[str, Any]:
    """What the votes come to for each criterion, and what the award gives after the floor. A recording that cannot be
    heard decides for the agent."""
    cast = {seat: {code: line["value"] for code, line in ballot.items()} for seat, ballot in case.votes.items()}
    results = {
        code: votes.voted(evaluation.rubric, code, [ballot[code] for ballot in cast.values()]) for code in case.matters
    }
    given = votes.awarded(evaluation.rubric, evaluation.original, evaluation.current, results)
    return {
        code: {
            "before": clean_value(evaluation.current[code]), "voted": results[code], "awarded": given[code],
            "dissent": votes.dissenting({seat: ballot[code] for seat, ballot in cast.items()}, results[code]),
        }
        for code in case.matters
    }  # fmt: skip
