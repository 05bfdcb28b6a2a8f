from typing import Any

from django.utils.translation import gettext_lazy as _

from casework.commands import DoorCommand
from casework.domain.deliveries import deliver_due
from casework.domain.stuck import every_stuck_delivery

SHOWN = 50
FIELDS = ("id", "kind", "case_id", "attempts", "problem")


class Command(DoorCommand):
    help = _("One sweep of the outbox: notices told, drafts drawn, documents sealed.")

    def do(self, **_: Any) -> None:
        self.show({"delivered": deliver_due(), "stuck": list(every_stuck_delivery().values(*FIELDS)[:SHOWN])})
