"""The recorder's forms leave the same rows: one statement (PostgreSQL), one a table (SQLite), one a row (the ORM)."""

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casework.domain.errors import Conflict
from casework.domain.recorder import Recorder
from casework.keys import new_key
from casework.models import Clock, ClockEntry, Delivery, Document, Family, Party, Person, PolicyVersion, Unit
from workflows.disputes.models import ScoreDispute
from workflows.evaluations.models import Evaluation

FORMS = ["cte", "statements", "orm"] if connection.vendor == "postgresql" else ["statements", "orm"]
MOMENT = datetime(2026, 11, 3, 2, 0, tzinfo=UTC)
MODELS = (Family, Evaluation, ScoreDispute, Party, Clock, ClockEntry, Delivery, Document)

plain_text = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=12)
moments = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)).map(lambda m: m.replace(tzinfo=UTC))
json_parts = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | plain_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(plain_text, inner, max_size=3),
    max_leaves=6,
)
json_values = st.lists(json_parts, max_size=3) | st.dictionaries(plain_text, json_parts, max_size=3)
scores = st.none() | st.integers(0, 20000).map(lambda n: Decimal(n) / 200).map(lambda d: d.quantize(Decimal("0.01")))
writes = st.fixed_dictionaries({
    "text": plain_text, "json": json_values, "moment": moments, "none": st.none() | moments, "score": scores,
    "flag": st.booleans(), "count": st.integers(0, 32767), "cases": st.integers(1, 3), "guarded": st.booleans(),
    "changed_text": plain_text, "changed_json": json_values, "changed_score": scores, "set": st.booleans(),
    "pending": st.none() | json_values,
})  # fmt: skip


def an_evaluation(family: Family, pk: int, w: dict[str, Any]) -> Evaluation:
    return Evaluation(
        id=pk, case_ptr_id=pk, number=f"T-{pk}", type="evaluations.Evaluation", family_id=family.pk,
        unit_id=Unit.objects.first().pk, policy_id=PolicyVersion.objects.first().pk, state="draft",
        opened_at=w["moment"], updated_at=w["moment"], fact_at=w["none"], external_id=f"X-{pk}",
        rubric_code="ten-item", rubric_version=1,
        interaction_id=f"I-{pk}", channel=w["text"], duration_s=w["count"], inspector_id=Person.objects.first().pk,
        agent_id=Person.objects.last().pk,
        scored_at=w["moment"], original=w["json"], current=w["json"], original_score=Decimal("84.00"), score=w["score"],
        band="", passed=w["flag"], restricted=w["flag"], purpose="recheck",
        pending_correction=w["pending"],
    )  # fmt: skip


def play(form: str, w: dict[str, Any], keys: itertools.count) -> None:
    """The same writes by any form: new cases of two tables with what hangs on them, changed, set, guarded."""
    family = Family(id=next(keys), version=1)
    recorder = Recorder()
    recorder.insert(family)
    cases = [an_evaluation(family, next(keys), w) for _ in range(w["cases"])]
    recorder.insert(*cases)
    person = Person.objects.order_by("id").last().pk
    parties, clocks = [], []
    for case in cases:
        parties.append(Party(id=next(keys), case_id=case.pk, person_id=person, role="agent", since=w["moment"]))
        clocks.append(
            Clock(
                id=next(keys),
                case_id=case.pk,
                name="objection",
                started_at=w["moment"],
                due_at=w["moment"],
                limit="2 workdays",
                calendar="office",
                pauses=[],
                steps=w["json"],
                state=Clock.State.RUNNING,
            )  # fmt: skip
        )
    recorder.insert(*parties, *clocks)
    cases[0].channel = "changed in time"
    recorder.update(cases[0], ("channel",))
    recorder.set(Clock, "id", [clocks[0].pk], {"state": "paused", "problem": w["changed_text"]})
    recorder.send(form)

    again = Recorder(guard=(family, "version") if w["guarded"] else None)
    last = cases[-1]
    last.current, last.score, last.closed_at = w["changed_json"], w["changed_score"], w["none"]
    again.update(last, ("current", "score"))
    again.update(last, ("closed_at",))
    parties[0].until, parties[0].ended_by = w["moment"], "released"
    again.update(parties[0], ("until", "ended_by"))
    if w["set"]:
        changes = {"due_at": w["moment"] + timedelta(days=1), "attempts": 3}
        again.set(Clock, "case_id", [case.pk for case in cases], changes)
    again.insert(
        ClockEntry(id=next(keys), clock_id=clocks[0].pk, kind="start", at=w["moment"], due_at=w["none"], event_seq=1),
        Delivery(
            id=next(keys), case_id=last.pk, kind="notify", payload=w["json"], dedup=f"d{last.pk}",
            created_at=w["moment"], due_at=w["moment"],
        ),
        Document(
            id=f"00000000-0000-4000-8000-{next(keys):012d}", case_id=last.pk, kind="ruling",
            snapshot=w["text"], snapshot_sha256="a", file_sha256="b", fields=w["json"], drafted_at=w["moment"],
        ),
    )  # fmt: skip
    again.send(form)


def rows() -> dict[str, list[dict[str, Any]]]:
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in MODELS}


@given(w=writes)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_forms_when_the_writes_are_the_same_leave_the_same_rows(w: dict[str, Any], db):
    left = {}
    for form in FORMS:
        with transaction.atomic():
            play(form, w, itertools.count(1))
            left[form] = rows()
            transaction.set_rollback(True)
    for form in FORMS[1:]:
        assert left[form] == left[FORMS[0]]
    kept = left[FORMS[0]]["Evaluation"][-1]
    assert (kept["current"], kept["score"]) == (w["changed_json"], w["changed_score"])
    assert left[FORMS[0]]["Family"][0]["version"] == (2 if w["guarded"] else 1)


@pytest.fixture
def family(db) -> Family:
    return Family.objects.create(id=new_key(), version=5)


@pytest.mark.parametrize("form", FORMS)
def test_guard_when_the_version_moved_on_writes_nothing(form: str, family: Family):
    Family.objects.filter(pk=family.pk).update(version=6)
    recorder = Recorder(guard=(family, "version"))
    recorder.insert(Family(id=new_key(), version=1))
    recorder.set(Clock, "id", [1], {"problem": "x"})
    before = rows()
    with pytest.raises(Conflict):
        recorder.send(form)
    assert rows() == before


@pytest.mark.parametrize("form", FORMS)
def test_guard_when_it_holds_raises_the_version_by_one(form: str, family: Family):
    recorder = Recorder(guard=(family, "version"))
    recorder.insert(Family(id=new_key(), version=1))
    recorder.send(form)
    family.refresh_from_db()
    assert family.version == 6
    with pytest.raises(Conflict):
        Recorder(guard=(Family(id=family.pk, version=5), "version")).send(form)


@pytest.mark.parametrize("form", FORMS)
def test_send_when_a_constraint_breaks_is_a_conflict_and_writes_nothing(form: str, family: Family):
    recorder = Recorder(guard=(family, "version"))
    fresh = Family(id=new_key(), version=1)
    recorder.insert(fresh, Family(id=family.pk, version=1))
    with pytest.raises(Conflict) as conflict, transaction.atomic():
        recorder.send(form)
    assert isinstance(conflict.value.__cause__, IntegrityError)
    family.refresh_from_db()
    assert family.version == 5 and not Family.objects.filter(pk=fresh.pk).exists()


@pytest.mark.parametrize("form", FORMS)
def test_send_when_nothing_was_asked_changes_nothing(form: str, family: Family):
    before = rows()
    Recorder().send(form)
    assert rows() == before


def test_update_when_the_row_is_new_is_written_as_it_is_when_sent(db, time):
    family = Family(id=new_key(), version=1)
    recorder = Recorder()
    recorder.insert(family)
    family.version = 9
    recorder.update(family, ("version",))
    recorder.send()
    assert Family.objects.get(pk=family.pk).version == 9


@pytest.mark.parametrize("form", FORMS)
def test_insert_when_values_are_dates_decimals_and_texts_keeps_them(form: str, db):
    """What JSON cannot say by itself comes back as it went in."""
    w = {
        "text": "犇\u2028'\"\\ {}", "json": {"é": [None, True, 2**53]}, "none": None,
        "moment": MOMENT.replace(microsecond=1), "score": Decimal("0.10"), "flag": True, "count": 32767, "cases": 1,
        "guarded": True, "changed_text": "%s %%",
        "changed_json": [], "changed_score": None, "set": True, "pending": None,
    }  # fmt: skip
    play(form, w, itertools.count(1))
    kept = Evaluation.objects.get()
    assert (kept.original, kept.scored_at, kept.fact_at) == (w["json"], w["moment"], None)
    assert (kept.score, kept.current) == (None, [])
    assert Clock.objects.get().problem == "%s %%" and Document.objects.get().snapshot == w["text"]
