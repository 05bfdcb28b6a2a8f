"""The keys of persons as a signing worker keeps them: a folder with a file each, locked by the person's credential."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from django.utils.translation import gettext as _

from casework.documents.errors import NoSuchKey, PkiError
from casework.documents.pki import IssuedCertificate
from casework.store.folder import written

BEGIN_KEY = "-----BEGIN ENCRYPTED PRIVATE KEY-----"


class KeyStore:
    """The folder, made if there is none (0700), and nobody else's while this process has it: whoever counts wrong
    secrets has to see them all. A file holds certificate and key; it is written whole (0600) or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            self._lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as problem:
            words = _("The keys in %(folder)s cannot be read: %(problem)s. Check the owner of the folder.")
            raise PkiError(words % {"folder": folder, "problem": problem.strerror}) from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            words = _("Expected the keys in %(folder)s for itself, but another signing worker has them; stop that one")
            raise PkiError(words % {"folder": folder}) from None
        for draft in folder.glob("tmp*"):  # of a process that was killed while it wrote
            draft.unlink()

    def close(self) -> None:
        os.close(self._lock)

    def count(self) -> int:
        return sum(1 for _file in self._folder.glob("*.pem"))

    def put(self, key: IssuedCertificate) -> None:
        with written(self._file(key.serial)) as out:
            out.write(f"{key.certificate_pem.strip()}\n{key.key_pem.strip()}\n".encode())

    def get(self, serial: str) -> IssuedCertificate:
        try:
            text = self._file(serial).read_text()
        except FileNotFoundError:
            words = _(
                "Expected a signing key for this certificate, but the signing worker has none; set the password or "
                "token anew, or run hand_over_keys if it was made before there was a signing worker"
            )
            raise NoSuchKey(words) from None
        certificate, _begin, key = text.partition(BEGIN_KEY)
        return IssuedCertificate(certificate, BEGIN_KEY + key, "", serial)

    def has(self, serial: str) -> bool:
        return self._file(serial).exists()

    def drop(self, serial: str) -> None:
        self._file(serial).unlink(missing_ok=True)

    def _file(self, serial: str) -> Path:
        return self._folder / f"{serial}.pem"
