"""What an import takes and gives, whichever door it comes through."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from casework.domain.actor import Actor


@dataclass(frozen=True)
class Upload:
    """A received file: its name as given, and where it lies."""

    name: str
    path: Path

    def read(self) -> bytes:
        return self.path.read_bytes()


@dataclass(frozen=True)
class Options:
    dry_run: bool = False
    partial: bool = False
    historical: bool = False
    sheet: str | None = None

    def chosen(self) -> set[str]:
        return {name for name, value in vars(self).items() if value}


@dataclass(frozen=True)
class Outcome:
    """`refused`: nothing was imported, the problems say why."""

    counts: dict[str, Any]
    problems: list[dict[str, Any]] = field(default_factory=list)
    refused: bool = False


@dataclass(frozen=True)
class ImportKind:
    """`may(actor, account)` raises NotPermitted; `run(uploads, actor, options)` imports; `options` are those it knows;
    `files` = (fewest, most)."""

    may: Callable[[Actor, Any], None]
    run: Callable[[list[Upload], Actor, Options], Outcome]
    options: frozenset[str] = frozenset()
    files: tuple[int, int] = (1, 1)
