"""From snapshot to pages: complete, in our font alone, fetching nothing, within limits."""

from __future__ import annotations

import io
import re
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from fontTools.ttLib import TTFont
from weasyprint import HTML
from weasyprint.urls import FatalURLFetchingError

from casework.canonical import canonical
from casework.documents import fields, printed
from casework.documents.drawing import NothingIsFetched
from casework.documents.errors import RenderError
from casework.documents.limits import Limits
from casework.documents.render import _drawing, render
from casework.documents.snapshot import with_verify_url
from casework.documents.workshop import FONTS

from .sample import inadmissibility, large_ruling, ruling

RULING, INADMISSIBILITY = "disputes/documents/ruling.html", "disputes/documents/inadmissibility.html"


def poppler_text(path: Path, *options: str) -> str:
    output = subprocess.run(["pdftotext", *options, str(path), "-"], capture_output=True, check=True).stdout.decode()
    return re.sub(r"\s", "", output)


def leaves(value: Any) -> Iterator[str]:
    """Every text and number of a snapshot save the words for programs."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in printed.NOT_PRINTED | {"format"}:
                yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, str):
        yield printed.shown_time(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield str(value)


def altered(**changes: Any) -> dict[str, Any]:
    """The sample ruling with changes to its first criterion."""
    snapshot = ruling()
    snapshot["criteria"][0].update(changes)
    snapshot.pop("verify_url")
    return with_verify_url(snapshot, "http://127.0.0.1:8000/v/x")


def test_render_ruling_prints_every_text_and_number(ruling_pdf: bytes, on_disk: Any) -> None:
    text = poppler_text(on_disk(ruling_pdf), "-raw")
    assert [leaf for leaf in leaves(ruling()) if re.sub(r"\s", "", leaf) not in text] == []


def test_render_inadmissibility_prints_every_text_and_number(on_disk: Any) -> None:
    text = poppler_text(on_disk(render(INADMISSIBILITY, inadmissibility())), "-raw")
    assert [leaf for leaf in leaves(inadmissibility()) if re.sub(r"\s", "", leaf) not in text] == []


def test_render_uses_the_two_vendored_faces_and_no_other(ruling_pdf: bytes, on_disk: Any) -> None:
    listed = subprocess.run(["pdffonts", str(on_disk(ruling_pdf))], capture_output=True, check=True, text=True).stdout
    faces = {line.split()[0].partition("+")[2] for line in listed.splitlines()[2:]}
    assert faces == {"Noto-Sans-SC", "Noto-Sans-SC-Bold"}
    assert all(" yes yes yes " in line for line in listed.splitlines()[2:]), "embedded, subset, with Unicode map"


def test_font_has_the_rare_characters_of_names() -> None:
    for face in ("Regular", "Bold"):
        with TTFont(FONTS / f"NotoSansSC-{face}.ttf", lazy=True) as font:
            known = font.getBestCmap()
        assert [letter for letter in "喆堃璟彧龑犇镕昇玥頔𫍯·O’'" if ord(letter) not in known] == []


def test_render_rare_names_leaves_no_blank_glyph(on_disk: Any) -> None:
    pdf = render(RULING, altered(reasons="喆堃璟彧龑犇镕昇玥頔 阿依古丽·买买提 O'Brien"))
    assert "喆堃璟彧龑犇镕昇玥頔阿依古丽·买买提O'Brien" in poppler_text(on_disk(pdf), "-raw")
    assert glyph_zero_count(pdf) == 0


def glyph_zero_count(pdf: bytes) -> int:
    """How often glyph 0 (.notdef) is drawn."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        drawn = [
            bytes(piece)
            for page in opened.pages
            for operands, operator in pikepdf.parse_content_stream(page, "TJ")
            for piece in operands[0]
            if isinstance(piece, pikepdf.String)
        ]
    return sum(codes[at : at + 2] == b"\0\0" for codes in drawn for at in range(0, len(codes), 2))


def test_render_shows_any_text_as_text(on_disk: Any) -> None:
    shown = {
        "<b>加粗</b><script>alert(1)</script>": None,
        "=1+1": None,
        "{{ number }}{% now 'Y' %}": None,
        "&amp;&lt;": None,
        "谢谢😀": "谢谢[U+1F600]",
        "a\u202eb": "a[U+202E]b",
        "a\x00b\x07": "a[U+0000]b[U+0007]",
        "一\r\n二": "一二",
    }
    text = poppler_text(
        on_disk(render(RULING, altered(claim_reasons="".join(f"始{said}终" for said in shown)))), "-raw"
    )
    for said, printed_as in shown.items():
        assert re.sub(r"\s", "", f"始{printed_as or said}终") in text


@pytest.fixture
def listener() -> Iterator[tuple[int, list[str]]]:
    """A local web server that notes what it is asked for."""
    asked: list[str] = []

    class Noting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_args: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Noting) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port, asked
        server.shutdown()
        thread.join()


def test_render_markup_in_a_text_fetches_and_embeds_nothing(listener: tuple[int, list[str]], tmp_path: Path) -> None:
    port, asked = listener
    secret = tmp_path / "secret.txt"
    secret.write_text("a secret")
    pdf = render(
        RULING,
        altered(
            reasons=(
                f'<img src="http://127.0.0.1:{port}/x"><link rel=attachment href="file://{secret}">'
                f'<style>@import url(http://127.0.0.1:{port}/y)</style><img src="file://{secret}">'
            )
        ),
    )
    assert asked == []
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert list(opened.attachments) == ["decision.json"]


@pytest.mark.parametrize(
    "tag",
    [
        '<img src="{}">',
        '<link rel=stylesheet href="{}">',
        '<link rel=attachment href="{}">',
        "<style>@font-face{{font-family:x;src:url({})}}</style>x",
    ],
)
def test_fetcher_refuses_what_a_template_asks_for(tag: str, listener: tuple[int, list[str]]) -> None:
    port, asked = listener
    with pytest.raises(FatalURLFetchingError):
        HTML(string=tag.format(f"http://127.0.0.1:{port}/x"), url_fetcher=NothingIsFetched()).write_pdf()
    with pytest.raises(FatalURLFetchingError):
        HTML(string=tag.format("file:///etc/hostname"), url_fetcher=NothingIsFetched()).write_pdf()
    assert asked == []


def test_render_attaches_the_canonical_snapshot_once_as_source(ruling_pdf: bytes) -> None:
    with pikepdf.open(io.BytesIO(ruling_pdf)) as opened:
        assert opened.attachments["decision.json"].get_file().read_bytes() == canonical(ruling())
        assert [str(entry.AFRelationship) for entry in opened.Root.AF] == ["/Source"]
        metadata = opened.open_metadata()
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "U")
        assert str(opened.Root.Lang) == "zh-Hans" and opened.Root.MarkInfo.Marked


def test_render_same_snapshot_gives_the_same_bytes(ruling_pdf: bytes) -> None:
    _drawing.close()  # another child knows nothing of what was drawn
    assert render(RULING, ruling()) == ruling_pdf


def test_render_long_text_and_36_criteria_break_over_pages_and_repeat_the_head(on_disk: Any) -> None:
    snapshot = large_ruling(criteria=36, letters=20_000)
    pdf = render(RULING, snapshot)
    path = on_disk(pdf)
    pages = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True).stdout.decode()
    with_rows = [page for page in pages.split("\f") if re.search(r"C\d\d 语音语速.*10 +0 +10 +6", page)]
    assert len(with_rows) > 1 and all(re.search("满分 +原分 +主张 +裁定", page) for page in with_rows)
    assert printed.missing(snapshot, pdf) == []


@pytest.mark.parametrize("rows", [15, 19])
def test_render_signature_block_stays_with_its_heading_and_empty(rows: int, on_disk: Any) -> None:
    snapshot = ruling()
    snapshot["timeline"] = (snapshot["timeline"] * 4)[:rows]
    pdf = render(RULING, snapshot)
    path = on_disk(pdf)
    for place in fields.places(pdf).values():
        page, (left, bottom, right, top) = place.page + 1, place.box
        assert "签署Signatures" in poppler_text(path, "-f", str(page), "-l", str(page))
        box = {"-f": page, "-l": page, "-x": left, "-y": 842 - top, "-W": right - left, "-H": top - bottom}
        assert poppler_text(path, *(str(part) for option in box.items() for part in option)) == ""


def test_render_text_the_template_does_not_print_is_refused() -> None:
    with pytest.raises(RenderError) as refused:
        render(RULING, altered(footnote="nobody prints this"))
    assert refused.value.code == "text" and "criteria.0.footnote" in str(refused.value)


@pytest.mark.parametrize(
    ("criteria", "limits", "codes"),
    [
        (2, Limits(pages=1), {"pages"}),
        (36, Limits(cpu_seconds=1), {"cpu"}),
        (36, Limits(wall_seconds=1), {"time"}),
        (2, Limits(memory_mib=120), {"memory", "crash"}),
        (2, Limits(file_mib=0), {"size"}),
    ],
)
def test_render_beyond_a_limit_is_refused_and_the_next_one_succeeds(
    criteria: int, limits: Limits, codes: set[str]
) -> None:
    with pytest.raises(RenderError) as refused:
        render(RULING, large_ruling(criteria, letters=10_000), limits=limits)
    assert refused.value.code in codes
    assert render(INADMISSIBILITY, inadmissibility()).startswith(b"%PDF-1.7")


@pytest.mark.parametrize("change", [{"points": 1.5}, {"reasons": "\ud800"}, {"reasons": 2**60}])
def test_render_snapshot_that_cannot_be_frozen_is_refused(change: dict[str, Any]) -> None:
    snapshot = ruling()
    snapshot["criteria"][0].update(change)
    with pytest.raises(RenderError) as refused:
        render(RULING, snapshot)
    assert refused.value.code == "snapshot"


@pytest.mark.parametrize("field", ["Reviewer 1", "", "organisation", 'a"><b>'])
def test_render_field_name_that_is_no_plain_word_is_refused(field: str) -> None:
    snapshot = ruling()
    snapshot["deciders"][0]["field"] = field
    with pytest.raises(RenderError) as refused:
        render(RULING, snapshot)
    assert refused.value.code == "snapshot"


@pytest.mark.parametrize("template", ["disputes/documents/none.html", "../pyproject.toml", "/etc/hostname"])
def test_render_unknown_template_is_refused(template: str) -> None:
    with pytest.raises(RenderError) as refused:
        render(template, ruling())
    assert refused.value.code == "template"
