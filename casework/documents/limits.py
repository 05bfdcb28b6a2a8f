"""What one piece of work in a child process may use before it is ended."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds of one job. The defaults leave the longest ruling we expect ample room."""

    cpu_seconds: int = 20
    wall_seconds: int = 40
    memory_mib: int = 1024  # of address space; a ruling of 36 criteria and 20 000 more characters needs below 300
    pages: int = 120
    file_mib: int = 25  # of a snapshot coming in or a PDF coming in or out

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


DEFAULT_LIMITS = Limits()
