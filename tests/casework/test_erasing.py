"""A person who left is erased: nothing readable is left of them, and everything stays proven."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection

from casework import store
from casework.domain import ledger
from casework.domain.actor import system
from casework.domain.deliveries import deliver_due
from casework.domain.document_check import check_document
from casework.domain.erasing import erase_person, written_anew
from casework.domain.errors import NotAllowedNow, NotPermitted, OutOfScope
from casework.domain.forgetting import by_number
from casework.domain.perform import perform
from casework.domain.sealing import seal_ledger
from casework.domain.staff import grant
from casework.domain.staffing import add_account, add_person, change_person
from casework.domain.verification import verify_ledger
from casework.imports.people import parse_people
from casework.imports.tables import read_table
from casework.models import (
    Account,
    CaseEvent,
    Delivery,
    Document,
    EventText,
    Evidence,
    Notice,
    Person,
    SearchToken,
    SigningKey,
    Unit,
)
from casework.queries import documents_of, evidence_of, show_case
from tests.conftest import acting
from tests.factories import arbitration, credential, deliver_all, dispute, evaluation, received, recording
from tests.leaver import ended, leave, office
from tests.seen import case, dump, person, refused, revoke_all, sweep
from workflows.evaluations.models import Evaluation


def readable() -> dict[str, str]:
    """Every row of every table as text, the closed-off decisions aside."""
    found = {}
    for model in apps.get_models():
        rows = model._default_manager.all()
        if model is Document:
            rows = rows.exclude(state="issued")
        names = [field.attname for field in model._meta.concrete_fields]
        lines = (json.dumps(row, ensure_ascii=False, default=str) for row in rows.values_list(*names))
        found[model._meta.label] = "\n".join(lines)
    return found


def files_of(number: str) -> list[tuple[str, str]]:
    """(document, digest) that any entry of the case names."""
    entries = CaseEvent.objects.filter(case__number=number).values_list("entry", flat=True)
    return [pair for entry in entries for pair in ledger.files_in(entry)]


def words_of(*numbers: str) -> set[str]:
    texts = EventText.objects.filter(event__case__number__in=numbers).values_list("texts", flat=True)
    return {one["text"] for said in texts for one in said if one["text"]}


def without_namesakes() -> None:
    """Nobody else's name contains ann's, which would be found in it, nor did when they were added."""
    others = Person.objects.exclude(no="A1001").filter(name__contains="王喆堃")
    for no in others.values_list("no", flat=True):
        EventText.objects.filter(event__stream="org", event__entry__contains=f'"person":"{no}"').delete()
    others.update(name="别人")


# What is gone


def test_erase_by_hr_leaves_no_word_of_the_cases_in_any_table(db, time):
    scored, paper = ended()
    said = words_of(scored, paper) | {"王喆堃", "a1001@example.test", "补录"}
    assert len(said) > 8
    without_namesakes()
    erase_person(office(), "A1001", "本人来函")
    for table, text in readable().items():
        left = sorted(word for word in said if word in text)
        assert not left, f"{table} still says {left}"


def test_erase_of_an_arbitration_leaves_no_word_of_it(db, time):
    award = arbitration(upto="awarded")
    paper = CaseEvent.objects.filter(stream__startswith="case:DSP").latest("id").stream[5:]
    perform(award, "read", acting("ann"))
    deliver_all()
    scored = CaseEvent.objects.filter(stream__startswith="case:EVL").latest("id").stream[5:]
    said = words_of(scored, paper, award)
    assert len(said) > 8
    leave()
    told = erase_person(office(), "A1001", "本人来函")
    assert told.numbers == sorted((scored, paper, award)) and len(told.closed_off) == 2
    for table, text in readable().items():
        left = sorted(word for word in said if word in text)
        assert not left, f"{table} still says {left}"
    assert verify_ledger().ok


def test_erase_takes_evidence_recordings_and_drafts_out_of_the_store(db, time):
    scored, paper = ended()
    digests = set(Evidence.objects.values_list("sha256", flat=True)) | {
        item["sha256"] for item in evidence_of(scored, acting("fang"))
    }
    drafts = set(Document.objects.values_list("draft_sha256", flat=True))
    assert len(digests) == 2 and all(store.evidence().get(digest) for digest in digests)
    told = erase_person(office(), "A1001", "本人来函")
    assert set(told.files) == digests
    for digest in digests:
        with pytest.raises(store.FileProblem):
            store.evidence().get(digest)
    assert drafts and not Delivery.objects.exists()
    assert evidence_of(scored, acting("fang")) == evidence_of(paper, acting("fang")) == []


def test_erase_keeps_a_recording_on_which_somebody_else_was_scored_until_they_are_erased(db, time):
    scored, paper = ended()
    call = Evaluation.objects.get(number=scored).interaction_id
    heard, given = (evidence_of(number, acting("fang"))[-1]["sha256"] for number in (scored, paper))
    evaluation(agent="A1002", reader="bo", interaction_id=call)
    assert erase_person(office(), "A1001", "本人来函").files == [given]
    assert store.evidence().get(heard)
    time.on(days=60)
    sweep()
    leave("bo")
    assert erase_person(office(), "A1002", "本人来函").files == [heard]
    with pytest.raises(store.FileProblem):
        store.evidence().get(heard)


def test_erase_keeps_a_recording_of_somebody_else_that_the_person_gave_as_a_file(db, time):
    theirs = evaluation(agent="A1002", reader=None)
    heard = recording(theirs)
    credential("ann")
    mine = evaluation()
    recording(mine)
    paper = dispute(mine)
    assert received(paper, "ann", store.evidence().get(heard)) == heard
    perform(paper, "add_evidence", acting("ann"), {"sha256": heard, "shows": "同一通话"})
    perform(paper, "withdraw", acting("ann"))
    time.on(days=60)
    sweep()
    deliver_all()
    leave()
    told = erase_person(office(), "A1001", "本人来函")
    assert heard not in told.files and store.evidence().get(heard)


def test_erased_case_is_found_by_its_words_no_more(db, time):
    _scored, paper = ended()
    assert SearchToken.objects.filter(token="语速").exists()
    erase_person(office(), "A1001", "本人来函")
    assert not SearchToken.objects.filter(token="语速").exists()
    assert SearchToken.objects.filter(case__number=paper).exists()


def test_erase_takes_keys_notices_and_names_with_it(db, time):
    ended()
    assert Notice.objects.filter(person__no="A1001").exists()
    erase_person(office(), "A1001", "本人来函")
    row = person("A1001")
    assert (row.name, row.email, str(row)) == ("A1001", "", "A1001 (A1001)") and row.erased_at
    assert not Notice.objects.filter(person=row).exists()
    key = SigningKey.objects.get(person=row)
    assert (key.private_key, key.certificate) == ("", "") and key.revoked_at
    assert not Account.objects.get(person=row).has_usable_password()


def test_erase_of_a_decider_calls_them_by_number_and_leaves_others_cases(db, time):
    _scored, paper = ended()
    before = words_of(paper)
    said = Notice.objects.filter(person__no="A1001", values__icontains="decider").exists()
    assert said
    leave("qin")
    told = erase_person(office(), "M401", "本人来函")
    assert told.numbers == [] and told.texts == 2, "name and mail address, of which the import told"
    assert told.named_in == [paper], "whose ruling goes on naming who made it"
    assert words_of(paper) == before
    names = json.dumps(list(Notice.objects.values_list("values", flat=True)), ensure_ascii=False)
    assert "M401" in names


def test_erase_says_which_others_still_name_the_person_and_who_has_copies(db, time, tmp_path):
    from casework.exports.case_file import export_case

    scored, paper = ended()
    with (tmp_path / "case.zip").open("w+b") as out:
        export_case(out, paper, acting("aud"))
    told = erase_person(office(), "A1001", "本人来函", rehearse=True)
    assert told.exported == [paper]
    name = person("M401").name
    event = CaseEvent.objects.filter(stream=f"case:{paper}").latest("seq")
    said = [{"path": "data.x", "salt": "", "text": f"{name}说"}]
    EventText.objects.update_or_create(event=event, defaults={"texts": said})
    leave("qin")
    assert erase_person(office(), "M401", "本人来函", rehearse=True).named_in == [paper]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL's files are its own")
def test_erased_words_are_in_no_byte_of_the_database_file(real_db, time):
    scored, paper = ended()
    said = words_of(scored, paper) | {"王喆堃", "a1001@example.test"}
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = bytes_of_the_database()
    kept = {word for word in said if word in Document.objects.get(state="issued").snapshot}
    gone = [word for word in said - kept if is_in(word, before)]
    assert len(gone) >= 3
    without_namesakes()
    erase_person(office(), "A1001", "本人来函")
    assert written_anew()
    after = bytes_of_the_database()
    assert [word for word in gone if is_in(word, after)] == []


def bytes_of_the_database() -> bytes:
    name = connection.settings_dict["NAME"]
    return b"".join(Path(name + end).read_bytes() for end in ("", "-wal") if Path(name + end).exists())


def is_in(word: str, data: bytes) -> bool:
    return word.encode() in data or json.dumps(word)[1:-1].encode() in data


# What stays


def test_erased_ledger_is_whole_and_its_decision_genuine(real_db, time):
    _scored, paper = ended()
    told = erase_person(office(), "A1001", "本人来函")
    seal_ledger()
    verdict = verify_ledger()
    assert verdict.ok, verdict.problems
    document = Document.objects.get(case__number=paper, state="issued")
    assert told.closed_off == [str(document.pk)]
    data = store.documents().get(document.file_sha256)
    checks = {check.code: check.ok for check in check_document(data)}
    assert all(checks.values()) and {"signatures", "ledger", "log"} <= set(checks)


def test_erased_decision_is_open_to_who_looks_over_closed_cases_only(db, time):
    _scored, paper = ended()
    assert documents_of(paper, acting("lee")) and documents_of(paper, acting("ian"))
    erase_person(office(), "A1001", "本人来函")
    assert documents_of(paper, acting("lee")) == documents_of(paper, acting("ian")) == []
    assert [d["state"]["code"] for d in documents_of(paper, acting("aud"))] == ["issued"]
    seen = show_case(paper, acting("lee"))
    assert (seen["number"], seen["erased"]) == (paper, True)
    assert seen["concerned"] == {"no": "A1001", "name": "Erased person"}


def test_erasure_after_the_years_of_policy_takes_the_decision_too(db, time):
    _scored, paper = ended()
    time.set("2036-11-02 10:00")
    assert erase_person(office(), "A1001", "本人来函", rehearse=True).documents == []
    time.set("2036-11-04 10:00")
    document = Document.objects.get(case__number=paper, state="issued")
    files = {digest for _pk, digest in files_of(paper)}
    assert len(files) == 3  # as it was drawn, signed and sealed
    told = erase_person(office(), "A1001", "本人来函")
    assert (told.documents, told.closed_off) == ([str(document.pk)], [])
    document.refresh_from_db()
    assert document.snapshot == "" and verify_ledger(paper).ok
    assert not any(store.documents().path_of(digest).exists() for digest in files)
    assert documents_of(paper, acting("aud")) == []


def test_erasure_again_after_the_years_takes_what_was_closed_off(db, time):
    _scored, paper = ended()
    kept = erase_person(office(), "A1001", "本人来函").closed_off
    with refused(NotAllowedNow, "erased"):
        erase_person(office(), "A1001", "本人来函")
    time.set("2036-11-04 10:00")
    told = erase_person(office(), "A1001", "期满")
    assert (told.documents, told.closed_off, told.files) == (kept, [], [])
    assert verify_ledger().ok and documents_of(paper, acting("aud")) == []


def test_erasure_is_an_entry_with_who_why_and_what(db, time):
    scored, paper = ended()
    told = erase_person(office(), "A1001", "本人来函")
    entry = json.loads(CaseEvent.objects.filter(stream="org").latest("seq").entry)
    assert (entry["action"], entry["actor"]) == ("person_erased", person_of("hua").no)
    assert entry["data"]["numbers"] == told.numbers == sorted((scored, paper))
    assert entry["data"]["files"] == told.files and set(entry["data"]["reason"]) == {"sha256"}


def person_of(login: str) -> Person:
    found = Account.objects.select_related("person").get(username=login).person
    assert found is not None
    return found


# Afterwards


def test_erased_person_does_nothing_and_nothing_is_done_about_them(db, time):
    scored, _paper = ended()
    erase_person(office(), "A1001", "本人来函")
    with refused(NotAllowedNow, "erased"):
        perform(scored, "propose_correction", acting("ian"), {"changes": []})
    with refused(NotAllowedNow, "erased"):
        evaluation(agent="A1001")
    with refused(NotAllowedNow, "erased"):
        add_account(office(), username="ann2", person=person("A1001"))
    with refused(NotAllowedNow, "erased"):
        change_person(office(), person("A1001").pk, name="王喆堃", unit=person("A1001").unit)
    with refused(NotAllowedNow, "erased"):
        erase_person(office(), "A1001", "again")
    assert verify_ledger().ok


def test_import_of_an_erased_number_is_refused_by_line(db):
    head = "no,name,login,role,unit,acts_on,from,until,principal,email\n"
    table = read_table((head + "A1001,王喆堃,ann,agent,T-EC1,,,,,\n").encode())
    found = parse_people(table, ["T-EC1"], ["agent"], known=["A1001"], logins={}, erased=["A1001"])
    assert [(p.line, p.code) for p in found.problems] == [(2, "person_erased")]


# Refusals


def test_erase_of_somebody_with_an_account_in_use_is_refused(db, time):
    with refused(NotAllowedNow, "has_account"):
        erase_person(office(), "A1001", "本人来函")


def test_erase_while_a_case_is_open_names_it(db, time):
    paper = dispute()
    leave()
    with refused(NotAllowedNow, "open_cases") as refusal:
        erase_person(office(), "A1001", "本人来函")
    assert paper in str(refusal.error)


def test_erase_while_a_worker_has_something_to_do_is_refused(db, time):
    _scored, paper = ended()
    of = case(paper)
    Delivery.objects.create(id=1, case=of, kind="notify", dedup="x", created_at=of.opened_at, due_at=of.opened_at)
    with refused(NotAllowedNow, "under_way") as refusal:
        erase_person(office(), "A1001", "本人来函")
    assert paper in str(refusal.error)


def test_erase_while_a_deadline_runs_in_a_closed_case_is_refused(db, time):
    scored = evaluation()
    time.on(days=60)
    sweep()
    assert case(scored).is_closed
    changes = [{"criterion": "QC4", "value": "10", "reasons": "听错"}]
    perform(scored, "propose_correction", acting("ian"), {"changes": changes})
    deliver_all()
    leave()
    with refused(NotAllowedNow, "open_cases"):
        erase_person(office(), "A1001", "本人来函")


def test_erase_of_who_never_had_an_account_waits_for_their_grants_to_end(db, time):
    Account.objects.filter(username="a1007").delete()
    with refused(NotAllowedNow, "has_grant"):
        erase_person(office(), "A1007", "本人来函")
    revoke_all("A1007", "agent")
    assert erase_person(office(), "A1007", "本人来函").numbers == []


def test_erase_by_who_had_a_part_in_a_case_is_refused(db, time):
    scored, _paper = ended()
    grant(person("M401"), "hr", Unit.objects.get(code="OC"), system())
    with refused(NotPermitted, "own_cause") as refusal:
        erase_person(office("qin"), "A1001", "本人来函")
    assert scored in str(refusal.error)


def test_name_within_another_word_or_name_stays(db, time):
    """And an earlier name goes like the last one."""
    who = add_person(office(), no="A7002", name="An", unit=person("A1001").unit)
    change_person(office(), who.pk, name="Bo", unit=who.unit)
    called = by_number(person("A7002"))
    said = {"An": "A7002", "Another": "Another", "经An核对": "经A7002核对", "Bo、An": "A7002、A7002", "Bob": "Bob"}
    assert {text: called(text) for text in said} == said


@pytest.mark.parametrize("login", ["ann", "lee", "qin", "aud"])
def test_erase_by_who_manages_nobody_is_refused(db, time, login):
    with pytest.raises(NotPermitted):
        office(login)


def test_erase_of_oneself_or_of_nobody_is_refused(db, time):
    with refused(NotPermitted, "own_cause"):
        erase_person(office(), person_of("hua").no, "本人")
    with refused(OutOfScope):
        erase_person(office(), "A9999", "本人")


def test_rehearsal_tells_the_same_and_changes_nothing(db, time):
    ended()
    before = dump()
    told = erase_person(office(), "A1001", "本人来函", rehearse=True)
    assert dump() == before
    assert erase_person(office(), "A1001", "本人来函") == told


def test_erase_when_files_cannot_go_yet_leaves_them_to_a_worker(db, time):
    scored, _paper = ended()
    digest = evidence_of(scored, acting("fang"))[0]["sha256"]
    place = store.evidence().path_of(digest)
    place.unlink()
    place.mkdir()  # which cannot be unlinked
    erase_person(office(), "A1001", "本人来函")
    assert Delivery.objects.get().kind == "erase_files"
    place.rmdir()
    place.write_bytes(b"of ann")
    time.on(hours=1)
    assert deliver_due() == 1 and not place.exists() and not Delivery.objects.exists()


# An insider


@pytest.fixture
def paper(db, time) -> Iterator[str]:
    yield dispute(upto="issued")


def test_clear_text_gone_without_a_record_is_found(paper: str):
    gone = EventText.objects.filter(event__case__number=paper).earliest("event__seq")
    seq = gone.event.seq
    gone.delete()
    problem = verify_ledger(paper).problems[0]
    assert (problem.stream, problem.seq, problem.check) == (f"case:{paper}", seq, "text")


def test_clear_text_in_the_place_of_another_is_found(paper: str):
    """As many as there were, but one of them twice."""
    row = next(row for row in EventText.objects.filter(event__case__number=paper) if len(row.texts) > 1)
    row.texts = [row.texts[0], *row.texts[:-1]]
    row.save()
    assert verify_ledger(paper).problems[0].check == "text"


def test_words_of_a_document_gone_without_a_record_are_found(paper: str):
    Document.objects.filter(case__number=paper, state="issued").update(snapshot="")
    assert verify_ledger(paper).problems[0].check == "document"


def test_words_of_a_decision_that_was_closed_off_are_found_gone(db, time):
    """That the person was erased covers the drafts that the entry names, not the decision that stays."""
    _scored, paper = ended()
    erase_person(office(), "A1001", "本人来函")
    assert verify_ledger(paper).ok
    Document.objects.filter(case__number=paper, state="issued").update(snapshot="")
    assert verify_ledger(paper).problems[0].check == "document"


def test_clear_text_of_a_persons_row_gone_without_a_record_is_found(db, time):
    add_person(office(), no="A7001", name="某人", unit=person("A1001").unit)
    assert verify_ledger().ok
    EventText.objects.filter(event__stream="org").delete()
    problem = verify_ledger().problems[0]
    assert (problem.stream, problem.check) == ("org", "text")


def test_erasure_of_one_does_not_cover_anothers_words(db, time):
    ended()
    other = dispute(evaluation(agent="A1002", inspector="Q202", reader="bo"), agent="bo")
    erase_person(office(), "A1001", "本人来函")
    assert verify_ledger().ok
    EventText.objects.filter(event__case__number=other).delete()
    assert [p.stream for p in verify_ledger().problems] == [f"case:{other}"]


def test_digest_of_what_is_gone_still_binds(db, time):
    """Who kept the words can prove that they were said."""
    _scored, paper = ended()
    kept = EventText.objects.filter(event__case__number=paper).earliest("event__seq")
    texts, entry = kept.texts, kept.event.entry
    erase_person(office(), "A1001", "本人来函")
    for one in texts:
        assert hashlib.sha256(bytes.fromhex(one["salt"]) + one["text"].encode()).hexdigest() in entry
