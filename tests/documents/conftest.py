"""One PKI, one drawn and signed ruling for all document tests: drawing and key making are the slow part."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from casework.documents import fields, pki, render, signer, signing, snapshot
from casework.documents.check import Expected

from .sample import ruling

SECRET = "a secret of 秦明"
SIGNED_AT = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Issued:
    """A signed ruling with everything a test may want to hold against it."""

    snapshot: dict[str, Any]
    draft: bytes
    first_signed: bytes
    file: bytes
    root_pem: str
    expected: Expected


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> pki.Pki:
    return pki.make_pki(tmp_path_factory.mktemp("pki") / "keys", ruling()["organisation"], demo=True, since=SIGNED_AT)


@pytest.fixture(scope="session")
def reviewer(keys: pki.Pki) -> pki.IssuedCertificate:
    return pki.issue_person_certificate(keys.folder, "秦明", "M401", SECRET, demo=True, since=SIGNED_AT)


@pytest.fixture(scope="session")
def reviewer_signer(reviewer: pki.IssuedCertificate) -> signer.LocalSigner:
    return signer.LocalSigner.from_encrypted(reviewer.certificate_pem, reviewer.key_pem, SECRET, reviewer.chain_pem)


@pytest.fixture(scope="session")
def ruling_pdf() -> bytes:
    return render.render("disputes/documents/ruling.html", ruling())


@pytest.fixture(scope="session")
def issued(
    keys: pki.Pki, reviewer: pki.IssuedCertificate, reviewer_signer: signer.LocalSigner, ruling_pdf: bytes
) -> Issued:
    data = ruling()
    draft = fields.add_signature_fields(ruling_pdf, fields.fields_for(data))
    seal = signer.seal_signer(keys.folder, SIGNED_AT)
    words = {"location": "上海", "at": SIGNED_AT}
    first = signing.sign(draft, "reviewer", reviewer_signer, reason="裁定", certify=True, **words)
    file = signing.sign(first, "organisation", seal, reason="出具", certify=False, **words)
    return Issued(
        data,
        draft,
        first,
        file,
        keys.root_pem,
        {
            "sha256": hashlib.sha256(file).hexdigest(),
            "issued_at": SIGNED_AT,
            "fields": [
                {"name": "reviewer", "serial": reviewer.serial},
                {"name": "organisation", "serial": pki.serial_of(seal.certificate)},
            ],
            "snapshot_sha256": snapshot.digest(data),
        },
    )


@pytest.fixture
def on_disk(tmp_path: Path):
    """Writes bytes to a file that the command-line tools can read."""

    def write(data: bytes, name: str = "document.pdf") -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write
