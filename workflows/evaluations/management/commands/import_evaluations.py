from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.commands import INVALID, DoorCommand, actor_as, add_actor, add_sheet, progress, table_of, tell_problems
from casework.domain.actor import Actor
from casework.domain.errors import Refusal
from casework.imports.problems import errors
from workflows.evaluations.import_kinds import may_import_evaluations
from workflows.evaluations.import_rows import EvaluationRecord, EvaluationsFile
from workflows.evaluations.importing import open_evaluations, read_evaluations


class Command(DoorCommand):
    help = gettext_lazy(
        "Imports scored evaluations as drafts; of a file with errors nothing, or with --partial the good ones."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("file", help="CSV or xlsx, one line per criterion")
        add_sheet(parser)
        parser.add_argument("--dry-run", action="store_true", help="checks only")
        parser.add_argument("--partial", action="store_true", help="imports what is right, lists the rest")
        parser.add_argument("--historical", action="store_true", help="final at once, never open to dispute")
        add_actor(parser)

    def do(
        self, *, file: str, sheet: str | None, dry_run: bool, partial: bool, historical: bool, login: str,
        **_options: Any,
    ) -> None:  # fmt: skip
        actor, _account = actor_as(login)
        may_import_evaluations(actor)
        table = table_of(file, sheet)
        found = read_evaluations(table)
        tell_problems(self, table.located(found.problems))
        wrong = errors(found.problems)
        records = found.records if not wrong or partial else []
        numbers = [] if dry_run else self.imported(records, actor, historical)
        self.show({
            "file": file, "encoding": table.encoding, "imported": len(numbers), "unchanged": len(found.unchanged),
            "refused": refused(found), "errors": len(wrong), "warnings": len(found.problems) - len(wrong),
            "numbers": [numbers[0], numbers[-1]] if numbers else [], "dry_run": dry_run,
        })  # fmt: skip
        if wrong:
            raise SystemExit(INVALID)

    def imported(self, records: list[EvaluationRecord], actor: Actor, historical: bool) -> list[str]:
        """Their numbers; when one is refused, all are, and it is named."""
        opened: list[str] = []
        with progress(len(records), "evaluations") as done:

            def note(external_id: str) -> None:
                opened.append(external_id)
                done()

            try:
                return open_evaluations(records, actor, historical=historical, progress=note)
            except Refusal as refusal:
                culprit = records[len(opened)].external_id if len(opened) < len(records) else file_itself()
                self.fail(f"{culprit}: {refusal}", refusal.exit_status)


def refused(found: EvaluationsFile) -> list[str]:
    """Ids of the evaluations with an error."""
    return sorted({problem.subject for problem in errors(found.problems) if problem.subject})


def file_itself() -> str:
    return _("the file")
