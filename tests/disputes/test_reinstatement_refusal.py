"""A refusal of reinstatement stands on paper: why, by whom, and that the case is over inside the company."""

import json

from django.conf import settings

from casework.domain.perform import perform
from casework.domain.verification import verify_ledger
from casework.models import Document
from tests.disputes.test_inadmissible import EXCUSE, late_one
from tests.documents.test_render import leaves
from tests.factories import deliver_all
from tests.seen import case, documents, entry, running
from tests.stories.test_documents import folded, genuine, pages


def test_refuse_reinstatement_is_drawn_with_its_reasons_and_waited_for_by_nobody(db, time, as_, tmp_path):
    number, paper = late_one()
    dismissed = Document.objects.get(case__number=paper)
    time.set("2026-11-06 09:00")
    perform(paper, "read", as_("ann"))
    perform(paper, "ask_reinstatement", as_("ann"), EXCUSE)
    time.set("2026-11-09 10:00")
    perform(paper, "refuse_reinstatement", as_("qin"), {"reasons": "病假条写的是 <b>11月9日</b>，在窗口之后"})
    assert (case(paper).state, case(paper).is_closed, running(paper)) == ("dismissed", True, set())
    deliver_all()

    assert documents(paper) == [("inadmissibility", "issued"), ("reinstatement_refusal", "issued")]
    document = Document.objects.get(case__number=paper, kind="reinstatement_refusal")
    said, text = json.loads(document.snapshot), pages(document, tmp_path)
    assert [leaf for leaf in leaves(said) if folded(leaf) not in text] == []
    assert (said["reasons"], said["asked"]["reasons"]) == (
        "病假条写的是 <b>11月9日</b>，在窗口之后", EXCUSE["reasons"],
    )  # fmt: skip
    assert (said["asked"]["cause"]["en"], said["refused"]) == (
        "Sickness", {"criteria": "QC4, QA5", "document": str(dismissed.pk)},
    )  # fmt: skip
    assert ([d["no"] for d in said["decided_by"]], said["deciders"]) == (["M401"], [])
    assert "Q202" in {p["no"] for p in said["barred"]} and not {"M401", "A1001"} & {p["no"] for p in said["barred"]}
    assert [(d["label"]["zh"], d["state"], d["due"][:10]) for d in said["deadlines"]] == [
        ("申请恢复期限", "kept", "2026-11-10"), ("决定恢复期限", "kept", "2026-11-10"),
    ]  # fmt: skip
    assert said["ledger"]["seq"] == entry(paper, "refuse_reinstatement")["seq"]
    assert "在公司内部就此终结" in text and "劳动争议调解仲裁法" in text
    assert document.supersedes_id is None and case(number).state == "standing"
    genuine(document, settings.PKI_FOLDER)
    assert verify_ledger().problems == [] and case(paper).state == "dismissed"
