"""What was decided stands on paper: every text of the snapshot on the pages, every signature the recorded one."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from casework import store
from casework.documents.pki import load_pki
from casework.documents.verify import CODES, verify
from casework.domain.perform import open_case, perform
from casework.models import Document, SigningKey
from tests.conftest import acting
from tests.documents.test_render import leaves
from tests.factories import credential, deliver_all, evaluation, recording, scorecard
from tests.seen import revoke_all

NAMES = "喆堃璟彧龑犇镕昇玥頔 O'Brien 阿依古丽·买买提"
MARKUP = "<b>粗</b> <script>alert(1)</script> &amp; =1+1 {{ number }} {% now 'Y' %}"
COMMENT, REASON, STATED, RULED = (f"{what} {NAMES} {MARKUP}" for what in ("评语", "申诉", "陈述", "裁定"))


def pages(document: Document, tmp_path: Path) -> str:
    """The text of the file as poppler reads it, without white space."""
    file = tmp_path / "paper.pdf"
    file.write_bytes(store.documents().get(document.file_sha256))
    read = subprocess.run(["pdftotext", "-raw", str(file), "-"], capture_output=True, check=True)
    return folded(read.stdout.decode())


def folded(text: str) -> str:
    return re.sub(r"\s", "", text)


def genuine(document: Document, pki: Path) -> None:
    """verify() has nothing to object to, with the record as it stands."""
    record = {
        "issued_at": document.issued_at, "sha256": document.file_sha256, "snapshot_sha256": document.snapshot_sha256,
        "fields": [{"name": f["name"], "serial": f["serial"]} for f in document.fields],
    }  # fmt: skip
    file = store.documents().get(document.file_sha256)
    checks = verify(file, roots=[load_pki(pki).root_pem], expected=record)
    assert [(check.code, check.ok) for check in checks] == [(code, True) for code in CODES]


def test_ruling_shows_every_text_who_decided_who_was_barred_and_what_is_left(db, time, settings, tmp_path):
    card = {**scorecard({"QC4": "0", "QA5": "5", "QA6": "9"})}
    card["QC4"] = {**card["QC4"], "comment": COMMENT}
    number = evaluation(agent="A1019", reader="a1019", scores=card)
    recording(number)
    ground = {"ground": "fact_wrong", "claimed": "10"}
    claims = [
        {"criterion": "QC4", "reasons": REASON, "seconds": [35], **ground},
        {"criterion": "QA5", "reasons": "见录音", **ground},
        {"criterion": "QA6", "reasons": "见录音", **ground},
    ]
    paper = open_case("disputes.ScoreDispute", acting("a1019"), {"criteria": claims}, subject=number).number
    said = [
        {"criterion": "QC4", "text": STATED},
        {"criterion": "QA5", "concede": True},
        {"criterion": "QA6", "text": "维持"},
    ]
    perform(paper, "give_statement", acting("ian"), {"criteria": said})
    time.set("2026-11-04 10:00")
    perform(paper, "forward", acting("lee"))
    deliver_all()
    ruled = [
        {"criterion": "QC4", "decision": "other", "value": "6", "reasons": RULED},
        {"criterion": "QA5", "decision": "accept", "reasons": "同意"},
        {"criterion": "QA6", "decision": "inadmissible", "ground": "no_reasons", "reasons": "理由不具体"},
    ]
    time.set("2026-11-05 10:00")
    perform(paper, "rule", acting("qin"), {"criteria": ruled})
    deliver_all()
    draft = Document.objects.get(case__number=paper)
    secret = credential("qin")
    perform(paper, "sign", acting("qin"), {"document_sha256": draft.file_sha256, "credential": secret})
    deliver_all()

    ruling = Document.objects.get(case__number=paper)
    snapshot, text = json.loads(ruling.snapshot), pages(ruling, tmp_path)
    assert [leaf for leaf in leaves(snapshot) if folded(leaf) not in text] == []
    for said in (COMMENT, REASON, STATED, RULED, "秦明M401", "阿依古丽·买买提A1019", "白航Q202"):
        assert folded(said) in text, said
    assert "质检员已认可该项主张" in text, "a ruling by consent says so"
    assert "未说明理由" in text and "Noreasonsgiven" in text, "the ground of inadmissibility"
    assert [criterion["code"] for criterion in snapshot["criteria"]] == ["QC4", "QA5", "QA6"], "the rubric's order"
    assert snapshot["totals"]["original"]["score"] == "84.00"
    assert snapshot["totals"]["ruled"]["score"] == "95.00"
    assert (snapshot["demo"], "演示" in text) == (False, False)
    barred = {person["no"]: [r["code"] for r in person["reasons"]] for person in snapshot["barred"]}
    assert barred == {
        "L301": ["leads_unit", "led_unit_at_filing", "led_unit_at_call"], "Q202": ["scored"],
        "M402": ["leads_unit", "led_unit_at_filing", "deputy_of_barred"],
    }  # fmt: skip
    assert "2026-11-0918:00+08:00" in text, "served on Thursday the 5th, the remedy ends on Monday the 9th"
    assert "劳动争议调解仲裁法" in text
    assert [entry["what"]["en"] for entry in snapshot["timeline"]] == [
        "Filed by the agent", "Statement made by the inspector", "Forwarded by the team leader",
        "Ruling drafted by the reviewer",
    ]  # fmt: skip
    assert folded(snapshot["issued_note"]["zh"]) in text and "印章所载" in text
    serials = {field["name"]: field["serial"] for field in ruling.fields}
    assert serials["reviewer"] == SigningKey.objects.get(account__username="qin").serial
    genuine(ruling, settings.PKI_FOLDER)


@pytest.mark.parametrize("kind", ["late", "historical"])
def test_inadmissibility_by_rule_gives_its_reasons_and_bears_the_seal_alone(db, time, settings, tmp_path, kind):
    if kind == "late":
        number = evaluation(agent="A1018", reader="a1018")
    else:
        number = evaluation(agent="A1018", historical=True, publisher=None)
    recording(number)
    time.set("2026-11-05 18:00:00")
    claims = [{"criterion": "QC4", "claimed": "10", "ground": "fact_wrong", "reasons": REASON}]
    paper = open_case("disputes.ScoreDispute", acting("a1018"), {"criteria": claims}, subject=number).number
    deliver_all()
    decision = Document.objects.get(case__number=paper)
    snapshot, text = json.loads(decision.snapshot), pages(decision, tmp_path)
    assert [leaf for leaf in leaves(snapshot) if folded(leaf) not in text] == []
    assert "逾期提出" in text and "O'BrienPat" in text
    if kind == "late":
        assert "异议期已于2026-11-0518:00+08:00届满" in text, "a reasoned decision says by how much"
    else:
        assert "历史评分" in text
    assert snapshot["deciders"] == []
    assert snapshot["evaluation"]["recording"]["state"] == "unchecked", "nobody looked, so nobody says it is missing"
    assert "2026-11-0918:00+08:00" in text, "reinstatement: two working days from Thursday the 5th"
    assert [field["name"] for field in decision.fields] == ["organisation"]
    genuine(decision, settings.PKI_FOLDER)


def test_ruling_without_a_leader_or_a_recording_says_why(db, time, settings, tmp_path):
    """Nobody screened, the inspector was silent, the recording is gone: each stands on paper. Annulled: no score."""
    revoke_all("L301", "team_leader")
    revoke_all("M402", "team_leader")
    number = evaluation()
    claims = [{"criterion": "QC4", "claimed": "10", "ground": "fact_wrong", "reasons": REASON}]
    paper = open_case("disputes.ScoreDispute", acting("ann"), {"criteria": claims}, subject=number).number
    deliver_all()
    time.set("2026-11-04 18:01")
    from tests.seen import case, sweep

    sweep()
    accepted = {"criterion": "QC4", "decision": "accept", "reasons": "录音缺失"}
    perform(paper, "rule", acting("qin"), {"criteria": [accepted], "annul": "录音未保存，程序违反规定"})
    deliver_all()
    draft = Document.objects.get(case__number=paper)
    snapshot, text = json.loads(draft.snapshot), pages(draft, tmp_path)
    assert [leaf for leaf in leaves(snapshot) if folded(leaf) not in text] == []
    assert "本案未经班组长核转（提起申诉时该班组没有负责人）" in text
    assert "期内未陈述" in text and "录音缺失或者与登记的校验值不符" in text
    assert "程序违反规定" in text and snapshot["outcome"]["zh"] == "撤销"
    perform(paper, "sign", acting("qin"), {"document_sha256": draft.file_sha256, "credential": credential("qin")})
    deliver_all()
    annulled = case(number)
    assert (annulled.state, annulled.score, annulled.passed, str(annulled.original_score)) == (
        "annulled",
        None,
        False,
        "84.00",
    )
    perform(paper, "accept", acting("ann"))
    assert (case(number).state, case(number).outcome) == ("final", "annulled")
