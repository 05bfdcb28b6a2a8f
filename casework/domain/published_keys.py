"""What outsiders check our documents with. Whoever publishes it elsewhere, too, makes forging it here useless."""

from collections.abc import Collection
from datetime import datetime

from django.conf import settings

from casework.documents.holder import key_holder
from casework.documents.pki import load_root
from casework.domain.log_keys import log_keys
from casework.domain.now import now
from casework.domain.witnesses import witnesses
from casework.models import SigningKey

HEAD = """\
# 核对文书所用的公钥：根证书、吊销列表、日志公钥、见证方公钥。请与另行公布者核对。
# What our documents are checked with: the root certificate, the list of revoked certificates, the keys of the log and
# of its witnesses. Compare it with what was published elsewhere.
"""


def published_keys() -> str:
    """All of it as one text: PEM blocks, then vkeys, a line each. PkiError before there is a PKI
    or where its keys cannot be used, HolderAway where the list of revoked certificates waits for the signing worker."""
    keys = [f"{who}\n" for who in (*log_keys().published, *(who for who, _url in witnesses()))]
    return "".join((HEAD, root_certificate(), revoked_certificates(), *keys))


def root_certificate() -> str:
    return load_root(settings.PKI_FOLDER).pem


def revoked_certificates() -> str:
    """The root's list of the certificates that no longer hold (PEM). HolderAway where nobody can sign one now."""
    return key_holder(settings.PKI_FOLDER).revocation_list(revoked(), now())


def revoked(serials: Collection[str] | None = None) -> dict[str, datetime]:
    """Which certificates (of these) are revoked, and since when."""
    keys = SigningKey.objects.filter(revoked_at__isnull=False)
    if serials is not None:
        keys = keys.filter(serial__in=serials)
    return {serial: since for serial, since in keys.values_list("serial", "revoked_at") if since}
