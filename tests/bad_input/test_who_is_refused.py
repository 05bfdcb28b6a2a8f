"""Whoever may not, is refused with the reason, and nothing changes: roles, bars, deputies, second accounts, root,
revoked and ended grants."""

from datetime import timedelta

import pytest

from casework.domain.actor import system
from casework.domain.errors import InvalidInput, NotAllowedNow, NotPermitted, OutOfScope, UnknownAction
from casework.domain.perform import open_case, perform
from casework.domain.staff import grant
from casework.models import CaseEvent, Unit
from tests.conftest import acting
from tests.factories import CLAIMS, RULING, deliver_all, dispute, evaluation, recording
from tests.seen import case, person, refused, revoke_all, second_lead

DISPUTE = "disputes.ScoreDispute"
BARRED = {
    "ian2": ["scored"],
    "qiu": ["leads_unit", "led_unit_at_filing", "deputy_of_barred"],
}


@pytest.fixture
def empty_seat(db, time) -> str:
    """ann's dispute in review, heard, its recording checked, nobody seated."""
    number = evaluation()
    recording(number)
    paper = dispute(number, upto="forwarded")
    deliver_all()
    perform(paper, "release", acting("qin"))
    return paper


@pytest.mark.parametrize("action", ["claim", "rule"])
@pytest.mark.parametrize("login", ["ian", "ian2", "lee", "qiu", "ann", "root"])
def test_decide_by_whoever_may_not_is_refused_with_the_reason(empty_seat, as_, login, action):
    data = RULING if action == "rule" else None
    with refused(NotPermitted) as refusal:
        perform(empty_seat, action, as_(login), data)
    error = refusal.error
    if login == "root":
        assert "'root' belongs to no person" in str(error)
    else:
        assert error.reason == "barred" and error.details["bars"], "a bar goes before the missing role"
    if login in BARRED:
        assert error.details["bars"] == BARRED[login]
    remembered = CaseEvent.objects.filter(stream="access", action="refused").latest("seq")
    assert empty_seat in remembered.entry or login == "root"


def test_decide_by_qin_is_not_refused(empty_seat, as_):
    perform(empty_seat, "claim", as_("qin"))
    perform(empty_seat, "rule", as_("qin"), RULING)


def test_anything_by_a_stranger_is_refused_as_if_there_were_no_case(empty_seat, as_):
    for login in ("bo", "luo", "ivy", "abe", "tang"):
        for action in ("claim", "no_such_action", "forward", "accept"):
            with refused(OutOfScope) as foreign:
                perform(empty_seat, action, as_(login), {})
        with refused(OutOfScope) as unknown:
            perform("DSP-2026-999999", "claim", as_(login), {})
        told = str(foreign.error).replace(empty_seat, "X"), str(unknown.error).replace("DSP-2026-999999", "X")
        assert told[0] == told[1], "a stranger cannot tell a case from none"


def test_decide_by_a_superuser_with_a_person_who_is_barred_is_refused(empty_seat, as_):
    from casework.models import Account

    Account.objects.filter(username="ian").update(is_superuser=True, is_staff=True)
    with refused(NotPermitted, "barred"):
        perform(empty_seat, "claim", as_("ian"))


def test_decide_by_a_machine_account_is_refused(empty_seat, as_):
    from casework.models import Account

    Account.objects.filter(username="qin").update(is_machine=True)
    with refused(NotPermitted):
        perform(empty_seat, "claim", as_("qin"))


def test_decide_after_the_grant_was_revoked_is_refused(empty_seat, time, as_):
    perform(empty_seat, "claim", as_("qin"))
    revoke_all("M401", "qa_lead")
    with refused(NotPermitted):
        perform(empty_seat, "rule", as_("qin"), RULING)


def test_decide_to_the_second_a_grant_ends(empty_seat, time, as_):
    """A grant holds until before its end: one second earlier it is good, at the moment itself it is not."""
    from tests.factories import credential

    cui = person("M405")
    ends = time.set("2026-11-03 12:00")
    time.set("2026-11-03 11:00")
    grant(cui, "qa_lead", Unit.objects.get(code="OC"), system(), ends_at=ends)
    assert credential("cui")
    time.to(ends - timedelta(seconds=1))
    perform(empty_seat, "claim", as_("cui"))
    time.to(ends)
    with refused(NotPermitted):
        perform(empty_seat, "rule", as_("cui"), RULING)


def test_decide_before_a_grant_starts_is_refused(empty_seat, time, as_):
    starts = time.set("2026-11-03 12:00")
    time.set("2026-11-03 11:59:59")
    grant(person("M405"), "qa_lead", Unit.objects.get(code="OC"), system(), starts_at=starts)
    with refused(OutOfScope):
        perform(empty_seat, "claim", as_("cui"))
    time.to(starts)
    perform(empty_seat, "claim", as_("cui"))


def test_decide_by_somebody_who_was_deputy_of_a_barred_person_since_the_call_is_refused(db, time, as_):
    """The deputyship is over; the bar is not."""
    ended = time.set("2026-10-25 10:00")  # the call was on 20 October
    time.set("2026-11-03 10:00")
    second_lead()
    grant(
        person("M405"), "inspector", Unit.objects.get(code="OC"), system(), starts_at=ended - timedelta(days=1),
        ends_at=ended, principal=person("Q202"),
    )  # fmt: skip
    number = evaluation()
    recording(number)
    paper = dispute(number, upto="forwarded")
    perform(paper, "release", as_("qin"))
    with refused(NotPermitted, "barred") as refusal:
        perform(paper, "claim", as_("cui"))
    assert refusal.error.details["bars"] == ["deputy_of_barred"]
    assert "Q202" in str(refusal.error), "the reason says for whom"


def test_decide_by_a_deputy_is_recorded_with_the_principal(empty_seat, as_):
    grant(person("M406"), "qa_lead", Unit.objects.get(code="OC"), system(), principal=person("M401"))
    perform(empty_seat, "claim", as_("gu"))
    from tests.seen import entry

    assert entry(empty_seat, "claim")["grant"]["in_stead_of"] == "M401"


def test_party_acts_are_never_barred(db, time, as_):
    """lee leads ann's team and is barred from deciding; to forward is no decision."""
    paper = dispute(evaluation())
    perform(paper, "forward", as_("lee"))
    assert case(paper).state == "reviewing"


def test_two_roles_in_one_person_decide_nothing_in_their_own_matter(db, time, as_):
    """An agent who is also a QA lead cannot rule on, publish, correct or reinstate what concerns themselves."""
    grant(person("A1001"), "qa_lead", Unit.objects.get(code="OC"), system())
    number = evaluation()
    recording(number)
    paper = dispute(number, upto="forwarded")
    perform(paper, "release", as_("qin"))
    deliver_all()
    with refused(NotPermitted, "barred") as refusal:
        perform(paper, "claim", as_("ann"))
    assert "agent" in refusal.error.details["bars"]
    draft = evaluation(publisher=None)
    with refused(NotPermitted, "own_score"):
        perform(draft, "publish", as_("ann"))


def test_score_ones_own_call_is_refused(db, time, as_):
    from tests.factories import scorecard

    grant(person("A1001"), "inspector", Unit.objects.get(code="OC"), system())
    with refused(InvalidInput, problems=["inspector_is_agent"]):
        evaluation(inspector="A1001")
    with refused(NotPermitted):
        evaluation(importer="ann", publisher=None, scores=scorecard({}))


def test_leaver_remains_a_party(db, time, as_):
    """All grants of ann have ended: she still sees her case, speaks in it, and nobody else does for her."""
    number = evaluation()
    recording(number)
    paper = dispute(number)
    revoke_all("A1001", "agent")
    time.on(seconds=1)
    perform(paper, "return_to_agent", as_("lee"), {"reasons": "请补充"})
    perform(paper, "insist", as_("ann"))
    assert case(paper).state == "reviewing"
    with refused(OutOfScope):
        perform(paper, "insist", as_("bo"))


ACTIONS = (
    "",
    "file",
    "record_score",
    "RULE",
    "rule ",
    "__init__",
    "evaluation",
    "x\x00",
    "规则",
    "a" * 9_999,
    "\ud800",
)
NUMBERS = (
    "DSP", "DSP-2026-999999", "XXX-2026-000001", "EVL-2026-000001 ", "DSP-\x00", "DSP-\ud800", "DSP-" + "9" * 9_999,
    "DSP-' OR 1=1",
)  # fmt: skip
TYPES = ("", "Dispute", "casework.Case", "disputes.scoredispute", "x\x00", "\ud800")


def test_unknown_action_is_refused(empty_seat, as_):
    for action in ACTIONS:
        with refused(UnknownAction):
            perform(empty_seat, action, as_("qin"), {})


def test_unknown_case_is_refused(empty_seat, as_):
    for number in ("", *NUMBERS):
        with refused(OutOfScope):
            perform(number, "rule", as_("qin"), RULING)
    for number in NUMBERS:
        with refused(OutOfScope):
            open_case(DISPUTE, as_("ann"), CLAIMS, subject=number)


def test_unknown_type_is_refused(db, time, as_):
    for kind in TYPES:
        with refused(InvalidInput):
            open_case(kind, as_("ann"), CLAIMS, subject="EVL-2026-000001")


def test_anything_in_the_wrong_state_is_refused(db, time, as_):
    number = evaluation()
    recording(number)
    paper = dispute(number)
    wrong = {
        "insist": ("ann", {}), "amend": ("ann", CLAIMS), "accept": ("ann", {}), "read": ("ann", {}),
        "rule": ("qin", RULING), "claim": ("qin", {}), "revise": ("qin", {}),
        "reinstate": ("qin", {"reasons": "x"}),
        "ask_reinstatement": ("ann", {"cause": "leave", "reasons": "x"}),
    }  # fmt: skip
    for action, (login, data) in wrong.items():
        with refused(NotAllowedNow):
            perform(paper, action, as_(login), data)
