"""The files of the cases, by their SHA-256: documents, and evidence with the recordings. They lie in folders of this
machine or, where GONGDUAN_STORE says so, in a bucket that all machines ask (ADR 0035)."""

from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from casework.store.folder import FolderStore
from casework.store.port import PART, FileProblem, Store, StoreAway, StoreProblem

__all__ = [
    "PART", "FileProblem", "Store", "StoreAway", "StoreProblem", "documents", "documents_anywhere", "evidence",
    "evidence_anywhere",
]  # fmt: skip


def documents() -> Store:
    """Every version of every document: drafted, signed, sealed."""
    return _store("documents", settings.DOCUMENT_FOLDER)


def evidence() -> Store:
    """Recordings, and what parties added."""
    return _store("evidence", settings.EVIDENCE_FOLDER)


def documents_anywhere() -> list[Store]:
    """Where they lie and, with a bucket, where they may still lie from before it."""
    return [documents(), *([FolderStore(settings.DOCUMENT_FOLDER)] if settings.STORE else [])]


def evidence_anywhere() -> list[Store]:
    return [evidence(), *([FolderStore(settings.EVIDENCE_FOLDER)] if settings.STORE else [])]


def _store(name: str, folder: Path) -> Store:
    if not settings.STORE:
        return FolderStore(folder)
    try:
        from casework.store.bucket import BucketStore
    except ModuleNotFoundError:  # boto3 is an extra
        raise StoreAway(_("Expected boto3 for GONGDUAN_STORE, but it is not installed; install gongduan[s3]")) from None
    return BucketStore(settings.STORE, name)
