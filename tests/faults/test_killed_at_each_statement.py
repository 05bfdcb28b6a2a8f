"""Whoever dies, and wherever: nothing is lost, nothing happens twice, nothing is half-done."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import override_settings

from tests.conftest import Time, forget
from tests.faults.aftermath import everything, settle
from tests.faults.killing import survives
from tests.faults.story import STEPS, Story, deliver_until_idle, elsewhere

FAST = ["django.contrib.auth.hashers.MD5PasswordHasher"]
MOST = 200


@pytest.fixture(scope="module")
def moments(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """The main job, played once: its moments by their names."""
    from casework.domain import now
    from tests.conftest import _drop

    token = now._fixed.set(None)
    with django_db_blocker.unblock(), override_settings(PASSWORD_HASHERS=FAST):
        with elsewhere(str(connection.settings_dict["NAME"])):
            story = Story()
            story.tell()
        now._fixed.reset(token)
        yield story.moments
        for moment in story.moments.values():
            _drop(moment.database)
        forget()


@pytest.fixture
def free(django_db_blocker: Any) -> Iterator[None]:
    """The tests bring databases of their own."""
    with django_db_blocker.unblock(), override_settings(PASSWORD_HASHERS=FAST):
        yield


@pytest.mark.parametrize("step", STEPS)
def test_whoever_is_killed_at_any_statement_and_asks_again_finds_it_done_once(step, moments, free, time, tmp_path):
    moment = moments[step]
    untroubled = aftermath(moment, time, tmp_path / "0")
    for nth in range(1, MOST):
        lived, found = aftermath(moment, time, tmp_path / str(nth), nth)
        assert found == untroubled[1], (step, nth)
        if lived:
            break
    assert 2 < nth < MOST - 1, "it was killed at nothing"


def aftermath(moment: Any, time: Time, files: Path, nth: int = MOST) -> tuple[bool, dict[str, Any]]:
    """The act was done in a process that died before its nth statement and asked for again; then the dust settled. All
    of it in a database and a folder of its own."""
    shutil.copytree(settings.EVIDENCE_FOLDER, files)
    with elsewhere(moment.database), override_settings(EVIDENCE_FOLDER=files):
        time.to(moment.at)
        lived = survives(nth, moment.act)
        moment.act()
        settle(time, papers=moment.act is deliver_until_idle)
        return lived, everything()
