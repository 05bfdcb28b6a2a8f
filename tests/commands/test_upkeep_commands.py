"""The worker's commands and the checks: verify_ledger, check_policies, doctor."""

import json
import shutil
from datetime import timedelta

import pytest
from django.db import connection

from casework.domain.deliveries import deliver_due
from casework.models import Case, CaseEvent, Clock, Delivery, Grant, Notice
from tests.commands.conftest import refused, run
from tests.factories import dispute, evaluation
from tests.insider import Insider

# The worker


def test_deliver_tells_what_is_due(db, time):
    evaluation(reader=None)
    assert run("deliver").json == {"delivered": 1, "stuck": []}
    assert Notice.objects.filter(person__no="A1001").exists() and not Delivery.objects.exists()


def test_fire_clocks_lets_due_clocks_act_once(db, time):
    number = evaluation()
    clock = Clock.objects.get(case__number=number, name="objection")
    time.to(clock.due_at, seconds=59)
    run("fire_clocks")
    assert Case.objects.get(number=number).state == "standing"
    time.to(clock.due_at, seconds=61)
    assert run("fire_clocks").json["acted"] >= 1
    assert Case.objects.get(number=number).state == "final"
    assert run("fire_clocks").json == {"acted": 0}


def test_work_once_does_what_follows_from_what_it_did(db, time):
    number = dispute(upto="ruled")
    assert run("work", "--once").json["delivered"] >= 1
    assert Case.objects.get(number=number).events.filter(action="attach_draft").exists()
    assert deliver_due() == 0


# verify_ledger


def unlock_events() -> None:
    """What only the owner of the database can do: its triggers are gone."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE casework_caseevent DISABLE TRIGGER USER")
            return
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'casework_caseevent'")
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP TRIGGER {name}")


def test_verify_ledger_of_a_whole_one_ends_with_0(db, time):
    number = dispute()
    done = run("verify_ledger")
    assert (done.status, done.err) == (0, "")
    told = done.out.splitlines()
    assert told[0].startswith("log: 0 entries in place, ") and told[1].startswith("whole: ")
    assert run("verify_ledger", "--case", number).status == 0


def test_verify_ledger_names_the_first_bad_entry_and_ends_with_1(db, time):
    number = dispute(upto="forwarded")
    unlock_events()
    event = CaseEvent.objects.get(stream=f"case:{number}", seq=2)
    CaseEvent.objects.filter(pk=event.pk).update(entry=event.entry.replace("stated", "stayed"))
    done = run("verify_ledger")
    assert (done.status, done.out.splitlines()[0]) == (
        1,
        f"case:{number}, entry 2: digest: the entry is not the one that was hashed",
    )
    assert run("verify_ledger", "--case", number).status == 1


def test_verify_ledger_that_fails_is_recorded_once_an_hour(db, time):
    number = dispute(upto="forwarded")
    insider = Insider()
    sql = "UPDATE casework_caseevent SET entry = REPLACE(entry, 'stated', 'stayed') WHERE stream = %s AND seq = 2"
    insider.do(sql, f"case:{number}")
    insider.leave()
    for _ in range(2):
        assert run("verify_ledger").status == 1
    told = CaseEvent.objects.filter(stream="access", action="verification_failed")
    problem = {"stream": f"case:{number}", "seq": 2, "check": "digest"}
    assert [json.loads(entry)["data"]["problems"][0] for entry in told.values_list("entry", flat=True)] == [problem]
    time.on(minutes=61)
    run("verify_ledger")
    assert told.count() == 2


def test_verify_ledger_of_no_such_case_ends_with_5(db):
    refused(run("verify_ledger", "--case", "DSP-2026-999999"), 5, "no case DSP-2026-999999")


# verify_document


def test_verify_document_of_what_is_none_says_why(db, tmp_path):
    file = tmp_path / "x.pdf"
    file.write_bytes(b"%PDF-1.7 nothing")
    assert run("verify_document", file).status == 1
    refused(run("verify_document", tmp_path / "none.pdf"), 2, "Expected a readable file")
    refused(run("verify_document", file, "--trust", file), 2, "Expected a certificate")


# check_policies


def test_check_policies_of_the_installation_are_right(db):
    done = run("check_policies")
    assert done.status == 0 and done.out.startswith("right: policy ")


@pytest.mark.parametrize(
    "old, new",
    [
        ("within: 1 workday", "withim: 1 workday"),
        ("  screen:  ", "  scream:  "),
        ("within: 2 workdays", "within: soon"),
    ],
)
def test_check_policies_with_a_mistake_names_file_and_line_and_ends_with_1(db, settings, tmp_path, old, new):
    folder = tmp_path / "default"
    shutil.copytree(settings.POLICY_FOLDER, folder)
    file = folder / "disputes.yaml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))
    done = run("check_policies", folder)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("disputes.yaml:"), done.err
    assert done.err.splitlines()[0].split(":")[1].isdigit()


def test_check_policies_of_no_folder_ends_with_2(db, tmp_path):
    refused(run("check_policies", tmp_path / "none"), 2, "Expected a folder")


# doctor


def lines(outcome, level: str) -> list[str]:
    return [line for line in outcome.out.splitlines() if line.startswith(level)]


def test_doctor_of_a_healthy_installation_ends_with_0(db, time):
    time.set("2026-10-01 10:00")
    done = run("doctor")
    assert done.status == 0 and not lines(done, "error") and not lines(done, "warning"), done.out


def test_doctor_warns_when_the_pages_styles_were_not_collected(db, time, settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    by_content = {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": by_content}
    settings.DEBUG = False
    assert any("pages" in line and "collectstatic" in line for line in lines(run("doctor"), "warning"))


def test_doctor_warns_before_the_calendar_ends(db, time):
    time.set("2026-11-21 10:00")
    assert any("calendar" in line and "2026-12-31" in line for line in lines(run("doctor"), "warning"))


def test_doctor_lists_units_that_could_seat_nobody(db, time):
    Grant.objects.filter(role="qa_lead").exclude(person__no="M402").delete()
    warnings = lines(run("doctor"), "warning")
    assert any("T-EC1" in line and "0 of 1" in line for line in warnings), warnings
    assert not any("T-EC2" in line for line in warnings)
    Grant.objects.filter(role="arbitrator", person__no__in=("M403", "M404")).delete()
    assert any("T-EC2" in line and "5 of 6" in line for line in lines(run("doctor"), "warning"))


def test_doctor_reports_stuck_deliveries_poison_clocks_and_an_idle_worker(db, time):
    number = evaluation()
    Delivery.objects.update(attempts=3, problem="KeyError: boom")
    clock = Clock.objects.get(case__number=number, name="objection")
    Clock.objects.filter(pk=clock.pk).update(attempts=2, problem="poisoned")
    time.to(clock.due_at + timedelta(hours=2))
    done = run("doctor")
    assert done.status == 0
    for words in ("boom", f"objection of {number} keeps failing: poisoned", "due for 120 minutes"):
        assert any(words in line for line in lines(done, "warning")), (words, done.out)


def test_doctor_without_keys_or_with_a_broken_policy_ends_with_1(db, settings, tmp_path):
    settings.PKI_FOLDER = tmp_path / "pki"
    assert run("doctor").status == 1
    settings.POLICY_FOLDER = tmp_path
    assert any("policy" in line for line in lines(run("doctor"), "error"))
