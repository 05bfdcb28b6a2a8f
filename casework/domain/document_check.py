"""Whether a file is a document of ours, unchanged: file, signatures, snapshot, and what the ledger says of it."""

import hashlib
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from casework.documents.pki import load_pki
from casework.documents.verify import Check, Expected, claimed_id, verify
from casework.domain.verification import verify_ledger
from casework.domain.wording import seat_label
from casework.models import Document


def check_document(data: bytes, trust: list[str] | None = None) -> list[Check]:
    """One check a line. The document is found by the file's digest; a changed file is held against the document its
    snapshot names. `trust` = root certificates (PEM), else those of this installation."""
    roots = trust or [load_pki(settings.PKI_FOLDER).root_pem]
    document = _document(data)
    expected = expected_of(document) if document else None
    checks = verify(data, roots=roots, expected=expected, named=seat_label)
    return [*checks, *_on_record(document)]


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


def expected_of(document: Document) -> Expected:
    """What a file has to be to be this document."""
    return {
        "sha256": document.file_sha256,
        "snapshot_sha256": document.snapshot_sha256,
        "fields": [{"name": f["name"], "serial": f["serial"]} for f in document.fields],
    }


def _on_record(document: Document | None) -> list[Check]:
    """The document was issued, nothing supersedes it, and the chain of its case is whole."""
    if document is None:
        words = _("no document of this installation has this file; ask whoever issued it")
        return [Check("on_record", None, words)]
    checks = []
    if document.state == Document.State.ISSUED:
        checks.append(Check("on_record", True, _("issued in case %(case)s") % {"case": document.case.number}))
    else:
        checks.append(
            Check(
                "on_record",
                False,
                _("it is '%(state)s', not issued") % {"state": document.get_state_display()},
            )
        )
    if Document.objects.filter(supersedes=document).exists():
        checks.append(Check("superseded", False, _("a later document takes its place")))
    verdict = verify_ledger(document.case.number)
    words = verdict.problems[0].message if verdict.problems else _("the ledger of the case is whole")
    return [*checks, Check("ledger", verdict.ok, words)]
