"""A place where what was signed is copied to and nothing is ever changed: a folder on storage that is written once.

`FOLDER/KEY ID/SIZE.checkpoint` is a checkpoint with the signatures below it, `SIZE.tst` the time stamp over that file.
Who holds the storage's lock holds these; this code only never writes a name twice."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from django.utils.translation import gettext as _

from casework.transparency.notes import Verifier

CHECKPOINT, STAMP, VKEY = ".checkpoint", ".tst", "vkey"
_DIGITS = 19  # so that names are in the order of sizes


class ArchiveProblem(Exception):
    """The place cannot be read, or cannot be written to."""


class Archive:
    """The copies of one log's checkpoints."""

    def __init__(self, place: Path, who: Verifier) -> None:
        self.place, self._who = place, who
        self._folder = place / who.id.hex()

    def sizes(self) -> list[int]:
        """Of the checkpoints that are there, the smallest first."""
        return self._named(CHECKPOINT)

    def unstamped(self) -> list[int]:
        """Those that have no time stamp yet, the newest first: its stamp says most."""
        return sorted(set(self._named(CHECKPOINT)) - set(self._named(STAMP)), reverse=True)

    def checkpoint(self, size: int) -> bytes:
        return self._read(size, CHECKPOINT)

    def stamp(self, size: int) -> bytes | None:
        return self._read(size, STAMP) if (self._folder / _name(size, STAMP)).exists() else None

    def add(self, size: int, note: str) -> None:
        """The checkpoint is there; one that was there before still is, unchanged."""
        self._write(VKEY, f"{self._who}\n".encode())
        self._write(_name(size, CHECKPOINT), note.encode())

    def add_stamp(self, size: int, token: bytes) -> None:
        self._write(_name(size, STAMP), token)

    def _named(self, kind: str) -> list[int]:
        self._must_be_there()
        names = (file.name for file in self._folder.glob(f"*{kind}")) if self._folder.exists() else ()
        stems = (name.removesuffix(kind) for name in names)
        return sorted(int(stem) for stem in stems if len(stem) == _DIGITS and stem.isdecimal())

    def _read(self, size: int, kind: str) -> bytes:
        file = self._folder / _name(size, kind)
        try:
            return file.read_bytes()
        except OSError as error:
            raise ArchiveProblem(f"{file}: {error.strerror}") from None

    def _write(self, name: str, data: bytes) -> None:
        """Whole or not at all, and never over what is there."""
        self._must_be_there()
        try:
            self._folder.mkdir(exist_ok=True)
            if (self._folder / name).exists():
                return
            handle, making = tempfile.mkstemp(prefix=".", dir=self._folder)
            try:
                with os.fdopen(handle, "wb") as out:
                    out.write(data)
                    out.flush()
                    os.fsync(out.fileno())
                os.chmod(making, 0o444)
                with suppress(FileExistsError):  # somebody else has just copied it
                    os.link(making, self._folder / name)
            finally:
                os.unlink(making)
        except OSError as error:
            raise ArchiveProblem(f"{self._folder / name}: {error.strerror}") from None

    def _must_be_there(self) -> None:
        """Made by whoever keeps the storage: a folder made here would stand where it is not mounted."""
        if not self.place.is_dir():
            raise ArchiveProblem(_("%(place)s is not there; is the storage mounted?") % {"place": self.place})


def archive_keys(place: Path) -> list[str]:
    """The vkeys of the logs that have copies there."""
    try:
        return sorted((folder / VKEY).read_text().strip() for folder in place.iterdir() if folder.is_dir())
    except OSError as error:
        raise ArchiveProblem(f"{error.filename or place}: {error.strerror}") from None


def _name(size: int, kind: str) -> str:
    return f"{size:0{_DIGITS}d}{kind}"
