from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.commands import DoorCommand, progress
from casework.domain.errors import NotAllowedNow
from casework.domain.stamping import await_stamp, unstamped


class Command(DoorCommand):
    help = gettext_lazy("Has the documents stamped, too, that were issued before GONGDUAN_TSA was set.")

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only count: a stamp may cost money")

    def do(self, *, dry_run: bool, **_options: Any) -> None:
        if not settings.TSA:
            words = _("Expected GONGDUAN_TSA to name a time authority, but it is not set; see docs/operating.md")
            raise NotAllowedNow(words)
        documents, asked = list(unstamped()), 0
        if not dry_run:
            with progress(len(documents), "documents") as done:
                for document in documents:
                    asked += await_stamp(document)
                    done()
        self.show({"unstamped": len(documents), "asked_for_now": asked})
