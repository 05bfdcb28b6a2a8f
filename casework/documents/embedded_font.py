"""The vendored font with just the letters of one text, as a PDF embeds it."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from functools import cache
from hashlib import sha256

import uharfbuzz as hb
from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    IndirectObject,
    NumberObject,
    StreamObject,
    pdf_name,
    pdf_string,
)
from pyhanko.pdf_utils.writer import BasePdfFileWriter

from casework.documents.workshop import FONTS

# Tables that only a layout engine reads; what is drawn here names its glyphs by number.
NOT_DRAWN_WITH = ("BASE", "DSIG", "GDEF", "GPOS", "GSUB", "OS/2", "STAT", "VORG", "name", "post", "vhea", "vmtx")
SYMBOLIC = 4
CMAP = """/CIDInit /ProcSet findresource begin 12 dict begin begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def /CMapType 2 def
1 begincodespacerange <0000> <FFFF> endcodespacerange
{}
endcmap CMapName currentdict /CMap defineresource pop end end
"""
AT_ONCE = 100  # letters that one block of a CMap takes


def width(face: str, text: str) -> float:
    """Of the text in that face (Regular, Bold), in sizes of its letters."""
    font = _font(face)
    return sum(font.get_glyph_h_advance(font.get_nominal_glyph(ord(letter)) or 0) for letter in text) / font.face.upem


class EmbeddedFont:
    """`face` with the glyphs of `letters`, numbered anew."""

    def __init__(self, face: str, letters: Iterable[str]) -> None:
        self._face, self._letters = face, sorted(set(letters))
        wanted = hb.SubsetInput()
        wanted.unicode_set.update(ord(letter) for letter in self._letters)
        wanted.drop_table_tag_set.update(int.from_bytes(tag.encode(), "big") for tag in NOT_DRAWN_WITH)
        self._subset = hb.subset(_font(face).face, wanted)
        font = hb.Font(self._subset)
        self._glyphs = {letter: font.get_nominal_glyph(ord(letter)) or 0 for letter in self._letters}
        self._widths = [font.get_glyph_h_advance(number) for number in range(self._subset.glyph_count)]

    def coded(self, text: str) -> str:
        """The text as a string of this font, for a content stream."""
        return f"<{''.join(f'{self._glyphs[letter]:04X}' for letter in text)}>"

    def added_to(self, writer: BasePdfFileWriter) -> IndirectObject:
        """The font is an object of the file."""
        tag = "".join(chr(ord("A") + byte % 26) for byte in sha256("".join(self._letters).encode()).digest()[:6])
        name = pdf_name(f"/{tag}+NotoSansSC-{self._face}")
        below = DictionaryObject({
            pdf_name("/Type"): pdf_name("/Font"), pdf_name("/Subtype"): pdf_name("/CIDFontType2"),
            pdf_name("/BaseFont"): name, pdf_name("/CIDSystemInfo"): _identity(),
            pdf_name("/CIDToGIDMap"): pdf_name("/Identity"), pdf_name("/DW"): NumberObject(1000),
            pdf_name("/W"): ArrayObject([NumberObject(0), ArrayObject(map(self._scaled, self._widths))]),
            pdf_name("/FontDescriptor"): writer.add_object(self._descriptor(writer, name)),
        })  # fmt: skip
        return writer.add_object(DictionaryObject({
            pdf_name("/Type"): pdf_name("/Font"), pdf_name("/Subtype"): pdf_name("/Type0"), pdf_name("/BaseFont"): name,
            pdf_name("/Encoding"): pdf_name("/Identity-H"),
            pdf_name("/DescendantFonts"): ArrayObject([writer.add_object(below)]),
            pdf_name("/ToUnicode"): writer.add_object(_compressed(self._cmap().encode())),
        }))  # fmt: skip

    def _descriptor(self, writer: BasePdfFileWriter, name: object) -> DictionaryObject:
        box = struct.unpack_from(">4h", bytes(self._subset.reference_table("head").data), 36)
        lines = hb.Font(self._subset).get_font_extents("ltr")
        program = _compressed(data := bytes(self._subset.blob.data))
        program[pdf_name("/Length1")] = NumberObject(len(data))
        return DictionaryObject({
            pdf_name("/Type"): pdf_name("/FontDescriptor"), pdf_name("/FontName"): name,
            pdf_name("/Flags"): NumberObject(SYMBOLIC), pdf_name("/FontBBox"): ArrayObject(map(self._scaled, box)),
            pdf_name("/ItalicAngle"): NumberObject(0), pdf_name("/StemV"): NumberObject(80),
            pdf_name("/Ascent"): self._scaled(lines.ascender), pdf_name("/Descent"): self._scaled(lines.descender),
            pdf_name("/CapHeight"): self._scaled(lines.ascender), pdf_name("/FontFile2"): writer.add_object(program),
        })  # fmt: skip

    def _cmap(self) -> str:
        """Which letter each glyph is, for whoever copies or searches the text."""
        pairs = [
            f"<{number:04X}> <{letter.encode('utf-16-be').hex().upper()}>" for letter, number in self._glyphs.items()
        ]
        blocks = [pairs[start : start + AT_ONCE] for start in range(0, len(pairs), AT_ONCE)]
        return CMAP.format("\n".join(f"{len(block)} beginbfchar\n{chr(10).join(block)}\nendbfchar" for block in blocks))

    def _scaled(self, value: float) -> NumberObject:
        return NumberObject(round(value * 1000 / self._subset.upem))


@cache
def _font(face: str) -> hb.Font:
    return hb.Font(hb.Face(hb.Blob.from_file_path(str(FONTS / f"NotoSansSC-{face}.ttf"))))


def _identity() -> DictionaryObject:
    return DictionaryObject({
        pdf_name("/Registry"): pdf_string("Adobe"), pdf_name("/Ordering"): pdf_string("Identity"),
        pdf_name("/Supplement"): NumberObject(0),
    })  # fmt: skip


def _compressed(data: bytes) -> StreamObject:
    stream = StreamObject(stream_data=data)
    stream.compress()
    return stream
