"""The list of cases as a file. It is written whole before its first byte is sent."""

import tempfile
from contextlib import ExitStack
from typing import Any

from django.http import FileResponse, HttpRequest
from ninja import Router

from casework.api.cases import who
from casework.exports.cases import export_cases

router = Router(tags=["cases"])
MOST = 100_000
IN_MEMORY = 4 * 1024 * 1024  # larger files wait on the disk until they are sent
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def _described(form: str) -> dict[str, Any]:
    content = {MEDIA_TYPES[form].split(";")[0]: {"schema": {"type": "string", "format": "binary"}}}
    return {"responses": {200: {"content": content}}}


@router.get("/cases.csv", summary="Cases in your scope as CSV", openapi_extra=_described("csv"))
def get_csv(
    request: HttpRequest, type: str | None = None, state: str | None = None, unit: str | None = None,
    q: str | None = None, overdue: bool = False,
) -> FileResponse:  # fmt: skip
    """The same cases as `/cases` lists, up to 100,000, in UTF-8 with a mark. Text that a spreadsheet would take for a
    formula has an apostrophe in front, which imports take away again. The export is recorded."""
    return _file(request, "csv", type=type, state=state, unit=unit, q=q, overdue=overdue)


@router.get("/cases.xlsx", summary="Cases in your scope as xlsx", openapi_extra=_described("xlsx"))
def get_xlsx(
    request: HttpRequest, type: str | None = None, state: str | None = None, unit: str | None = None,
    q: str | None = None, overdue: bool = False,
) -> FileResponse:  # fmt: skip
    """The same as a workbook of one sheet in which every cell is text."""
    return _file(request, "xlsx", type=type, state=state, unit=unit, q=q, overdue=overdue)


def _file(request: HttpRequest, form: str, **filters: Any) -> FileResponse:
    with ExitStack() as until_sent:
        out = until_sent.enter_context(tempfile.SpooledTemporaryFile(IN_MEMORY))
        export_cases(out, form, who(request), at_most=MOST, **filters)
        until_sent.pop_all()  # the response closes it
    out.seek(0)
    response = FileResponse(out, as_attachment=True, filename=f"cases.{form}", content_type=MEDIA_TYPES[form])
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
