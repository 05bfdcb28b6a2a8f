from typing import Any

from django.utils.translation import gettext_lazy

from casework.commands import DoorCommand, add_actor, administrator_as
from casework.domain.new_log_key import retire_log_key


class Command(DoorCommand):
    help = gettext_lazy(
        "Gives up the log's earlier key, which still signs beside the new one; says so in the ledger. It counts for "
        "what it signed, and for nothing larger."
    )

    def add_arguments(self, parser: Any) -> None:
        add_actor(parser)
        parser.add_argument("--reason", required=True, help="why, for whoever asks in ten years")
        parser.add_argument(
            "--leaked", action="store_true", help="somebody else may have it: proofs signed with it are fetched again"
        )

    def do(self, *, login: str, reason: str, leaked: bool, **_options: Any) -> None:
        actor = administrator_as(login)
        self.show(retire_log_key(actor, reason, leaked))
