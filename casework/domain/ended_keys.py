"""Signing keys whose credential was replaced, ended or forgotten: they are revoked, and destroyed wherever they lie."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from casework.documents.holder import key_holder
from casework.domain.deliveries import handles
from casework.domain.now import now
from casework.keys import new_key
from casework.models import Delivery, SigningKey


def end_keys(keys: QuerySet[SigningKey]) -> None:
    """They are revoked from now on, those that were before since then, and the database has them no more. A signing
    worker destroys its own after the commit, however often somebody is killed or away."""
    serials = list(keys.values_list("serial", flat=True))
    ended = SigningKey.objects.filter(serial__in=serials)
    ended.filter(revoked_at=None).update(revoked_at=now())
    ended.update(private_key="")
    if settings.KEY_HOLDER and serials:
        forget_later(serials)


def forget_later(serials: list[str]) -> None:
    """A delivery has the signing worker destroy these."""
    pk, moment = new_key(), now()
    Delivery.objects.create(
        id=pk, kind="forget_keys", payload={"serials": serials}, dedup=f"forget_keys:{pk}", created_at=moment,
        due_at=moment,
    )  # fmt: skip


@handles("forget_keys")
def forget_keys(delivery: Any) -> None:
    """Whoever holds the keys has none of these any more."""
    key_holder(settings.PKI_FOLDER).forget(delivery.payload["serials"])
