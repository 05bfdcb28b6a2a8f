"""Many hands on the same families at once: nobody waits for ever, nothing is done twice, nobody decides beside
another. Real commits, real threads."""

import contextvars
import random
import threading
import time as clock
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from casework.domain.errors import NotAllowedNow, NotPermitted, Refusal, Stale
from casework.domain.now import now
from casework.domain.perform import Result, open_case, perform
from casework.domain.sweep import fire_due
from casework.models import CaseEvent, Clock, ClockWarning, Delivery, Document, Party
from tests.conftest import acting
from tests.factories import (
    CLAIMS,
    RULING,
    STATEMENT,
    arbitration,
    ballot,
    blind_scores,
    credential,
    deliver_all,
    dispute,
    evaluation,
    panel,
    recording,
)
from tests.laws import invariants
from tests.laws.hands import together

SECONDS, MOST, ENOUGH = 4, 30, 12  # on a busy machine longer, until something was done


def only_refused(results: list[Any], *kinds: type[Exception]) -> list[Result]:
    """Those that were done; every other one was refused, as one of these kinds."""
    done = [result for result in results if isinstance(result, Result)]
    for other in results:
        if other not in done:
            assert isinstance(other, kinds), other
    return done


def chen_in_review() -> str:
    """A dispute that two QA leads are free to review, its seat empty."""
    number = evaluation(agent="A1003", inspector="Q201", reader="chen")
    recording(number)
    case = dispute(number, agent="chen")
    perform(case, "give_statement", acting("ivy"), STATEMENT)
    perform(case, "forward", acting("liang"))
    deliver_all()
    seated = Party.objects.get(case__number=case, role="reviewer", until=None).person.no
    login = {"M401": "qin", "M402": "qiu", "Q202": "ian2"}[seated]
    perform(case, "release", acting(login))
    return case


def events(number: str, action: str) -> int:
    return CaseEvent.objects.filter(stream=f"case:{number}", action=action).count()


# Two deciders at one instant


def test_claim_when_three_reach_for_it_at_once_is_one_persons(real_db, time):
    case = chen_in_review()
    results = together(*(lambda login=login: perform(case, "claim", acting(login)) for login in ("qin", "qiu", "ian2")))
    assert len(only_refused(results, NotAllowedNow, NotPermitted)) == 1
    assert events(case, "claim") == 1
    assert Party.objects.filter(case__number=case, role="reviewer", until=None).count() == 1
    invariants.check_all()


def test_rule_when_the_reviewer_sends_it_eight_times_is_done_once(real_db, time):
    case = chen_in_review()
    perform(case, "claim", acting("qin"))
    results = together(*[lambda: perform(case, "rule", acting("qin"), RULING)] * 8)
    assert len(only_refused(results, NotAllowedNow)) == 1
    assert events(case, "rule") == 1
    invariants.check_all()


def test_rule_when_others_claim_release_and_rule_at_once_has_one_ruling(real_db, time):
    case = chen_in_review()
    perform(case, "claim", acting("qin"))
    results = together(
        lambda: perform(case, "rule", acting("qin"), RULING), lambda: perform(case, "rule", acting("qiu"), RULING),
        lambda: perform(case, "rule", acting("ian2"), RULING), lambda: perform(case, "release", acting("qin")),
        lambda: perform(case, "claim", acting("qiu")),
    )  # fmt: skip
    only_refused(results, NotAllowedNow, NotPermitted)
    assert events(case, "rule") <= 1
    invariants.check_all()


def test_rule_when_the_version_seen_is_old_is_stale_for_all_but_one(real_db, time):
    case = chen_in_review()
    version = perform(case, "claim", acting("qin")).version
    results = together(*[lambda: perform(case, "rule", acting("qin"), RULING, version=version)] * 4)
    assert len(only_refused(results, Stale, NotAllowedNow)) == 1


def test_sign_when_sent_twice_at_once_is_done_once(real_db, time):
    case = dispute(upto="ruled")
    deliver_all()
    data = {"document_sha256": Document.objects.get(case__number=case).file_sha256, "credential": credential("qin")}
    results = together(*[lambda: perform(case, "sign", acting("qin"), data)] * 3)
    assert len(only_refused(results, NotAllowedNow)) == 1
    deliver_all()
    assert (events(case, "sign"), events(case, "issue")) == (1, 1)
    invariants.check_all()


def test_file_when_sent_six_times_at_once_opens_one_dispute(real_db, time):
    number = evaluation()
    results = together(*[lambda: open_case("disputes.ScoreDispute", acting("ann"), CLAIMS, subject=number)] * 6)
    assert len(only_refused(results, NotAllowedNow)) == 1
    invariants.check_all()


# Keys


def test_key_when_the_same_comes_six_times_at_once_leaves_one_event(real_db, time):
    number = evaluation()
    results = together(*[lambda: perform(number, "acknowledge", acting("ann"), key="once")] * 6)
    done = only_refused(results)
    assert len(done) == 6 and sum(not r.repeated for r in done) == 1
    assert {r.entry["id"] for r in done} == {done[0].entry["id"]} and events(number, "acknowledge") == 1


def test_key_when_each_is_another_leaves_one_winner(real_db, time):
    number = dispute()
    results = together(*(lambda key=key: perform(number, "forward", acting("lee"), key=f"k{key}") for key in range(6)))
    done = only_refused(results, NotAllowedNow, NotPermitted)
    assert len(done) == 1 and events(number, "forward") == 1


def test_key_when_an_opening_is_sent_six_times_at_once_opens_one_case(real_db, time):
    number = evaluation()
    results = together(
        *[lambda: open_case("disputes.ScoreDispute", acting("ann"), CLAIMS, subject=number, key="once")] * 6
    )
    done = only_refused(results)
    assert len({r.number for r in done}) == 1 and sum(not r.repeated for r in done) == 1


# Everybody


def test_families_when_ten_threads_sweep_act_correct_file_and_arbitrate_stay_whole(real_db, time):
    """Sweepers, parties, correctors, filers and a panel for a few seconds: no deadlock, and every command either has
    its event or was refused in words. A step of the panel may move three cases of the family."""
    before_panel = arbitration(upto="scored")
    roots = [
        evaluation(),
        evaluation(agent="A1003", inspector="Q201", reader="chen"),
        evaluation(deductions={"QC1": "2"}),
    ]
    until, done, strange = clock.monotonic() + SECONDS, [], []
    lock = threading.Lock()

    def work(seed: int, choose: Callable[[random.Random], tuple[Callable[[], Any], str]]) -> None:
        dice = random.Random(seed)
        while clock.monotonic() < until or (len(done) <= ENOUGH and clock.monotonic() < until + MOST):
            call, action = choose(dice)
            key = f"{seed}-{dice.random()}"
            try:
                result = call() if not action else call(key)
            except Refusal:
                continue
            except Exception as error:  # what the test is about
                with lock:
                    strange.append(repr(error))
                return
            if action:
                with lock:
                    done.append((result.number, action, result.entry["id"]))
        connections.close_all()

    def cases(dice: random.Random) -> str:
        root = dice.choice(roots)
        known = list(
            CaseEvent.objects.filter(stream__startswith="case:DSP")
            .values_list("stream", flat=True)
            .distinct()
            .order_by()
        )
        return dice.choice([root, *(stream.removeprefix("case:") for stream in known)])

    def acting_on(*moves: tuple[str, str, Any]) -> Callable[[random.Random], tuple[Callable[..., Any], str]]:
        def choose(dice: random.Random) -> tuple[Callable[..., Any], str]:
            login, action, data = dice.choice(moves)
            number = cases(dice)
            return lambda key: perform(number, action, acting(login), data, key=key), action

        return choose

    def filing(dice: random.Random) -> tuple[Callable[..., Any], str]:
        root = dice.choice(roots)
        login = dice.choice(["ann", "chen"])
        return lambda key: open_case("disputes.ScoreDispute", acting(login), CLAIMS, subject=root, key=key), "file"

    def arbitrating(dice: random.Random) -> tuple[Callable[..., Any], str]:
        sitting = list(panel(before_panel).values())
        action = dice.choice(["score_blind", "vote", "vote", "recuse"])
        data = {"score_blind": blind_scores, "vote": ballot, "recuse": lambda _: {"category": "other", "text": "相识"}}
        login = dice.choice(sitting) if sitting else "abe"
        return lambda key: perform(before_panel, action, acting(login), data[action](before_panel), key=key), action

    def disputing(dice: random.Random) -> tuple[Callable[..., Any], str]:
        """The parties of the arbitration, and whoever may rule on their challenge."""
        seated = Party.objects.filter(case__number=before_panel, role__startswith="arbitrator_", until=None)
        against = {"against": dice.choice([*seated.values_list("person__no", flat=True), "M403"]), "reasons": "相识"}
        login, action, data = dice.choice(
            [
                ("ann", "challenge", against), ("ian", "challenge", against), ("ann", "waive_challenge", None),
                ("ian", "waive_challenge", None), ("qin", "uphold_challenge", against),
                ("qiu", "uphold_challenge", against), ("qiu", "reject_challenge", against),
                ("abe", "reject_challenge", against),
            ]
        )  # fmt: skip
        return lambda key: perform(before_panel, action, acting(login), data, key=key), action

    ahead = timedelta(0)

    def sweeping(dice: random.Random) -> tuple[Callable[..., Any], str]:
        nonlocal ahead
        ahead += timedelta(minutes=dice.choice([10, 30, 90]))
        moment = now() + ahead

        def sweep() -> int:
            from casework.domain.now import at

            with at(moment):
                return fire_due()

        return sweep, ""

    correction = {"changes": [{"criterion": "QC4", "value": "10", "reasons": "复核有误"}]}
    agents = acting_on(
        ("ann", "question", {"text": "？"}), ("ann", "acknowledge", None), ("ann", "withdraw", None),
        ("chen", "withdraw", None),
        ("chen", "question", {"text": "？"}), ("ann", "add_criteria", CLAIMS),
    )  # fmt: skip
    reviewers = acting_on(
        ("qin", "claim", None), ("qin", "release", None), ("qiu", "claim", None), ("qiu", "release", None),
        ("ian2", "claim", None),
        ("lee", "forward", None), ("liang", "forward", None), ("lee", "return_to_agent", {"reasons": "请补充"}),
    )  # fmt: skip
    correctors = acting_on(
        ("ian", "propose_correction", correction), ("ivy", "propose_correction", correction),
        ("ian", "answer", {"text": "。"}),
        ("qin", "approve_correction", None), ("qiu", "refuse_correction", {"reasons": "不成立"}),
        ("ivy", "answer", {"text": "。"}),
        ("ian", "give_statement", STATEMENT), ("ivy", "give_statement", STATEMENT),
    )  # fmt: skip
    hands = [sweeping, sweeping, agents, agents, reviewers, correctors, correctors, filing, arbitrating, disputing]
    threads = [
        threading.Thread(target=contextvars.copy_context().run, args=(work, seed, hand), daemon=True)
        for seed, hand in enumerate(hands)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS + 2 * MOST)
    assert not any(thread.is_alive() for thread in threads), "somebody still waits"
    assert strange == []
    assert len(done) > ENOUGH
    for number, action, pk in done:
        assert CaseEvent.objects.filter(pk=pk, stream=f"case:{number}", action=action).exists()
    invariants.check_all()
    assert not Clock.objects.exclude(problem="").exists(), list(
        Clock.objects.exclude(problem="").values_list("problem")
    )


@pytest.mark.parametrize("sweepers", [2, 5])
def test_sweep_when_several_run_at_once_fires_each_clock_once(sweepers: int, real_db, time):
    disputes = [dispute() for _ in range(4)]
    time.to(Clock.objects.filter(name="screen").order_by("-due_at").first().due_at, seconds=60)
    fired = together(*[fire_due] * sweepers)
    assert all(isinstance(count, int) for count in fired), fired
    told = ClockWarning.objects.filter(done_at=now(), clock__state="running").count()
    assert told and Delivery.objects.filter(dedup__startswith="warning:").count() == told
    assert sum(fired) == 8 + told  # screening bypassed and silence recorded, once a dispute
    for number in disputes:
        assert (events(number, "bypass"), events(number, "record_silence")) == (1, 1)
    assert fire_due() == 0
    assert not Clock.objects.exclude(problem="").exists()
    invariants.check_all()
