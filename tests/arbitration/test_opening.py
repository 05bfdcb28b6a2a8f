"""The appeal opens the arbitration in the same step: what is before the panel, who sits, which clocks run, under which
policy."""

import hashlib
import shutil

import pytest

from casework.domain import policy
from casework.domain.errors import InvalidInput, NotAllowedNow, NotPermitted, OutOfScope
from casework.domain.perform import open_case, perform
from casework.models import Case, CaseEvent, Document
from tests.arbitration.conftest import below, seated
from tests.disputes.test_reviewing import at_review
from tests.factories import APPEAL, arbitration, ballot, credential, deliver_all, dispute, evaluation, panel, recording
from tests.seen import case, due, entry, events, parties, refused, running, sweep, tasks, told

ARBITRATORS = {"M403", "M404", "M405", "M406", "M407", "L302", "L303", "T951"}


def test_appeal_opens_the_arbitration_and_the_dispute_waits(opened):
    paper, subject = below(opened)
    assert (case(opened).state, case(paper).state, case(subject).state) == ("scoring", "appealed", "provisional")
    assert str(case(subject).score) == "90.00", "the ruling's score, until the award"
    assert parties(opened) == {("agent", "A1001"), ("inspector", "Q202"), *seated(opened).items()}
    assert set(seated(opened)) == {"arbitrator_1", "arbitrator_2", "arbitrator_3"}
    assert set(seated(opened).values()) <= ARBITRATORS and len(set(seated(opened).values())) == 3
    assert running(opened) == {"score_1", "score_2", "score_3", "challenge"}
    assert {due(opened, f"score_{n}") for n in (1, 2, 3)} == {"2026-11-06 18:00"}, "three working days"
    assert due(opened, "challenge") == "2026-11-04 18:00"
    assert running(paper) == {"whole", "whole.again"} and running(subject) == {"objection"}, "which no dispute stops"
    assert tasks(paper) == tasks(subject) == set()
    sat = seated(opened)
    assert tasks(opened) == {
        ("agent_on_panel", "A1001"), ("inspector_on_panel", "Q202"), ("score_1", sat["arbitrator_1"]),
        ("score_2", sat["arbitrator_2"]), ("score_3", sat["arbitrator_3"]),
    }  # fmt: skip


def test_appeal_is_one_act_of_the_agent_and_the_rest_the_systems_on_their_behalf(opened):
    paper, subject = below(opened)
    assert (events(paper)[-1], events(opened), events(subject)[-2]) == ("appeal", ["open"], "mark_provisional")
    first, then = entry(paper, "appeal"), entry(opened, "open")
    assert (first["actor"], then["actor"], then["on_behalf_of"], then["cause"]) == (
        "A1001", "SYSTEM", "A1001", first["id"],
    )  # fmt: skip
    assert then["received_at"] == first["received_at"]
    assert told("A1001", opened) == told("Q202", opened) == ["panel_seated"] and told("Q202", paper)[-1] == "appealed"


def test_appeal_once_its_time_is_over_opens_nothing(ruled, time, as_):
    perform(ruled, "read", as_("ann"))
    assert due(ruled, "appeal_window") == "2026-11-05 18:00"
    time.set("2026-11-05 18:00:00")
    with refused(NotAllowedNow, "late"):
        perform(ruled, "appeal", as_("ann"), APPEAL)
    time.set("2026-11-05 17:59:59")
    perform(ruled, "appeal", as_("ann"), APPEAL)
    with refused(NotAllowedNow):
        perform(ruled, "appeal", as_("ann"), APPEAL)


@pytest.mark.parametrize("login", ["ian", "lee", "qin", "bo", "fang", "hua", "aud", "abe"])
def test_appeal_by_another_than_the_agent_is_refused(ruled, as_, login):
    with refused(OutOfScope if login in ("bo", "abe") else NotPermitted):
        perform(ruled, "appeal", as_(login), APPEAL)


@pytest.mark.parametrize("login", ["ann", "qin", "fang", "aud"])
def test_arbitration_is_opened_by_nobody_by_hand(ruled, as_, login):
    data = {"criteria": [{"criterion": "QC4", "claimed": "10", "reasons": "见录音"}]}
    with refused(NotPermitted):
        open_case("arbitration.Arbitration", as_(login), data, subject=ruled)


@pytest.mark.parametrize(("lines", "problem"), [
    ([{"criterion": "QA6", "reasons": "见录音"}], "not_disputed"),
    ([{"criterion": "QC4", "reasons": "一"}, {"criterion": "QC4", "reasons": "二"}], "twice"),
    ([{"criterion": "QC4", "reasons": " "}], "empty"),
    ([], "too_short"),
])  # fmt: skip
def test_appeal_of_what_cannot_be_appealed_is_refused(ruled, as_, lines, problem):
    with refused(InvalidInput, problems=[problem]):
        perform(ruled, "appeal", as_("ann"), {"criteria": lines})


def test_what_the_review_granted_or_nobody_appealed_is_not_before_the_panel(db, time, as_):
    """QC4 is granted, QA5 and QA6 maintained; ann appeals QA5 alone."""
    number = evaluation()
    recording(number)
    paper = at_review(number, *({"criterion": code, "claimed": "10"} for code in ("QC4", "QA5", "QA6")))
    decisions = {"QC4": "accept", "QA5": "maintain", "QA6": "maintain"}
    lines = [{"criterion": code, "decision": decision, "reasons": "见录音"} for code, decision in decisions.items()]
    perform(paper, "rule", as_("qin"), {"criteria": lines})
    deliver_all()
    draft = Document.objects.get(case__number=paper)
    perform(paper, "sign", as_("qin"), {"document_sha256": draft.file_sha256, "credential": credential("qin")})
    deliver_all()
    perform(paper, "read", as_("ann"))
    with refused(InvalidInput, problems=["granted"]):
        perform(paper, "appeal", as_("ann"), {"criteria": [{"criterion": "QC4", "reasons": "见录音"}]})
    perform(paper, "appeal", as_("ann"), {"criteria": [{"criterion": "QA5", "reasons": "见录音"}]})
    opened = arbitration(paper, upto="revealed")
    assert list(case(opened).matters) == ["QA5"]
    assert not {"QC4", "QA5", "QA6"} & set(case(opened).controls["codes"]), "a control was never disputed"
    first = panel(opened)["arbitrator_1"]
    with refused(InvalidInput, problems=["not_listed"]):
        perform(opened, "vote", as_(first), ballot(opened, {"QC4": "0"}))


def test_controls_are_two_undisputed_criteria_by_a_lot_that_anyone_can_draw_again(opened):
    paper, subject = below(opened)
    appeal = CaseEvent.objects.get(stream=f"case:{paper}", action="appeal")
    lot = hashlib.sha256(f"{opened}{appeal.digest}".encode()).hexdigest()
    left, number, drawn = (
        [code for code in case(subject).rubric.criteria if code not in ("QC4", "QA5")],
        int(lot, 16),
        [],
    )
    for _ in range(2):
        number, place = divmod(number, len(left))
        drawn.append(left.pop(place))
    assert case(opened).controls == entry(opened, "open")["data"]["controls"] == {"codes": drawn, "lot": lot}


def test_seats_are_filled_from_whoever_is_free_by_a_lot_that_anyone_can_draw_again(opened):
    taken: list[str] = []
    appeal = CaseEvent.objects.get(stream=f"case:{below(opened)[0]}", action="appeal")
    lot = hashlib.sha256(f"{opened}{appeal.digest}".encode()).hexdigest()
    for choice in entry(opened, "open")["choices"]:
        assert set(choice["pool"]) == ARBITRATORS - set(taken) and choice["lot"] == lot
        free = [no for no in sorted(choice["pool"]) if choice["loads"][no] == min(choice["loads"].values())]
        assert choice["chosen"] == free[int(lot, 16) % len(free)] == seated(opened)[choice["seat"]]
        taken.append(choice["chosen"])
    assert len(taken) == 3


@pytest.fixture
def longer_scoring(tmp_path, settings):
    """Puts a policy in force in which blind scoring may take nine working days."""

    def forget() -> None:
        for remembered in (policy.current_policy, policy.current_digest, policy.pinned_policy):
            remembered.cache_clear()

    def put() -> str:
        folder = shutil.copytree(settings.POLICY_FOLDER, tmp_path / "longer")
        file = folder / "arbitration.yaml"
        rules = file.read_text(encoding="utf-8")
        assert rules.count("within: 3 workdays") == 1
        file.write_text(rules.replace("within: 3 workdays", "within: 9 workdays"), encoding="utf-8")
        settings.POLICY_FOLDER = folder
        forget()
        return policy.register_current()

    yield put
    forget()


def test_arbitration_goes_by_the_policy_of_its_dispute_also_after_a_change(ruled, as_, longer_scoring):
    changed = longer_scoring()
    opened = arbitration(ruled)
    assert case(opened).policy_id == case(ruled).policy_id != changed
    assert due(opened, "score_1") == "2026-11-06 18:00"
    number = evaluation()
    recording(number)
    later = dispute(number)
    assert case(later).policy_id == changed, "a matter begun since goes by the new one"


def test_whole_limit_of_the_dispute_runs_on_through_the_arbitration(opened, time):
    paper, subject = below(opened)
    time.set("2026-12-01 18:01")
    sweep()
    deliver_all()
    assert "whole_limit_passed" in told("F801", paper) and "whole_limit_passed" in told("U999", paper)
    assert case(subject).is_provisional and case(paper).state == "appealed"
    assert Case.objects.filter(family=case(paper).family_id).count() == 3
