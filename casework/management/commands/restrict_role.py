"""What the application's role may do on PostgreSQL: just what the database's own guards allow."""

from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.commands import DoorCommand
from casework.domain.errors import InvalidInput

# Bits of pg_trigger.tgtype.
DELETE, UPDATE = 8, 16
# What the guards (casework_refuse) never allow stays out of the role's hands; by tables, since a role's rights are.
TABLES = """
SELECT c.relname, COALESCE(bit_or(t.tgtype) FILTER (WHERE p.proname = 'casework_refuse'), 0) AS refused
FROM pg_class c
LEFT JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal
LEFT JOIN pg_proc p ON p.oid = t.tgfoid
WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace
GROUP BY c.relname ORDER BY c.relname
"""
OWNS = "SELECT rolsuper, pg_has_role(oid, current_user, 'MEMBER') FROM pg_roles WHERE rolname = %s"
READ_ONLY = "django_migrations"


class Command(DoorCommand):
    help = gettext_lazy(
        "Leaves a role of PostgreSQL what the application needs, and nothing that could change the ledger or issued "
        "documents. To be run by the tables' owner after every migrate."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("role", help="who the application connects as; it owns nothing and is no superuser")

    def do(self, *, role: str, **_options: Any) -> None:
        _check(role)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(TABLES)
            rights = {table: _rights(table, refused) for table, refused in cursor.fetchall()}
            for statement in _statements(role, rights):
                cursor.execute(statement)
        kept = [table for table, given in rights.items() if given == ("SELECT", "INSERT")]
        self.show({"role": role, "tables": len(rights), "append_only": kept})


def _check(role: str) -> None:
    """The role is somebody else than the owner of the tables, who may always do everything."""
    if connection.vendor != "postgresql":
        raise InvalidInput(_("Expected PostgreSQL, but SQLite has no roles; its file is guarded by triggers alone"))
    with connection.cursor() as cursor:
        cursor.execute(OWNS, [role])
        found = cursor.fetchone()
    if found is None:
        words = _("Expected a role of the database, but there is no %(role)s; CREATE ROLE it first")
        raise InvalidInput(words % {"role": role})
    if any(found):
        words = _("Expected a role that owns no tables, but %(role)s could do everything; name another")
        raise InvalidInput(words % {"role": role})


def _rights(table: str, refused: int) -> tuple[str, ...]:
    if table == READ_ONLY:
        return ("SELECT",)
    also = [right for right, bit in (("UPDATE", UPDATE), ("DELETE", DELETE)) if not refused & bit]
    return ("SELECT", "INSERT", *also)


def _statements(role: str, rights: dict[str, tuple[str, ...]]) -> list[str]:
    quoted = connection.ops.quote_name
    who, schema = quoted(role), quoted(_schema())
    return [
        f"GRANT USAGE ON SCHEMA {schema} TO {who}",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {who}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {who}",
        *(f"GRANT {', '.join(given)} ON {quoted(table)} TO {who}" for table, given in rights.items()),
    ]


def _schema() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        return str(cursor.fetchone()[0])
