"""What is true of every panel, whatever was done; each function raises AssertionError."""

import json
from typing import Any

from casework import queries
from casework.domain.directory import directory
from casework.domain.errors import OutOfScope
from casework.domain.now import now
from casework.domain.scope import visible
from casework.models import Case
from casework.queries.sight import Sight
from workflows.arbitration import panels

SITTING = ("scoring", "voting", "signing", "sealing")
WATCHERS = ("F801", "M401", "U999")
# Until when only whoever scored or voted reads it: all is revealed at once, and no voter sees another's vote before.
SEALED = {"score_blind": ("scoring", "withdrawn"), "vote": ("scoring", "voting")}


def check_panels(family: Any, entries: dict[int, list[dict[str, Any]]]) -> None:
    for case in family.of_type("arbitration.Arbitration"):
        check_size(case, family, entries[case.pk])
        check_once(case, family)
        check_reveal(case, family)
        check_challenges(case, family)
        check_sealed(case, family, entries[case.pk])
    for party in family.parties:
        if party.blind and party.until is None:
            check_blind(family, party)


def check_size(case: Any, family: Any, entries: list[dict[str, Any]]) -> None:
    """A panel never shrinks: as many seats as at the opening, each filled, or somebody is to name who fills it."""
    assert case.panel == entries[0]["data"]["panel"] and case.panel in (1, 3)
    sitting = [p for p in family.parties_of(case) if p.role in panels.SEATS]
    assert {p.role for p in sitting} <= set(panels.seats(case))
    if case.state not in SITTING:
        return
    empty = panels.empty(case, family)
    assert len(sitting) + len(empty) == case.panel and len({p.person_id for p in sitting}) == len(sitting)
    assert not empty or (case.state == "scoring" and family.is_running(case, "seating")), (case.state, empty)
    for seat in panels.seats(case):
        if case.state == "scoring" and seat not in empty:
            assert (seat in case.scores) != family.is_running(case, panels.score_clock(seat)), seat
        if case.state == "voting":
            assert (seat in case.votes) != family.is_running(case, panels.vote_clock(seat)), seat


def check_once(case: Any, family: Any) -> None:
    """Nobody sits twice, and nobody on the panel of a reopened case ever had a part in the family, or read it, before;
    nobody sits who was a party, led the agent or had read the case."""
    rows = [p for p in family.parties_of(case, ended=True) if p.role in panels.SEATS]
    assert len({p.person_id for p in rows}) == len(rows), "somebody sat twice"
    for party in rows:
        read = [r for r in family.reads if r.person_id == party.person_id and r.at < party.since]
        assert not read, "somebody sits who had read the case"
    if case.round == 1 or case.state not in SITTING:
        return
    for party in rows:
        others = [p for p in family.parties if p.person_id == party.person_id and p is not party]
        assert party.until is not None or not any(p.since <= party.since for p in others), party.person_id


def check_reveal(case: Any, family: Any) -> None:
    """Before the reveal everybody is blind, after it nobody; who votes has scored, and nobody votes before all may
    see."""
    blind = {p.role for p in family.parties_of(case) if p.blind}
    assert not blind or case.state == "scoring"
    assert not blind & set(case.votes), "a vote by somebody who cannot see"
    assert set(case.votes) <= set(case.scores) <= set(panels.seats(case))
    if case.state == "voting":
        assert set(case.scores) == set(panels.seats(case)) and not panels.empty(case, family)
    listed = {*case.matters, *case.controls["codes"]}
    assert not set(case.matters) & set(case.controls["codes"])
    for given in case.scores.values():
        assert set(given) in (listed, set())
    for given in case.votes.values():
        assert set(given) == set(case.matters)


def check_challenges(case: Any, family: Any) -> None:
    """Each party challenges a person once; while a challenge is open nobody votes, and somebody is to rule on it."""
    asked = [(c["by"], c["person"]) for c in case.challenges]
    assert len(set(asked)) == len(asked)
    if any(not c["result"] for c in case.challenges):
        assert case.state in ("scoring", "withdrawn"), case.state
        assert case.is_closed or family.is_running(case, "challenge_ruling")
    elif not case.is_closed:
        assert family.holder(case, "challenge_ruler") is None


def check_sealed(case: Any, family: Any, entries: list[dict[str, Any]]) -> None:
    """What was scored or voted is read by nobody but whoever did it, as long as it is sealed."""
    sealed = {action for action, states in SEALED.items() if case.state in states}
    if not any(entry["action"] in sealed for entry in entries):
        return
    book = directory(family.stamp)
    watching = {p.person_id for p in family.parties if p.until is None}
    for person_id in sorted(watching | {book.person_no(no).id for no in WATCHERS}):
        sight = Sight(person_id, family, book, now())
        for event in queries.shown_events(sight, case, limit=1000) if sight.sees(case) else ():
            entry = event["entry"]
            if entry["action"] in sealed and entry["actor"] != book.persons[person_id].no:
                assert not entry.get("data") and not event["texts"], (entry["action"], person_id)


def check_blind(family: Any, party: Any) -> None:
    """Who sits blind sees one case of the family, and in it neither who the parties are nor what they say."""
    book, own = directory(family.stamp), family.by_id[party.case_id]
    seen = Case.objects.filter(visible(party.person_id, at=now(), book=book), family_id=family.row.pk)
    assert set(seen.values_list("pk", flat=True)) == {own.pk}
    for case in family.cases:
        if case is not own:
            try:
                queries.look_at(case.number, party.person_id)
            except OutOfScope:
                continue
            raise AssertionError(f"{case.number} is open to somebody who sits blind")
    shown = json.dumps(queries.shown_case(*queries.look_at(own.number, party.person_id)), ensure_ascii=False)
    hidden = [case.number for case in family.cases if case is not own]
    for other in family.parties:
        person = book.persons[other.person_id]
        hidden += [person.no, person.name] if other.person_id != party.person_id else []
    found = [word for word in hidden if f'"{word}"' in shown]
    assert not found, found
