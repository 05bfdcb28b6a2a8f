"""Documents and evidence at the browser's door."""

import pytest

from casework import store
from casework.models import Document
from tests.factories import arbitration, dispute, evaluation, panel, recording
from tests.seen import case
from tests.web.visiting import browser

pytestmark = pytest.mark.django_db


def paper_of(number: str) -> str:
    return f"/documents/{Document.objects.get(case__number=number).pk}.pdf"


def test_agent_reads_the_issued_ruling_and_is_thereby_served(time):
    number = dispute(upto="issued")
    client = browser("ann")
    assert f'href="{paper_of(number)}"' in browser("lee").get(f"/cases/{number}").content.decode()
    assert case(number).served_at is None
    response = client.get(paper_of(number))
    assert response.status_code == 200 and response.content.startswith(b"%PDF-")
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == f'inline; filename="{number}-ruling.pdf"'
    assert case(number).served_how == "opened"


def test_auditor_reading_the_ruling_serves_nobody(time):
    number = dispute(upto="issued")
    assert browser("aud").get(paper_of(number)).status_code == 200
    assert case(number).served_at is None


def test_document_runs_nothing_and_stands_in_no_frame(time):
    response = browser("lee").get(paper_of(dispute(upto="issued")))
    rules = response["Content-Security-Policy"]
    assert "default-src 'none'" in rules and "frame-ancestors 'none'" in rules and "script-src" not in rules
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "private, no-store"


def test_draft_is_read_by_whoever_signs_it_and_by_no_party(time):
    number = dispute(upto="ruled")
    from tests.factories import deliver_all

    deliver_all()
    assert browser("qin").get(paper_of(number)).status_code == 200
    for login in ("ann", "ian", "lee", "bo"):
        assert browser(login).get(paper_of(number)).status_code == 404


@pytest.mark.parametrize("address", ["00000000-0000-0000-0000-000000000000", "x", "..%2f..%2fsecret.key"])
def test_unknown_document_and_foreign_one_get_the_same(time, address):
    assert browser("bo").get(f"/documents/{address}.pdf").status_code == 404


def test_document_that_was_altered_is_refused_in_words(time):
    number = dispute(upto="issued")
    digest = Document.objects.get(case__number=number).file_sha256
    store.documents().path_of(digest).write_bytes(b"%PDF-1.7 something else")
    response = browser("lee").get(paper_of(number))
    assert response.status_code == 503 and b"altered" in response.content


def test_evidence_is_taken_away_and_never_opened(time):
    number = evaluation()
    digest = recording(number)
    response = browser("ann").get(f"/cases/{number}/evidence/{digest}")
    assert response.status_code == 200 and response["Content-Disposition"].startswith("attachment; ")
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert b"".join(response.streaming_content) == store.evidence().get(digest)
    assert browser("bo").get(f"/cases/{number}/evidence/{digest}").status_code == 404


def test_blind_scorer_opens_no_document_of_the_family(time):
    paper = dispute(upto="issued")
    arb = arbitration(paper)
    assert browser(panel(arb)["arbitrator_1"]).get(paper_of(paper)).status_code == 404
