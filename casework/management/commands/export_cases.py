from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.commands import DoorCommand, actor_as, add_actor, saving
from casework.domain.errors import InvalidInput
from casework.exports.cases import export_cases
from casework.exports.sheets import FORMS


class Command(DoorCommand):
    help = gettext_lazy("Saves the cases that user may see as CSV or xlsx; that they did is recorded.")

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--out", required=True, metavar="FILE.xlsx|FILE.csv")
        parser.add_argument("--type", help="a case type, such as disputes.ScoreDispute")
        parser.add_argument("--state")
        parser.add_argument("--unit", help="its code; units below it are included")
        parser.add_argument("--q", help="a case number, its start, or an external id")
        parser.add_argument("--overdue", action="store_true", help="only where a time limit has run out")
        add_actor(parser)

    def do(self, *, out: str, login: str, **options: Any) -> None:
        actor, _account = actor_as(login)
        form = Path(out).suffix.lower().removeprefix(".")
        if form not in FORMS:
            words = _("Expected a file ending in .xlsx or .csv, but it is %(file)s; name it so")
            raise InvalidInput(words % {"file": out}, code="unknown_form")
        filters = {name: options[name] for name in ("type", "state", "unit", "q", "overdue")}
        with saving(out) as file:
            told = export_cases(file, form, actor, **filters)
        self.show({"file": out, **told})
