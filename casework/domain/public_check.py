"""What anybody may learn of a document: whether what they hold is genuine and still in force.

Ids are no secret enough, so a record is looked at only for whoever shows something of the issued document itself: its
file, the file's SHA-256, the decision attached to it, or the digest printed in its QR code. To everybody else an id
that does not exist, a draft and another's document are the same."""

import hashlib
import hmac
import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from casework.documents.check import Check, verdict
from casework.documents.limits import Limits
from casework.documents.verify import claimed_snapshot
from casework.domain.document_check import file_checks, log_checks, note_failure, proof_check, successor
from casework.domain.verification import verify_ledger
from casework.models import Document

LIMITS = Limits(cpu_seconds=10, wall_seconds=20, file_mib=10)  # for a stranger's file; ours are read in a second


@dataclass(frozen=True)
class Answer:
    """`genuine`: None where it could not be told. `superseded` and `issued_at` only of what is on record; `other`: the
    document is another than the one that the page was opened for; `paper`: only its code was looked at."""

    genuine: bool | None
    checks: list[Check] = field(default_factory=list)
    issued_at: datetime | None = None
    superseded: bool = False
    other: bool = False
    paper: bool = False


def check_file(data: bytes, page: UUID | None, proof: str = "") -> Answer:
    """The checks of `verify_document`, one a line, told so that nothing of the record is given away; `proof` is the
    .tlog-proof that came with the file."""
    document = _issued(file_sha256=hashlib.sha256(data).hexdigest())
    if document is None and (digest := claimed_snapshot(data, LIMITS)):
        document = _issued(snapshot_sha256=digest)  # an altered file is held against the true one
    checks = [_told(check) for check in file_checks(data, document, limits=LIMITS)]
    if document is None:
        checks.append(Check("on_record", None, _("No document that was issued here is the one in this file.")))
    else:
        checks += _on_record(document)
    if proof:
        checks.append(proof_check(data, proof, LIMITS))
    note_failure(document, data, checks)
    if document is None:
        return Answer(verdict(checks), checks)
    return _answer(verdict(checks), checks, document, page)


def check_fingerprint(sha256: str, page: UUID | None) -> Answer:
    """Whether a file with that SHA-256 was issued here, or is the stamped edition of one."""
    document = _issued(file_sha256=sha256.lower()) or _issued(edition__file_sha256=sha256.lower())
    if document is None:
        return Answer(None, [Check("file_hash", None, _("No document that was issued here has this fingerprint."))])
    same = _("A document that was issued here has, byte for byte, this fingerprint.")
    if document.file_sha256 != sha256.lower():
        same = _("The stamped edition of a document that was issued here has, byte for byte, this fingerprint.")
    checks = [Check("file_hash", True, same), *_on_record(document)]
    return _answer(verdict(checks), checks, document, page)


def check_code(code: str, page: UUID) -> Answer:
    """Whether the paper's code is that of a document issued under the page's id. It vouches for the record, not for
    what is printed."""
    document = _issued(pk=page)
    document = document if document and document.snapshot else None
    known = json.loads(document.snapshot)["verify_url"].partition("#")[2] if document else ""
    if document is None or not hmac.compare_digest(known.encode(), code.lower().encode()):
        words = _("No document that was issued here has this address and this code.")
        return Answer(None, [Check("code", None, words)])
    checks = [
        Check("code", True, _("A document was issued here with this address and this code.")),
        *_on_record(document),
    ]
    unread = _("What is printed was not looked at: send the PDF, or compare the paper with one that is in the case.")
    checks.append(Check("printed", None, unread))
    return replace(_answer(verdict(checks), checks, document, page), paper=True)


def _issued(**by: Any) -> Document | None:
    return Document.objects.select_related("case").filter(state=Document.State.ISSUED, **by).first()


def _answer(genuine: bool | None, checks: list[Check], document: Document, page: UUID | None) -> Answer:
    later = successor(document) is not None
    return Answer(genuine, checks, document.issued_at, later, page is not None and page != document.pk)


def _on_record(document: Document) -> list[Check]:
    """Without the case's number and without what is wrong with its ledger."""
    whole = verify_ledger(document.case.number).entries_are_whole
    words = (
        _("The record of the case, in which it stands, is whole.")
        if whole
        else _("The record of the case is not whole; ask whoever issued the document.")
    )
    checks = [Check("on_record", True, _("It was issued here.")), Check("ledger", whole, words)]
    return [*checks, *map(_told, log_checks(document))]


def _told(check: Check) -> Check:
    if check.code == "parse" and check.ok is None:
        return Check("parse", None, _("The file could not be looked at just now; try again later."))
    if check.code == "file_hash" and check.ok is None:
        return Check("file_hash", None, _("No document that was issued here has exactly this file."))
    if check.code == "log" and check.ok is False:
        return Check("log", False, _("Its place in the log cannot be proven; ask whoever issued it."))
    return check
