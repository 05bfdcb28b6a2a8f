"""Anybody checks a paper at the address printed on it, and learns nothing else."""

import hashlib
import html
import io
import json
import re
from typing import Any
from uuid import UUID, uuid4

import pikepdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from casework import store
from casework.domain.published_keys import published_keys
from casework.domain.sealing import seal_ledger
from casework.models import CaseEvent, Document
from casework.queries.log import proof_of_document
from casework.web import verification
from tests.conftest import acting
from tests.factories import dispute

PERSONAL = ("A1001", "Q202", "DSP-", "EVL-", "张", "disputes", "ruling")


@pytest.fixture
def issued(issued_db, time, settings) -> tuple[Document, bytes]:
    document = Document.objects.get(case__number=issued_db, state="issued")
    seal_ledger()
    return document, store.documents().get(document.file_sha256)


@pytest.fixture
def drafted(db, time, settings) -> tuple[Document, bytes]:
    number = dispute(upto="signed")
    document = Document.objects.get(case__number=number)
    return document, store.documents().get(document.file_sha256)


def ask(page, status: int = 200, client: Client | None = None, **fields) -> str:
    """What the page at that id says to somebody unknown, without the id itself."""
    client = client or Client(headers={"accept-language": "en"})
    if isinstance(fields.get("file"), bytes):
        fields["file"] = SimpleUploadedFile("paper.pdf", fields["file"], "application/pdf")
    response = client.post(f"/v/{page}", fields) if fields else client.get(f"/v/{page}")
    assert response.status_code == status, response.content.decode()[:800]
    text = re.sub(r"\s+", " ", response.content.decode())
    return re.sub(r'[0-9a-zA-Z]{64}"', '"', text).replace(str(page), "ID")


def told(text: str) -> str:
    """Verdict and checks alone."""
    found = re.search(r'<section class="verdict.*?</ul>', text)
    return re.sub(r"<[^>]+>", "", found.group()) if found else ""


def code_of(document: Document) -> str:
    return json.loads(document.snapshot)["verify_url"].partition("#")[2]


def altered(data: bytes) -> bytes:
    """The same paper, one object of it written anew."""
    with pikepdf.open(io.BytesIO(data)) as opened:
        opened.docinfo["/Title"] = "another"
        out = io.BytesIO()
        opened.save(out)
    return out.getvalue()


def foreign() -> bytes:
    out = io.BytesIO()
    with pikepdf.new() as made:
        made.add_blank_page()
        made.save(out)
    return out.getvalue()


def test_page_asked_for_by_anybody_is_the_same_for_every_id_and_reads_nothing(issued):
    document, _file = issued
    with CaptureQueriesContext(connection) as captured:
        pages = {ask(page) for page in (document.pk, uuid4(), UUID(int=0))}
    read = [one["sql"] for one in captured.captured_queries if '"casework_installation"' not in one["sql"]]
    assert len(pages) == 1 and not read  # whether it is a demo is read once a process


def test_page_under_something_that_is_no_id_is_not_there(db, time):
    for nonsense in ("x", "1" * 400, "../../etc/passwd", "00000000-0000-0000-0000-00000000000g"):
        assert Client().get(f"/v/{nonsense}").status_code == 404


def test_file_that_was_issued_is_genuine_and_nothing_personal_is_said(issued):
    document, data = issued
    text = ask(document.pk, file=data)
    words = told(text)
    assert "Genuine" in words and "No later document" in words and words.count("holds ") >= 9
    assert "does not hold" not in words and "not known" not in words and "another document" not in words
    assert not [word for word in PERSONAL if word in text]


def test_signatures_of_a_file_are_named_by_seat_in_the_visitor_s_language(issued):
    document, data = issued
    assert "intact and trusted: Reviewer, The company's electronic seal." in html.unescape(
        told(ask(document.pk, file=data))
    )
    words = told(ask(document.pk, file=data, client=Client(headers={"accept-language": "zh"})))
    assert "复核人、公司电子印章" in words and "reviewer" not in words and "organisation" not in words


def test_proof_that_came_with_the_file_is_checked_too(issued):
    document, data = issued
    proof = proof_of_document(str(document.pk), acting("aud"))[1].encode()

    def words(sent: bytes, status: int = 200) -> str:
        return ask(document.pk, status, file=data, proof=SimpleUploadedFile("x.tlog-proof", sent))

    assert "holds The proof that came with itThe proof given shows it" in told(words(proof))
    assert "Genuine" in told(words(proof)) and "Genuine" in told(words(b""))
    assert "Not genuine" in told(words(proof.replace(b"index ", b"index 1")))
    for nonsense in (b"\xff" * 20, b"A" * 200_000):
        assert "Expected a proof" in words(nonsense, 422)


def test_file_of_no_record_with_its_proof_is_not_called_genuine(issued):
    """A backup is put back that is older than the document: the proof still shows that it was issued."""
    document, data = issued
    proof = proof_of_document(str(document.pk), acting("aud"))[1].encode()
    with connection.cursor() as cursor:
        where = " ON casework_document" if connection.vendor == "postgresql" else ""
        cursor.execute(f"DROP TRIGGER casework_document_stays{where}")
        cursor.execute("UPDATE casework_document SET state = 'void'")
    words = told(ask(document.pk, file=data, proof=SimpleUploadedFile("x.tlog-proof", proof)))
    assert "could not be told" in words and "The proof given shows it" in words


def test_keys_are_fetched_by_anybody(issued):
    response = Client().get("/v/keys.txt")
    assert response.status_code == 200 and response["Content-Type"] == "text/plain; charset=utf-8"
    assert response.content.decode() == published_keys()


def test_keys_before_there_are_any_are_not_there(db, time, settings, tmp_path):
    settings.PKI_FOLDER = tmp_path
    assert Client().get("/v/keys.txt").status_code == 404


def test_file_checked_at_another_s_address_says_so(issued):
    _document, data = issued
    assert "It is another document than the one" in told(ask(uuid4(), file=data))
    anywhere = Client().post("/v", {"file": SimpleUploadedFile("x.pdf", data)}, headers={"accept-language": "en"})
    assert "Genuine" in anywhere.content.decode() and "another document" not in anywhere.content.decode()


def test_file_that_was_altered_is_not_genuine(issued):
    document, data = issued
    text = ask(document.pk, file=altered(data))
    words = told(text)
    assert "Not genuine" in words and "is not, byte for byte, the one that was issued" in words
    assert not [word for word in PERSONAL if word in text]


def failures() -> list[dict[str, Any]]:
    found = CaseEvent.objects.filter(stream="access", action="verification_failed").order_by("seq")
    return [json.loads(entry) for entry in found.values_list("entry", flat=True)]


def test_file_that_was_altered_is_noted_once_an_hour_and_a_true_one_or_a_stranger_s_never(issued, time):
    document, data = issued
    for file in (data, foreign()):
        ask(document.pk, file=file)
    assert failures() == []
    changed = altered(data)
    for file in (changed, changed + b"x"):
        ask(document.pk, file=file)
    [noted] = failures()
    assert noted["case"] == document.case.number and noted["data"]["document"] == str(document.pk)
    assert noted["data"]["file_sha256"] == hashlib.sha256(changed).hexdigest()
    assert {"file_hash", "signatures"} <= set(noted["data"]["failed"])
    time.on(hours=1)
    ask(document.pk, file=changed + b"x")
    assert [entry["data"]["file_sha256"] for entry in failures()][1:] == [hashlib.sha256(changed + b"x").hexdigest()]


def test_file_from_elsewhere_is_not_genuine_and_opens_no_record(issued):
    document, _data = issued
    words = told(ask(document.pk, file=foreign()))
    assert "Not genuine" in words and words == told(ask(uuid4(), file=foreign()))
    assert "Issued:" not in words


def test_file_that_only_names_an_id_learns_nothing_of_it(issued):
    """A forged file with a decision of its own under the id of a real document: as if there were no such id."""
    document, data = issued

    def forged(pk: str) -> bytes:
        with pikepdf.open(io.BytesIO(data)) as opened:
            snapshot = json.loads(document.snapshot) | {"id": pk}
            snapshot["title"] = "forged"
            text = json.dumps(snapshot, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
            opened.attachments["decision.json"] = pikepdf.AttachedFileSpec(opened, text, filename="decision.json")
            out = io.BytesIO()
            opened.save(out, deterministic_id=False)
        return out.getvalue()

    real, invented = (told(ask(document.pk, file=forged(pk))) for pk in (str(document.pk), str(uuid4())))
    # The print shows the real id, so the file itself tells that an invented one is not what is printed.
    assert real == invented.replace("id, title", "title") and "Not genuine" in real and document.file_sha256 not in real


def test_file_of_a_draft_reads_like_an_unknown_one(drafted):
    document, data = drafted
    words = told(ask(document.pk, file=data))
    assert "Genuine" not in words and "No document that was issued here is the one in this file" in words
    for fields in ({"sha256": document.file_sha256}, {"code": code_of(document)}):
        unknown = {name: "0" * len(value) for name, value in fields.items()}
        assert told(ask(document.pk, **fields)) == told(ask(uuid4(), **unknown))


def test_fingerprint_of_an_issued_file_is_known_however_it_is_written(issued):
    document, data = issued
    digest = hashlib.sha256(data).hexdigest()
    for written in (digest, digest.upper(), " ".join(re.findall("....", digest))):
        assert "Genuine" in told(ask(document.pk, sha256=written))
    assert "could not be told" in told(ask(document.pk, sha256="0" * 64))


def test_code_of_the_paper_tells_of_the_record_and_not_of_the_print(issued):
    document, _data = issued
    words = told(ask(document.pk, code=code_of(document)))
    assert "On record; the print was not looked at" in words
    assert "What is printed was not looked at" in words and "Issued:" in words
    assert "Issued:" not in told(ask(uuid4(), code=code_of(document)))
    assert "Issued:" not in told(ask(document.pk, code="0" * 32))


def test_superseded_document_is_genuine_and_no_longer_holds(issued):
    document, data = issued
    later = Document.objects.create(
        case=document.case, kind=document.kind, state="drafted", snapshot="{}", snapshot_sha256="0" * 64,
        file_sha256="1" * 64, supersedes=document, drafted_at=document.drafted_at,
    )  # fmt: skip
    assert "it no longer holds" not in told(ask(document.pk, file=data))  # a draft takes nobody's place
    Document.objects.filter(pk=later.pk).update(state="issued", issued_at=document.issued_at)
    for fields in ({"file": data}, {"sha256": document.file_sha256}, {"code": code_of(document)}):
        assert "it no longer holds" in told(ask(document.pk, **fields))


def test_file_of_a_case_whose_ledger_was_cut_is_not_genuine(issued):
    document, data = issued
    with connection.cursor() as cursor:
        where = " ON casework_caseevent" if connection.vendor == "postgresql" else ""
        name = "casework_caseevent_kept" if connection.vendor == "postgresql" else "casework_caseevent_delete"
        cursor.execute(f"DROP TRIGGER {name}{where}")
        last = CaseEvent.objects.filter(case=document.case).order_by("-seq").first()
        cursor.execute("DELETE FROM casework_eventtext WHERE event_id = %s", [last.pk])
        cursor.execute("DELETE FROM casework_caseevent WHERE id = %s", [last.pk])
    words = told(ask(document.pk, file=data))
    assert "Not genuine" in words and "The record of the case is not whole" in words and "DSP-" not in words


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"x": "y"}, "Expected a file, a fingerprint or a code"),
        ({"sha256": "abc"}, "Expected a SHA-256"),
        ({"sha256": "g" * 64}, "Expected a SHA-256"),
        ({"sha256": "\x00" * 64}, "Expected a SHA-256"),
        ({"code": "1234"}, "Expected the 32 digits"),
        ({"code": "<script>"}, "Expected the 32 digits"),
    ],
)
def test_nonsense_sent_to_the_page_is_refused_in_words(db, time, fields, words):
    assert words in ask(uuid4(), 422, **fields)


@pytest.mark.parametrize("data", [b"%PDF-1.7", b"", b"PK\x03\x04", b"%PDF-" + b"\x00" * 5000, b"<html>"])
def test_file_that_is_no_pdf_is_not_genuine(db, time, data):
    status = 422 if not data else 200  # an empty file is none
    text = ask(uuid4(), status, file=data)
    assert not data or "Not genuine" in told(text)


def test_file_that_is_too_large_is_refused_before_it_is_read(db, time):
    response = Client(headers={"accept-language": "en"}).post(
        f"/v/{uuid4()}", b"", "multipart/form-data; boundary=x", CONTENT_LENGTH=str(verification.LARGEST * 2)
    )
    assert response.status_code == 413 and "Expected a PDF of at most 10 MiB" in response.content.decode()


def test_checks_from_one_address_have_to_wait_after_some(db, time):
    client = Client(headers={"accept-language": "en"})
    for _ in range(20):
        ask(uuid4(), client=client, sha256="0" * 64)
    assert "Expected fewer checks" in ask(uuid4(), 429, client=client, sha256="0" * 64)
    assert client.post("/login", {"username": "ann", "password": "x"}).status_code == 422  # counted apart
    time.on(seconds=3)
    ask(uuid4(), client=client, sha256="0" * 64)


def test_page_speaks_the_visitor_s_language(db, time):
    page = f"/v/{uuid4()}"
    for asked, header, language in (
        ("", "zh-CN", "zh-hans"), ("", "en-GB", "en"), ("?lang=en", "zh-CN", "en"), ("?lang=zh", "en", "zh-hans"),
        ("?lang=xx", "en", "en"),
    ):  # fmt: skip
        text = Client().get(page + asked, headers={"accept-language": header}).content.decode()
        assert f'<html lang="{language}"' in text
    response = Client().get(page)
    assert response["X-Robots-Tag"] == "noindex" and "no-store" in response["Cache-Control"]
