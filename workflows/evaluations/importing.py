"""Parsed evaluations become cases through open_case; recordings become files by their digest."""

import hashlib
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from casework import store
from casework.domain import ledger
from casework.domain.actor import Actor
from casework.domain.directory import directory
from casework.domain.errors import InvalidInput, NotPermitted
from casework.domain.now import now
from casework.domain.perform import open_case
from casework.imports.tables import Table
from workflows.evaluations.import_checks import KnownPerson
from workflows.evaluations.import_rows import EvaluationRecord, EvaluationsFile, parse_evaluations
from workflows.evaluations.models import Evaluation, Recording
from workflows.evaluations.rubrics import register_rubrics

LARGEST_RECORDING = 512 * 1024 * 1024


def read_evaluations(table: Table) -> EvaluationsFile:
    """The table held against rubrics, people and what was imported before."""
    book = directory()
    worked = {role: {g.person_id for g in book.grants if g.role == role} for role in ("agent", "inspector")}
    people = {
        p.no: KnownPerson(p.name, is_agent=p.id in worked["agent"], is_inspector=p.id in worked["inspector"])
        for p in book.persons.values()
    }
    rows = Evaluation.objects.values_list(
        "external_id", "content_digest", "interaction_id", "concerned__no", "rubric_code", "purpose"
    )
    existing, calls = {}, {}
    for external_id, digest, interaction, agent, rubric, purpose in rows:
        existing[external_id] = digest
        if purpose == "regular":
            calls[interaction, agent, rubric] = external_id
    return parse_evaluations(table, register_rubrics(), people, existing, calls, zone=ZoneInfo(settings.TIME_ZONE))


def open_evaluations(
    records: list[EvaluationRecord], actor: Actor, *, historical: bool = False,
    progress: Callable[[str], None] = lambda _id: None,
) -> list[str]:  # fmt: skip
    """Every record is a case, drafted in its inspector's name by the importer; the numbers. All or nothing."""
    numbers = []
    with transaction.atomic():
        for record in records:
            result = open_case("evaluations.Evaluation", actor, as_form(record, historical))
            numbers.append(result.number)
            progress(record.external_id)
        if numbers:
            told = {"numbers": numbers, "historical": historical}
            ledger.note("org", "evaluations_imported", told, actor=actor)
    return numbers


def as_form(record: EvaluationRecord, historical: bool) -> dict[str, Any]:
    return {
        "external_id": record.external_id, "rubric": record.rubric_code, "rubric_version": record.rubric_version,
        "interaction_id": record.interaction_id, "channel": record.channel, "started_at": record.started_at,
        "duration_s": record.duration_s, "customer_ref": record.customer_ref, "agent_no": record.agent_no,
        "inspector_no": record.inspector_no, "scored_at": record.scored_at, "team": record.team,
        "scores": record.scorecard, "content_digest": record.content_digest, "historical": historical,
    }  # fmt: skip


def import_recording(file: Path, actor: Actor) -> str:
    """INTERACTION.wav is stored under its digest: `new`, `unchanged`; InvalidInput for anything that is no recording
    of a scored interaction, or differs from the one received before."""
    book = directory()
    if not any(g.role in ("inspector", "qa_lead") for g in book.grants_of(actor.person_id, actor.received_at)):
        raise NotPermitted(_("Expected an inspector or a QA lead to import recordings, but you are neither"))
    interaction = file.stem
    if file.stat().st_size > LARGEST_RECORDING:
        raise InvalidInput(_("Expected a recording of at most 512 MiB, but %(file)s is larger") % {"file": file.name})
    seconds = _seconds(file)
    if not Evaluation.objects.filter(interaction_id=interaction).exists():
        raise InvalidInput(
            _("Expected a scored interaction, but %(id)s has no evaluation; import evaluations first")
            % {"id": interaction},
            code="unknown_interaction",
        )
    with file.open("rb") as sound:
        digest, size = hashlib.file_digest(sound, "sha256").hexdigest(), sound.tell()
    store.evidence().adopt(file, digest)
    known = Recording.objects.filter(interaction_id=interaction).first()
    if known is not None:
        if known.sha256 != digest:
            raise InvalidInput(
                _("Expected the recording of %(id)s as received before, but the file differs") % {"id": interaction},
                code="recording_differs",
            )
        return "unchanged"
    with transaction.atomic():
        Recording.objects.create(
            interaction_id=interaction, sha256=digest, size=size, duration_s=seconds, received_at=now()
        )
        ledger.note("org", "recording_received", {"interaction": interaction, "sha256": digest}, actor=actor)
    return "new"


def _seconds(file: Path) -> int:
    try:
        with wave.open(str(file)) as sound:
            return sound.getnframes() // sound.getframerate()
    except (wave.Error, EOFError, ZeroDivisionError):
        raise InvalidInput(
            _("Expected a WAV recording, but %(file)s is none") % {"file": file.name}, code="not_a_recording"
        ) from None


def check_recording(interaction: str) -> None:
    """store.FileProblem (`missing`, `altered`) when the recording cannot be heard as received."""
    known = Recording.objects.filter(interaction_id=interaction).first()
    if known is None:
        raise store.FileProblem(
            "missing", _("Expected a recording of %(id)s, but none was received") % {"id": interaction}
        )
    store.evidence().check(known.sha256)
