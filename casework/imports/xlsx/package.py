"""The zip around a workbook: what it says of itself is checked before any part of it is unpacked."""

from __future__ import annotations

import io
import posixpath
import zipfile
from typing import IO

from casework.imports.xlsx.refused import Refused
from casework.imports.xlsx.xml import attributes_at

MOST_PARTS = 1_000  # a workbook of 255 sheets with comments and drawings has fewer
MOST_UNPACKED = 100 * 1024 * 1024
HIGHEST_RATIO = 100  # XML of tables packs to a tenth or a twentieth
SMALL = 1024 * 1024  # below it the ratio says nothing
PLAIN_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
IS_ENCRYPTED = 1
RELATION, OVERRIDE = "Relationships/Relationship", "Types/Override"


class Package:
    """The parts of an Office file by name. Opened only if their number, sizes and names are believable."""

    def __init__(self, data: bytes) -> None:
        self._zip = zipfile.ZipFile(io.BytesIO(data))
        entries = self._zip.infolist()
        if len(entries) > MOST_PARTS:
            raise Refused("too_many_parts", limit=MOST_PARTS)
        unpacked = sum(entry.file_size for entry in entries)
        most = min(MOST_UNPACKED, SMALL + HIGHEST_RATIO * len(data))
        if unpacked > most:
            raise Refused("workbook_too_large", size=unpacked, limit=most)
        self._entries = {entry.filename.lower(): entry for entry in entries}
        if len(self._entries) < len(entries) or any(not _is_plain(entry.filename) for entry in entries):
            raise Refused("damaged_workbook")
        if any(entry.flag_bits & IS_ENCRYPTED for entry in entries):
            raise Refused("encrypted_workbook")
        self._types = _content_types(self)

    def __contains__(self, part: str) -> bool:
        return part.lower() in self._entries

    def open(self, part: str) -> IO[bytes]:
        """The unpacked part; reading it yields no more bytes than were declared."""
        if part not in self:
            raise Refused("damaged_workbook")
        return self._zip.open(self._entries[part.lower()])

    def main_part(self) -> str:
        """The workbook itself; refused if the file is something else or carries programs."""
        targets = [part for kind, part in self.relations("").values() if kind == "officeDocument"]
        main = next((part for part in targets if part in self), "")
        if "macroEnabled" in self._types.get(main.lower(), "") or any("vbaproject" in name for name in self._entries):
            raise Refused("workbook_with_macros")
        if self._types.get(main.lower()) != PLAIN_WORKBOOK:
            raise Refused("not_a_workbook")
        return main

    def relations(self, part: str) -> dict[str, tuple[str, str]]:
        """{id: (last word of the relation's type, part)}: what the part refers to inside the file."""
        folder, name = posixpath.split(part)
        listing = posixpath.join(folder, "_rels", f"{name}.rels")
        if listing not in self:
            return {}
        found = attributes_at(self.open(listing), RELATION)[RELATION]
        return {
            given.get("Id", ""): (given.get("Type", "").rpartition("/")[2], _resolved(folder, given.get("Target", "")))
            for given in found
            if given.get("TargetMode") != "External"
        }


def _content_types(package: Package) -> dict[str, str]:
    if "[Content_Types].xml" not in package:
        raise Refused("not_a_workbook")
    found = attributes_at(package.open("[Content_Types].xml"), OVERRIDE)[OVERRIDE]
    return {given.get("PartName", "").lstrip("/").lower(): given.get("ContentType", "") for given in found}


def _resolved(folder: str, target: str) -> str:
    return posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")


def _is_plain(name: str) -> bool:
    """Nothing is ever unpacked to a path, but a name that tries to climb out was not written by a spreadsheet."""
    return not (name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/"))
