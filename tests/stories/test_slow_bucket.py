"""Somebody is erased while the bucket is slow: nobody waits for that, and nothing goes but what was asked for."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connections

from casework import s3, store
from casework.domain import ledger
from casework.domain.erasing import erase_person
from casework.domain.errors import NotAllowedNow
from casework.models import CaseEvent, Delivery, Person
from casework.queries import evidence_of
from tests.bucket import asked_at, keys_in, new_bucket
from tests.conftest import acting
from tests.factories import evaluation
from tests.leaver import ended, office
from workflows.evaluations.models import Evaluation

QUESTIONS = ("ListObjectVersions", "HeadObject")
PATIENCE = 5.0  # seconds, of which a writer needs a hundredth


@pytest.fixture
def bucket(storage_server: str, real_db, time, monkeypatch, settings, tmp_path: Path) -> Iterator[str]:
    """All files lie in this one, which keeps versions."""
    for name in ("EVIDENCE", "DOCUMENT", "PEAKS", "CACHE"):
        setattr(settings, f"{name}_FOLDER", tmp_path / name.lower())
    with asked_at(storage_server, monkeypatch):
        settings.STORE = f"s3://{(name := new_bucket(versions=True))}"
        yield name


def while_asked(do: Callable[[], object]) -> None:
    """Before each answer of the bucket to a question that does this."""
    for client in (s3.client(), s3.client(brief=True)):
        for question in QUESTIONS:
            client.meta.events.register(f"before-send.s3.{question}", lambda **_: do() and None)


def written_by_another() -> bool:
    """Whether another writer gets through while we wait."""

    def write() -> None:
        try:
            ledger.note("org", "test", {"about": "meanwhile"})
        finally:
            connections.close_all()

    thread = threading.Thread(target=write)
    thread.start()
    thread.join(PATIENCE)
    waits = thread.is_alive()
    if waits:
        MUST_WAIT.append(thread)
    return not waits


MUST_WAIT: list[threading.Thread] = []


@pytest.mark.parametrize("rehearse", [True, False])
def test_erase_while_the_bucket_is_slow_lets_another_write(bucket: str, rehearse: bool):
    ended()
    through: list[bool] = []
    while_asked(lambda: through.append(len(through) > 3 or written_by_another()))
    told = erase_person(office(), "A1001", "本人来函", rehearse=rehearse)
    for thread in MUST_WAIT:
        thread.join()
    MUST_WAIT.clear()
    assert len(through) > 3 and all(through), through
    assert CaseEvent.objects.filter(stream="org", action="test").count() == 4
    assert bool(Person.objects.get(no="A1001").erased_at) is not rehearse
    left = {key.rsplit("/", 1)[1] for key in keys_in(bucket)}
    assert set(told.files) <= left if rehearse else not left & set(told.files)


def test_erase_of_what_somebody_else_came_to_need_meanwhile_is_refused_and_nothing_is_recorded(bucket: str):
    scored, paper = ended()
    heard = evidence_of(scored, acting("fang"))[-1]["sha256"]
    call, done = Evaluation.objects.get(number=scored).interaction_id, []

    def needed() -> None:
        if not done:
            done.append(evaluation(agent="A1002", reader="bo", interaction_id=call))

    while_asked(needed)
    with pytest.raises(NotAllowedNow, match="what is to go of A1001 has changed; try again") as refusal:
        erase_person(office(), "A1001", "本人来函")
    assert refusal.value.reason == "changed_meanwhile"
    assert Person.objects.get(no="A1001").erased_at is None
    assert not CaseEvent.objects.filter(action="person_erased").exists()
    assert not Delivery.objects.filter(kind="erase_files").exists()
    told = erase_person(office(), "A1001", "本人来函")
    assert told.files and heard not in told.files and store.evidence().get(heard)


def test_erase_twice_at_once_is_done_once(bucket: str):
    ended()
    first: list[object] = []

    def erased_first() -> None:
        if not first:
            first.append(None)
            first.append(erase_person(office("hua"), "A1001", "本人来函"))

    while_asked(erased_first)
    with pytest.raises(NotAllowedNow, match="has changed; try again"):
        erase_person(office(), "A1001", "本人来函")
    assert len(first) == 2 and CaseEvent.objects.filter(action="person_erased").count() == 1
