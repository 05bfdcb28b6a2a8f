"""The log begins again under another key, where it cannot go on: a backup was restored, or its folder is lost."""

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from casework.domain import ledger
from casework.domain.actor import Actor
from casework.domain.checkpoints import LogBroken, publish, remembered_checkpoint
from casework.domain.errors import NotAllowedNow
from casework.domain.log_keys import log_key, log_keys
from casework.domain.now import now
from casework.models import Checkpoint, Witness
from casework.transparency import key_folder, notes
from casework.transparency.key_folder import Earlier


def begin_log(actor: Actor, reason: str) -> notes.Verifier:
    """A new key, under a name of its own, signs the ledger from now on. The folder of the old one is kept beside,
    and its key still counts for what it signed. The ledger says who did this, why, and what was signed last before.

    NotAllowedNow where the log goes on as it is. Witnesses have to be told the new key."""
    try:
        publish()
    except LogBroken as problem:
        broken = str(problem)
    else:
        raise NotAllowedNow(_("Expected a log that cannot go on, but it goes on; there is nothing to begin"))
    folder, before = settings.LOG_FOLDER, log_key()
    kept = _free(folder)
    data = {
        "reason": ledger.FreeText(reason), "broken": broken, "key_before": str(before or ""),
        "signed_before": key_folder.remembered(folder) or "",
    }  # fmt: skip
    ledger.note("org", "log_begun_again", data, actor=actor)
    earlier = _given_up()
    if folder.exists():
        os.rename(folder, kept)
    who = key_folder.made(folder, f"{settings.LOG_ORIGIN}/{kept.suffix[1:]}/{now():%Y%m%d}", notes.SIGNED)
    key_folder.carry_over(folder, earlier)
    Witness.objects.update(size=0, busy_until=None, problem="", detail="", since=None)
    return who


def _given_up() -> list[Earlier]:
    """The keys that signed until now, each for as much as they can have signed."""
    keys, sizes = log_keys(), list(Checkpoint.objects.order_by("-size").values_list("size", flat=True)[:1])
    with suppress(LogBroken):
        if remembered := remembered_checkpoint():
            sizes.append(remembered.size)
    last = max(sizes, default=None)
    signed = [one for one in (*keys.earlier, *([Earlier(keys.current)] if keys.current else []))]
    return [one if one.last is not None else replace(one, last=last) for one in signed]


def _free(folder: Path) -> Path:
    """Beside the folder, under the first number that is free."""
    number = 1
    while (place := folder.with_name(f"{folder.name}.{number}")).exists():
        number += 1
    return place
