"""Draft, sign, seal, issue: the document binds and the score moves in one transaction."""

import pytest
from django.db import connection

from casework import store
from casework.domain.deliveries import LEASE, deliver_due
from casework.domain.errors import InvalidInput, NotAllowedNow, NotPermitted
from casework.domain.perform import perform
from casework.models import Delivery, Document, SigningKey
from tests.conftest import acting
from tests.factories import RULING, credential, deliver_all, dispute, evaluation, recording
from tests.seen import (
    case,
    documents,
    due,
    dump,
    entry,
    events,
    refused,
    reviewer,
    revoke_all,
    running,
    second_lead,
    sweep,
    tasks,
    told,
)


@pytest.fixture
def drafted(db, time) -> str:
    """ann's dispute, the ruling drafted by qin and drawn, on Tuesday 3 November at 10:00."""
    number = evaluation()
    recording(number)
    paper = dispute(number, upto="ruled")
    deliver_all()
    return paper


def draft(number: str) -> Document:
    return Document.objects.get(case__number=number, state="drafted")


def signature(number: str, login: str = "qin") -> dict:
    return {"document_sha256": draft(number).file_sha256, "credential": credential(login)}


def test_sign_refused_leaves_everything_and_accepted_moves_the_score_with_the_seal(drafted, time, as_, settings):
    subject = case(drafted).subject.number
    assert (tasks(drafted), due(drafted, "sign")) == ({("sign", "M401")}, "2026-11-04 18:00")
    good = signature(drafted)
    for secret in ("password-of-qiu", "", " ", "x" * 100_000, "\x00"):
        with refused(NotPermitted, "wrong_credential"):
            perform(drafted, "sign", as_("qin"), {**good, "credential": secret})
    with refused(InvalidInput, "other_draft"):
        perform(drafted, "sign", as_("qin"), {**good, "document_sha256": "0" * 64})
    for data in ({}, {"credential": "x"}, {**good, "document_sha256": "abc"}, {**good, "extra": 1}):
        with refused(InvalidInput):
            perform(drafted, "sign", as_("qin"), data)
    for login, kind in (
        ("ann", NotPermitted),
        ("ian2", NotPermitted),
        ("qiu", NotPermitted),
        (second_lead(), NotPermitted),
    ):
        credential(login)
        with refused(kind):
            perform(drafted, "sign", as_(login), {**good, "credential": credential(login)})

    time.set("2026-11-03 11:00")
    perform(drafted, "sign", as_("qin"), good)
    assert (case(drafted).state, documents(drafted), str(case(subject).score)) == (
        "sealing",
        [("ruling", "signed")],
        "84.00",
    )
    signed = entry(drafted, "sign")
    assert good["credential"] not in str(signed) and "credential" not in signed["data"]

    before = dump()
    Delivery.objects.filter(kind="seal").update(attempts=1, due_at=time.to(case(drafted).updated_at) + LEASE)
    kept = Delivery.objects.get(kind="seal")  # a worker took it and died
    deliver_due()
    assert case(drafted).state == "sealing", "nobody else touches it while the lease runs"
    time.on(seconds=LEASE.total_seconds() + 1)
    deliver_all()
    assert before != dump()
    ruling = Document.objects.get(case__number=drafted)
    assert (case(drafted).state, ruling.state) == ("ruled", "issued")
    assert (str(case(subject).score), case(subject).state, case(subject).outcome) == ("90.00", "adjusted", "adjusted")
    assert (str(case(subject).original_score), case(subject).original["QC4"]["score"]) == ("84.00", "0")
    issued, moved = entry(drafted, "issue"), entry(subject, "rescore")
    assert (moved["cause"], moved["received_at"]) == (issued["id"], issued["received_at"])
    assert (moved["data"]["before"]["score"], moved["data"]["after"]["score"]) == ("84.00", "90.00")
    serials = {field["name"]: field["serial"] for field in ruling.fields}
    assert serials["reviewer"] == SigningKey.objects.get(account__username="qin", revoked_at=None).serial
    assert serials["organisation"] and store.documents().get(ruling.file_sha256).startswith(b"%PDF")

    kept._state.adding = True  # the same delivery once more: a worker died after the commit
    kept.save(force_insert=True)
    before = dump()
    deliver_all()
    after = dump()
    assert {name for name in after if after[name] != before[name]} == {"casework.Delivery"}
    with refused(NotAllowedNow):
        perform(drafted, "sign", as_("qin"), good)


def test_revise_takes_the_draft_back_and_the_old_one_cannot_be_signed(drafted, as_):
    old = signature(drafted)
    with refused(NotPermitted):
        perform(drafted, "revise", as_("ann"))
    perform(drafted, "revise", as_("qin"))
    assert (case(drafted).state, case(drafted).outcome, documents(drafted)) == ("reviewing", "", [("ruling", "void")])
    perform(drafted, "rule", as_("qin"), {"criteria": [{**RULING["criteria"][0], "value": "8"}, RULING["criteria"][1]]})
    with refused(NotAllowedNow, "no_draft"):
        perform(drafted, "sign", as_("qin"), old)
    deliver_all()
    assert documents(drafted) == [("ruling", "drafted"), ("ruling", "void")]
    with refused(InvalidInput, "other_draft"):
        perform(drafted, "sign", as_("qin"), old)


def test_revise_before_the_draft_was_drawn_leaves_one_draft_only(db, time, as_):
    """Two deliveries, one draft: the second must not stand beside the first."""
    number = evaluation()
    recording(number)
    paper = dispute(number, upto="ruled")
    perform(paper, "revise", as_("qin"))
    perform(paper, "rule", as_("qin"), RULING)
    assert Delivery.objects.filter(kind="draft").count() == 2
    deliver_all()
    assert documents(paper) == [("ruling", "drafted")]


def test_sign_limit_replaces_the_single_reviewer(drafted, time, as_):
    cui, old = second_lead(), signature(drafted)
    time.set("2026-11-04 18:01")
    sweep()
    assert (case(drafted).state, reviewer(drafted), documents(drafted)) == ("reviewing", "M405", [("ruling", "void")])
    deliver_all()
    assert "reviewer_replaced" in told("F801", drafted) and "reviewer_replaced" in told("A1001", drafted)
    with refused(NotAllowedNow):
        perform(drafted, "sign", as_("qin"), old)
    perform(drafted, "rule", as_(cui), RULING)
    assert case(drafted).state == "signing"


def test_sign_after_the_grant_ended_is_refused(drafted, time, as_):
    good = signature(drafted)
    revoke_all("M401", "qa_lead")
    time.on(seconds=1)
    with refused(NotPermitted):
        perform(drafted, "sign", as_("qin"), good)
    assert documents(drafted) == [("ruling", "drafted")]


def test_issue_moves_the_score_or_nothing(real_db, time):
    """Where the score cannot move, the document is not issued either; once it can, the worker does both."""
    number = evaluation()
    recording(number)
    paper = dispute(number, upto="signed")
    _forbid("rescore")
    deliver_due()
    assert (case(paper).state, documents(paper), str(case(number).score)) == (
        "sealing",
        [("ruling", "signed")],
        "84.00",
    )
    assert Delivery.objects.get(kind="seal").problem
    _allow()
    time.on(minutes=5)
    while Delivery.objects.exists():
        deliver_due()
    assert (case(paper).state, documents(paper), str(case(number).score)) == ("ruled", [("ruling", "issued")], "90.00")
    assert events(number).count("rescore") == 1


def _forbid(action: str) -> None:
    """The database refuses events of that action."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                f"CREATE TRIGGER forbidden BEFORE INSERT ON casework_caseevent WHEN NEW.action = '{action}' "
                "BEGIN SELECT RAISE(ABORT, 'forbidden'); END"
            )
            return
        cursor.execute(
            "CREATE FUNCTION forbid() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'forbidden'; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER forbidden BEFORE INSERT ON casework_caseevent FOR EACH ROW "
            f"WHEN (NEW.action = '{action}') EXECUTE FUNCTION forbid()"
        )


def _allow() -> None:
    with connection.cursor() as cursor:
        on = "" if connection.vendor == "sqlite" else " ON casework_caseevent"
        cursor.execute(f"DROP TRIGGER forbidden{on}")


def test_accept_or_let_the_appeal_window_lapse(db, time, as_):
    """Two rulings: one accepted at once, one left until its time for arbitration has passed."""
    numbers = [evaluation(), evaluation(reader=None)]
    papers = []
    for number in numbers:
        recording(number)
        papers.append(dispute(number, upto="issued"))
    accepted, left = papers
    assert running(accepted) == {"deemed_service", "whole", "whole.again"}
    for login in ("lee", "ian", "qin"):
        with refused(NotPermitted):
            perform(accepted, "accept", as_(login))
    revoke_all("A1001", "agent")  # ann has left the company: still a party
    time.on(seconds=1)
    perform(accepted, "read", as_("ann"))
    assert (case(accepted).served_how, due(accepted, "appeal_window")) == ("opened", "2026-11-05 18:00")
    perform(accepted, "accept", as_("ann"))
    assert (case(accepted).state, running(accepted), case(accepted).is_closed) == ("final", set(), True)
    final = case(numbers[0])
    assert (final.state, str(final.score), final.outcome, final.window_closed) == ("final", "90.00", "adjusted", True)
    assert running(numbers[0]) == set()
    with refused(NotAllowedNow):
        perform(accepted, "accept", as_("ann"))

    assert due(left, "deemed_service") == "2026-11-04 18:00"
    time.set("2026-11-04 18:01")
    sweep()
    assert (case(left).served_how, due(left, "appeal_window")) == ("deemed", "2026-11-06 18:00")
    time.set("2026-11-06 18:00:59")
    sweep()
    assert case(left).state == "ruled"
    time.set("2026-11-06 18:01")
    sweep()
    assert (case(left).state, case(numbers[1]).state, case(numbers[1]).is_provisional) == ("final", "final", False)
    deliver_all()
    assert "accepted" in told("Q202", accepted)
    assert told("A1001", left)[-1] == "finalised"
    assert acting("ann").person_id == case(left).concerned_id
