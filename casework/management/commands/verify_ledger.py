from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.commands import CHECK_FAILED, DoorCommand
from casework.domain.errors import OutOfScope
from casework.domain.verification import note_failure, verify_ledger
from casework.models import Case


class Command(DoorCommand):
    help = gettext_lazy("Checks every chain of the ledger, or one case's: 0 whole, 1 broken or not all to be had.")
    requires_system_checks = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--case")

    def do(self, *, case: str | None, **_options: Any) -> None:
        verdict = verify_ledger(case)
        if case and not verdict.streams and not verdict.problems and not Case.objects.filter(number=case).exists():
            raise OutOfScope(
                _("Expected a case, but there is no case %(case)s; check its number") % {"case": case[:40]}
            )
        note_failure(verdict)
        for problem in verdict.problems:
            place = f"{problem.stream}, entry {problem.seq}" if problem.seq else problem.stream
            self.stdout.write(f"{place}: {problem.check}: {problem.message}")
        counts = {"events": verdict.checked, "streams": verdict.streams, "problems": len(verdict.broken)}
        logged = {"placed": verdict.placed, "checkpoints": verdict.checkpoints, "waiting": verdict.waiting}
        self.stdout.write(
            _("log: %(placed)d entries in place, %(waiting)d waiting for one; %(checkpoints)d checkpoints") % logged
        )
        if verdict.ok:
            self.stdout.write(_("whole: %(events)d entries in %(streams)d chains") % counts)
            return
        if verdict.broken:
            words = _("broken: %(problems)d of %(streams)d chains; the first bad entry of each stands above")
        else:
            words = _("not everything could be checked: what was away stands above; the rest is whole")
        self.stdout.write(words % counts)
        raise SystemExit(CHECK_FAILED)
