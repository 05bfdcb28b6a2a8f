"""Whoever left gives up their seat: what every law shares. A case type says in its law who takes their place:

@action(source=…, target=…, role=SYSTEM, form=vacating.Leaver, vacates="reviewer", event="leaver_replaced",
        label=_("replace a reviewer who left"), when=[vacating.has_left])
def replace_leaver(self, act: Act) -> list:
    return [Leave("reviewer", vacating.LEFT), Seat("reviewer", "qa_lead"), …]

Somebody has left who can no longer act from the seat: all their accounts are closed, or no grant of theirs gives them
one of its roles any more; if a director named them, no grant of theirs holds any more."""

from datetime import datetime
from typing import Literal

from django.utils.translation import gettext as _

from casework.domain.action import Act
from casework.domain.directory import Directory
from casework.domain.errors import NotAllowedNow
from casework.domain.forms import Form, Line
from casework.domain.law import Law, law_of
from casework.models import Party

LEFT = "left"
CLOSED, ENDED = "account_closed", "grant_ended"


class Leaver(Form):
    """Who held which seat, and why they can no longer act; `person` is the staff number."""

    seat: Line
    person: Line
    why: Literal["account_closed", "grant_ended"]


def has_left(act: Act) -> None:
    """The person still has the seat, and cannot act from it, for that reason."""
    for party in act.family.parties_of(act.case, act.data.seat):
        is_asked_for = act.data.seat in act.spec.vacated and act.book.persons[party.person_id].no == act.data.person
        if is_asked_for and why_left(party, law_of(act.case), act.book, act.at) == act.data.why:
            return
    raise NotAllowedNow(
        _("Expected a seat of %(case)s whose holder left, but they do not sit or still may act; nothing to do")
        % {"case": act.case.number},
        code="not_left",
    )


def why_left(party: Party, law: Law, book: Directory, at: datetime) -> str:
    """Why the holder of the seat can no longer act from it, or ""."""
    if party.person_id in book.closed:
        return CLOSED
    held = book.grants_of(party.person_id, at)
    if party.named:
        return ENDED if party.person_id in book.by_person and not held else ""
    wanted = _roles(law, party.role)
    return "" if any(grant.role in wanted for grant in held) else ENDED


def _roles(law: Law, seat: str) -> set[str]:
    return {role for spec in law.actions.values() if seat in spec.seats for role in (spec.role or "").split("|")}
