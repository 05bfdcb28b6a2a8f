"""Challenges of arbitrators: by a party, each person once, in time; ruled on by somebody who does not sit; and what
is refused."""

from datetime import timedelta
from typing import Any

import pytest

from casework.domain.errors import InvalidInput, NotAllowedNow, NotPermitted, OutOfScope, Refusal
from casework.domain.perform import perform
from casework.models import Account
from tests.arbitration.conftest import login_of
from tests.conftest import acting
from tests.factories import blind_scores, deliver_all, panel
from tests.seen import case, clock, events, parties, person, refused, revoke_all, running, sweep, tasks, told

ARBITRATORS = {"M403", "M404", "M405", "M406", "M407", "L302", "L303", "T951"}
WHY = "与质检员系亲属"


@pytest.fixture
def number(opened) -> str:
    """ann's arbitration, just opened: three sit, and each of them may be challenged until the next day's close."""
    return opened


def sitting(number: str, seat: str = "arbitrator_1") -> str:
    """The staff number of whoever has that part."""
    return dict(parties(number))[seat]


def person_no(login: str) -> str:
    return Account.objects.get(username=login).person.no


def second_account(no: str) -> str:
    """The person logs in by another name too."""
    return Account.objects.create_user(f"{no}-2", person=person(no)).username


def against(no: str, reasons: str = WHY) -> dict[str, Any]:
    return {"against": no, "reasons": reasons}


def challenged(number: str, by: str = "ann", seat: str = "arbitrator_1") -> tuple[str, str]:
    """Whoever sits there is challenged; their staff number and the login of whoever is to rule."""
    no = sitting(number, seat)
    perform(number, "challenge", acting(by), against(no))
    return no, login_of(sitting(number, "challenge_ruler"))


# What comes of it


def test_challenge_upheld_replaces_the_arbitrator_and_voids_what_they_scored(number, as_):
    out = panel(number)["arbitrator_1"]
    perform(number, "score_blind", as_(out), blind_scores(number))
    no, ruler = challenged(number)
    assert sitting(number, "challenge_ruler") not in {sitting(number, seat) for seat in panel(number)}
    perform(number, "uphold_challenge", as_(ruler), against(no, "属实"))
    assert sitting(number) != no and case(number).scores == {}
    assert [c["result"] for c in case(number).challenges] == ["upheld"]
    assert "challenge_ruler" not in dict(parties(number)) and "challenge_ruling" not in running(number)
    deliver_all()
    assert told("A1001", number)[-2:] == ["arbitrator_replaced", "challenge_upheld"]
    with refused(OutOfScope):
        perform(number, "score_blind", as_(out), blind_scores(number))


def test_challenge_rejected_leaves_the_panel_and_lets_it_go_on(number, as_):
    for seated in panel(number).values():
        perform(number, "score_blind", as_(seated), blind_scores(number))
    no, ruler = challenged(number)
    for party in ("ann", "ian"):
        perform(number, "waive_challenge", as_(party))
    assert case(number).state == "scoring", "an open challenge holds the reveal"
    perform(number, "reject_challenge", as_(ruler), against(no, "不成立"))
    assert (case(number).state, sitting(number)) == ("voting", no)


def test_challenge_not_ruled_on_in_time_goes_to_a_director_alone(number, time, as_):
    no, ruler = challenged(number)
    first = sitting(number, "challenge_ruler")
    time.to(clock(number, "challenge_ruling").due_at, seconds=60)
    sweep()
    assert first != sitting(number, "challenge_ruler") and sitting(number, "challenge_ruler") in {"F801", "F802"}
    with refused(OutOfScope if first in ARBITRATORS else NotPermitted):
        perform(number, "uphold_challenge", as_(ruler), against(no))
    perform(number, "reject_challenge", as_(login_of(sitting(number, "challenge_ruler"))), against(no))


def test_challenge_of_one_by_both_parties_is_ruled_on_once_for_both(number, as_):
    no, ruler = challenged(number)
    assert challenged(number, by="ian") == (no, ruler)
    perform(number, "reject_challenge", as_(ruler), against(no))
    assert [(c["by"], c["result"]) for c in case(number).challenges] == [
        ("agent", "rejected"),
        ("inspector", "rejected"),
    ]
    assert events(number).count("reject_challenge") == 1


def test_challenge_of_whoever_came_later_runs_from_their_own_seating(number, time, as_):
    """The first panel's time is over; the time for the one who replaced one of them is not."""
    stays, goes = sitting(number, "arbitrator_2"), panel(number)["arbitrator_1"]
    first = clock(number, "challenge").due_at
    time.to(first, seconds=-1800)
    perform(number, "recuse", as_(goes), {"category": "interest"})
    time.to(first)
    with refused(NotAllowedNow, "late"):
        perform(number, "challenge", as_("ann"), against(stays))
    perform(number, "challenge", as_("ann"), against(sitting(number)))


@pytest.mark.parametrize("ruling", ["uphold_challenge", "reject_challenge"])
def test_challenge_of_somebody_who_left_meanwhile_is_moot(number, as_, ruling):
    """Nobody rules on whoever is gone: the successor keeps the seat and the panel goes on."""
    no, ruler = challenged(number)
    perform(number, "recuse", as_(panel(number)["arbitrator_1"]), {"category": "interest"})
    successor = sitting(number)
    assert successor != no
    with pytest.raises(Refusal):
        perform(number, ruling, as_(ruler), against(no))
    assert sitting(number) == successor
    assert "rule_on_challenge" not in {node for node, _ in tasks(number)}
    for seated in panel(number).values():
        perform(number, "score_blind", as_(seated), blind_scores(number))
    for party in ("ann", "ian"):
        perform(number, "waive_challenge", as_(party))
    assert case(number).state == "voting"


# Whom, by whom, when


def test_challenge_of_oneself_is_refused(number, as_):
    for who, no in (("ann", "A1001"), ("ian", "Q202")):
        with refused(InvalidInput, problems=["not_seated"]):
            perform(number, "challenge", as_(who), against(no))


def test_challenge_by_an_arbitrator_is_refused_whomever_it_names(number, as_):
    for seated in panel(number).values():
        for seat in panel(number):
            with refused(NotPermitted):
                perform(number, "challenge", as_(seated), against(sitting(number, seat)))


def test_challenge_by_whoever_is_no_party_is_refused(number, as_):
    outsider = login_of(min(ARBITRATORS - {sitting(number, seat) for seat in panel(number)}))
    for who in ("lee", "qin", "qiu", "fang", "hua", "aud", "root"):
        with refused(NotPermitted):
            perform(number, "challenge", as_(who), against(sitting(number)))
    for who in ("bo", "ivy", outsider):
        with refused(OutOfScope):
            perform(number, "challenge", as_(who), against(sitting(number)))


def test_challenge_of_somebody_who_does_not_sit_is_refused(number, as_):
    outside = ARBITRATORS - {sitting(number, seat) for seat in panel(number)}
    for no in (min(outside), "M401", "F801", "A1002"):
        with refused(InvalidInput, problems=["not_seated"]):
            perform(number, "challenge", as_("ann"), against(no))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"against": "X000", "reasons": WHY}, "unknown_person"),
        ({"against": "", "reasons": WHY}, "unknown_person"),
        ({"against": "Ｍ403", "reasons": WHY}, "unknown_person"),
        ({"against": "M403\x00", "reasons": WHY}, "nul_character"),
        ({"against": "M" * 201, "reasons": WHY}, "string_too_long"),
        ({"against": ["M403"], "reasons": WHY}, "string_type"),
        ({"reasons": WHY}, "missing"),
        ({"against": "M403"}, "missing"),
        ({"against": "M403", "reasons": " \n"}, "empty"),
        ({"against": "M403", "reasons": "\ud800"}, "lone_surrogate"),
        ({"against": "M403", "reasons": "长" * 20_001}, "too_long"),
        ({"against": "M403", "reasons": WHY, "seat": "arbitrator_1"}, "extra_forbidden"),
    ],
)
def test_challenge_with_bad_data_is_refused(number, as_, data, code):
    with refused(InvalidInput, problems=[code]):
        perform(number, "challenge", as_("ann"), data)


def test_challenge_of_the_same_person_twice_is_refused_also_after_the_ruling(number, as_):
    no, ruler = challenged(number)
    with refused(NotAllowedNow, "challenged_before"):
        perform(number, "challenge", as_("ann"), against(no, "另一理由"))
    perform(number, "reject_challenge", as_(ruler), against(no))
    with refused(NotAllowedNow, "challenged_before"):
        perform(number, "challenge", as_("ann"), against(no))
    perform(number, "challenge", as_("ann"), against(sitting(number, "arbitrator_2")))
    perform(number, "challenge", as_("ian"), against(no))


def test_challenge_of_somebody_who_was_replaced_upon_it_is_refused(number, as_):
    no, ruler = challenged(number)
    perform(number, "uphold_challenge", as_(ruler), against(no))
    for party in ("ann", "ian"):
        with refused(InvalidInput, problems=["not_seated"]):
            perform(number, "challenge", as_(party), against(no))


def test_challenge_to_the_second_its_time_ends(number, time, as_):
    ends = clock(number, "challenge").due_at
    time.to(ends, seconds=-1)
    perform(number, "challenge", as_("ann"), against(sitting(number)))
    time.to(ends)
    with refused(NotAllowedNow, "late"):
        perform(number, "challenge", as_("ian"), against(sitting(number)))
    time.to(ends, seconds=60)
    sweep()
    with refused(NotAllowedNow, "late"):
        perform(number, "challenge", as_("ian"), against(sitting(number)))


def test_challenge_received_in_time_counts_though_it_is_read_later(number, time, as_):
    ends = clock(number, "challenge").due_at
    time.to(ends, seconds=30)
    early = as_("ann", received_at=ends - timedelta(seconds=1))
    perform(number, "challenge", early, against(sitting(number)))
    with refused(NotAllowedNow, "late"):
        perform(number, "challenge", as_("ian", received_at=ends), against(sitting(number)))


def test_challenge_by_whoever_raised_none_is_refused(number, as_):
    perform(number, "waive_challenge", as_("ann"))
    with refused(NotAllowedNow, "waived"):
        perform(number, "challenge", as_("ann"), against(sitting(number)))
    with refused(NotAllowedNow, "waived"):
        perform(number, "waive_challenge", as_("ann"))
    perform(number, "challenge", as_("ian"), against(sitting(number)))


def test_challenge_after_a_replacement_is_open_again_to_whoever_raised_none(number, as_):
    perform(number, "waive_challenge", as_("ann"))
    perform(number, "recuse", as_(panel(number)["arbitrator_1"]), {"category": "kinship"})
    perform(number, "challenge", as_("ann"), against(sitting(number)))


def test_waive_by_whoever_is_no_party_is_refused(number, as_):
    for who in ("lee", "qin", "fang", *panel(number).values()):
        with refused(NotPermitted):
            perform(number, "waive_challenge", as_(who))


def test_challenge_after_the_reveal_is_refused(number, as_):
    for seated in panel(number).values():
        perform(number, "score_blind", as_(seated), blind_scores(number))
    for party in ("ann", "ian"):
        perform(number, "waive_challenge", as_(party))
    for action, data in (("challenge", against(sitting(number))), ("waive_challenge", {})):
        with refused(NotAllowedNow):
            perform(number, action, as_("ann"), data)


# The ruling on it


@pytest.mark.parametrize("ruling", ["uphold_challenge", "reject_challenge"])
def test_rule_on_a_challenge_by_whoever_is_barred_is_refused(number, as_, ruling):
    no, _ruler = challenged(number)
    bars = {
        "ann": "agent", "ian": "scored", "ian2": "scored", "lee": "leads_unit", "qiu": "leads_unit",
        "qin": "decided_before",
    }  # fmt: skip
    for who, bar in bars.items():
        with refused(NotPermitted, "barred") as refusal:
            perform(number, ruling, as_(who), against(no))
        assert bar in refusal.error.details["bars"], who
    second_account(no)
    for who in (*panel(number).values(), f"{no}-2"):
        with refused(NotPermitted, "blind"):
            perform(number, ruling, as_(who), against(no))


@pytest.mark.parametrize("ruling", ["uphold_challenge", "reject_challenge"])
def test_rule_on_a_challenge_by_whoever_was_not_chosen_is_refused(number, as_, ruling):
    no, ruler = challenged(number)
    for who in {"fang", "fei"} - {ruler}:
        with refused(NotPermitted, "seat_taken"):
            perform(number, ruling, as_(who), against(no))
    for who in ("hua", "aud", "root"):
        with refused(NotPermitted):
            perform(number, ruling, as_(who), against(no))
    seated = {sitting(number, seat) for seat in (*panel(number), "challenge_ruler")}
    for who in ("bo", *map(login_of, ARBITRATORS - seated)):
        with refused(OutOfScope):
            perform(number, ruling, as_(who), against(no))


@pytest.mark.parametrize("ruling", ["uphold_challenge", "reject_challenge"])
def test_rule_on_a_challenge_that_is_not_open_is_refused(number, as_, ruling):
    no, ruler = challenged(number)
    for other in (sitting(number, "arbitrator_2"), "A1001", "X000", "", "M401"):
        with refused(InvalidInput, problems=["not_challenged"]):
            perform(number, ruling, as_(ruler), against(other))
    with refused(InvalidInput, problems=["empty"]):
        perform(number, ruling, as_(ruler), against(no, "  "))


def test_rule_on_one_challenge_twice_is_refused(number, as_):
    first, ruler = challenged(number)
    second, same = challenged(number, seat="arbitrator_2")
    assert same == ruler, "who rules on one rules on the next that is raised meanwhile"
    perform(number, "reject_challenge", as_(ruler), against(first))
    for ruling in ("uphold_challenge", "reject_challenge"):
        with refused(InvalidInput, problems=["not_challenged"]):
            perform(number, ruling, as_(ruler), against(first))
    perform(number, "uphold_challenge", as_(ruler), against(second))
    with refused(OutOfScope if person_no(ruler) in ARBITRATORS else NotPermitted):
        perform(number, "uphold_challenge", as_(ruler), against(second))


def test_rule_on_a_challenge_before_there_is_one_is_refused(number, as_):
    for who in ("fang", "fei"):
        for ruling in ("uphold_challenge", "reject_challenge"):
            with refused(NotPermitted):
                perform(number, ruling, as_(who), against(sitting(number)))


def test_rule_on_a_challenge_after_leaving_is_refused(number, time, as_):
    """The ruler's appointment ends between the challenge and the ruling."""
    no, ruler = challenged(number)
    for role in ("arbitrator", "qa_lead", "director"):
        revoke_all(person_no(ruler), role)
    time.on(seconds=1)
    with refused(NotPermitted):
        perform(number, "uphold_challenge", as_(ruler), against(no))
