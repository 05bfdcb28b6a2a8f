"""An archive in a folder: a WORM share, or whatever else is mounted and written once."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from django.utils.translation import gettext as _

from casework.transparency.archive_problem import ArchiveProblem


class FolderStorage:
    """Keeps what `Storage` promises; whether anything can be changed is between the storage and who keeps it."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def folders(self) -> list[str]:
        try:
            return sorted(folder.name for folder in self._place.iterdir() if folder.is_dir())
        except OSError as error:
            raise ArchiveProblem(f"{error.filename or self._place}: {error.strerror}") from None

    def names(self, folder: str) -> list[str]:
        self._must_be_there()
        return [file.name for file in (self._place / folder).glob("*")]

    def read(self, folder: str, name: str) -> bytes | None:
        file = self._place / folder / name
        try:
            return file.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ArchiveProblem(f"{file}: {error.strerror}") from None

    def write(self, folder: str, name: str, data: bytes) -> None:
        self._must_be_there()
        target = self._place / folder / name
        try:
            target.parent.mkdir(exist_ok=True)
            if target.exists():
                return
            handle, making = tempfile.mkstemp(prefix=".", dir=target.parent)
            try:
                with os.fdopen(handle, "wb") as out:
                    out.write(data)
                    out.flush()
                    os.fsync(out.fileno())
                os.chmod(making, 0o444)
                with suppress(FileExistsError):  # somebody else has just copied it
                    os.link(making, target)
            finally:
                os.unlink(making)
        except OSError as error:
            raise ArchiveProblem(f"{target}: {error.strerror}") from None

    def written_over(self) -> list[str]:
        return []

    def weakness(self) -> str:
        return ""

    def _must_be_there(self) -> None:
        """Made by whoever keeps the storage: a folder made here would stand where it is not mounted."""
        if not self._place.is_dir():
            raise ArchiveProblem(_("%(place)s is not there; is the storage mounted?") % {"place": self._place})
