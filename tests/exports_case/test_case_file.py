"""A case as a file: all of it, for whoever may read all of it, recorded, and provable without the system."""

import csv
import hashlib
import io
import json
import re
import threading
import zipfile
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.db import connection, connections, transaction

from casework import store
from casework.domain import ledger
from casework.domain.checkpoints import LogBroken
from casework.domain.erasing import erase_person
from casework.domain.errors import InvalidInput, NotAllowedNow, NotPermitted, OutOfScope
from casework.domain.perform import perform
from casework.exports import case_file
from casework.exports.case_file import export_case
from casework.models import Account, CaseEvent, Checkpoint, Document, EventText, Evidence, Person
from casework.queries import evidence_of, show_case
from casework.transparency import key_folder, notes
from tests.commands.conftest import nobody_at_the_terminal, refused, run, token_of  # noqa: F401 (fixtures)
from tests.conftest import acting, forget
from tests.exports_case.conftest import OFFLINE, by_node, by_python, exported_to, unpacked
from tests.factories import advance, arbitration, blind_scores, deliver_all, dispute, panel, received
from tests.leaver import ended, office
from tests.seen import case
from workflows.disputes.models import ScoreDispute
from workflows.evaluations.models import Evaluation

postgresql_only = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")


@pytest.fixture
def ledger_(real_db, time, settings, tmp_path) -> None:
    settings.EVIDENCE_FOLDER = tmp_path / "evidence"


@pytest.fixture
def issued(issued_db, time) -> str:
    """ann's dispute, decided and issued."""
    return issued_db


def files_of(number: str, login: str = "aud", *, with_evidence: bool = False) -> dict[str, bytes]:
    """{name: content} of the case's export, in the order of the zip."""
    out = io.BytesIO()
    export_case(out, number, acting(login), with_evidence=with_evidence)
    with zipfile.ZipFile(out) as package:
        assert package.testzip() is None
        return {info.filename: package.read(info) for info in package.infolist()}


def recorded() -> list[dict]:
    events = CaseEvent.objects.filter(stream="access", action="exported").order_by("seq")
    return [json.loads(event.entry) for event in events]


def events_of(number: str) -> list[CaseEvent]:
    return list(CaseEvent.objects.filter(stream=f"case:{number}").order_by("seq").select_related("texts"))


# What is in it


def test_export_holds_the_case_its_entries_and_its_documents_as_they_are(issued):
    number = issued
    files, events, paper = files_of(number), events_of(number), Document.objects.get()
    assert files["entries.jsonl"].decode().splitlines() == [event.entry for event in events]
    assert files[f"documents/ruling-{paper.pk}.pdf"] == store.documents().get(paper.file_sha256)
    assert files[f"documents/ruling-{paper.pk}.json"].decode() == paper.snapshot
    texts = [json.loads(line) for line in files["texts.jsonl"].splitlines()]
    assert texts == [
        {"event": str(event.pk), **text} for event in events if hasattr(event, "texts") for text in event.texts.texts
    ]
    assert len(texts) == 6
    shown = show_case(number, acting("aud"))
    shown.pop("events")
    assert json.loads(files["case.json"]) == json.loads(json.dumps(shown))
    assert {name for name in files if name.startswith("proofs/")} == {
        *(f"proofs/{event.seq}.tlog-proof" for event in events), "proofs/export.tlog-proof",
    }  # fmt: skip
    assert files["keys/log.vkey"] == (configured.LOG_FOLDER / "vkey").read_bytes()
    assert files["keys/witnesses.vkey"] == b""
    assert number in files["README.txt"].decode() and "怎样校验" in files["README.txt"].decode()
    assert files["keys/root.crt.pem"] == (configured.PKI_FOLDER / "root.crt.pem").read_bytes()
    for name in ("verify.py", "verify.mjs"):
        assert files[name] == (OFFLINE / name).read_bytes()


def test_export_of_a_case_that_was_changed_past_its_entries_is_refused_and_not_recorded(issued):
    """Somebody wrote a better score into the row; an export would show it beside entries that are whole."""
    Evaluation.objects.update(score="99.50")
    ScoreDispute.objects.update(outcome="maintained")
    with pytest.raises(NotAllowedNow, match="the row of the case is not as its last entry left it") as refusal:
        files_of(issued)
    assert refusal.value.reason == "not_whole" and recorded() == []


def test_export_lists_every_file_with_its_digest(issued):
    files = files_of(issued)
    listed = json.loads(files["manifest.json"])["files"]
    beside = {name for name in files if name.startswith("proofs/")} | {"manifest.json", "export.json"}
    assert listed == {n: hashlib.sha256(content).hexdigest() for n, content in files.items() if n not in beside}


def test_export_lists_the_evidence_and_holds_it_when_asked(ledger_):
    number = dispute()
    digest = received(number, "ann", "证据".encode())
    Evidence.objects.update(name="=通话 <b>\u202e记录\n.txt")
    perform(number, "add_evidence", acting("ann"), {"sha256": digest, "shows": "见附件"})
    files, more = files_of(number), files_of(number, with_evidence=True)
    rows = list(csv.DictReader(io.StringIO(files["evidence.csv"].decode("utf-8-sig"))))
    assert [(row["kind"], row["by"], row["state"]) for row in rows] == [
        ("recording", "", "intact"), ("file", "A1001", "intact"),
    ]  # fmt: skip
    assert rows[1]["sha256"] == digest and rows[1]["size"] == "6" and rows[1]["name"].startswith("'=通话 <b>")
    assert set(more) - set(files) == {f"evidence/{row['sha256']}" for row in rows}
    assert more[f"evidence/{digest}"].decode() == "证据"
    assert f'href="evidence/{digest}"' in more["index.html"].decode()
    assert f"evidence/{digest}" not in files["index.html"].decode()


def test_export_when_evidence_is_lost_says_so_and_goes_on(ledger_):
    number = dispute()
    (recording,) = evidence_of(number, acting("aud"))
    store.evidence().path_of(recording["sha256"]).unlink()
    files = files_of(number, with_evidence=True)
    assert '"missing"' in files["evidence.csv"].decode() and "缺失 missing" in files["index.html"].decode()
    assert not [name for name in files if name.startswith("evidence/")]


def test_export_of_more_evidence_than_a_verifier_reads_is_refused(ledger_, monkeypatch):
    number = dispute()
    monkeypatch.setattr(case_file, "MOST_BYTES", 2000)
    with pytest.raises(InvalidInput, match="without the files"):
        files_of(number, with_evidence=True)
    assert recorded() == []
    files_of(number)


def test_export_of_an_open_case_without_documents_is_genuine(ledger_, tmp_path):
    number = dispute()
    folder = unpacked(exported_to(tmp_path / "case.zip", number), tmp_path / "case")
    page = (folder / "index.html").read_text()
    assert "尚未结案" in page and "导出时尚未出具文书" in page and not (folder / "documents").exists()
    for verify in (by_python, by_node):
        assert verify(folder, "--trust-enclosed-keys").code == 0


def test_export_after_the_person_was_erased_is_genuine_without_the_words(ledger_, tmp_path):
    scored, paper = ended()
    said = EventText.objects.filter(event__case__number=scored).values_list("texts", flat=True)
    words = {one["text"] for texts in said for one in texts if one["text"]}
    erase_person(office(), "A1001", "本人来函")
    for number in (scored, paper):
        folder = unpacked(exported_to(tmp_path / f"{number}.zip", number), tmp_path / number)
        assert (folder / "texts.jsonl").read_bytes() == b""
        for verify in (by_python, by_node):
            assert verify(folder, "--trust-enclosed-keys").code == 0
    assert words and not any(word in (tmp_path / scored / "index.html").read_text() for word in words)
    assert list((tmp_path / paper / "documents").glob("*.pdf"))  # closed off, not erased


def test_export_of_a_draft_leaves_it_out(ledger_):
    number = dispute(upto="ruled")
    deliver_all()
    assert Document.objects.filter(state="drafted").exists()
    assert not [name for name in files_of(number) if name.startswith("documents/")]


def test_export_twice_at_one_time_differs_in_its_record_only(issued):
    first, second = files_of(issued), files_of(issued)
    changed = {name for name in first if first[name] != second[name]}
    assert list(first) == list(second)
    assert changed == {"export.json", *(name for name in first if name.startswith("proofs/"))}


def test_export_has_the_same_date_and_order_whenever_it_is_made(issued, tmp_path):
    with zipfile.ZipFile(exported_to(tmp_path / "case.zip", issued)) as package:
        assert {info.date_time for info in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        names = package.namelist()
    assert names[:3] == ["index.html", "README.txt", "case.json"]
    assert names[-2] == "proofs/export.tlog-proof" and names[-1].startswith("evidence/")


def test_entries_after_the_export_are_in_the_next_one(ledger_, tmp_path):
    number = dispute(upto="stated")
    before = len(files_of(number)["entries.jsonl"].splitlines())
    advance(number, "forwarded")
    assert len(files_of(number)["entries.jsonl"].splitlines()) == before + 1


def test_export_while_the_witness_is_away_goes_without_its_word(ledger_, settings, tmp_path, monkeypatch):
    monkeypatch.setattr(case_file, "WAITS", (0, 0.05))
    who = key_folder.made(tmp_path / "witness", "witness.example/w1", notes.COSIGNED)
    settings.WITNESSES = [f"{who}@http://127.0.0.1:9"]
    folder = unpacked(exported_to(tmp_path / "case.zip", dispute()), tmp_path / "case")
    assert (folder / "keys" / "witnesses.vkey").read_text() == f"{who}\n"
    assert "--witness-key witnesses.vkey" in (folder / "README.txt").read_text()
    for verify in (by_python, by_node):
        told = verify(folder, "--trust-enclosed-keys")
        assert (told.code, told.marks["witnesses"]) == (2, "unknown"), told.said


# The page


def test_page_says_all_in_both_languages_and_asks_for_nothing_else(issued):
    page = files_of(issued)["index.html"].decode()
    for words in ("质检申诉", "Score dispute", "坐席提起申诉", "Filed by the agent", "裁定书", "语速正常", "欧审计"):
        assert words in page, words
    assert not re.search(r"<script|<img|<link|@import|url\(|https?:|javascript:", page)
    assert {link for link in re.findall(r'href="([^"]*)"', page)} == set(re.findall(r'"(documents/[^"]*\.pdf)"', page))


def test_page_shows_names_and_texts_as_they_are_written_and_no_markup(ledger_):
    Person.objects.filter(no="A1001").update(name="<script>alert('欧阳')</script>龑·𠮷")
    forget()
    claim = {"criterion": "QC4", "claimed": "10", "ground": "fact_wrong"}
    number = dispute(criteria=[{**claim, "reasons": "</blockquote><script>第35秒</script>"}])
    files = files_of(number)
    page = files["index.html"].decode()
    assert "<script" not in page and "&lt;script&gt;alert(&#x27;欧阳&#x27;)&lt;/script&gt;龑·𠮷" in page
    assert "&lt;script&gt;第35秒&lt;/script&gt;" in page
    assert "龑·𠮷" in files["case.json"].decode(), "as it is written, not as escapes"


# Who may


@pytest.mark.parametrize("login", ["aud", "fang", "qin"])
def test_export_by_whoever_looks_over_closed_cases_is_made(issued, login):
    files_of(issued, login)
    (entry,) = recorded()
    assert entry["actor"] == acting(login).no


@pytest.mark.parametrize("login", ["ann", "ian", "lee", "sun", "hua"])
def test_export_by_whoever_reads_a_part_only_is_refused(db, time, login):
    number = dispute(upto="stated")
    with pytest.raises(NotPermitted, match="parts of it are closed to you; ask the auditor"):
        files_of(number, login)
    assert recorded() == [] and not Checkpoint.objects.exists()


def test_export_by_who_decides_is_refused_until_the_decision_is_issued(db, time):
    number = dispute(upto="forwarded")
    assert [p.person.no for p in case(number).parties.filter(role="reviewer")] == ["M401"]
    with pytest.raises(NotPermitted):
        files_of(number, "qin")


@pytest.mark.parametrize("login, number", [("feng", None), ("bo", None), ("aud", "DSP-2026-999999"), ("aud", "../x")])
def test_export_out_of_scope_is_refused_like_what_is_not_there(db, time, login, number):
    with pytest.raises(OutOfScope, match="nothing under this address"):
        files_of(number or dispute(), login)
    assert recorded() == []


def test_export_by_an_account_of_nobody_is_refused(db, time):
    with pytest.raises((NotPermitted, OutOfScope)):
        files_of(dispute(), Account.objects.get(person=None, is_superuser=True).username)


def test_export_while_blind_scores_are_sealed_is_refused_to_everybody(db, time):
    number = arbitration()
    login = next(iter(panel(number).values()))
    perform(number, "score_blind", acting(login), blind_scores(number))
    with pytest.raises(NotAllowedNow, match="some are sealed until others follow"):
        files_of(number)
    assert recorded() == []
    with pytest.raises((NotPermitted, OutOfScope)):
        files_of(number, login)


# What is recorded


def test_export_is_recorded_by_what_was_taken(issued):
    number = issued
    files = files_of(number, with_evidence=True)
    (entry,) = recorded()
    assert files["export.json"].decode() == CaseEvent.objects.get(stream="access", action="exported").entry
    assert (entry["case"], entry["actor"]) == (number, "U999")
    assert entry["data"] == {
        "what": "case", "entries": 7, "head": case(number).head, "evidence": True,
        "manifest": hashlib.sha256(files["manifest.json"]).hexdigest(),
    }  # fmt: skip


def test_export_when_a_document_is_lost_is_refused_and_not_recorded(issued, settings, tmp_path):
    settings.DOCUMENT_FOLDER = tmp_path / "empty"
    with pytest.raises(Exception, match="it is missing; tell the administrator"):
        files_of(issued)
    assert recorded() == []


def test_export_when_the_log_cannot_go_on_is_refused_and_not_recorded(ledger_):
    number = dispute()
    files_of(number)
    (configured.LOG_FOLDER / "key.pem").unlink()
    ledger.note("org", "test", {"about": "nothing"})
    with pytest.raises(LogBroken, match="key cannot be used"):
        files_of(number)
    assert len(recorded()) == 1


@postgresql_only
def test_export_while_a_step_is_being_written_is_refused_until_it_is(ledger_, monkeypatch):
    number = dispute()
    monkeypatch.setattr(case_file, "WAITS", (0, 0.1))
    written, may_end = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            ledger.note("org", "test", {"about": "slow"})
            written.set()
            may_end.wait(20)
        connections.close_all()

    thread = threading.Thread(target=slow)
    thread.start()
    assert written.wait(10)
    try:
        advance(number, "stated")
        with pytest.raises(NotAllowedNow, match="still being written"):
            files_of(number)
    finally:
        may_end.set()
        thread.join()
    assert len(files_of(number)["entries.jsonl"].splitlines()) == 2


# The command


def test_export_case_saves_the_file_for_its_owner_and_says_what_proves_it(issued, token_of, tmp_path):  # noqa: F811
    token_of("aud")
    path = tmp_path / "case.zip"
    done = run("export_case", issued, "--out", path, "--as", "aud", "--with-files")
    assert (done.status, done.json["case"], done.json["entries"], done.json["file"]) == (0, issued, 7, str(path)), done
    assert hashlib.sha256(path.read_bytes()).hexdigest() == done.json["sha256"]
    assert path.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(path) as package:
        assert len(package.namelist()) == done.json["files"]
        assert [name for name in package.namelist() if name.startswith("evidence/")]
    checkpoint = Checkpoint.objects.latest("size")
    assert done.json["checkpoint"] == {"size": checkpoint.size, "root": checkpoint.root}
    assert done.json["witnesses"] == []
    assert by_python(path, "--trust-enclosed-keys").code == 0


def test_export_case_that_is_refused_leaves_nothing(db, time, token_of, tmp_path):  # noqa: F811
    number, path = dispute(), tmp_path / "case.zip"
    token_of("ann")
    refused(run("export_case", number, "--out", path, "--as", "ann"), 3, "Expected somebody who may read the whole")
    refused(run("export_case", number, "--out", tmp_path / "case.pdf", "--as", "ann"), 2, "ending in .zip")
    refused(run("export_case", number, "--out", tmp_path / "no" / "case.zip", "--as", "ann"), 2, "Expected to write")
    token_of("feng")
    refused(run("export_case", number, "--out", path, "--as", "feng"), 5, "nothing under this address")
    assert [file for file in Path(tmp_path).iterdir() if file.suffix] == [] and recorded() == []
