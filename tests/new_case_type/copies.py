"""A copy of the repository in which a guide is followed to the letter, and what that changed."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# A file stands under its name, a command in a block of `sh`; other blocks are only read.
BLOCK = re.compile(r"^(?:`(?P<file>[^`\n]+)`\n\n)?```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
MADE_BY_TOOLS = {".venv", "__pycache__", ".pytest_cache", ".ruff_cache", ".hypothesis", ".import_linter_cache", "var"}


@dataclass(frozen=True)
class Block:
    """`text` stands in `file`; without a file it is a command."""

    file: str
    text: str


def blocks(guide: Path) -> Iterator[Block]:
    """The files and commands of the guide, in its order."""
    for found in BLOCK.finditer(guide.read_text(encoding="utf-8")):
        if found["file"] or found["kind"] == "sh":
            yield Block(found["file"] or "", found["text"])


class Copy:
    """The repository as a developer has it: what git knows and what it would take, no caches, no data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        git = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(git, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")
        for name in filter(None, names):
            if (ROOT / name).is_file():  # deleted, and not committed yet
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, folder / name)
        (folder / ".venv").symlink_to(sys.prefix)
        self.before = self.files()

    def files(self) -> dict[str, str]:
        """Digests by path, but for what tools leave behind."""
        found = {}
        for file in self.folder.rglob("*"):
            name = file.relative_to(self.folder)
            if not MADE_BY_TOOLS & set(name.parts) and file.is_file():
                found[str(name)] = hashlib.sha256(file.read_bytes()).hexdigest()
        return found

    def changed(self) -> tuple[set[str], set[str]]:
        """(new files, files that are not as they were) since the copy was made."""
        now = self.files()
        return set(now) - set(self.before), {name for name, digest in self.before.items() if now.get(name) != digest}

    def write(self, block: Block) -> None:
        file = self.folder / block.file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.text, encoding="utf-8")

    def run(self, commands: str) -> str:
        """What the shell commands print; AssertionError with all of it when one fails."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GONGDUAN_", "PYTEST_"))}
        kept.pop("DJANGO_SETTINGS_MODULE", None)
        env = {**kept, "GONGDUAN_HOME": str(self.folder / "var"), "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            ["bash", "-euc", commands], cwd=self.folder, env=env, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert done.returncode == 0, f"{commands}\n{done.stdout}"
        return done.stdout
