from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.commands import CHECK_FAILED, DoorCommand
from casework.domain.erasing import written_anew
from casework.domain.handing_over import hand_over_keys


class Command(DoorCommand):
    help = gettext_lazy(
        "Gives the signing keys in the database, locked as they are, to the signing worker, and takes them out of the "
        "database; prints how many."
    )

    def do(self, **_options: Any) -> None:
        done = hand_over_keys()
        self.show(done)
        if not written_anew():
            self.say(_("Their remains are in the database's free space until its owner writes it anew (VACUUM FULL)."))
        if done["refused"]:
            raise SystemExit(CHECK_FAILED)
