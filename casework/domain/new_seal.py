"""The organisation's seal gets another key; the ledger says who did it, why, and which certificate follows which."""

from django.conf import settings

from casework.documents.holder import refuse_elsewhere
from casework.documents.pki import serial_of
from casework.documents.seal_renewal import put_in_place, renewed_seal, serial_in
from casework.domain import ledger
from casework.domain.actor import Actor
from casework.domain.now import now


def renew_seal(actor: Actor, reason: str, uri: str = "") -> dict[str, str]:
    """{"before", "after"}: serial numbers. `uri` names a key in a PKCS#11 token; without it a new one is made in the
    folder. The old key is gone; what it sealed stays genuine. DocumentError where the new key cannot be used."""
    refuse_elsewhere()
    folder = settings.PKI_FOLDER
    certificate, files = renewed_seal(folder, uri, now())
    told = {"before": serial_in(folder), "after": serial_of(certificate), "kept_in": "token" if uri else "file"}
    # First the entry: a seal that was announced and is not there harms nobody, one that nobody announced does.
    ledger.note("org", "seal_renewed", {**told, "reason": ledger.FreeText(reason)}, actor=actor)
    put_in_place(folder, files)
    return told
