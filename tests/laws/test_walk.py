"""However people, clocks and machines take turns, nobody leaves the law."""

import os
from typing import Any

import pytest

from casework.domain import perform as performing
from casework.domain.law import laws
from tests.laws import invariants
from tests.laws.walk import Walk

SEEDS = [int(seed) for seed in os.environ.get("GONGDUAN_WALKS", "1,2,3").split(",")]
STEPS = int(os.environ.get("GONGDUAN_STEPS", "60"))


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


@pytest.mark.parametrize("seed", SEEDS)
def test_walk_when_anything_may_happen_never_leaves_the_law(seed: int, db, time, watched):
    walk = Walk(seed, time)
    try:
        for _ in range(STEPS):
            walk.step()
    except BaseException:
        print("\n".join(walk.trace))
        raise
    walk.deliver()
    invariants.check_all()
    assert walk.done > STEPS / 4 and walk.refused
    assert {label for label, _state in walk.visited} == set(laws())
