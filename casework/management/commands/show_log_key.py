from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.commands import DoorCommand
from casework.domain.errors import NotAllowedNow
from casework.domain.log_keys import log_key


class Command(DoorCommand):
    help = gettext_lazy("Prints the key by which others check what the log signs.")

    def do(self, **_options: Any) -> None:
        who = log_key()
        if who is None:
            raise NotAllowedNow(_("Expected the log to have a key, but nothing was sealed yet; run seal_ledger"))
        self.stdout.write(str(who))
