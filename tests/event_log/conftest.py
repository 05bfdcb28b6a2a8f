"""A few cases of every type, played once for all tests of the log."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.db import transaction

from casework.domain import now
from casework.domain.perform import perform
from tests.commands.conftest import nobody_at_the_terminal, token_of  # noqa: F401
from tests.conftest import Time, acting, forget
from tests.factories import arbitration, deliver_all, dispute, evaluation, recording
from tests.seen import case, sweep


@dataclass(frozen=True)
class Played:
    """`whole`: an arbitration that is over; `open`: a dispute under review; `withdrawn`: one that was taken back;
    `blind`: an arbitration whose panel still scores."""

    whole: str
    open: str
    withdrawn: str
    blind: str


@pytest.fixture(scope="module")
def played_once(django_db_setup, django_db_blocker) -> Iterator[Played]:
    """Only for tests that have the database by way of `played`."""
    with django_db_blocker.unblock(), transaction.atomic():
        token = now._fixed.set(None)
        forget()
        played = _play(Time())
        now._fixed.reset(token)
        yield played
        transaction.set_rollback(True)


@pytest.fixture
def played(played_once, db, time) -> Played:
    time.set("2026-11-20 09:00")
    return played_once


def _play(time: Time) -> Played:
    whole = arbitration(upto="awarded")
    perform(whole, "read", acting("ann"))
    deliver_all()
    time.set("2026-11-03 15:00")
    withdrawn = dispute()
    perform(withdrawn, "return_to_agent", acting("lee"), {"reasons": "请补充"})
    perform(withdrawn, "withdraw", acting("ann"))
    evaluation(publisher=None)
    time.set("2026-11-04 09:00")
    number = evaluation(reader=None)
    recording(number)
    time.set("2026-11-05 18:30")
    sweep()
    time.set("2026-11-06 09:00")
    opened = dispute(number)
    time.set("2026-11-10 18:30")
    sweep()
    deliver_all()
    assert (case(opened).state, case(opened).screening) == ("reviewing", "bypassed")
    return Played(whole, opened, withdrawn, arbitration())
