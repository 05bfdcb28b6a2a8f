from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework import store
from casework.commands import CHECK_FAILED, DoorCommand, progress
from casework.domain.errors import NotAllowedNow
from casework.models import Document, Evidence
from casework.store import FileProblem, Store


class Command(DoorCommand):
    help = gettext_lazy("Copies every file of the folders below GONGDUAN_HOME to the bucket of GONGDUAN_STORE.")

    def do(self, **_options: Any) -> None:
        if not settings.STORE:
            words = _("Expected GONGDUAN_STORE to name a bucket, but it is not set; see docs/operating.md")
            raise NotAllowedNow(words)
        counts = {"copied": 0, "there_before": 0, "altered": 0, "missing": 0}
        pairs = [(settings.EVIDENCE_FOLDER, store.evidence()), (settings.DOCUMENT_FOLDER, store.documents())]
        files = [(file, target) for folder, target in pairs for file in _files_in(folder)]
        with progress(len(files), "files") as done:
            for file, target in files:
                counts[self.copied(file, target)] += 1
                done()
        for what, digest in _named():
            if not what.holds(digest):
                counts["missing"] += 1
                self.say(_("%(digest)s is named by a case, but lies nowhere") % {"digest": digest})
        self.show(counts)
        if counts["altered"] or counts["missing"]:
            raise SystemExit(CHECK_FAILED)

    def copied(self, file: Path, target: Store) -> str:
        try:
            target.check(file.name)
            return "there_before"
        except FileProblem:
            pass
        try:
            target.adopt(file, file.name)
        except FileProblem as problem:
            self.say(str(problem))
            return "altered"
        return "copied"


def _files_in(folder: Path) -> list[Path]:
    return sorted(file for file in folder.glob("??/*") if len(file.name) == 64)


def _named() -> Iterator[tuple[Store, str]]:
    """What documents and parties' files are named in the database; of recordings their case types know."""
    given = Evidence.objects.exclude(added_at=None).filter(case__concerned__erased_at=None)
    for digest in given.values_list("sha256", flat=True).distinct():
        yield store.evidence(), digest
    for digest in Document.objects.exclude(snapshot="").values_list("file_sha256", flat=True).distinct():
        yield store.documents(), digest
