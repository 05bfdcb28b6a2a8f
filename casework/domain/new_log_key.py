"""The log's key is renewed while the log goes on: for a while both sign, then the old one is given up."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

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
    folder = settings.LOG_FOLDER
    _publish()
    keys = log_keys()
    if keys.current is None:
        raise NotAllowedNow(_("Expected the log to have a key, but nothing was sealed yet; run seal_ledger"))
    if waiting := _still_signing(keys.earlier):
        words = _("Expected one key that signs, but %(key)s still signs, too; run retire_log_key first")
        raise NotAllowedNow(words % {"key": waiting.who})
    try:
        who = key_folder.prepared(folder)
    except (OSError, KeyProblem) as error:
        raise _not_written(error) from None
    told = {"key": str(who), "key_before": str(keys.current), "reason": ledger.FreeText(reason)}
    # First the entry: a key that was announced and is not used harms nobody.
    ledger.note("org", "log_key_renewed", told, actor=actor)
    _publish()
    with _nobody_signing():
        key_folder.take(folder, who)
    return who


def retire_log_key(actor: Actor, reason: str, leaked: bool) -> dict[str, str | int]:
    """The earlier key that still signs is gone; it counts for as much as was signed until now, and for nothing larger.
    One that `leaked` is published no more: proofs signed with it have to be fetched again. NotAllowedNow where there is
    none."""
    _publish()
    old = _still_signing(log_keys().earlier)
    if old is None:
        words = _("Expected an earlier key that still signs, but there is none; run renew_log_key first")
        raise NotAllowedNow(words)
    told: dict[str, str | int] = {"key": str(old.who), "leaked": leaked}
    ledger.note("org", "log_key_retired", {**told, "reason": ledger.FreeText(reason)}, actor=actor)
    with _nobody_signing():
        last = last_checkpoint()
        size = last.size if last else 0
        try:
            key_folder.give_up(settings.LOG_FOLDER, replace(old, last=size, leaked=leaked))
        except OSError as error:
            raise _not_written(error) from None
    return {**told, "last": size}


def _still_signing(earlier: Sequence[Earlier]) -> Earlier | None:
    return next((one for one in earlier if one.still_signs), None)


def _publish() -> None:
    try:
        sequence()
        publish()
    except LogBroken as problem:
        words = _("Expected a log that goes on, but it cannot: %(problem)s; see begin_log")
        raise NotAllowedNow(words % {"problem": problem}) from None


@contextmanager
def _nobody_signing() -> Iterator[None]:
    """What is read and written here comes between two checkpoints."""
    end = time.monotonic() + PATIENCE
    with transaction.atomic():
        while not alone():
            if time.monotonic() > end:
                words = _("Expected the log to be free, but somebody is signing all the time; try again in a minute")
                raise NotAllowedNow(words)
            time.sleep(0.05)
        yield


def _not_written(error: Exception) -> NotAllowedNow:
    words = _("Expected to write to %(folder)s, but %(reason)s; run this as the owner of that folder")
    reason = getattr(error, "strerror", None) or error
    return NotAllowedNow(words % {"folder": settings.LOG_FOLDER, "reason": reason})
