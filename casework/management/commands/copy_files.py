from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework import store
from casework.commands import CHECK_FAILED, DoorCommand, progress
from casework.domain import ledger
from casework.domain.errors import NotAllowedNow
from casework.models import CaseEvent, Document, Evidence, StampedEdition
from casework.store import FileProblem, Store


class Command(DoorCommand):
    help = gettext_lazy("Copies every file of the folders below GONGDUAN_HOME to the bucket of GONGDUAN_STORE.")

    def do(self, **_options: Any) -> None:
        if not settings.STORE:
            words = _("Expected GONGDUAN_STORE to name a bucket, but it is not set; see docs/operating.md")
            raise NotAllowedNow(words)
        counts = {"copied": 0, "there_before": 0, "altered": 0, "missing": 0, "unnamed": 0}
        papers, named = _files_in(settings.DOCUMENT_FOLDER), _versions()
        files = [(file, store.evidence()) for file in _files_in(settings.EVIDENCE_FOLDER)]
        files += [(file, store.documents()) for file in papers if file.name in named]
        counts["unnamed"] = len(papers) - sum(file.name in named for file in papers)
        with progress(len(files), "files") as done:
            for file, target in files:
                counts[self.copied(file, target)] += 1
                done()
        for what, digest in _named():
            try:
                what.check(digest)
            except FileProblem as problem:
                counts[problem.code] += 1
                lies = _("%(digest)s is named by a case, but lies nowhere") % {"digest": digest}
                self.say(lies if problem.code == "missing" else str(problem))
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
            return problem.code
        return "copied"


def _files_in(folder: Path) -> list[Path]:
    return sorted(file for file in folder.glob("??/*") if len(file.name) == 64)


def _named() -> Iterator[tuple[Store, str]]:
    """What documents, stamped editions and parties' files are named in the database; of recordings their case types
    know."""
    given = Evidence.objects.exclude(added_at=None).filter(case__concerned__erased_at=None)
    for digest in given.values_list("sha256", flat=True).distinct():
        yield store.evidence(), digest
    for digest in Document.objects.exclude(snapshot="").values_list("file_sha256", flat=True).distinct():
        yield store.documents(), digest
    for digest in _editions().values_list("file_sha256", flat=True):
        yield store.documents(), digest


def _versions() -> set[str]:
    """Every file of documents whose words were not erased: each signature made another, which their entries name."""
    kept, found = set(), set(_editions().values_list("file_sha256", flat=True))
    for pk, *digests in Document.objects.exclude(snapshot="").values_list("pk", "file_sha256", "draft_sha256"):
        kept.add(str(pk))
        found.update(digests)
    entries = CaseEvent.objects.filter(entry__contains='"documents":').values_list("entry", flat=True)
    for entry in entries.iterator():
        found |= {digest for document, digest in ledger.files_in(entry) if document in kept}
    return found


def _editions() -> QuerySet[StampedEdition]:
    return StampedEdition.objects.exclude(document__snapshot="")
