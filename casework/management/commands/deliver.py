from typing import Any

from django.utils.translation import gettext_lazy as _

from casework.commands import DoorCommand
from casework.domain.deliveries import deliver_due
from casework.domain.stuck import every_stuck_delivery

SHOWN = 50
FIELDS = ("id", "kind", "case_id", "attempts", "problem")


class Command(DoorCommand):
    help = _("One sweep of the outbox: notices told, drafts drawn, documents sealed and stamped.")

    def do(self, **_: Any) -> None:
        """Stamps come last, up to the first that is refused."""
        delivered = deliver_due()
        while done := deliver_due(limit=1, apart=True):
            delivered += done
        self.show({"delivered": delivered, "stuck": list(every_stuck_delivery().values(*FIELDS)[:SHOWN])})
