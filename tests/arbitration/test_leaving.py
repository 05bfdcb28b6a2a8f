"""Who leaves the company: an arbitrator is replaced and what they did is void, the agent keeps their own case."""

from datetime import date
from typing import Any

from casework.domain.actor import system
from casework.domain.errors import NotAllowedNow, NotPermitted
from casework.domain.perform import perform
from casework.domain.staff import grant, record_leave
from casework.models import Unit
from tests.arbitration.conftest import below, is_over, login_of, seated
from tests.conftest import acting
from tests.factories import APPEAL, arbitration, ballot, blind_scores, deliver_all, panel, signature_of
from tests.seen import case, due, entry, events, person, refused, revoke_all, running, sweep, told

ARBITRATORS = ("M403", "M404", "M405", "M406", "M407", "L302", "L303", "T951")


def leaves(number: str, seat: str = "arbitrator_1") -> str:
    """Whoever sits there is an arbitrator no longer; their staff number."""
    no = seated(number)[seat]
    revoke_all(no, "arbitrator")
    return no


def as_no(no: str) -> Any:
    return acting(login_of(no))


def test_arbitrator_who_left_is_replaced_and_their_blind_score_is_void(ruled, as_):
    number = arbitration(ruled, upto="scored")
    no = leaves(number)
    deliver_all()
    done = entry(number, "replace_leaver")
    assert done["actor"] == "SYSTEM" and done["data"] == {"seat": "arbitrator_1", "person": no, "why": "grant_ended"}
    assert seated(number)["arbitrator_1"] != no and set(case(number).scores) == {"arbitrator_2", "arbitrator_3"}
    assert (case(number).state, due(number, "score_1")) == ("scoring", "2026-11-06 18:00")
    assert told(seated(number)["arbitrator_1"], number) == ["to_score"]
    assert told("A1001", number)[-1] == told("Q202", number)[-1] == "arbitrator_replaced"


def test_arbitrator_who_left_while_the_panel_votes_is_replaced_and_the_matter_goes_on(ruled, as_):
    """What the others voted stands; the new one scores blind, then votes."""
    number = arbitration(ruled, upto="revealed")
    for seat in ("arbitrator_1", "arbitrator_2"):
        perform(number, "vote", as_(panel(number)[seat]), ballot(number, {"QC4": "9"}))
    no = leaves(number)
    deliver_all()
    assert (case(number).state, set(case(number).votes), set(case(number).scores)) == (
        "scoring", {"arbitrator_2"}, {"arbitrator_2", "arbitrator_3"},
    )  # fmt: skip
    perform(number, "score_blind", as_(panel(number)["arbitrator_1"]), blind_scores(number))
    for login in ("ann", "ian"):
        perform(number, "waive_challenge", as_(login))
    for seat in ("arbitrator_1", "arbitrator_3"):
        perform(number, "vote", as_(panel(number)[seat]), ballot(number))
    deliver_all()
    for login in panel(number).values():
        perform(number, "sign", as_(login), signature_of(number, login))
    deliver_all()
    perform(number, "read", as_("ann"))
    assert case(number).findings["QC4"]["dissent"] == ["arbitrator_2"]
    is_over(number, outcome="adjusted", score="95.00", standing="adjusted")
    assert no not in seated(number).values()


def test_arbitrator_who_left_can_do_nothing_and_the_clock_replaces_them(opened, time):
    no = leaves(opened)
    with refused(NotPermitted):
        perform(opened, "score_blind", as_no(no), blind_scores(opened))
    time.set("2026-11-06 18:01")
    sweep()
    assert no not in seated(opened).values() and len(seated(opened)) == 3
    assert due(opened, "score_1") == "2026-11-11 18:00"


def test_arbitrator_who_left_after_scoring_is_replaced_by_the_clock_of_the_vote(ruled, time, as_):
    number = arbitration(ruled, upto="revealed")
    no = leaves(number, "arbitrator_2")
    with refused(NotPermitted):
        perform(number, "vote", as_no(no), ballot(number))
    for seat in ("arbitrator_1", "arbitrator_3"):
        perform(number, "vote", as_(panel(number)[seat]), ballot(number))
    time.set("2026-11-05 18:01")
    sweep()
    assert (case(number).state, running(number) >= {"score_2"}) == ("scoring", True)
    assert set(case(number).scores) == {"arbitrator_1", "arbitrator_3"} and no not in seated(number).values()


def test_arbitrator_who_still_may_sit_is_no_leaver(opened, as_):
    """Nobody takes a seat from whoever may sit, not even the system; and people do not at all."""
    data = {"seat": "arbitrator_1", "person": seated(opened)["arbitrator_1"], "why": "grant_ended"}
    for no in (data["person"], seated(opened)["arbitrator_2"], "A1001", "X000"):
        with refused(NotAllowedNow, "not_left"):
            perform(opened, "replace_leaver", system(), data | {"person": no})
    leaves(opened)
    for login in ("hua", "fang"):
        with refused(NotPermitted):
            perform(opened, "replace_leaver", as_(login), data)


def test_award_that_a_leaver_cannot_sign_is_issued_by_the_majority(ruled, time, as_):
    number = arbitration(ruled, upto="voted")
    deliver_all()
    no = leaves(number, "arbitrator_3")
    signature = signature_of(number, login_of(no))
    with refused(NotPermitted):
        perform(number, "sign", as_no(no), signature)
    for seat in ("arbitrator_1", "arbitrator_2"):
        login = panel(number)[seat]
        perform(number, "sign", as_(login), signature_of(number, login))
    time.set("2026-11-04 18:01")
    sweep()
    deliver_all()
    assert (case(number).state, str(case(below(number)[1]).score)) == ("awarded", "95.00")


def test_award_whose_majority_left_before_signing_still_comes_to_an_end(ruled, time):
    """Two of three are gone; whoever replaces them decides and signs, or the agent would wait for ever."""
    number = arbitration(ruled, upto="voted")
    deliver_all()
    gone = {leaves(number, seat) for seat in ("arbitrator_1", "arbitrator_2")}
    deliver_all()
    assert not gone & set(seated(number).values()) and len(seated(number)) == 3
    assert case(number).state == "scoring"


def test_deputies_of_a_blind_arbitrator_on_leave_hear_nothing(ruled):
    """Fang looks over every case, and stands in for whoever may be drawn."""
    for no in ARBITRATORS:
        grant(person("F801"), "director", Unit.objects.get(code="OC"), system(), principal=person(no))
    perform(ruled, "read", acting("ann"))
    perform(ruled, "appeal", acting("ann"), APPEAL)
    for no in ARBITRATORS:  # once they sit
        record_leave(person(no), date(2026, 11, 3), date(2026, 11, 20), system())
    number = arbitration(ruled)
    deliver_all()
    assert [told(no, number) for no in seated(number).values()] == [["to_score"]] * 3
    assert told("F801", number) == []


# The agent


def test_agent_who_left_appeals_challenges_and_reads_by_their_own_part(ruled, as_):
    revoke_all("A1001", "agent")
    perform(ruled, "read", as_("ann"))
    perform(ruled, "appeal", as_("ann"), APPEAL)
    number = arbitration(ruled, upto="awarded")
    assert events(number).count("waive_challenge") == 2
    perform(number, "read", as_("ann"))
    is_over(number, outcome="adjusted", score="95.00", standing="adjusted")


def test_agent_who_left_withdraws_by_their_own_part(opened, as_):
    revoke_all("A1001", "agent")
    perform(opened, "withdraw", as_("ann"))
    assert (case(opened).state, case(below(opened)[0]).state) == ("withdrawn", "final")


def test_agent_who_left_is_served_by_hr(ruled, as_):
    number = arbitration(ruled, upto="awarded")
    revoke_all("A1001", "agent")
    with refused(NotPermitted):
        perform(number, "record_receipt", as_("fang"), {"proof": "EMS 1234567890"})
    perform(number, "record_receipt", as_("hua"), {"proof": "EMS 1234567890"})
    assert case(number).served_how == "receipted"
    is_over(number, outcome="adjusted", score="95.00", standing="adjusted")


def test_agent_who_left_and_does_nothing_is_served_by_time(ruled, time):
    number = arbitration(ruled, upto="awarded")
    revoke_all("A1001", "agent")
    assert due(number, "deemed_service") == "2026-11-04 18:00"
    time.set("2026-11-04 18:01")
    sweep()
    assert case(number).served_how == "deemed"
    is_over(number, outcome="adjusted", score="95.00", standing="adjusted")
