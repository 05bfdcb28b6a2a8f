"""A store in a bucket that speaks S3, which all machines ask.

A file is sent in one request with its SHA-256, which the bucket holds against what arrived; parts sent one by one would
leave it without a digest of the whole."""

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from botocore.exceptions import ClientError
from django.utils.translation import gettext as _

from casework import s3
from casework.store import cache
from casework.store.folder import copy, opened_as_it_is, opened_whole, written
from casework.store.port import FileProblem, StoreAway, altered, locked, missing

GONE = ("404", "NoSuchKey")


@dataclass(frozen=True)
class _Known:
    """What the bucket says of a file: its name for this version, its size, its SHA-256 where it was told one."""

    etag: str
    size: int
    sha256: str | None


class BucketStore:
    """PREFIX/NAME/AB/ABCD…, by digest. Keeps what the port promises; what is read in parts is read from a copy."""

    def __init__(self, place: str, name: str) -> None:
        self._text, self._name = place, name

    def put(self, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        with suppress(FileProblem):
            self.check(digest)
            return digest
        self._send(digest, data)
        return digest

    def adopt(self, file: Path, digest: str) -> None:
        with suppress(FileProblem):
            return self.check(digest)
        with opened_as_it_is(file, digest) as given:
            if hashlib.file_digest(given, "sha256").hexdigest() != digest:
                raise altered(digest)
            given.seek(0)
            self._send(digest, given)

    def get(self, digest: str) -> bytes:
        with self._asking() as place, self._there(place, digest):
            data: bytes = s3.client().get_object(**self._object(place, digest))["Body"].read()
        if hashlib.sha256(data).hexdigest() != digest:
            raise altered(digest)
        return data

    def opened(self, digest: str) -> BinaryIO:
        known = self._known(digest)
        place = cache.place_of(digest, known.etag)
        with suppress(FileProblem, OSError):  # another account's, say
            return opened_whole(place, digest)
        self._fetch(digest, known, place)
        try:
            return opened_whole(place, digest)
        except FileProblem:  # of the copy, which says nothing of the file
            raise StoreAway(_("Expected the copy that was just fetched, but it is gone; try again")) from None

    def check(self, digest: str) -> None:
        if self._known(digest).sha256 is None:
            self.opened(digest).close()

    def holds(self, digest: str) -> bool:
        with self._asking() as place:
            return any(not version["is_marker"] for version in self._versions(place, digest))

    def lock_on(self, digest: str) -> str:
        with self._asking() as place:
            for version in self._versions(place, digest):
                if not version["is_marker"] and (lock := self._lock(place, version)):
                    return lock
        return ""

    def remove(self, digest: str) -> None:
        cache.forget(digest)
        with self._asking() as place:
            for version in list(self._versions(place, digest)):
                which = {"Bucket": place.bucket, "Key": version["Key"], "VersionId": version["VersionId"]}
                try:
                    s3.client().delete_object(**which)
                except ClientError:
                    if not version["is_marker"] and (lock := self._lock(place, version)):
                        raise locked(digest, lock) from None
                    raise

    def kept_for(self) -> str:
        with self._asking() as place:
            s3.client(brief=True).head_bucket(Bucket=place.bucket)
            return s3.lock_of(place) or ""

    def _known(self, digest: str) -> _Known:
        """FileProblem where the file is missing, or the bucket itself says that it is another."""
        with self._asking() as place, self._there(place, digest):
            said = s3.client(brief=True).head_object(**self._object(place, digest), ChecksumMode="ENABLED")
            told = said.get("ChecksumSHA256", "") if said.get("ChecksumType") != "COMPOSITE" else ""
            sha256 = b64decode(told, validate=True).hex() if told and "-" not in told else None
            known = _Known(said["ETag"], said["ContentLength"], sha256)
        if known.sha256 not in (None, digest):
            raise altered(digest)
        return known

    def _fetch(self, digest: str, known: _Known, target: Path) -> None:
        cache.tidy(known.size)
        try:
            with self._asking() as place, self._there(place, digest), written(target) as out:
                copy(s3.client().get_object(**self._object(place, digest))["Body"], out, digest)
        except OSError as error:
            words = _("Expected room for a copy of the file, but %(folder)s has none: %(reason)s; make room, try again")
            raise StoreAway(words % {"folder": target.parent, "reason": error.strerror}) from None

    def _send(self, digest: str, data: bytes | BinaryIO) -> None:
        sha256 = b64encode(bytes.fromhex(digest)).decode()
        with self._asking() as place:
            s3.client().put_object(
                **self._object(place, digest), Body=data, ChecksumAlgorithm="SHA256", ChecksumSHA256=sha256
            )

    @contextmanager
    def _asking(self) -> Iterator[s3.Place]:
        try:
            place = s3.place_of(self._text)
            with s3.asking(place):
                yield place
        except s3.BucketProblem as problem:
            words = _("Expected the store of files to answer, but %(problem)s; try again, then tell the administrator")
            raise StoreAway(words % {"problem": problem}) from None

    @contextmanager
    def _there(self, place: s3.Place, digest: str) -> Iterator[None]:
        """A file that is not there is missing, if its bucket is."""
        try:
            yield
        except ClientError as error:
            if s3.code_of(error) not in GONE:
                raise
            s3.client(brief=True).head_bucket(Bucket=place.bucket)
            raise missing(digest) from None

    def _object(self, place: s3.Place, digest: str) -> dict[str, str]:
        return {"Bucket": place.bucket, "Key": place.key(self._path(digest))}

    def _versions(self, place: s3.Place, digest: str) -> Iterator[dict[str, Any]]:
        return s3.versions_of(place, self._path(digest))

    def _lock(self, place: s3.Place, version: dict[str, Any]) -> str:
        which = {"Bucket": place.bucket, "Key": version["Key"], "VersionId": version["VersionId"]}
        said = s3.client(brief=True).head_object(**which)
        if said.get("ObjectLockLegalHoldStatus") == "ON":
            return _("the bucket has it under a legal hold")
        until = said.get("ObjectLockRetainUntilDate")
        if until is None or until < datetime.now(UTC):
            return ""
        return _("the bucket's object lock keeps it until %(until)s") % {"until": until.isoformat()}

    def _path(self, digest: str) -> str:
        return f"{self._name}/{digest[:2]}/{digest}"
