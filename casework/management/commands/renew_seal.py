from typing import Any

from django.utils.translation import gettext_lazy

from casework.commands import DoorCommand, add_actor, administrator_as
from casework.domain.new_seal import renew_seal


class Command(DoorCommand):
    help = gettext_lazy(
        "Gives the organisation's seal another key, in its folder or in a PKCS#11 token; says so in the ledger. What "
        "was sealed before stays genuine; the old key is gone."
    )

    def add_arguments(self, parser: Any) -> None:
        add_actor(parser)
        parser.add_argument("--reason", required=True, help="why, for whoever asks in ten years")
        parser.add_argument(
            "--key", default="", metavar="URI", help="pkcs11:token=…;object=…?module-path=…&pin-source=file:/…"
        )

    def do(self, *, login: str, reason: str, key: str, **_options: Any) -> None:
        actor = administrator_as(login)
        self.show(renew_seal(actor, reason, key))
