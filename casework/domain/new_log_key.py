"""The log's key is renewed while the log goes on: for a while both sign, then the old one is given up."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from casework.domain import ledger
from casework.domain.actor import Actor
from casework.domain.checkpoints import LogBroken, last_checkpoint, publish
from casework.domain.errors import NotAllowedNow
from casework.domain.log_keys import log_keys
from casework.domain.sequencing import alone, sequence
from casework.transparency import key_folder, notes
from casework.transparency.key_folder import Earlier, KeyProblem

PATIENCE = 30.0  # seconds for whoever is signing just now


def renew_log_key(actor: Actor, reason: str) -> notes.Verifier:
    """The log has another key of the same name, which signs from now on, and beside it the one that it had. The entry
    that names the new key, and says who made it and why, is signed with the old one alone.

    NotAllowedNow where the log has not begun or cannot go on, or while an earlier key has still to be given up."""
    _publish()
    with _nobody_signing() as folder:
        before = _only_key()
        who = key_folder.prepared(folder)
        told = {"key": str(who), "key_before": str(before), "reason": ledger.FreeText(reason)}
        # First the entry: a key that was announced and is not used harms nobody.
        ledger.note("org", "log_key_renewed", told, actor=actor)
    _publish()
    with _nobody_signing() as folder:
        if _only_key() != before:
            raise NotAllowedNow(_("Expected to be alone, but somebody else has just renewed the key; look at doctor"))
        key_folder.take(folder, who)
    return who


def retire_log_key(actor: Actor, reason: str, leaked: bool) -> dict[str, str | int]:
    """The earlier key that still signs is gone; it counts for as much as was signed until now, and for nothing larger.
    One that `leaked` is published no more: proofs signed with it have to be fetched again. NotAllowedNow where there is
    none."""
    _publish()
    with _nobody_signing() as folder:
        old = _still_signing()
        if old is None:
            words = _("Expected an earlier key that still signs, but there is none; run renew_log_key first")
            raise NotAllowedNow(words)
        last = last_checkpoint()
        told: dict[str, str | int] = {"key": str(old.who), "leaked": leaked, "last": last.size if last else 0}
        ledger.note("org", "log_key_retired", {**told, "reason": ledger.FreeText(reason)}, actor=actor)
        key_folder.give_up(folder, replace(old, last=int(told["last"]), leaked=leaked))
    return told


def _only_key() -> notes.Verifier:
    """The one key that signs; NotAllowedNow where there is none, or another beside it."""
    current, waiting = log_keys().current, _still_signing()
    if current is None:
        raise NotAllowedNow(_("Expected the log to have a key, but nothing was sealed yet; run seal_ledger"))
    if waiting:
        words = _("Expected one key that signs, but %(key)s still signs, too; run retire_log_key first")
        raise NotAllowedNow(words % {"key": waiting.who})
    return current


def _still_signing() -> Earlier | None:
    return next((one for one in log_keys().earlier if one.still_signs), None)


def _publish() -> None:
    try:
        sequence()
        publish()
    except LogBroken as problem:
        words = _("Expected a log that goes on, but it cannot: %(problem)s; see begin_log")
        raise NotAllowedNow(words % {"problem": problem}) from None


@contextmanager
def _nobody_signing() -> Iterator[Path]:
    """What is read and written here, in the folder of the key too, comes between two checkpoints; where the folder does
    not take it, nothing is recorded."""
    end, folder = time.monotonic() + PATIENCE, settings.LOG_FOLDER
    try:
        with transaction.atomic():
            while not alone():
                if time.monotonic() > end:
                    words = _(
                        "Expected the log to be free, but somebody is signing all the time; try again in a minute"
                    )
                    raise NotAllowedNow(words)
                time.sleep(0.05)
            key_folder.owned(folder)
            yield folder
    except (OSError, KeyProblem) as error:
        words = _("Expected to write to %(folder)s, but %(reason)s; run this as the owner of that folder")
        raise NotAllowedNow(words % {"folder": folder, "reason": getattr(error, "strerror", None) or error}) from None
