from typing import Any

from django.utils.translation import gettext_lazy

from casework.commands import DoorCommand, add_actor, administrator_as
from casework.domain.new_log import begin_log


class Command(DoorCommand):
    help = gettext_lazy(
        "Begins the ledger's log again under another key, where it cannot go on; says so in the ledger."
    )

    def add_arguments(self, parser: Any) -> None:
        add_actor(parser)
        parser.add_argument("--reason", required=True, help="why, for whoever asks in ten years")

    def do(self, *, login: str, reason: str, **_options: Any) -> None:
        actor = administrator_as(login)
        self.stdout.write(str(begin_log(actor, reason)))
