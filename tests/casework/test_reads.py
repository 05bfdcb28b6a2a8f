"""Whose reading of a case is recorded, and that no door to what a case contains forgets it."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from casework import queries, store
from casework.domain.actor import Actor, system
from casework.domain.authority import bars_in
from casework.domain.directory import directory
from casework.domain.errors import OutOfScope
from casework.domain.perform import perform
from casework.domain.reading import read_family
from casework.domain.reads import record_read
from casework.domain.sealing import seal_ledger
from casework.domain.staff import grant
from casework.models import CaseEvent, CaseRead, Document, Unit
from tests.api.conftest import Caller
from tests.api.test_door_api import BASE
from tests.commands.conftest import nobody_at_the_terminal, run, token_of  # noqa: F401
from tests.conftest import acting
from tests.factories import advance, arbitration, blind_scores, deliver_all, dispute, evaluation, panel, recording
from tests.seen import person
from workflows.evaluations.models import Recording

UNREAD = {"/cases/{number}/actions"}  # what may be done, with no content of the case
BY_CASE: dict[str, Callable[[str, Actor], object]] = {
    "show_case": queries.show_case, "events_of": queries.events_of, "clocks_of": queries.clocks_of,
    "documents_of": queries.documents_of, "evidence_of": queries.evidence_of,
}  # fmt: skip


def reads() -> set[tuple[str, str]]:
    """(case, staff number) of every recorded reading."""
    return set(CaseRead.objects.values_list("case__number", "person__no"))


def told() -> list[tuple[str, str]]:
    """(case, staff number) of every `read` in the access stream, in order."""
    entries = map(json.loads, CaseEvent.objects.filter(stream="access", action="read").values_list("entry", flat=True))
    return [(entry["data"]["case"], entry["actor"]) for entry in sorted(entries, key=lambda entry: entry["seq"])]


def also(no: str, role: str) -> None:
    """The person holds that role over the whole centre besides."""
    grant(person(no), role, Unit.objects.get(code="OC"), system())


@pytest.mark.parametrize("name", BY_CASE)
def test_read_when_somebody_else_s_case_is_opened_is_recorded_once(name, db, time):
    number = evaluation()
    aud = acting("aud")
    for _ in range(3):
        BY_CASE[name](number, aud)
    assert reads() == {(number, aud.no)}
    assert told() == [(number, aud.no)]


def test_read_when_repeated_costs_what_it_costs_a_party(db, time):
    number = dispute()
    lee, aud = acting("lee"), acting("aud")
    queries.show_case(number, lee)
    queries.show_case(number, aud)
    spent = {}
    for actor in (lee, aud):
        with CaptureQueriesContext(connection) as asked:
            queries.show_case(number, actor)
        spent[actor.no] = len(asked)
    assert spent[lee.no] == spent[aud.no] and reads() == {(number, aud.no)}


def test_read_by_the_parties_is_not_recorded(db, time):
    number = dispute()
    family = [number, *(case["number"] for case in queries.show_case(number, acting("ann"))["family"])]
    for login in ("ann", "ian", "lee"):
        for each in family:
            queries.show_case(each, acting(login))
    assert len(family) == 2 and reads() == set()


def test_read_by_a_machine_is_not_recorded(db, time):
    queries.show_case(evaluation(), acting("aud", is_machine=True))
    assert reads() == set()


def test_read_of_lists_and_actions_is_not_recorded(db, time):
    number = evaluation()
    aud = acting("aud")
    assert queries.case_list(aud.person_id)["cases"] and queries.inbox(aud.person_id, "team")["tasks"]
    assert queries.actions_for(number, aud)
    assert reads() == set()


def test_read_when_refused_is_not_recorded(db, time):
    number = dispute(upto="forwarded")
    with pytest.raises(OutOfScope):
        queries.show_case(number, acting("bo"))
    advance(number, "ruled")
    deliver_all()
    draft = Document.objects.get()
    assert CaseRead.objects.count() == 0
    for login in ("ann", "bo"):
        with pytest.raises(OutOfScope):
            queries.show_document(str(draft.pk), acting(login))
    with pytest.raises(OutOfScope):
        queries.evidence_file(number, "0" * 64, acting("bo"))
    assert reads() == set()
    assert queries.show_document(str(draft.pk), acting("aud")) and reads() == {(number, acting("aud").no)}


def test_read_when_two_open_the_case_at_once_is_recorded_for_each(db, time):
    number = evaluation()
    aud = acting("aud")
    sight, case = queries.look_at(number, aud.person_id)
    queries.show_case(number, aud)  # somebody else's request, between this one's look and its record
    record_read(aud, case, sight.family)
    queries.show_case(number, acting("fang"))
    assert reads() == {(number, aud.no), (number, acting("fang").no)} and len(told()) == 2


# What it bars from


def test_arbitrator_who_read_the_family_outside_the_panel_is_barred_from_it(db, time):
    paper = dispute(upto="issued")
    also("M403", "auditor")
    queries.show_case(paper, acting("abe"))
    number = arbitration(paper)
    assert "abe" not in panel(number).values()
    opening = CaseEvent.objects.get(stream=f"case:{number}", action="open")
    barred = json.loads(opening.entry)["choices"][0]["barred"]
    assert barred["M403"] == ["read_outside_panel"]


def test_reviewer_who_read_and_gave_the_seat_back_is_barred_from_the_panel(db, time):
    number = dispute(upto="forwarded")
    queries.show_case(number, acting("qin"))
    perform(number, "release", acting("qin"))
    family = read_family(number)
    case = family.case(number)
    case.blind_seats = ("arbitrator_1",)
    bars = bars_in(family, directory(), case.opened_at, seat=(case.pk, "arbitrator_1"))
    assert [bar.code for bar in bars[acting("qin").person_id]] == ["read_outside_panel"]


def test_arbitrator_who_reads_in_the_seat_is_neither_recorded_while_blind_nor_barred_after(db, time):
    number = arbitration()
    sitting = panel(number)
    for login in sitting.values():
        queries.show_case(number, acting(login))
    assert reads() == set()
    for login in sitting.values():
        perform(number, "score_blind", acting(login), blind_scores(number))
    for party in ("ann", "ian"):
        perform(number, "waive_challenge", acting(party))
    login = sitting["arbitrator_1"]
    queries.show_case(number, acting(login))
    offered = {action["action"]: action for action in queries.actions_for(number, acting(login))}
    assert offered["vote"]["allowed"], offered["vote"]["why"]


# Every door


def routes() -> list[str]:
    """Every GET route of the API on a case or a document, from the OpenAPI document."""
    from casework.api.urls import api

    paths = api.get_openapi_schema(path_prefix="")["paths"]
    found = ["/" + path.removeprefix(BASE).lstrip("/") for path, operations in paths.items() if "get" in operations]
    return [path for path in found if "{number}" in path or "{document_id}" in path]


@contextmanager
def undone() -> Iterator[None]:
    """What is done in here is taken back; a read once recorded cannot be deleted."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def issued(issued_db, time) -> str:
    seal_ledger()  # so that its document has a proof
    return issued_db


def test_api_when_any_route_on_a_case_is_read_records_it(issued):
    assert len(routes()) >= 9
    filled = {"number": issued, "document_id": Document.objects.get().pk, "sha256": Recording.objects.get().sha256}
    aud = Caller("aud")
    for route in routes():
        with undone():
            aud.get(route.format(**filled))
            assert len(reads()) == len(told()) == (route not in UNREAD), route


def test_command_when_it_shows_what_a_case_contains_records_it(issued, token_of, tmp_path):  # noqa: F811
    document, sound = Document.objects.get(), Recording.objects.get().sha256
    out = tmp_path / "file"
    doors = {
        ("show_case", issued): True, ("save_document", document.pk, "--out", out): True,
        ("save_evidence", issued, sound, "--out", out): True, ("actions", issued): False, ("inbox",): False,
    }  # fmt: skip
    token_of("aud")
    for words, reads_it in doors.items():
        with undone():
            done = run(*words, "--as", "aud")
            assert done.status == 0, done.err
            assert len(reads()) == len(told()) == reads_it, words


def test_save_evidence_writes_the_recording_for_whoever_may_hear_it(issued, token_of, tmp_path):  # noqa: F811
    sound, out = Recording.objects.get().sha256, tmp_path / "call.wav"
    token_of("ann")
    done = run("save_evidence", issued, sound, "--as", "ann", "--out", out)
    assert done.json == {
        "case": issued, "kind": "recording", "sha256": sound, "size": out.stat().st_size, "saved": str(out)
    }  # fmt: skip
    assert hashlib.sha256(out.read_bytes()).hexdigest() == sound
    assert run("save_evidence", issued, "0" * 64, "--as", "ann", "--out", out).status == 5
    token_of("bo")
    assert run("save_evidence", issued, sound, "--as", "bo", "--out", out).status == 5


def test_commands_say_the_same_of_a_hidden_case_and_of_none(issued, token_of, tmp_path):  # noqa: F811
    token_of("bo")
    for name in ("show_case", "actions"):
        heard = {run(name, number, "--as", "bo").err for number in (issued, "DSP-2026-999999")}
        assert len(heard) == 1, heard


def test_recording_is_heard_through_the_api_by_digest(db, time):
    number = evaluation()
    digest = recording(number)
    ann = Caller("ann")
    data = ann.get(f"/cases/{number}/evidence/{digest}")
    assert data[:4] == b"RIFF" and len(data) == Recording.objects.get().size
    headers = {name: ann.response[name] for name in ("Content-Type", "X-Content-Type-Options", "Cache-Control")}
    assert headers == {
        "Content-Type": "audio/wav", "X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store"
    }  # fmt: skip
    name = ann.response["Content-Disposition"]
    assert name == f'attachment; filename="{number}-{digest[:12]}.wav"' and "CALL-" not in name
    assert Caller("bo").get(f"/cases/{number}/evidence/{digest}", 404)["code"] == "out_of_scope"
    other = recording(evaluation(agent="A1003", inspector="Q201", reader="chen"))
    assert ann.get(f"/cases/{number}/evidence/{other}", 404)["code"] == "out_of_scope"


def test_recording_when_altered_or_missing_is_not_handed_out(db, time):
    number = evaluation()
    path = store.evidence().path_of(recording(number))
    whole, address = path.read_bytes(), f"/cases/{number}/evidence/{path.name}"
    path.write_bytes(whole + b"x")
    assert Caller("ann").get(address, 503)["code"] == "file_altered"
    path.unlink()
    assert Caller("ann").get(address, 503)["code"] == "file_missing"
    path.write_bytes(whole)
