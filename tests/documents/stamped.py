"""Stamped editions of the ruling that tests sign, by openssl's authority; and what somebody may put beside a stamp."""

import io
import shutil
from collections.abc import Callable, Iterator

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, NameObject, StreamObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, append_signature_field
from pyhanko.sign.signers.pdf_signer import PdfTimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore

from casework.documents import edition, pki
from casework.documents.revocation import revocation_list
from casework.documents.signing import run
from casework.transparency.stamps import asked_over
from tests.time_authority import TimeAuthority, open_at

from .conftest import SIGNED_AT, Issued

Change = Callable[[IncrementalPdfFileWriter], None]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimeAuthority]:
    with open_at(tmp_path_factory.mktemp("time") / "tsa") as opened:
        yield opened


@pytest.fixture(scope="session")
def stamped(issued: Issued, keys: pki.Pki, authority: TimeAuthority, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = shutil.copytree(keys.folder, tmp_path_factory.mktemp("lists") / "keys")  # the list is kept beside the keys
    own = x509.load_pem_x509_crl(revocation_list(folder, {}, SIGNED_AT).encode())
    root = x509.load_pem_x509_certificate(keys.root_pem.encode())
    return edition.stamped_edition(
        issued.file, lambda digest: asked_over(authority.url, digest), authority.trusted,
        certificates=[root], lists=[own],
    ).file  # fmt: skip


def nothing(_writer: IncrementalPdfFileWriter) -> None:
    """Beside the stamp."""


def stamped_with(file: bytes, authority: TimeAuthority, change: Change = nothing, *, field: str = "timestamp") -> bytes:
    """The file with a revision that holds a store, a stamp, and that change."""
    writer = IncrementalPdfFileWriter(io.BytesIO(file))
    certificate = asn1_x509.Certificate.load(authority.trusted[0].public_bytes(Encoding.DER))
    DocumentSecurityStore.supply_dss_in_writer(writer, None, certs=[certificate])
    change(writer)
    stamper = edition._Stamper(lambda digest: asked_over(authority.url, digest))
    work = PdfTimeStamper(stamper, field).async_timestamp_pdf(writer, "sha256", bytes_reserved=edition.RESERVED)
    return bytes(run(work).getvalue())


def visible_field(writer: IncrementalPdfFileWriter) -> None:
    append_signature_field(writer, SigFieldSpec("timestamp", on_page=0, box=(72, 500, 400, 700)))


def something_else_in_the_store(writer: IncrementalPdfFileWriter) -> None:
    writer.root["/DSS"]["/Certs"].append(writer.add_object(StreamObject(stream_data=b"PK\3\4 a hidden file")))


def key_of_its_own_in_the_store(writer: IncrementalPdfFileWriter) -> None:
    writer.root["/DSS"][NameObject("/VRI")] = DictionaryObject({NameObject("/X"): ArrayObject()})


BESIDE = [visible_field, something_else_in_the_store, key_of_its_own_in_the_store]
