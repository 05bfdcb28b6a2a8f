from typing import Any

from django.utils.translation import gettext_lazy

from casework.commands import DoorCommand
from casework.domain.searching import rebuild


class Command(DoorCommand):
    help = gettext_lazy("Makes the index of the search anew from the cases; prints how many there are.")

    def do(self, **_options: Any) -> None:
        self.show({"cases": rebuild()})
