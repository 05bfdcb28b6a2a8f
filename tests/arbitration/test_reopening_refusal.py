"""A refusal to reopen stands on paper, tells of the moment when it was decided, and of nothing to whoever is blind."""

import json

import pytest
from django.conf import settings

from casework.domain.errors import OutOfScope
from casework.domain.perform import perform
from casework.domain.verification import verify_ledger
from casework.models import Document
from casework.queries import documents_of, show_document
from tests.arbitration.test_reopening import EVIDENCE, FAULT, asked, final
from tests.documents.test_render import leaves
from tests.factories import deliver_all, panel
from tests.seen import case, documents, entry, events, running
from tests.stories.test_documents import folded, genuine, pages

__all__ = ["final"]  # the fixture
WHY = {"reasons": "所述证据在评分时即已存在 <b>粗</b> &amp;"}


def test_refuse_reopening_is_drawn_with_its_reasons_and_the_award_stands(final, time, as_, tmp_path):
    award = Document.objects.get(case__number=final)
    asked(final, as_, data=EVIDENCE)
    time.set("2026-11-05 11:00")
    perform(final, "refuse_reopening", as_("fang"), WHY)
    assert (case(final).state, running(final)) == ("final", set()), "nothing waits for the paper"
    deliver_all()
    document = Document.objects.get(case__number=final, kind="reopening_refusal")
    said, text = json.loads(document.snapshot), pages(document, tmp_path)
    assert [leaf for leaf in leaves(said) if folded(leaf) not in text] == []
    assert (said["reasons"], said["asked"]["reasons"]) == (WHY["reasons"], EVIDENCE["reasons"])
    assert (said["asked"]["known_since"], said["asked"]["cause"]["en"]) == ("2026-11-03", "New evidence")
    assert (said["award"], [d["no"] for d in said["decided_by"]]) == (str(award.pk), ["F801"])
    assert {"decided_before"} <= {r["code"] for p in said["barred"] for r in p["reasons"]}
    assert [(d["label"]["en"], d["state"]) for d in said["deadlines"]] == [("Decision on reopening", "kept")]
    assert "原仲裁决定书继续有效" in text and "劳动争议调解仲裁法" in text
    genuine(document, settings.PKI_FOLDER)
    assert events(final)[-1] == "attest" and verify_ledger().problems == []


def test_refusal_drawn_after_the_matter_was_reopened_tells_of_then_and_nothing_to_the_blind(final, time, as_):
    """ann was refused; before a worker came, the inspector asked another director, who reopened."""
    award = Document.objects.get(case__number=final)
    asked(final, as_, "ann")
    perform(final, "refuse_reopening", as_("fang"), WHY)
    act = entry(final, "refuse_reopening")["seq"]
    time.on(minutes=1)
    perform(final, "ask_reopening", as_("ian"), FAULT | {"reasons": "另一事由"})
    perform(final, "reopen", as_("fei"), {"reasons": "属实"})
    deliver_all()
    assert (case(final).state, documents(final)) == ("scoring", [("award", "issued"), ("reopening_refusal", "issued")])
    document = Document.objects.get(case__number=final, kind="reopening_refusal")
    said = json.loads(document.snapshot)
    assert (said["ledger"]["seq"], said["asked"]["by"]["en"], said["asked"]["reasons"]) == (
        act, "Applicant (agent)", FAULT["reasons"],
    )  # fmt: skip
    assert (said["award"], [d["no"] for d in said["decided_by"]]) == (str(award.pk), ["F801"])
    assert "F802" not in {p["no"] for p in said["barred"]}, "who decided later was not barred then"
    for login in panel(final).values():
        assert documents_of(final, as_(login)) == []
        with pytest.raises(OutOfScope):
            show_document(str(document.pk), as_(login))
    assert {paper["kind"] for paper in documents_of(final, as_("ann"))} == {"award", "reopening_refusal"}
