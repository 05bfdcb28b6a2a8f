"""Nobody decides in their own cause, at either door: those who are bound to ann's dispute try to claim it, to rule and
to sign; each hears why not. qin, who is free, does all three."""

import json

import pytest

from casework.models import CaseEvent, Document
from tests.api.conftest import Caller
from tests.commands.conftest import run
from tests.factories import RULING, credential, deliver_all, dispute

REASONS = {
    "ian": ("barred", "Scored the evaluation"),
    "ian2": ("barred", "Scored the evaluation"),
    "lee": ("barred", "Leads the agent's unit now"),
    "qiu": ("barred", "Stood in for a barred person"),
    "ann": ("barred", "Is the evaluated agent"),
    "root": ("not_permitted", "superusers may decide nothing"),
}


def attempts(number: str, secret: str) -> dict[str, dict]:
    """Data that would do for whoever may: the file as it now is, and a credential."""
    draft = Document.objects.filter(case__number=number, state="drafted").first()
    signature = {"document_sha256": draft.file_sha256 if draft else "0" * 64, "credential": secret}
    return {"claim": {}, "rule": RULING, "sign": signature}


@pytest.mark.parametrize("login", REASONS)
@pytest.mark.parametrize("stage", ["forwarded", "ruled"])
def test_decide_in_ones_own_cause_is_refused_at_both_doors(db, time, monkeypatch, tmp_path, stage, login):
    number = dispute(upto=stage)
    deliver_all()
    code, reason = REASONS[login]
    events = CaseEvent.objects.exclude(stream="access").count()
    version = 1 if login == "root" else Caller(login).version(number)
    for action, data in attempts(number, "whatever").items():
        problem = Caller(login).act(number, action, data, status=403, version=version)
        assert (problem["code"], reason in problem["detail"]) == (code, True), (action, problem)
        monkeypatch.setenv("GONGDUAN_TOKEN", f"token-of-{login}")
        monkeypatch.setenv("GONGDUAN_PASSWORD", "whatever")
        monkeypatch.setenv("LANG", "en_US.UTF-8")
        file = tmp_path / "data.json"
        file.write_text(json.dumps({k: v for k, v in data.items() if k != "credential"}), encoding="utf-8")
        outcome = run("perform", number, action, "--as", login, "--data", file)
        assert (outcome.status, outcome.out, reason in outcome.err) == (3, "", True), (action, outcome)
    assert CaseEvent.objects.exclude(stream="access").count() == events


def test_decide_when_free_is_possible_at_both_doors(db, time, monkeypatch, tmp_path):
    number = dispute(upto="forwarded")
    deliver_all()
    qin = Caller("qin")
    qin.act(number, "claim", version=qin.version(number))
    monkeypatch.setenv("GONGDUAN_TOKEN", "token-of-qin")
    file = tmp_path / "data.json"
    file.write_text(json.dumps(RULING), encoding="utf-8")
    assert run("perform", number, "rule", "--as", "qin", "--data", file).status == 0
    deliver_all()
    signature = attempts(number, credential("qin"))["sign"]
    assert qin.act(number, "sign", signature, version=qin.version(number))["event"]["event"] == "signed"
