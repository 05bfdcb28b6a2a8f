"""A disputed score from filing to the issued ruling, exported once for a module, with a witness; and who checks it."""

import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.test import override_settings

from casework.domain.perform import perform
from casework.exports.case_file import export_case
from casework.transparency import key_folder
from tests.conftest import Time, acting, own_database
from tests.factories import advance, dispute, received
from tests.witness import watched_by

OFFLINE = Path(settings.BASE_DIR) / "casework" / "offline"
ENGLISH, CHINESE = "C.UTF-8", "zh_CN.UTF-8"


@dataclass(frozen=True)
class Exported:
    """`folder` is the export unpacked, `other` that of another case; the keys are as their owners publish them."""

    zip: Path
    folder: Path
    other: Path
    log_key: Path
    witness_key: Path
    key: Ed25519PrivateKey

    @property
    def keys(self) -> tuple[str, ...]:
        return "--log-key", str(self.log_key), "--witness-key", str(self.witness_key)


@dataclass(frozen=True)
class Told:
    """What a verifier said: its exit status, the status of each check, the sentences, the last line."""

    code: int
    marks: dict[str, str]
    said: str
    verdict: str

    @property
    def failed(self) -> list[str]:
        return [name for name, mark in self.marks.items() if mark == "FAILED"]


@pytest.fixture(scope="module")
def exported(django_db_setup, django_db_blocker, tmp_path_factory) -> Exported:
    home = tmp_path_factory.mktemp("exported")
    places = {"LOG_FOLDER": home / "log", "EVIDENCE_FOLDER": home / "evidence"}
    with django_db_blocker.unblock(), override_settings(**places), own_database():
        Time()
        return _exported(home)


def _exported(home: Path) -> Exported:
    number = dispute()
    digest = received(number, "ann", "录音笔记\n".encode())
    perform(number, "add_evidence", acting("ann"), {"sha256": digest, "shows": "见第35秒"})
    for step in ("stated", "forwarded", "ruled", "signed", "issued"):
        advance(number, step)
    other = dispute(upto="issued")
    with watched_by(home / "witness", settings) as witness:
        return Exported(
            zip=exported_to(home / "case.zip", number),
            folder=unpacked(home / "case.zip", home / "case"),
            other=unpacked(exported_to(home / "other.zip", other), home / "other"),
            log_key=settings.LOG_FOLDER / "vkey",
            witness_key=witness.folder / "vkey",
            key=key_folder.private(settings.LOG_FOLDER),
        )


def exported_to(path: Path, number: str, login: str = "aud", *, with_evidence: bool = True) -> Path:
    """The case as a zip."""
    with path.open("w+b") as out:
        export_case(out, number, acting(login), with_evidence=with_evidence)
    return path


def unpacked(path: Path, folder: Path) -> Path:
    with zipfile.ZipFile(path) as package:
        package.extractall(folder)
    return folder


def by_python(where: Path | str, *options: str, language: str = ENGLISH, program: Path = OFFLINE / "verify.py") -> Told:
    return _told([sys.executable, str(program)], where, options, language)


def by_node(where: Path | str, *options: str, language: str = ENGLISH, program: Path = OFFLINE / "verify.mjs") -> Told:
    return _told(["node", str(program)], where, options, language)


def _told(program: list[str], where: Path | str, options: tuple[str, ...], language: str) -> Told:
    shell = {name: value for name, value in os.environ.items() if name not in ("LC_ALL", "LC_MESSAGES")}
    words = [*program, *([str(where)] if where else []), *options]
    done = subprocess.run(words, capture_output=True, env={**shell, "LANG": language}, timeout=60, check=False)
    *lines, verdict = done.stdout.decode().splitlines() or [""]
    marks = {line[9:19].strip(): line[:7].strip() for line in lines}
    said = "\n".join(line[21:] for line in lines) + done.stderr.decode()
    return Told(done.returncode, marks, said, verdict)
