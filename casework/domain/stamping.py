"""Where a time authority is named, each issued document gets a second file, its stamped edition (ADR 0033): the issued
one, unchanged, with the authority's stamp behind it. The issue waits for none of this; who asks is a delivery, again
and again until there is a stamp."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from cryptography.x509 import (
    Certificate,
    CertificateRevocationList,
    load_der_x509_crl,
    load_pem_x509_certificate,
    load_pem_x509_crl,
)
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from casework import store
from casework.documents.edition import Edition, stamped_edition
from casework.documents.errors import DocumentError
from casework.documents.signature_check import CLOCKS_DIFFER
from casework.domain import ledger
from casework.domain.archiving import time_authority
from casework.domain.checkpoints import LogBroken
from casework.domain.deliveries import NotYet, deliver_now, handles
from casework.domain.document_check import file_checks
from casework.domain.editions import STAMPED, told_of
from casework.domain.erased_files import take_out
from casework.domain.now import now
from casework.domain.public_check import LIMITS
from casework.domain.published_keys import revoked_certificates, root_certificate
from casework.keys import new_key
from casework.models import Delivery, Document, StampedEdition
from casework.models.delivery import STAMP
from casework.transparency.stamps import StampError, asked_over, fetched

_authorities: dict[str, list[Certificate]] = {}  # as they came with their last stamp, so that one question is enough


def await_stamp(document: UUID) -> bool:
    """A delivery will see to the document's stamped edition, where a time authority is named. Whether it is new."""
    if not settings.TSA:
        return False
    moment, told = now(), {"document": str(document)}
    _delivery, new = Delivery.objects.get_or_create(
        dedup=_dedup(document),
        defaults={"id": new_key(), "kind": STAMP, "payload": told, "created_at": moment, "due_at": moment},
    )
    return new


def unstamped() -> QuerySet[Document, UUID]:
    """The issued documents that have no stamped edition, oldest first; erased ones get none."""
    return _unstamped().order_by("issued_at").values_list("pk", flat=True)


def awaiting_stamp(documents: Iterable[UUID]) -> set[UUID]:
    """Which of these issued documents wait for their stamp."""
    asked = {_dedup(pk): pk for pk in documents} if settings.TSA else {}
    if not asked:
        return set()
    return {asked[dedup] for dedup in Delivery.objects.filter(dedup__in=asked).values_list("dedup", flat=True)}


def _dedup(document: UUID) -> str:
    return f"{STAMP}:{document}"


@handles(STAMP)
def stamp(delivery: Any) -> None:
    """The document has its stamped edition, unless it was erased; NotYet where there is no stamp that counts."""
    document = _unstamped().select_related("case").filter(pk=delivery.payload["document"]).first()
    if document is None:
        return
    try:
        made = _made(document)
        digest = store.documents().put(made.file)  # before the transaction, which a slow bucket would hold up
    except (StampError, DocumentError, LogBroken, store.StoreProblem, OSError) as problem:
        words = _("Expected a time stamp from %(authority)s, but %(problem)s; it is asked again")
        raise NotYet(words % {"authority": settings.TSA or "GONGDUAN_TSA", "problem": problem}) from None
    _record(document, made, digest)


def _unstamped() -> QuerySet[Document]:
    return Document.objects.filter(state=Document.State.ISSUED, edition=None).exclude(snapshot="")


def _made(document: Document) -> Edition:
    """Nothing that we ourselves would not call genuine, nor that the public page would not read."""
    if (authority := time_authority()) is None:
        raise StampError(_("the setting names none"))
    url, roots = authority
    own = load_pem_x509_certificate(root_certificate().encode())
    edition = stamped_edition(
        store.documents().get(document.file_sha256), lambda digest: asked_over(url, digest), roots,
        certificates=[own, *_authorities.get(url, [])], lists=_lists(),
    )  # fmt: skip
    _authorities[url] = edition.authority
    if document.issued_at and edition.at < document.issued_at - CLOCKS_DIFFER:
        words = _("it says %(at)s, which is before the document was issued")
        raise StampError(words % {"at": edition.at.isoformat()})
    checks = file_checks(edition.file, document, limits=LIMITS)
    if failed := [check.message for check in checks if check.ok is False]:
        raise StampError(_("the stamped file would not be genuine: %(reason)s") % {"reason": failed[0]})
    return edition


def _lists() -> list[CertificateRevocationList]:
    """Ours of revoked certificates, and the authority's from wherever the settings say, each as good as now."""
    found = [load_pem_x509_crl(revoked_certificates().encode())]
    for source in settings.TSA_CRLS:
        data = fetched(source)
        try:
            listed = load_pem_x509_crl(data) if data.startswith(b"-----") else load_der_x509_crl(data)
            until = listed.next_update_utc
        except ValueError:
            words = _("GONGDUAN_TSA_CRLS: %(source)s is no list of revoked certificates")
            raise StampError(words % {"source": source}) from None
        if until is not None and until < now():
            words = _("GONGDUAN_TSA_CRLS: %(source)s holds a list that was to be replaced by %(until)s")
            raise StampError(words % {"source": source, "until": until.isoformat()})
        found.append(listed)
    return found


def _record(document: Document, edition: Edition, digest: str) -> None:
    """Row and entry; where somebody else was quicker, or the document was erased in the meantime, none of them, and the
    file goes out of the store again."""
    with transaction.atomic():
        held = Document.objects.select_for_update().get(pk=document.pk)
        quicker = StampedEdition.objects.filter(pk=held.pk).first()
        if held.snapshot and quicker is None:
            made = StampedEdition(document=held, file_sha256=digest, at=edition.at, level=edition.level)
            made.event = ledger.note("org", STAMPED, told_of(made), case=document.case)
            made.save(force_insert=True)
            return
        if quicker is not None and quicker.file_sha256 == digest:
            return
        unneeded = take_out([], [digest], [])
    deliver_now(unneeded)
