from typing import Any

from django.utils.translation import gettext_lazy as _

from casework.commands import DoorCommand
from casework.domain.sealing import seal_ledger


class Command(DoorCommand):
    help = _("One pass: events get their place in the log, the log signs what it holds, witnesses cosign it.")

    def do(self, **_: Any) -> None:
        self.show(dict(seal_ledger()))
