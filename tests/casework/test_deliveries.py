"""What is done after the commit: once, in order, again after a death, and never in the way of the rest."""

import pytest

from casework.domain import deliveries
from casework.domain.deliveries import deliver_due
from casework.domain.now import now
from casework.domain.perform import perform
from casework.domain.stuck import every_stuck_delivery
from casework.models import Delivery, Document, Notice
from tests.conftest import acting
from tests.factories import deliver_all, dispute, evaluation
from tests.laws.hands import together


def test_delivery_when_done_is_deleted_and_its_notice_stands_once_each(db, time):
    number = evaluation(reader=None)
    assert Delivery.objects.filter(case__number=number, kind="notify").count() == 1
    deliver_all()
    assert not Delivery.objects.exists()
    notice = Notice.objects.get(case__number=number)
    assert (notice.person.no, notice.kind, notice.values["number"]) == ("A1001", "published", number)


def test_notify_when_run_twice_leaves_one_notice(db, time):
    evaluation(reader=None)
    row = Delivery.objects.get(kind="notify")
    for _ in range(3):
        deliveries._handlers["notify"](row)
    assert Notice.objects.count() == 1


def test_draft_when_run_twice_leaves_one_document_and_one_event(db, time):
    number = dispute(upto="ruled")
    row = Delivery.objects.get(kind="draft")
    deliveries._handlers["draft"](row)
    deliveries._handlers["draft"](row)
    assert Document.objects.filter(case__number=number).count() == 1
    deliver_all()
    assert Document.objects.filter(case__number=number).count() == 1


def test_draft_when_the_ruling_was_taken_back_is_dropped(db, time):
    """Taken back before it was drawn: nothing to draw, nothing stuck."""
    number = dispute(upto="ruled")
    perform(number, "revise", acting("qin"))
    deliver_all()
    assert not Document.objects.exists() and not Delivery.objects.exists()


def test_draft_when_the_ruling_was_taken_back_and_made_anew_is_the_new_one(db, time):
    number = dispute(upto="ruled")
    perform(number, "revise", acting("qin"))
    reasons = {"decision": "inadmissible", "ground": "no_reasons", "reasons": "未说明理由"}
    perform(number, "rule", acting("qin"), {"criteria": [{"criterion": c, **reasons} for c in ("QC4", "QA5")]})
    assert Delivery.objects.filter(kind="draft").count() == 2
    deliver_all()
    assert [d.kind for d in Document.objects.all()] == ["inadmissibility"]


def test_delivery_when_a_handler_fails_waits_longer_and_does_not_block(db, time, monkeypatch, caplog):
    evaluation(reader=None)
    monkeypatch.setitem(deliveries._handlers, "broken", lambda row: 1 / 0)
    Delivery.objects.create(id=1, kind="broken", dedup="b", created_at=now(), due_at=now())
    assert deliver_due() == 1  # the notice behind it
    waits = []
    for _ in range(3):
        row = Delivery.objects.get(pk=1)
        waits.append(row.due_at - now())
        assert "ZeroDivisionError" in row.problem and deliver_due() == 0
        time.to(row.due_at)
        deliver_due()
    assert waits == sorted(set(waits))
    assert every_stuck_delivery()[0].kind == "broken"


def test_delivery_when_a_kind_has_no_handler_is_kept_and_reported(db, time, caplog):
    Delivery.objects.create(id=1, kind="nobody's", dedup="b", created_at=now(), due_at=now())
    assert deliver_due() == 0 and "nobody's" in Delivery.objects.get().problem


@pytest.mark.parametrize("workers", [2, 4])
def test_delivery_when_several_workers_run_at_once_is_done_once(workers, real_db, time):
    for _ in range(4):
        evaluation(reader=None)
    waiting = Delivery.objects.count()
    done = together(*[deliver_due] * workers)
    assert all(isinstance(count, int) for count in done), done
    assert sum(done) == waiting == Notice.objects.count()
