from pathlib import Path
from typing import Any

from django.core.files import File
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.commands import DoorCommand, actor_as, add_actor
from casework.domain.errors import InvalidInput
from casework.receiving import asked_for, give


class Command(DoorCommand):
    help = gettext_lazy("Adds a file to a case as evidence, with what it shows.")

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("case")
        parser.add_argument("file")
        parser.add_argument("--shows", required=True, metavar="TEXT", help="what it shows")
        parser.add_argument(
            "--second", dest="seconds", type=int, action="append", default=[], metavar="N",
            help="a place of the call's recording that it is about; may be given several times",
        )  # fmt: skip
        parser.add_argument("--key")
        add_actor(parser)

    def do(
        self, *, case: str, file: str, shows: str, seconds: list[int], key: str | None, login: str, **_o: Any
    ) -> None:
        actor, _account = actor_as(login)
        asked = asked_for(case, actor, key)
        try:
            with open(file, "rb") as given:
                result = give(asked, File(given, Path(file).name), {"shows": shows, "seconds": seconds}, key)
        except OSError as error:
            words = _("Expected a readable file, but %(source)s is not: %(reason)s; name another")
            raise InvalidInput(words % {"source": file, "reason": error.strerror}, code="unreadable") from None
        self.show(result.entry)
