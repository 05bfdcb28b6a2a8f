"""Buckets that speak S3. Address, region and credentials are the SDK's own settings (AWS_ENDPOINT_URL, AWS_REGION,
AWS_ACCESS_KEY_ID …), so whatever it can do to get credentials can be done here. Needs the extra `s3`."""

import binascii
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.utils.translation import gettext as _

# Buckets of other makers do not know the SDK's own checksums; where it counts, what is sent names its SHA-256.
CONFIG = Config(
    connect_timeout=2, read_timeout=20, retries={"total_max_attempts": 2, "mode": "standard"},
    request_checksum_calculation="when_required", response_checksum_validation="when_required",
)  # fmt: skip
BRIEF = CONFIG.merge(Config(read_timeout=2))
NAME = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:/[\w!.*'()=-]+)*)/?", re.ASCII)
NOT_LET_IN = ("401", "403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken")


class BucketProblem(Exception):
    """The bucket does not answer, or not to us, in words."""


@dataclass(frozen=True)
class Place:
    """A bucket, and what the names of all that is ours in it begin with."""

    bucket: str
    prefix: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def key(self, name: str) -> str:
        return self.prefix + name


def place_of(text: str) -> Place:
    """`s3://BUCKET/PREFIX`, the prefix may be left out; BucketProblem for anything else."""
    found = NAME.fullmatch(text)
    if found is None:
        words = _("Expected s3://BUCKET/PREFIX, but it is '%(text)s'; correct the setting")
        raise BucketProblem(words % {"text": text[:100]})
    prefix = found[2].strip("/")
    return Place(found[1], f"{prefix}/" if prefix else "")


def client(*, brief: bool = False) -> Any:
    """For this process alone: connections are not shared with a child that it forks. `brief`: for questions with short
    answers, for which somebody may be waiting; silence ends them within some 5 seconds."""
    return _client(os.getpid(), brief)


@lru_cache(maxsize=2)
def _client(_process: int, brief: bool) -> Any:
    return Session().client("s3", config=BRIEF if brief else CONFIG)


@contextmanager
def asking(place: Place) -> Iterator[None]:
    """Whatever the bucket answers that nobody here expected, and silence, is a BucketProblem."""
    try:
        yield
    # An address that is none is a ValueError, the SDK follows a server that redirects in circles, and what an answer
    # should have said may be missing from it.
    except (ClientError, BotoCoreError, ValueError, RecursionError, KeyError) as error:
        values = {"bucket": place.bucket, "reason": _reason(error)}
        raise BucketProblem(_("bucket %(bucket)s cannot be used: %(reason)s") % values) from None


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def lock_of(place: Place) -> str | None:
    """How long the bucket itself keeps whatever is written to it, as `COMPLIANCE 30 Days`; empty where it has object
    lock and leaves that to who writes; None where it has none."""
    with asking(place):
        try:
            answer = client(brief=True).get_object_lock_configuration(Bucket=place.bucket)
        except ClientError as error:
            if code_of(error) in ("ObjectLockConfigurationNotFoundError", "NotImplemented"):
                return None
            raise
        found = answer["ObjectLockConfiguration"]
        if found.get("ObjectLockEnabled") != "Enabled":
            return None
        rule = found.get("Rule", {}).get("DefaultRetention", {})
        unit = next((unit for unit in ("Days", "Years") if rule.get(unit)), "")
        return f"{rule['Mode']} {rule[unit]} {unit}" if unit else ""


def versions_of(place: Place, name: str) -> Iterator[dict[str, Any]]:
    """Everything that is or was there under names that begin so, the newest of each first; `is_marker` where it only
    says that the name was deleted."""
    for page in client().get_paginator("list_object_versions").paginate(Bucket=place.bucket, Prefix=place.key(name)):
        for kind in ("Versions", "DeleteMarkers"):
            for found in page.get(kind, ()):
                yield {**found, "is_marker": kind == "DeleteMarkers"}


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError | binascii.Error):
        return _("it does not answer as S3 does")
    if not isinstance(error, ClientError):
        return str(error)[:300]
    code, said = code_of(error), str(error.response.get("Error", {}).get("Message", ""))
    if code in ("404", "NoSuchBucket"):
        return _("it does not exist")
    if code in NOT_LET_IN:
        return _("it does not let us in (%(said)s); check the credentials and what they may do") % {"said": said[:200]}
    return f"{code}: {said}"[:300]
