from typing import Any

from django.utils.translation import gettext_lazy as _

from casework.commands import DoorCommand
from casework.domain.deliveries import deliver_due, stuck


class Command(DoorCommand):
    help = _("One sweep of the outbox: notices told, drafts drawn, documents sealed.")

    def do(self, **_: Any) -> None:
        self.show({"delivered": deliver_due(), "stuck": stuck()})
