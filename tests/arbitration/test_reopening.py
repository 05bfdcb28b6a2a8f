"""Reopening: once, by a director who is free, to a panel of persons never involved; nobody is worse off by it."""

from typing import Any

import pytest

from casework import store
from casework.domain.actor import system
from casework.domain.document_check import check_document
from casework.domain.errors import InvalidInput, NotAllowedNow, NotPermitted, OutOfScope
from casework.domain.perform import perform
from casework.domain.staff import grant
from casework.models import Document, Unit
from tests.arbitration.conftest import below, is_over, seated
from tests.factories import arbitration, deliver_all, dispute, panel
from tests.seen import case, documents, due, entry, events, parties, person, refused, running, sweep, tasks, told

FAULT = {"cause": "procedural_fault", "reasons": "仲裁员与质检员系亲属，未回避"}
EVIDENCE = {"cause": "new_evidence", "known_since": "2026-11-03", "reasons": "找到完整录音"}
ALL = ("arbitrator_1", "arbitrator_2", "arbitrator_3")
GRANTED = {"reasons": "属新证据"}


@pytest.fixture
def final(awarded_once, db, time) -> str:
    """QC4 and QA5 were awarded 8 each, 95.00 in all; ann opened the award on 2026-11-03."""
    return awarded_once


def asked(number: str, as_: Any, login: str = "ann", data: Any = FAULT) -> None:
    perform(number, "ask_reopening", as_(login), data)
    deliver_all()


def test_new_evidence_goes_to_a_panel_never_involved_whose_award_takes_the_firsts_place(final, as_):
    """QC4 is voted up to 9, QA5 down to 2: the first award is the floor."""
    paper, subject = below(final)
    before, first = set(seated(final).values()), Document.objects.get(case__number=final)
    asked(final, as_, data=EVIDENCE)
    assert case(final).state == "reopening" and case(paper).state == "final"
    assert told("F801", final) == told("F802", final) == ["reopening_asked"]
    perform(final, "reopen", as_("fang"), GRANTED)
    deliver_all()
    assert (case(final).state, case(paper).state, case(subject).state) == ("scoring", "appealed", "provisional")
    assert (case(final).round, case(final).scores, case(final).votes, case(final).findings) == (2, {}, {}, {})
    assert len(seated(final)) == 3 and not before & set(seated(final).values())
    assert str(case(subject).score) == "95.00", "until the new award"
    assert running(final) == {"score_1", "score_2", "score_3", "challenge"}
    assert told("A1001", final)[-2:] == ["panel_seated", "reopened"]

    arbitration(paper, upto="awarded", ballots=dict.fromkeys(ALL, {"QC4": "9", "QA5": "2"}))
    found = case(final).findings
    assert (found["QC4"]["before"]["score"], found["QC4"]["awarded"]["score"]) == ("8", "9")
    assert (found["QA5"]["voted"]["score"], found["QA5"]["awarded"]["score"]) == ("2", "8")
    second = Document.objects.get(case__number=final, supersedes=first)
    assert documents(final) == [("award", "issued")] * 2 and second.state == "issued"
    checks = check_document(store.documents().get(first.file_sha256))
    assert not [check for check in checks if check.ok is False], "it is as genuine as it was"
    (mind,) = [check for check in checks if check.remark]
    assert mind.code == "superseded" and str(second.pk) in mind.message
    perform(final, "read", as_("ann"))
    is_over(final, outcome="adjusted", score="96.00", standing="adjusted")
    assert events(paper)[-3:] == ["conclude", "resume", "conclude"]
    for login in ("ann", "ian"):
        with refused(NotAllowedNow, "reopened_before"):
            perform(final, "ask_reopening", as_(login), FAULT)


def test_reopened_panel_that_votes_lower_takes_nothing_away(final, as_):
    asked(final, as_, "ian")
    perform(final, "reopen", as_("fei"), GRANTED)
    arbitration(below(final)[0], upto="awarded", ballots=dict.fromkeys(ALL, {"QC4": "0", "QA5": "0"}))
    perform(final, "read", as_("ann"))
    is_over(final, outcome="maintained", score="95.00", standing="adjusted")


def test_reopened_matter_seats_nobody_who_ever_sat_or_ruled_on_it(db, time, as_):
    """One recused themselves from the first panel, another was replaced by the clock of nobody's doing."""
    ruled = dispute(upto="issued")
    number = arbitration(ruled)
    sat = set(seated(number).values())
    perform(number, "recuse", as_(panel(number)["arbitrator_2"]), {"category": "interest"})
    sat |= set(seated(number).values())
    arbitration(ruled, upto="awarded")
    perform(number, "read", as_("ann"))
    asked(number, as_)
    perform(number, "reopen", as_("fang"), GRANTED)
    assert not sat & set(seated(number).values()) and len(seated(number)) == 3
    choice = entry(number, "reopen")["choices"][0]
    assert not sat & set(choice["pool"])


def test_reopening_with_too_few_left_waits_for_a_director_to_name(final, as_):
    from tests.seen import revoke_all

    sat = set(seated(final).values())
    left = sorted({"M403", "M404", "M405", "M406", "M407", "L302", "L303", "T951"} - sat)
    for no in left[2:]:
        revoke_all(no, "arbitrator")
    asked(final, as_)
    perform(final, "reopen", as_("fang"), GRANTED)
    assert set(seated(final).values()) == set(left[:2]) and due(final, "seating") == "2026-11-05 18:00"
    with refused(InvalidInput, problems=["barred"]):
        perform(final, "name_arbitrator", as_("fei"), {"person": min(sat), "reasons": "请任"})
    perform(final, "name_arbitrator", as_("fei"), {"person": "H502", "reasons": "请任"})
    assert len(seated(final)) == 3


# Who may ask, and when


@pytest.mark.parametrize(("login", "kind"), [
    ("lee", NotPermitted), ("qin", NotPermitted), ("fang", NotPermitted), ("hua", NotPermitted), ("bo", OutOfScope),
])  # fmt: skip
def test_reopening_is_asked_by_the_parties_only(final, as_, login, kind):
    with refused(kind):
        perform(final, "ask_reopening", as_(login), FAULT)


def test_reopening_of_an_award_that_is_not_served_is_refused(db, time, as_):
    number = arbitration(upto="awarded")
    with refused(NotAllowedNow):
        perform(number, "ask_reopening", as_("ann"), FAULT)


@pytest.mark.parametrize(("seconds", "late"), [(-1, False), (0, True)])
def test_reopening_after_a_year_is_refused(final, time, as_, seconds, late):
    """365 days, none skipped; the last one, 2027-11-03, ends at midnight."""
    time.set("2027-11-04 00:00")
    time.on(seconds=seconds)
    if late:
        with refused(NotAllowedNow, "late"):
            perform(final, "ask_reopening", as_("ann"), FAULT)
    else:
        asked(final, as_)


@pytest.mark.parametrize(("now", "late"), [("2026-12-02 17:59:59", False), ("2026-12-02 18:00", True)])
def test_reopening_for_evidence_known_for_ten_working_days_is_refused(final, time, as_, now, late):
    """Known since Wednesday 2026-11-18; ten working days later is 2026-12-02."""
    time.set(now)
    data = {**EVIDENCE, "known_since": "2026-11-18"}
    if not late:
        return asked(final, as_, data=data)
    with refused(NotAllowedNow, "late"):
        perform(final, "ask_reopening", as_("ann"), data)
    return asked(final, as_)  # a fault of the procedure has the whole year


@pytest.mark.parametrize(("change", "problem"), [
    ({"known_since": None}, "missing"), ({"known_since": "2026-11-04"}, "in_future"),
    ({"cause": "other"}, "literal_error"), ({"reasons": ""}, "empty"),
])  # fmt: skip
def test_reopening_without_its_grounds_is_refused(final, as_, change, problem):
    with refused(InvalidInput, problems=[problem]):
        perform(final, "ask_reopening", as_("ann"), {**EVIDENCE, **change})


# Who decides


def test_reopening_refused_is_final_for_whoever_asked_and_the_other_party_asks_another_director(final, as_):
    asked(final, as_, "ann")
    with refused(NotAllowedNow):
        perform(final, "ask_reopening", as_("ian"), FAULT)
    perform(final, "refuse_reopening", as_("fang"), {"reasons": "不属新证据"})
    deliver_all()
    assert case(final).state == "final" and [r["result"] for r in case(final).reopenings] == ["refused"]
    both = [told(no, final)[-2:] for no in ("A1001", "Q202")]
    assert both == [["reopening_refused", "reopening_refusal_issued"]] * 2
    assert running(final) == tasks(final) == set() and "reopener" not in dict(parties(final))
    with refused(NotAllowedNow, "asked_before"):
        perform(final, "ask_reopening", as_("ann"), FAULT)
    asked(final, as_, "ian")
    with refused(NotPermitted, "barred"):
        perform(final, "reopen", as_("fang"), GRANTED)
    perform(final, "reopen", as_("fei"), GRANTED)
    assert case(final).state == "scoring"


@pytest.mark.parametrize("login", ["qin", "hua", "aud", "ann", "ian"])
@pytest.mark.parametrize("action", ["reopen", "refuse_reopening"])
def test_reopening_is_decided_by_no_one_but_a_director(final, as_, login, action):
    asked(final, as_)
    with refused(NotPermitted):
        perform(final, action, as_(login), GRANTED)


def test_reopening_by_a_director_who_led_the_agents_unit_is_refused(final, as_):
    grant(person("F801"), "team_leader", Unit.objects.get(code="T-EC1"), system())
    asked(final, as_)
    with refused(NotPermitted, "barred"):
        perform(final, "reopen", as_("fang"), GRANTED)
    perform(final, "reopen", as_("fei"), GRANTED)


def test_reopening_that_nobody_decides_is_reported_and_never_decided_by_time(final, time, as_):
    asked(final, as_)
    assert due(final, "reopening") == "2026-11-05 18:00" and tasks(final) == {("decide_reopening", "director")}
    for moment in ("2026-11-05 18:01", "2026-11-09 18:01"):
        time.set(moment)
        sweep()
        deliver_all()
    assert [told(no, final).count("reopening_overdue") for no in ("F801", "F802", "U999")] == [2, 2, 2]
    assert (case(final).state, due(final, "reopening")) == ("reopening", "2026-11-11 18:00")
    time.on(days=1)
    perform(final, "reopen", as_("fang"), GRANTED)
