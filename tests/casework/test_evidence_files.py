"""Received files: what becomes part of a case stays, the rest goes."""

import os

import pytest
from django.conf import settings
from django.db import DatabaseError, transaction

from casework import queries
from casework.domain import evidence_files
from casework.domain.errors import InvalidInput, NotAllowedNow, NotPermitted, OutOfScope
from casework.domain.perform import perform
from casework.models import Evidence, Notice
from tests.conftest import acting
from tests.factories import STATEMENT, _arbitrate, advance, arbitration, deliver_all, dispute, panel, received


@pytest.fixture(autouse=True)
def store_of_its_own(tmp_path):
    before, settings.EVIDENCE_FOLDER = settings.EVIDENCE_FOLDER, tmp_path / "evidence"
    yield
    settings.EVIDENCE_FOLDER = before


def waiting() -> list[str]:
    folder = settings.EVIDENCE_FOLDER / "received"
    return [path.name for path in folder.iterdir()] if folder.exists() else []


def add(number: str, login: str, digest: str) -> None:
    perform(number, "add_evidence", acting(login), {"sha256": digest, "shows": "见附件"})


def test_file_when_received_and_left_for_a_day_is_swept_away(db, time):
    number = dispute()
    received(number, "ann")
    time.on(hours=23)
    assert evidence_files.sweep() == 0 and Evidence.objects.count() == len(waiting()) == 1
    time.on(hours=2)
    assert evidence_files.sweep() == 1 and Evidence.objects.count() == len(waiting()) == 0


def test_file_when_part_of_a_case_is_never_swept_away(db, time):
    number = dispute()
    digest = received(number, "ann")
    add(number, "ann", digest)
    for name in waiting():
        os.utime(settings.EVIDENCE_FOLDER / "received" / name, (0, 0))
    time.on(days=30)
    evidence_files.sweep()
    [item] = [item for item in queries.evidence_of(number, acting("ann")) if item["kind"] == "file"]
    with queries.evidence_file(number, item["sha256"], acting("ann"))[1] as file:
        assert file.read() == b"received" and waiting() == []


def test_file_when_it_waited_too_long_or_is_somebody_elses_is_not_taken(db, time):
    number = dispute()
    digest = received(number, "ann")
    with pytest.raises(InvalidInput, match="not received from you"):
        add(number, "ian", digest)
    time.on(hours=12)
    with pytest.raises(InvalidInput, match="not received from you"):
        add(number, "ann", digest)


def test_file_when_altered_on_the_way_is_not_taken(db, time):
    number = dispute()
    digest = received(number, "ann")
    [name] = waiting()
    (settings.EVIDENCE_FOLDER / "received" / name).write_bytes(b"altered")
    with pytest.raises(InvalidInput, match="send it again"):
        add(number, "ann", digest)
    assert not Evidence.objects.exclude(added_at=None).exists()


def test_evidence_when_added_stays_as_it_is_in_the_database(db, time):
    number = dispute()
    add(number, "ann", received(number, "ann"))
    rows = Evidence.objects.all()
    for change in ({"sha256": "0" * 64}, {"size": 1}, {"added_at": None}, {"relation": "inspector"}):
        with pytest.raises(DatabaseError, match="stay as it is"), transaction.atomic():
            rows.update(**change)
    with pytest.raises(DatabaseError, match="stay as it is"), transaction.atomic():
        rows.delete()
    rows.update(name="", shows="")  # words about a person may be erased


def test_arbitrator_sees_no_file_while_blind_and_no_name_of_it_afterwards(db, time):
    number = arbitration()
    digest = received(number, "ann", b"the agent's note")
    add(number, "ann", digest)
    first = next(iter(panel(number).values()))
    assert [item["kind"] for item in queries.evidence_of(number, acting(first))] in ([], ["recording"])
    with pytest.raises(OutOfScope):
        queries.evidence_file(number, digest, acting(first))
    assert [i["name"] for i in queries.evidence_of(number, acting("ian")) if i["kind"] == "file"] == ["note.txt"]
    with pytest.raises(NotPermitted):
        add(number, first, digest)


def test_panel_that_sees_is_told_whose_file_it_is_by_the_part_alone(db, time):
    paper = dispute()
    add(paper, "ann", received(paper, "ann", b"before the ruling"))
    for step in ("stated", "forwarded", "ruled", "signed", "issued"):
        advance(paper, step)
    number = arbitration(paper)
    add(number, "ian", received(number, "ian", b"the inspector's note"))
    for step in ("scored", "revealed"):
        _arbitrate(number, step, {}, {})
    first = next(iter(panel(number).values()))
    seen = [item for item in queries.evidence_of(number, acting(first)) if item["kind"] == "file"]
    assert [(item["label"], item["name"], item["by"]["no"]) for item in seen] == [
        ("File 1 of the Agent", None, None), ("File 1 of the Scoring inspector", None, None),
    ]  # fmt: skip


def test_notice_of_a_new_file_goes_to_the_other_side(db, time):
    number = dispute()
    add(number, "ann", received(number, "ann"))
    deliver_all()
    told = Notice.objects.filter(kind="evidence_added").values_list("person__no", flat=True)
    assert list(told) == ["Q202"]


def test_later_evidence_of_the_agent_is_refused_once_both_were_heard(db, time):
    number = dispute()
    perform(number, "forward", acting("lee"))
    add(number, "ann", received(number, "ann", b"while the inspector may be heard"))
    perform(number, "give_statement", acting("ian"), STATEMENT)
    with pytest.raises(NotAllowedNow, match="that time is over"):
        add(number, "ann", received(number, "ann", b"too late"))
