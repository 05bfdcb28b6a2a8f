"""Every event gets its place in the log, once nothing that is still being written could come before it."""

from collections.abc import Iterable

from django.db import connection, models, transaction
from django.db.models import Exists, OuterRef, Q

from casework.domain.log_tree import size_of_log, stored_tile
from casework.models import CaseEvent, LogLeaf, Tile, Unsequenced
from casework.transparency import tiles
from casework.transparency.tree import leaf_hash

BATCH = 1000
LOCK = 7_301_962  # PostgreSQL's advisory lock of whoever writes the log


def sequence() -> int:
    """What is settled has its place in the log and its leaf in the tiles, in batches of BATCH; how many did."""
    done = 0
    while batch := _one_batch():
        done += batch
    return done


def alone() -> bool:
    """Nobody else writes the log until this transaction ends; False where somebody does. SQLite has one writer."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def _one_batch() -> int:
    if not Unsequenced.objects.exists():
        return 0  # before a transaction begins, which on SQLite makes all others wait
    with transaction.atomic():
        if not alone():
            return 0
        waiting = list(_settled().order_by("xid", "event_id").values_list("event_id", flat=True)[:BATCH])
        entries = dict(CaseEvent.objects.filter(pk__in=waiting).values_list("pk", "entry"))
        size = size_of_log()
        LogLeaf.objects.bulk_create(LogLeaf(index=size + n, event_id=pk) for n, pk in enumerate(waiting))
        _grow(size, [leaf_hash(entries[pk].encode()) for pk in waiting])
        Unsequenced.objects.filter(pk__in=waiting).delete()
    return len(waiting)


def _settled() -> models.QuerySet[Unsequenced]:
    """What no transaction that is still open can have been before: on PostgreSQL what was written by one older than the
    oldest that is open. Numbers from the future are those of another server, from which this database was restored."""
    # One whose event is gone stays in line, where verify_ledger finds it.
    waiting = Unsequenced.objects.filter(Exists(CaseEvent.objects.filter(pk=OuterRef("event_id"))))
    if connection.vendor != "postgresql":
        return waiting
    return waiting.filter(Q(xid__lt=_Number(OLDEST_OPEN)) | Q(xid__gte=_Number(NEXT)))


NEXT = "pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
# Transactions are numbered for all databases of a server: one that is seen to work in another is no concern of ours.
OLDEST_OPEN = f"""COALESCE((
  SELECT min(open::text::bigint) FROM pg_snapshot_xip(pg_current_snapshot()) AS open
  WHERE NOT EXISTS (
    SELECT 1 FROM pg_stat_activity AS other WHERE other.datname <> current_database()
      AND other.backend_xid::text::bigint = (open::text::bigint & 4294967295))), {NEXT})"""


class _Number(models.Func):
    """A number of PostgreSQL's, of a transaction."""

    output_field = models.BigIntegerField()

    def __init__(self, sql: str) -> None:
        super().__init__(template=sql)


def _grow(size: int, leaves: Iterable[bytes]) -> None:
    fresh = []
    for (level, number), hashes in tiles.grown(size, list(leaves), lambda place: stored_tile(*place)):
        if not Tile.objects.filter(level=level, number=number).update(hashes=hashes):
            fresh.append(Tile(level=level, number=number, hashes=hashes))
    Tile.objects.bulk_create(fresh)
