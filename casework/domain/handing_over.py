"""Keys that were made before there was a signing worker go to it, locked as they are; the database has them no more."""

from typing import TypedDict

from django.conf import settings
from django.utils.translation import gettext as _

from casework.documents.errors import PkiError
from casework.documents.holder import SigningWorker, signing_worker
from casework.documents.pki import IssuedCertificate
from casework.domain import ledger
from casework.domain.errors import NotAllowedNow
from casework.models import SigningKey


class HandedOver(TypedDict):
    """How many the signing worker took, how many had ended and were destroyed; serial numbers of those that it refused,
    with its words, which stay where they are."""

    handed_over: int
    destroyed: int
    refused: dict[str, str]


def hand_over_keys() -> HandedOver:
    """One by one, each first there and then no more here: whoever is interrupted runs it again, and what was done
    until then is recorded. NotAllowedNow without a signing worker, HolderAway where it does not answer."""
    worker = signing_worker(settings.PKI_FOLDER)
    if worker is None:
        words = _("Expected a signing worker, but GONGDUAN_KEY_HOLDER names none; start hold_keys and set it first")
        raise NotAllowedNow(words, code="no_key_holder")
    done: HandedOver = {"handed_over": 0, "destroyed": 0, "refused": {}}
    try:
        for key in SigningKey.objects.exclude(private_key="").order_by("id"):
            _hand_over(key, worker, done)
    finally:
        if done["handed_over"] or done["destroyed"]:
            ledger.note("org", "keys_handed_over", {name: done[name] for name in ("handed_over", "destroyed")})
    return done


def _hand_over(key: SigningKey, worker: SigningWorker, done: HandedOver) -> None:
    here = SigningKey.objects.filter(pk=key.pk)
    if key.revoked_at is not None:
        done["destroyed"] += here.update(private_key="")
        return
    try:
        worker.adopt(IssuedCertificate(key.certificate, key.private_key, "", key.serial))
    except PkiError as problem:
        done["refused"][key.serial] = str(problem)
        return
    if here.filter(revoked_at=None).update(private_key=""):
        done["handed_over"] += 1
    else:  # ended in this instant, and perhaps forgotten there before it came
        worker.forget([key.serial])
        done["destroyed"] += here.update(private_key="")
