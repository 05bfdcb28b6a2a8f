"""What the ledger says of stamped editions, and whether the rows say the same."""

import json
from collections.abc import Iterator
from typing import Any

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from casework.domain.ledger import plain
from casework.domain.verdict import Problem
from casework.models import CaseEvent, StampedEdition

STAMPED = "document_stamped"  # in `org`


def told_of(edition: StampedEdition) -> dict[str, Any]:
    """What the entry says of it."""
    return {
        "document": str(edition.document_id), "file_sha256": edition.file_sha256, "stamped_at": plain(edition.at),
        "level": edition.level,
    }  # fmt: skip


def edition_problems(case: str | None = None) -> Iterator[Problem]:
    """At most one of a kind: a row that says something else than its entry, one that is gone. Of one case if asked."""
    entry = CaseEvent.objects.filter(pk=OuterRef("event_id"), stream="org", action=STAMPED).values("entry")
    rows = StampedEdition.objects.annotate(entry=Subquery(entry)).order_by("pk")
    rows = rows.filter(document__case__number=case) if case else rows
    for edition in rows.iterator(chunk_size=500):
        if _told(edition.entry) != told_of(edition):
            words = _("the stamped edition of document %(id)s is not as its entry says")
            yield Problem("org", 0, "edition", words % {"id": edition.document_id})
            break
    if case is None:
        entries = CaseEvent.objects.filter(stream="org", action=STAMPED, edition=None).order_by("seq")
        for event in entries[:1]:
            words = _("the stamped edition that this entry tells of is gone")
            yield Problem(event.stream, event.seq, "edition", words)


def _told(entry: str | None) -> Any:
    try:
        return json.loads(entry or "")["data"]
    except (ValueError, KeyError, TypeError):
        return None  # what is wrong with the entry is told where the chain is read
