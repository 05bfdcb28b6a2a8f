"""One case with everything that proves it, for whoever has to check it without this system.

First the files are made, then the ledger records them by the digest of their manifest, then the proofs are made, that
of this record among them: so nothing can be changed, added or left out afterwards, the case's last entries included."""

import json
import time
import zipfile
from collections.abc import Iterator, Mapping
from hashlib import file_digest, sha256
from io import BytesIO
from shutil import copyfileobj
from typing import Any, BinaryIO

from django.conf import settings
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from casework import store
from casework.canonical import canonical
from casework.domain import ledger
from casework.domain.actor import Actor
from casework.domain.archive_stamp import ArchiveStamp, stamp_over
from casework.domain.archiving import stamp_roots
from casework.domain.errors import InvalidInput, NotAllowedNow, NotPermitted
from casework.domain.log_keys import log_keys
from casework.domain.log_proofs import checkpoint_over, proof_at
from casework.domain.log_tree import stored_nodes
from casework.domain.published_keys import revoked_certificates, root_certificate
from casework.domain.sealing import seal_ledger
from casework.domain.verification import verify_ledger
from casework.domain.witnesses import witnesses
from casework.exports.case_index import index_page
from casework.exports.sheets import SAME_DATE, write_rows
from casework.models import CaseEvent, Checkpoint, Document, LogLeaf, StampedEdition
from casework.queries import bytes_of, evidence_in, opened, shown_case, state_of
from casework.queries.events import event_entries
from casework.queries.sight import Sight

MOST_BYTES = 2 << 30  # what the offline verifier reads
WAITS = (0, 0.2, 0.5, 1, 2)  # seconds, for another process that seals, or for a step that is still being written
EVIDENCE = ("sha256", "size", "kind", "name", "received_at", "by", "state")
VERIFIERS = (
    "verify.py", "verify.mjs", "verify_pdf.py", "pdf_checks.py", "pdf_file.py", "pdf_signature.py", "pdf_stamp.py",
    "printed_text.py", "time_stamp.py", "time_stamp.mjs",
)  # fmt: skip

Files = dict[str, bytes]


def export_case(out: BinaryIO, number: str, actor: Actor, *, with_evidence: bool = False) -> dict[str, Any]:
    """The case as it is now stands in `out` (which can be read again) as a zip, with a proof of every entry, and that
    the actor took it in the access stream. For who may read all of it; NotAllowedNow while parts are sealed."""
    sight, case = opened(number, actor)
    _check_reads_all(sight, case)
    _check_is_whole(case)
    events = CaseEvent.objects.filter(stream=ledger.stream_of(case), seq__lte=case.seq).order_by("seq")
    _head, places = _sealed(events)  # so that whoever cannot have proofs is told before anything is recorded
    told = list(events.select_related("texts"))
    stamp = stamp_over([places[event.pk] for event in told])
    files, kept = _files(sight, case, told, actor, with_evidence, stamp)
    record = ledger.note("access", "exported", _said(case, files, with_evidence), actor=actor, case=case)
    files["export.json"] = record.entry.encode()
    checkpoint = _prove(files, events, record)
    _write(out, files, kept)
    return {
        "case": case.number, "entries": case.seq, "files": len(files) + len(kept),
        "checkpoint": {"size": checkpoint.size, "root": checkpoint.root},
        "witnesses": sorted(checkpoint.cosignatures.values_list("witness", flat=True)), "sha256": _digest(out),
        "time_stamp": {"state": stamp.state, "entries": stamp.covers, "at": stamp.at, "problem": stamp.reason},
    }  # fmt: skip


def _check_reads_all(sight: Sight, case: Any) -> None:
    """Whoever looks over closed cases, and neither decides nor is a party in this one."""
    if sight.blind or sight.hidden or not sight.looks_over(case):
        words = _(
            "Expected somebody who may read the whole of %(case)s, but parts of it are closed to you; ask the auditor, "
            "or a director who has no part in it"
        )
        raise NotPermitted(words % {"case": case.number})
    if any(entry["masked"] or entry["withheld"] for entry in _entries(sight, case)):
        words = _("Expected all acts in %(case)s to be open, but some are sealed until others follow; export it then")
        raise NotAllowedNow(words % {"case": case.number})


def _check_is_whole(case: Any) -> None:
    """What an export shows of the case is what its entries tell."""
    if problems := verify_ledger(case.number).broken:
        words = _(
            "Expected a case that is as its entries tell, but %(problem)s: somebody changed the database; have "
            "verify_ledger run, and export the case once it is put right. Its documents can be saved with their proofs"
        )
        raise NotAllowedNow(words % {"problem": problems[0].message}, code="not_whole")


def _entries(sight: Sight, case: Any) -> Iterator[dict[str, Any]]:
    after = 0
    while page := event_entries(case, sight, after):
        yield from page
        after = page[-1]["seq"]


def _files(
    sight: Sight, case: Any, events: list[CaseEvent], actor: Actor, with_evidence: bool, stamp: ArchiveStamp
) -> tuple[Files, dict[str, str]]:
    """({name: content}, {name: digest of a file of the evidence}) with the manifest of them all."""
    documents = [d for d in sight.family.documents if d.case_id == case.pk and d.state == Document.State.ISSUED]
    documents = [document for document in documents if document.snapshot]  # not erased
    documents.sort(key=lambda document: (document.issued_at, str(document.pk)))
    editions = StampedEdition.objects.in_bulk([document.pk for document in documents])
    evidence = [{**item, "state": state_of(item["sha256"])} for item in evidence_in(sight, case)]
    kept = _kept(evidence) if with_evidence else {}
    shown = shown_case(sight, case, with_events=False)
    del shown["events"]  # they stand in a file of their own, as they were hashed
    about = {
        "number": case.number, "has_witnesses": bool(settings.WITNESSES), "has_stamps": bool(editions),
        "is_stamped": bool(stamp.covers),
    }  # fmt: skip
    files = {
        "index.html": index_page(sight, case, events, documents, editions, evidence, actor, kept, stamp).encode(),
        "README.txt": render_to_string("casework/export/README.txt", about).encode(),
        "case.json": _readable(shown),
        "entries.jsonl": _lines(event.entry.encode() for event in events),
        "texts.jsonl": _lines(canonical(text) for event in events for text in _texts(event)),
        "evidence.csv": _table(evidence),
    }
    for document in documents:
        name = f"documents/{document.kind}-{document.pk}"
        files |= {f"{name}.pdf": bytes_of(document), f"{name}.json": document.snapshot.encode()}
        if document.pk in editions:
            files[f"{name}.stamped.pdf"] = bytes_of(editions[document.pk])
    files |= _stamped(stamp)
    files |= _keys() | {name: (settings.BASE_DIR / "casework" / "offline" / name).read_bytes() for name in VERIFIERS}
    digests = {name: sha256(content).hexdigest() for name, content in files.items()} | kept
    files["manifest.json"] = _readable({"case": case.number, "files": dict(sorted(digests.items()))})
    return files, kept


def _kept(evidence: list[dict[str, Any]]) -> dict[str, str]:
    """The files of the evidence that are still as they were received."""
    intact = {item["sha256"]: item["size"] for item in evidence if item["state"] == "intact"}
    if sum(intact.values()) > MOST_BYTES // 2:
        words = _("Expected at most %(most)d MiB of evidence, but there is more; export without the files")
        raise InvalidInput(words % {"most": MOST_BYTES // 2 >> 20}, code="too_large")
    return {f"evidence/{digest}": digest for digest in sorted(intact)}


def _texts(event: CaseEvent) -> list[dict[str, str]]:
    """What the entry only has commitments of, as far as it was not erased."""
    texts = event.texts.texts if hasattr(event, "texts") else []
    return [{"event": str(event.pk), **{name: text[name] for name in ("path", "salt", "text")}} for text in texts]


def _table(evidence: list[dict[str, Any]]) -> bytes:
    out = BytesIO()
    write_rows(out, "csv", "", EVIDENCE, (_row(item) for item in evidence))
    return out.getvalue()


def _row(item: dict[str, Any]) -> list[str]:
    by = (item.get("by") or {}).get("no") or ""
    name = item.get("name") or item.get("interaction") or ""
    return [item["sha256"], str(item["size"]), item["kind"], name, item["received_at"], by, item["state"]]


def _keys() -> Files:
    own = "".join(f"{who}\n" for who in log_keys().published)
    others = "".join(f"{who}\n" for who, _url in witnesses())
    stamped_under = {"keys/tsa.crt.pem": "".join(roots).encode()} if (roots := stamp_roots()) else {}
    return stamped_under | {
        "keys/log.vkey": own.encode(), "keys/witnesses.vkey": others.encode(),
        "keys/root.crt.pem": root_certificate().encode(), "keys/root.crl.pem": revoked_certificates().encode(),
    }  # fmt: skip


def _stamped(stamp: ArchiveStamp) -> Files:
    """The checkpoint as it was stamped, the token over it, and how the last of the entries under it is found there."""
    if not stamp.covers:
        return {}
    files = {"stamp/checkpoint": stamp.copy, "stamp/checkpoint.tst": stamp.token}
    return files | {f"stamp/{stamp.covers}.tlog-proof": stamp.proof.encode()}


def _said(case: Any, files: Mapping[str, bytes], with_evidence: bool) -> dict[str, Any]:
    """What the ledger records of the export: just what was taken."""
    manifest = sha256(files["manifest.json"]).hexdigest()
    return {
        "what": "case", "entries": case.seq, "head": case.head, "evidence": with_evidence, "manifest": manifest,
    }  # fmt: skip


def _prove(files: Files, events: QuerySet[CaseEvent], record: CaseEvent) -> Checkpoint:
    """The proofs of the entries and of the record stand in the files; the checkpoint that all of them lead to."""
    checkpoint, last = _sealed(CaseEvent.objects.filter(pk=record.pk), cosigned=bool(settings.WITNESSES))
    node, places = stored_nodes(), _places(events)
    for event in events:
        files[f"proofs/{event.seq}.tlog-proof"] = proof_at(places[event.pk], checkpoint, node).encode()
    files["proofs/export.tlog-proof"] = proof_at(last[record.pk], checkpoint, node).encode()
    return checkpoint


def _sealed(events: QuerySet[CaseEvent], *, cosigned: bool = False) -> tuple[Checkpoint, dict[int, int]]:
    """(a checkpoint over all of them, the place of each); NotAllowedNow where they cannot be sealed yet. `cosigned`: a
    while is waited for a witness, too, but if none signs it goes without."""
    checkpoint, places = None, {}
    for wait in WAITS:
        time.sleep(wait)
        seal_ledger()
        places = _places(events)
        checkpoint = checkpoint_over(max(places.values())) if len(places) == events.count() else None
        if checkpoint and (not cosigned or checkpoint.cosignatures.exists()):
            break
    if checkpoint is None:
        words = _("Expected every entry to be sealed, but a step is still being written; try again in a minute")
        raise NotAllowedNow(words)
    return checkpoint, places


def _places(events: QuerySet[CaseEvent]) -> dict[int, int]:
    return dict(LogLeaf.objects.filter(event__in=events.order_by()).values_list("event_id", "index"))


def _write(out: BinaryIO, files: Mapping[str, bytes], kept: Mapping[str, str]) -> None:
    """In one order and at one date, so that the same content is the same file."""
    with zipfile.ZipFile(out, "w") as package:
        for name, content in files.items():
            package.writestr(_entry(name), content)
        for name, digest in kept.items():
            with store.evidence().opened(digest) as file, package.open(_entry(name), "w") as part:
                copyfileobj(file, part, store.PART)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, SAME_DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 0  # the same on every system
    return entry


def _lines(contents: Iterator[bytes]) -> bytes:
    return b"".join(content + b"\n" for content in contents)


def _readable(content: Any) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=2, default=str) + "\n").encode()


def _digest(out: BinaryIO) -> str:
    out.seek(0)
    return file_digest(out, "sha256").hexdigest()
