from typing import Any

from django.utils.translation import gettext_lazy as _

from casework.commands import DoorCommand
from casework.domain.sweep import fire_due


class Command(DoorCommand):
    help = _("One sweep: clocks that are due act, reminders that are due are told.")

    def do(self, **_: Any) -> None:
        self.show({"acted": fire_due()})
