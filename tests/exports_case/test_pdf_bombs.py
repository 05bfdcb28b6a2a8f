"""The offline verifier of one signed decision, and a small file that says more than there is memory for."""

import io
import re

import pikepdf
import pytest

from casework.documents import fields
from tests.documents.conftest import issued, keys, reviewer, reviewer_signer, ruling_pdf
from tests.exports_case.conftest import CHINESE, ENGLISH
from tests.exports_case.hostile_pdfs import Paper, Verify, paper, signed, verify

assert all((issued, keys, reviewer, reviewer_signer, ruling_pdf, paper, verify)), "they are fixtures"


def letters_that_are_books(opened: pikepdf.Pdf) -> None:
    """Each letter drawn is to be read as thousands."""
    for font in opened.objects:
        if isinstance(font, pikepdf.Dictionary) and "/ToUnicode" in font:
            table = font.ToUnicode.read_bytes()
            font.ToUnicode.write(re.sub(rb"(<....>\s+)<[^>]*>", rb"\1<" + b"0041" * 5000 + b">", table))


@pytest.mark.parametrize("language, words", [(ENGLISH, "there is too much in it"), (CHINESE, "内容过多")])
def test_decision_that_says_more_than_there_is_memory_for_is_not_read(
    paper: Paper, verify: Verify, ruling_pdf: bytes, language: str, words: str
):
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(ruling_pdf)) as opened:
        letters_that_are_books(opened)
        opened.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
    draft = fields.add_signature_fields(out.getvalue(), fields.fields_for(paper.issued.snapshot))
    told = verify(paper.sealed(signed(draft, "reviewer", paper.reviewer)), language=language)
    assert told.failed == ["snapshot"] and words in told.said, told.said
