"""However people, clocks and machines take turns, nobody leaves the law.

GONGDUAN_WALKS and GONGDUAN_STEPS make more and longer walks, GONGDUAN_RANDOM=1 other ones."""

import os
import random
from collections.abc import Iterator
from typing import Any

import hypothesis
import hypothesis.strategies as st
import pytest
from django.db import connection, transaction
from django.test import override_settings

from casework.domain import authority, directory
from casework.domain import perform as performing
from tests.conftest import Time, _copied, _drop, forget
from tests.factories import credential
from tests.laws import invariants
from tests.laws.walk import ARBITRATORS, DECK, Walk
from tests.laws.walk_starts import SIGNERS, STARTS
from tests.seen import revoke_all
from workflows.arbitration import panels

WALKS = int(os.environ.get("GONGDUAN_WALKS", "4"))
STEPS = int(os.environ.get("GONGDUAN_STEPS", "36"))
FAST = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEALS = 16
# Where some walk gets at the least: a walk on which nothing happens proves nothing.
REACHED = {
    "filed": ("disputes.ScoreDispute", "reviewing"), "ruled": ("arbitration.Arbitration", "scoring"),
    "alone": ("arbitration.Arbitration", "voting"), "voting": ("arbitration.Arbitration", "signing"),
    "awarded": ("arbitration.Arbitration", "final"),
}  # fmt: skip

ROOT = "evaluations.Evaluation"

cards = st.lists(st.tuples(st.sampled_from(DECK), st.integers(0, 999)), min_size=STEPS, max_size=STEPS)
gone = st.just(frozenset()) | st.frozensets(st.sampled_from(ARBITRATORS), max_size=len(ARBITRATORS))


def dealt(number: int) -> list[tuple[str, int]]:
    dice = random.Random(number)
    return [(dice.choice(DECK), dice.randrange(1000)) for _ in range(STEPS)]


@pytest.fixture(scope="module")
def roots(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, str]]:
    """Every start, played once in a database that the module has for itself: the evaluation's number by the start's
    name."""
    from casework.domain import now

    original, token = str(connection.settings_dict["NAME"]), now._fixed.set(None)
    with django_db_blocker.unblock(), override_settings(PASSWORD_HASHERS=FAST):
        copy = _copied(original)
        forget()
        try:
            Time()
            for login in SIGNERS:
                credential(login)
            yield {name: play() for name, play in STARTS.items()}
        finally:
            connection.close()
            connection.settings_dict["NAME"] = original
            _drop(copy)
            forget()
            now._fixed.reset(token)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """After every step, what it held in memory is what the database holds: nothing was changed in place."""
    record = performing._record

    def recorded(step: Any, family: Any) -> Any:
        result = record(step, family)
        for case in step.moved:
            row = type(case).objects.get(pk=case.pk)
            for field in case._meta.concrete_fields:
                held, kept = getattr(case, field.attname), getattr(row, field.attname)
                assert held == kept, (case.number, field.attname, held, kept)
        return result

    monkeypatch.setattr(performing, "_record", recorded)


@pytest.fixture
def repeatable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lot falls alike whenever a walk is repeated: the digest it is drawn with holds signatures and salts, which
    no run makes twice."""

    def place(case: Any, family: Any) -> str:
        return f"{case.seq or family.by_id[case.subject_id].seq}"

    monkeypatch.setattr(authority, "digest_before", place)
    monkeypatch.setattr(panels, "digest_before", place)


@pytest.mark.parametrize("start", STARTS)
def test_walk_when_anything_may_happen_never_leaves_the_law(start: str, roots, time, watched, repeatable):
    visited: set[tuple[str, str]] = set()
    refused: list[int] = []

    def walk_on(gone: frozenset[str], cards: list[tuple[str, int]]) -> None:
        directory._held.clear()
        time.set("2026-11-03 10:00")
        with transaction.atomic():
            walk = Walk(roots[start], time)
            try:
                for no in sorted(gone):
                    revoke_all(no, "arbitrator")
                for kind, seed in cards:
                    walk.play(kind, seed)
                walk.play("deliver", 0)
                invariants.check(roots[start])
            except BaseException:
                hypothesis.note("\n".join([start, *sorted(gone), *walk.trace]))
                raise
            finally:
                transaction.set_rollback(True)
        visited.update(walk.visited)
        refused.append(walk.refused)

    hypothesis.settings(
        max_examples=WALKS, deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck)
    )(hypothesis.given(gone=gone, cards=cards)(walk_on))()
    for deal in range(DEALS):  # which walks a run draws depends on what else it has loaded: go on until one gets there
        if REACHED[start] in visited:
            break
        walk_on(frozenset(), dealt(deal))
    assert REACHED[start] in visited and any(refused)
    if start != "filed":
        assert {label for label, _state in visited} == {label for label, _state in REACHED.values()} | {ROOT}
