"""The demo's folder: taken only when it is new or a demo's, and emptied before the demo starts afresh."""

import shutil
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection, connections

from casework.models import Installation, Person

MARK = "demo.mark"  # written first, so that a demo that broke off half-way is known as one
RULING, AWARD = "ruling.pdf", "award.pdf"
FOLDERS = ("documents", "evidence", "log", "pki")


class ForeignHome(Exception):
    """What is there is not a demo's; nothing was touched."""


def start_afresh() -> None:
    """The folder holds its mark and no database, documents, evidence, keys or papers. ForeignHome, and nothing changed,
    when any of those is not a demo's."""
    home: Path = settings.HOME
    refuse_foreign(home)
    home.mkdir(parents=True, exist_ok=True)
    (home / MARK).write_text("This folder belongs to `make demo`, which empties it each time.\n")
    for name in FOLDERS:
        shutil.rmtree(home / name, ignore_errors=True)
    for paper in (RULING, AWARD):
        (home / paper).unlink(missing_ok=True)
    if database := database_file(home):
        connections.close_all()
        for suffix in ("", "-wal", "-shm"):
            database.with_name(database.name + suffix).unlink(missing_ok=True)


def refuse_foreign(home: Path) -> None:
    """Without the mark there is nothing yet; with it, the database says itself that it is a demo's, or has nobody."""
    file, marked = database_file(home), (home / MARK).exists()
    used = (file is None or file.exists()) and bool(connection.introspection.table_names())
    if file is None and used:
        raise ForeignHome("Expected an empty database for the demo, but it has tables; unset GONGDUAN_DATABASE_URL")
    found = [] if marked else [name for name in FOLDERS if (home / name).exists()]
    if file is not None and used and not (marked and _is_a_demos()):
        found.append(file.name)
    if found:
        raise ForeignHome(
            f"Expected a new folder or a demo's, but {home} has {', '.join(found)} of its own; "
            "set GONGDUAN_HOME to another folder, as `make demo` does"
        )


def database_file(home: Path) -> Path | None:
    """The SQLite file in the demo's folder; None for any other database, which is never deleted."""
    if connection.vendor != "sqlite":
        return None
    file = Path(connection.settings_dict["NAME"])
    return file if file.parent == home else None


def _is_a_demos() -> bool:
    """Marked as one, or broken off before it could be: then it has no person yet."""
    try:
        tables = connection.introspection.table_names()
        if Installation._meta.db_table in tables and Installation.objects.filter(demo=True).exists():
            return True
        return Person._meta.db_table not in tables or not Person.objects.exists()
    except DatabaseError:
        return False
