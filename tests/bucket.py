"""Another company's storage: a server that speaks S3, a process of its own, with buckets in its memory."""

import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from casework import s3

SDK = {
    "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}  # fmt: skip


@pytest.fixture
def bucket(storage_server: str, monkeypatch, settings, tmp_path: Path) -> Iterator[str]:
    """The store lies in this one, which keeps versions."""
    settings.CACHE_FOLDER, settings.PEAKS_FOLDER = tmp_path / "cache", tmp_path / "peaks"
    with asked_at(storage_server, monkeypatch):
        name = new_bucket(versions=True)
        settings.STORE = f"s3://{name}/gongduan"
        yield name


@contextmanager
def storage() -> Iterator[str]:
    """Its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _wait_for(port: int) -> None:
    for _ in range(300):
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("the storage did not start")


@contextmanager
def asked_at(url: str, monkeypatch: Any, **sdk: str) -> Iterator[None]:
    """Whoever asks for a bucket asks there, with these settings of the SDK."""
    for name, value in {**SDK, "AWS_ENDPOINT_URL": url, **sdk}.items():
        monkeypatch.setenv(name, value)
    _forget()
    try:
        yield
    finally:
        _forget()


def _forget() -> None:
    if s3._client.cache_info().currsize:
        s3.client().close()
        s3.client(brief=True).close()
    s3._client.cache_clear()


def new_bucket(*, versions: bool = False, lock: bool = False) -> str:
    """Its name; with object lock it keeps versions, too."""
    name = f"files-{uuid.uuid4().hex[:12]}"
    s3.client().create_bucket(Bucket=name, ObjectLockEnabledForBucket=lock)
    if versions:
        s3.client().put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def keys_in(bucket: str) -> list[str]:
    """Of all that is or was there and was not removed for good."""
    return [found["Key"] for found in s3.versions_of(s3.Place(bucket, ""), "")]
