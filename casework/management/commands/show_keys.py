from typing import Any

from django.utils.translation import gettext_lazy

from casework.commands import DoorCommand
from casework.domain.published_keys import published_keys


class Command(DoorCommand):
    help = gettext_lazy("Prints what outsiders check documents with: root certificate, revocations, keys of the log.")

    def do(self, **_options: Any) -> None:
        self.stdout.write(published_keys(), ending="")
