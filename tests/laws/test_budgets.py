"""What a step costs the database. PostgreSQL: at most four statements and one commit a step, and three statements
more for each further case that moves. SQLite has no network to save and sends one statement a table."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from casework.domain import directory, papers
from casework.domain.deliveries import deliver_due
from casework.domain.errors import NotAllowedNow
from casework.domain.perform import open_case, perform
from casework.domain.reading import read_family
from casework.models import Delivery, Document, Party
from tests.conftest import Time, _copied, _drop, acting, forget
from tests.factories import (
    APPEAL,
    CLAIMS,
    RULING,
    STATEMENT,
    TEN,
    arbitration,
    ballot,
    blind_scores,
    credential,
    deliver_all,
    dispute,
    evaluation,
    panel,
    received,
    recording,
    scorecard,
    signature_of,
)
from tests.seen import revoke_all

POSTGRESQL = connection.vendor == "postgresql"
FRAME = re.compile(r"^(BEGIN|COMMIT|SAVEPOINT|RELEASE|ROLLBACK|SET )", re.IGNORECASE)
WRITING = re.compile(r"^\s*(INSERT|UPDATE|DELETE|WITH guard)", re.IGNORECASE)
# How many further cases the step moves; its statements as measured on SQLite (one a table, a guard, a read).
STEPS = {
    "record_score": (0, 11), "publish": (0, 11), "read": (0, 12), "file": (1, 16), "give_statement": (0, 10),
    "add_evidence": (0, 9), "forward": (0, 15), "rule": (0, 14), "attach_draft": (0, 6), "sign": (0, 12),
    "issue": (1, 10), "read_ruling": (0, 12), "accept": (1, 10), "appeal": (2, 19), "score_blind": (0, 9),
    "recuse": (0, 16),
    "waive_challenge": (0, 6), "reveal": (0, 14), "vote": (0, 10), "last_vote": (0, 12), "attach_award": (0, 10),
    "sign_award": (0, 9), "last_signature": (0, 13), "issue_award": (2, 14), "name_arbitrator": (0, 14),
    "withdraw_appeal": (2, 12),
}  # fmt: skip
OPENING = ("record_score", "file", "appeal")


class Cost:
    """Statements of one step, besides those that only frame a transaction, and how often it committed."""

    def __init__(self, queries: list[dict[str, str]]) -> None:
        texts = [query["sql"] for query in queries]
        self.statements = [text for text in texts if not FRAME.match(text)]
        inside, self.commits = 0, 0
        for text in texts:
            inside += text.upper().startswith("BEGIN") - text.upper().startswith("COMMIT")
            self.commits += text.upper().startswith("COMMIT") or (inside == 0 and bool(WRITING.match(text)))

    def __repr__(self) -> str:
        return f"{len(self.statements)} statements, {self.commits} commits:\n" + "\n".join(
            t[:150] for t in self.statements
        )


def cost_of(call: Callable[[], Any]) -> Cost:
    with CaptureQueriesContext(connection) as captured:
        call()
    return Cost(captured.captured_queries)


def story(costs: dict[str, Cost], monkeypatch: pytest.MonkeyPatch) -> None:
    """The main job from score to acceptance; `costs` afterwards holds what each step cost."""

    def counted(number: str, action: str, *args: Any, **kwargs: Any) -> Any:
        result: list[Any] = []
        costs[action] = cost_of(lambda: result.append(perform(number, action, *args, **kwargs)))
        return result[0]

    monkeypatch.setattr(papers, "perform", counted)
    people = {login: acting(login) for login in ("ann", "ian", "lee", "qin")}
    secret = credential("qin")
    card = evaluation(publisher=None)
    number: list[str] = []
    index = card[-6:]
    data = {
        "external_id": f"EV-B-{index}", "rubric": "ten-item", "rubric_version": 1, "interaction_id": f"CALL-B-{index}",
        "channel": "phone", "started_at": "2026-10-20T02:00:00Z", "duration_s": 300, "agent_no": "A1001",
        "inspector_no": "Q202", "scored_at": "2026-10-22T02:00:00Z", 
        "scores": scorecard({"QC4": "0", "QA5": "5", "QA6": "9"}),
    }  # fmt: skip
    costs["record_score"] = cost_of(
        lambda: number.append(open_case("evaluations.Evaluation", people["qin"], data).number)
    )
    card = number.pop()
    recording(card)
    costs["publish"] = cost_of(lambda: perform(card, "publish", people["qin"]))
    costs["read"] = cost_of(lambda: perform(card, "read", people["ann"]))
    costs["file"] = cost_of(
        lambda: number.append(open_case("disputes.ScoreDispute", people["ann"], CLAIMS, subject=card).number)
    )
    case = number.pop()
    given = {"sha256": received(case, "ann"), "shows": "见附件"}
    costs["add_evidence"] = cost_of(lambda: perform(case, "add_evidence", people["ann"], given))
    costs["give_statement"] = cost_of(lambda: perform(case, "give_statement", people["ian"], STATEMENT))
    costs["forward"] = cost_of(lambda: perform(case, "forward", people["lee"]))
    deliver_all()
    costs["rule"] = cost_of(lambda: perform(case, "rule", people["qin"], RULING))
    deliver_all()
    draft = Document.objects.get(case__number=case)
    signature = {"document_sha256": draft.file_sha256, "credential": secret}
    costs["sign"] = cost_of(lambda: perform(case, "sign", people["qin"], signature))
    deliver_all()
    costs["read_ruling"] = cost_of(lambda: perform(case, "read", people["ann"]))
    costs["accept"] = cost_of(lambda: perform(case, "accept", people["ann"]))


def arbitrated(costs: dict[str, Cost], monkeypatch: pytest.MonkeyPatch) -> None:
    """From the appeal to the award of three; each kind of step is counted where it moves most."""
    drawn: dict[str, Cost] = {}

    def counted(number: str, action: str, *args: Any, **kwargs: Any) -> Any:
        result: list[Any] = []
        drawn[action] = cost_of(lambda: result.append(perform(number, action, *args, **kwargs)))
        return result[0]

    def step(name: str, login: str, action: str, data: Any = None, number: str = "") -> None:
        actor = acting(login)
        costs[name] = cost_of(lambda: perform(number or case, action, actor, data))

    paper = dispute(upto="issued")
    perform(paper, "read", acting("ann"))
    step("appeal", "ann", "appeal", APPEAL, paper)
    deliver_all()
    case = arbitration(paper)
    first, second, third = panel(case).values()
    step("score_blind", first, "score_blind", blind_scores(case))
    step("recuse", second, "recuse", {"category": "other", "text": "相识"})
    perform(case, "score_blind", acting(panel(case)["arbitrator_2"]), blind_scores(case))
    step("waive_challenge", "ann", "waive_challenge")
    perform(case, "waive_challenge", acting("ian"))
    step("reveal", third, "score_blind", blind_scores(case))
    voters = panel(case).values()
    for name, login in zip(("vote", "vote", "last_vote"), voters, strict=True):
        step(name, login, "vote", ballot(case))
    monkeypatch.setattr(papers, "perform", counted)
    deliver_all()
    for name, login in zip(("sign_award", "sign_award", "last_signature"), voters, strict=True):
        step(name, login, "sign", signature_of(case, login))
    deliver_all()
    costs |= {"attach_award": drawn["attach_draft"], "issue_award": drawn["issue"]}


def named(costs: dict[str, Cost]) -> None:
    """Nobody is left to be drawn: a director names somebody; then the agent withdraws."""
    case = arbitration()
    sitting = set(Party.objects.filter(case__number=case, until=None).values_list("person__no", flat=True))
    for no in {"M403", "M404", "M405", "M406", "M407", "L302", "L303", "T951"} - sitting:
        revoke_all(no, "arbitrator")
    deliver_all()
    perform(case, "recuse", acting(panel(case)["arbitrator_1"]), {"category": "other", "text": "相识"})
    director, agent = acting("fang"), acting("ann")
    data = {"person": "H503", "reasons": "无人可任"}
    costs["name_arbitrator"] = cost_of(lambda: perform(case, "name_arbitrator", director, data))
    costs["withdraw_appeal"] = cost_of(lambda: perform(case, "withdraw", agent))


@pytest.fixture(scope="module")
def costs(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Cost]]:
    """The story played twice with real commits: once to warm up what processes hold, once to count."""
    from casework.domain import now

    original, counted = str(connection.settings_dict["NAME"]), {}
    token = now._fixed.set(None)
    Time()
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as monkeypatch:
        copy = _copied(original)
        forget()
        try:
            for _ in range(2):
                counted.clear()
                story(counted, monkeypatch)
                arbitrated(counted, monkeypatch)
            named(counted)
        finally:
            connection.close()
            connection.settings_dict["NAME"] = original
            _drop(copy)
            forget()
            now._fixed.reset(token)
    print("\nstatements and commits a step on", connection.vendor)
    for name, cost in counted.items():
        print(f"  {name:16} {len(cost.statements):3} {cost.commits:3}")
    yield counted


@pytest.mark.parametrize("step", STEPS)
def test_step_when_counted_stays_within_its_statements(step: str, costs: dict[str, Cost], record_property):
    further, measured = STEPS[step]
    record_property("statements", len(costs[step].statements))
    most = 4 + 3 * further if POSTGRESQL else measured
    assert len(costs[step].statements) <= most, costs[step]


@pytest.mark.parametrize("step", STEPS)
def test_step_when_counted_commits_once(step: str, costs: dict[str, Cost]):
    """A new case's number is given away before, by itself, so that numbers never wait for one another."""
    assert costs[step].commits <= (2 if step in OPENING else 1), costs[step]


def test_family_when_read_takes_one_statement(db, time):
    number = dispute(upto="forwarded")
    assert len(cost_of(lambda: read_family(number)).statements) == 1


def test_step_when_refused_takes_no_write_of_the_case(db, time):
    number = evaluation()
    perform(number, "acknowledge", acting("ann"))
    actor = acting("ann")
    with pytest.raises(NotAllowedNow, match="unserved"):
        perform(number, "read", actor)
    spent = cost_of(lambda: pytest.raises(NotAllowedNow, perform, number, "read", actor))
    assert len(spent.statements) == 1


# Nothing grows: with what happened before, with what else there is


def _spent(number: str, login: str, action: str, data: Any = None) -> Counter[str]:
    actor = acting(login)
    texts = cost_of(lambda: perform(number, action, actor, data)).statements
    return Counter(re.sub(r"\s.*", "", text.strip()) for text in texts)


def test_step_when_thirty_events_went_before_costs_the_same(db, time):
    number = dispute(upto="forwarded")
    perform(number, "release", acting("qin"))
    first = [_spent(number, "qin", "claim"), _spent(number, "qin", "release")]
    for _ in range(15):
        perform(number, "claim", acting("qin"))
        perform(number, "release", acting("qin"))
    assert read_family(number).case(number).seq > 30
    assert [_spent(number, "qin", "claim"), _spent(number, "qin", "release")] == first


def test_step_when_fifty_other_cases_exist_costs_the_same(db, time):
    def played() -> list[Counter[str]]:
        number = evaluation(reader=None)
        steps = [_spent(number, "ann", "read")]
        case = open_case("disputes.ScoreDispute", acting("ann"), CLAIMS, subject=number).number
        steps += [_spent(case, "ian", "give_statement", STATEMENT), _spent(case, "lee", "forward")]
        return steps

    played()
    first = played()
    for _ in range(50):
        evaluation(reader=None)
    assert played() == first


def test_delivery_when_fifty_wait_takes_the_same_for_each(db, time):
    """One notice costs as much beside fifty others as alone."""
    evaluation()
    deliver_all()
    evaluation()
    alone = len(cost_of(deliver_due).statements)
    for _ in range(5):
        evaluation()
    waiting = Delivery.objects.count()
    assert len(cost_of(deliver_due).statements) <= waiting * alone
    assert directory._held and len(TEN) == 10
