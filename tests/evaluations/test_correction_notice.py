"""The agent whose score was corrected has it in writing: what it was and is, why, and until when it may be disputed."""

import json
import zipfile
from typing import Any

import pytest
from django.conf import settings

from casework import store
from casework.documents.check import verdict
from casework.domain import papers
from casework.domain.deliveries import deliver_due
from casework.domain.document_check import check_document
from casework.domain.erasing import erase_person
from casework.domain.errors import NotAllowedNow, NotPermitted
from casework.domain.now import now
from casework.domain.perform import perform
from casework.domain.published_keys import published_keys
from casework.domain.sealing import seal_ledger
from casework.domain.staffing import close_account
from casework.domain.verification import verify_ledger
from casework.models import Account, Delivery, Document
from casework.queries.log import proof_of_document
from casework.queries.papers import documents_of
from tests.documents.test_render import leaves
from tests.evaluations.test_correction import LOWER, RAISE, final
from tests.exports_case.conftest import exported_to
from tests.exports_case.hostile_pdfs import run as verify_offline
from tests.factories import deliver_all, dispute, evaluation, recording
from tests.leaver import office
from tests.seen import case, documents, entry, events, refused, running, sweep, told
from tests.stories.test_documents import folded, genuine, pages
from tests.web.visiting import browser

WHY = "重听后 O'Brien 阿依古丽·买买提 <b>粗</b> {{ number }} &amp;"


def corrected(number: str, as_: Any, changes: dict[str, Any] = RAISE) -> None:
    perform(number, "propose_correction", as_("ian"), changes)
    perform(number, "approve_correction", as_("qin"))


def notices(number: str) -> list[tuple[Document, dict[str, Any]]]:
    """The notices as they were issued, with what they say."""
    rows = Document.objects.filter(case__number=number, kind="correction").order_by("issued_at", "drafted_at")
    return [(row, json.loads(row.snapshot)) for row in rows]


def test_notice_when_approved_says_what_was_and_is_why_and_until_when(db, time, as_, tmp_path):
    number = final(time)
    perform(number, "propose_correction", as_("ian"), {"changes": [{**RAISE["changes"][0], "reasons": WHY}]})
    time.set("2026-11-09 10:00")
    perform(number, "approve_correction", as_("qin"))
    assert (case(number).state, running(number)) == ("standing", {"deemed_service"}), "nothing waits for the paper"
    deliver_all()
    ((document, said),) = notices(number)
    text = pages(document, tmp_path)
    assert [leaf for leaf in leaves(said) if folded(leaf) not in text] == []
    assert {when: (t["score"], t["band"], t["passed"]) for when, t in said["totals"].items()} == {
        "before": ("84.00", "[80,85)", False), "after": ("90.00", "[90,95)", True),
    }  # fmt: skip
    (qc4,) = said["criteria"]
    assert [qc4[name]["shown"] for name in ("original", "before", "after")] == ["0", "0", "6"]
    assert (qc4["reasons"], qc4["comment"]) == (WHY, "语速过快")
    assert (said["proposed"]["no"], [d["no"] for d in said["decided_by"]]) == ("Q202", ["M401"])
    barred = {p["no"]: {r["code"] for r in p["reasons"]} for p in said["barred"]}
    assert barred["Q202"] == {"scored"} and "leads_unit" in barred["L301"] and "M401" not in barred
    assert "2026-11-11 18:00" in said["remedy"]["text"]["zh"] and "QC4" in said["remedy"]["text"]["en"]
    assert "2 working days → 2026-11-11 18:00" in said["remedy"]["sum"]["en"]
    approval = next(d for d in said["deadlines"] if d["label"]["en"] == "Approval of a correction")
    assert (approval["state"], approval["sum"]["en"]) == (
        "kept",
        "sum: 1 working day → 2026-11-09 18:00; due 2026-11-09 18:00",
    )
    act = entry(number, "approve_correction")
    assert (said["ledger"]["seq"], said["timeline"][-1]["what"]["zh"][:9]) == (act["seq"], "质检班长批准更正，")
    assert "劳动争议调解仲裁法" in text


def test_notice_when_issued_bears_the_seal_alone_and_is_told_of(db, time, as_):
    number = final(time)
    corrected(number, as_)
    deliver_all()
    ((document, _said),) = notices(number)
    assert documents(number) == [("correction", "issued")]
    assert [(field["name"], bool(field["serial"])) for field in document.fields] == [("organisation", True)]
    genuine(document, settings.PKI_FOLDER)
    assert told("A1001", number)[-2:] == ["corrected", "correction_issued"]
    assert (
        events(number)[-1] == "attest"
        and entry(number, "attest")["data"]["of"] == entry(number, "approve_correction")["seq"]
    )
    assert (entry(number, "attest")["from"], entry(number, "attest")["to"]) == ("standing", "standing")
    assert verify_ledger().problems == []
    with refused(NotPermitted):
        perform(number, "attest", as_("qin"), {})


def test_notices_of_two_corrections_tell_each_of_its_own(db, time, as_):
    """Both were approved before a worker came; the second takes the first one's place."""
    number = final(time)
    corrected(number, as_)
    time.on(minutes=5)
    corrected(number, as_, LOWER)
    deliver_all()
    (first, one), (second, two) = notices(number)
    assert [[c["code"] for c in said["criteria"]] for said in (one, two)] == [["QC4"], ["QA6"]]
    scores = [(said["totals"]["before"]["score"], said["totals"]["after"]["score"]) for said in (one, two)]
    assert scores == [("84.00", "90.00"), ("90.00", "85.00")]
    assert [said["ledger"]["seq"] for said in (one, two)] == [event + 1 for event in (
        index for index, action in enumerate(events(number)) if action == "approve_correction")]  # fmt: skip
    assert (first.supersedes_id, second.supersedes_id) == (None, first.pk)
    assert "QA6" not in one["remedy"]["text"]["zh"] and "QC4, QA6" in two["remedy"]["text"]["zh"]
    assert len(two["timeline"]) == len(one["timeline"]) + 2 and verify_ledger().problems == []
    assert browser("ann").get(f"/cases/{number}").content.decode().count("no longer in force") == 1
    shown = {paper["id"]: paper["superseded_by"] for paper in documents_of(number, as_("ann"))}
    assert shown == {str(first.pk): str(second.pk), str(second.pk): None}


def test_notice_that_another_took_the_place_of_is_marked_in_an_export(real_db, time, as_, tmp_path):
    number = final(time)
    for changes in (RAISE, LOWER):
        corrected(number, as_, changes)
        deliver_all()
    seal_ledger()
    with zipfile.ZipFile(exported_to(tmp_path / "case.zip", number)) as package:
        index = package.read("index.html").decode()
    assert index.count("质检评分更正通知书") == 2 and index.count("已被取代 no longer in force") == 1


def test_notice_drawn_after_a_dispute_tells_of_the_case_as_it_was(db, time, as_):
    number = evaluation()
    recording(number)
    corrected(number, as_)
    moment = entry(number, "approve_correction")["seq"]
    perform(number, "read", as_("ann"))
    time.set("2026-11-03 15:00")
    dispute(number)
    assert case(number).state == "provisional"
    deliver_all()
    ((_document, said),) = notices(number)
    assert (said["totals"]["after"]["score"], said["ledger"]["seq"]) == ("90.00", moment)
    assert "更正时异议期未过" in said["remedy"]["text"]["zh"]
    assert [(d["label"]["en"], d["state"]) for d in said["deadlines"]] == [
        ("Approval of a correction", "kept"), ("Objection window", "kept"),
    ]  # fmt: skip
    assert said["deadlines"][1]["ended"] == said["deadlines"][0]["ended"], "the window that the correction ended"
    assert case(number).state == "provisional"


def test_notice_while_the_seal_is_away_waits_and_holds_nothing_up(db, time, as_, monkeypatch):
    """The first one's drawing fails: the second one stands behind it, and both come in their order."""
    number = final(time)
    corrected(number, as_)

    class Away:
        def __init__(self, folder: Any) -> None:
            pass

        def seal(self, *args: Any, **more: Any) -> Any:
            raise OSError("no token in the slot")

    monkeypatch.setattr(papers, "import_string", lambda path: Away)
    deliver_due()
    corrected(number, as_, LOWER)
    deliver_due()
    waiting = list(Delivery.objects.filter(kind="attest").order_by("pk").values_list("problem", flat=True))
    assert "no token" in waiting[0] and waiting[1].startswith("Expected the document about the act before")
    assert documents(number) == [] and str(case(number).score) == "85.00"
    monkeypatch.undo()
    time.on(minutes=10)
    Delivery.objects.update(due_at=now(), problem="")
    deliver_all()
    assert [said["totals"]["after"]["score"] for _document, said in notices(number)] == ["90.00", "85.00"]


def test_notice_delivered_twice_is_issued_once(db, time, as_):
    number = final(time)
    corrected(number, as_)
    delivery = Delivery.objects.get(kind="attest")
    papers.attest(delivery)
    papers.attest(delivery)
    assert documents(number) == [("correction", "issued")] and events(number).count("attest") == 1


@pytest.mark.parametrize("login", ["ann", "ian", "qin", "lee", "aud"])
def test_notice_is_read_by_whoever_sees_the_evaluation(db, time, as_, login):
    from casework import queries

    number = final(time)
    corrected(number, as_)
    deliver_all()
    (shown,) = queries.documents_of(number, as_(login))
    assert (shown["kind"], shown["state"]["code"]) == ("correction", "issued")


def test_notice_is_checked_without_us_by_its_proof(real_db, time, as_, tmp_path):
    number = final(time)
    corrected(number, as_)
    deliver_all()
    seal_ledger()
    ((document, _said),) = notices(number)
    file = store.documents().get(document.file_sha256)
    assert verdict(check_document(file)) is True
    pdf, proof, keys = tmp_path / "notice.pdf", tmp_path / "notice.tlog-proof", tmp_path / "keys.txt"
    pdf.write_bytes(file)
    proof.write_text(proof_of_document(str(document.pk), as_("ann"))[1])
    keys.write_text(published_keys())
    assert verify_offline(pdf, proof, "--keys", keys, "--trust-enclosed-keys").code == 0


def test_notice_of_somebody_who_left_is_drawn_before_they_can_be_erased(db, time, as_):
    number = final(time)
    corrected(number, as_)
    perform(number, "read", as_("ann"))
    time.set("2026-11-10 18:01")
    sweep()
    close_account(office(), Account.objects.get(username="ann").pk)
    Delivery.objects.exclude(kind="attest").delete()
    with refused(NotAllowedNow, "under_way"):
        erase_person(office(), "A1001", "本人来函")
    deliver_all()
    ((document, _said),) = notices(number)
    assert erase_person(office(), "A1001", "本人来函").closed_off == [str(document.pk)]
    assert verify_ledger().problems == []


def test_notice_stands_on_the_page_by_its_title(db, time, as_):
    number = final(time)
    corrected(number, as_)
    deliver_all()
    page = browser("ann").get(f"/cases/{number}").content.decode()
    assert "Notice of a corrected score" in page and "The company&#x27;s electronic seal" in page
