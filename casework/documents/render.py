"""From a snapshot to a PDF, in a child process with limits."""

from __future__ import annotations

from django.utils.translation import gettext as _

from casework.canonical import canonical
from casework.documents.errors import RenderError
from casework.documents.limits import DEFAULT_LIMITS, Limits
from casework.documents.snapshot import Snapshot, signature_fields
from casework.documents.workshop import Workshop

_drawing = Workshop("casework.documents.drawing")


def render(template: str, snapshot: Snapshot, *, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """The snapshot drawn with `template` (a path below templates/) as PDF/A-3u, unsigned.

    Afterwards: every text of the snapshot stands on the pages, only the vendored font is used, the canonical
    snapshot is attached as `decision.json`, and each of its `signature_fields` has a reserved
    place. Nothing was fetched. Otherwise raises RenderError, whose `code` is one of REASONS.
    """
    try:
        signature_fields(snapshot)
        blob = canonical(snapshot)
    except (TypeError, ValueError, KeyError, AttributeError) as problem:
        raise _refused("snapshot", str(problem)) from None
    if len(blob) > limits.file_mib * 1024 * 1024:
        raise _refused("size", f"{len(blob)} bytes")
    answer, pdf = _drawing.do({"template": template}, blob, limits)
    if code := answer.get("refused") or answer.get("failed"):
        raise _refused(code, answer.get("detail", ""))
    if len(pdf) > limits.file_mib * 1024 * 1024:
        raise _refused("size", f"{len(pdf)} bytes")
    return pdf


def warm_up() -> None:
    """Starts the drawing process and waits until it can draw, to spare the first document the wait."""
    _drawing.do({"template": ""}, b"{}", DEFAULT_LIMITS)


REASONS = {
    "snapshot": lambda: _("The snapshot cannot be frozen as data. Correct it and draft the document again: %(detail)s"),
    "template": lambda: _("There is no such template below the templates folder: %(detail)s. Correct its name."),
    "size": lambda: _("The document is larger than allowed (%(detail)s). Shorten its texts or raise the limit."),
    "pages": lambda: _("The document has %(detail)s pages, more than allowed. Shorten its texts or raise the limit."),
    "fetch": lambda: _("The template asks for something to be loaded, and documents load nothing. %(detail)s"),
    "font": lambda: _(
        "The document uses fonts that are not the vendored one: %(detail)s. Set font-family on html and in @page."
    ),
    "text": lambda: _("The template does not print every text of the snapshot. Print it or leave it out: %(detail)s"),
    "cpu": lambda: _("Drawing took more processor time than allowed and was ended. Shorten the texts."),
    "time": lambda: _("Drawing took longer than allowed and was ended. Try again; if it repeats, shorten the texts."),
    "memory": lambda: _("Drawing needed more memory than allowed and was ended. Shorten the texts or raise the limit."),
    "start": lambda: _(
        "The drawing process could not start. Run `manage.py doctor`; WeasyPrint needs libpango-1.0-0, "
        "libpangoft2-1.0-0 and libharfbuzz-subset0. %(detail)s"
    ),
    "crash": lambda: _("Drawing failed and nothing was made. Check the template. %(detail)s"),
}


def _refused(code: str, detail: str) -> RenderError:
    return RenderError(code, REASONS[code]() % {"detail": detail})
