"""The demo, run whole in a new folder by a process of its own, once for all tests."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from demo import script

PATIENCE = 400
DATABASE = "gongduan.sqlite3"


class Demo:
    """A demo's folder, the commands in it, and its database read without the product's code."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *words]
        return subprocess.run(
            command, env=self.env(**env), cwd=settings.BASE_DIR, timeout=PATIENCE, text=True, capture_output=True
        )

    def env(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GONGDUAN_", "LC_", "LANG"))}
        own = {"GONGDUAN_HOME": str(self.folder), "DJANGO_SETTINGS_MODULE": "casework.config.settings"}
        return {**kept, "PYTHONUTF8": "1", **own, **more}

    def rows(self, sql: str, *values: object) -> list[tuple]:
        with sqlite3.connect(f"file:{self.folder / DATABASE}?mode=ro", uri=True) as database:
            return database.execute(sql, values).fetchall()

    def copy(self, folder: Path) -> "Demo":
        """The same demo in another folder, for a worker to change; others may be writing here meanwhile."""
        shutil.copytree(self.folder, folder, ignore=shutil.ignore_patterns(f"{DATABASE}*"))
        with (
            closing(sqlite3.connect(self.folder / DATABASE)) as here,
            closing(sqlite3.connect(folder / DATABASE)) as there,
        ):
            here.backup(there)
        return Demo(folder)

    def story(self, prefix: str) -> str:
        """The number of the story's own evaluation, dispute or arbitration."""
        family = (
            "SELECT family_id FROM casework_case JOIN evaluations_evaluation ON case_ptr_id = id WHERE external_id = ?"
        )
        found = f"SELECT number FROM casework_case WHERE family_id = ({family}) AND number LIKE ?"
        return self.rows(found, script.EVALUATION, f"{prefix}-%")[0][0]

    def entries(self) -> Iterator[dict]:
        return (
            json.loads(entry) for (entry,) in self.rows("SELECT entry FROM casework_caseevent ORDER BY stream, seq")
        )


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Loaded once, also where several processes share the tests: the first to make the folder loads it."""
    if connection.vendor != "sqlite":
        pytest.skip("the demo brings a SQLite database of its own: it was run with the tests on SQLite")
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "demo-home"
    made, told = Demo(shared / "var"), shared / "told.json"
    try:
        shared.mkdir()
    except FileExistsError:
        end = time.monotonic() + PATIENCE
        while not told.exists():
            assert time.monotonic() < end, "the other process never finished the demo"
            time.sleep(0.2)
    else:
        done = made.run("load_demo")
        aside = told.with_suffix(".new")
        aside.write_text(json.dumps([done.returncode, done.stdout, done.stderr]))
        aside.rename(told)
    made.status, made.out, made.err = json.loads(told.read_text())
    return made
