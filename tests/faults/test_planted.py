"""Every fault that is planted in the product is found, by the test that is there for it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection

from tests.faults.planted import plants

Run = tuple[int, str]
Runner = Callable[..., Run]
PYTEST = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "tests.faults.prepared"]


def database(name: str) -> str:
    """The address of the database of that name; SQLite's is a file."""
    address = urlsplit(os.environ.get("GONGDUAN_DATABASE_URL", ""))
    return address._replace(path=f"/{name}").geturl() if connection.vendor == "postgresql" else f"sqlite:///{name}"


def process(command: list[str], address: str, **environment: str) -> Run:
    """The exit status and the output."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment = {**kept, "GONGDUAN_DATABASE_URL": address, **environment}
    done = subprocess.run(
        command, cwd=settings.BASE_DIR, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=600,
    )  # fmt: skip
    return done.returncode, done.stdout


@pytest.fixture(scope="module")
def run(tmp_path_factory, django_db_blocker) -> Iterator[Runner]:
    """Runs tests in a process and a database of their own, with a plant if one is named. The migrations, which take
    longer than the tests, are done once for all."""
    prepared = str(tmp_path_factory.mktemp("prepared") / "db.sqlite3")
    if connection.vendor == "postgresql":
        prepared = f"prepared_{os.getpid()}"
        with django_db_blocker.unblock(), connection._nodb_cursor() as cursor:
            cursor.execute(f'CREATE DATABASE "{prepared}"')
    status, output = process([sys.executable, "manage.py", "migrate", "-v0"], database(prepared))
    assert status == 0, output

    def run(*tests: str, plant: str = "") -> Run:
        own = database(f"{prepared}_{plant}")  # two runs' test databases are not to have one name
        return process([*PYTEST, *tests], own, GONGDUAN_PLANT=plant, GONGDUAN_PREPARED=prepared)

    yield run
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{prepared}" WITH (FORCE)')


@pytest.fixture(scope="module")
def runs(request, run: Runner) -> Iterator[dict[str, Future[Run]]]:
    """The run of every plant that is asked for, as many at a time as there are processors."""
    params = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    wanted = [given["planted"] for given in params if "planted" in given]
    pool = ThreadPoolExecutor(os.cpu_count())
    yield {name: pool.submit(run, plants()[name].found_by, plant=name) for name in wanted}
    pool.shutdown(cancel_futures=True)


# What is judged is judged in memory, without a database: once is enough.
PLANTED = [name for name, plant in plants().items() if connection.vendor == "sqlite" or not plant.judges]


@pytest.mark.parametrize("planted", PLANTED)
def test_fault_when_planted_is_found_by_its_test(planted: str, runs: dict[str, Future[Run]]):
    status, output = runs[planted].result()
    summary = output.splitlines()[-1]
    assert (status, "1 failed" in summary, "error" in summary) == (1, True, False), output
    told = [line for line in output.splitlines() if line.startswith("E ")]
    assert any(plants()[planted].said in line for line in told), output


def test_tests_when_nothing_is_planted_pass(run: Runner):
    status, output = run(*sorted({plant.found_by for plant in plants().values()}))
    assert status == 0, output


def test_run_when_there_is_no_such_plant_says_so(run: Runner):
    status, output = run("tests/casework/test_ledger.py", plant="weeds")
    assert status not in (0, 1) and "'weeds' is none" in output
