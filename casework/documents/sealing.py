"""Who puts the organisation's seal on a document: the port behind which an outside provider may stand (ADR 0032)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from casework.documents.holder import key_holder
from casework.documents.pki import serial_of
from casework.documents.signing import sign


@dataclass(frozen=True)
class Sealed:
    """The file with the seal, every byte before it as it was, and the serial number of the seal's certificate."""

    file: bytes
    serial: str


class SealProvider(Protocol):
    """Made with the folder of this installation's certificates; only workers make one."""

    def __init__(self, folder: Path) -> None: ...

    def seal(self, pdf: bytes, field: str, *, reason: str, location: str, certify: bool, at: datetime) -> Sealed:
        """The file, sealed in that field, which is its last. `certify` where nobody signed before. DocumentError where
        it cannot be done now; it is tried again. Done twice, it may give two files, of which one is issued."""


class LocalSeal:
    """The seal of the organisation's own root, its key in a file or in a PKCS#11 token, with whoever holds the keys:
    PAdES B-B."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def seal(self, pdf: bytes, field: str, *, reason: str, location: str, certify: bool, at: datetime) -> Sealed:
        signer = key_holder(self._folder).seal(at)
        sealed = sign(pdf, field, signer, reason=reason, location=location, certify=certify, at=at)
        return Sealed(sealed, serial_of(signer.certificate))
