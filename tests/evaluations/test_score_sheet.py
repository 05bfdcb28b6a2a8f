"""Whoever a score is about, or works with it, has it on paper: each criterion, why, how long it may be disputed."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from casework import store
from casework.documents.check import verdict
from casework.domain.document_check import check_document
from casework.domain.errors import NotAllowedNow, NotPermitted, OutOfScope
from casework.domain.now import now
from casework.domain.perform import perform
from casework.domain.published_keys import published_keys
from casework.domain.sealing import seal_ledger
from casework.domain.verification import verify_ledger
from casework.models import Case, Delivery, Document
from casework.queries.log import proof_of_document
from casework.queries.papers import documents_of
from tests.documents.test_render import leaves
from tests.evaluations.test_correction import RAISE, final
from tests.exports_case.hostile_pdfs import run as verify_offline
from tests.factories import advance, arbitration, deliver_all, dispute, evaluation, panel, recording, scorecard
from tests.laws.permissions import _annul, store_cast
from tests.laws.walk_starts import SIX, six_categories
from tests.seen import case, documents, entry, events, refused, told
from tests.stories.test_documents import MARKUP, NAMES, folded, genuine, pages
from tests.web.acting import do
from tests.web.visiting import browser
from workflows.evaluations.models import RubricVersion
from workflows.evaluations.rubric import Rubric
from workflows.evaluations.rubrics import rubric_version

COMMENT = f"评语 {NAMES} {MARKUP}"


def asked(number: str, as_: Any, login: str = "ann") -> dict[str, Any]:
    """What the sheet says that this person asked for."""
    perform(number, "request_score_sheet", as_(login))
    deliver_all()
    return sheets(number)[-1][1]


def sheets(number: str) -> list[tuple[Document, dict[str, Any]]]:
    """The sheets as they were issued, with what they say."""
    rows = Document.objects.filter(case__number=number, kind="score_sheet").order_by("issued_at", "drafted_at")
    return [(row, json.loads(row.snapshot)) for row in rows]


def lines(said: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {line["code"]: line for category in said["categories"] for line in category["criteria"]}


def unprinted(said: dict[str, Any], document: Document, folder: Path) -> list[str]:
    """What the sheet says and its pages do not."""
    text = pages(document, folder)
    return [leaf for leaf in leaves(said) if folded(leaf) not in text]


def against(said: dict[str, Any]) -> str:
    """What it says can be said against the score."""
    return " ".join(text["en"] for text in (said["remedy"]["text"], *said["remedy"]["more"]))


def test_request_score_sheet_by_the_agent_says_every_criterion_why_and_until_when(db, time, as_, tmp_path):
    card = scorecard({"QC4": "0", "QA5": "5", "QA6": "9"})
    card["QC4"] = {**card["QC4"], "comment": COMMENT}
    number = evaluation(scores=card, customer_ref="13800000000")
    said = asked(number, as_)
    ((document, _said),) = sheets(number)
    text = pages(document, tmp_path)
    assert [leaf for leaf in leaves(said) if folded(leaf) not in text] == []
    assert said["totals"] == {"now": {"score": "84.00", "band": "[80,85)", "passed": False}}
    found = lines(said)
    assert list(found) == list(case(number).rubric.criteria) and len(found) == 10
    assert (found["QC4"]["value"], found["QC4"]["comment"], found["QC4"]["at_seconds"]) == ({"shown": "0"}, COMMENT, 35)
    assert (found["QC4"]["class"]["en"], found["QA5"]["class"]["zh"]) == ("Conduct", "服务能力")
    assert [party["no"] for party in said["parties"]] == ["A1001", "Q202"] and said["asked"]["no"] == "A1001"
    assert (said["outcome"]["en"], said["served"]["how"]["en"]) == ("Standing", "Opened by the agent")
    assert "until 2026-11-05 18:00" in against(said)
    assert [step["what"]["zh"] for step in said["timeline"]][-1] == "申请出具质检评分表"
    assert said["ledger"]["seq"] == entry(number, "request_score_sheet")["seq"]
    assert "劳动争议调解仲裁法" in text and "13800000000" not in text, "no number of the customer's"


def test_score_sheet_when_issued_bears_the_seal_alone_and_the_agent_is_told(db, time, as_):
    number = evaluation()
    asked(number, as_, "ian")
    ((document, _said),) = sheets(number)
    assert documents(number) == [("score_sheet", "issued")]
    assert [(field["name"], bool(field["serial"])) for field in document.fields] == [("organisation", True)]
    genuine(document, settings.PKI_FOLDER)
    assert (told("A1001", number)[-1], told("Q202", number)) == ("score_sheet_issued", [])
    assert events(number)[-2:] == ["request_score_sheet", "attest"]
    assert (entry(number, "attest")["from"], entry(number, "attest")["to"]) == ("standing", "standing")
    assert verify_ledger().problems == []


def test_request_score_sheet_again_is_refused_while_it_says_the_same(db, time, as_):
    """Also by somebody else, and while it is being drawn."""
    number = evaluation()
    perform(number, "request_score_sheet", as_("ann"))
    for login in ("ann", "qin"):
        with refused(NotAllowedNow, "already_asked"):
            perform(number, "request_score_sheet", as_(login))
    deliver_all()
    perform(number, "acknowledge", as_("ann"))
    with refused(NotAllowedNow, "already_asked"):
        perform(number, "request_score_sheet", as_("ann"))
    assert len(sheets(number)) == 1 and Delivery.objects.count() == 0


def test_request_score_sheet_after_a_correction_takes_the_place_of_the_last(db, time, as_, tmp_path):
    number = final(time)
    before = asked(number, as_)
    assert "no dispute of it is accepted" in against(before)
    perform(number, "propose_correction", as_("ian"), RAISE)
    with refused(NotAllowedNow, "already_asked"):
        perform(number, "request_score_sheet", as_("ann"))  # nothing moves before approval
    perform(number, "approve_correction", as_("qin"))
    time.on(minutes=5)
    unserved = asked(number, as_)
    time.on(minutes=5)
    perform(number, "read", as_("ann"))
    said = asked(number, as_)
    (first, _), (second, _), (third, _) = sheets(number)
    assert (first.supersedes_id, second.supersedes_id, third.supersedes_id) == (None, first.pk, second.pk)
    assert {when: t["score"] for when, t in said["totals"].items()} == {"original": "84.00", "now": "90.00"}
    found = lines(said)
    assert (found["QC4"]["original"]["shown"], found["QC4"]["value"]["shown"]) == ("0", "6")
    assert "original" not in found["QA5"] and found["QA5"]["value"]["shown"] == "5"
    assert said["published"]["times"] == 2
    assert "not served yet" in against(unserved) and "Only QC4 may be disputed" in against(unserved)
    assert "until 2026-11-10 18:00" in against(said) and "Only QC4 may be disputed" in against(said)
    text = pages(third, tmp_path)
    assert [leaf for leaf in leaves(said) if folded(leaf) not in text] == []
    assert "服务素质Conduct1006" in text, "points, original value, value"
    shown = {paper["id"]: paper["superseded_by"] for paper in documents_of(number, as_("ann"))}
    assert shown[str(second.pk)] == str(third.pk) and shown[str(third.pk)] is None
    assert verify_ledger().problems == []


def test_score_sheet_drawn_after_a_correction_tells_of_the_score_as_it_was_asked_for(db, time, as_):
    number = final(time)
    perform(number, "request_score_sheet", as_("ann"))
    perform(number, "propose_correction", as_("ian"), RAISE)
    perform(number, "approve_correction", as_("qin"))
    perform(number, "request_score_sheet", as_("ann"))
    deliver_all()
    one, two = [said for _document, said in sheets(number)]
    assert (one["totals"]["now"]["score"], two["totals"]["now"]["score"]) == ("84.00", "90.00")
    assert (one["outcome"]["en"], two["outcome"]["en"]) == ("Final", "Standing")
    assert (lines(one)["QC4"]["value"]["shown"], lines(two)["QC4"]["value"]["shown"]) == ("0", "6")
    assert "original" not in lines(one)["QC4"] and one["timeline"][-1]["what"]["en"] == "QA score sheet requested"
    assert "served" in one and "served" not in two


def test_score_sheet_while_a_question_waits_says_that_the_window_stands_still(db, time, as_):
    number = evaluation()
    perform(number, "question", as_("ann"), {"text": "为什么扣分？"})
    assert "stands still" in against(asked(number, as_))
    time.on(minutes=5)
    perform(number, "answer", as_("ian"), {"text": "语速过快"})
    assert "stands still" not in against(asked(number, as_))


def test_score_sheet_in_dispute_says_so_and_after_the_ruling_what_came_of_it(db, time, as_, tmp_path):
    number = evaluation()
    recording(number)
    paper = dispute(number, upto="ruled")
    said = asked(number, as_)
    assert (said["outcome"]["en"], "under dispute" in against(said)) == ("Provisional", True)
    assert said["evaluation"]["recording"]["state"] == "intact"
    time.on(minutes=5)
    advance(paper, "signed")
    advance(paper, "issued")
    said = asked(number, as_)
    assert (said["outcome"]["en"], said["totals"]["now"]["score"]) == ("Adjusted", "90.00")
    assert "as a ruling or an award" in against(said)
    assert unprinted(said, sheets(number)[-1][0], tmp_path) == []


def test_score_sheet_of_an_annulled_score_has_no_score(db, time, as_, tmp_path):
    store_cast()
    (stop,) = _annul()
    said = asked(stop.number, as_)
    assert (said["outcome"]["en"], said["totals"]["now"]["score"]) == ("Annulled", "—")
    assert (said["totals"]["original"]["score"], said["has_moved"]) == ("84.00", False)
    assert unprinted(said, sheets(stop.number)[-1][0], tmp_path) == []


def test_score_sheet_of_a_historical_score_says_that_it_was_never_published(db, time, as_, tmp_path):
    number = evaluation(historical=True, publisher=None)
    said = asked(number, as_)
    assert "published" not in said and "served" not in said
    assert "final on import" in against(said) and said["outcome"]["en"] == "Final"


def test_score_sheet_with_a_failed_critical_item_says_what_made_it_nothing(db, time, as_, tmp_path):
    number = evaluation(
        agent="A1003", inspector="Q203", reader="chen", rubric="six-category", scores=six_categories(SIX)
    )
    said = asked(number, as_, "chen")
    assert (said["totals"]["now"]["score"], said["totals"]["now"]["passed"]) == ("0.00", False)
    assert [note["en"] for note in said["notes"]][1:] == ["Critical item failed: OT2. The score is therefore 0."]
    assert [lines(said)[code]["value"]["shown"] for code in ("OT2", "PK2", "PK1")] == ["×", "✓", "2"]
    assert unprinted(said, sheets(number)[-1][0], tmp_path) == []


@pytest.mark.parametrize("login", ["ann", "ian", "lee", "qin", "sun", "hua"])
def test_request_score_sheet_by_whoever_it_concerns_or_works_with_it(db, time, as_, login):
    number = evaluation()
    assert asked(number, as_, login)["asked"]["no"] == as_(login).no


@pytest.mark.parametrize(
    ("login", "kind"),
    [("aud", NotPermitted), ("fang", NotPermitted), ("root", NotPermitted), ("bo", OutOfScope), ("ivy", OutOfScope)],
)
def test_request_score_sheet_by_others_is_refused(db, time, as_, login, kind):
    number = evaluation()
    with refused(kind):
        perform(number, "request_score_sheet", as_(login))
    assert Delivery.objects.filter(kind="attest").count() == 0


def test_request_score_sheet_of_a_draft_is_refused(db, time, as_):
    number = evaluation(publisher=None)
    with refused(NotAllowedNow):
        perform(number, "request_score_sheet", as_("qin"))
    with refused(OutOfScope):
        perform(number, "request_score_sheet", as_("ann"))


def test_request_score_sheet_by_an_arbitrator_who_scores_blind_is_refused(db, time, as_):
    number = arbitration()
    scored = Case.objects.get(number=number).subject.subject.number
    for login in panel(number).values():
        with refused(OutOfScope):
            perform(scored, "request_score_sheet", as_(login))


def test_score_sheet_of_forty_criteria_with_long_comments_breaks_over_pages(db, time, as_, tmp_path):
    """The head of the table stands on each page of it, and no title apart from the first words of its comment."""
    content = rubric_version("six-category", 1).content()
    content["code"] = "forty"
    more = [{**content["categories"][-1]["criteria"][0], "code": f"XX{n}"} for n in range(1, 5)]
    content["categories"].append({"code": "XX", "name": {"zh": "附加", "en": "More"}, "criteria": more})
    forty = Rubric.from_content(content)
    RubricVersion.objects.create(
        code="forty", version=1, digest=forty.digest, content=forty.content(), registered_at=now()
    )
    words = f"{COMMENT} 语速过快，客户三次要求重复；" * 12
    card = six_categories({code: {"at": 61, "comment": f"{code} {words}"} for code in ("PK1", "SL5", "CS3", "OT2")})
    card["AT2"]["comment"] = f"AT2 {words * 12}"  # more than a page
    card |= {f"XX{n}": card["OT1"] for n in range(1, 5)}
    number = evaluation(rubric="forty", scores=card)
    said = asked(number, as_)
    ((document, _said),) = sheets(number)
    assert len(lines(said)) == 40
    text = pages(document, tmp_path)
    short = [leaf for leaf in leaves(said) if words not in leaf]  # a foot of a page stands within the others
    assert [leaf for leaf in short if folded(leaf) not in text] == []
    read = subprocess.run(["pdftotext", "-layout", str(tmp_path / "paper.pdf"), "-"], capture_output=True, check=True)
    sides = [folded(side) for side in read.stdout.decode().split("\f") if side.strip()]
    table = [side for side in sides if "Conduct" in side]
    assert len(table) >= 2 and all("CriterionClassPointsScore" in side for side in table)
    assert any("AT2服务热情" in side and "AT2评语" in side for side in sides)


def test_score_sheet_is_checked_without_us_by_its_proof(real_db, time, as_, tmp_path):
    number = evaluation()
    asked(number, as_)
    seal_ledger()
    ((document, _said),) = sheets(number)
    file = store.documents().get(document.file_sha256)
    assert verdict(check_document(file)) is True
    pdf, proof, keys = tmp_path / "sheet.pdf", tmp_path / "sheet.tlog-proof", tmp_path / "keys.txt"
    pdf.write_bytes(file)
    proof.write_text(proof_of_document(str(document.pk), as_("ann"))[1])
    keys.write_text(published_keys())
    assert verify_offline(pdf, proof, "--keys", keys, "--trust-enclosed-keys").code == 0


def test_request_score_sheet_on_the_page_leads_to_the_document(db, time):
    number = evaluation()
    assert f"/cases/{number}/do/request_score_sheet" in browser("ann").get(f"/cases/{number}").content.decode()
    do("ann", number, "request_score_sheet").confirmed()
    deliver_all()
    ((document, _said),) = sheets(number)
    page = browser("ann").get(f"/cases/{number}").content.decode()
    assert "QA score sheet" in page and f"/documents/{document.pk}.pdf" in page
    assert browser("ann").get(f"/documents/{document.pk}.pdf").status_code == 200
