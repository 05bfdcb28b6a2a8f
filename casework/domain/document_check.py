"""Whether a file is a document of ours, unchanged: file, signatures, snapshot, and what the ledger and the log say of
it. One check a line; the public page tells the same with fewer words."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from casework.documents.check import Check, Expected
from casework.documents.limits import DEFAULT_LIMITS, Limits
from casework.documents.pki import load_root
from casework.documents.verify import claimed_id, issued_part, verify
from casework.domain import ledger
from casework.domain.archiving import stamp_roots
from casework.domain.log_proofs import Proven, issue_of, proof_of_event, proven
from casework.domain.now import now
from casework.domain.published_keys import revoked
from casework.domain.verdict import Verdict
from casework.domain.verification import verify_ledger
from casework.domain.witnesses import witness_names
from casework.domain.wording import seat_label
from casework.models import Document
from casework.transparency.notes import NoteError


def check_document(data: bytes, trust: list[str] | None = None, proof: str = "") -> list[Check]:
    """One check a line. The document is found by the file's digest; a changed file is held against the document its
    snapshot names. `trust` = root certificates (PEM), else those of this installation; `proof` = the .tlog-proof that
    came with the file."""
    document = _document(data)
    checks = [*file_checks(data, document, trust), *_on_record(document)]
    checks += [*log_checks(document), *([proof_check(data, proof)] if proof else [])]
    if trust is None:  # under another root than ours, ours fail
        note_failure(document, data, checks)
    return checks


def note_failure(document: Document | None, data: bytes, checks: Sequence[Check]) -> None:
    """That somebody holds a changed file of a document of ours, or a true one whose record was changed, stands in the
    ledger: the first time in an hour, since anybody may try as often as they like."""
    failed = [check.code for check in checks if check.ok is False]
    if document is not None and failed:
        told = {"document": str(document.pk), "file_sha256": hashlib.sha256(data).hexdigest(), "failed": failed}
        about = f"verification\n{document.pk}\n{now():%Y-%m-%dT%H}"
        ledger.note_once(about, "verification_failed", told, case=document.case)


def file_checks(
    data: bytes, document: Document | None, trust: list[str] | None = None, limits: Limits = DEFAULT_LIMITS
) -> list[Check]:
    """What the file tells, held against the record of the document if there is one."""
    roots = trust or [load_root(settings.PKI_FOLDER).pem]
    expected = _expected(document) if document else None
    return verify(
        data, roots=roots, expected=expected, revoked=revoked, limits=limits, named=seat_label,
        stamp_roots=stamp_roots(),
    )  # fmt: skip


def log_checks(document: Document | None) -> list[Check]:
    """The entry that issued the document has its place in the log, under a checkpoint that others have cosigned. It is
    proven and checked as it would be outside."""
    event = issue_of(document) if document else None
    if document is None or event is None:
        return []
    try:
        text = proof_of_event(event, with_entry=True)
        if text is None:
            words = _("Its entry waits to be sealed; try again in a minute.")
            return [Check("log", None, words)]
        shown = proven(text)
    except (NoteError, LookupError) as error:
        return [Check("log", False, _("Its entry cannot be proven: %(reason)s.") % {"reason": error})]
    issued = shown.issued(str(document.pk)) or {}
    if issued.get("file_sha256") != document.file_sha256:
        return [Check("log", False, _("The entry that issued it names another file."))]
    return [Check("log", True, _in_words(shown)), *_witnessed(shown)]


def proof_check(data: bytes, text: str, limits: Limits = DEFAULT_LIMITS) -> Check:
    """Whether the proof that came with the file shows that just this one was issued, or the one it begins with."""
    try:
        shown = proven(text)
    except NoteError as error:
        return Check("proof", False, _("The proof given proves nothing: %(reason)s.") % {"reason": error})
    files = [one["file_sha256"] for one in shown.entry.get("documents", ()) if one["state"] == "issued"]
    digest = hashlib.sha256(data).hexdigest()
    if digest not in files and hashlib.sha256(issued_part(data, limits)).hexdigest() not in files:
        return Check("proof", False, _("The proof given is that of another file."))
    return Check("proof", True, _("The proof given shows it. %(words)s") % {"words": _in_words(shown)})


def _document(data: bytes) -> Document | None:
    """By the file itself; else by the id its snapshot carries, so that a changed file is compared with the true one."""
    documents = Document.objects.select_related("case")
    found = documents.filter(file_sha256=hashlib.sha256(data).hexdigest()).first()
    if found is not None:
        return found
    try:
        return documents.filter(pk=UUID(claimed_id(data))).first()
    except ValueError:
        return None


def _expected(document: Document) -> Expected:
    """What a file has to be to be this document."""
    return {
        "sha256": document.file_sha256, "issued_at": document.issued_at or now(),
        "snapshot_sha256": document.snapshot_sha256,
        "fields": [{"name": f["name"], "serial": f["serial"]} for f in document.fields],
    }  # fmt: skip


def _on_record(document: Document | None) -> list[Check]:
    """The document was issued, what has taken its place since, and whether the chain of its case is whole."""
    if document is None:
        words = _("no document of this installation has this file; ask whoever issued it")
        return [Check("on_record", None, words)]
    if document.state == Document.State.ISSUED:
        record = Check("on_record", True, _("issued in case %(case)s") % {"case": document.case.number})
    else:
        words = _("it is '%(state)s', not issued") % {"state": document.get_state_display()}
        record = Check("on_record", False, words)
    return [record, _in_force(document), _ledger(verify_ledger(document.case.number))]


def _ledger(found: Verdict) -> Check:
    """A document stands on entries. What was changed in the rows of its case takes nothing from it, but is told."""
    if found.ok:
        return Check("ledger", True, _("the ledger of the case is whole"))
    problem = found.problems[0].message
    if not found.entries_are_whole:
        return Check("ledger", False, problem)
    words = _(
        "its entries are whole, but what the case shows now was changed past them (%(problem)s); see verify_ledger"
    )
    return Check("ledger", True, words % {"problem": problem}, remark=True)


def successor(document: Document) -> Document | None:
    """The issued document that has taken its place. A superseded document stays genuine; it only no longer holds."""
    return Document.objects.filter(supersedes=document, state=Document.State.ISSUED).first()


def _in_force(document: Document) -> Check:
    later = successor(document)
    if later is None or later.issued_at is None:
        return Check("superseded", True, _("no later document takes its place"))
    words = _("it no longer holds: document %(later)s took its place on %(day)s")
    day = f"{timezone.localtime(later.issued_at):%Y-%m-%d}"
    return Check("superseded", True, words % {"later": later.pk, "day": day}, remark=True)


def _witnessed(shown: Proven) -> list[Check]:
    """Nothing is said of witnesses where there are none."""
    if shown.cosigned_by:
        words = _("It is cosigned by %(names)s.") % {"names": _(", ").join(shown.cosigned_by)}
        return [Check("witnesses", True, words)]
    if witness_names():
        return [Check("witnesses", None, _("No witness has cosigned it yet; try again in a minute."))]
    return []


def _in_words(shown: Proven) -> str:
    words = _("Its entry is number %(index)d of the log, of which the first %(size)d are signed.")
    return words % {"index": shown.index, "size": shown.size}
