"""A log written to a file, and its export on record."""

import hashlib
import io
from collections.abc import Callable
from typing import Any, BinaryIO

from casework.domain.actor import Actor
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
    out: BinaryIO, format: str, actor: Actor, law: Law | None = None, done: Callable[[], None] = lambda: None
) -> dict[str, Any]:
    """The log of all that the person may export stands in `out` (which can be read again), and that they took it stands
    on record: {"cases", "events", "sha256"}."""
    may_export(actor)
    cases, events = _write(out, format, actor, law, done)
    out.seek(0)
    sha256 = hashlib.file_digest(out, "sha256").hexdigest()
    note_export(actor, format, cases, events, sha256)
    return {"cases": cases, "events": events, "sha256": sha256}


def _write(out: BinaryIO, format: str, actor: Actor, law: Law | None, done: Callable[[], None]) -> tuple[int, int]:
    cases = events = 0
    text = io.TextIOWrapper(out, encoding="utf-8", newline="\n")
    log = FORMATS[format](text)
    for trace in traces(cases_for(actor, law)):
        log.add(trace)
        cases, events = cases + 1, events + len(trace.events)
        done()
    log.close()
    text.detach()
    return cases, events
