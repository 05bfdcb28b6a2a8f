"""What a page or the API says of an evaluation besides what every case has."""

from typing import Any

from django.utils.translation import gettext as _

from casework.domain.ledger import plain
from casework.domain.wording import spoken
from workflows.evaluations import values
from workflows.evaluations.models import Evaluation, Recording
from workflows.evaluations.scoring import clean_value


def present(case: Evaluation, sight: Any) -> dict[str, Any]:
    """Score, reading, scorecard. Wherever a score stands, `provisional` stands beside it."""
    rubric = case.rubric
    return {
        "external_id": case.external_id, "purpose": case.purpose, "outcome": case.outcome or None,
        "score": shown_score(case, case.score),
        "original_score": shown_score(case, case.original_score),
        "reading": {"code": str(case.reading), "label": str(Evaluation.Reading(case.reading).label)},
        "published_at": plain(case.published_at), "publication": case.publication,
        "served_at": plain(case.served_at), "served_how": case.served_how or None, "window_closed": case.window_closed,
        "agent": sight.person(case.concerned_id), "inspector": sight.person(case.inspector_id),
        "scored_at": plain(case.scored_at),
        "interaction": {
            "id": case.interaction_id, "channel": case.channel, "started_at": plain(case.fact_at),
            "duration_s": case.duration_s, "recording_state": case.recording_state or None,
        },
        "rubric": {
            "code": rubric.code, "version": rubric.version, "name": spoken(rubric.name),
            "pass_mark": str(rubric.pass_mark),
        },
        "scorecard": [_line(case, rubric, code) for code in rubric.criteria if code in case.current],
        "open_criteria": case.open_criteria, "correction": _correction(case, sight),
    }  # fmt: skip


def shown_score(case: Evaluation, score: Any) -> dict[str, Any]:
    """A score is never shown without saying whether it is in dispute; band and pass belong to the score in force."""
    shown = {"value": None if score is None else str(score), "provisional": case.is_provisional}
    return shown | ({"band": case.band or None, "passed": case.passed} if score == case.score else {})


def evidence(case: Evaluation, sight: Any) -> list[dict[str, Any]]:
    """The recording of the interaction, as it was received."""
    recording = Recording.objects.filter(interaction_id=case.interaction_id).first()
    if recording is None:
        return []
    return [
        {
            "kind": "recording", "interaction": case.interaction_id, "sha256": recording.sha256, "size": recording.size,
            "duration_s": recording.duration_s, "received_at": plain(recording.received_at),
            "state": case.recording_state or None,
        }
    ]  # fmt: skip


def rows(case: Evaluation, sight: Any, action: str) -> list[dict[str, Any]] | None:
    """The criteria that the action's form asks about; None where it asks about none."""
    if action != "propose_correction":
        return None
    rubric = case.rubric
    return [
        values.row(
            rubric, code, values.facts(values.points(rubric, code), *scored(case, code)),
            inputs={"value": values.asked(rubric, code)},
        )
        for code in rubric.criteria if code in case.current
    ]  # fmt: skip


def scored(case: Evaluation, code: str) -> list[dict[str, Any]]:
    """What the inspector gave a criterion, and why."""
    now, original = case.current[code], clean_value(case.original[code])
    moved = original if original != clean_value(now) else None
    return [
        values.fact(_("Original"), values.worded(moved) if moved else None),
        values.fact(_("Now"), values.worded(now)),
        values.fact(_("Comment"), now.get("comment") or "", "text"),
        values.fact(_("Recording"), [now["at"]] if now.get("at") is not None else [], "seconds"),
    ]


def _line(case: Evaluation, rubric: Any, code: str) -> dict[str, Any]:
    criterion, now = rubric.criterion(code), case.current[code]
    return {
        "criterion": code, "name": spoken(criterion.name), "points": str(criterion.points), "kind": criterion.kind,
        "value": clean_value(now), "original": clean_value(case.original[code]), "at_s": now.get("at"),
        "comment": now.get("comment") or "", "provisional": case.is_provisional,
    }  # fmt: skip


def _correction(case: Evaluation, sight: Any) -> dict[str, Any] | None:
    """A correction that nobody has approved yet is for those who propose and approve it."""
    if case.pending_correction is None:
        return None
    if sight.person_id != case.inspector_id and not sight.reads_drafts(case):
        return {"pending": True}
    return {"pending": True, **case.pending_correction}
