"""The cast, the time and the database that tests share."""

import contextlib
import os
import shutil
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import hypothesis
import pytest
from django.conf import settings
from django.db import OperationalError, connection, connections
from django.test.utils import setup_databases, teardown_databases
from django.utils import translation

from casework.documents import private_key
from casework.domain import directory, hours, now, policy
from casework.domain.actor import Actor, actor_for, system

# The same examples in every run, so that a change is judged by what it changed; GONGDUAN_RANDOM=1 goes hunting.
hypothesis.settings.register_profile("same", derandomize=True)
hypothesis.settings.load_profile("default" if os.environ.get("GONGDUAN_RANDOM") else "same")

# Locked as in production, at a cost that the thousands of signatures of a test run can bear (tests/hashers.py too).
private_key.ROUNDS = 2_000

# Before any test imports the product: a fault that some test is to find.
if fault := os.environ.get("GONGDUAN_PLANT"):
    from tests.faults.planted import plant

    plant(fault)

SHANGHAI = ZoneInfo("Asia/Shanghai")
BEFORE_ALL = datetime(2025, 1, 1, tzinfo=SHANGHAI)  # of what any test plays
DATA = Path(settings.BASE_DIR) / "demo" / "data"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What asks for a database is marked `database`; the rest is the same on either engine, and scripts/test runs it on
    one."""
    for item in items:
        if "django_db_setup" in getattr(item, "fixturenames", ()) or item.get_closest_marker("django_db"):
            item.add_marker("database")


@pytest.fixture(autouse=True)
def asked_for_a_database(request: pytest.FixtureRequest) -> Iterator[None]:
    """Before it ran, by whoever has one: else it would not be run on PostgreSQL."""
    yield
    if "django_db_setup" in request.fixturenames:
        assert request.node.get_closest_marker("database"), "let the test, or a fixture of its, name real_db or db"


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_modify_db_settings, django_db_blocker) -> Iterator[None]:
    """Every test starts with the organisation of demo/data, its rubrics and its policy, and a PKI.

    pytest-django's own fixture makes a test database only if some test asks for `db`; a run of tests that ask for
    `real_db` alone would then copy, and seed, the product's."""
    from casework.documents.pki import make_pki

    make_pki(settings.PKI_FOLDER, {"zh": "测试呼叫中心", "en": "Test contact centre"}, False, since=BEFORE_ALL)
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False, aliases={"default"})
        seed()
    yield
    with django_db_blocker.unblock(), contextlib.suppress(OperationalError):  # a failed test's thread may hold it
        teardown_databases(made, verbosity=0)


def seed() -> None:
    from casework.domain.policy import current_policy, register_current
    from casework.domain.staff import add_administrator, store_people
    from casework.imports.people import parse_people, parse_units
    from casework.imports.tables import read_table
    from workflows.evaluations.rubrics import register_rubrics

    units = parse_units(read_table((DATA / "units.csv").read_bytes())).units
    table = read_table((DATA / "people.csv").read_bytes())
    people = parse_people(table, [u.code for u in units], list(current_policy().roles))
    store_people(units, people, system())
    add_administrator("root", "root-password")
    register_rubrics()
    register_current()


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    """What processes hold in memory under a version never outlives a test, since tests roll versions back; nor does the
    language that a request left behind."""
    forget()
    translation.deactivate()
    yield
    forget()


@pytest.fixture(autouse=True)
def own_log(settings, tmp_path) -> None:
    """Every test's database has a log of its own, and so a key of its own."""
    settings.LOG_FOLDER = tmp_path / "log"


@pytest.fixture(scope="session")
def storage_server() -> Iterator[str]:
    """The address of another company's storage, which speaks S3."""
    from tests.bucket import storage

    with storage() as url:
        yield url


def forget() -> None:
    directory._held.clear()
    hours._compiled.cache_clear()
    policy._registered.clear()


class Time:
    """The time of a test: stands still until moved."""

    def __init__(self) -> None:
        self.set("2026-11-03 10:00")

    def set(self, text: str) -> datetime:
        """Local time in Shanghai, e.g. `2026-11-03 10:00` or with seconds."""
        now._fixed.set(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI))
        return now.now()

    def to(self, moment: datetime, seconds: float = 0) -> datetime:
        now._fixed.set(moment + timedelta(seconds=seconds))
        return now.now()

    def on(self, **delta: float) -> datetime:
        return self.to(now.now() + timedelta(**delta))


@pytest.fixture
def time() -> Iterator[Time]:
    """It is Tuesday 2026-11-03, 10:00 in Shanghai, and stays so until the test moves it."""
    token = now._fixed.set(None)
    yield Time()
    now._fixed.reset(token)


@pytest.fixture
def as_(db) -> Callable[..., Actor]:
    """`as_("ann")`: ann at the API's door, by token."""
    return acting


def acting(login: str, **values) -> Actor:
    from casework.models import Account

    account = Account.objects.select_related("person").get(username=login)
    actor = actor_for(account, door="api", authenticated="token")
    return Actor(**{**vars(actor), **values})


@pytest.fixture
def real_db(django_db_setup, django_db_blocker) -> Iterator[None]:
    """A database of the test's own, copied from the seeded one: real commits, threads and processes allowed."""
    with django_db_blocker.unblock(), _own_copy():
        yield


@pytest.fixture(scope="session")
def issued_once(django_db_setup, django_db_blocker) -> Iterator[tuple[str, str]]:
    """A database to be copied, in which a dispute of ann's was issued on Tuesday 2026-11-03 at 10:00; its number."""
    from tests.factories import dispute

    original, time = str(connection.settings_dict["NAME"]), now._fixed.set(None)
    with django_db_blocker.unblock():
        played = _copied(original)
        forget()
        try:
            Time()
            number = dispute(upto="issued")
        finally:
            connections.close_all()
            connection.settings_dict["NAME"] = original
            now._fixed.reset(time)
    yield played, number
    with django_db_blocker.unblock():
        _drop(played)


@pytest.fixture
def issued_db(issued_once, django_db_blocker) -> Iterator[str]:
    """As `real_db`, and that dispute is in it, its ledger not sealed yet; the dispute's number."""
    with django_db_blocker.unblock(), _own_copy(issued_once[0]):
        yield issued_once[1]


@contextlib.contextmanager
def own_database() -> Iterator[None]:
    """The same as `real_db`, and a time of its own, for what a module makes once."""
    time = now._fixed.set(None)
    try:
        with _own_copy():
            yield
    finally:
        now._fixed.reset(time)


@contextlib.contextmanager
def _own_copy(of: str = "") -> Iterator[None]:
    original = str(connection.settings_dict["NAME"])
    copy = _copied(of or original)
    forget()
    try:
        yield
    finally:
        connections.close_all()
        connection.settings_dict["NAME"] = original
        _drop(copy)


def _copied(original: str) -> str:
    connections.close_all()
    name = f"copy_{uuid.uuid4().hex[:12]}"
    if connection.vendor == "sqlite":
        name = str(Path(original).with_name(name + ".sqlite3"))
        for suffix in ("", "-wal"):
            if Path(original + suffix).exists():
                shutil.copy(original + suffix, name + suffix)
    else:
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{original}"')
    connection.settings_dict["NAME"] = name
    return name


def _drop(name: str) -> None:
    if connection.vendor == "sqlite":
        for suffix in ("", "-wal", "-shm"):
            Path(name + suffix).unlink(missing_ok=True)
        return
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def at_once(*calls: Callable[[], object]) -> list[object]:
    """All calls in threads of their own, started together; their results or exceptions, in order."""
    barrier, results = threading.Barrier(len(calls)), [None] * len(calls)

    def run(index: int, call: Callable[[], object]) -> None:
        barrier.wait()
        try:
            results[index] = call()
        except Exception as error:  # handed to the test as its result
            results[index] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.fixture
def in_force(settings) -> Iterator[Callable[[Path], str]]:
    """Puts the policy of a folder in force, as a release does."""

    def put(folder: Path) -> str:
        settings.POLICY_FOLDER = folder
        for remembered in (policy.current_policy, policy.current_digest, policy.pinned_policy):
            remembered.cache_clear()
        return policy.register_current()

    kept = settings.POLICY_FOLDER
    yield put
    put(kept)
