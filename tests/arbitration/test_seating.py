"""Seats: who makes room for whom, how far the pool reaches, whom a director names, and what waits meanwhile."""

from datetime import date
from typing import Any

import pytest

from casework.domain.actor import system
from casework.domain.authority import bars_in
from casework.domain.directory import directory
from casework.domain.errors import InvalidInput, NotAllowedNow, NotPermitted, OutOfScope
from casework.domain.now import now
from casework.domain.perform import perform
from casework.domain.reading import read_family
from casework.domain.staff import grant, record_leave
from casework.models import Unit
from tests.arbitration.conftest import below, is_over, login_of, seated
from tests.conftest import acting
from tests.factories import arbitration, ballot, blind_scores, deliver_all, panel, signature_of
from tests.seen import case, due, entry, parties, person, refused, revoke_all, running, sweep, tasks, told

ARBITRATORS = ("M403", "M404", "M405", "M406", "M407", "L302", "L303", "T951")
RECUSAL = {"category": "kinship", "text": "与坐席系亲属"}


def only(*keep: str) -> None:
    """Nobody else is an arbitrator any more."""
    for no in set(ARBITRATORS) - set(keep):
        revoke_all(no, "arbitrator")


def vacant(number: str, seat: str = "arbitrator_1") -> str:
    """Whoever sits there recuses themselves, and there is nobody else; their staff number."""
    only(*seated(number).values())
    no = seated(number)[seat]
    perform(number, "recuse", acting_as(no), RECUSAL)
    deliver_all()
    return no


def acting_as(no: str) -> Any:
    return acting(login_of(no))


def bars(number: str, seat: str = "arbitrator_1") -> dict[str, set[str]]:
    family = read_family(number)
    book = directory(family.stamp)
    found = bars_in(family, book, now(), seat=(family.case(number).pk, seat))
    return {book.persons[p].no: {bar.code for bar in entry} for p, entry in found.items()}


# Making room


@pytest.mark.parametrize("stage", ["opened", "scored"])
def test_recused_arbitrator_makes_room_for_the_next_who_begins_blind(ruled, as_, stage):
    number = arbitration(ruled, upto=stage)
    if stage == "scored":
        perform(number, "waive_challenge", as_("ann"))
    before = seated(number)
    perform(number, "recuse", acting_as(before["arbitrator_2"]), RECUSAL)
    deliver_all()
    after = seated(number)
    assert after["arbitrator_2"] not in before.values() and after["arbitrator_1"] == before["arbitrator_1"]
    assert (case(number).state, case(number).waived) == ("scoring", []), "the parties may challenge the new one"
    assert set(case(number).scores) == (set() if stage == "opened" else {"arbitrator_1", "arbitrator_3"})
    assert due(number, "score_2") == "2026-11-06 18:00" and due(number, "challenge") == "2026-11-04 18:00"
    assert "recused" in bars(number)[before["arbitrator_2"]]
    assert told(after["arbitrator_2"], number) == ["to_score"]
    assert told("A1001", number)[-1] == told("Q202", number)[-1] == "arbitrator_replaced"
    told_of = entry(number, "recuse")["data"]
    assert told_of["category"] == "kinship" and "sha256" in told_of["text"], "the ground itself is confidential"


def test_recusal_after_the_reveal_sends_the_seat_back_and_leaves_the_others_votes(ruled, as_):
    number = arbitration(ruled, upto="revealed")
    first, second = (panel(number)[seat] for seat in ("arbitrator_1", "arbitrator_2"))
    perform(number, "vote", as_(first), ballot(number, {"QC4": "9"}))
    with refused(NotAllowedNow, "already_voted"):
        perform(number, "recuse", as_(first), RECUSAL)
    perform(number, "recuse", as_(second), RECUSAL)
    assert (case(number).state, set(case(number).votes)) == ("scoring", {"arbitrator_1"})
    assert running(number) == {"score_2", "challenge"}
    fresh = panel(number)["arbitrator_2"]
    perform(number, "score_blind", as_(fresh), blind_scores(number))
    assert case(number).state == "scoring", "they may still be challenged"
    for login in ("ann", "ian"):
        perform(number, "waive_challenge", as_(login))
    assert (case(number).state, running(number)) == ("voting", {"vote_2", "vote_3"})
    with refused(NotAllowedNow, "already_voted"):
        perform(number, "vote", as_(first), ballot(number))
    for seat in ("arbitrator_2", "arbitrator_3"):
        perform(number, "vote", as_(panel(number)[seat]), ballot(number))
    found = case(number).findings["QC4"]
    assert (found["voted"]["score"], found["dissent"]) == ("8", ["arbitrator_1"])


def test_scorer_who_is_late_is_replaced_by_the_clock_and_bars_nobody(opened, time, as_):
    before = seated(opened)
    for seat in ("arbitrator_1", "arbitrator_3"):
        perform(opened, "score_blind", as_(panel(opened)[seat]), blind_scores(opened))
    time.set("2026-11-06 17:59:59")
    sweep()
    assert seated(opened) == before
    time.set("2026-11-06 18:01")
    sweep()
    after = seated(opened)
    assert after["arbitrator_2"] not in before.values()
    assert {k: v for k, v in after.items() if k != "arbitrator_2"} == {
        k: v for k, v in before.items() if k != "arbitrator_2"
    }
    assert set(case(opened).scores) == {"arbitrator_1", "arbitrator_3"}
    assert due(opened, "score_2") == "2026-11-11 18:00" and due(opened, "challenge") == "2026-11-09 18:00"
    assert before["arbitrator_2"] not in bars(opened), "who was replaced has decided nothing"
    deliver_all()
    assert told(before["arbitrator_2"], opened)[-1] == "seat_lost"
    choice = next(c for c in entry(opened, "replace_scorer")["choices"] if c["seat"] == "arbitrator_2")
    assert before["arbitrator_2"] in choice["not_again"] and before["arbitrator_2"] not in choice["pool"]
    with refused(OutOfScope):
        perform(opened, "score_blind", acting_as(before["arbitrator_2"]), blind_scores(opened))


def test_voter_who_is_late_is_replaced_by_the_clock(ruled, time, as_):
    number = arbitration(ruled, upto="revealed")
    before = seated(number)
    assert due(number, "vote_1") == "2026-11-05 18:00", "two working days"
    for seat in ("arbitrator_2", "arbitrator_3"):
        perform(number, "vote", as_(panel(number)[seat]), ballot(number))
    time.set("2026-11-05 18:01")
    sweep()
    assert case(number).state == "scoring" and seated(number)["arbitrator_1"] not in before.values()
    assert set(case(number).scores) == set(case(number).votes) == {"arbitrator_2", "arbitrator_3"}
    assert case(number).findings == {}


@pytest.mark.parametrize("how", ["recused", "challenged"])
def test_whole_case_with_an_arbitrator_replaced(ruled, as_, how):
    number = arbitration(ruled, upto="scored")
    out = seated(number)["arbitrator_3"]
    if how == "recused":
        perform(number, "recuse", acting_as(out), RECUSAL)
    else:
        perform(number, "challenge", as_("ian"), {"against": out, "reasons": "与坐席系同乡"})
        deliver_all()
        ruler = dict(parties(number))["challenge_ruler"]
        assert ruler not in seated(number).values() and told(ruler, number) == ["challenged"]
        perform(number, "uphold_challenge", acting_as(ruler), {"against": out, "reasons": "属实"})
    deliver_all()
    fresh = panel(number)["arbitrator_3"]
    perform(number, "score_blind", as_(fresh), blind_scores(number))
    for login in ("ann", "ian"):
        perform(number, "waive_challenge", as_(login))
    finished(number)
    is_over(number, outcome="adjusted", score="95.00", standing="adjusted")
    assert told(out, number) == ["to_score", "seat_lost"], "who left hears no more of it"
    assert told(seated(number)["arbitrator_3"], number) == ["to_score", "to_vote", "to_sign"]
    expected = [
        "panel_seated",
        "arbitrator_replaced",
        *(["challenge_upheld"] if how == "challenged" else []),
        "awarded",
    ]
    assert told("A1001", number) == told("Q202", number) == expected


def finished(number: str) -> None:
    """The revealed panel votes 8, signs, the award is issued and ann opens it."""
    for login in panel(number).values():
        perform(number, "vote", acting(login), ballot(number))
    deliver_all()
    for login in panel(number).values():
        perform(number, "sign", acting(login), signature_of(number, login))
    deliver_all()
    perform(number, "read", acting("ann"))


# A pool that is too small


def test_seat_that_nobody_can_take_stays_empty_in_plain_sight(opened, as_):
    vacant(opened)
    assert "arbitrator_1" not in seated(opened) and case(opened).panel == 3, "a panel never shrinks"
    choice = entry(opened, "recuse")["choices"][0]
    assert choice["chosen"] is None and choice["pool"] == []
    assert due(opened, "seating") == "2026-11-05 18:00" and ("name_arbitrator", "director") in tasks(opened)
    assert told("F801", opened) == told("F802", opened) == told("U999", opened) == ["no_arbitrator"]
    for seat in ("arbitrator_2", "arbitrator_3"):
        perform(opened, "score_blind", as_(panel(opened)[seat]), blind_scores(opened))
    with refused(NotAllowedNow):
        perform(opened, "waive_challenge", as_("ann"))
    assert case(opened).state == "scoring" and case(below(opened)[1]).is_provisional


def test_person_named_from_outside_decides_by_that_alone_to_the_end(opened, as_):
    """tou handles complaints and holds no appointment; fang names him."""
    vacant(opened)
    perform(opened, "name_arbitrator", as_("fang"), {"person": "H502", "reasons": "中心内无可任人员"})
    deliver_all()
    assert seated(opened)["arbitrator_1"] == "H502" and "seating" not in running(opened)
    named = entry(opened, "name_arbitrator")
    assert {"change": "joined", "role": "arbitrator_1", "person": "H502", "named": True} in named["parties"]
    assert "appointer" not in dict(parties(opened)) and "F801" not in bars(opened), "to name is not to decide"
    assert due(opened, "score_1") == "2026-11-06 18:00"
    assert told("H502", opened) == ["to_score"] and told("A1001", opened)[-1] == "panel_seated"
    for login in panel(opened).values():
        perform(opened, "score_blind", as_(login), blind_scores(opened))
    for login in ("ann", "ian"):
        perform(opened, "waive_challenge", as_(login))
    finished(opened)
    is_over(opened, outcome="adjusted", score="95.00", standing="adjusted")


@pytest.mark.parametrize(("no", "problem"), [
    ("F801", "oneself"), ("A1001", "barred"), ("Q202", "barred"), ("L301", "barred"), ("M401", "barred"),
    ("M402", "barred"), ("sits", "barred"), ("recused", "barred"), ("X000", "unknown_person"),
])  # fmt: skip
def test_director_cannot_name_who_may_not_sit(opened, as_, no, problem):
    out = vacant(opened)
    no = {"sits": seated(opened)["arbitrator_2"], "recused": out}.get(no, no)
    with refused(InvalidInput, problems=[problem]):
        perform(opened, "name_arbitrator", as_("fang"), {"person": no, "reasons": "请任"})


def test_nobody_is_named_while_all_seats_are_filled(opened, as_):
    with refused(NotAllowedNow):
        perform(opened, "name_arbitrator", as_("fang"), {"person": "H502", "reasons": "请任"})


def test_director_who_is_barred_names_nobody_and_another_does(opened, as_):
    vacant(opened)
    grant(person("F801"), "team_leader", Unit.objects.get(code="T-EC1"), system())
    with refused(NotPermitted, "barred"):
        perform(opened, "name_arbitrator", as_("fang"), {"person": "H502", "reasons": "请任"})
    perform(opened, "name_arbitrator", as_("fei"), {"person": "H502", "reasons": "请任"})
    assert seated(opened)["arbitrator_1"] == "H502"


def test_deputy_of_a_director_names_in_their_stead_unless_the_director_is_barred(opened, as_):
    vacant(opened)
    grant(person("S701"), "director", Unit.objects.get(code="OC"), system(), principal=person("F801"))
    told_of = perform(opened, "name_arbitrator", as_("sun"), {"person": "H502", "reasons": "请任"}).entry
    assert (told_of["actor"], told_of["grant"]["in_stead_of"]) == ("S701", "F801")
    perform(opened, "recuse", as_("tou"), RECUSAL)
    grant(person("F801"), "team_leader", Unit.objects.get(code="T-EC1"), system())
    with refused(NotPermitted, "barred"):
        perform(opened, "name_arbitrator", as_("sun"), {"person": "H503", "reasons": "请任"})


def test_seat_that_nobody_may_fill_waits_and_director_and_auditor_are_told_again(opened, time, as_):
    vacant(opened)
    for no in ("F801", "F802"):
        grant(person(no), "team_leader", Unit.objects.get(code="T-EC1"), system())
    for again in ("2026-11-05 18:01", "2026-11-09 18:01"):
        time.set(again)
        sweep()
        deliver_all()
    assert [told(no, opened).count("vacancy_overdue") for no in ("F801", "F802", "U999")] == [2, 2, 2]
    assert due(opened, "seating") == "2026-11-11 18:00"
    assert "arbitrator_1" not in seated(opened) and case(opened).state == "scoring"
    assert case(below(opened)[1]).is_provisional, "the score stays out of pay"


def test_pool_reaches_to_sister_units_where_nobody_covers_the_agents_own(ruled, as_):
    """Two are arbitrators for the other team of the project, two for another project: nearest first, and by that
    grant they act to the end."""
    only()
    for no, unit in (("M403", "T-EC2"), ("M404", "T-EC2"), ("M405", "T-SC1"), ("M406", "T-SC1")):
        grant(person(no), "arbitrator", Unit.objects.get(code=unit), system())
    number = arbitration(ruled, upto="awarded")
    choices = entry(number, "open")["choices"]
    assert [choice["reach"] for choice in choices] == ["P-EC", "P-EC", "OC"]
    assert {choice["chosen"] for choice in choices[:2]} == {"M403", "M404"}
    assert choices[2]["chosen"] in ("M405", "M406")
    assert entry(number, "vote")["grant"]["unit"] in ("T-EC2", "T-SC1")
    perform(number, "read", as_("ann"))
    is_over(number, outcome="adjusted", score="95.00", standing="adjusted")


def test_arbitrators_on_leave_are_not_offered_the_case(ruled):
    away = set(ARBITRATORS[:5])
    for no in away:
        record_leave(person(no), date(2026, 11, 1), date(2026, 11, 30), system())
    number = arbitration(ruled)
    assert set(seated(number).values()) == set(ARBITRATORS) - away
    assert set(entry(number, "open")["choices"][0]["on_leave"]) == away


def test_deputy_of_the_agents_leader_does_not_sit(ruled):
    """qiu stood in for lee."""
    only("M403", "M404")
    grant(person("M402"), "arbitrator", Unit.objects.get(code="OC"), system())
    number = arbitration(ruled)
    assert set(seated(number).values()) == {"M403", "M404"}
    assert "deputy_of_barred" in entry(number, "open")["choices"][2]["barred"]["M402"]
