"""Imports of this case type, for every door: scored evaluations and the recordings they were scored on."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from casework.domain.actor import Actor
from casework.domain.authority import does_not_sit_blind
from casework.domain.directory import directory
from casework.domain.errors import InvalidInput, NotPermitted
from casework.domain.law import law_named
from casework.imports.problems import Problem, errors
from casework.imports.runs import ImportKind, Options, Outcome, Upload
from casework.imports.tables import read_table
from workflows.evaluations.importing import import_recording, open_evaluations, read_evaluations


def may_import_evaluations(actor: Actor, account: Any = None) -> None:
    """Whoever may record no score may not try out what a file would say either."""
    spec = next(iter(law_named("evaluations.Evaluation").openings.values()))
    _hold_one_of(actor, (spec.role or "").split("|"), _("evaluations"))


def may_import_recordings(actor: Actor, account: Any = None) -> None:
    _hold_one_of(actor, ("inspector", "qa_lead"), _("recordings"))


def import_evaluations(uploads: list[Upload], actor: Actor, options: Options) -> Outcome:
    """Drafts of every evaluation in the file; with an error nothing, or with `partial` those without."""
    table = read_table(uploads[0].read(), sheet=options.sheet)
    found = read_evaluations(table)
    wrong = errors(found.problems)
    refused = bool(wrong) and not options.partial
    records = [] if refused or options.dry_run else found.records
    numbers = open_evaluations(records, actor, historical=options.historical)
    counts = {
        "evaluations": len(found.records), "imported": len(numbers), "unchanged": len(found.unchanged),
        "errors": len(wrong), "encoding": table.encoding, "first": numbers[0] if numbers else None,
        "last": numbers[-1] if numbers else None,
    }  # fmt: skip
    return Outcome(counts, _told(table.located(found.problems), uploads[0].name), refused)


def import_recordings(uploads: list[Upload], actor: Actor, options: Options) -> Outcome:
    """Every INTERACTION.wav stands in the store; what is wrong is listed, the rest stands."""
    counts, problems = {"new": 0, "unchanged": 0, "errors": 0}, []
    for upload in uploads:
        try:
            counts[import_recording(upload.path, actor)] += 1
        except InvalidInput as refusal:
            counts["errors"] += 1
            told = Problem.at(None, None, refusal.reason, str(refusal).replace("{", "{{").replace("}", "}}"))
            problems += _told([told.about(upload.path.stem)], upload.name)
    return Outcome(counts, problems, refused=counts["errors"] == len(uploads))


KINDS = {
    "evaluations": ImportKind(
        may_import_evaluations, import_evaluations, frozenset({"dry_run", "partial", "historical", "sheet"})
    ),
    "recordings": ImportKind(may_import_recordings, import_recordings, files=(1, 100)),
}


def _hold_one_of(actor: Actor, roles: Iterable[str], what: str) -> None:
    wanted = set(roles)
    if not any(grant.role in wanted for grant in directory().grants_of(actor.person_id, actor.received_at)):
        raise NotPermitted(
            _("Expected an inspector or a QA lead to import %(what)s, but you are neither; ask one of them")
            % {"what": what}
        )
    does_not_sit_blind(actor)


def _told(problems: Iterable[Problem], file: str) -> list[dict[str, Any]]:
    return [{"file": file, **problem.content()} for problem in problems]
