"""Imports: received, checked, carried out, and told by file, line and column."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import File, Form, Router, Schema, Status, UploadedFile
from pydantic import Field

from casework.api.cases import who
from casework.api.import_kinds import import_kinds
from casework.domain.errors import InvalidInput, Refusal
from casework.domain.ledger import plain
from casework.domain.now import now
from casework.imports.runs import ImportKind, Options, Outcome, Upload
from casework.models import ImportRun
from casework.queries.sight import nothing_there

router = Router(tags=["imports"])
TOLD = 1000
SheetName = Annotated[str, Field(min_length=1, max_length=31)]  # no longer ones exist


class ImportOut(Schema):
    """`state`: running, done or refused (nothing was imported). `problems` name file, line and column."""

    id: str
    kind: str
    state: str
    options: dict[str, Any]
    created_at: str
    finished_at: str | None
    counts: dict[str, Any]
    problems: list[dict[str, Any]]


@router.post("/imports", response={202: ImportOut}, summary="Import people, evaluations or recordings")
def create_import(
    request: HttpRequest, response: HttpResponse, kind: Form[str], file: File[list[UploadedFile]],
    dry_run: Form[bool] = False, partial: Form[bool] = False, historical: Form[bool] = False,
    sheet: Form[SheetName | None] = None,
) -> Any:  # fmt: skip
    """`kind`: `people` (people.csv, and units.csv if there are new units), `evaluations` (one CSV), `recordings`
    (INTERACTION.wav, up to 100). Wherever a CSV is taken, so is an xlsx; of evaluations `sheet` chooses one of several
    sheets. `dry_run` checks only; `partial` imports what is right; `historical` evaluations are final at once. Ask for
    the result under `Location`."""
    actor, wanted = who(request), _kind(kind)
    wanted.may(actor, request.account)  # type: ignore[attr-defined]
    options = Options(dry_run=dry_run, partial=partial, historical=historical, sheet=sheet)
    _check(kind, wanted, file, options)
    run = ImportRun.objects.create(
        account=request.account, kind=kind, options=vars(options), created_at=actor.received_at  # type: ignore[attr-defined]
    )  # fmt: skip
    with _stored(file) as uploads:
        outcome = _carried_out(wanted, uploads, actor, options)
    run.state = ImportRun.State.REFUSED if outcome.refused else ImportRun.State.DONE
    run.counts, run.problems, run.finished_at = outcome.counts, outcome.problems[:TOLD], now()
    run.save(update_fields=["state", "counts", "problems", "finished_at"])
    response["Location"] = f"/api/v1/imports/{run.pk}"
    return Status(202, _shown(run))


@router.get("/imports/{import_id}", response=ImportOut, summary="What came of an import")
def get_import(request: HttpRequest, import_id: str) -> Any:
    """Your own imports only."""
    try:
        run = ImportRun.objects.filter(pk=UUID(import_id), account=request.account).first()  # type: ignore[attr-defined]
    except ValueError:
        run = None
    if run is None:
        raise nothing_there()
    return _shown(run)


def _kind(kind: str) -> ImportKind:
    if kind not in import_kinds():
        words = _("there is no import of '%(kind)s'; kinds are %(known)s") % {
            "kind": kind[:40], "known": ", ".join(import_kinds()),
        }  # fmt: skip
        raise _invalid("kind", "unknown", words)
    return import_kinds()[kind]


def _check(kind: str, wanted: ImportKind, files: list[UploadedFile], options: Options) -> None:
    fewest, most = wanted.files
    if not fewest <= len(files) <= most:
        words = _("%(kind)s take %(fewest)d to %(most)d files, not %(given)d") % {
            "kind": kind, "fewest": fewest, "most": most, "given": len(files),
        }  # fmt: skip
        raise _invalid("file", "number_of_files", words)
    names = [_plain_name(file) for file in files]
    if len(set(names)) < len(names):
        raise _invalid("file", "twice", _("two files have the same name"))
    if unknown := options.chosen() - wanted.options:
        words = _("%(kind)s know no option %(unknown)s") % {"kind": kind, "unknown": ", ".join(sorted(unknown))}
        raise _invalid("options", "unknown", words)


def _carried_out(wanted: ImportKind, uploads: list[Upload], actor: Any, options: Options) -> Outcome:
    """A refusal on the way is the import's result: all of it was rolled back."""
    try:
        return wanted.run(uploads, actor, options)
    except Refusal as refusal:
        told = {"file": None, "line": None, "column": None, "code": refusal.reason, "message": str(refusal)}
        return Outcome({}, [{**told, "subject": None, "level": "error", "sheet": None, "cell": None}], refused=True)


@contextmanager
def _stored(files: list[UploadedFile]) -> Iterator[list[Upload]]:
    """The files under their own names in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="import-") as folder:
        uploads = []
        for number, file in enumerate(files):
            path = Path(folder, str(number), _plain_name(file))
            path.parent.mkdir()
            with path.open("wb") as out:
                shutil.copyfileobj(file, out)
            uploads.append(Upload(path.name, path))
        yield uploads


def _plain_name(file: UploadedFile) -> str:
    """The last part of the name, refused where no file system could hold it."""
    name = PurePosixPath(file.name or "").name
    if not name.isprintable() or not 0 < len(name.encode("utf-8", "replace")) <= 200:
        raise _invalid("file", "bad_name", _("a file needs a printable name of at most 200 bytes"))
    return name


def _invalid(field: str, code: str, words: str) -> InvalidInput:
    return InvalidInput(
        _("Expected an import that can be done, but %(problem)s; correct it and try again") % {"problem": words},
        problems=[{"field": field, "code": code, "message": words}],
    )


def _shown(run: ImportRun) -> dict[str, Any]:
    return {
        "id": str(run.pk), "kind": run.kind, "state": run.state, "options": run.options,
        "created_at": plain(run.created_at),
        "finished_at": plain(run.finished_at), "counts": run.counts, "problems": run.problems,
    }  # fmt: skip
