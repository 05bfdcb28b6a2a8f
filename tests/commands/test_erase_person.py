"""erase_person: what a terminal is told of who is forgotten."""

from casework.domain.verification import verify_ledger
from casework.models import Document, Person
from tests.commands.conftest import refused, run
from tests.leaver import ended
from tests.seen import dump

WORDS = ("--as", "hua", "--reason", "本人来函")


def test_erase_person_with_dry_run_tells_what_would_go(db, time, token_of):
    scored, paper = ended()
    token_of("hua")
    before = dump()
    done = run("erase_person", "A1001", *WORDS, "--dry-run")
    assert (done.status, done.err, done.json["dry_run"]) == (0, "", True), done
    assert done.json["numbers"] == sorted((scored, paper)) and done.json["texts"] > 8
    assert dump() == before


def test_erase_person_says_which_decisions_are_closed_off(real_db, time, token_of, monkeypatch):
    ended()
    token_of("hua")
    decision = str(Document.objects.get(state="issued").pk)
    done = run("erase_person", "A1001", *WORDS)
    assert (done.status, done.json["closed_off"]) == (0, [decision]), done
    assert f"Closed off, not erased: {decision}" in done.err
    assert Person.objects.get(no="A1001").name == "A1001" and verify_ledger().ok
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    refused(run("erase_person", "A1001", *WORDS), 4, "个人信息已删除")


def test_erase_person_who_still_works_is_refused_with_the_next_step(db, time, token_of):
    token_of("hua")
    refused(run("erase_person", "A1001", *WORDS), 4, "close it first")


def test_erase_person_by_an_agent_is_refused(db, time, token_of):
    token_of("bo")
    refused(run("erase_person", "A1001", "--as", "bo", "--reason", "x"), 3, "Expected HR, a director")
