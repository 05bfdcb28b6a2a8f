"""What shows that a document was issued: its entry's place in the signed log, and the proof that goes with the file."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings as configured

from casework import store
from casework.documents.check import verdict
from casework.documents.pki import load_pki
from casework.domain import ledger
from casework.domain.document_check import check_document
from casework.domain.errors import NotAllowedNow, OutOfScope
from casework.domain.log_keys import log_key
from casework.domain.log_proofs import proven
from casework.domain.now import now
from casework.domain.public_check import check_fingerprint
from casework.domain.published_keys import published_keys, revoked_certificates
from casework.domain.sealing import seal_ledger
from casework.models import Document, Person, SigningKey
from casework.queries.log import proof_of_document
from casework.transparency import notes
from tests.conftest import acting
from tests.exports_case.hostile_pdfs import run as verify_offline
from tests.factories import dispute
from tests.insider import Insider
from tests.witness import NAME, watched_by
from workflows.disputes.models import ScoreDispute


@pytest.fixture
def issued(issued_db, time) -> Document:
    return Document.objects.select_related("case").get(case__number=issued_db)


def file_of(document: Document) -> bytes:
    return store.documents().get(document.file_sha256)


def found(data: bytes, proof: str = "") -> dict[str, tuple[bool | None, str]]:
    return {check.code: (check.ok, check.message) for check in check_document(data, proof=proof)}


def proof_of(document: Document) -> str:
    return proof_of_document(str(document.pk), acting("aud"))[1]


# The log


def test_document_that_waits_to_be_sealed_is_not_called_genuine(issued):
    checks = check_document(file_of(issued))
    assert verdict(checks) is None
    assert [(check.code, check.ok) for check in checks if not check.ok] == [("log", None)]


def test_document_whose_entry_is_sealed_is_genuine(issued):
    seal_ledger()
    checks = check_document(file_of(issued))
    assert verdict(checks) is True and {check.code for check in checks} >= {"log", "superseded", "ledger"}


def test_document_of_a_case_whose_row_was_changed_past_its_entries_is_genuine_and_says_so(issued):
    """Somebody wrote another outcome into the row: the paper is as true as before, the case is not."""
    seal_ledger()
    ScoreDispute.objects.filter(pk=issued.case_id).update(outcome="maintained")
    checks = check_document(file_of(issued))
    (told,) = [check for check in checks if check.remark]
    assert verdict(checks) is True and told.code == "ledger" and "the row of the case is not as" in told.message


def test_draft_that_was_made_issued_by_sql_is_not_genuine_whatever_else_was_changed(real_db, time):
    """The row of the case is changed as well, so that this is what is found first."""
    number = dispute(upto="signed")
    draft = Document.objects.get(case__number=number)
    seal_ledger()
    insider = Insider()
    insider.do(
        "UPDATE casework_document SET state = 'issued', issued_at = drafted_at WHERE case_id = %s", draft.case_id
    )
    insider.do("UPDATE disputes_scoredispute SET outcome = 'maintained' WHERE case_ptr_id = %s", draft.case_id)
    insider.leave()
    assert check_fingerprint(draft.file_sha256, None).genuine is not True
    ledger_check = found(file_of(draft))["ledger"]
    assert ledger_check[0] is False and "is not as its event says" in ledger_check[1]


def test_document_of_a_case_whose_entries_were_changed_is_not_genuine(issued):
    seal_ledger()
    insider, stream = Insider(), f"case:{issued.case.number}"
    insider.do("UPDATE casework_caseevent SET action = 'rule' WHERE stream = %s AND seq = 1", stream)
    insider.leave()
    checks = check_document(file_of(issued))
    assert verdict(checks) is False and [check.code for check in checks if check.ok is False] == ["ledger"]


def test_document_is_cosigned_once_a_witness_has_signed(issued, settings, tmp_path):
    seal_ledger()
    with watched_by(tmp_path / "witness", settings):
        seal_ledger()
        assert found(file_of(issued))["witnesses"] == (True, f"It is cosigned by {NAME}.")


def test_document_that_no_witness_has_cosigned_yet_is_not_called_genuine(issued, settings):
    who = notes.verifier_of(NAME, notes.COSIGNED, Ed25519PrivateKey.generate())
    settings.WITNESSES = [f"{who}@http://127.0.0.1:9"]
    seal_ledger()
    checks = check_document(file_of(issued))
    assert verdict(checks) is None
    assert [(check.code, check.ok) for check in checks if not check.ok] == [("witnesses", None)]


def test_document_whose_log_was_signed_by_another_key_cannot_be_proven(issued):
    """Whoever exchanges the log's key does not get away with checkpoints signed by the old one."""
    seal_ledger()
    other = notes.verifier_of(log_key().name, notes.SIGNED, Ed25519PrivateKey.generate())
    (configured.LOG_FOLDER / "vkey").write_text(f"{other}\n")
    ok, said = found(file_of(issued))["log"]
    assert ok is False and "nobody trusted has signed it" in said


# The proof that travels with it


def test_proof_shows_which_file_was_issued_and_where(issued):
    seal_ledger()
    shown = proven(proof_of(issued))
    assert shown.issued(str(issued.pk))["file_sha256"] == issued.file_sha256
    assert 0 <= shown.index < shown.size and found(file_of(issued), proof_of(issued))["proof"][0] is True


def test_proof_is_read_by_who_reads_the_document_and_its_entry(issued):
    seal_ledger()
    assert all(proof_of_document(str(issued.pk), acting(login))[1] for login in ("ann", "ian", "qin", "aud"))
    for login in ("bo", "chen"):
        with pytest.raises(OutOfScope):
            proof_of_document(str(issued.pk), acting(login))


def test_proof_before_it_is_sealed_or_issued_says_when(issued):
    with pytest.raises(NotAllowedNow, match="waits for that"):
        proof_of(issued)
    draft = Document.objects.get(case__number=dispute(upto="signed"))
    Document.objects.filter(pk=draft.pk).update(state=draft.state)
    with pytest.raises(NotAllowedNow, match="not issued yet"):
        proof_of_document(str(draft.pk), acting("qin"))


def test_proof_of_another_document_is_refused(issued):
    other = Document.objects.get(case__number=dispute(upto="issued"))
    seal_ledger()
    ok, said = found(file_of(issued), proof_of(other))["proof"]
    assert ok is False and "that of another file" in said


def test_proof_of_an_altered_file_is_refused(issued):
    seal_ledger()
    checks = found(file_of(issued) + b"\n", proof_of(issued))
    assert checks["proof"][0] is checks["file_hash"][0] is False


# Revocation, and what outsiders check with


def test_signature_by_a_key_that_was_revoked_before_is_refused(issued):
    seal_ledger()
    serial = next(field["serial"] for field in issued.fields if field["name"] == "reviewer")
    SigningKey.objects.filter(serial=serial).update(revoked_at=issued.issued_at - timedelta(days=1))
    ok, said = found(file_of(issued))["signatures"]
    assert ok is False and "revoked since 2026-11-02" in said


def test_signature_by_a_key_that_was_revoked_later_holds(issued, time):
    """Qin changes the password a day later."""
    seal_ledger()
    time.on(days=1)
    SigningKey.objects.filter(person__no="M401").update(revoked_at=now())
    assert verdict(check_document(file_of(issued))) is True


def test_published_keys_are_all_that_an_outsider_needs(issued, settings, tmp_path):
    seal_ledger()
    SigningKey.objects.filter(person__no="M401").update(revoked_at=now())
    with watched_by(tmp_path / "witness", settings) as witness:
        text = published_keys()
    root = x509.load_pem_x509_certificate(text.encode())
    listed = x509.load_pem_x509_crl(text[text.index("-----BEGIN X509 CRL") :].encode())
    assert listed.is_signature_valid(root.public_key()) and listed.issuer == root.subject
    ended = SigningKey.objects.filter(revoked_at__isnull=False).values_list("serial", flat=True)
    assert {f"{entry.serial_number:x}" for entry in listed} == set(ended) != set()
    assert f"{log_key()}\n" in text and f"{witness.who}\n" in text


def test_list_of_revoked_certificates_is_signed_anew_when_it_has_to_be(real_db, time):
    first = revoked_certificates()
    time.on(hours=1)
    assert revoked_certificates() == first
    time.on(days=1)
    second = revoked_certificates()
    assert second != first and x509.load_pem_x509_crl(second.encode()).last_update_utc == now().replace(microsecond=0)
    dispute(upto="issued")
    SigningKey.objects.filter(person__no="M401").update(revoked_at=now())
    (load_pki(configured.PKI_FOLDER).folder / "root.crl.pem").write_text("broken")
    assert len(x509.load_pem_x509_crl(revoked_certificates().encode())) == 1


def test_entries_that_only_name_a_document_do_not_issue_it(issued):
    ledger.note("org", "test", {"about": str(issued.pk)})
    seal_ledger()
    assert found(file_of(issued))["log"][0] is True


def test_document_of_somebody_whose_staff_number_has_other_letters_is_genuine(real_db, time, tmp_path):
    """A certificate's serial number takes no underscore and no Chinese; an import of people does."""
    Person.objects.filter(accounts__username="qin").update(no="工号_1")
    issued = Document.objects.select_related("case").get(case__number=dispute(upto="issued"))
    seal_ledger()
    assert verdict(check_document(file_of(issued))) is True
    pdf, proof, keys = tmp_path / "ruling.pdf", tmp_path / "ruling.tlog-proof", tmp_path / "keys.txt"
    pdf.write_bytes(file_of(issued))
    proof.write_text(proof_of(issued))
    keys.write_text(published_keys())
    assert verify_offline(pdf, proof, "--keys", keys, "--trust-enclosed-keys").code == 0
