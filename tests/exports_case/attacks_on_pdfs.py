"""What somebody may do to a signed decision, each with the checks that have to notice it."""

import io
import zipfile
from collections.abc import Callable

import pikepdf
from pyhanko.pdf_utils.embed import EmbeddedFileObject, FileSpec, embed_file
from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NumberObject,
    StreamObject,
    TextStringObject,
)
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from tests.exports_case.hostile_pdfs import Paper

# Updates that any tool for PDFs can append


def update(pdf: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    out = io.BytesIO(pdf)
    writer = IncrementalPdfFileWriter(out)
    change(writer)
    writer.write_in_place()
    return out.getvalue()


def annotation(writer: IncrementalPdfFileWriter) -> None:
    page = writer.find_page_for_modification(0)[0].get_object()
    corners = ArrayObject([FloatObject(corner) for corner in ("72", "500", "400", "700")])
    note = DictionaryObject({
        NameObject("/Type"): NameObject("/Annot"), NameObject("/Subtype"): NameObject("/FreeText"),
        NameObject("/Rect"): corners, NameObject("/Contents"): TextStringObject("维持原判"),
    })  # fmt: skip
    page[NameObject("/Annots")] = ArrayObject([*page.get("/Annots", []), writer.add_object(note)])
    writer.update_container(page)


def page_content(writer: IncrementalPdfFileWriter) -> None:
    page = writer.find_page_for_modification(0)[0].get_object()
    page[NameObject("/Contents")] = writer.add_object(StreamObject(stream_data=b"0 0 10 10 re f"))
    writer.update_container(page)


def content_stream(writer: IncrementalPdfFileWriter) -> None:
    """The page itself stays as it is."""
    page = writer.find_page_for_modification(0)[0].get_object()
    page["/Contents"]._data = b"0 0 10 10 re f"
    page["/Contents"]._encoded_data = None
    writer.mark_update(page.raw_get("/Contents"))


def pages_swapped(writer: IncrementalPdfFileWriter) -> None:
    pages = writer.root["/Pages"]
    kids = [pages["/Kids"].raw_get(place) for place in range(len(pages["/Kids"]))]
    pages[NameObject("/Kids")] = ArrayObject([kids[1], kids[0], *kids[2:]])
    writer.update_container(pages)


def page_count(writer: IncrementalPdfFileWriter) -> None:
    writer.root["/Pages"][NameObject("/Count")] = NumberObject(100_000)
    writer.update_container(writer.root["/Pages"])


def title(writer: IncrementalPdfFileWriter) -> None:
    info = writer.trailer["/Info"]
    info[NameObject("/Title")] = TextStringObject("撤销决定")
    writer.update_container(info)


def attachment(writer: IncrementalPdfFileWriter) -> None:
    file = EmbeddedFileObject.from_file_data(writer, b"{}", mime_type="application/json")
    embed_file(writer, FileSpec("second.json", embedded_data=file))


def open_action(writer: IncrementalPdfFileWriter) -> None:
    writer.root[NameObject("/OpenAction")] = DictionaryObject(
        {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("app.alert(1)")}
    )
    writer.update_root()


def field_moved(writer: IncrementalPdfFileWriter) -> None:
    field = writer.root["/AcroForm"]["/Fields"][0]
    field["/Rect"][0] = NumberObject(0)
    writer.update_container(field)


def stranger(writer: IncrementalPdfFileWriter) -> None:
    """An object that nothing refers to."""
    writer.add_object(TextStringObject("nobody asked for this"))


def cross_reference_as_a_page(writer: IncrementalPdfFileWriter) -> None:
    """The cross-reference stream carries the number of the second page, which is gone with it."""
    number_for_the_cross_reference(writer, writer.find_page_for_modification(1)[0].idnum)


def cross_reference_as_the_content(writer: IncrementalPdfFileWriter) -> None:
    page = writer.find_page_for_modification(1)[0].get_object()
    number_for_the_cross_reference(writer, page.raw_get("/Contents").idnum)


def cross_reference_as_a_picture(writer: IncrementalPdfFileWriter) -> None:
    """Of the first signature: no text that the pages must hold is lost."""
    field = writer.root["/AcroForm"]["/Fields"][0]
    number_for_the_cross_reference(writer, field["/AP"].raw_get("/N").idnum)


def number_for_the_cross_reference(writer: IncrementalPdfFileWriter, number: int) -> None:
    write_objects, populate, size = writer._write_objects, writer._populate_trailer, 0

    def then_take_the_number(*told: object) -> None:
        nonlocal size
        write_objects(*told)
        size, writer._lastobj_id = writer._lastobj_id + 1, number - 1

    def with_the_true_size(trailer: StreamObject) -> None:
        def write(*told: object) -> None:
            trailer[NameObject("/Size")] = NumberObject(size)
            type(trailer).write_to_stream(trailer, *told)

        populate(trailer)
        trailer.write_to_stream = write

    writer._write_objects, writer._populate_trailer = then_take_the_number, with_the_true_size
    writer._force_write_when_empty = True


TAKEN = [cross_reference_as_a_page, cross_reference_as_the_content, cross_reference_as_a_picture]
UPDATES = [
    *TAKEN,
    annotation,
    page_content,
    content_stream,
    pages_swapped,
    title,
    attachment,
    open_action,
    field_moved,
    stranger,
]


# Changes to the finished file

CHANGES: dict[str, tuple[Callable[[Paper], bytes], set[str]]] = {}


def fails(*checks: str) -> Callable[[Callable[[Paper], bytes]], Callable[[Paper], bytes]]:
    def keep(change: Callable[[Paper], bytes]) -> Callable[[Paper], bytes]:
        CHANGES[change.__name__] = change, {"file_hash", *checks}
        return change

    return keep


@fails("covers_whole_file")
def line_feed_appended(paper: Paper) -> bytes:
    return paper.issued.file + b"\n"


@fails("covers_whole_file")
def end_of_file_appended(paper: Paper) -> bytes:
    return paper.issued.file + b"%%EOF\n"


@fails("covers_whole_file")
def zip_appended(paper: Paper) -> bytes:
    return paper.issued.file + zipped(b"award.txt")


@fails("parse")
def zip_instead(paper: Paper) -> bytes:
    return zipped(paper.issued.file)


def zipped(content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("decision.pdf", content)
    return out.getvalue()


@fails("expected_signers")
def cut_back_to_the_first_signature(paper: Paper) -> bytes:
    return paper.issued.first_signed


@fails("parse")
def cut_back_to_the_draft(paper: Paper) -> bytes:
    return paper.issued.draft


@fails("parse")
def cut_off(paper: Paper) -> bytes:
    return paper.issued.file[:-2000]


@fails("parse")
def zip_in_front(paper: Paper) -> bytes:
    return zipped(b"award.txt") + paper.issued.file


@fails("signatures", "expected_signers")
def something_in_the_space_of_the_seal(paper: Paper) -> bytes:
    space = paper.issued.file.rindex(b"0" * 1000 + b">")
    return paper.issued.file[: space + 500] + b"CAFE" + paper.issued.file[space + 504 :]


@fails("signatures", "covers_whole_file", "modifications")
def rewritten(paper: Paper) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(paper.issued.file)) as opened:
        opened.save(out)
    return out.getvalue()


@fails("parse")
def encrypted(paper: Paper) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(paper.issued.file)) as opened:
        opened.save(out, encryption=pikepdf.Encryption(owner="o", user=""))
    return out.getvalue()


@fails("parse")
def locked_by_a_password(paper: Paper) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(paper.issued.file)) as opened:
        opened.save(out, encryption=pikepdf.Encryption(owner="o", user="u"))
    return out.getvalue()


@fails("parse")
def nothing(paper: Paper) -> bytes:
    return b""


@fails("parse")
def brackets_without_end(paper: Paper) -> bytes:
    return b"%PDF-1.7\n%\xbf\xf7\xa2\xfe\n1 0 obj\n" + b"[" * 200_000


@fails("parse")
def string_without_end(paper: Paper) -> bytes:
    return b"%PDF-1.7\n%\xbf\xf7\xa2\xfe\n1 0 obj\n(" + b"\\(" * 3_000_000


@fails("parse")
def length_beyond_the_end(paper: Paper) -> bytes:
    return b"%PDF-1.7\n%\xbf\xf7\xa2\xfe\n1 0 obj\n<< /Length 9999999999 >>\nstream\n"
