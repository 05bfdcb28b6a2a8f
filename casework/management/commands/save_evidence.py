from shutil import copyfileobj
from typing import Any

from django.utils.translation import gettext_lazy

from casework.commands import DoorCommand, actor_as, add_actor, saving
from casework.queries import evidence_file


class Command(DoorCommand):
    help = gettext_lazy("Saves a piece of evidence of a case, such as the recording, to be heard or read.")

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("case")
        parser.add_argument("sha256", help="its digest, as show_case or the API's /evidence lists it")
        parser.add_argument("--out", required=True, metavar="FILE")
        add_actor(parser)

    def do(self, *, case: str, sha256: str, out: str, login: str, **_options: Any) -> None:
        actor, _account = actor_as(login)
        item, given = evidence_file(case, sha256, actor)
        with given, saving(out) as file:
            copyfileobj(given, file)
            size = file.tell()
        self.show({"case": case, "kind": item["kind"], "sha256": sha256, "size": size, "saved": out})
