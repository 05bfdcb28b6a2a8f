"""The offline verifier of one signed decision: by whom it is signed, when, and by which certificate."""

import copy
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from casework.documents import fields, pki, render, signer, snapshot
from tests.documents.conftest import SIGNED_AT, issued, keys, reviewer, reviewer_signer, ruling_pdf
from tests.documents.sample import ruling
from tests.exports_case.hostile_pdfs import Paper, Verify, entry_of, hand_of, keys_text, paper, proof_of, signed, verify

assert all((issued, keys, reviewer, reviewer_signer, ruling_pdf, paper, verify)), "they are fixtures"
DAY = timedelta(days=1)


def by(paper: Paper, hand: signer.LocalSigner, at: datetime = SIGNED_AT) -> bytes:
    """The decision, signed by another hand and sealed."""
    return paper.sealed(signed(paper.issued.draft, "reviewer", hand, at), at)


def certified(
    paper: Paper, *, key: Any = None, since: datetime = SIGNED_AT - DAY, until: datetime = SIGNED_AT + DAY,
    ca: bool = False, usage: bool = True, by_key: Any = None, critical: bool = False,
) -> signer.LocalSigner:  # fmt: skip
    """Who bears name and number of the reviewer, with a certificate of this kind."""
    key, root = (
        key or ec.generate_private_key(ec.SECP256R1()),
        x509.load_pem_x509_certificate(paper.issued.root_pem.encode()),
    )
    names = {NameOID.COMMON_NAME: "秦明", NameOID.SERIAL_NUMBER: "M401"}
    may = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
         "encipher_only", "decipher_only"), False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(kind, text) for kind, text in names.items()]))
        .issuer_name(root.subject).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(since).not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=usage, **may), critical=True)
    )  # fmt: skip
    if critical:
        unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0")
        builder = builder.add_extension(unknown, critical=True)
    made = builder.sign(by_key or pki.stored_key(paper.folder, pki.ROOT), hashes.SHA256())
    return signer.LocalSigner(made, key, [])


def test_decision_signed_with_an_rsa_key_is_genuine(paper: Paper, verify: Verify):
    """Such certificates are made where a token holds the key."""
    assert verify(by(paper, certified(paper, key=rsa.generate_private_key(65537, 2048)))).code == 0


CERTIFICATES = {
    "expired": {"since": SIGNED_AT - 9 * DAY, "until": SIGNED_AT - DAY},
    "not yet valid": {"since": SIGNED_AT + DAY, "until": SIGNED_AT + 9 * DAY},
    "of an authority": {"ca": True},
    "not for signing": {"usage": False},
    "with an unknown critical extension": {"critical": True},
    "that another key issued in the root's name": {"by_key": ec.generate_private_key(ec.SECP256R1())},
    "of a key on another curve": {"key": ec.generate_private_key(ec.SECP384R1())},
    "of a short key": {"key": rsa.generate_private_key(65537, 1024)},
}


@pytest.mark.parametrize("kind", CERTIFICATES)
def test_decision_signed_by_a_certificate_that_does_not_hold_is_not_genuine(paper: Paper, verify: Verify, kind: str):
    told = verify(by(paper, certified(paper, **CERTIFICATES[kind])))
    assert told.failed == ["signatures"], told.said


def test_decision_signed_under_another_root_is_not_genuine(paper: Paper, verify: Verify, tmp_path):
    other = pki.make_pki(tmp_path / "pki", paper.issued.snapshot["organisation"], demo=True, since=SIGNED_AT)
    assert verify(paper.issued.file, published=keys_text(other.root_pem)).failed == ["signatures"]
    told = verify(by(paper, hand_of(other.folder, "秦明", "M401")))
    assert told.failed == ["signatures"], told.said


@pytest.mark.parametrize("name, no", [("白航", "Q202"), ("秦明", "M402"), ("秦明", "m401")])
def test_decision_signed_by_another_person_is_not_genuine(paper: Paper, verify: Verify, name: str, no: str):
    told = verify(by(paper, hand_of(paper.folder, name, no)))
    assert told.failed == ["expected_signers"], told.said


def test_decision_signed_by_somebody_who_had_another_name_before_is_genuine(paper: Paper, verify: Verify):
    """The certificate is older than the wedding; the staff number says who it is."""
    assert verify(by(paper, hand_of(paper.folder, "陈明", "M401"))).code == 0


def test_decision_sealed_by_its_reviewer_is_not_genuine(paper: Paper, verify: Verify):
    told = verify(signed(paper.issued.first_signed, "organisation", paper.reviewer))
    assert told.failed == ["expected_signers"], told.said


def test_decision_signed_after_its_seal_is_not_genuine(paper: Paper, verify: Verify):
    sealed = signed(paper.issued.draft, "organisation", signer.seal_signer(paper.folder, SIGNED_AT))
    told = verify(signed(sealed, "reviewer", paper.reviewer))
    assert "expected_signers" in told.failed, told.said


def drawn_for(*people: tuple[str, str, str]) -> tuple[dict[str, Any], bytes]:
    """A decision of these (field, name, number), and its draft."""
    data = copy.deepcopy(ruling())
    one = data["deciders"][0]
    data["deciders"] = [{**one, "field": field, "name": name, "no": no} for field, name, no in people]
    data = snapshot.with_verify_url(data, "http://127.0.0.1:8000/v/x")
    drawn = render.render("disputes/documents/ruling.html", data)
    return data, fields.add_signature_fields(drawn, fields.fields_for(data))


def recorded(paper: Paper, file: bytes, data: dict[str, Any]) -> Any:
    entry = entry_of(paper.issued, file)
    entry["documents"][0]["snapshot_sha256"] = snapshot.digest(data)
    return proof_of(entry)


def test_decision_that_one_person_signed_in_two_roles_is_not_genuine(paper: Paper, verify: Verify):
    data, draft = drawn_for(("reviewer", "秦明", "M401"), ("second", "秦明", "M401"))
    file = paper.sealed(signed(signed(draft, "reviewer", paper.reviewer), "second", paper.reviewer))
    assert verify(file, proof=recorded(paper, file, data)).failed == ["expected_signers"]


@pytest.mark.parametrize("reason, signers, failed", [
    ("裁定；邱玥未按期签署", ["reviewer", "second"], []),
    ("裁定", ["reviewer", "second"], ["expected_signers"]),
    ("裁定；白航、邱玥未按期签署", ["reviewer"], ["expected_signers"]),
])  # fmt: skip
def test_decision_without_a_signature_holds_where_the_majority_signed_and_the_seal_says_so(
    paper: Paper, verify: Verify, reason: str, signers: list[str], failed: list[str]
):
    people = [("reviewer", "秦明", "M401"), ("second", "白航", "Q202"), ("third", "邱玥", "M402")]
    data, file = drawn_for(*people)
    hands = {"reviewer": paper.reviewer, "second": hand_of(paper.folder, "白航", "Q202")}
    for name in signers:
        file = signed(file, name, hands[name])
    file = signed(file, "organisation", signer.seal_signer(paper.folder, SIGNED_AT), reason=reason)
    told = verify(file, proof=recorded(paper, file, data))
    assert told.failed == failed, told.said


def test_decision_signed_later_than_it_was_issued_is_not_genuine(paper: Paper, verify: Verify):
    told = verify(by(paper, paper.reviewer, SIGNED_AT + timedelta(seconds=2)))
    assert told.failed == ["signatures"], told.said


# Revoked certificates


def crl_of(paper: Paper, since: datetime, by_key: Any = None) -> str:
    """The root's list, on which the reviewer's certificate stands."""
    root = x509.load_pem_x509_certificate(paper.issued.root_pem.encode())
    gone = x509.RevokedCertificateBuilder().serial_number(paper.reviewer.certificate.serial_number)
    builder = (
        x509.CertificateRevocationListBuilder().issuer_name(root.subject).last_update(since).next_update(since + DAY)
    )
    builder = builder.add_revoked_certificate(gone.revocation_date(since).build())
    made = builder.sign(by_key or pki.stored_key(paper.folder, pki.ROOT), hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM).decode()


@pytest.mark.parametrize("seconds, failed", [(-1, ["signatures"]), (0, ["signatures"]), (1, [])])
def test_certificate_revoked_before_it_signed_does_not_hold(paper: Paper, verify: Verify, seconds: int, failed: list):
    crl = crl_of(paper, SIGNED_AT + timedelta(seconds=seconds))
    assert verify(paper.issued.file, published=keys_text(paper.issued.root_pem, crl)).failed == failed


def test_certificate_revoked_later_cannot_be_told_without_a_proof(paper: Paper, verify: Verify):
    crl = crl_of(paper, SIGNED_AT + timedelta(seconds=1))
    told = verify(paper.issued.file, proof=False, published=keys_text(paper.issued.root_pem, crl))
    assert (told.code, told.failed, told.marks["signatures"]) == (2, [], "unknown"), told.said


def test_list_of_revoked_certificates_that_is_forged_is_not_believed(paper: Paper, verify: Verify):
    crl = crl_of(paper, SIGNED_AT + DAY, ec.generate_private_key(ec.SECP256R1()))
    assert verify(paper.issued.file, published=keys_text(paper.issued.root_pem, crl)).failed == ["signatures"]


def test_certificate_that_cannot_be_told_hides_no_broken_signature(paper: Paper, verify: Verify):
    place, crl = paper.issued.file.rindex(b"/ByteRange") - 6000, crl_of(paper, SIGNED_AT + DAY)
    file = paper.issued.file[:place] + bytes([paper.issued.file[place] ^ 1]) + paper.issued.file[place + 1 :]
    told = verify(file, proof=False, published=keys_text(paper.issued.root_pem, crl))
    assert "signatures" in told.failed, told.said
