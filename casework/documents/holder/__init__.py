"""Who holds the private keys (ADR 0034): this process itself, or a signing worker that alone can read them and is asked
over a Unix socket. What they have in common is `port.KeyHolder`."""

from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from casework.documents.errors import PkiError
from casework.documents.holder.in_process import InProcess
from casework.documents.holder.port import KeyHolder
from casework.documents.holder.remote import SigningWorker

__all__ = ["KeyHolder", "SigningWorker", "key_holder", "refuse_elsewhere", "signing_worker"]


def key_holder(folder: Path) -> KeyHolder:
    """Whom the setting names; without it this process, with the keys in `folder`."""
    return signing_worker(folder) or InProcess(folder)


def signing_worker(folder: Path) -> SigningWorker | None:
    """The one that the setting names; of the keys that it holds `folder` has the root certificate."""
    return SigningWorker(settings.KEY_HOLDER, folder) if settings.KEY_HOLDER else None


def refuse_elsewhere() -> None:
    """Raises PkiError where the keys are not this process's to change."""
    if settings.KEY_HOLDER:
        words = _(
            "Expected the folder with the keys, but GONGDUAN_KEY_HOLDER says that a signing worker holds them; run "
            "this as its account, without that setting"
        )
        raise PkiError(words)
