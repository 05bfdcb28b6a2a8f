"""Files of a person who was erased: which they are, whether somebody else's case needs them, and out of the store."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from casework import store
from casework.domain import ledger
from casework.domain.deliveries import handles
from casework.domain.errors import NotAllowedNow
from casework.domain.evidence_files import discard
from casework.domain.law import laws
from casework.domain.now import now
from casework.domain.reading import FamilyView
from casework.keys import new_key
from casework.models import CaseEvent, Delivery, Document, Evidence, Person, StampedEdition
from casework.sound import peaks


def digests_of(cases: list[Any], families: list[FamilyView]) -> set[str]:
    """Of what was given to these cases, and of what their types keep of the person."""
    ids = {case.pk for case in cases}
    given = {file.sha256 for family in families for file in family.evidence if file.case_id in ids}
    return given | {digest for case in cases for digest in case.own_files()}


def in_use(digests: Iterable[str], person: Person | None = None) -> set[str]:
    """Those that a case needs which is about somebody else who was not erased."""
    asked = sorted(digests)
    others = Evidence.objects.filter(sha256__in=asked, added_at__isnull=False, case__concerned__erased_at=None)
    if person is not None:
        others = others.exclude(case__concerned=person)
    used = set(others.values_list("sha256", flat=True))
    for law in laws().values():
        model: Any = law.model
        used |= set(model.files_in_use(asked, person))
    return used


def papers_of(documents: list[str], cases: list[int]) -> list[str]:
    """Digests of every file that an entry names for these documents: each signature made another, and the stamp one
    more. Without those that are part of a document that stays."""
    gone = set(documents)
    kept = Document.objects.filter(case__in=cases).exclude(pk__in=documents).exclude(snapshot="")
    papers = {
        digest for entry in CaseEvent.objects.filter(case__in=cases).values_list("entry", flat=True).iterator()
        if '"documents":' in entry for document, digest in ledger.files_in(entry) if document in gone
    }  # fmt: skip
    rows = Document.objects.filter(pk__in=documents).values_list("file_sha256", "draft_sha256")
    papers |= {digest for pair in rows for digest in pair if digest}
    papers |= editions_of(documents)
    return sorted(papers - set(kept.values_list("file_sha256", flat=True)))


def editions_of(documents: list[str]) -> set[str]:
    found = StampedEdition.objects.filter(pk__in=[UUID(document) for document in documents])
    return set(found.values_list("file_sha256", flat=True))


def held_anywhere(digests: list[str]) -> list[str]:
    """Those of the evidence of which a store, or a folder from before it, still has something."""
    return [digest for digest in digests if any(place.holds(digest) for place in store.evidence_anywhere())]


def refuse_locked(files: list[str], papers: list[str]) -> None:
    """NotAllowedNow where the storage would not let go of one of them, before anything is recorded as erased."""
    for place, digests in ((store.evidence(), files), (store.documents(), papers)):
        for digest in digests:
            if lock := place.lock_on(digest):
                words = _("Expected to erase file %(digest)s, but %(lock)s; have the lock ended, or wait until it ends")
                raise NotAllowedNow(words % {"digest": digest[:16], "lock": lock}, code="locked")


def take_out(files: list[str], papers: list[str], documents: list[str]) -> int:
    """A delivery takes them out of the store after the commit, however often somebody is killed; its key. `documents`:
    whose stamped editions go, too, should one still come."""
    pk, moment = new_key(), now()
    payload = {"evidence": files, "documents": papers, "editions_of": documents}
    Delivery.objects.create(
        id=pk, kind="erase_files", payload=payload, dedup=f"erase_files:{pk}", created_at=moment, due_at=moment
    )
    return pk


@handles("erase_files")
def erase_files(delivery: Any) -> None:
    """They are no longer in the store, nor in the folders from before it, nor what was made of them; one that stays
    keeps none of the others there."""
    for row in Evidence.objects.filter(added_at=None, case__concerned__erased_at__isnull=False):
        discard(row)
    evidence = set(delivery.payload["evidence"])
    unused, places = sorted(evidence - in_use(evidence)), store.evidence_anywhere()
    going = [(place, digest) for digest in unused for place in places]
    papers = {*delivery.payload["documents"], *editions_of(delivery.payload.get("editions_of", []))}
    going += [(place, digest) for digest in sorted(papers) for place in store.documents_anywhere()]
    problems = []
    for place, digest in going:
        peaks.forget(digest)
        try:
            place.remove(digest)
        except store.FileProblem as problem:
            problems.append(problem)
    if problems:
        raise problems[0]
