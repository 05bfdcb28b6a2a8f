from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.commands import CHECK_FAILED, DoorCommand
from casework.domain.archiving import archive_log
from casework.domain.errors import NotAllowedNow


class Command(DoorCommand):
    help = gettext_lazy("One pass: a checkpoint is copied to the archive if it is due, and a time authority stamps it.")

    def do(self, **_options: Any) -> None:
        if settings.LOG_ARCHIVE is None:
            words = _("Expected GONGDUAN_LOG_ARCHIVE to name a place, but it is not set; see docs/operating.md")
            raise NotAllowedNow(words)
        done = archive_log()
        self.show(dict(done))
        if done["problem"]:
            raise SystemExit(CHECK_FAILED)
