"""What a signature looks like on the page: a person's name with when and why they signed, or the organisation's round
seal. Drawn here and not by WeasyPrint, which takes longer for it than the signature itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from math import cos, radians, sin

from pyhanko.pdf_utils.content import PdfContent, ResourceType
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.layout import AxisAlignment, BoxConstraints, Margins, SimpleBoxLayoutRule
from pyhanko.stamp import StaticStampStyle

from casework.documents.embedded_font import EmbeddedFont, width
from casework.documents.pki import serial_of
from casework.documents.printed import printable, shown_time
from casework.documents.signer import Signer, subject_of

REGULAR, BOLD = "Regular", "Bold"
DEMO = "演示 DEMO"
BLUE, RED = "0.114 0.247 0.467", "0.702 0.149 0.118"
MM = 72 / 25.4
SMALL = 6.8  # points
LINE, BASELINE = 1.35, 1.11  # how high a line is and how deep its letters stand in it, in their size
SEAL_SIDE = 120  # the seal is drawn in a square of that side about (0, 0)
ARC_DEGREES = 215
HANDLE = 0.5522847498  # of the four curves that look like a circle


@dataclass(frozen=True)
class Facts:
    """What a stamp says; `no` is empty for the organisation's seal."""

    name: str
    no: str
    demo: bool
    reason: str
    serial: str
    at: str


@dataclass(frozen=True)
class Text:
    """Letters from `x`, `y` on, turned by `degrees` clockwise, `squeezed` to a part of their width."""

    face: str
    size: float
    colour: str
    text: str
    x: float
    y: float
    degrees: float = 0
    squeezed: float = 1
    apart: float = 0


Drawn = Iterator[str | Text]


def stamp(signer: Signer, reason: str, at: datetime, width: float, height: float) -> StaticStampStyle:
    """The look of a signature that is made at that time, for that reason, in a field of that size (points)."""
    subject = subject_of(signer.certificate)
    facts = Facts(
        name=_line(str(subject["name"])), no=_line(str(subject["no"])), demo=bool(subject["demo"]),
        reason=_line(reason), serial=serial_of(signer.certificate)[:16], at=shown_time(at.isoformat()),
    )  # fmt: skip
    edge_to_edge = SimpleBoxLayoutRule(AxisAlignment.ALIGN_MID, AxisAlignment.ALIGN_MID, margins=Margins.uniform(0))
    drawn = _signature(facts, width, height) if facts.no else _seal(facts, width, height)
    content = _Content(list(drawn), BoxConstraints(width=width, height=height))
    return StaticStampStyle(background=content, background_layout=edge_to_edge, border_width=0)


def _line(text: str) -> str:
    """As printed, on one line: for tabs and line ends the font has no sign."""
    return " ".join(printable(text).split())


class _Content(PdfContent):
    """What was drawn, with fonts of just the letters that it needs."""

    def __init__(self, drawn: list[str | Text], box: BoxConstraints) -> None:
        super().__init__(box=box)
        self._drawn = drawn

    def render(self) -> bytes:
        letters: dict[str, set[str]] = defaultdict(set)
        for text in (one for one in self._drawn if isinstance(one, Text)):
            letters[text.face].update(text.text)
        fonts = {face: EmbeddedFont(face, letters[face]) for face in sorted(letters)}
        for face, font in fonts.items():
            self.set_resource(ResourceType.FONT, pdf_name(f"/{face}"), font.added_to(self._ensure_writer))
        lines = [one if isinstance(one, str) else _shown(one, fonts[one.face]) for one in self._drawn]
        return "\n".join(["q", *lines, "Q"]).encode()


def _shown(text: Text, font: EmbeddedFont) -> str:
    across, up = cos(radians(text.degrees)), sin(radians(text.degrees))
    turned = f"{across:.4f} {-up:.4f} {up:.4f} {across:.4f} {text.x:.2f} {text.y:.2f} Tm"
    spaced = f"{text.apart:.2f} Tc {100 * text.squeezed:.1f} Tz"
    return f"BT {text.colour} rg /{text.face} {text.size:.2f} Tf {spaced} {turned} {font.coded(text.text)} Tj ET"


def _signature(facts: Facts, wide: float, high: float) -> Drawn:
    """A blue bar, beside it the name in large letters and four small lines."""
    left, top, right = 3 * MM, high - 1.6 * MM, wide - 2 * MM
    yield f"{BLUE} rg {left:.2f} {1.6 * MM:.2f} 1.6 {high - 3.2 * MM:.2f} re f"
    left += 1.6 + 3 * MM
    room = right - left
    size = 15 if len(facts.name) <= 10 else 10 if len(facts.name) <= 20 else SMALL
    yield _fitted(BOLD, size, facts.name, left, top - BASELINE * size, room, apart=0.12 * size if size == 15 else 0)
    top -= LINE * size
    who = f"{facts.no} · 电子签名 Electronically signed"
    if facts.demo:
        marked = width(BOLD, DEMO) * SMALL
        first = _fitted(REGULAR, SMALL, f"{who} · ", left, top - BASELINE * SMALL, room - marked)
        yield first
        yield Text(BOLD, SMALL, RED, DEMO, left + width(REGULAR, first.text) * SMALL * first.squeezed, first.y)
    else:
        yield _fitted(REGULAR, SMALL, who, left, top - BASELINE * SMALL, room)
    for line in (facts.at, facts.reason, f"证书 certificate {facts.serial}"):
        top -= LINE * SMALL
        yield _fitted(REGULAR, SMALL, line, left, top - BASELINE * SMALL, room)


def _fitted(face: str, size: float, text: str, x: float, y: float, room: float, apart: float = 0) -> Text:
    """A blue line that ends where there is no more room, narrower if it has to be."""
    long = width(face, text) * size + apart * len(text)
    return Text(face, size, BLUE, text, x, y, squeezed=min(1.0, room / long) if long else 1.0, apart=apart)


def _seal(facts: Facts, wide: float, high: float) -> Drawn:
    """A red circle, the name along its upper rim."""
    scale = min(wide, high) / SEAL_SIDE
    yield f"{scale:.4f} 0 0 {scale:.4f} {wide / 2:.2f} {high / 2:.2f} cm {RED} RG"
    yield f"2.4 w {_circle(56)} S"
    yield f"0.6 w {_circle(52.5)} S"
    yield from _along_the_rim(facts.name)
    yield _centred(BOLD, 12, "电子印章", -2)
    yield _centred(REGULAR, 6.5, "Electronic seal", -12)
    yield _centred(REGULAR, 6.5, facts.at, -23)
    yield _centred(REGULAR, 5.4, facts.serial, -32)
    if facts.demo:
        yield _centred(BOLD, 8, DEMO, -43)


def _along_the_rim(name: str) -> Drawn:
    """Long names get smaller letters."""
    size = max(4.5, min(13.0, 170 / max(len(name), 1)))
    step = min(ARC_DEGREES, size * 1.75 * (len(name) - 1)) / max(len(name) - 1, 1)
    for place, letter in enumerate(name):
        degrees, half = (place - (len(name) - 1) / 2) * step, width(BOLD, letter) * size / 2
        across, up = cos(radians(degrees)), sin(radians(degrees))
        x, y = (50 - size) * up - half * across, (50 - size) * across + half * up
        yield Text(BOLD, size, RED, letter, x, y, degrees)


def _centred(face: str, size: float, text: str, y: float) -> Text:
    return Text(face, size, RED, text, -width(face, text) * size / 2, y)


def _circle(radius: float) -> str:
    handle = HANDLE * radius
    around = [(radius, handle, handle, radius, 0, radius), (-handle, radius, -radius, handle, -radius, 0)]
    around += [(-radius, -handle, -handle, -radius, 0, -radius), (handle, -radius, radius, -handle, radius, 0)]
    curves = " ".join(" ".join(f"{number:.3f}" for number in curve) + " c" for curve in around)
    return f"{radius:.3f} 0 m {curves} h"
