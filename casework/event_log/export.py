"""A log written to a file: it appears under its name only when it is whole and its export is on record."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from casework.domain.actor import Actor
from casework.domain.errors import InvalidInput
from casework.domain.law import Law
from casework.event_log.ocel import OcelLog
from casework.event_log.scope import cases_for, may_export, note_export, traces
from casework.event_log.xes import XesLog

FORMATS: dict[str, Any] = {"ocel2": OcelLog, "xes": XesLog}


def count_cases(actor: Actor, law: Law | None = None) -> int:
    """How many cases the person's log will hold; NotPermitted for whoever may take none."""
    may_export(actor)
    return cases_for(actor, law).count()


def export_log(
    path: Path, format: str, actor: Actor, law: Law | None = None, done: Callable[[], None] = lambda: None
) -> dict[str, Any]:
    """The log of all that the person may export stands in the file; {"cases", "events", "sha256"}."""
    may_export(actor)
    unfinished = path.with_name(path.name + ".part")
    try:
        cases, events = _write(unfinished, format, actor, law, done)
        sha256 = _sha256(unfinished)
        note_export(actor, format, cases, events, sha256)
        os.replace(unfinished, path)
    except OSError as error:
        words = _("Expected to write %(file)s, but %(reason)s; name another file")
        raise InvalidInput(words % {"file": path, "reason": error.strerror}, code="unwritable") from None
    finally:
        unfinished.unlink(missing_ok=True)
    return {"cases": cases, "events": events, "sha256": sha256}


def _write(path: Path, format: str, actor: Actor, law: Law | None, done: Callable[[], None]) -> tuple[int, int]:
    cases = events = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        log = FORMATS[format](file)
        for trace in traces(cases_for(actor, law)):
            log.add(trace)
            cases, events = cases + 1, events + len(trace.events)
            done()
        log.close()
    return cases, events


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
