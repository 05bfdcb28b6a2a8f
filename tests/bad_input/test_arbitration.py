"""What a panel is refused: scoring, voting, recusing and signing by the wrong person, at the wrong time, with the
wrong values; nothing changes, and the words say what to do."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from casework.domain import now
from casework.domain.actor import system
from casework.domain.errors import InvalidInput, NotAllowedNow, NotPermitted, OutOfScope
from casework.domain.perform import perform
from casework.models import Account, Document
from tests.api.conftest import Caller
from tests.arbitration.conftest import login_of
from tests.arbitration.test_award_document import ruled_and_signed
from tests.conftest import Time, acting, forget
from tests.factories import (
    arbitration,
    ballot,
    blind_scores,
    credential,
    deliver_all,
    dispute,
    evaluation,
    panel,
    recording,
    signature_of,
)
from tests.seen import case, clock, parties, refused, revoke_all, sweep

NORMAL = {"score": "3", "na": False, "failed": None, "at": None, "comment": ""}
# Criteria of the six-category rubric by points, and those that only fail or do not.
POINTS = {
    "PK1": 6, "PK3": 5, "PK4": 5, "SL1": 2, "SL2": 2, "SL3": 1, "SL4": 2, "SL5": 3, "SL6": 2, "SL7": 3, "SL8": 4,
    "SL9": 3, "SL10": 4, "SL11": 1, "AT1": 3, "AT2": 3, "AT3": 4, "AT4": 4, "CS1": 3, "CS2": 3, "CS3": 5, "CS4": 3,
    "CS5": 2, "CS6": 3, "CS7": 4, "CS8": 3, "MK1": 4, "MK2": 4, "MK3": 4, "MK4": 3, "OT1": 1, "OT4": 1,
}  # fmt: skip
CRITICAL = ("PK2", "SL12", "OT2", "OT3")
BAD_VALUES = [
    ("MK1", "3.3", "off_step"),
    ("MK1", "4.5", "score_above_maximum"),
    ("MK1", "-0.5", "below_zero"),
    ("MK1", "NaN", "not_a_number"),
    ("MK1", "Infinity", "not_a_number"),
    ("MK1", "1e1", "not_a_number"),
    ("MK1", "３", "not_a_number"),
    ("MK1", True, "not_a_number"),
    ("MK1", {}, "score_missing"),
    ("MK1", None, "score_missing"),
    ("MK1", {"failed": False}, "failed_on_normal"),
    ("MK1", {"na": True, "score": "3"}, "score_with_not_applicable"),
    ("PK1", {"na": True}, "not_applicable_not_allowed"),
    ("PK2", "3", "score_on_critical"),
    ("PK2", {"na": True}, "not_applicable_not_allowed"),
    ("PK2", {}, "critical_needs_failed_flag"),
    ("PK2", {"failed": "maybe"}, "bool_parsing"),
]


def six_categories() -> str:
    """An arbitration over a normal, an n/a-able and a critical criterion of the six-category rubric."""
    scores: dict[str, Any] = {code: {**NORMAL, "score": str(points)} for code, points in POINTS.items()}
    scores |= {code: {**NORMAL, "score": None, "failed": False} for code in CRITICAL}
    scores |= {"PK1": NORMAL, "MK1": NORMAL, "PK2": {**NORMAL, "score": None, "failed": True}}
    number = evaluation(rubric="six-category", scores=scores)
    recording(number)
    claimed = {"PK1": "6", "MK1": {"na": True}, "PK2": {"failed": False}}
    claims = [{"criterion": c, "claimed": v, "ground": "fact_wrong", "reasons": "见录音"} for c, v in claimed.items()]
    paper = dispute(number, criteria=claims)
    statement = {"criteria": [{"criterion": code, "text": "维持"} for code in claimed]}
    perform(paper, "give_statement", acting("ian"), statement)
    perform(paper, "forward", acting("lee"))
    ruled_and_signed(paper, *({"criterion": c, "decision": "maintain", "reasons": "维持"} for c in claimed))
    perform(paper, "read", acting("ann"))
    appeal = [{"criterion": code, "reasons": "请复听"} for code in claimed]
    perform(paper, "appeal", acting("ann"), {"criteria": appeal})
    deliver_all()
    return arbitration(paper)


@pytest.fixture(scope="module")
def stages(django_db_setup, django_db_blocker) -> Iterator[dict[str, str]]:
    """Arbitrations of their own families, made once: just opened; the award drafted; over three kinds of criteria."""
    with django_db_blocker.unblock(), transaction.atomic():
        token = now._fixed.set(None)
        Time()
        forget()
        numbers = {"opened": arbitration(), "drafted": arbitration(upto="voted"), "six": six_categories()}
        deliver_all()
        now._fixed.reset(token)
        yield numbers
        transaction.set_rollback(True)


@pytest.fixture
def opened(stages, db, time) -> str:
    return stages["opened"]


@pytest.fixture
def revealed(opened) -> str:
    everybody_scores(opened)
    for party in ("ann", "ian"):
        perform(opened, "waive_challenge", acting(party))
    assert case(opened).state == "voting"
    return opened


@pytest.fixture
def drafted(stages, db, time) -> str:
    return stages["drafted"]


def everybody_scores(number: str) -> None:
    for login in panel(number).values():
        perform(number, "score_blind", acting(login), blind_scores(number))


def other_arbitrator(number: str) -> str:
    """An arbitrator who is free and does not sit. Their login."""
    sitting = {no for _role, no in parties(number)}
    no = min({"M403", "M404", "M405", "M406", "M407", "T951"} - sitting)
    return login_of(no)


def second_account(login: str) -> str:
    """The same person by another login."""
    known = Account.objects.get(username=login)
    return Account.objects.create_user(f"{login}-2", person=known.person).username


def auditor_too(login: str) -> None:
    """The person sees every case from now on, without a part in any."""
    from casework.domain.actor import system
    from casework.domain.staff import grant
    from casework.models import Unit

    grant(Account.objects.get(username=login).person, "auditor", Unit.objects.get(code="OC"), system())


def first(number: str) -> str:
    return panel(number)["arbitrator_1"]


def valid(number: str) -> dict[str, Any]:
    """A value of its kind for each criterion of the six categories that is on the list."""
    wanted = [*case(number).matters, *case(number).controls["codes"]]
    return {code: {"failed": False} if code in CRITICAL else "1" for code in wanted}


# Blind scores


def test_score_by_whoever_does_not_sit_is_refused(opened, as_):
    outsider, data = other_arbitrator(opened), blind_scores(opened)
    for login in (outsider, "bo", "ivy", "tou"):
        with refused(OutOfScope):
            perform(opened, "score_blind", as_(login), data)
    for login in ("ann", "ian", "lee", "qin"):
        with refused(NotPermitted, "barred"):
            perform(opened, "score_blind", as_(login), data)
    for login in ("fang", "hua", "aud", "root"):
        with refused(NotPermitted):
            perform(opened, "score_blind", as_(login), data)
    auditor_too(outsider)
    with refused(NotPermitted, "seat_taken"):
        perform(opened, "score_blind", as_(outsider), data)


@pytest.mark.parametrize("how", ["recused", "too late", "challenged"])
def test_score_after_being_replaced_is_refused_and_what_they_scored_is_void(opened, time, as_, how):
    gone, data = first(opened), blind_scores(opened)
    no = dict(parties(opened))["arbitrator_1"]
    if how == "recused":
        perform(opened, "score_blind", as_(gone), data)
        perform(opened, "recuse", as_(gone), {"category": "kinship"})
    elif how == "too late":
        time.to(clock(opened, "score_1").due_at, seconds=60)
        sweep()
    else:
        perform(opened, "challenge", as_("ann"), {"against": no, "reasons": "亲属"})
        ruler = login_of(dict(parties(opened))["challenge_ruler"])
        perform(opened, "uphold_challenge", as_(ruler), {"against": no, "reasons": "属实"})
    assert first(opened) != gone and case(opened).scores == {}
    for action, given in (("score_blind", data), ("recuse", {"category": "other"})):
        with refused(OutOfScope):
            perform(opened, action, as_(gone), given)


def test_score_twice_is_refused_also_by_a_second_account(opened, as_):
    login = first(opened)
    perform(opened, "score_blind", as_(login), blind_scores(opened))
    for again in (login, second_account(login)):
        with refused(NotAllowedNow, "already_scored"):
            perform(opened, "score_blind", as_(again), blind_scores(opened, {"QC4": "10"}))


def test_score_after_the_reveal_is_refused(revealed, drafted, as_):
    for number in (revealed, drafted):
        with refused(NotAllowedNow):
            perform(number, "score_blind", as_(first(number)), blind_scores(number))


@pytest.mark.parametrize("action", ["score_blind", "vote"])
@pytest.mark.parametrize(("code", "value", "problem"), BAD_VALUES)
def test_decide_with_a_bad_value_is_refused(stages, db, time, as_, action, code, value, problem):
    number = stages["six"]
    given = {**(valid(number) if action == "score_blind" else {c: valid(number)[c] for c in case(number).matters})}
    if action == "vote":
        for login in panel(number).values():
            perform(number, "score_blind", as_(login), blind_scores(number, valid(number)))
        for party in ("ann", "ian"):
            perform(number, "waive_challenge", as_(party))
    make = blind_scores if action == "score_blind" else ballot
    with refused(InvalidInput, problems=[problem]):
        perform(number, action, as_(first(number)), make(number, {**given, code: value}))
    perform(number, action, as_(first(number)), make(number, {**given, "MK1": {"na": True}, "PK2": {"failed": True}}))


def without(data: dict[str, Any], code: str) -> dict[str, Any]:
    return {"criteria": [line for line in data["criteria"] if line["criterion"] != code]}


def test_score_of_an_incomplete_or_longer_list_is_refused(opened, as_):
    """Each criterion of the list exactly once, those before the panel and those drawn as a check alike."""
    whole, control = blind_scores(opened), case(opened).controls["codes"][0]
    lines = whole["criteria"]
    unlisted = next(code for code in ("QC1", "QC2", "QC3") if code not in case(opened).controls["codes"])
    bad = {
        "not_decided": [{}, without(whole, "QC4"), without(whole, control), {"criteria": [*lines, lines[0]]}],
        "not_listed": [
            {"criteria": [*lines, {"criterion": code, "value": "10"}]} for code in (unlisted, "ZZ9", "0" * 12)
        ],
        "string_pattern_mismatch": [
            {"criteria": [*lines, {"criterion": c, "value": "10"}]} for c in ("", "qc4", "Q\0")
        ],
        "too_long": [{"criteria": lines[:1] * 101}],
        "extra_forbidden": [{**whole, "reasons": "x"}, {"criteria": [{**lines[0], "reasons": "x"}, *lines[1:]]}],
        "list_type": [{"criteria": {}}, {"criteria": None}],
    }
    for problem, forms in bad.items():
        for data in forms:
            with refused(InvalidInput, problems=[problem]):
                perform(opened, "score_blind", as_(first(opened)), data)


def test_score_of_a_recording_that_cannot_be_heard_is_refused(opened, as_):
    score = case(case(case(opened).subject.number).subject.number).number
    for state in ("missing", "altered"):
        perform(score, "note_recording", system(), {"state": state})
        with refused(InvalidInput, problems=["recording_missing"]):
            perform(opened, "score_blind", as_(first(opened)), blind_scores(opened))


# Votes


def test_vote_before_the_reveal_is_refused(opened, as_):
    login = first(opened)
    with refused(NotAllowedNow):
        perform(opened, "vote", as_(login), ballot(opened))
    everybody_scores(opened)
    perform(opened, "waive_challenge", as_("ann"))
    with refused(NotAllowedNow):
        perform(opened, "vote", as_(login), ballot(opened))


def test_vote_on_an_incomplete_or_longer_list_is_refused(revealed, as_):
    """A check criterion is scored, never voted on."""
    whole, control = ballot(revealed), case(revealed).controls["codes"][0]
    lines = whole["criteria"]
    bad = {
        "not_listed": [{"criteria": [*lines, {**lines[0], "criterion": code}]} for code in (control, "ZZ9")],
        "not_decided": [without(whole, "QA5"), {"criteria": [*lines, {**lines[0], "value": "9"}]}],
        "too_short": [{"criteria": []}],
        "missing": [{}, {"criteria": [{"criterion": "QC4", "value": "8"}, lines[1]]}],
        "empty": [{"criteria": [{**lines[0], "reasons": "  "}, lines[1]]}],
    }
    for problem, forms in bad.items():
        for data in forms:
            with refused(InvalidInput, problems=[problem]):
                perform(revealed, "vote", as_(first(revealed)), data)


def test_vote_twice_is_refused_also_by_a_second_account(revealed, as_):
    login = first(revealed)
    perform(revealed, "vote", as_(login), ballot(revealed))
    for again in (login, second_account(login)):
        with refused(NotAllowedNow, "already_voted"):
            perform(revealed, "vote", as_(again), ballot(revealed, {"QC4": "10"}))


def test_vote_of_a_third_from_the_second_account_of_a_voter_never_counts(revealed, as_):
    one, two, three = panel(revealed).values()
    again = second_account(one)
    for login in (one, two):
        perform(revealed, "vote", as_(login), ballot(revealed))
    with refused(NotAllowedNow, "already_voted"):
        perform(revealed, "vote", as_(again), ballot(revealed))
    assert case(revealed).state == "voting" and len(case(revealed).votes) == 2
    perform(revealed, "vote", as_(three), ballot(revealed))
    for login in (one, again):
        with refused(NotAllowedNow):
            perform(revealed, "vote", as_(login), ballot(revealed))


def test_vote_by_a_fourth_person_is_refused(revealed, as_):
    outsider = other_arbitrator(revealed)
    with refused(OutOfScope):
        perform(revealed, "vote", as_(outsider), ballot(revealed))
    auditor_too(outsider)
    with refused(NotPermitted, "seat_taken"):
        perform(revealed, "vote", as_(outsider), ballot(revealed))
    for login in ("ann", "ian", "ian2", "qin", "lee"):
        with refused(NotPermitted, "barred"):
            perform(revealed, "vote", as_(login), ballot(revealed))
    for login in ("fang", "hua", "root"):
        with refused(NotPermitted):
            perform(revealed, "vote", as_(login), ballot(revealed))


def test_vote_by_a_machines_account_of_an_arbitrator_is_refused(revealed, as_):
    Account.objects.filter(username=first(revealed)).update(is_machine=True)
    with refused(NotPermitted):
        perform(revealed, "vote", as_(first(revealed)), ballot(revealed))


# Recusing


def test_recuse_twice_is_refused(opened, as_):
    gone = first(opened)
    perform(opened, "recuse", as_(gone), {"category": "kinship"})
    with refused(OutOfScope):
        perform(opened, "recuse", as_(gone), {"category": "kinship"})


def test_recuse_after_the_vote_is_refused(revealed, as_):
    login = first(revealed)
    perform(revealed, "vote", as_(login), ballot(revealed))
    with refused(NotAllowedNow, "already_voted"):
        perform(revealed, "recuse", as_(login), {"category": "interest"})


def test_recuse_once_the_award_is_drafted_signed_or_issued_is_refused(drafted, as_):
    login = first(drafted)
    for step in (lambda: None, lambda: perform(drafted, "sign", as_(login), signature_of(drafted, login))):
        step()
        with refused(NotAllowedNow):
            perform(drafted, "recuse", as_(login), {"category": "interest"})


def test_recuse_without_a_known_category_is_refused(opened, as_):
    for data, problem in (({}, "missing"), ({"category": "tired"}, "literal_error")):
        with refused(InvalidInput, problems=[problem]):
            perform(opened, "recuse", as_(first(opened)), data)


def test_recuse_by_whoever_does_not_sit_is_refused(opened, as_):
    for login in ("ann", "ian", "qin", "fang", "root"):
        with refused(NotPermitted):
            perform(opened, "recuse", as_(login), {"category": "other"})


# Leaving


@pytest.mark.parametrize("stage", ["opened", "revealed", "drafted"])
def test_decide_one_second_after_leaving_is_refused_at_every_door(request, time, as_, stage):
    number = request.getfixturevalue(stage)
    login, no = first(number), dict(parties(number))["arbitrator_1"]
    action, data = {
        "opened": ("score_blind", blind_scores(number)), "revealed": ("vote", ballot(number)),
        "drafted": ("sign", signature_of(number, login) if stage == "drafted" else {}),
    }[stage]  # fmt: skip
    caller, version = Caller(login), Caller("hua").version(number)
    revoke_all(no, "arbitrator")
    time.on(seconds=1)
    for again in (login, second_account(login)):
        with refused(NotPermitted):
            perform(number, action, as_(again), data)
    assert caller.act(number, action, data, status=403, version=version)["code"] in ("not_permitted", "blind")


# Signing


def test_sign_before_the_draft_is_refused(revealed, as_):
    login = first(revealed)
    data = {"document_sha256": "0" * 64, "credential": credential(login)}
    with refused(NotAllowedNow):
        perform(revealed, "sign", as_(login), data)  # still voting
    for voter in panel(revealed).values():
        perform(revealed, "vote", as_(voter), ballot(revealed))
    with refused(NotAllowedNow, "no_draft"):
        perform(revealed, "sign", as_(login), data)


def test_sign_another_file_or_with_a_wrong_credential_is_refused(drafted, as_):
    login, other = first(drafted), panel(drafted)["arbitrator_2"]
    good = signature_of(drafted, login)
    for digest in ("0" * 64, Document.objects.get(case__number=case(drafted).subject.number).file_sha256):
        with refused(InvalidInput, "other_draft"):
            perform(drafted, "sign", as_(login), {**good, "document_sha256": digest})
    for digest in ("", "0" * 63, good["document_sha256"].upper(), None):
        with refused(InvalidInput):
            perform(drafted, "sign", as_(login), {**good, "document_sha256": digest})
    for secret in ("", " ", "wrong", credential(other), "p" * 10_000):
        with refused(NotPermitted, "wrong_credential"):
            perform(drafted, "sign", as_(login), {**good, "credential": secret})
    with refused(InvalidInput, problems=["missing"]):
        perform(drafted, "sign", as_(login), {"document_sha256": good["document_sha256"]})


def test_sign_twice_is_refused_also_by_a_second_account(drafted, as_):
    login, other = first(drafted), panel(drafted)["arbitrator_2"]
    perform(drafted, "sign", as_(login), signature_of(drafted, login))
    again = second_account(login)
    for account in (login, again):
        data = signature_of(drafted, account)
        with refused(NotAllowedNow, "already_signed"):
            perform(drafted, "sign", as_(account), data)
    perform(drafted, "sign", as_(other), signature_of(drafted, other))
    assert case(drafted).signed == ["arbitrator_1", "arbitrator_2"]


def test_sign_by_whoever_did_not_vote_is_refused(drafted, as_):
    outsider = other_arbitrator(drafted)
    data = signature_of(drafted, outsider)
    with refused(OutOfScope):
        perform(drafted, "sign", as_(outsider), data)
    auditor_too(outsider)
    with refused(NotPermitted, "seat_taken"):
        perform(drafted, "sign", as_(outsider), data)
    for login in ("ann", "ian", "qin"):
        own = signature_of(drafted, login)
        with refused(NotPermitted, "barred"):
            perform(drafted, "sign", as_(login), own)


# The hand of the system


def test_step_of_the_system_by_a_person_is_refused(opened, as_):
    for action in (
        "replace_scorer", "replace_voter", "report_vacancy", "close_challenges", "pass_challenge_on", "attach_draft",
        "close_signing", "issue", "deem_served", "report_reopening_delay", "replace_leaver",
    ):  # fmt: skip
        with refused(NotPermitted):
            perform(opened, action, as_("fang"), {})
