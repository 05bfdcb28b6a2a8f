"""What is refused around a panel: appeals late, of what was granted or twice, an arbitration opened by hand, naming by
or of the wrong person, withdrawing too late, reopening out of time; nothing changes, and the words say what to do."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from casework.domain import now
from casework.domain.actor import system
from casework.domain.errors import InvalidInput, NotAllowedNow, NotPermitted, OutOfScope, UnknownAction
from casework.domain.perform import open_case, perform
from casework.domain.staff import grant
from casework.models import Case, Document, Party, Unit
from tests.api.conftest import Caller
from tests.arbitration.test_award_document import ruled_and_signed
from tests.commands.conftest import run
from tests.conftest import Time, acting, forget
from tests.factories import APPEAL, arbitration, credential, deliver_all, dispute, evaluation, panel, recording
from tests.seen import case, clock, parties, person, refused, revoke_all, sweep, told

MORE = {"criterion": "QA6", "claimed": "10", "ground": "fact_wrong", "reasons": "见录音"}
RAISE = {"changes": [{"criterion": "QA6", "value": "9.5", "reasons": "重听"}]}
OPENING = {"criteria": [{"criterion": "QC4", "claimed": "10", "reasons": "见录音"}]}
FAULT = {"cause": "procedural_fault", "reasons": "仲裁员未回避"}
EVIDENCE = {"cause": "new_evidence", "known_since": "2026-11-03", "reasons": "找到完整录音"}
WHY = {"reasons": "属新证据"}


def mixed() -> str:
    """A ruling that grants QC4, finds QA5 inadmissible and maintains QA6."""
    number = evaluation()
    recording(number)
    claims = [{**MORE, "criterion": code} for code in ("QC4", "QA5", "QA6")]
    paper = heard(number, claims)
    ruled_and_signed(
        paper, {"criterion": "QC4", "decision": "accept", "reasons": "成立"},
        {"criterion": "QA5", "decision": "inadmissible", "ground": "no_reasons", "reasons": "未说明理由"},
        {"criterion": "QA6", "decision": "maintain", "reasons": "维持"},
    )  # fmt: skip
    return paper


def annulled() -> str:
    """A ruling that annuls the whole evaluation."""
    number = evaluation()
    recording(number)
    paper = heard(number, [{**MORE, "criterion": "QC4"}])
    decision = {"criterion": "QC4", "decision": "maintain", "reasons": "见撤销理由"}
    deliver_all()
    perform(paper, "rule", acting("qin"), {"criteria": [decision], "annul": "评分前未公示评分表"})
    deliver_all()
    digest = Document.objects.get(case__number=paper).file_sha256
    perform(paper, "sign", acting("qin"), {"document_sha256": digest, "credential": credential("qin")})
    deliver_all()
    return paper


def corrected_by_fang() -> str:
    """A ruling on an evaluation whose correction a director approved, being a QA lead as well."""
    number = evaluation()
    recording(number)
    perform(number, "propose_correction", acting("ian"), RAISE)
    grant(person("F801"), "qa_lead", Unit.objects.get(code="OC"), system())
    perform(number, "approve_correction", acting("fang"))
    revoke_all("F801", "qa_lead")
    perform(number, "read", acting("ann"))
    return dispute(number, upto="issued")


def heard(number: str, claims: list[dict[str, Any]]) -> str:
    paper = dispute(number, criteria=claims)
    said = [{"criterion": claim["criterion"], "text": "维持"} for claim in claims]
    perform(paper, "give_statement", acting("ian"), {"criteria": said})
    perform(paper, "forward", acting("lee"))
    return paper


@pytest.fixture(scope="module")
def stages(django_db_setup, django_db_blocker) -> Iterator[dict[str, str]]:
    """Rulings not read yet, and an award that was opened; each of its own family, made once."""
    with django_db_blocker.unblock(), transaction.atomic():
        token = now._fixed.set(None)
        Time()
        forget()
        numbers = {"ruled": dispute(upto="issued"), "mixed": mixed(), "annulled": annulled()}
        numbers |= {"fang's": corrected_by_fang(), "final": arbitration(upto="awarded")}
        perform(numbers["final"], "read", acting("ann"))
        deliver_all()
        now._fixed.reset(token)
        yield numbers
        transaction.set_rollback(True)


@pytest.fixture
def ruled(stages, db, time) -> str:
    """ann has opened the ruling on her dispute."""
    perform(stages["ruled"], "read", acting("ann"))
    return stages["ruled"]


@pytest.fixture
def final(stages, db, time) -> str:
    return stages["final"]


def of(*codes: str) -> dict[str, Any]:
    return {"criteria": [{"criterion": code, "reasons": "请复听"} for code in codes]}


# Appealing


def test_appeal_to_the_second_its_time_ends(ruled, time, as_):
    ends = clock(ruled, "appeal_window").due_at
    time.to(ends, seconds=30)
    for moment in (ends, ends + timedelta(seconds=1)):
        with refused(NotAllowedNow, "late"):
            perform(ruled, "appeal", as_("ann", received_at=moment), APPEAL)
    perform(ruled, "appeal", as_("ann", received_at=ends - timedelta(seconds=1)), APPEAL)
    assert case(ruled).state == "appealed"
    time.to(ends, seconds=60)
    sweep()
    assert case(ruled).state == "appealed", "the window that ran out meanwhile closes nothing"


def test_appeal_after_the_ruling_became_final_is_refused(ruled, time, as_):
    time.to(clock(ruled, "appeal_window").due_at, seconds=60)
    sweep()
    assert case(ruled).state == "final"
    with refused(NotAllowedNow):
        perform(ruled, "appeal", as_("ann"), APPEAL)


def test_appeal_before_the_ruling_was_opened_begins_no_window(stages, db, time, as_):
    """Nobody need wait to be served; the time for it only then begins to run."""
    perform(stages["ruled"], "appeal", as_("ann"), APPEAL)
    assert case(stages["ruled"]).state == "appealed"


def test_appeal_of_a_ruling_that_is_not_issued_is_refused(db, time, as_):
    paper = dispute()
    with refused(NotAllowedNow):
        perform(paper, "appeal", as_("ann"), APPEAL)


@pytest.mark.parametrize(("codes", "problem"), [
    (("QC4",), "granted"), (("QA5",), "inadmissible"), (("QA6", "QC4"), "granted"), (("QC1",), "not_disputed"),
    (("ZZ9",), "not_disputed"), (("QA6", "QA6"), "twice"), ((), "too_short"), (("qa6",), "string_pattern_mismatch"),
])  # fmt: skip
def test_appeal_of_what_is_not_open_to_it_is_refused(stages, db, time, as_, codes, problem):
    paper = stages["mixed"]
    perform(paper, "read", as_("ann"))
    with refused(InvalidInput, problems=[problem]):
        perform(paper, "appeal", as_("ann"), of(*codes))
    perform(paper, "appeal", as_("ann"), of("QA6"))


def test_appeal_with_a_claim_of_its_own_or_without_reasons_is_refused(ruled, as_):
    line = {"criterion": "QC4", "reasons": "请复听"}
    for bad, problem in (
        ({**line, "claimed": "9"}, "extra_forbidden"), ({"criterion": "QC4"}, "missing"),
        ({**line, "reasons": "\n"}, "empty"), ({**line, "reasons": "\x00"}, "nul_character"),
    ):  # fmt: skip
        with refused(InvalidInput, problems=[problem]):
            perform(ruled, "appeal", as_("ann"), {"criteria": [bad]})


def test_appeal_when_the_evaluation_was_annulled_is_refused(stages, db, time, as_):
    paper = stages["annulled"]
    perform(paper, "read", as_("ann"))
    with refused(InvalidInput, problems=["granted"]):
        perform(paper, "appeal", as_("ann"), of("QC4"))


def test_appeal_by_anybody_but_the_agent_is_refused(ruled, as_):
    for login in ("lee", "ian", "qin", "qiu", "fang", "hua", "root"):
        with refused(NotPermitted):
            perform(ruled, "appeal", as_(login), APPEAL)
    for login in ("bo", "a1004", "abe", "luo"):
        with refused(OutOfScope):
            perform(ruled, "appeal", as_(login), APPEAL)


def test_appeal_a_second_time_is_refused_also_after_withdrawing(ruled, as_):
    perform(ruled, "appeal", as_("ann"), of("QC4"))
    for codes in (("QC4",), ("QA5",)):
        with refused(NotAllowedNow):
            perform(ruled, "appeal", as_("ann"), of(*codes))
    perform(Case.objects.get(subject__number=ruled).number, "withdraw", as_("ann"))
    with refused(NotAllowedNow):
        perform(ruled, "appeal", as_("ann"), of("QA5"))


def test_appeal_or_dispute_after_the_award_is_refused(final, as_):
    paper = case(final).subject
    with refused(NotAllowedNow):
        perform(paper.number, "appeal", as_("ann"), APPEAL)
    with refused(NotAllowedNow):
        open_case("disputes.ScoreDispute", as_("ann"), {"criteria": [MORE]}, subject=paper.subject.number)


# Opening by hand


def test_open_an_arbitration_by_hand_is_refused_at_every_door(ruled, as_, monkeypatch, tmp_path):
    """It is opened by an appeal and by nothing else; a stranger learns not even that."""
    file = tmp_path / "data.json"
    file.write_text(json.dumps(OPENING), encoding="utf-8")
    kinds = {"ann": NotPermitted, "qin": NotPermitted, "fang": NotPermitted, "bo": OutOfScope, "abe": OutOfScope}
    for login, kind in kinds.items():
        with refused(kind):
            open_case("arbitration.Arbitration", as_(login), OPENING, subject=ruled)
        body = {"type": "arbitration.Arbitration", "subject": ruled, "data": OPENING}
        assert Caller(login).post("/cases", body, kind.status)["code"] == kind.code
        monkeypatch.setenv("GONGDUAN_TOKEN", f"token-of-{login}")
        outcome = run("open_case", "arbitration.Arbitration", "--as", login, "--subject", ruled, "--data", file)
        assert (outcome.status, outcome.out) == (kind.exit_status, "")
    assert not Case.objects.filter(subject__number=ruled).exists()


def test_open_an_arbitration_on_the_wrong_thing_is_refused(ruled, as_):
    with refused(InvalidInput):
        open_case("arbitration.Arbitration", as_("ann"), OPENING)
    with refused(InvalidInput):
        open_case("arbitration.Arbitration", as_("ann"), OPENING, subject=case(ruled).subject.number)
    for number in (ruled, case(ruled).subject.number):
        with refused(UnknownAction):
            perform(number, "open", as_("ann"), OPENING)


# Naming an arbitrator


def vacant(paper: str) -> str:
    """An arbitration with an empty first seat that nobody but a named person can take."""
    number = arbitration(paper)
    sitting = {no for role, no in parties(number) if role != "arbitrator_1"}
    for no in ("M403", "M404", "M405", "M406", "M407", "L302", "L303", "T951"):
        if no not in sitting:
            revoke_all(no, "arbitrator")
    perform(number, "recuse", acting(panel(number)["arbitrator_1"]), {"category": "kinship"})
    assert "arbitrator_1" not in panel(number)
    return number


def test_name_whoever_may_not_sit_is_refused(ruled, as_):
    number = vacant(ruled)
    gone = Party.objects.get(case__number=number, ended_by="recused").person.no
    barred = ("A1001", "Q202", "L301", "M401", "M402", dict(parties(number))["arbitrator_2"], gone)
    for no, problem in (("F801", "oneself"), ("X000", "unknown_person"), ("", "unknown_person")):
        with refused(InvalidInput, problems=[problem]):
            perform(number, "name_arbitrator", as_("fang"), {"person": no, "reasons": "请任"})
    for no in barred:
        with refused(InvalidInput, problems=["barred"]):
            perform(number, "name_arbitrator", as_("fang"), {"person": no, "reasons": "请任"})
    with refused(InvalidInput, problems=["empty"]):
        perform(number, "name_arbitrator", as_("fang"), {"person": "H502", "reasons": " "})


def test_name_by_whoever_is_no_director_is_refused(ruled, as_):
    number = vacant(ruled)
    for login in ("ann", "ian", "qin", "hua", "aud", panel(number)["arbitrator_2"], "root"):
        with refused(NotPermitted):
            perform(number, "name_arbitrator", as_(login), {"person": "H502", "reasons": "请任"})


def test_name_when_no_seat_is_empty_is_refused(ruled, as_):
    number = vacant(ruled)
    perform(number, "name_arbitrator", as_("fang"), {"person": "H502", "reasons": "请任"})
    for login in ("fang", "fei"):
        with refused(NotAllowedNow):
            perform(number, "name_arbitrator", as_(login), {"person": "H503", "reasons": "请任"})


def test_waive_while_a_seat_is_empty_is_refused(ruled, as_):
    number = vacant(ruled)
    with refused(NotAllowedNow):
        perform(number, "waive_challenge", as_("ann"))


def test_score_in_an_empty_seat_by_nobody_who_was_named_is_refused(ruled, as_):
    """An empty seat is not there for the taking."""
    number = vacant(ruled)
    for login in ("fang", "hua", "qin", "root"):
        with refused(NotPermitted):
            perform(number, "score_blind", as_(login), {"criteria": []})


def test_decide_by_a_director_who_approved_a_correction_is_refused(stages, db, time, as_):
    """fang approved a correction of this score: she names nobody, rules on no challenge and reopens nothing."""
    number = vacant(stages["fang's"])
    with refused(NotPermitted, "barred") as refusal:
        perform(number, "name_arbitrator", as_("fang"), {"person": "H502", "reasons": "请任"})
    assert refusal.error.details["bars"] == ["decided_before"]
    with refused(InvalidInput, problems=["barred"]):
        perform(number, "name_arbitrator", as_("fei"), {"person": "F801", "reasons": "请任"})
    perform(number, "name_arbitrator", as_("fei"), {"person": "H502", "reasons": "请任"})
    against = {"against": dict(parties(number))["arbitrator_2"], "reasons": "亲属"}
    perform(number, "challenge", as_("ann"), against)
    assert dict(parties(number))["challenge_ruler"] == "F802", "no other director is left"
    with refused(NotPermitted, "barred"):
        perform(number, "reject_challenge", as_("fang"), against)
    perform(number, "reject_challenge", as_("fei"), against)
    arbitration(stages["fang's"], upto="awarded")
    perform(number, "read", as_("ann"))
    perform(number, "ask_reopening", as_("ann"), FAULT)
    for action in ("reopen", "refuse_reopening"):
        with refused(NotPermitted, "barred"):
            perform(number, action, as_("fang"), WHY)


# Withdrawing


def test_withdraw_tells_everybody_who_sat(ruled, as_):
    number = arbitration(ruled)
    sat = [no for role, no in parties(number) if role.startswith("arbitrator_")]
    perform(number, "withdraw", as_("ann"))
    deliver_all()
    assert [told(no, number)[-1] for no in ("Q202", *sat)] == ["withdrawn"] * 4
    with refused(NotAllowedNow):
        perform(number, "withdraw", as_("ann"))


def test_withdraw_by_anybody_but_the_agent_is_refused(ruled, as_):
    number = arbitration(ruled)
    for login in ("ian", "lee", "qin", "fang", panel(number)["arbitrator_1"]):
        with refused(NotPermitted):
            perform(number, "withdraw", as_(login))


def test_withdraw_once_all_have_voted_is_refused(ruled, final, as_):
    """The award is on its way: nobody waits for it to see whether they like it."""
    number = arbitration(ruled, upto="voted")
    for each in (number, final):
        with refused(NotAllowedNow):
            perform(each, "withdraw", as_("ann"))


# Reopening


def test_reopening_by_whoever_is_no_party_is_refused(final, as_):
    for login in ("lee", "qin", "fang", "hua", "aud", panel(final)["arbitrator_1"], "root"):
        with refused(NotPermitted):
            perform(final, "ask_reopening", as_(login), FAULT)
    with refused(OutOfScope):
        perform(final, "ask_reopening", as_("bo"), FAULT)


@pytest.mark.parametrize(("change", "problem"), [
    ({"known_since": None}, "missing"), ({"known_since": "2026-11-04"}, "in_future"),
    ({"known_since": "9999-12-31"}, "in_future"), ({"known_since": "2026-02-30"}, "date_from_datetime_parsing"),
    ({"known_since": "2026-11-03T10:00"}, "date_from_datetime_inexact"), ({"cause": "unfair"}, "literal_error"),
    ({"reasons": " "}, "empty"), ({"person": "M403"}, "extra_forbidden"),
])  # fmt: skip
def test_reopening_with_bad_data_is_refused(final, as_, change, problem):
    with refused(InvalidInput, problems=[problem]):
        perform(final, "ask_reopening", as_("ann"), {**EVIDENCE, **change})


@pytest.mark.parametrize("known", ["0001-01-01", "1900-01-01", "2023-12-31", "2026-10-01"])
def test_reopening_for_evidence_known_for_ages_is_refused(final, as_, known):
    with refused(NotAllowedNow, "late"):
        perform(final, "ask_reopening", as_("ann"), {**EVIDENCE, "known_since": known})


def test_reopening_asked_in_time_counts_though_it_is_read_later(final, time, as_):
    ends = time.set("2027-11-04 00:00")
    time.to(ends, seconds=5)
    with refused(NotAllowedNow, "late"):
        perform(final, "ask_reopening", as_("ann", received_at=ends), FAULT)
    perform(final, "ask_reopening", as_("ann", received_at=ends - timedelta(seconds=1)), FAULT)


def test_reopening_decided_twice_or_before_it_is_asked_is_refused(final, as_):
    with refused(NotAllowedNow):
        perform(final, "reopen", as_("fang"), WHY)
    perform(final, "ask_reopening", as_("ann"), FAULT)
    with refused(NotAllowedNow):
        perform(final, "ask_reopening", as_("ian"), FAULT)
    perform(final, "reopen", as_("fang"), WHY)
    with refused(NotAllowedNow):
        perform(final, "reopen", as_("fei"), WHY)
    with refused(NotPermitted, "barred"):
        perform(final, "refuse_reopening", as_("fang"), WHY)
    for login in ("ann", "ian"):
        with refused(NotAllowedNow):
            perform(final, "ask_reopening", as_(login), FAULT)
