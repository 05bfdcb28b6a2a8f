from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.commands import DoorCommand, actor_as, add_actor
from casework.domain.errors import NotPermitted
from casework.domain.new_seal import renew_seal
from casework.domain.staff import is_administrator


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
        actor, account = actor_as(login)
        if not is_administrator(account):
            words = _("Expected the administrator, but %(user)s is somebody else; ask whoever has that account")
            raise NotPermitted(words % {"user": login})
        self.show(renew_seal(actor, reason, key))
