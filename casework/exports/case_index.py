"""The page that leads through an exported case, in Chinese and English, for whoever opens the folder."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from casework.domain.actor import Actor
from casework.domain.archive_stamp import ArchiveStamp
from casework.domain.decide import state_label
from casework.domain.law import law_of
from casework.domain.ledger import plain
from casework.domain.policy import pinned_policy
from casework.domain.wording import deed_label, in_both, party_label
from casework.models import CaseEvent, Document, StampedEdition
from casework.queries.sight import Sight

SYSTEM = "SYSTEM"
Both = dict[str, str]


def index_page(
    sight: Sight, case: Any, events: Sequence[CaseEvent], documents: Sequence[Document],
    editions: Mapping[Any, StampedEdition], evidence: Sequence[dict[str, Any]], actor: Actor, kept: Collection[str],
    stamp: ArchiveStamp,
) -> str:  # fmt: skip
    """The page, complete in itself: it asks for no other file, and runs no script."""
    entries = [json.loads(event.entry) for event in events]
    return render_to_string(
        "casework/export/index.html",
        {
            "number": case.number, "unit": sight.book.units[case.unit_id].name, "policy": case.policy_id,
            "type": in_both(lambda: law_of(case).model.title), "state": in_both(lambda: state_label(case)),
            "opened_at": plain(case.opened_at), "closed_at": plain(case.closed_at),
            "parties": [_party(party, case, sight) for party in _in_order(sight, case)],
            "events": [_event(*pair, case, sight) for pair in zip(events, entries, strict=True)],
            "documents": [_document(document, editions.get(document.pk), documents) for document in documents],
            "evidence": [_evidence(item, case, kept) for item in evidence], "has_files": bool(kept),
            "has_stamps": bool(editions), "stamp": stamp, "stamped_at": plain(stamp.at),
            "by": sight.person(actor.person_id), "at": plain(actor.received_at),
            "zone": settings.TIME_ZONE, "has_witnesses": bool(settings.WITNESSES),
            "is_demo": any(entry.get("impersonated") for entry in entries),
        },
    )  # fmt: skip


def _in_order(sight: Sight, case: Any) -> list[Any]:
    return sorted(sight.family.parties_of(case, ended=True), key=lambda party: party.pk)


def _party(party: Any, case: Any, sight: Sight) -> dict[str, Any]:
    label = in_both(lambda: party_label(party.role, law_of(case).app))
    return {"label": label, "person": sight.person(party.person_id), "since": party.since, "until": party.until}


def _event(event: CaseEvent, entry: dict[str, Any], case: Any, sight: Sight) -> dict[str, Any]:
    policy = pinned_policy(entry["policy"])
    return {
        "seq": event.seq, "digest": event.digest, "at": entry["received_at"],
        "what": in_both(lambda: deed_label(law_of(case), policy, entry["action"])),
        "by": _person(entry["actor"], sight), "behalf": _person(entry.get("on_behalf_of"), sight),
        "texts": [text["text"] for text in (event.texts.texts if hasattr(event, "texts") else ())],
    }  # fmt: skip


def _person(no: str | None, sight: Sight) -> dict[str, str] | None:
    """Who it was; None for the system."""
    if not no or no == SYSTEM:
        return None
    found = sight.book.person_no(no)
    return {"no": no, "name": found.name if found else ""}


def _document(document: Document, edition: StampedEdition | None, every: Sequence[Document]) -> dict[str, Any]:
    stamped = f"documents/{document.kind}-{document.pk}.stamped.pdf"
    return {
        "edition": {"file": stamped, "sha256": edition.file_sha256, "at": edition.at, "level": edition.level}
        if edition else None,
        "title": json.loads(document.snapshot).get("title") or {"zh": document.kind, "en": document.kind},
        "file": f"documents/{document.kind}-{document.pk}.pdf", "issued_at": document.issued_at,
        "sha256": document.file_sha256, "snapshot_sha256": document.snapshot_sha256,
        "superseded": any(later.supersedes_id == document.pk for later in every),
    }  # fmt: skip


def _evidence(item: dict[str, Any], case: Any, kept: Collection[str]) -> dict[str, Any]:
    file, part = f"evidence/{item['sha256']}", item.get("part", "")
    return {
        "is_recording": item["kind"] == "recording", "name": item.get("name") or item.get("interaction") or "",
        "part": in_both(lambda: party_label(part, law_of(case).app)) if part else None, "by": item.get("by"),
        "at": item["received_at"], "size": item["size"], "sha256": item["sha256"], "state": item["state"],
        "file": file if file in kept else "",
    }  # fmt: skip
