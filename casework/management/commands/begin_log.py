from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.commands import DoorCommand, actor_as, add_actor
from casework.domain.errors import NotPermitted
from casework.domain.new_log import begin_log
from casework.domain.staff import is_administrator


class Command(DoorCommand):
    help = gettext_lazy(
        "Begins the ledger's log again under another key, where it cannot go on; says so in the ledger."
    )

    def add_arguments(self, parser: Any) -> None:
        add_actor(parser)
        parser.add_argument("--reason", required=True, help="why, for whoever asks in ten years")

    def do(self, *, login: str, reason: str, **_options: Any) -> None:
        actor, account = actor_as(login)
        if not is_administrator(account):
            words = _("Expected the administrator, but %(user)s is somebody else; ask whoever has that account")
            raise NotPermitted(words % {"user": login})
        self.stdout.write(str(begin_log(actor, reason)))
