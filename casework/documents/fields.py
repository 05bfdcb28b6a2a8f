"""Where signatures go: the boxes that the layout reserved, and the PDF fields laid over them."""

from __future__ import annotations

import io
from dataclasses import dataclass

import pikepdf
from django.utils.translation import gettext as _
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, SigFieldSpec, append_signature_field

from casework.documents.errors import SigningError
from casework.documents.snapshot import ORGANISATION_FIELD, Snapshot, signature_fields


@dataclass(frozen=True)
class FieldSpec:
    """A field to be signed. `tooltip` is read out by screen readers in place of the stamp."""

    name: str
    tooltip: str


@dataclass(frozen=True)
class Place:
    """A reserved box: page counted from 0, corners in points from the lower left of the page."""

    page: int
    box: tuple[int, int, int, int]


def fields_for(snapshot: Snapshot) -> list[FieldSpec]:
    """The fields of a snapshot's document, the organisation's seal last."""
    deciders = {decider["field"]: f"{decider['seat']['zh']} {decider['name']}" for decider in snapshot["deciders"]}
    seal = f"{snapshot['organisation']['zh']} {snapshot['organisation']['en']}"
    return [FieldSpec(name, deciders.get(name, seal)) for name in signature_fields(snapshot)]


def places(pdf: bytes) -> dict[str, Place]:
    """Field name → its reserved box, read from the named destinations `sign:NAME` and `sign:NAME:end`."""
    try:
        with pikepdf.open(io.BytesIO(pdf)) as opened:
            pages = {page.objgen: number for number, page in enumerate(opened.pages)}
            names = opened.Root.Names.Dests.Names
            corners = {
                str(names[at]): (
                    pages[names[at + 1][0].objgen],
                    float(names[at + 1][2]),
                    float(names[at + 1][3]),
                )
                for at in range(0, len(names), 2)
            }
    except (pikepdf.PdfError, AttributeError, KeyError, IndexError, TypeError, ValueError):
        raise SigningError(
            _("The file has no reserved places for signatures. Render it with a document template first.")
        ) from None
    found = {}
    for name, (page, left, top) in corners.items():
        if name.startswith("sign:") and not name.endswith(":end"):
            end = corners.get(f"{name}:end")
            if end is None or end[0] != page:
                raise SigningError(_("The reserved place %(name)s is broken over two pages.") % {"name": name})
            found[name[len("sign:") :]] = Place(page, (round(left), round(end[2]), round(end[1]), round(top)))
    return found


def add_signature_fields(pdf: bytes, fields: list[FieldSpec]) -> bytes:
    """The file with empty signature fields over their reserved boxes, each locking itself once signed.

    The organisation's seal locks every field. Raises SigningError when a field has no reserved box.
    """
    reserved = places(pdf)
    if missing := [field.name for field in fields if field.name not in reserved]:
        raise SigningError(
            _("The document reserves no place for %(missing)s. Put it into the template.")
            % {"missing": ", ".join(missing)}
        )
    output = io.BytesIO(pdf)
    try:
        writer = IncrementalPdfFileWriter(output)
        for field in fields:
            lock = (
                FieldMDPSpec(FieldMDPAction.ALL)
                if field.name == ORGANISATION_FIELD
                else FieldMDPSpec(FieldMDPAction.INCLUDE, fields=[field.name])
            )
            append_signature_field(
                writer,
                SigFieldSpec(
                    sig_field_name=field.name,
                    on_page=reserved[field.name].page,
                    box=reserved[field.name].box,
                    readable_field_name=field.tooltip,
                    field_mdp_spec=lock,
                ),
            )
        writer.write_in_place()
    except PdfError as problem:
        raise SigningError(
            _("The signature fields cannot be added: %(problem)s. Render the document again.") % {"problem": problem}
        ) from None
    return output.getvalue()
