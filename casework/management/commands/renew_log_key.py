from typing import Any

from django.utils.translation import gettext_lazy

from casework.commands import DoorCommand, add_actor, administrator_as
from casework.domain.new_log_key import renew_log_key


class Command(DoorCommand):
    help = gettext_lazy(
        "Gives the ledger's log another key, which from now on signs beside the old one, and prints it for witnesses "
        "and for whoever checks; says so in the ledger. retire_log_key gives up the old one."
    )

    def add_arguments(self, parser: Any) -> None:
        add_actor(parser)
        parser.add_argument("--reason", required=True, help="why, for whoever asks in ten years")

    def do(self, *, login: str, reason: str, **_options: Any) -> None:
        actor = administrator_as(login)
        self.stdout.write(str(renew_log_key(actor, reason)))
