"""Many hands on one arbitration at once: every blind score and vote counts, all is revealed once, one award is drawn
and bears every signature, and nobody decides while a challenge is open. Real commits, real threads."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections

from casework.domain import now
from casework.domain.errors import InvalidInput, NotAllowedNow, NotPermitted, OutOfScope, Refusal
from casework.domain.perform import Result, perform
from casework.domain.sweep import fire_due
from casework.models import Case, CaseEvent, Clock, Delivery, Document, Party
from tests.arbitration.conftest import login_of
from tests.conftest import Time, _copied, _drop, acting, forget
from tests.factories import (
    APPEAL,
    arbitration,
    ballot,
    blind_scores,
    credential,
    deliver_all,
    dispute,
    panel,
    signature_of,
)
from tests.laws import invariants
from tests.laws.hands import together
from tests.seen import case, clock, documents, events, parties, revoke_all, running, tasks
from tests.stories.test_documents import genuine

ARBITRATORS = ("M403", "M404", "M405", "M406", "M407", "L302", "L303", "T951")


@pytest.fixture(scope="module")
def begun(django_db_setup, django_db_blocker) -> Iterator[dict[str, str]]:
    """A database in which ann has read a ruling, and the award of another case awaits its three signatures: what is
    costly to draw is drawn once, and `real_db` copies from here."""
    with django_db_blocker.unblock():
        original = connection.settings_dict["NAME"]
        copy = _copied(str(original))
        forget()
        token = now._fixed.set(None)
        try:
            Time()
            numbers = {"paper": dispute(upto="issued"), "drafted": arbitration(upto="voted")}
            perform(numbers["paper"], "read", acting("ann"))
            deliver_all()
            for login in panel(numbers["drafted"]).values():
                credential(login)
            now._fixed.reset(token)
            yield numbers
        finally:
            connections.close_all()
            connection.settings_dict["NAME"] = original
            _drop(copy)


@pytest.fixture
def paper(begun, real_db, time) -> str:
    """ann's dispute, ruled and served."""
    return begun["paper"]


@pytest.fixture
def drafted(begun, real_db, time) -> str:
    """An arbitration whose award awaits its signatures."""
    return begun["drafted"]


def by(login: str, number: str, action: str, data: Any = None) -> Any:
    """A call for a thread of its own."""
    actor = acting(login)
    return lambda: perform(number, action, actor, data)


def done(results: list[Any], *kinds: type[Refusal]) -> int:
    """How many were done; every other one was refused, as one of these kinds."""
    for result in results:
        assert isinstance(result, (Result, *kinds)), result
    return sum(isinstance(result, Result) for result in results)


def count(number: str, action: str) -> int:
    return events(number).count(action)


def everybody(number: str, action: str) -> list[Any]:
    """That action by each who sits, with data of their own."""
    data = {"score_blind": lambda _: blind_scores(number), "vote": lambda _: ballot(number)}
    data["sign"] = lambda login: signature_of(number, login)
    return [by(login, number, action, data[action](login)) for login in panel(number).values()]


def waived(number: str) -> str:
    for party in ("ann", "ian"):
        perform(number, "waive_challenge", acting(party))
    return number


def reveals(number: str) -> int:
    """How many events made somebody see."""
    entries = CaseEvent.objects.filter(stream=f"case:{number}").values_list("entry", flat=True)
    return sum('"change":"saw"' in entry for entry in entries)


# Scores, votes, signatures


def test_score_by_three_at_once_counts_each_and_reveals_once(paper, time):
    number = waived(arbitration(paper))
    assert done(together(*everybody(number, "score_blind"))) == 3
    found = case(number)
    assert (found.state, set(found.scores)) == ("voting", set(panel(number)))
    assert (count(number, "score_blind"), reveals(number)) == (3, 1)
    assert not Party.objects.filter(case__number=number, blind=True).exists()
    assert running(number) == {"vote_1", "vote_2", "vote_3"} and clock(number, "vote_1").generation == 1
    invariants.check_all()


def test_score_by_each_three_times_at_once_counts_once_each(paper, time):
    number = waived(arbitration(paper))
    assert done(together(*everybody(number, "score_blind") * 3), NotAllowedNow) == 3
    assert (case(number).state, count(number, "score_blind"), reveals(number)) == ("voting", 3, 1)


def test_vote_by_three_at_once_makes_one_award(paper, time):
    number = arbitration(paper, upto="revealed")
    assert done(together(*everybody(number, "vote") * 2), NotAllowedNow) == 3
    assert (case(number).state, set(case(number).votes)) == ("signing", set(panel(number)))
    assert (count(number, "vote"), Delivery.objects.filter(kind="draft").count()) == (3, 1)
    deliver_all()
    assert documents(number) == [("award", "drafted")] and count(number, "attach_draft") == 1
    invariants.check_all()


def test_sign_by_three_at_once_keeps_every_signature(drafted, time):
    assert done(together(*everybody(drafted, "sign"))) == 3
    assert sorted(case(drafted).signed) == sorted(panel(drafted)) and case(drafted).state == "sealing"
    assert Delivery.objects.filter(kind="seal").count() == 1
    deliver_all()
    award = Document.objects.get(case__number=drafted)
    assert (award.state, count(drafted, "issue"), case(drafted).state) == ("issued", 1, "awarded")
    assert all(field["serial"] for field in award.fields) and len({f["serial"] for f in award.fields}) == 4
    genuine(award, settings.PKI_FOLDER)
    invariants.check_all()


def test_sign_as_the_time_for_it_closes_seals_once(drafted, time):
    """Two have signed; the third signs while the clock that would do without them fires."""
    *first, last = panel(drafted).values()
    for login in first:
        perform(drafted, "sign", acting(login), signature_of(drafted, login))
    time.to(clock(drafted, "sign").due_at, seconds=60)
    signing = by(last, drafted, "sign", signature_of(drafted, last))
    signed = done(together(signing, fire_due, fire_due)[:1], NotAllowedNow)
    assert (len(case(drafted).signed), count(drafted, "close_signing")) == (2 + signed, 1 - signed)
    assert Delivery.objects.filter(kind="seal").count() == 1
    deliver_all()
    award = Document.objects.get(case__number=drafted)
    assert (case(drafted).state, sum(bool(f.get("serial")) for f in award.fields)) == ("awarded", 3 + signed)
    assert not Clock.objects.exclude(problem="").exists()


# Challenges and replacement beside them


def test_challenge_as_the_last_submits_and_all_waive_never_reveals_beside_it(paper, time):
    number = arbitration(paper)
    *others, last = everybody(number, "score_blind")
    for score in others:
        score()
    perform(number, "waive_challenge", acting("ian"))
    against = {"against": dict(parties(number))["arbitrator_1"], "reasons": "亲属"}
    results = together(
        last, by("ann", number, "challenge", against), by("ann", number, "waive_challenge"),
        by("ann", number, "challenge", against),
    )  # fmt: skip
    assert isinstance(results[0], Result)
    done(results, NotAllowedNow)
    open_ones = [c for c in case(number).challenges if not c["result"]]
    assert count(number, "challenge") == len(open_ones) <= 1
    assert (case(number).state == "voting") == (not open_ones and "agent" in case(number).waived)
    invariants.check_all()


def test_challenge_in_time_as_its_time_closes_is_heard_or_too_late(paper, time):
    """Everybody has submitted; a challenge received in the last second meets the clock that reveals."""
    number = arbitration(paper, upto="scored")
    ends = clock(number, "challenge").due_at
    against = {"against": dict(parties(number))["arbitrator_1"], "reasons": "亲属"}
    time.to(ends, seconds=-1)
    in_time = by("ann", number, "challenge", against)
    time.to(ends, seconds=60)
    heard = done(together(in_time, fire_due, fire_due)[:1], NotAllowedNow)
    assert len(case(number).challenges) == heard
    assert (case(number).state == "scoring") == bool(heard)
    assert not Clock.objects.exclude(problem="").exists()
    invariants.check_all()


def test_uphold_and_reject_at_once_leaves_one_result(paper, time):
    number = arbitration(paper)
    no = dict(parties(number))["arbitrator_1"]
    against = {"against": no, "reasons": "亲属"}
    perform(number, "challenge", acting("ann"), against)
    ruler = login_of(dict(parties(number))["challenge_ruler"])
    calls = [by(ruler, number, action, against) for action in ("uphold_challenge", "reject_challenge")]
    assert done(together(*calls * 2), InvalidInput, NotPermitted, OutOfScope) == 1
    result = case(number).challenges[0]["result"]
    assert (dict(parties(number))["arbitrator_1"] == no) == (result == "rejected")
    assert "rule_on_challenge" not in {node for node, _ in tasks(number)}
    invariants.check_all()


def test_score_as_the_challenge_of_its_author_is_upheld_is_void(paper, time):
    number = arbitration(paper)
    no, out = dict(parties(number))["arbitrator_1"], panel(number)["arbitrator_1"]
    against = {"against": no, "reasons": "亲属"}
    perform(number, "challenge", acting("ann"), against)
    ruler = login_of(dict(parties(number))["challenge_ruler"])
    results = together(
        by(out, number, "score_blind", blind_scores(number)), by(ruler, number, "uphold_challenge", against)
    )
    assert isinstance(results[1], Result) and isinstance(results[0], (Result, OutOfScope)), results
    assert case(number).scores == {} and dict(parties(number))["arbitrator_1"] != no
    invariants.check_all()


def test_score_as_its_limit_runs_out_counts_or_is_replaced(paper, time):
    number = arbitration(paper)
    login = panel(number)["arbitrator_1"]
    time.to(clock(number, "score_1").due_at, seconds=60)
    results = together(by(login, number, "score_blind", blind_scores(number)), fire_due, fire_due)
    scored = done(results[:1], OutOfScope)
    assert (panel(number)["arbitrator_1"] == login) == bool(scored)
    assert ("arbitrator_1" in case(number).scores) == bool(scored)
    assert len(panel(number)) == 3 and not Clock.objects.exclude(problem="").exists()
    invariants.check_all()


def test_recuse_as_the_same_person_votes_is_one_of_the_two(paper, time):
    number = arbitration(paper, upto="revealed")
    login = panel(number)["arbitrator_1"]
    calls = [by(login, number, "vote", ballot(number)), by(login, number, "recuse", {"category": "interest"})]
    assert done(together(*calls), NotAllowedNow, OutOfScope) == 1
    assert (panel(number)["arbitrator_1"] == login) == ("arbitrator_1" in case(number).votes)
    assert set(case(number).votes) <= {"arbitrator_1"}
    invariants.check_all()


# Naming, appealing, withdrawing


def test_name_by_two_directors_at_once_seats_one(paper, time):
    number = arbitration(paper)
    sitting = {no for role, no in parties(number) if role != "arbitrator_1"}
    for no in set(ARBITRATORS) - sitting:
        revoke_all(no, "arbitrator")
    perform(number, "recuse", acting(panel(number)["arbitrator_1"]), {"category": "kinship"})
    calls = [
        by(f, number, "name_arbitrator", {"person": n, "reasons": "请任"})
        for f, n in (("fang", "H502"), ("fei", "H503"))
    ]
    assert done(together(*calls * 2), NotAllowedNow) == 1
    seated = Party.objects.filter(case__number=number, role="arbitrator_1", until=None, named=True)
    assert seated.count() == 1 and count(number, "name_arbitrator") == 1
    assert "appointer" not in dict(parties(number)) and "seating" not in running(number)
    invariants.check_all()


def test_appeal_and_accept_at_once_open_one_arbitration_or_none(paper, time):
    calls = [by("ann", paper, "appeal", APPEAL)] * 3 + [by("ann", paper, "accept")]
    assert done(together(*calls), NotAllowedNow) == 1
    opened = Case.objects.filter(subject__number=paper).count()
    assert (case(paper).state, opened) in (("appealed", 1), ("final", 0))
    invariants.check_all()


def test_withdraw_as_the_last_votes_ends_in_one_of_the_two(paper, time):
    number = arbitration(paper, upto="revealed")
    *others, last = everybody(number, "vote")
    for vote in others:
        vote()
    withdrawn = by("ann", number, "withdraw")
    assert done(together(last, withdrawn), NotAllowedNow, OutOfScope, NotPermitted) == 1
    assert (case(number).state, len(case(number).votes)) in (("signing", 3), ("withdrawn", 2))
    assert (case(case(number).subject.number).state == "final") == (case(number).state == "withdrawn")
    invariants.check_all()
