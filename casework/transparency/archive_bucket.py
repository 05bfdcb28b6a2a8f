"""An archive in a bucket that speaks S3, with object lock.

Object lock keeps versions, not names: whoever may write can put another version before the one that is kept, or a mark
that it is deleted. So what was written first counts, and what came after is told."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError
from django.conf import settings
from django.utils.translation import gettext as _

from casework import s3
from casework.transparency.archive_problem import ArchiveProblem

# Somebody has written it, or is just writing it.
THERE = ("412", "PreconditionFailed", "409", "ConditionalRequestConflict")


class BucketStorage:
    """Keeps what `Storage` promises. What is there is listed once, and again after something was written."""

    def __init__(self, place: str) -> None:
        self._text = place
        self._listed: list[tuple[str, dict[str, Any]]] | None = None

    def folders(self) -> list[str]:
        return sorted({name.partition("/")[0] for name, _version in self._versions() if "/" in name})

    def names(self, folder: str) -> list[str]:
        found = (name.partition("/") for name, version in self._versions() if not version["is_marker"])
        return sorted({name for before, _slash, name in found if before == folder})

    def read(self, folder: str, name: str) -> bytes | None:
        whole = f"{folder}/{name}"
        found = [version for known, version in self._versions() if known == whole and not version["is_marker"]]
        if not found:
            return None
        with self._asking() as place:
            # Of one second, the last is older.
            first = min(reversed(found), key=lambda version: version["LastModified"])
            which = {"Bucket": place.bucket, "Key": first["Key"], "VersionId": first["VersionId"]}
            data: bytes = s3.client().get_object(**which)["Body"].read()
        return data

    def write(self, folder: str, name: str, data: bytes) -> None:
        if name in self.names(folder):  # not every bucket knows If-None-Match
            return
        with self._asking() as place:
            what = {"Bucket": place.bucket, "Key": place.key(f"{folder}/{name}"), "Body": data, "IfNoneMatch": "*"}
            try:
                s3.client().put_object(**what, **_retention(), ChecksumAlgorithm="SHA256")
            except ClientError as error:
                if s3.code_of(error) not in THERE:
                    raise
        self._listed = None

    def written_over(self) -> list[str]:
        times = Counter(name for name, _version in self._versions())
        return sorted(name for name, count in times.items() if count > 1)

    def weakness(self) -> str:
        with self._asking() as place:
            lock = s3.lock_of(place)
        if lock is None:
            return _("the bucket has no object lock: whoever may write to it can overwrite and delete the copies")
        if not lock and not settings.ARCHIVE_LOCK:
            return _("nothing says how long the bucket keeps the copies: set GONGDUAN_ARCHIVE_LOCK, or its default")
        return ""

    def _versions(self) -> list[tuple[str, dict[str, Any]]]:
        """(FOLDER/NAME, version) of all that is or was there."""
        if self._listed is None:
            with self._asking() as place:
                found = [(version["Key"].removeprefix(place.prefix), version) for version in s3.versions_of(place, "")]
                self._listed = found
        return self._listed

    @contextmanager
    def _asking(self) -> Iterator[s3.Place]:
        try:
            place = s3.place_of(self._text)
            with s3.asking(place):
                yield place
        except s3.BucketProblem as problem:
            raise ArchiveProblem(f"{self._text}: {problem}") from None


def _retention() -> dict[str, Any]:
    if not settings.ARCHIVE_LOCK:
        return {}
    mode, days = settings.ARCHIVE_LOCK
    return {"ObjectLockMode": mode, "ObjectLockRetainUntilDate": datetime.now(UTC) + timedelta(days=days)}
