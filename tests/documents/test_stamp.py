"""The look of a signature: what it says can be read, by people and by programs, whoever signs."""

from __future__ import annotations

import io
import subprocess
from typing import Any

import pikepdf
import pytest

from casework.documents import pki, signer, signing
from casework.documents.embedded_font import EmbeddedFont, width
from casework.documents.printed import fonts

from .conftest import SECRET, SIGNED_AT, Issued

WORDS: dict[str, Any] = {"reason": "裁定", "location": "上海", "at": SIGNED_AT}


def signed_by(issued: Issued, keys: pki.Pki, name: str, reason: str = "裁定", no: str = "M401") -> bytes:
    made = pki.issue_person_certificate(keys.folder, name, no, SECRET, demo=True, since=SIGNED_AT)
    own = signer.LocalSigner.from_encrypted(made.certificate_pem, made.key_pem, SECRET, made.chain_pem)
    return signing.sign(issued.draft, "reviewer", own, certify=True, **{**WORDS, "reason": reason})


def text_of(pdf: bytes, on_disk: Any) -> str:
    return subprocess.run(["pdftotext", "-layout", on_disk(pdf), "-"], capture_output=True, text=True).stdout


def test_signature_says_who_when_and_why_as_text(issued: Issued, keys: pki.Pki, on_disk: Any) -> None:
    text = text_of(signed_by(issued, keys, "秦明", "Ruling on the dispute"), on_disk)
    for said in (
        "M401 · 电子签名 Electronically signed",
        "2026-11-21 10:00 +08:00",
        "Ruling on the dispute",
        "certificate",
    ):
        assert said in text


def test_seal_says_whose_it_is_and_when_as_text(issued: Issued, on_disk: Any) -> None:
    text = text_of(issued.file, on_disk)
    assert "电子印章" in text and "Electronic seal" in text and text.count("2026-11-21 10:00 +08:00") >= 2
    assert all(letter in text for letter in "公断示范客服中心")


@pytest.mark.parametrize("name", [
    "阿卜杜热西提·买买提艾力", "Maria Magdalena Theodora von Hohenberg-Sigmaringen", "𠮷野家", "O’Neill-D’Árcy",
    "名" * 21, "W" * 64,
])  # fmt: skip
def test_name_of_any_length_and_script_stays_within_its_field(issued: Issued, keys: pki.Pki, name: str) -> None:
    pdf = signed_by(issued, keys, name)
    assert all("NotoSansSC" in one.replace("-", "") for one in fonts(pdf))
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        field = next(one for one in opened.Root.AcroForm.Fields if str(one.T) == "reviewer")
        left, _bottom, right, _top = (float(edge) for edge in field.Rect)
    ends = ends_of(pdf)
    assert len(ends) == 6 and all(end <= right - left for end in ends), "nothing is written beside the field"


def test_staff_number_and_reason_of_any_length_stay_within_the_field(issued: Issued, keys: pki.Pki) -> None:
    pdf = signed_by(issued, keys, "秦明", reason="改判 " * 60, no="CN-SH-HUADONG-000000000000000000000401")
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        field = next(one for one in opened.Root.AcroForm.Fields if str(one.T) == "reviewer")
        left, _bottom, right, _top = (float(edge) for edge in field.Rect)
    ends = ends_of(pdf)
    assert len(ends) == 6 and all(end <= right - left for end in ends)


def test_reason_over_several_lines_is_one_line_without_missing_signs(
    issued: Issued, keys: pki.Pki, on_disk: Any
) -> None:
    pdf = signed_by(issued, keys, "秦明", reason="first\n\tsecond\r\nthird")
    assert "first second third" in text_of(pdf, on_disk)


def ends_of(pdf: bytes) -> list[float]:
    """Where each line of the stamp ends, from the operators of its content and the widths of its fonts."""
    found = []
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        look = next(one for one in opened.Root.AcroForm.Fields if str(one.T) == "reviewer").AP.N
        holder = look if "/Font" in look.Resources else next(iter(look.Resources.XObject.values()))
        faces = {name: font.DescendantFonts[0].W[1] for name, font in holder.Resources.Font.items()}
        state: dict[str, Any] = {}
        for operands, operator in pikepdf.parse_content_stream(holder):
            state[str(operator)] = operands
            if str(operator) == "Tj":
                code = bytes(operands[0])
                numbers = [int.from_bytes(code[at : at + 2], "big") for at in range(0, len(code), 2)]
                face, size = str(state["Tf"][0]), float(state["Tf"][1])
                long = sum(float(faces[face][number]) / 1000 * size + float(state["Tc"][0]) for number in numbers)
                found.append(float(state["Tm"][4]) + long * float(state["Tz"][0]) / 100)
    return found


def test_font_of_a_text_has_its_letters_and_no_others() -> None:
    font = EmbeddedFont("Regular", "公断公断")
    assert font.coded("公断") != font.coded("断公") and len(font.coded("公断")) == len("<00010002>")
    with pytest.raises(KeyError):
        font.coded("仲")
    assert width("Regular", "公断") == 2.0
