"""The award on its way: signed by the panel or its majority, issued, and served; the score moves with the issue."""

from datetime import date
from typing import Any

import pytest

from casework import store
from casework.domain.actor import system
from casework.domain.errors import InvalidInput, NotAllowedNow, NotPermitted, OutOfScope
from casework.domain.perform import perform
from casework.domain.staff import record_leave
from casework.domain.verification import verify_ledger
from casework.models import Document
from tests.arbitration.conftest import below, is_over, seated
from tests.conftest import acting
from tests.disputes.test_reviewing import at_review
from tests.factories import (
    arbitration,
    ballot,
    blind_scores,
    credential,
    deliver_all,
    evaluation,
    panel,
    recording,
    signature_of,
)
from tests.seen import case, documents, due, entry, person, refused, running, sweep, tasks, told


@pytest.fixture
def drafted(ruled) -> str:
    """All three voted, and the award is drafted."""
    number = arbitration(ruled, upto="voted")
    deliver_all()
    return number


def signs(number: str, *seats: str) -> None:
    for seat in seats:
        login = panel(number)[seat]
        perform(number, "sign", acting(login), signature_of(number, login))


def test_draft_is_for_the_panel_to_sign_and_moves_nothing(drafted):
    assert (case(drafted).state, case(drafted).outcome) == ("signing", "adjusted")
    assert documents(drafted) == [("award", "drafted")] and due(drafted, "sign") == "2026-11-04 18:00"
    sat = seated(drafted)
    assert tasks(drafted) == {(f"sign_{seat[-1]}", no) for seat, no in sat.items()}
    assert str(case(below(drafted)[1]).score) == "90.00" and case(below(drafted)[1]).is_provisional
    assert told("A1001", drafted) == ["panel_seated"], "nobody hears of a draft"


def test_each_signs_once_the_file_that_they_read_and_the_last_seals_it(drafted, as_):
    first, second, third = panel(drafted).values()
    signature = signature_of(drafted, first)
    with refused(InvalidInput, "other_draft"):
        perform(drafted, "sign", as_(first), {**signature, "document_sha256": "0" * 64})
    perform(drafted, "sign", as_(first), signature)
    with refused(NotAllowedNow, "already_signed"):
        perform(drafted, "sign", as_(first), signature)
    signed_by_one = Document.objects.get(case__number=drafted)
    assert signed_by_one.file_sha256 != signed_by_one.draft_sha256
    latest = {**signature_of(drafted, second), "document_sha256": signed_by_one.file_sha256}
    perform(drafted, "sign", as_(second), latest)
    perform(drafted, "sign", as_(third), signature_of(drafted, third))
    assert case(drafted).state == "sealing" and case(below(drafted)[1]).is_provisional
    deliver_all()
    assert (case(drafted).state, str(case(below(drafted)[1]).score)) == ("awarded", "95.00")


@pytest.mark.parametrize(("login", "kind"), [
    ("ann", NotPermitted), ("ian", NotPermitted), ("qin", NotPermitted), ("fang", NotPermitted), ("bo", OutOfScope),
])  # fmt: skip
def test_award_is_signed_by_nobody_else(drafted, as_, login, kind):
    with refused(kind):
        perform(drafted, "sign", as_(login), {"document_sha256": "0" * 64, "credential": "x"})


def test_award_before_it_is_drawn_is_not_signed(ruled, as_):
    number = arbitration(ruled, upto="voted")
    with refused(NotAllowedNow, "no_draft"):
        login = panel(number)["arbitrator_1"]
        perform(number, "sign", as_(login), {"document_sha256": "0" * 64, "credential": "x"})


def test_award_that_one_does_not_sign_is_issued_by_the_majority_and_says_so(drafted, time, as_):
    signs(drafted, "arbitrator_1", "arbitrator_3")
    time.set("2026-11-04 17:59:59")
    assert case(drafted).state == "signing"
    time.set("2026-11-04 18:01")
    sweep()
    assert entry(drafted, "close_signing")["data"]["not_signed"] == ["arbitrator_2"]
    deliver_all()
    award = Document.objects.get(case__number=drafted)
    assert {field["name"]: field["serial"] != "" for field in award.fields} == {
        "arbitrator_1": True, "arbitrator_2": False, "arbitrator_3": True, "organisation": True,
    }  # fmt: skip
    missing = person(seated(drafted)["arbitrator_2"]).name
    assert "未按期签署" in seal_reason(award) and missing in seal_reason(award)
    perform(drafted, "read", as_("ann"))
    is_over(drafted, outcome="adjusted", score="95.00", standing="adjusted")


def seal_reason(document: Document) -> str:
    """What the organisation's seal gives as its reason, in the file itself."""
    import io

    from pyhanko.pdf_utils.reader import PdfFileReader

    file = PdfFileReader(io.BytesIO(store.documents().get(document.file_sha256)))
    seal = next(s for s in file.embedded_signatures if s.field_name == "organisation")
    return str(seal.sig_object["/Reason"])


def test_award_without_a_majority_waits_and_the_director_is_told(drafted, time):
    signs(drafted, "arbitrator_2")
    time.set("2026-11-04 18:01")
    sweep()
    deliver_all()
    assert (case(drafted).state, due(drafted, "sign")) == ("signing", "2026-11-05 18:00")
    assert told("F801", drafted)[-1] == told("F802", drafted)[-1] == "unsigned"
    assert str(case(below(drafted)[1]).score) == "90.00"
    signs(drafted, "arbitrator_3")
    time.set("2026-11-05 18:01")
    sweep()
    deliver_all()
    assert case(drafted).state == "awarded"


def sole(time: Any) -> str:
    """One arbitrator voted on QA6 of ann's evaluation (9, claims 10); the award is drafted."""
    number = evaluation(deductions={"QA6": "9"})
    recording(number)
    paper = at_review(number, {"criterion": "QA6", "claimed": "10"})
    perform(
        paper, "rule", acting("qin"), {"criteria": [{"criterion": "QA6", "decision": "maintain", "reasons": "维持"}]}
    )
    deliver_all()
    draft = Document.objects.get(case__number=paper)
    perform(paper, "sign", acting("qin"), {"document_sha256": draft.file_sha256, "credential": credential("qin")})
    deliver_all()
    perform(paper, "read", acting("ann"))
    perform(paper, "appeal", acting("ann"), {"criteria": [{"criterion": "QA6", "reasons": "请复听"}]})
    award = arbitration(paper, upto="voted", ballots={"arbitrator_1": {"QA6": "9.5"}})
    deliver_all()
    return award


def test_sole_arbitrator_who_does_not_sign_is_replaced_and_the_next_begins_blind(db, time, as_):
    number = sole(time)
    before = seated(number)
    time.set("2026-11-04 18:01")
    sweep()
    assert (case(number).state, case(number).scores, case(number).votes, case(number).findings) == (
        "scoring",
        {},
        {},
        {},
    )
    assert seated(number)["arbitrator_1"] != before["arbitrator_1"]
    assert documents(number) == [("award", "void")] and case(number).outcome == ""
    perform(number, "score_blind", as_(panel(number)["arbitrator_1"]), blind_scores(number))
    for login in ("ann", "ian"):
        perform(number, "waive_challenge", as_(login))
    perform(number, "vote", as_(panel(number)["arbitrator_1"]), ballot(number, {"QA6": "10"}))
    deliver_all()
    signs(number, "arbitrator_1")
    deliver_all()
    perform(number, "read", as_("ann"))
    assert documents(number) == [("award", "issued"), ("award", "void")]
    is_over(number, outcome="adjusted", score="100.00", standing="adjusted")


@pytest.fixture
def awarded(ruled) -> str:
    return arbitration(ruled, upto="awarded")


def test_award_is_served_once_by_opening_it(awarded, as_):
    with refused(NotPermitted):
        perform(awarded, "read", as_("ian"))
    assert running(awarded) == {"deemed_service"}
    perform(awarded, "read", as_("ann"))
    assert (case(awarded).served_how, case(awarded).state) == ("opened", "final")
    for login, action, data in (("ann", "read", None), ("hua", "record_receipt", {"proof": "签收单"})):
        with refused(NotAllowedNow):
            perform(awarded, action, as_(login), data)


def test_award_of_an_agent_on_leave_is_deemed_served_when_they_are_back(awarded, time):
    record_leave(person("A1001"), date(2026, 11, 4), date(2026, 11, 6), system())
    time.set("2026-11-04 18:01")
    sweep()
    assert (case(awarded).state, due(awarded, "deemed_service")) == ("awarded", "2026-11-09 18:00")
    time.set("2026-11-09 18:01")
    sweep()
    assert (case(awarded).state, case(awarded).served_how) == ("final", "deemed")


def test_award_that_moves_nothing_leaves_the_score_and_says_maintained(ruled):
    five = dict.fromkeys(("arbitrator_1", "arbitrator_2", "arbitrator_3"), {"QC4": "6", "QA5": "5"})
    number = arbitration(ruled, upto="awarded", ballots=five)
    assert case(number).outcome == "maintained" and case(below(number)[1]).outcome == "adjusted"
    assert str(case(below(number)[1]).score) == "90.00"
    assert verify_ledger().problems == []
