from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.commands import DoorCommand, actor_as, add_actor, saving
from casework.domain.errors import InvalidInput
from casework.exports.case_file import export_case


class Command(DoorCommand):
    help = gettext_lazy("Saves a case with all that proves it, to be checked elsewhere; that it was taken is recorded.")

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("case", help="its number")
        parser.add_argument("--out", required=True, metavar="FILE.zip")
        parser.add_argument("--with-files", action="store_true", help="the files of the evidence, too")
        add_actor(parser)

    def do(self, *, case: str, out: str, with_files: bool, login: str, **_options: Any) -> None:
        actor, _account = actor_as(login)
        if Path(out).suffix.lower() != ".zip":
            raise InvalidInput(_("Expected a file ending in .zip, but it is %(file)s; name it so") % {"file": out})
        with saving(out) as file:
            told = export_case(file, case, actor, with_evidence=with_files)
        self.show({"file": out, **told})
