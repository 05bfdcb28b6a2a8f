"""A pytest plugin for runs that are many: the test database is a copy of one in which the migrations are done.

`GONGDUAN_PREPARED` names it: a file of SQLite, or a database of the same PostgreSQL."""

import os
import shutil
from typing import Any

from django.db import connection
from django.test import utils


def setup_databases(**_options: Any) -> list[tuple[Any, str, bool]]:
    """As Django's: this process uses its own test database; what teardown_databases() needs."""
    prepared, used = os.environ["GONGDUAN_PREPARED"], connection.settings_dict["NAME"]
    name = connection.creation._get_test_db_name()
    if connection.vendor == "sqlite":
        shutil.copy(prepared, name)
    else:
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{prepared}"')
    connection.close()
    connection.settings_dict["NAME"] = name
    return [(connection, used, True)]


utils.setup_databases = setup_databases
