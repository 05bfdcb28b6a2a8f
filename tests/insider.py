"""Who has the database, and perhaps keys and folders, too; and who puts back an old backup."""

import hashlib
import json

from django.conf import settings as configured
from django.db import connection

from casework.canonical import canonical
from casework.domain.log_keys import log_key
from casework.models import CaseEvent, LogLeaf
from casework.transparency import key_folder, notes, tiles, tree


class Insider:
    """Has the database, without its guards, and knows the formats."""

    def __init__(self) -> None:
        self.cursor = connection.cursor()
        if connection.vendor == "postgresql":
            self.cursor.execute("SET session_replication_role = replica")
        else:
            self.cursor.execute("PRAGMA foreign_keys = OFF")
            self.cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            self.guards = dict(self.cursor.fetchall())
            for name in self.guards:
                self.cursor.execute(f"DROP TRIGGER {name}")

    def leave(self) -> None:
        """The guards stand again."""
        if connection.vendor == "postgresql":
            self.cursor.execute("SET session_replication_role = DEFAULT")
            return
        for sql in self.guards.values():
            self.cursor.execute(sql)
        self.cursor.execute("PRAGMA foreign_keys = ON")

    def do(self, sql: str, *values: object) -> None:
        self.cursor.execute(sql, values)

    def rewrite(self, event: CaseEvent, change: tuple[str, str]) -> None:
        """Another entry, and the whole chain behind it anew, up to the head that the case keeps."""
        previous = event.previous
        for later in CaseEvent.objects.filter(stream=event.stream, seq__gte=event.seq).order_by("seq"):
            text = later.entry.replace(*change) if later.pk == event.pk else later.entry
            entry = canonical({**json.loads(text), "previous": previous}).decode()
            digest = hashlib.sha256(entry.encode()).hexdigest()
            sql = "UPDATE casework_caseevent SET entry = %s, previous = %s, digest = %s WHERE id = %s"
            self.do(sql, entry, previous, digest, later.pk)
            previous = digest
        self.do("UPDATE casework_case SET head = %s WHERE number = %s", previous, event.stream.removeprefix("case:"))

    def drop_tail(self, number: str) -> None:
        """The last entry of a case as if it had never been, with its place and the state that it led to."""
        last, before = CaseEvent.objects.filter(stream=f"case:{number}").order_by("-seq")[:2]
        self.do("DELETE FROM casework_logleaf WHERE event_id = %s", last.pk)
        self.do("DELETE FROM casework_eventtext WHERE event_id = %s", last.pk)
        self.do("DELETE FROM casework_caseevent WHERE id = %s", last.pk)
        sql = "UPDATE casework_case SET seq = %s, head = %s, state = %s WHERE number = %s"
        self.do(sql, before.seq, before.digest, json.loads(before.entry)["to"], number)
        for index, pk in enumerate(LogLeaf.objects.order_by("index").values_list("event_id", flat=True)):
            self.do('UPDATE casework_logleaf SET "index" = -%s WHERE event_id = %s', index + 1, pk)
        self.do('UPDATE casework_logleaf SET "index" = -"index" - 1')

    def rebuild_tiles(self) -> None:
        leaves = [tree.leaf_hash(entry.encode()) for entry in entries()]
        self.do("DELETE FROM casework_tile")
        for (level, number), hashes in tiles.grown(0, leaves, {}.__getitem__):
            self.do("INSERT INTO casework_tile (level, number, hashes) VALUES (%s, %s, %s)", level, number, hashes)

    def sign_again(self, *, in_database: bool = True, in_folder: bool = False) -> None:
        """With the log's own key, the checkpoints that this tree would have had."""
        frontier = tree.Frontier()
        for entry in entries():
            frontier.add(tree.leaf_hash(entry.encode()))
        who, key = log_key(), key_folder.private(configured.LOG_FOLDER)
        body = notes.Checkpoint(who.name, frontier.size, frontier.root()).body
        note = notes.signed(body, [notes.signature(who, key, body)])
        if in_database:
            self.do("DELETE FROM casework_cosignature")
            self.do("DELETE FROM casework_checkpoint")
            sql = "INSERT INTO casework_checkpoint (size, root, note, at) VALUES (%s, %s, %s, %s)"
            self.do(sql, frontier.size, frontier.root().hex(), note, "2026-11-03 02:00:00+00:00")
        if in_folder:
            key_folder.remember(configured.LOG_FOLDER, note)


def entries() -> list[str]:
    return list(LogLeaf.objects.order_by("index").values_list("event__entry", flat=True))


class Backup:
    """The ledger's tables as they are now."""

    TABLES = ("cosignature", "checkpoint", "tile", "logleaf", "unsequenced", "caseevent", "streamhead", "witness")

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            for table in self.TABLES:
                cursor.execute(f"CREATE TABLE kept_{table} AS SELECT * FROM casework_{table}")

    def restore(self) -> None:
        insider = Insider()
        for table in self.TABLES:
            insider.do(f"DELETE FROM casework_{table}")
        for table in self.TABLES[::-1]:
            insider.do(f"INSERT INTO casework_{table} SELECT * FROM kept_{table}")
        insider.leave()
