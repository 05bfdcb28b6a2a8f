"""Admissibility per criterion; lateness by rule under the seal; reinstatement."""

import pytest

from casework.domain.errors import InvalidInput, NotAllowedNow, NotPermitted
from casework.domain.perform import open_case, perform
from casework.models import Document
from tests.factories import CLAIMS, RULING, credential, deliver_all, dispute, evaluation, recording
from tests.seen import (
    case,
    documents,
    due,
    entry,
    events,
    parties,
    refused,
    reviewer,
    revoke_all,
    running,
    second_lead,
    sweep,
    tasks,
    told,
)

EXCUSE = {"cause": "sickness", "reasons": "住院，附病假条"}
GRANTED = {"reasons": "病假条属实"}


def refused_all(ground: str) -> dict:
    item = {"decision": "inadmissible", "ground": ground, "reasons": "未说明具体理由"}
    return {"criteria": [{**item, "criterion": code} for code in ("QC4", "QA5")]}


def late_one() -> tuple[str, str]:
    """ann's evaluation and her dispute, filed at the very end of the window and dismissed under the seal."""
    from casework.domain import now
    from tests.conftest import Time, acting

    assert now._fixed.get()
    number = evaluation()
    recording(number)
    Time.set(None, "2026-11-05 18:00")
    paper = open_case("disputes.ScoreDispute", acting("ann"), CLAIMS, subject=number).number
    assert (case(paper).state, case(paper).late, case(number).state) == ("dismissing", True, "standing")
    assert tasks(paper) == set()
    deliver_all()
    return number, paper


def test_file_late_is_dismissed_under_the_seal_alone_and_can_be_reinstated(db, time, as_):
    number, paper = late_one()
    assert (case(paper).state, case(paper).outcome, case(number).state) == ("inadmissible", "inadmissible", "standing")
    document = Document.objects.get(case__number=paper)
    assert (document.kind, document.state, [f["name"] for f in document.fields]) == (
        "inadmissibility", "issued", ["organisation"],
    )  # fmt: skip
    assert parties(paper) == {("agent", "A1001"), ("inspector", "Q202")}
    assert "mark_provisional" not in events(number)
    assert told("A1001", paper) == ["inadmissible"]
    with refused(NotPermitted):
        perform(paper, "ask_reinstatement", as_("lee"), EXCUSE)
    time.set("2026-11-06 09:00")
    perform(paper, "read", as_("ann"))
    assert due(paper, "reinstatement") == "2026-11-10 18:00"
    assert tasks(paper) == {("ask_reinstatement", "A1001")}
    for bad in ({}, {"cause": "forgot", "reasons": "x"}, {"cause": "leave", "reasons": " "}):
        with refused(InvalidInput):
            perform(paper, "ask_reinstatement", as_("ann"), bad)
    time.set("2026-11-10 18:00")
    with refused(NotAllowedNow, "late"):
        perform(paper, "ask_reinstatement", as_("ann"), EXCUSE)
    time.set("2026-11-10 17:59:59")
    perform(paper, "ask_reinstatement", as_("ann"), EXCUSE)
    assert (case(paper).state, due(paper, "reinstating")) == ("reinstating", "2026-11-12 18:00")
    for login in ("ann", "lee", "ian2", "qiu", "fang"):
        with refused(NotPermitted):
            perform(paper, "reinstate", as_(login), GRANTED)
    with refused(InvalidInput):
        perform(paper, "reinstate", as_("qin"), {})
    time.set("2026-11-11 10:00")
    sweep()  # meanwhile the window has closed
    assert case(number).state == "final"
    perform(paper, "reinstate", as_("qin"), GRANTED)
    again = case(paper)
    assert (again.state, again.outcome, again.late, again.claims["QC4"]["decision"]) == ("screening", "", False, None)
    assert (case(number).state, case(number).is_closed) == ("provisional", False)
    assert {name: due(paper, name) for name in ("screen", "statement")} == {
        "screen": "2026-11-12 18:00", "statement": "2026-11-12 18:00",
    }  # fmt: skip
    deliver_all()
    assert told("A1001", paper)[-1] == "reinstated"
    cui = second_lead()
    perform(paper, "forward", as_("lee"))
    assert reviewer(paper) == "M405", "qin decided on the reinstatement"
    time.set("2026-11-12 18:01")
    sweep()
    perform(paper, "rule", as_(cui), RULING)
    deliver_all()
    assert documents(paper) == [("inadmissibility", "issued"), ("ruling", "drafted")]


@pytest.mark.parametrize("ending", ["refused", "expired", "undecided", "without a leader"])
def test_reinstatement_ends(db, time, as_, ending):
    number, paper = late_one()
    time.set("2026-11-06 09:00")
    perform(paper, "read", as_("ann"))
    if ending == "expired":
        time.set("2026-11-10 18:01")
        sweep()
        assert (case(paper).state, case(paper).is_closed, running(paper)) == ("dismissed", True, set())
        with refused(NotAllowedNow):
            perform(paper, "ask_reinstatement", as_("ann"), EXCUSE)
        return
    perform(paper, "ask_reinstatement", as_("ann"), EXCUSE)
    if ending == "refused":
        perform(paper, "refuse_reinstatement", as_("qin"), {"reasons": "病假在窗口之后"})
        assert (case(paper).state, case(number).is_provisional) == ("dismissed", False)
        deliver_all()
        assert told("A1001", paper)[-2:] == ["reinstatement_refused", "reinstatement_refusal_issued"]
    if ending == "undecided":
        time.set("2026-11-10 18:01")
        sweep()
        assert (case(paper).state, due(paper, "reinstating")) == ("reinstating", "2026-11-12 18:00")
        deliver_all()
        assert told("F801", paper), "the director is told"
    if ending == "without a leader":
        revoke_all("L301", "team_leader")
        revoke_all("M402", "team_leader")
        second_lead()
        time.on(seconds=1)
        perform(paper, "reinstate", as_("qin"), GRANTED)
        assert (case(paper).state, case(paper).screening, reviewer(paper)) == ("reviewing", "no_leader", "M405")


def test_rule_everything_inadmissible_is_signed_by_the_reviewer_and_restores_the_score(db, time, as_):
    number = evaluation()
    recording(number)
    paper = dispute(number, upto="forwarded")
    deliver_all()
    perform(paper, "rule", as_("qin"), refused_all("no_reasons"))
    assert (case(paper).outcome, case(number).state) == ("inadmissible", "provisional")
    deliver_all()
    draft = Document.objects.get(case__number=paper)
    assert [f["name"] for f in draft.fields] == ["reviewer", "organisation"]
    perform(paper, "sign", as_("qin"), {"document_sha256": draft.file_sha256, "credential": credential("qin")})
    deliver_all()
    assert (case(paper).state, documents(paper)) == ("inadmissible", [("inadmissibility", "issued")])
    assert (case(number).state, str(case(number).score), case(number).outcome) == ("standing", "84.00", "")
    assert entry(number, "restore")["cause"] == entry(paper, "issue")["id"]
    # Reinstated, it comes before somebody else, and what the inspector said still stands.
    perform(paper, "read", as_("ann"))
    perform(paper, "ask_reinstatement", as_("ann"), EXCUSE)
    with refused(NotPermitted, "barred"):
        perform(paper, "reinstate", as_("qin"), GRANTED)
    cui = second_lead()
    perform(paper, "reinstate", as_(cui), GRANTED)
    assert (case(paper).heard, "statement" in running(paper)) == ("stated", False)
    perform(paper, "forward", as_("lee"))
    assert reviewer(paper) is None, "both leads have decided in this family"


def test_rule_one_criterion_inadmissible_leaves_it_and_decides_the_other(db, time, as_):
    number = evaluation()
    recording(number)
    paper = dispute(number, upto="forwarded")
    deliver_all()
    items = [RULING["criteria"][0], refused_all("nothing_deducted")["criteria"][1]]
    perform(paper, "rule", as_("qin"), {"criteria": items})
    ruled = case(paper)
    assert (ruled.outcome, ruled.claims["QA5"]["decision"]["ground"]) == ("adjusted", "nothing_deducted")
    assert ruled.claims["QA5"]["decision"]["value"] is None


def test_file_on_a_historical_score_is_late(db, time, as_):
    number = evaluation(historical=True, publisher=None)
    paper = open_case("disputes.ScoreDispute", as_("ann"), CLAIMS, subject=number).number
    assert (case(paper).state, case(paper).late) == ("dismissing", True)
