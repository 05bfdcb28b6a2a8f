"""open_case, perform, show_case, actions, inbox, and who may stand behind --as."""

import hashlib
import json
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management import get_commands

from casework import store
from casework.domain.now import now
from casework.models import Account, Case, CaseEvent, Document, Token
from tests.commands.conftest import refused, run
from tests.factories import CLAIMS, RULING, STATEMENT, credential, dispute, evaluation, recording

OURS = ("casework", "workflows", "demo")


@pytest.fixture
def filed(db, time) -> str:
    return dispute()


def on_file(tmp_path, data) -> str:
    file = tmp_path / "data.json"
    file.write_text(json.dumps(data) if not isinstance(data, str) else data)
    return str(file)


# Happy paths


def test_open_case_from_a_file_prints_the_case(token_of, time, tmp_path):
    number = evaluation()
    token_of("ann")
    opened = run(
        "open_case", "disputes.ScoreDispute", "--as", "ann", "--subject", number, "--data", on_file(tmp_path, CLAIMS)
    )
    assert opened.status == 0, opened.err
    assert opened.json["number"].startswith("DSP-") and opened.json["state"]["code"] == "screening"


def test_open_case_from_stdin_twice_with_one_key_opens_once(token_of, time):
    number = evaluation()
    token_of("ann")
    words = ("disputes.ScoreDispute", "--as", "ann", "--subject", number, "--data", "-", "--key", "once")
    first, second = (run("open_case", *words, stdin=json.dumps(CLAIMS).encode()) for _ in range(2))
    assert first.json["number"] == second.json["number"]
    assert Case.objects.filter(type="disputes.ScoreDispute").count() == 1


def test_perform_prints_the_event_and_says_when_it_is_a_repeat(filed, token_of, tmp_path):
    token_of("ian")
    words = (filed, "give_statement", "--as", "ian", "--data", on_file(tmp_path, STATEMENT), "--key", "k")
    done = run("perform", *words)
    assert (done.json["event"]["event"], done.json["event"]["door"], done.json["repeated"]) == (
        "stated",
        "command",
        False,
    )
    assert "impersonated" not in done.json["event"] and done.json["event"]["authenticated"] == "token"
    assert run("perform", *words).json["repeated"] is True


def test_show_case_and_actions_and_inbox_speak_of_the_same_case(filed, token_of):
    token_of("lee")
    assert run("show_case", filed, "--as", "lee").json["number"] == filed
    actions = {entry["action"]: entry for entry in run("actions", filed, "--as", "lee").json}
    assert actions["forward"]["allowed"] and not actions["claim"]["allowed"] and actions["claim"]["why"]
    team = run("inbox", "--as", "lee", "--view", "claimable").json["tasks"]
    assert filed in json.dumps(team)


def test_sign_with_the_password_from_the_environment_then_verify_the_ruling(
    real_db, time, token_of, monkeypatch, tmp_path
):
    number = dispute(upto="stated")
    for login, action, data in (("lee", "forward", {}), ("qin", "rule", RULING)):
        token_of(login)
        run("work", "--once")
        assert run("perform", number, action, "--as", login, "--data", on_file(tmp_path, data)).status == 0
    run("work", "--once")
    password = credential("qin")
    token_of("qin")
    draft = Document.objects.get(case__number=number)
    shown = json.dumps(run("show_case", number, "--as", "qin").json["documents"])
    assert draft.file_sha256 in shown
    paper = tmp_path / "draft.pdf"
    assert run("save_document", draft.pk, "--out", paper, "--as", "qin").json["saved"] == str(paper)
    assert hashlib.sha256(paper.read_bytes()).hexdigest() == draft.file_sha256
    token_of("bo")
    assert run("save_document", draft.pk, "--out", paper, "--as", "bo").status == 5
    token_of("qin")
    sign = (number, "sign", "--as", "qin", "--data", on_file(tmp_path, {"document_sha256": draft.file_sha256}))
    monkeypatch.setenv("GONGDUAN_PASSWORD", "not the password")
    refused(run("perform", *sign), 3, "not accepted")
    monkeypatch.setenv("GONGDUAN_PASSWORD", password)
    assert run("perform", *sign).json["event"]["event"] == "signed"
    assert password not in "".join(CaseEvent.objects.values_list("entry", flat=True))
    assert run("work", "--once").json["delivered"]
    issued = Document.objects.get(case__number=number, state="issued")
    ruling = tmp_path / "ruling.pdf"
    ruling.write_bytes(store.documents().get(issued.file_sha256))
    genuine = run("verify_document", ruling)
    assert (genuine.status, genuine.out.splitlines()[-1]) == (0, "genuine"), genuine
    proof = tmp_path / "ruling.tlog-proof"
    saved = ("save_document", issued.pk, "--out", ruling, "--proof", proof, "--as", "qin")
    assert run(*saved).json["proof"] == str(proof)
    proven = run("verify_document", ruling, "--proof", proof)
    assert proven.status == 0 and "ok       proof " in proven.out
    proof.write_text("index 1")
    unproven = run("verify_document", ruling, "--proof", proof)
    assert unproven.status == 1 and "proves nothing" in unproven.out
    whole = ruling.read_bytes()
    for name, changed in (
        ("one byte", whole[:900] + bytes([whole[900] ^ 1]) + whole[901:]),
        ("appended", whole + b"%"),
        ("cut", whole[:-9]),
    ):
        ruling.write_bytes(changed)
        verdict = run("verify_document", ruling)
        assert verdict.status == 1 and "FAILED" in verdict.out, name


# --as


def test_perform_without_a_token_is_refused_outside_a_demo(filed):
    refused(run("perform", filed, "forward", "--as", "lee"), 3, "GONGDUAN_TOKEN")


def test_perform_with_somebody_elses_token_is_refused(filed, token_of):
    token_of("ann")
    refused(run("perform", filed, "forward", "--as", "lee"), 3, "Expected a valid token of lee")


@pytest.mark.parametrize("change", ["expires_at", "revoked_at"])
def test_perform_with_an_ended_token_is_refused(filed, token_of, change):
    token_of("lee")
    Token.objects.update(**{change: now() - timedelta(seconds=1)})
    refused(run("perform", filed, "forward", "--as", "lee"), 3, "ended")


def test_perform_with_a_token_of_a_closed_account_is_refused(filed, token_of):
    token_of("lee")
    Account.objects.filter(username="lee").update(is_active=False)
    refused(run("perform", filed, "forward", "--as", "lee"), 5, "no 'lee'")


@pytest.mark.parametrize("login", ["SYSTEM", "system", "nobody", "a\nb\x1b[2J", ""])
def test_perform_as_system_or_a_stranger_is_refused(filed, login):
    refused(run("perform", filed, "bypass", "--as", login), 5, "Expected a user")


def test_perform_as_the_superuser_is_refused(filed, token_of):
    token_of("root")
    refused(run("perform", filed, "forward", "--as", "root"), 3, "belongs to no person")


# Exit statuses


@pytest.mark.parametrize(
    "data, words",
    [
        ("{", "Expected JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("[1]", "JSON object"),
        ('{"criteria": NaN}', "NaN is no number"),
        ("{}", "criteria"),
        ('{"criteria": [{"criterion": "QC4", "text": "a\\u0000b"}]}', "NUL"),
        ('{"criteria": [{"criterion": "QC4", "text": "a\\ud800b"}]}', "surrogate"),
        ('{"criteria": [{"criterion": "QC4", "text": ""}]}', "say why, or concede"),
        ('{"unknown": 1}', "unknown"),
    ],
)
def test_perform_with_bad_data_ends_with_2(filed, token_of, tmp_path, data, words):
    token_of("ian")
    before = CaseEvent.objects.filter(stream=f"case:{filed}").count()
    refused(run("perform", filed, "give_statement", "--as", "ian", "--data", on_file(tmp_path, data)), 2, words)
    assert CaseEvent.objects.filter(stream=f"case:{filed}").count() == before


@pytest.mark.parametrize("source", ["/nowhere/data.json", "/"])
def test_perform_with_an_unreadable_file_ends_with_2(filed, token_of, source):
    token_of("ian")
    refused(run("perform", filed, "give_statement", "--as", "ian", "--data", source), 2, "Expected a readable file")


def test_perform_with_bytes_that_are_no_text_ends_with_2(filed, token_of):
    token_of("ian")
    refused(run("perform", "DSP-\udcff", "give_statement", "--as", "ian"), 2, "UTF-8")
    refused(run("perform", filed, "give_statement", "--as", "ian", "--key", "\n"), 2, "Expected a key")


def test_perform_with_ten_megabytes_ends_with_2(filed, token_of):
    token_of("ian")
    words = (filed, "give_statement", "--as", "ian", "--data", "-")
    refused(run("perform", *words, stdin=b'"' + b"x" * 10_000_000), 2, "Expected at most")


def test_perform_with_a_credential_in_the_data_ends_with_2(filed, token_of, tmp_path):
    token_of("qin")
    data = on_file(tmp_path, {"document_sha256": "0" * 64, "credential": "secret"})
    refused(run("perform", filed, "sign", "--as", "qin", "--data", data), 2, "GONGDUAN_PASSWORD")


def test_perform_misused_ends_with_2_on_one_line(db):
    refused(run("perform", "DSP-2026-000001"), 2, "required")
    refused(run("perform", "DSP-2026-000001", "x", "--as", "ann", "--version", "one"), 2, "--version")


@pytest.mark.parametrize("name", sorted(n for n, app in get_commands().items() if app.split(".")[0] in OURS))
def test_help_of_every_command_is_printed(name, capsys):
    assert run(name, "--help").status == 0
    assert capsys.readouterr().out.startswith("usage: ")


@pytest.mark.parametrize("login", ["ian", "ian2", "lee", "qiu", "ann", "root"])
def test_perform_claim_by_who_is_barred_ends_with_3(db, time, token_of, login):
    number = dispute(upto="forwarded")
    token_of(login)
    refused(run("perform", number, "claim", "--as", login), 3, "Expected")
    token_of("qin")
    assert run("perform", number, "claim", "--as", "qin").status == 0


def test_perform_in_the_wrong_state_or_on_a_stale_version_ends_with_4(filed, token_of):
    token_of("ann")
    refused(run("perform", filed, "accept", "--as", "ann"), 4, "look at the case again")
    token_of("lee")
    refused(run("perform", filed, "forward", "--as", "lee", "--version", 1), 4, "read it again")


def test_perform_on_what_is_not_there_ends_with_5(filed, token_of):
    token_of("bo")
    stranger = run("perform", filed, "accept", "--as", "bo")
    refused(stranger, 5, "scope")
    refused(run("perform", "DSP-2026-999999", "accept", "--as", "bo"), 5, "scope")
    refused(run("perform", "NO-SUCH", "accept", "--as", "bo"), 5, "scope")
    refused(run("show_case", filed, "--as", "bo"), 5, "Expected")
    refused(run("actions", filed, "--as", "bo"), 5, "Expected")
    token_of("ann")
    refused(run("perform", filed, "explode", "--as", "ann"), 5, "ask for the actions")


def test_open_case_of_an_unknown_type_ends_with_2(token_of):
    token_of("ann")
    refused(run("open_case", "disputes.Nothing", "--as", "ann"), 2, "Expected a case type")


def test_inbox_with_a_bad_cursor_or_limit_ends_with_2(token_of):
    token_of("ann")
    assert run("inbox", "--as", "ann", "--cursor", "%%%").status == 2
    assert run("inbox", "--as", "ann", "--limit", "-1").status == 2
    assert run("inbox", "--as", "ann", "--view", "everything").status == 2


def test_statement_with_html_and_a_formula_is_stored_as_text(filed, token_of, tmp_path):
    token_of("ian")
    text = "<script>alert(1)</script> =1+1"
    data = {"criteria": [{"criterion": code, "text": text} for code in ("QC4", "QA5")]}
    assert run("perform", filed, "give_statement", "--as", "ian", "--data", on_file(tmp_path, data)).status == 0
    token_of("ann")
    assert text in run("show_case", filed, "--as", "ann").out


def test_recording_that_is_missing_binds_the_ruling(db, time, token_of, tmp_path):
    number = evaluation()
    recording(number)
    for file in settings.EVIDENCE_FOLDER.rglob("*"):
        if file.is_file():
            file.unlink()
    token_of("ann")
    opened = run(
        "open_case", "disputes.ScoreDispute", "--as", "ann", "--subject", number, "--data", on_file(tmp_path, CLAIMS)
    )
    for login, action, data in (("ian", "give_statement", STATEMENT), ("lee", "forward", {})):
        token_of(login)
        assert (
            run("perform", opened.json["number"], action, "--as", login, "--data", on_file(tmp_path, data)).status == 0
        )
    run("work", "--once")
    token_of("qin")
    words = (opened.json["number"], "rule", "--as", "qin", "--data", on_file(tmp_path, RULING))
    refused(run("perform", *words), 2, "missing or altered")
