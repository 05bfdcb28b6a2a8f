"""A party challenges whoever is to decide: each person once, in the time after they were seated, with grounds; somebody
who does not sit rules on it. What every law shares; a case type says in `challengeable` whom, and replaces them.

`case.challenges`: [{"by": party's role, "seat", "person": staff no, "reasons", "at", "result"}]; the result is "" while
it is open, then "upheld", "rejected" or, where the person left the seat otherwise, "moot"; ruled on, there are
"ruled_by" and "ruling" too."""

from typing import Annotated, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.domain.action import Act
from casework.domain.clocks import is_late
from casework.domain.effects import Leave, Notify, Seat, StopClock
from casework.domain.errors import NotAllowedNow
from casework.domain.form_words import refuse
from casework.domain.forms import Ask, Form, Line, Reasons
from casework.domain.vacating import LEFT
from casework.domain.wording import local_text
from casework.models import Clock

CLOCK, RULING, RULER = "challenge", "challenge_ruling", "challenge_ruler"


class Challenge(Form):
    """`against`: the staff number of whoever should not decide."""

    against: Annotated[Line, Ask(gettext_lazy("Against whom"), gettext_lazy("The staff number."))]
    reasons: Reasons


def raised(act: Act) -> list:
    """The challenge stands in the case, and somebody without a seat rules on it: a QA lead, else an arbitrator, else a
    director."""
    case, no = act.case, act.data.against
    case.challenges = [
        *case.challenges,
        {"by": act.relation, "seat": seat_of(act, no), "person": no, "reasons": str(act.data.reasons),
         "at": act.at.isoformat(), "result": ""},
    ]  # fmt: skip
    told = Notify("challenged", parties=(RULER,), clock=RULING)
    if act.family.holder(case, RULER) is not None:
        return [told]
    return [Seat(RULER, "qa_lead|arbitrator|director", clock=RULING, waits=RULING), told]


def ruled(act: Act, result: str) -> list:
    """The challenge has its result; with the last one the ruler's work is done."""
    case, given = act.case, {"result": result, "ruled_by": act.actor.no, "ruling": str(act.data.reasons)}
    case.challenges = [c | given if c["person"] == act.data.against and not c["result"] else c for c in case.challenges]
    return [] if is_open(case) else [StopClock(RULING, "ruled"), Leave(RULER, "ruled")]


def moot(case: Any, no: str) -> list:
    """Whoever was challenged has left the seat: nothing is left to rule on."""
    if not any(c["person"] == no and not c["result"] for c in case.challenges):
        return []
    case.challenges = [c | {"result": "moot"} if c["person"] == no and not c["result"] else c for c in case.challenges]
    return [] if is_open(case) else [StopClock(RULING, "moot"), Leave(RULER, "released")]


def ruler_left() -> list:
    """Somebody else who has no seat rules on it, or the seat waits in plain sight."""
    return [
        Leave(RULER, LEFT), Seat(RULER, "qa_lead|arbitrator|director", clock=RULING, waits=RULING),
        Notify("challenged", parties=(RULER,), clock=RULING),
    ]  # fmt: skip


def passed_on() -> list:
    """Nobody ruled in time: it goes to a director."""
    return [
        Seat(RULER, "director", replaces=True, clock=RULING, waits=RULING),
        Notify("challenged", parties=(RULER,), clock=RULING),
    ]


def is_open(case: Any) -> bool:
    """Whether a challenge waits for its ruling."""
    return any(not challenge["result"] for challenge in case.challenges)


def seat_of(act: Act, no: str) -> str:
    """The seat that may be challenged and that the person with that staff number holds, or ""."""
    person = act.book.person_no(no)
    parties = act.family.parties_of(act.case)
    held = {p.role for p in parties if person and p.person_id == person.id}
    return next((seat for seat in act.case.challengeable if seat in held), "")


def against_whom(action: str, case: Any, family: Any, book: Any) -> list[str]:
    """The staff numbers that the action may name now: who sits, or for whoever rules, who is challenged."""
    if action == "challenge":
        sitting = (family.holder(case, seat) for seat in case.challengeable)
        return [book.persons[person_id].no for person_id in sitting if person_id is not None]
    if action in ("uphold_challenge", "reject_challenge"):
        return [challenge["person"] for challenge in case.challenges if not challenge["result"]]
    return []


def may_challenge(act: Act) -> None:
    """Whoever sits, once by each party, in the time after they were seated."""
    case, no = act.case, act.data.against
    if act.book.person_no(no) is None:
        refuse("against", "unknown_person", _("nobody has this staff number; correct it"))
    if not (seat := seat_of(act, no)):
        refuse("against", "not_seated", _("they do not sit in this case; name one who does"))
    if any((c["by"], c["person"]) == (act.relation, no) for c in case.challenges):
        raise NotAllowedNow(
            _("Expected your first challenge of %(no)s, but you challenged them before; there is no second one")
            % {"no": no},
            code="challenged_before",
        )
    clock = _time_since_seated(act, seat)
    if clock is not None and is_late(clock, act.at):
        raise NotAllowedNow(
            _("Expected a challenge before %(until)s, but that time is over; whoever sits decides")
            % {"until": local_text(clock.due_at)},
            code="late",
        )


def is_challenged(act: Act) -> None:
    """There is an open challenge against that person."""
    if not any(c["person"] == act.data.against and not c["result"] for c in act.case.challenges):
        refuse("against", "not_challenged", _("no challenge against them is open; name one who is challenged"))


def is_unchallenged(act: Act) -> None:
    """Nobody decides while it is open whether they may."""
    if is_open(act.case):
        raise NotAllowedNow(
            _("Expected no open challenge, but one waits for its ruling; decide once it has been ruled on"),
            code="challenged",
        )


def _time_since_seated(act: Act, seat: str) -> Clock | None:
    """The clock that has run, or runs, since the present holder was seated."""
    since = next(p.since for p in act.family.parties_of(act.case, seat))
    clocks = (c for c in act.family.clocks if (c.case_id, c.name, c.started_at) == (act.case.pk, CLOCK, since))
    return next(clocks, None)
