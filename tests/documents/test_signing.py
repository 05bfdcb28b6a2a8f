"""Signing: the right field, once, in order; accepted by other people's verifiers."""

from __future__ import annotations

import io
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from casework.documents import fields, pki, render, signer, signing
from casework.documents.errors import SigningError

from .conftest import SIGNED_AT, Issued
from .sample import inadmissibility, ruling

WORDS: dict[str, Any] = {"reason": "裁定", "location": "上海", "at": SIGNED_AT}


def test_pdfsig_with_our_root_finds_both_valid_and_trusted_and_the_whole_file_signed(
    issued: Issued, on_disk: Any, tmp_path: Path
) -> None:
    root, store = on_disk(issued.root_pem.encode(), "root.pem"), f"sql:{tmp_path}"
    subprocess.run(["certutil", "-N", "-d", store, "--empty-password"], check=True)
    subprocess.run(["certutil", "-A", "-d", store, "-n", "root", "-t", "CT,CT,CT", "-i", root], check=True)
    report = subprocess.run(["pdfsig", "-nssdir", store, on_disk(issued.file)], capture_output=True, text=True).stdout
    assert report.count("Signature is Valid") == report.count("Certificate is Trusted") == 2
    assert "Total document signed" in report.partition("Signature #2")[2]
    assert "Signature Field Name: reviewer" in report and "Signature Field Name: organisation" in report
    assert "秦明" in report and report.count("ETSI.CAdES.detached") == 2


def test_openssl_verifies_each_signature_cut_out_of_the_file(issued: Issued, on_disk: Any, tmp_path: Path) -> None:
    root = on_disk(issued.root_pem.encode(), "root.pem")
    signatures = PdfFileReader(io.BytesIO(issued.file)).embedded_signatures
    for signature in signatures:
        start, first, second, last = (int(number) for number in signature.byte_range)
        covered = on_disk(issued.file[start:first] + issued.file[second : second + last], "covered")
        cut_out = on_disk(bytes(signature.pkcs7_content), "signature.der")
        words = ["-inform", "DER", "-in", cut_out, "-content", covered, "-CAfile", root, "-out", tmp_path / "out"]
        # Ours have no extended key usage, which for a mail programme, openssl's purpose here, is as good as any.
        done = subprocess.run(["openssl", "cms", "-verify", "-binary", *words], capture_output=True, text=True)
        assert done.returncode == 0 and "erification successful" in done.stderr, done.stderr
        altered = on_disk(covered.read_bytes()[:-1] + b"x", "covered")
        assert altered == covered
        assert subprocess.run(["openssl", "cms", "-verify", "-binary", *words], capture_output=True).returncode
    assert len(signatures) == 2


def test_qpdf_finds_no_error_in_the_signed_file(issued: Issued, on_disk: Any) -> None:
    checked = subprocess.run(["qpdf", "--check", on_disk(issued.file)], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_pyhanko_validates_both_signatures_against_the_root_alone(issued: Issued, on_disk: Any) -> None:
    validated = subprocess.run(
        [
            sys.executable,
            "-m",
            "pyhanko",
            "sign",
            "validate",
            "--trust-replace",
            "--trust",
            on_disk(issued.root_pem.encode(), "root.pem"),
            on_disk(issued.file),
        ],
        capture_output=True,
        text=True,
    )
    assert validated.returncode == 0, validated.stderr
    assert "TRUSTED,EXTENDED_WITH_FORM_FILLING,ACCEPTABLE_MODIFICATIONS" in validated.stdout
    assert "TRUSTED,UNTOUCHED" in validated.stdout


def test_sign_keeps_every_earlier_byte(issued: Issued) -> None:
    assert issued.file.startswith(issued.first_signed) and issued.first_signed.startswith(issued.draft)
    assert signing.unsigned_fields(issued.draft) == ["reviewer", "organisation"]
    assert signing.unsigned_fields(issued.first_signed) == ["organisation"]
    assert signing.unsigned_fields(issued.file) == []


def test_sign_first_signature_certifies_and_each_locks_its_field(issued: Issued) -> None:
    with pikepdf.open(io.BytesIO(issued.file)) as opened:
        certified = opened.Root.Perms.DocMDP
        # Both what the certification allows and what the lock of its own field leaves: further signing only.
        assert {int(entry.TransformParams.P) for entry in certified.Reference} == {2}
        locks = {str(field.T): field.Lock for field in opened.Root.AcroForm.Fields}
        assert certified.objgen == opened.Root.AcroForm.Fields[0].V.objgen
    assert [str(name) for name in locks["reviewer"].Fields] == ["reviewer"]
    assert str(locks["organisation"].Action) == "/All"


def test_sign_shows_name_number_and_time_in_the_reserved_box(issued: Issued, on_disk: Any) -> None:
    place = fields.places(issued.draft)["reviewer"]
    left, bottom, right, top = place.box
    shown = subprocess.run(
        [
            "pdftotext",
            "-f",
            str(place.page + 1),
            "-l",
            str(place.page + 1),
            "-x",
            str(left),
            "-y",
            str(842 - top),
            "-W",
            str(right - left),
            "-H",
            str(top - bottom),
            on_disk(issued.file),
            "-",
        ],
        capture_output=True,
        check=True,
    ).stdout.decode()
    for word in ("秦明", "M401", "2026-11-21 10:00 +08:00", "演示 DEMO"):
        assert word.replace(" ", "") in "".join(shown.split())


def test_sign_inadmissibility_takes_the_seal_alone(keys: pki.Pki) -> None:
    snapshot = inadmissibility()
    pdf = render.render("disputes/documents/inadmissibility.html", snapshot)
    draft = fields.add_signature_fields(pdf, fields.fields_for(snapshot))
    sealed = signing.sign(draft, "organisation", signer.seal_signer(keys.folder, SIGNED_AT), certify=True, **WORDS)
    assert signing.unsigned_fields(sealed) == []


def test_sign_twice_is_refused(issued: Issued, reviewer_signer: signer.LocalSigner) -> None:
    with pytest.raises(SigningError):
        signing.sign(issued.first_signed, "reviewer", reviewer_signer, certify=False, **WORDS)


def test_sign_after_the_seal_is_refused(issued: Issued, reviewer_signer: signer.LocalSigner) -> None:
    with pytest.raises(SigningError):
        signing.sign(issued.file, "organisation", reviewer_signer, certify=False, **WORDS)


def test_sign_certifying_second_is_refused(issued: Issued, keys: pki.Pki) -> None:
    with pytest.raises(SigningError):
        signing.sign(
            issued.first_signed, "organisation", signer.seal_signer(keys.folder, SIGNED_AT), certify=True, **WORDS
        )


def test_sign_unknown_field_is_refused(issued: Issued, reviewer_signer: signer.LocalSigner) -> None:
    with pytest.raises(SigningError):
        signing.sign(issued.draft, "stranger", reviewer_signer, certify=True, **WORDS)


@pytest.mark.parametrize("file", [b"", b"hello", b"%PDF-1.7\n"])
def test_sign_what_is_no_pdf_is_refused(file: bytes, reviewer_signer: signer.LocalSigner) -> None:
    with pytest.raises(SigningError):
        signing.sign(file, "reviewer", reviewer_signer, certify=True, **WORDS)
    with pytest.raises(SigningError):
        fields.add_signature_fields(file, fields.fields_for(ruling()))


def test_sign_with_a_time_without_offset_is_refused(issued: Issued, reviewer_signer: signer.LocalSigner) -> None:
    with pytest.raises(SigningError):
        signing.sign(issued.draft, "reviewer", reviewer_signer, certify=True, **{**WORDS, "at": datetime(2026, 1, 1)})


def test_add_signature_fields_without_a_reserved_place_is_refused(ruling_pdf: bytes) -> None:
    with pytest.raises(SigningError, match="panel-2"):
        fields.add_signature_fields(ruling_pdf, [fields.FieldSpec("panel-2", "Second arbitrator")])


def test_panel_of_three_and_seal_each_get_a_place_of_their_own() -> None:
    snapshot = ruling()
    snapshot["deciders"] = [{**snapshot["deciders"][0], "field": f"panel-{seat}"} for seat in (1, 2, 3)]
    places = list(fields.places(render.render("disputes/documents/ruling.html", snapshot)).values())
    assert len(places) == 4 and len({place.page for place in places}) == 1
    tops = sorted((place.box[3], place.box[1]) for place in places)
    assert all(lower[0] < upper[1] for lower, upper in zip(tops, tops[1:], strict=False)), "no box touches another"
