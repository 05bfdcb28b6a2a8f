import hashlib
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from casework.commands import DoorCommand
from casework.documents.holder import refuse_elsewhere
from casework.documents.pki import make_pki
from casework.domain.policy import current_policy
from casework.models import Installation


class Command(DoorCommand):
    help = _("Makes the organisation's root and seal if there are none; prints where, and the root's fingerprint.")

    def do(self, **_: Any) -> None:
        refuse_elsewhere()
        name = current_policy().organisation.name
        demo = Installation.objects.filter(demo=True).exists()
        pki = make_pki(settings.PKI_FOLDER, {"zh": name.zh, "en": name.en}, demo)
        root = x509.load_pem_x509_certificate(pki.root_pem.encode()).public_bytes(Encoding.DER)
        self.show({"folder": str(pki.folder), "demo": pki.demo, "root_sha256": hashlib.sha256(root).hexdigest()})
