"""Documents after the commit: drafts are drawn, signed ones sealed, and the case told by perform()."""

import uuid
from importlib import import_module
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from casework import store
from casework.canonical import canonical
from casework.documents import snapshot as snapshots
from casework.documents.fields import add_signature_fields, fields_for
from casework.documents.render import render
from casework.documents.sealing import Sealed, SealProvider
from casework.documents.snapshot import ORGANISATION_FIELD
from casework.domain.actor import system
from casework.domain.attesting import ATTEST
from casework.domain.deliveries import NotYet, handles
from casework.domain.directory import directory
from casework.domain.errors import NotAllowedNow
from casework.domain.law import law_of
from casework.domain.ledger import last_events
from casework.domain.now import now
from casework.domain.perform import perform
from casework.domain.policy import pinned_policy
from casework.domain.reading import read_family_of
from casework.domain.stamping import await_stamp
from casework.models import Delivery, Document, Installation


@handles("draft")
def draft(delivery: Any) -> None:
    """The case has a drafted document of that kind, drawn from a frozen snapshot."""
    family = read_family_of(delivery.case_id)
    case = family.by_id[delivery.case_id]
    if not _is_wanted(delivery, case, family):
        return
    data, pdf = _drawn(delivery, case, family, (case.seq, case.head))
    data["file_sha256"] = store.documents().put(pdf)
    try:
        perform(case.number, "attach_draft", system(), data, key=f"draft:{delivery.pk}", version=family.version)
    except NotAllowedNow:
        return  # the draft was taken back, or attached by whoever ran this delivery before


def _drawn(delivery: Any, case: Any, family: Any, place: tuple[int, str]) -> tuple[dict[str, Any], bytes]:
    """(what is recorded of the document, its PDF), drawn from a snapshot that is frozen at that place of the chain."""
    builder = import_module(f"{type(case).__module__.rsplit('.', 1)[0]}.documents").SNAPSHOTS[delivery.payload["kind"]]
    book, pk = directory(family.stamp), _id_of(delivery)
    frozen = builder(case, family, book, frame(case, pk, delivery.payload["kind"], place))
    frozen = snapshots.with_verify_url(frozen, f"{settings.BASE_URL}/v/{pk}")
    pdf = render(f"{law_of(case).app}/documents/{delivery.payload['kind']}.html", frozen)
    pdf = add_signature_fields(pdf, fields_for(frozen))
    text = canonical(frozen)
    data = {
        "document": pk, "kind": delivery.payload["kind"], "snapshot": text.decode(),
        "snapshot_sha256": snapshots.digest(frozen),
        "fields": [_field(name, frozen) for name in snapshots.signature_fields(frozen)],
    }  # fmt: skip
    return data, pdf


def _id_of(delivery: Any) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, str(delivery.pk)))


def _is_wanted(delivery: Any, case: Any, family: Any) -> bool:
    """Whether the case still waits for this draft: not taken back, not drawn before, not asked for anew since."""
    unfinished = (Document.State.DRAFTED, Document.State.SIGNED)
    drawn = any(d.case_id == case.pk and d.state in unfinished for d in family.documents)
    anew = Delivery.objects.filter(case_id=case.pk, kind="draft", pk__gt=delivery.pk).exists()
    return case.state in law_of(case).actions["attach_draft"].sources and not drawn and not anew


@handles("seal")
def seal(delivery: Any) -> None:
    """The organisation's seal comes last, over the whole file; then SYSTEM issues the document."""
    document = Document.objects.select_related("case").get(pk=delivery.payload["document"])
    if document.state in (Document.State.ISSUED, Document.State.VOID):
        await_stamp(document.pk)  # whoever issued it may have been killed before asking
        return
    field = next(f for f in document.fields if f["name"] == ORGANISATION_FIELD)
    data = store.documents().get(document.file_sha256)
    first = not any(f.get("serial") for f in document.fields)
    note = delivery.payload.get("note")  # what the paper itself cannot say, since its signatures came later
    reason = f"{field['reason']}；{note['zh']} {note['en']}" if note else field["reason"]
    sealed = _sealed(data, field, reason, certify=first)
    issued = {
        "document": str(document.pk),
        "file_sha256": store.documents().put(sealed.file),
        "serial": sealed.serial,
    }
    perform(document.case.number, "issue", system(), issued, key=f"seal:{delivery.pk}")
    await_stamp(document.pk)


def _sealed(pdf: bytes, field: dict[str, Any], reason: str, *, certify: bool) -> Sealed:
    provider: SealProvider = import_string(settings.SEAL_PROVIDER)(settings.PKI_FOLDER)
    return provider.seal(
        pdf, ORGANISATION_FIELD, reason=reason, location=field["location"], certify=certify, at=now()
    )  # fmt: skip


@handles(ATTEST)
def attest(delivery: Any) -> None:
    """The document about an act that holds already is issued, under the organisation's seal alone. It tells of the
    case as that act left it, whatever has happened since; those of one kind are issued in the order of their acts."""
    family, pk = read_family_of(delivery.case_id), uuid.UUID(_id_of(delivery))
    case, kind = family.by_id[delivery.case_id], delivery.payload["kind"]
    if any(document.pk == pk for document in family.documents):
        await_stamp(pk)  # whoever issued it may have been killed before asking
        return
    before = Delivery.objects.filter(case_id=case.pk, kind=ATTEST, payload__kind=kind, pk__lt=delivery.pk)
    if before.exists():
        words = _("Expected the document about the act before to be issued, but it is not yet; it is tried again")
        raise NotYet(words)
    if directory(family.stamp).is_forgotten(case):
        return  # nobody is left whom it could be served on
    act = last_events(case).get(seq=delivery.payload["of"])
    data, pdf = _drawn(delivery, case, family, (act.seq, act.digest))
    [field] = data["fields"]
    sealed = _sealed(pdf, field, field["reason"], certify=True)
    fields = [field | {"serial": sealed.serial}]
    data |= {"file_sha256": store.documents().put(sealed.file), "fields": fields, "of": act.seq}
    try:
        perform(case.number, "attest", system(), data)
    except NotAllowedNow:
        return  # issued by whoever ran this delivery before
    await_stamp(pk)


def frame(case: Any, document: str, kind: str, place: tuple[int, str]) -> dict[str, Any]:
    """What every document carries, whatever it decides; `place` in the case's chain: number and digest of an entry."""
    policy = pinned_policy(case.policy_id)
    edition = policy.organisation.edition
    return {
        "format": 1, "kind": kind, "id": document, "number": case.number,
        "demo": Installation.objects.filter(demo=True).exists(),
        "organisation": {"zh": policy.organisation.name.zh, "en": policy.organisation.name.en},
        "policy": {
            "digest": case.policy_id, "version": str(edition.version), "published_on": edition.published_on.isoformat(),
        },
        "ledger": {"stream": f"case:{case.number}", "seq": place[0], "digest": place[1]},
    }  # fmt: skip


def _field(name: str, frozen: dict[str, Any]) -> dict[str, Any]:
    reason = f"{frozen['title']['zh']} {frozen['number']}"
    person = next((d["no"] for d in frozen["deciders"] if d["field"] == name), "")
    return {
        "name": name,
        "person": person,
        "serial": "",
        "reason": reason,
        "location": frozen["organisation"]["zh"],
    }
