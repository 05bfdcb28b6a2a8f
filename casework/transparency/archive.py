"""A place where what was signed is copied to and nothing is ever changed: storage that is written once.

`PLACE/KEY ID/SIZE.checkpoint` is a checkpoint with the signatures below it, `SIZE.tst` the time stamp over that file.
Who holds the storage's lock holds these; this code only never writes a name twice."""

import re
from pathlib import Path
from typing import Protocol

from django.utils.translation import gettext as _

from casework.transparency.archive_folder import FolderStorage
from casework.transparency.archive_problem import ArchiveProblem
from casework.transparency.notes import Verifier

__all__ = ["Archive", "ArchiveProblem", "archive_keys"]
CHECKPOINT, STAMP, VKEY = ".checkpoint", ".tst", "vkey"
_DIGITS = 19  # so that names are in the order of sizes
_KEY_ID = re.compile(r"[0-9a-f]{8}")


class Storage(Protocol):
    """Names of the form FOLDER/NAME, each written once. ArchiveProblem where the place is not to be had."""

    def folders(self) -> list[str]:
        """Those that something was written to."""

    def names(self, folder: str) -> list[str]:
        """Of what is there."""

    def read(self, folder: str, name: str) -> bytes | None:
        """What was written there first; None where nothing was."""

    def write(self, folder: str, name: str, data: bytes) -> None:
        """It is there, whole or not at all; what was there before still is, unchanged."""

    def written_over(self) -> list[str]:
        """The names that somebody wrote again, or deleted, where the storage remembers that."""

    def weakness(self) -> str:
        """What lets somebody change what is there, as far as the storage says; empty where nothing does."""


class Archive:
    """The copies of one log's checkpoints."""

    def __init__(self, place: Path | str, who: Verifier) -> None:
        self.place, self._who = place, who
        self.storage, self._folder = _storage(place), who.id.hex()

    def sizes(self) -> list[int]:
        """Of the checkpoints that are there, the smallest first."""
        return self._named(CHECKPOINT)

    def stamped(self) -> list[int]:
        """Those that have a time stamp, the smallest first."""
        return sorted(set(self._named(CHECKPOINT)) & set(self._named(STAMP)))

    def unstamped(self) -> list[int]:
        """Those that have no time stamp yet, the newest first: its stamp says most."""
        return sorted(set(self._named(CHECKPOINT)) - set(self._named(STAMP)), reverse=True)

    def checkpoint(self, size: int) -> bytes:
        note = self.storage.read(self._folder, _name(size, CHECKPOINT))
        if note is None:
            words = _("%(place)s: the copy of checkpoint %(size)d is not there")
            raise ArchiveProblem(words % {"place": self.place, "size": size})
        return note

    def stamp(self, size: int) -> bytes | None:
        return self.storage.read(self._folder, _name(size, STAMP))

    def add(self, size: int, note: str) -> None:
        """The checkpoint is there; one that was there before still is, unchanged."""
        self.storage.write(self._folder, VKEY, f"{self._who}\n".encode())
        self.storage.write(self._folder, _name(size, CHECKPOINT), note.encode())

    def add_stamp(self, size: int, token: bytes) -> None:
        self.storage.write(self._folder, _name(size, STAMP), token)

    def _named(self, kind: str) -> list[int]:
        stems = (name.removesuffix(kind) for name in self.storage.names(self._folder) if name.endswith(kind))
        return sorted(int(stem) for stem in stems if len(stem) == _DIGITS and stem.isdecimal())


def archive_keys(place: Path | str) -> dict[str, str]:
    """The vkeys of the logs that have copies there, by folder; empty where the file is missing. Other things may lie
    beside them."""
    storage = _storage(place)
    folders = [folder for folder in storage.folders() if _KEY_ID.fullmatch(folder)]
    return {folder: (storage.read(folder, VKEY) or b"").decode(errors="replace").strip() for folder in folders}


def _storage(place: Path | str) -> Storage:
    if isinstance(place, Path):
        return FolderStorage(place)
    try:
        from casework.transparency.archive_bucket import BucketStorage
    except ModuleNotFoundError:  # boto3 is an extra
        words = _("Expected boto3 for GONGDUAN_LOG_ARCHIVE, but it is not installed; install gongduan[s3]")
        raise ArchiveProblem(words) from None
    return BucketStorage(place)


def _name(size: int, kind: str) -> str:
    return f"{size:0{_DIGITS}d}{kind}"
