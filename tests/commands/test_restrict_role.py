"""The application's role on PostgreSQL does everything that it has to, and nothing that could change what is kept."""

from collections.abc import Iterator

import pytest
from django.db import ProgrammingError, connection, transaction

from casework.domain.sealing import seal_ledger
from casework.domain.verification import verify_ledger
from tests.commands.conftest import refused, run
from tests.factories import dispute

ROLE = "gongduan_app_of_the_tests"


@pytest.fixture
def roles() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no roles")


@pytest.fixture
def role(roles: None, real_db: None) -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {ROLE}")
    yield ROLE
    with connection.cursor() as cursor:
        cursor.execute(f"RESET ROLE; DROP OWNED BY {ROLE}; DROP ROLE {ROLE}")


@pytest.fixture
def as_role(role: str) -> None:
    """What follows is done with the role's rights."""
    done = run("restrict_role", role)
    assert done.status == 0, done.err
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {role}")


def test_role_plays_a_whole_case_and_seals_it(as_role: None, time):
    dispute(upto="issued")
    assert seal_ledger()["signed"] and verify_ledger().ok


@pytest.mark.parametrize("statement", [
    "UPDATE casework_caseevent SET entry = ''", "DELETE FROM casework_caseevent", "TRUNCATE casework_caseevent CASCADE",
    "DELETE FROM casework_document", "TRUNCATE casework_document CASCADE", "DELETE FROM casework_case",
    "UPDATE casework_logleaf SET index = 0", "DELETE FROM casework_checkpoint",
    "UPDATE casework_checkpoint SET root = ''",
    "DELETE FROM casework_cosignature", "DELETE FROM casework_tile", "TRUNCATE casework_unsequenced",
    "UPDATE casework_policyversion SET digest = ''", "DELETE FROM casework_party", "DELETE FROM casework_clockentry",
    "ALTER TABLE casework_caseevent DISABLE TRIGGER ALL", "DROP TRIGGER casework_caseevent_kept ON casework_caseevent",
    "DROP TABLE casework_checkpoint", "INSERT INTO django_migrations (app, name, applied) VALUES ('a', 'b', now())",
    "SET session_replication_role = replica",
])  # fmt: skip
def test_role_changes_nothing_that_is_kept(as_role: None, statement: str):
    with pytest.raises(ProgrammingError, match="permission denied|must be owner"), transaction.atomic():
        connection.cursor().execute(statement)


def test_restricting_again_changes_nothing(role: str):
    first = run("restrict_role", role).json
    assert run("restrict_role", role).json == first
    assert {"casework_caseevent", "casework_checkpoint", "casework_logleaf"} <= set(first["append_only"])


def test_restrict_role_of_whoever_owns_the_tables_is_refused(role: str):
    refused(run("restrict_role", connection.settings_dict["USER"] or "postgres"), 2, "could do everything")
    refused(run("restrict_role", "nobody_of_that_name"), 2, "CREATE ROLE")


def test_restrict_role_on_sqlite_is_refused(db):
    if connection.vendor == "postgresql":
        pytest.skip("of the other engine")
    refused(run("restrict_role", ROLE), 2, "SQLite has no roles")
